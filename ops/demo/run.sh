#!/usr/bin/env bash
# Starts the demo upstream and Hub over it, prints where to look, and stops both at Ctrl-C. What they keep stays, so that the
# next start goes on from there.
set -euo pipefail
hub=$1
demo=$2
address=${HUB_ADDRESS:-http://127.0.0.1:8320}

# PostgreSQL never runs as root; its own user must be able to enter the folder.
data=${HUB_DEMO_DATA:-$PWD/data}
if [ "$(id -u)" -eq 0 ] && [ -z "${HUB_DEMO_DATA:-}" ]; then
    mkdir -p "$data"
    if ! setpriv --reuid postgres --clear-groups test -x "$data" 2>/dev/null; then
        data=/var/tmp/hub-demo-$(printf %s "$PWD" | cksum | cut -d' ' -f1)
        # The README's commands name data/demo.
        [ -e data/demo ] && [ ! -L data/demo ] || ln -sfn "$data/demo" data/demo
    fi
fi
mkdir -p "$data/demo" "$data/hub"

# Two at once would share one demo database, and the first to end would take it from the other.
exec 9>"$data/lock"
if ! flock --nonblock 9; then
    echo "Another 'make run' works in ${data#"$PWD"/}: stop it first, or name another folder: HUB_DEMO_DATA=/var/tmp/hub-2 make run" >&2
    exit 3
fi
if "$hub" status --set "address=$address" >/dev/null 2>&1; then
    echo "A Hub runs at $address already: stop it first, or choose another address: HUB_ADDRESS=http://127.0.0.1:8321 make run" >&2
    exit 3
fi

demo_pid='' hub_pid='' output=$(mktemp)
finish() {
    trap - EXIT INT TERM
    for pid in $hub_pid $demo_pid; do kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
    rm -f "$output"
}
trap finish EXIT
trap 'exit 0' INT TERM

echo "Starting the demo upstream in ${data#"$PWD"/}/demo …"
"$demo" up --data "$data/demo" --scale "${HUB_DEMO_SCALE:-20000}" --rate "${HUB_DEMO_RATE:-5}" >"$output" 9>&- &
demo_pid=$!
until grep -q '^HUB_FINANCE_CONNECTION=' "$output"; do
    if ! kill -0 "$demo_pid" 2>/dev/null; then
        wait "$demo_pid" || exit $?
        exit 1
    fi
    sleep 0.2
done
HUB_FINANCE_CONNECTION=$(sed -n 's/^HUB_FINANCE_CONNECTION=//p' "$output")
export HUB_FINANCE_CONNECTION
# For commands in another terminal, such as doctor.
(umask 077 && rm -f "$data/demo/connection" && printf '%s\n' "$HUB_FINANCE_CONNECTION" >"$data/demo/connection")

"$hub" run --set "data=$data/hub" --set "address=$address" &
hub_pid=$!

# Ready means: the first full read of every source is complete and searchable. One that cannot be read, as its line above
# says, does not hold back the others.
status='' unread=''
ready() {
    status=$("$hub" status --set "address=$address" --json 2>/dev/null) || return 1
    # A line a source; what stands before "asOf" may hold anything, also the braces of a position.
    unread=$(sed 's/"source": *"/\n&/g' <<<"$status" | grep -E '^"source".*"asOf": ?null' || true)
    ! grep -Evq '^$|"state": ?"(stopped|retrying)"' <<<"$unread"
}
until ready; do
    if ! kill -0 "$hub_pid" 2>/dev/null; then
        wait "$hub_pid" || exit $?
        exit 1
    fi
    sleep 0.5
done
elsewhere=''
[ "$address" = http://127.0.0.1:8320 ] || elsewhere=" --set address=$address"
cat <<TEXT

  Hub is ready.  Search page: $address/     API and how to try it: $address/docs

  Three searches to try, two in another terminal and one in a browser:
    $hub search 道路养护$elsewhere
    $hub search 智慧校园 --subject finance.indicator --filter fiscalYear=2025 --sort -amount$elsewhere
    $address/api/v1/search?q=社区卫生&subject=finance.paymentDetail&payAmount.gte=100000&facet=agencyCode

${unread:+  Not every source can be read: $hub status$elsewhere says why.

}  The demo commits changes all the time; press Ctrl-C to stop everything. The next start goes on from there (${data#"$PWD"/}).

TEXT
# When either ends by itself, it has said why, and the other is of no use alone.
wait -n "$hub_pid" "$demo_pid"
