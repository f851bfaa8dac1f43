# What tests/run and benches/run share: finding, installing, starting and ending what they need. It is sourced.
#
# Whoever sources it sets `program` (its own name, for messages), may set `node=yes`, and may change `pg_settings`.
# shellcheck shell=bash
# shellcheck disable=SC2034

dir=''
guardian=''
child=''
pg_bin=''
redis_server=''
server_user=''
section=''
began=0
node=''
passed='All passed'
# Databases that nobody needs after a crash.
pg_settings='-c fsync=off -c synchronous_commit=off -c full_page_writes=off'

# ---- telling

ended() {
    [ -z "$section" ] || printf -- '-- %s: %d s\n' "$section" $((SECONDS - began))
    section=''
}
heading() {
    ended
    section=$1
    began=$SECONDS
    printf '\n== %s\n' "$section"
}
say() { printf '   %s\n' "$*"; }
die() {
    printf '\n%s: %s\n' "$program" "$*" >&2
    exit 1
}

# ---- finding

have() { command -v "$1" >/dev/null 2>&1; }

major() { "$@" --version 2>/dev/null | sed -n '1s/^[^0-9]*\([0-9]\{1,\}\).*/\1/p'; }

find_postgres() {
    local on_path candidate version best=0
    on_path=$(command -v postgres || true)
    if [ -n "$on_path" ]; then
        # A lone link on PATH points to the folder that holds the rest.
        on_path=$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")
    fi
    pg_bin=''
    for candidate in "$on_path" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* \
        /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        if ! [ -x "$candidate/postgres" ] || ! [ -x "$candidate/initdb" ] || ! [ -x "$candidate/pg_ctl" ]; then continue; fi
        version=$(major "$candidate/postgres")
        if [ "${version:-0}" -ge 14 ] && [ "$version" -gt "$best" ]; then
            best=$version
            pg_bin=$candidate
        fi
    done
    [ -n "$pg_bin" ]
}

find_redis() {
    redis_server=$(command -v redis-server || command -v valkey-server || true)
    [ -n "$redis_server" ]
}

find_node() {
    local version
    version=$(major node)
    [ "${version:-0}" -ge 18 ]
}

# ---- installing

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -t 0 ] && [ -z "${CI:-}" ]; then
        sudo "$@"
    else
        # Nobody is there to type a password.
        sudo -n "$@"
    fi
}

apt_install() {
    # The packages would start a cluster and a Redis of their own on the usual ports; say no for as long as we install.
    local placed=() file rc=0
    file=/etc/postgresql-common/createcluster.conf
    if [ ! -e "$file" ]; then
        as_root mkdir -p "${file%/*}"
        echo 'create_main_cluster = false' | as_root tee "$file" >/dev/null && placed+=("$file")
    fi
    file=/usr/sbin/policy-rc.d
    if [ ! -e "$file" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$file" >/dev/null && as_root chmod 755 "$file" && placed+=("$file")
    fi
    as_root apt-get update -qq || say 'apt-get update failed; trying with the package lists that are there'
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" || rc=$?
    [ "${#placed[@]}" = 0 ] || as_root rm -f "${placed[@]}"
    return "$rc"
}

# Asks the system's package manager for what is missing; a failure is judged afterwards, by what can be found.
install_missing() {
    local pg redis nodes=(nodejs npm) manager packages=() log
    if have apt-get; then
        manager=apt_install pg=postgresql redis=redis-server
    elif have dnf; then
        manager='as_root dnf install -y -q' pg=postgresql-server redis=redis
    elif have apk; then
        manager='as_root apk add -q' pg=postgresql redis=redis
    elif have brew; then
        manager='brew install -q' pg=postgresql@17 redis=redis nodes=(node)
    else
        say 'no apt-get, dnf, apk or brew here'
        return
    fi
    find_postgres || packages+=("$pg")
    find_redis || packages+=("$redis")
    if [ -z "$node" ]; then :; elif ! find_node; then packages+=("${nodes[@]}"); elif ! have npm; then packages+=("${nodes[$((${#nodes[@]} - 1))]}"); fi
    if [ "$manager" != 'brew install -q' ] && [ "$(id -u)" != 0 ] && ! have sudo; then
        say 'not root, and there is no sudo'
        return
    fi
    say "installing ${packages[*]}"
    log=$dir/install.log
    # One by one when they do not go together, so that one unknown name does not cost the others.
    if ! $manager "${packages[@]}" >"$log" 2>&1; then
        local package
        for package in "${packages[@]}"; do
            $manager "$package" >"$log" 2>&1 || { say "could not install $package:"; tail -n 5 "$log"; }
        done
    fi
    hash -r
}

# ---- servers

# PostgreSQL refuses to run as root.
as_server() {
    if [ -z "$server_user" ]; then
        "$@"
    elif have setpriv && setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --clear-groups true 2>/dev/null; then
        setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --clear-groups "$@"
    elif have runuser; then
        runuser -u "$server_user" -- "$@"
    else
        # shellcheck disable=SC2016
        su -s /bin/sh "$server_user" -c 'exec "$0" "$@"' -- "$@"
    fi
}

open_dir() {
    local base
    if [ "$(id -u)" = 0 ]; then
        server_user=postgres
        id postgres >/dev/null 2>&1 || server_user=nobody
    fi
    for base in "${TMPDIR:-/tmp}" /tmp; do
        # A socket's path has about 100 bytes to live in.
        [ "${#base}" -le 60 ] || continue
        dir=$(mktemp -d "${base%/}/hub-test.XXXXXX") || continue
        if [ -n "$server_user" ]; then chown "$server_user" "$dir"; fi
        (cd / && as_server test -w "$dir") && return
        rm -rf "$dir"
        dir=''
    done
    die "neither TMPDIR nor /tmp is a folder that ${server_user:-this user} may write to"
}

# Below the range that the system hands out by itself: the tests ask for port 0 and must not be given this one.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

start_postgres() {
    local port try
    # The superuser's database files belong to nobody else: loopback and a throwaway folder are the whole of its world.
    (cd "$dir" && as_server "$pg_bin/initdb" -D "$dir/pg" -U hub -A trust -E UTF8 --no-locale --no-sync) >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; die 'initdb failed'; }
    for try in 1 2 3 4 5; do
        port=$(free_port)
        if (cd "$dir" && as_server "$pg_bin/pg_ctl" -D "$dir/pg" -w -t 60 -l "$dir/pg.log" -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories='$dir' -c max_connections=300 \
            -c shared_buffers=128MB $pg_settings" start) >/dev/null 2>&1; then
            export HUB_TEST_DATABASE_URL=postgres://hub@127.0.0.1:$port/postgres
            say "PostgreSQL $("$pg_bin/postgres" --version | sed 's/^[^0-9]*//;s/ .*//') on port $port"
            return
        fi
        # Another port helps only where the port was the trouble.
        grep -q 'could not create any TCP/IP sockets' "$dir/pg.log" 2>/dev/null || break
    done
    tail -n 20 "$dir/pg.log" >&2 || true
    die "PostgreSQL did not start (tries: $try)"
}

start_redis() {
    local port try wait
    for try in 1 2 3 4 5; do
        port=$(free_port)
        rm -f "$dir/redis.log"
        (cd "$dir" && as_server "$redis_server" --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir" \
            --daemonize yes --pidfile "$dir/redis.pid" --logfile "$dir/redis.log") >/dev/null 2>&1 || continue
        # Its own log, not the port: somebody else may answer there.
        for wait in {1..100}; do
            if grep -q 'eady to accept connections' "$dir/redis.log" 2>/dev/null; then
                export HUB_TEST_REDIS_URL=redis://127.0.0.1:$port
                say "Redis $("$redis_server" --version | sed -n 's/.*v=\([0-9.]*\).*/\1/p') on port $port"
                return
            fi
            if [ "$wait" -gt 5 ] && grep -qi 'failed listening\|could not create server' "$dir/redis.log" 2>/dev/null; then break; fi
            sleep 0.1
        done
        stop_redis
    done
    tail -n 20 "$dir/redis.log" >&2 || true
    die "Redis did not start (tries: $try)"
}

# It keeps nothing, so there is nothing for it to put in order.
stop_redis() {
    local pid
    if pid=$(cat "$dir/redis.pid" 2>/dev/null) && [ -n "$pid" ]; then
        kill -KILL "$pid" 2>/dev/null || true
        rm -f "$dir/redis.pid"
    fi
}

stop_servers() {
    local pid
    stop_redis
    if pid=$(head -n 1 "$dir/pg/postmaster.pid" 2>/dev/null) && [ -n "$pid" ]; then
        (cd / && as_server "$pg_bin/pg_ctl" -D "$dir/pg" -m immediate -w -t 10 stop) >/dev/null 2>&1 || kill -KILL "$pid" 2>/dev/null || true
    fi
    rm -rf "$dir"
}

# ---- running and ending

# A shell runs its traps only between commands, so long ones wait in a group of their own, where a signal can reach all of them.
run() {
    local rc=0
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    echo "$child" >"$dir/child"
    wait "$child" || rc=$?
    child=''
    rm -f "$dir/child"
    return "$rc"
}

cleanup() {
    local rc=$?
    trap - EXIT
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        local wait
        for wait in {1..50}; do
            kill -0 -- "-$child" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL -- "-$child" 2>/dev/null || true
    fi
    [ -z "$dir" ] || stop_servers
    [ -z "$guardian" ] || kill -KILL -- "-$guardian" 2>/dev/null || true
    ended
    if [ "$rc" = 0 ]; then printf '\n%s in %d s.\n' "$passed" "$SECONDS"; else printf '\nFAILED (%d) after %d s.\n' "$rc" "$SECONDS" >&2; fi
    exit "$rc"
}

# Should this shell be killed outright, no trap runs: somebody else has to sweep.
start_guardian() {
    set -m
    (
        trap - EXIT
        trap '' INT TERM HUP
        while kill -0 "$$" 2>/dev/null; do sleep 1; done
        [ ! -s "$dir/child" ] || kill -KILL -- "-$(cat "$dir/child")"
        stop_servers
    ) </dev/null >/dev/null 2>&1 &
    guardian=$!
    disown "$guardian"
    set +m
}

# ---- together

# Whatever ends it, nothing stays behind.
sweep_at_end() {
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

missing() {
    find_postgres || { [ -n "${HUB_TEST_DATABASE_URL:-}" ] && [ "$1" = need ]; } || echo '    PostgreSQL 14 or newer, the server'
    find_redis || { [ -n "${HUB_TEST_REDIS_URL:-}" ] && [ "$1" = need ]; } || echo '    redis-server'
    [ -n "$node" ] || return 0
    find_node || echo '    Node 18 or newer'
    have npm || echo '    npm'
}

find_tools() {
    local lacking
    heading 'Tools'
    open_dir
    if [ -n "$(missing want)" ]; then
        install_missing
        lacking=$(missing need)
        if [ -n "$lacking" ]; then
            die "could not find or install what is needed; please install, and put on PATH:
$lacking"
        fi
    fi
    if find_postgres; then export HUB_TEST_PG_BIN=$pg_bin; else say 'no PostgreSQL server here: tests that start their own will fail'; fi
    if find_redis; then export HUB_TEST_REDIS_SERVER=$redis_server; else say 'no redis-server here: tests that start their own will fail'; fi
}

start_servers() {
    heading 'Servers'
    start_guardian
    if [ -n "${HUB_TEST_DATABASE_URL:-}" ]; then say 'PostgreSQL: HUB_TEST_DATABASE_URL'; else start_postgres; fi
    if [ -n "${HUB_TEST_REDIS_URL:-}" ]; then say 'Redis: HUB_TEST_REDIS_URL'; else start_redis; fi
    export HUB_TEST_DATABASE_URL HUB_TEST_REDIS_URL
    # Load tests hold thousands of sockets in one process.
    ulimit -S -n 65536 2>/dev/null || ulimit -S -n "$(ulimit -H -n)" 2>/dev/null || true
}
