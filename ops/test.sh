#!/usr/bin/env bash
# Runs every test, or those that further arguments choose, and ends with one line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

output=$(mktemp)
trap 'rm -f "$output"' EXIT
configuration=$1
shift
dotnet "tests/Hub.Tests/bin/$configuration/net10.0/Hub.Tests.dll" -noColor -noLogo -longRunning 180 "$@" 2>&1 | tee "$output"
status=${PIPESTATUS[0]}

summary=$(grep -E '^ +Hub\.Tests +Total: ' "$output" | tail -n 1)
if [ -z "$summary" ]; then
    echo "The tests did not run to their end." >&2
    [ "$status" -ne 0 ] || status=1
    exit "$status"
fi
count() { sed -E "s/.*$1: ([0-9]+).*/\1/" <<<"$summary"; }
failed=$(($(count Failed) + $(count Errors)))
passed=$(($(count Total) - $(count Failed) - $(count Skipped) - $(count 'Not Run')))
echo "$passed passed, $failed failed, $(count Skipped) skipped"
exit "$status"
