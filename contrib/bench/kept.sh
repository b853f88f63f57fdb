#!/bin/sh
# SPDX-License-Identifier: ISC
#
# kept.sh : measures what keeping the history costs, and how fast messages are found. chatd alone, in turn over several
# rounds: rows A, C and D of compare.sh with history kept and not kept; row D on a large database, without and with
# queries; and how long such a database takes to open. Prints medians.
#
#   CHATD=BUILDDIR contrib/bench/kept.sh [-r ROUNDS] [-s SECONDS] [-n MESSAGES] [-a QUERIES] [-w ROWS] [-q TIMES]
#       [-o DIR]
#
#   -r ROUNDS     how often each row is run (5)
#   -s SECONDS    measured time of one run (8)
#   -n MESSAGES   in the database (5000000); tests/bench/fill makes it, and it stays in DIR for the next time
#   -a QUERIES    per second, HISTORY and SEARCH in turn (20)
#   -w ROWS       of: A C D (not kept, kept), Q (D on the database, without and with queries) (ACDQ)
#   -q TIMES      how often a run is repeated if other processes took more than a fifth of a core meanwhile (0)
#   -o DIR        where the database and results.csv are written (./bench-kept)
#
# CHATD is the directory in which chatd was built (.), after `make bench`. Compare only figures of one run.

set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${CHATD:-.}" && pwd)
rounds=5
seconds=8
messages=5000000
questions=20
rows=ACDQ
again=0
out=bench-kept

fail() {
    echo "kept.sh: $*" >&2
    exit 1
}
usage() {
    sed -n '3,/^$/s/^#\{1,\} \{0,1\}//p' "$0" >&2
    exit 2
}
while getopts r:s:n:a:w:q:o:h option; do
    case $option in
    r) rounds=$OPTARG ;;
    s) seconds=$OPTARG ;;
    n) messages=$OPTARG ;;
    a) questions=$OPTARG ;;
    w) rows=$OPTARG ;;
    q) again=$OPTARG ;;
    o) out=$OPTARG ;;
    *) usage ;;
    esac
done
[ $OPTIND -gt $# ] || usage
case $rounds$seconds$messages$questions$again in
*[!0-9]*) usage ;;
esac
case $rows in
*[!ACDQ]*) usage ;;
esac
[ -x "$build/chatd" ] || fail "no chatd in $build; say where it was built: CHATD=DIR $0"
[ -x "$build/tests/bench/fill" ] || fail "$build/tests/bench/fill is missing; build it: make bench"

server_pid=
load_pid=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/chatd-kept.XXXXXX")
end() { # PID
    [ -z "$1" ] || kill "$1" 2>/dev/null || :
    [ -z "$1" ] || wait "$1" 2>/dev/null || :
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

mkdir -p "$out"
out=$(cd "$out" && pwd)
now_ms() {
    date +%s%N | sed 's/......$//'
}
value() { # KEY : of the last result
    sed -n "s/^  \"$1\": \(.*[^,]\),\{0,1\}\$/\1/p" "$tmp/json"
}

# In the configuration of the comparison nothing is kept; in this one the history is.
sed 's/keep = false/keep = true/' "$here/chatd.conf" >"$tmp/kept.conf"
port=$((20000 + $$ % 1000 * 10))

columns='deliveries_per_s cpu_us_per_delivery latency_p50_ms latency_p99_ms history_p50_ms history_p99_ms search_p50_ms
    search_p99_ms answers_not_whole unasked others_cores well'

load() { # CONF DIR OPTION... : one run on a fresh chatd
    conf=$1
    dir=$2
    shift 2
    from=$(now_ms)
    "$build/chatd" -p $port -c "$conf" -d "$dir" >"$tmp/log" 2>&1 &
    server_pid=$!
    until grep -q '^Waiting' "$tmp/log"; do
        kill -0 "$server_pid" 2>/dev/null || fail "chatd has ended: $(tail -n 1 "$tmp/log")"
        sleep 0.01
    done
    opened=$(($(now_ms) - from))
    sleep 0.7 # until it has created what it creates in advance
    "$build/tests/bench/chatload" --json --port $port --pid "$server_pid" --duration "$seconds" "$@" >"$tmp/json" &
    load_pid=$!
    wait "$load_pid" || :
    load_pid=
    end "$server_pid"
    server_pid=
}
is_disturbed() {
    value others_cores | awk '{ exit !($1 > 0.2) }'
}
run() { # NAME CONF DIR OPTION...
    name=$1
    shift
    load "$@"
    left=$again
    while [ "$left" -gt 0 ] && is_disturbed; do
        left=$((left - 1))
        load "$@"
    done
    row="$name,$opened"
    for column in $columns; do
        row="$row,$(value "$column")"
    done
    echo "$row" >>"$out/results.csv"
    echo "kept.sh: round $round, $name: $(value cpu_us_per_delivery) µs, p99 $(value latency_p99_ms) ms," \
        "others $(value others_cores)" >&2
}
both() { # ROW OPTION... : not kept, kept
    row_name=$1
    shift
    mkdir "$tmp/off" "$tmp/on"
    run "$row_name not kept" "$here/chatd.conf" "$tmp/off" "$@"
    run "$row_name kept" "$tmp/kept.conf" "$tmp/on" "$@"
    rm -rf "$tmp/off" "$tmp/on"
}
wants() { # LETTER
    case $rows in
    *$1*) return 0 ;;
    esac
    return 1
}

big=$out/state-$messages
if wants Q && [ ! -d "$big" ]; then
    "$build/tests/bench/fill" "$tmp/big" "$messages" >&2
    mv "$tmp/big" "$big"
fi
{
    printf 'row,open_ms'
    for column in $columns; do
        printf ',%s' "$column"
    done
    echo
} >"$out/results.csv"

round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    ! wants A || both A --clients 100 --senders 1 --window 64
    ! wants C || both C --clients 100 --senders 50 --rate 500
    ! wants D || both D --clients 1000 --rooms 100 --rate 1000
    if wants Q; then
        run 'D full' "$tmp/kept.conf" "$big" --clients 1000 --rooms 100 --rate 1000
        run 'D full asked' "$tmp/kept.conf" "$big" --clients 1000 --rooms 100 --rate 1000 --ask "$questions"
    fi
done

# Medians, column by column.
cut -d, -f1 "$out/results.csv" | sed 1d | sort -u | while read -r name; do
    line="| $name |"
    for field in 2 3 4 5 6 7 8 9 10; do
        line="$line $(awk -F, -v n="$name" -v f=$field '$1 == n { print $f }' "$out/results.csv" | sort -n |
            awk '{ v[NR] = $1 } END { printf "%.5g", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }') |"
    done
    echo "$line"
done >"$tmp/table"
echo '| row | open ms | deliveries/s | µs/delivery | p50 ms | p99 ms | HISTORY p50 ms | p99 ms | SEARCH p50 ms | p99 ms |'
echo '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
cat "$tmp/table"
