#!/usr/bin/env bash
# A Redis server of one's own, on loopback, with all its data in one directory.
#   private-redis.sh start DIR    starts it (makes DIR when absent) and prints its address
#   private-redis.sh stop DIR     ends it by its process id; DIR stays
# A second start in the same DIR keeps port and password; it keeps no keys, for nothing may rely on
# what Redis remembers. Run as root, the server runs as an unprivileged user; that user must be
# able to reach DIR. On Debian the program is in the package `redis-server`.
set -euo pipefail

PORT_FIRST=20000
PORT_COUNT=10000
PORT_TRIES=20
# In tenths of a second.
WAIT_MAX=100

die() {
    printf 'private-redis: %s\n' "$*" >&2
    exit 1
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

pid() {
    local pid
    pid=$(cat "$dir/pid" 2>/dev/null) || return 1
    # A process that ended and was not yet waited for has a name, but no directory any more.
    [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$dir" ] &&
        printf '%s\n' "$pid"
}

# The password travels in a file: arguments of a process are public.
configure() { # PORT
    cat >"$dir/redis.conf" <<CONF
bind 127.0.0.1
port $1
unixsocket ""
requirepass $(cat "$dir/password")
dir "$dir"
pidfile "$dir/pid"
logfile "$dir/log"
daemonize yes
save ""
appendonly no
maxmemory-policy noeviction
CONF
}

answers() {
    REDISCLI_AUTH=$(cat "$dir/password") timeout 1 redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null |
        grep -qx PONG
}

# 0 when the server answers on the port under its own password.
serve() { # PORT
    configure "$1"
    as_server redis-server "$dir/redis.conf" >/dev/null 2>&1 </dev/null || return 1
    local _
    for _ in $(seq "$WAIT_MAX"); do
        if pid >/dev/null && answers "$1"; then return 0; fi
        sleep 0.1
    done
    return 1
}

start() {
    command -v redis-server >/dev/null || die "no redis-server found (Debian: package redis-server)"
    mkdir -p "$dir"
    chmod 700 "$dir"
    [ -s "$dir/password" ] ||
        (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
    (umask 077 && touch "$dir/redis.conf")
    [ "$(id -u)" -ne 0 ] || chown "$server_user" "$dir" "$dir/password" "$dir/redis.conf"
    as_server test -w "$dir" || die "$server_user cannot reach $dir: give a directory above it x"
    if ! pid >/dev/null; then
        rm -f "$dir/pid"
        local port try
        for try in $(seq "$PORT_TRIES"); do
            port=$(cat "$dir/port" 2>/dev/null || random_port)
            serve "$port" && break
            [ "$try" -lt "$PORT_TRIES" ] || die "not started: $(tail -n 3 "$dir/log")"
        done
        printf '%s\n' "$port" >"$dir/port"
    fi
    printf 'redis://:%s@127.0.0.1:%s/\n' "$(cat "$dir/password")" "$(cat "$dir/port")"
}

stop() {
    local pid _
    pid=$(pid) || return 0
    kill "$pid"
    for _ in $(seq "$WAIT_MAX"); do
        pid >/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid"
}

[ $# -eq 2 ] || die "usage: $0 start DIR | stop DIR"
dir=$(realpath -m "$2")
server_user=redis
id "$server_user" >/dev/null 2>&1 || server_user=nobody
cd /
case "$1" in
start) start ;;
stop) stop ;;
*) die "usage: $0 start DIR | stop DIR" ;;
esac
