#!/bin/sh
# SPDX-License-Identifier: ISC
#
# compare.sh : gives the same work to chatd and to each peer that is installed (InspIRCd, ngIRCd, NATS, Redis; over
# WebSocket NATS, Mosquitto, Node.js), one server at a time, in turn over several rounds; then prints one table of
# medians, and draws a chart.
#
#   CHATD=BUILDDIR contrib/bench/compare.sh [-tW] [-r ROUNDS] [-s SECONDS] [-w WORKLOADS] [-p "PEER..."] [-b DIR]
#                                              [-q TIMES] [-o DIR]
#
#   -t            over TLS, with a certificate that is made for the run
#   -W            over WebSocket; with -t, within TLS
#   -r ROUNDS     how often each server does each workload (5)
#   -s SECONDS    measured time of one run (10)
#   -w WORKLOADS  letters (ABCD); E is for chatd and IRC servers, I for chatd; FGHsS, d and g for D and G with chatd's default limits, and 2 for F2, G2 and G3
#                 (who reads slowly in a flood, or not at all), are for chatd alone;
#                 T, with -t, is for chatd and nginx
#   -p PEERS      which peers, of: chatd-irc inspircd ngircd nats redis nginx, with -W: chatd-irc nats mosquitto node
#                 (all that are installed); "" for none. chatd-irc is chatd with IRC clients, in the same bytes as those
#                 of the IRC servers. node is contrib/bench/broadcast.js, and needs the npm package ws (NODE_PATH)
#   -b DIR        also the chatd built in DIR, as `before`: an older build, to see what a change costs
#   -q TIMES      how often a run is repeated if other processes took more than a tenth of a core meanwhile (0)
#   -o DIR        where results.csv, table.md, chart.svg and raw/ are written (./bench-results)
#
# CHATD is the directory in which chatd was built (.), after `make bench`. CHATLOAD names another load generator.
# Everything runs on loopback; each server is started for one run, in a directory of its own, and ended by its
# process id, also if this script is interrupted.

set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${CHATD:-.}" && pwd)
chatload=${CHATLOAD:-$build/tests/bench/chatload}
rounds=5
seconds=10
workloads=ABCD
peers=
has_peers=
tls=
ws=
again=0
before=
out=bench-results

say() {
    echo "compare.sh: $*" >&2
}
fail() {
    say "$*"
    exit 1
}
have() {
    command -v "$1" >/dev/null 2>&1
}
usage() {
    sed -n '3,/^$/s/^#\{1,\} \{0,1\}//p' "$0" >&2
    exit 2
}

while getopts tWr:s:w:p:b:q:o:h option; do
    case $option in
    t) tls=--tls ;;
    W) ws=--ws ;;
    r) rounds=$OPTARG ;;
    s) seconds=$OPTARG ;;
    w) workloads=$OPTARG ;;
    p) peers=$OPTARG has_peers=yes ;;
    b) before=$OPTARG ;;
    q) again=$OPTARG ;;
    o) out=$OPTARG ;;
    *) usage ;;
    esac
done
[ $OPTIND -gt $# ] || usage
case $rounds$seconds$again in
*[!0-9]*) usage ;;
esac
case $workloads in
*[!A-I2STdgs]*) usage ;;
*T*) [ -n "$tls" ] || usage ;;
esac

if [ -z "$has_peers" ]; then
    peers='chatd-irc inspircd ngircd nats redis nginx'
    [ -z "$ws" ] || peers='chatd-irc nats mosquitto node'
fi

# Daemons are in directories that are not in an ordinary user's PATH.
PATH=$PATH:/usr/sbin:/usr/local/sbin
export PATH
[ -x "$build/chatd" ] || fail "no chatd in $build; say where it was built: CHATD=DIR $0"
[ -z "$before" ] || [ -x "$before/chatd" ] || fail "no chatd in $before (-b)"
[ -x "$chatload" ] || fail "$chatload is missing; build it: make bench"
[ -z "$tls" ] || have openssl || fail "openssl is missing, which makes the certificate of -t (Debian: openssl)"

# --- the servers --------------------------------------------------------------------------------
# For each: a program, a protocol, a version, and how it is started in the foreground in $home on $port.

program_of() {
    case $1 in
    chatd | chatd-irc) echo "$build/chatd" ;;
    before) echo "$before/chatd" ;;
    nats) echo nats-server ;;
    redis) echo redis-server ;;
    *) echo "$1" ;;
    esac
}
protocol_of() { # SERVER WORKLOAD
    case $2,$1 in
    T,*) echo none ;;
    *,chatd | *,before | *,node) echo chat ;;
    *,chatd-irc | *,inspircd | *,ngircd) echo irc ;;
    *,mosquitto) echo mqtt ;;
    *) echo "$1" ;;
    esac
}
version_of() {
    case $1 in
    chatd | chatd-irc | before) "$(program_of "$1")" -V ;;
    inspircd) inspircd --version ;;
    ngircd) ngircd --version | sed -n '1s/-.*//p' ;;
    mosquitto) mosquitto -h | sed -n 1p ;;
    nats) nats-server --version ;;
    node) echo "Node.js $(node --version), ws $(node -p 'require("ws/package.json").version')" ;;
    nginx) nginx -v 2>&1 | sed 's/.*: //' ;;
    redis) redis-server --version | sed 's/ sha=.*//' ;;
    esac
}
# ngIRCd sometimes does not notice what clients send if all of them connect at once.
patience_of() {
    case $1 in
    ngircd) echo '--at-once 20' ;;
    esac
}

fill() { # FILE : the configuration of this directory, filled in, with the lines for TLS or for none
    wanted=@CLEAR@ other=@TLS@
    [ -z "$tls" ] || wanted=@TLS@ other=@CLEAR@
    sed -e "/^$other/d" -e "s/^$wanted//" -e "s|@PORT@|$port|g" -e "s|@DIR@|$home|g" \
        -e "s|@CERT@|$tmp/cert.pem|g" -e "s|@KEY@|$tmp/key.pem|g" "$here/$1" >"$home/$1"
}
start() { # SERVER WORKLOAD : becomes the server
    case $1 in
    chatd | chatd-irc | before)
        conf=$home/chatd.conf
        case $2 in
        d | g) echo 'clients = { max = 1200; };' >"$conf" ;;
        *) cp "$here/chatd.conf" "$conf" ;;
        esac
        more=
        [ "$1" != chatd-irc ] || more='protocol = "irc";'
        [ -z "$ws" ] || more='protocol = "http";'
        [ -z "$tls" ] || more="$more tls = true;"
        set -- "$(program_of "$1")" -c "$conf" -d "$home"
        [ -n "$more" ] || exec "$@" -p "$port"
        cat >>"$conf" <<END
listeners = ( { address = "127.0.0.1"; port = $port; $more } );
END
        [ -z "$tls" ] || cat >>"$conf" <<END
tls = { certificates = ( { certificate = "$tmp/cert.pem"; key = "$tmp/key.pem"; } ); };
END
        exec "$@"
        ;;
    inspircd)
        fill inspircd.conf
        echo benchmark >"$home/motd"
        as_root=
        [ "$(id -u)" -ne 0 ] || as_root=--runasroot
        exec inspircd --nofork $as_root --config "$home/inspircd.conf"
        ;;
    ngircd)
        fill ngircd.conf
        exec ngircd -n -f "$home/ngircd.conf"
        ;;
    mosquitto)
        fill mosquitto.conf
        exec mosquitto -c "$home/mosquitto.conf"
        ;;
    nats)
        fill "nats${ws:+-ws}.conf"
        exec nats-server -c "$home/nats${ws:+-ws}.conf"
        ;;
    node)
        exec node "$here/broadcast.js" "$port" ${tls:+"$tmp/cert.pem" "$tmp/key.pem"}
        ;;
    nginx)
        fill nginx.conf
        exec nginx -e stderr -p "$home" -c "$home/nginx.conf"
        ;;
    redis)
        fill redis.conf
        exec redis-server "$home/redis.conf"
        ;;
    esac
}

# --- the workloads ------------------------------------------------------------------------------

options_of() { # WORKLOAD
    case $1 in
    A) echo "--clients 100 --senders 1 --window 64" ;;
    B) echo "--clients 100 --senders 50 --window 64" ;;
    C) echo "--clients 100 --senders 50 --rate 500" ;;
    D | d) echo "--clients 1000 --rooms 100 --rate 1000" ;;
    E) echo "--clients 10000 --rooms 100 --rate 200 --hello --login-timeout 600" ;;
    F) echo "--clients 100 --senders 1 --burst 100000" ;;
    F2) echo "--clients 10 --senders 1 --burst 8000 --length 900 --paced 2000,500,100" ;;
    G2) echo "--clients 100 --senders 1 --window 64 --warmup 0 --stopped 1 --stopped-kib 16" ;;
    G3) echo "--clients 100 --senders 1 --window 64 --warmup 0 --stopped 50" ;;
    G | g) echo "--clients 1000 --rooms 100 --rate 1000 --stopped 100 --loud 1000" ;;
    H10) echo "--clients 10 --rate 5000" ;;
    H100) echo "--clients 100 --senders 50 --rate 500" ;;
    H1000) echo "--clients 1000 --senders 50 --rate 50" ;;
    H5000) echo "--clients 5000 --senders 50 --rate 10" ;;
    I) echo "--clients 5000 --rooms 100 --rate 20 --hello" ;;
    S) echo "--clients 1000 --rooms 100 --rate 100 --storm" ;;
    s) echo "--clients 100 --senders 50 --rate 100" ;;
    T) echo "--clients 5000 --at-once 50" ;;
    esac
}
title_of() { # WORKLOAD
    case $1 in
    A) echo "A: 100 clients, 1 room, 1 sender, 64 in flight" ;;
    B) echo "B: 100 clients, 1 room, 50 senders, 64 in flight in all" ;;
    C) echo "C: 100 clients, 1 room, 50 senders, 500 texts/s in all" ;;
    D) echo "D: 1,000 clients, 100 rooms, all talk, 1,000 texts/s in all" ;;
    d) echo "D with chatd's default limits" ;;
    E) echo "E: 10,000 clients, 100 rooms, all talk, 200 texts/s in all" ;;
    F) echo "F: a burst of 100,000 texts to 100 members" ;;
    F2) echo "F2: a flood of 8,000 texts of 900 bytes, readers at 2,000, 500 and 100 KiB/s" ;;
    G2) echo "G2: A, and one who reads 16 KiB/s" ;;
    G3) echo "G3: A, and 50 who stop reading" ;;
    G) echo "G: D, and 100 who stop reading in a loud room" ;;
    g) echo "G with chatd's default limits" ;;
    H*) echo "H: ${1#H} members in one room, 50,000 deliveries/s" ;;
    I) echo "I: 5,000 clients, each has said one line, 20 texts/s in all" ;;
    S) echo "S: 1,000 clients log in at once" ;;
    s) echo "s: 100 clients, 100 texts/s, and after 2 s S beside them" ;;
    T) echo "T: 5,000 handshakes alone, 50 at once" ;;
    esac
}
duration_of() { # WORKLOAD
    case $1 in
    F) echo 60 ;;
    F2) echo 120 ;;
    *) echo "$seconds" ;;
    esac
}
takes_part() { # SERVER WORKLOAD
    case $1,$2 in
    chatd,* | before,* | nginx,T | chatd-irc,[EI] | inspircd,E | ngircd,E) return 0 ;;
    nginx,* | *,[!ABCD]*) return 1 ;;
    esac
}

work=
for letter in A B C D d E F G g 2 H I S s T; do
    case $workloads in
    *$letter*)
        if [ $letter = H ]; then
            work="$work H10 H100 H1000 H5000"
        elif [ $letter = 2 ]; then
            work="$work F2 G2 G3"
        else
            work="$work $letter"
        fi
        ;;
    esac
done

# --- running ------------------------------------------------------------------------------------

server_pid=
load_pid=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/chatd-bench.XXXXXX")
chmod 755 "$tmp"

is_alive() { # PID : it runs, and is not just waiting to be reaped
    case $(sed -n 's/^State:[[:blank:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) in
    '' | Z) return 1 ;;
    esac
}
end() { # PID
    [ -n "$1" ] || return 0
    kill "$1" 2>/dev/null || :
    tries=100
    while is_alive "$1"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || kill -KILL "$1" 2>/dev/null || :
        sleep 0.1
    done
    wait "$1" 2>/dev/null || :
}
clean_up() {
    end "$load_pid"
    load_pid=
    end "$server_pid"
    server_pid=
    rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

if [ -n "$tls" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=bench.local \
        -keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>"$tmp/log" || fail "openssl: $(tail -n 1 "$tmp/log")"
fi

listens() {
    hex=$(printf ':%04X' "$port")
    awk -v at="$hex" '$4 == "0A" && substr($2, length($2) - 4) == at { found = 1 } END { exit !found }' \
        /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
start_server() { # SERVER WORKLOAD : on a free port, also if several of these scripts run
    home=$tmp/$1
    port=$((20000 + $$ % 1000 * 10))
    while listens; do
        port=$((port + 1))
    done
    rm -rf "$home"
    mkdir "$home"
    chmod 755 "$home"
    start "$1" "$2" >"$home/log" 2>&1 </dev/null &
    server_pid=$!
    tries=100
    until listens; do
        tries=$((tries - 1))
        if [ $tries -eq 0 ] || ! is_alive "$server_pid"; then
            tail -n 5 "$home/log" >&2
            fail "$1 does not start on port $port"
        fi
        sleep 0.1
    done
    sleep 0.5 # until it has created what it creates in advance
    is_alive "$server_pid" || fail "$1 has ended: $(tail -n 1 "$home/log")"
}
counter() { # NAME : of chatd
    awk -v name="$1" '$1 == name { print $2 }' "$status" 2>/dev/null
}
value() { # KEY : of the last result
    sed -n "s/^  \"$1\": \(.*[^,]\),\{0,1\}\$/\1/p" "$json"
}

columns='deliveries_per_s cpu_us_per_delivery latency_p50_ms latency_p90_ms latency_p99_ms latency_p99_9_ms
    latency_max_ms said_per_s switches_per_delivery server_cores kib_per_client peak_kib_per_client threads login_s
    generator_busy generator_waited others_cores entered lost doubled disordered damaged other_orders closed
    stopped_closed dips_s longest_dip_s complete well handshakes_per_s login_cpu_us_per_client login_generator_busy'

# In life the clients of both are on other machines. So the generator that measures goes first, if this user may ask
# for that, and the computing of those who log in gives way.
storm() {
    renice -n -10 -p "$load_pid" >/dev/null 2>&1 || :
    sleep 2
    # The options are words.
    # shellcheck disable=SC2046
    nice -n 10 "$chatload" --protocol chat --port "$port" $tls $ws $(options_of S) --first 1000 --duration 1 \
        >"$home/storm" || :
    cat "$home/storm" >>"$home/log"
}
load() { # ROUND WORKLOAD SERVER : one run on a fresh server
    start_server "$3" "$2"
    # The options are words.
    # shellcheck disable=SC2046
    "$chatload" --json --protocol "$(protocol_of "$3" "$2")" --port "$port" --pid "$server_pid" $tls $ws \
        $(options_of "$2") $(patience_of "$3") --duration "$(duration_of "$2")" >"$json" &
    load_pid=$!
    [ "$2" != s ] || storm
    wait "$load_pid" || :
    load_pid=
    if [ "${3%-irc}" = chatd ]; then
        "$build/chatctl" -s "$home/admin.sock" status >"$status" 2>/dev/null || :
    fi
    cp "$home/log" "$out/raw/$2-$3-$1.log"
    end "$server_pid"
    server_pid=
}
is_disturbed() {
    value others_cores | awk '{ exit !($1 > 0.1) }'
}
run() { # ROUND WORKLOAD SERVER
    json=$out/raw/$2-$3-$1.json
    status=$out/raw/$2-$3-$1.status
    load "$@"
    left=$again
    while [ "$left" -gt 0 ] && is_disturbed; do
        left=$((left - 1))
        say "round $1, $2, $3: others took $(value others_cores) cores; repeating"
        load "$@"
    done
    row="$1,$2,$3"
    for column in $columns; do
        row="$row,$(value "$column")"
    done
    echo "$row,$(counter deliveries),$(counter writes),$(counter closed_slow)" >>"$out/results.csv"
    case $2 in
    S | T) figures="$(value entered) in $(value login_s) s, $(value login_cpu_us_per_client) µs each" ;;
    *)
        figures="$(value deliveries_per_s) deliveries/s, $(value cpu_us_per_delivery) µs"
        figures="$figures, p99 $(value latency_p99_ms) ms"
        ;;
    esac
    say "round $1 of $rounds, $2, $3: $figures, well: $(value well)"
}

servers="chatd${before:+ before}"
for peer in $peers; do
    case $peer in
    chatd-irc | nats) ;;
    inspircd | ngircd | redis) [ -z "$ws" ] || usage ;;
    mosquitto | node) [ -n "$ws" ] || usage ;;
    nginx)
        case $workloads in
        *T*) ;;
        *) continue ;;
        esac
        ;;
    *) usage ;;
    esac
    if [ "$peer" = node ] && have node && ! node -e 'require("ws")' 2>/dev/null; then
        say "node has no package ws (npm install ws; NODE_PATH names its node_modules): skipped"
    elif have "$(program_of "$peer")"; then
        servers="$servers $peer"
    else
        say "$peer is not installed: skipped"
    fi
done

mkdir -p "$out/raw"
out=$(cd "$out" && pwd)
{
    printf 'round,workload,server'
    for column in $columns; do
        printf ',%s' "$column"
    done
    echo ',chatd_deliveries,chatd_writes,chatd_closed_slow'
} >"$out/results.csv"

round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    for w in $work; do
        for server in $servers; do
            if takes_part "$server" "$w"; then
                run $round "$w" "$server"
            fi
        done
    done
done

# --- results ------------------------------------------------------------------------------------

{
    echo "$(date -u +%Y-%m-%d), $(uname -sr), $(getconf _NPROCESSORS_ONLN) cores" \
        "($(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -n 1));" \
        "medians of $rounds rounds of $seconds s${tls:+, over TLS}${ws:+, over WebSocket}."
    for server in $servers; do
        printf '%s: %s. ' "$server" "$(version_of "$server" | head -n 1)"
    done
    printf '\n\n'
    titles=
    for w in $work; do
        titles="$titles$w=$(title_of "$w")|"
    done
    awk -v titles="$titles" -f "$here/table.awk" "$out/results.csv"
} >"$out/table.md"
awk -v over="${tls:+, over TLS}${ws:+, over WebSocket}" -f "$here/chart.awk" "$out/results.csv" >"$out/chart.svg"
cat "$out/table.md"
say "written: $out/table.md, chart.svg, results.csv, raw/"
