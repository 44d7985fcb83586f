#!/usr/bin/env bash
# Starts a PostgreSQL server for the tests, in a directory of its own, as a user without privileges, and names it in
# STEADFLOW_TEST_POSTGRES; and a PgBouncer in front of it, which is named in STEADFLOW_TEST_PGBOUNCER. Both end when the process
# that runs the tests does. What is stored is not worth a sync.
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
pooler=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || {
    echo "These tests need PgBouncer (Debian: pgbouncer)." >&2
    exit 1
}

# Both refuse to run as root.
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

# Each database has fewer connections than the processes of a test that use it, and they are given up soon: there are many databases.
cat >pgbouncer.ini <<CONFIG
[databases]
* = host=$directory user=steadflow
[pgbouncer]
pool_mode = transaction
default_pool_size = 4
max_client_conn = 1000
server_idle_timeout = 1
listen_addr =
listen_port = 6432
unix_socket_dir = $directory
auth_type = any
logfile = $directory/pgbouncer.log
pidfile = $directory/pgbouncer.pid
CONFIG
"${as[@]}" "$pooler" --daemon --quiet pgbouncer.ini

# Waits for the end of the tests, and takes everything away.
setsid bash -c "
    while kill -0 $runner 2>/dev/null; do sleep 1; done
    kill \$(cat '$directory/pgbouncer.pid')
    ${as[*]} '$bin/pg_ctl' --pgdata='$directory/data' --mode=immediate --silent stop
    rm -rf '$directory'
" </dev/null >/dev/null 2>&1 &

host=$(printf %s "$directory" | sed 's|/|%2F|g')
{
    echo "STEADFLOW_TEST_POSTGRES=postgres://steadflow@/postgres?host=$host"
    echo "STEADFLOW_TEST_PGBOUNCER=postgres://steadflow@/postgres?host=$host&port=6432"
} >>"$NEXTEST_ENV"
