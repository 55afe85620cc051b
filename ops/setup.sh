#!/usr/bin/env bash
# Sees to it that this machine has what building, testing and the demo need: the .NET SDK (asked for) and PostgreSQL's server
# binaries (installed through apt; no server is started by that).
set -euo pipefail

if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "Hub needs the .NET SDK 10: install the package dotnet-sdk-10.0, as https://learn.microsoft.com/dotnet/core/install/linux describes." >&2
    exit 3
fi

shopt -s nullglob
binaries=(/usr/lib/postgresql/*/bin/postgres)
if [ -n "${HUB_POSTGRES_BIN:-}" ] || [ ${#binaries[@]} -gt 0 ] || { command -v pg_config >/dev/null && [ -x "$(pg_config --bindir)/postgres" ]; }; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "Hub's demo and tests need PostgreSQL's server binaries: install PostgreSQL 14 or newer, or name their folder in HUB_POSTGRES_BIN." >&2
    exit 3
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Hub's demo and tests need PostgreSQL's server binaries: as root, run  apt-get install postgresql" >&2
        exit 3
    fi
    as_root=(sudo)
fi

echo "Installing PostgreSQL's server binaries through apt …" >&2
# The package would start a server of its own; Hub only needs the binaries.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf >/dev/null
fi
install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold postgresql)
"${as_root[@]}" "${install[@]}" >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -qq >/dev/null && "${as_root[@]}" "${install[@]}" >/dev/null; }
