#!/bin/sh
# SPDX-License-Identifier: ISC
#
# check-floors.sh [SRCDIR] : proves how the files under src/ depend on each other, and how large they are.
#
#   - A file includes its own floor and those below, never above; every include of ours carries its folder.
#   - A folder may have floors inside (`inner_floors`).
#   - A unit is a .c file with its .h. No circle of includes has more than two units, and none leaves its folder. Two
#     units that include each other say why, at the include that points upward:
#         #include "chat/room.h" /* pair: why */
#   - No file has more than 500 lines, and, outside tbl/, no line more than 120 columns.
#
# Prints the floors, and each offence with its file and line; exits 1 if there is one.

set -eu
LC_ALL=C
export LC_ALL

# The folders of src/, from the top down. `roof` is src/ itself. A new folder gets its place here.
floors='roof ctl serve chat proto store net base tbl'

# The floors inside a folder, one folder a line, from the bottom up: units by name, `*` for all other units in the
# folder, `*/` for each folder in it. Folders in it do not include one another, and nothing outside includes from them.
inner_floors='serve: flood < session < * < */ < reader protocols'

most_lines=500
most_columns=120
top=${1:-${SRCDIR:-.}}

# Reads the sources below $1/src. Prints offences as "src/FILE:LINE: TEXT", each floor as "floor NAME UNITS LINES
# BELOW…", each pair as "pair A B: WHY", and at the end "seen FILES INCLUDES".
check() {
    (
        cd "$1/src"
        # migrations.c is generated, in a build in the source tree. The names under src/ are ours: they hold no blanks.
        # shellcheck disable=SC2046
        set -- $(find . -name '*.[ch]' ! -path ./store/migrations.c | sed 's,^\./,,' | sort)
        [ $# -gt 0 ] || exit 0
        awk -v floors="$floors" -v inner="$(echo "$inner_floors" | tr '\n' ';')" \
            -v most_lines="$most_lines" -v most_columns="$most_columns" '
            BEGIN {
                floor_count = split(floors, floor, " ")
                for (i = 1; i <= floor_count; i++)
                    height[floor[i]] = floor_count - i + 1
                read_inner_floors()
                for (i = 1; i < ARGC; i++) {
                    exists[ARGV[i]] = 1
                    unit = unit_of(ARGV[i])
                    if (!(unit in unit_exists)) {
                        unit_exists[unit] = 1
                        units[++unit_count] = unit
                    }
                }
            }
            function read_inner_floors(   n, m, k, i, j, l, line, part, step, word) {
                n = split(inner, line, ";")
                for (i = 1; i <= n; i++) {
                    if (split(line[i], part, ":") < 2)
                        continue
                    m = split(part[2], step, "<")
                    inner_count[part[1]] = m
                    for (j = 1; j <= m; j++) {
                        k = split(step[j], word, " ")
                        for (l = 1; l <= k; l++)
                            inner_height[part[1] "/" word[l]] = j
                        sub(/^ +/, "", step[j])
                        sub(/ +$/, "", step[j])
                        inner_name[part[1], j] = step[j]
                    }
                }
            }
            function offence_at(file, line, text) {
                printf "src/%s:%d: %s\n", file, line, text
            }
            function offence(text) {
                offence_at(FILENAME, FNR, text)
            }
            function floor_of(path) {
                return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : "roof"
            }
            function unit_of(path) {
                return substr(path, 1, length(path) - 2)
            }
            function directory_of(path) {
                return match(path, /.*\//) ? substr(path, 1, RLENGTH - 1) : ""
            }
            # The folder inside a floor that the path is in; "" for none.
            function folder_in(path,   part) {
                return split(path, part, "/") > 2 ? part[1] "/" part[2] : ""
            }
            # The height of a unit within its own floor; 0 if that has no floors inside.
            function inner_height_of(unit,   f) {
                f = floor_of(unit)
                if (!(f in inner_count))
                    return 0
                if (folder_in(unit) != "")
                    return inner_height[f "/*/"]
                return unit in inner_height ? inner_height[unit] : inner_height[f "/*"]
            }
            # What is wrong with an include within one floor, or from another into a folder of it; "" if nothing.
            function inner_fault(from, path,   to, there) {
                to = unit_of(path)
                there = folder_in(path)
                if (there != "" && folder_in(from) != "" && there != folder_in(from))
                    return folder_in(from) " may not include \"" path "\": folders of a floor do not know each other"
                if (there != "" && floor_of(from) != floor_of(to))
                    return "\"" path "\" is inside " floor_of(to) ": nothing outside may include it"
                if (floor_of(from) == floor_of(to) && inner_height_of(to) > inner_height_of(from))
                    return from " may not include \"" path "\": it is above it in " floor_of(to)
                return ""
            }
            # Notes an include of ours, for the graph.
            function note_include(path, rest,   from, to) {
                from = unit_of(FILENAME)
                to = unit_of(path)
                if (!(path in exists) || from == to)
                    return
                if (floor_of(from) != floor_of(to))
                    below[floor_of(from), floor_of(to)] = 1
                if (!((from, to) in edge)) {
                    edge[from, to] = 1
                    targets[from] = targets[from] " " to
                }
                places[from, to] = places[from, to] "    src/" FILENAME ":" FNR ": includes \"" path "\"\n"
                place_file[from, to] = FILENAME
                place_line[from, to] = FNR
                if (match(rest, /\/\*[ \t]*pair:/)) {
                    rest = substr(rest, RSTART + RLENGTH)
                    sub(/\*\/.*/, "", rest)
                    gsub(/^[ \t]+|[ \t]+$/, "", rest)
                    why[from, to] = rest
                    place_file[from, to] = FILENAME
                    place_line[from, to] = FNR
                    says_why[from, to] = FILENAME ":" FNR
                }
            }
            FNR == 1 {
                files++
                mine = floor_of(FILENAME)
                if (!(mine in height))
                    offence("the folder " mine " is no floor: give it a place in build-aux/check-floors.sh")
                else if (folder_in(FILENAME) != "" && !(mine in inner_count))
                    offence(folder_in(FILENAME) " is no floor: give " mine " inner floors in build-aux/check-floors.sh")
            }
            {
                lines[FILENAME] = FNR
                columns = $0
                gsub(/[\200-\277]/, "", columns) # UTF-8: what follows the first byte of a character
                if (mine != "tbl" && length(columns) > most_columns)
                    offence("has " length(columns) " columns, more than " most_columns)
            }
            /^[ \t]*#[ \t]*include[ \t]*"/ {
                includes++
                split($0, part, "\"")
                path = part[2]
                if (path == "config.h" && mine != "tbl")
                    next
                other = floor_of(path)
                note_include(path, substr($0, index($0, "\"" path "\"") + length(path) + 2))
                if (path ~ /(^|\/)\.\.?\//)
                    offence("\"" path "\": includes are written from src/, without dots")
                else if (mine == "tbl")
                    offence("tbl holds plain tables and includes nothing of ours, but here \"" path "\"")
                else if (other == "roof" && !(path in exists))
                    offence("\"" path "\" carries no folder, as in \"net/outbox.h\"")
                else if (!(other in height))
                    offence("\"" path "\": " other " is no floor")
                else if (mine in height && height[other] > height[mine])
                    offence(mine " may not include \"" path "\": " other " is above it")
                else if ((fault = inner_fault(unit_of(FILENAME), path)) != "")
                    offence(fault)
            }
            # Marks in reached[from, …] every unit that includes of `from` lead to.
            function reach(from,   todo, first, last, n, i, next_units) {
                first = last = 1
                todo[1] = from
                while (first <= last) {
                    n = split(targets[todo[first++]], next_units, " ")
                    for (i = 1; i <= n; i++)
                        if (!((from, next_units[i]) in reached)) {
                            reached[from, next_units[i]] = 1
                            todo[++last] = next_units[i]
                        }
                }
            }
            # One circle: all units that lead to units[first] and back.
            function check_circle(first,   i, j, n, member, across, all, shown) {
                for (i = first; i <= unit_count; i++)
                    if (i == first || ((units[first], units[i]) in reached && (units[i], units[first]) in reached)) {
                        member[++n] = units[i]
                        in_circle[units[i]] = 1
                        all = all " " units[i]
                        if (directory_of(units[i]) != directory_of(units[first]))
                            across = 1
                    }
                if (n < 2 || (n == 2 && !across))
                    return
                for (i = 1; i <= n; i++)
                    for (j = 1; j <= n; j++)
                        shown = shown places[member[i], member[j]]
                across = across ? ", across folders" : ""
                printf "src/%s: a circle of %d units%s:%s\n%s", member[1], n, across, all, shown
            }
            function check_pair(a, b,   text) {
                if (why[a, b] == "" && why[b, a] == "") {
                    text = "\"" b ".h\" includes this too: say why at the one of the two that points upward, as in "
                    offence_at(place_file[a, b], place_line[a, b], text "#include \"" b ".h\" /* pair: why */")
                    return
                }
                text = why[a, b] != "" ? why[a, b] : why[b, a]
                printf "pair %s %s: %s\n", a, b, text
            }
            function print_floor(name, count, sum, f,   i, text) {
                for (i = 1; f != "" && i <= floor_count; i++)
                    if ((f, floor[i]) in below)
                        text = text " " floor[i]
                gsub(/ /, ",", name)
                printf "floor %s %d %d%s\n", name, count, sum, text
            }
            function print_floors(   i, j, u, f, h, file) {
                for (i = 1; i <= unit_count; i++) {
                    f = floor_of(units[i])
                    h = inner_height_of(units[i])
                    count[f]++
                    inner_units[f, h]++
                    for (j = 1; j <= 2; j++) {
                        file = units[i] (j == 1 ? ".c" : ".h")
                        sum[f] += lines[file]
                        inner_lines[f, h] += lines[file]
                    }
                }
                for (i = 1; i <= floor_count; i++) {
                    f = floor[i]
                    print_floor(f, count[f], sum[f], f)
                    for (j = inner_count[f]; j > 0; j--)
                        print_floor(f ":" inner_name[f, j], inner_units[f, j], inner_lines[f, j], "")
                }
            }
            END {
                for (i = 1; i < ARGC; i++)
                    if (lines[ARGV[i]] > most_lines)
                        offence_at(ARGV[i], lines[ARGV[i]], "has " lines[ARGV[i]] " lines, more than " most_lines)
                for (i = 1; i <= unit_count; i++)
                    reach(units[i])
                for (i = 1; i <= unit_count; i++)
                    if (!(units[i] in in_circle))
                        check_circle(i)
                for (i = 1; i <= unit_count; i++)
                    for (j = 1; j <= unit_count; j++) {
                        both = (units[i], units[j]) in edge && (units[j], units[i]) in edge
                        if (both && i < j)
                            check_pair(units[i], units[j])
                        if (!both && (units[i], units[j]) in says_why)
                            offence_at(place_file[units[i], units[j]], place_line[units[i], units[j]],
                                       "no pair: " units[j] " does not include " units[i])
                    }
                print_floors()
                print "seen", files + 0, includes + 0
            }' "$@"
    )
}

# First prove on planted sources that each kind of offence is seen.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
trap 'exit 1' HUP INT TERM

plant() { # FILE LINE…
    file=$planted/src/$1
    shift
    mkdir -p "${file%/*}"
    printf '%s\n' "$@" >"$file"
}
expect() { # WHAT EXPECTED…
    what=$1
    shift
    found=$(check "$planted" | grep -v '^floor \|^    ' | sed 's/: .*//' | tr '\n' ' ')
    if [ "$found" != "$* " ]; then
        echo "check-floors.sh is broken: on planted offences ($what) it says '$found', not '$* '" >&2
        exit 1
    fi
    rm -rf "$planted/src"
}

plant net/up.c '#include "config.h"' '#include "base/good.h"' '#  include "chat/room.h"'
plant base/bare.c '#include <stddef.h>' '#include "good.h"'
plant tbl/table.h '#include "tbl/other.h"'
plant main.c '#include "net/up.h"' '#include "server.h"'
: >"$planted/src/server.h"
plant odd/file.c '/* a folder that is no floor */'
plant chat/deep/file.c '/* a folder in a floor that has no floors inside */'
expect floors 'src/base/bare.c:2 src/chat/deep/file.c:1 src/net/up.c:3 src/odd/file.c:1 src/tbl/table.h:1 seen 6 7'

plant serve/session.c '#include "serve/act.h"'
plant serve/act.c '#include "serve/session.h"' '#include "serve/act.h"' '#include "serve/native/native.h"'
plant serve/act.h '/* */'
plant serve/session.h '/* */'
plant serve/native/native.c '#include "serve/act.h"' '#include "serve/native/native.h"' '#include "serve/irc/irc.h"' \
    '#include "serve/reader.h"'
plant serve/native/native.h '/* */'
plant serve/irc/irc.h '#include "serve/session.h"'
plant serve/reader.c '#include "serve/native/native.h"' '#include "serve/protocols.h"' '#include "serve/act.h"'
plant serve/reader.h '/* */'
plant serve/protocols.h '/* */'
plant server.c '#include "serve/reader.h"' '#include "serve/native/native.h"'
expect 'inner floors' src/serve/act.c:3 src/serve/native/native.c:3 src/serve/native/native.c:4 src/serve/session.c:1 \
    src/server.c:2 src/serve/act src/serve/act.c:3 src/serve/act.c:1 src/serve/native/native.c:4 'seen 11 14'

plant chat/a.c '#include "chat/b.h"'
plant chat/b.h '#include "chat/c.h"'
plant chat/c.c '#include "chat/a.h"'
plant chat/c.h '/* */'
plant chat/a.h '/* */'
plant chat/d.c '#include "chat/a.h"'
expect 'a circle of three' 'src/chat/a seen 6 4'

plant chat/a.c '#include "net/b.h"'
plant chat/a.h '/* */'
plant net/b.h '#include "chat/a.h"'
expect 'a circle across folders' 'src/net/b.h:1 src/chat/a src/chat/a.c:1 seen 3 2'

plant chat/a.c '#include "chat/b.h"'
plant chat/a.h '#include "chat/d.h" /* pair: they are one thing */'
plant chat/b.c '#include "chat/a.h" /* pair: */'
plant chat/b.h '/* */'
plant chat/d.c '#include "chat/a.h"'
plant chat/d.h '#include "chat/e.h" /* pair: it is none */'
plant chat/e.h '/* */'
expect 'pairs that share a unit' 'src/chat/a src/chat/a.c:1 pair chat/a chat/d src/chat/d.h:1 seen 7 5'

plant chat/a.c '#include "chat/b.h"'
plant chat/a.h '/* */'
plant chat/b.c '#include "chat/a.h" /* pair: */'
plant chat/b.h '/* */'
plant chat/d.c '#include "chat/e.h" /* pair: one of them knows what the other does */'
plant chat/d.h '#include "chat/f.h" /* pair: it is none */'
plant chat/e.c '#include "chat/d.h"'
plant chat/e.h '/* */'
plant chat/f.h '/* */'
expect 'pairs without a reason' 'src/chat/a.c:1 pair chat/d chat/e src/chat/d.h:1 seen 9 5'

plant net/wide.c "/* $(printf '%0114d' 0) */" "/* $(printf '%0115d' 0) */" "/* $(printf '%0113d' 0)é */"
plant tbl/wide.h "$(printf '/* %0200d */' 0)"
# shellcheck disable=SC2046
plant net/long.c $(seq 501)
# shellcheck disable=SC2046
plant net/short.c $(seq 500)
expect sizes 'src/net/wide.c:2 src/net/long.c:501 seen 4 0'

result=$(check "$top")
seen=$(echo "$result" | sed -n 's/^seen //p')
offences=$(echo "$result" | grep -v '^seen \|^floor \|^pair ' || :)
if [ -z "$seen" ] || [ "${seen% *}" -lt 2 ] || [ "${seen#* }" -lt 1 ]; then
    echo "check-floors.sh: found no sources below $top/src" >&2
    exit 1
fi
echo "$result" | awk '
    BEGIN { printf "%-24s %5s %6s  %s\n", "floor", "units", "lines", "includes from" }
    /^floor / {
        name = $2
        gsub(/,/, " ", name)
        if (sub(/:/, " ", name))
            name = "  " name
        text = ""
        for (i = 5; i <= NF; i++)
            text = text " " $i
        printf "%-24s %5d %6d %s\n", name, $3, $4, text
    }'
echo "$result" | sed -n 's/^pair /pair: /p'
if [ -n "$offences" ]; then
    echo "$offences"
    exit 1
fi
echo "${seen% *} files, ${seen#* } includes: every one goes down; no circle but the pairs above"
