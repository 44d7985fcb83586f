#!/usr/bin/env bash
# Starts a PostgreSQL server for the tests, in a directory of its own, as a user without privileges, and names it in
# STEADFLOW_TEST_POSTGRES. It ends when the process that runs the tests does. What it stores is not worth a sync.
set -euo pipefail

bin=$(dirname "$(command -v postgres || ls -d /usr/lib/postgresql/*/bin/postgres /usr/local/pgsql/bin/postgres 2>/dev/null | sort -V | tail -1)")
if [ ! -x "$bin/initdb" ] || [ ! -x "$bin/postgres" ]; then
    # A wrapper, or nothing: Debian has the programs below its own directory.
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
fi
if [ ! -x "$bin/initdb" ]; then
    echo "These tests need PostgreSQL 15 or newer (Debian: postgresql)." >&2
    exit 1
fi

# PostgreSQL refuses to run as root.
as=()
[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

runner=$PPID
directory=$(mktemp -d "${TMPDIR:-/tmp}/steadflow-postgres-XXXXXX")
[ ${#as[@]} -eq 0 ] || chown nobody:nogroup "$directory"
cd "$directory"
"${as[@]}" "$bin/initdb" --pgdata=data --username=steadflow --auth=trust --encoding=UTF8 --locale=C --no-sync >initdb.log
cat >>data/postgresql.conf <<CONFIG
listen_addresses = ''
unix_socket_directories = '$directory'
max_connections = 400
fsync = off
full_page_writes = off
shared_buffers = 64MB
CONFIG
"${as[@]}" "$bin/pg_ctl" --pgdata=data --log=server.log --wait --silent start

# Waits for the end of the tests, and takes everything away.
setsid bash -c "
    while kill -0 $runner 2>/dev/null; do sleep 1; done
    ${as[*]} '$bin/pg_ctl' --pgdata='$directory/data' --mode=immediate --silent stop
    rm -rf '$directory'
" </dev/null >/dev/null 2>&1 &

echo "STEADFLOW_TEST_POSTGRES=postgres://steadflow@/postgres?host=$(printf %s "$directory" | sed 's|/|%2F|g')" >>"$NEXTEST_ENV"
