#!/usr/bin/env bash
# A PostgreSQL server of one's own, on loopback, with all its data in one directory.
#   private-postgres.sh start DIR [--no-fsync]   starts it (makes DIR and the cluster when absent)
#                                                and prints its address
#   private-postgres.sh stop DIR                 ends it by its process id; DIR stays
# A second start in the same DIR keeps data, port and password. --no-fsync is for tests: it loses
# data with the machine's power, not with the server's process.
# Run as root, the server runs as an unprivileged user; that user must be able to reach DIR.
# On Debian the programs are in the package `postgresql`; no cluster of the system is used.
set -euo pipefail

PORT_FIRST=20000
PORT_COUNT=10000
PORT_TRIES=20
START_SECONDS_MAX=60
# In tenths of a second.
STOP_WAITS_MAX=300
CONNECTIONS_MAX=200

die() {
    printf 'private-postgres: %s\n' "$*" >&2
    exit 1
}

programs() {
    local dir
    dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$dir/initdb" ] || dir=$(pg_config --bindir 2>/dev/null || true)
    [ -x "$dir/initdb" ] || die "no PostgreSQL server programs found (Debian: package postgresql)"
    printf '%s\n' "$dir"
}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups -- "$@"
    else
        "$@"
    fi
}

random_port() {
    printf '%s\n' $((PORT_FIRST + $(od -An -N4 -tu4 /dev/urandom) % PORT_COUNT))
}

cluster() {
    (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
    [ "$(id -u)" -ne 0 ] || chown "$server_user" "$dir/password"
    as_server "$bin/initdb" --pgdata "$dir/data" --username nsk --pwfile "$dir/password" \
        --auth scram-sha-256 --encoding UTF8 --locale C --no-sync >"$dir/initdb.log" 2>&1 ||
        die "no cluster made: $(tail -n 1 "$dir/initdb.log")"
}

serve() { # PORT
    as_server "$bin/pg_ctl" start --silent --wait --timeout "$START_SECONDS_MAX" \
        --pgdata "$dir/data" --log "$dir/log" \
        --options "-p $1 -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
            -c max_connections=$CONNECTIONS_MAX -c fsync=$fsync -c full_page_writes=$fsync" \
        >/dev/null 2>&1 </dev/null
}

start() {
    mkdir -p "$dir"
    chmod 700 "$dir"
    [ "$(id -u)" -ne 0 ] || chown "$server_user" "$dir"
    as_server test -w "$dir" || die "$server_user cannot reach $dir: give a directory above it x"
    [ -s "$dir/data/PG_VERSION" ] || cluster
    local port try
    if ! accepting; then
        for try in $(seq "$PORT_TRIES"); do
            port=$(cat "$dir/port" 2>/dev/null || random_port)
            # What a killed server left would name a process that is gone, or is another's by now.
            running || rm -f "$dir/data/postmaster.pid"
            serve "$port" && break
            # Another program has the port, or the processes of a killed server have not gone yet.
            # Whoever has the address already keeps it; a first start takes another.
            [ "$try" -lt "$PORT_TRIES" ] || die "not started: $(tail -n 3 "$dir/log")"
            sleep 0.2
        done
        printf '%s\n' "$port" >"$dir/port"
    fi
    printf 'postgres://nsk:%s@127.0.0.1:%s/postgres\n' "$(cat "$dir/password")" "$(cat "$dir/port")"
}

# Every process of the server works in its data directory. A process that ended and was not yet
# waited for has no directory any more, so that this tells the living from the dead.
running() { # [PID]
    local cwd
    for cwd in /proc/${1:-[0-9]*}/cwd; do
        [ "$(readlink "$cwd" 2>/dev/null)" != "$dir/data" ] || return 0
    done
    return 1
}

# Whether the first of them lives, without whom the others end.
accepting() {
    local pid
    pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null) && [ -n "$pid" ] && running "$pid"
}

stop() {
    running || return 0
    kill -INT "$(head -n 1 "$dir/data/postmaster.pid")"
    local _
    for _ in $(seq "$STOP_WAITS_MAX"); do
        running || return 0
        sleep 0.1
    done
    die "did not stop: $(tail -n 3 "$dir/log")"
}

[ $# -ge 2 ] || die "usage: $0 start DIR [--no-fsync] | stop DIR"
dir=$(realpath -m "$2")
bin=$(programs)
server_user=postgres
id "$server_user" >/dev/null 2>&1 || server_user=nobody
fsync=on
[ "${3:-}" != --no-fsync ] || fsync=off
# A process that left the caller's directory behind needs none that it cannot enter.
cd /
case "$1" in
start) start ;;
stop) stop ;;
*) die "usage: $0 start DIR [--no-fsync] | stop DIR" ;;
esac
