#!/bin/sh
# SPDX-License-Identifier: ISC
#
# check-floors.sh [SRCDIR] : a file includes its own floor and those below, never above, and every
# include of ours carries its folder. Prints each offence with its file and line; exits 1 if there is one.
#
# A new folder under src/ gets its place in `floors` below, from the top down.

set -eu
LC_ALL=C
export LC_ALL

floors='roof ctl serve chat proto store net base tbl'
top=${1:-${SRCDIR:-.}}

# Reads the sources below $1/src and prints the offences; the last line is "seen FILES INCLUDES".
floors_of() {
    (
        cd "$1/src"
        # The names under src/ are ours: they hold no blanks.
        # shellcheck disable=SC2046
        set -- $(find . -name '*.[ch]' | sed 's,^\./,,' | sort)
        [ $# -gt 0 ] || exit 0
        roof=$(find . -maxdepth 1 -name '*.h' | sed 's,^\./,,' | tr '\n' ' ')
        awk -v floors="$floors" -v roof_headers="$roof" '
            BEGIN {
                count = split(floors, name, " ")
                for (i = 1; i <= count; i++)
                    height[name[i]] = count - i + 1
                count = split(roof_headers, name, " ")
                for (i = 1; i <= count; i++)
                    on_roof[name[i]] = 1
            }
            function offence(text) {
                printf "src/%s:%d: %s\n", FILENAME, FNR, text
            }
            function folder(path) {
                return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : "roof"
            }
            FNR == 1 {
                files++
                mine = folder(FILENAME)
                if (!(mine in height))
                    offence("the folder " mine " is no floor: give it a place in build-aux/check-floors.sh")
            }
            /^[ \t]*#[ \t]*include[ \t]*"/ {
                includes++
                split($0, part, "\"")
                path = part[2]
                if (path == "config.h" && mine != "tbl")
                    next
                other = folder(path)
                if (path ~ /(^|\/)\.\.?\//)
                    offence("\"" path "\": includes are written from src/, without dots")
                else if (mine == "tbl")
                    offence("tbl holds plain tables and includes nothing of ours, but here \"" path "\"")
                else if (other == "roof" && !(path in on_roof))
                    offence("\"" path "\" carries no folder, as in \"net/outbox.h\"")
                else if (!(other in height))
                    offence("\"" path "\": " other " is no floor")
                else if (mine in height && height[other] > height[mine])
                    offence(mine " may not include \"" path "\": " other " is above it")
            }
            END { print "seen", files + 0, includes + 0 }' "$@"
    )
}

# First prove on a planted house that an offence is seen.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$planted/src/net" "$planted/src/tbl" "$planted/src/base"
printf '#include "config.h"\n#include "base/good.h"\n#  include "chat/room.h"\n' >"$planted/src/net/up.c"
printf '#include <stddef.h>\n#include "good.h"\n' >"$planted/src/base/bare.c"
printf '#include "tbl/other.h"\n' >"$planted/src/tbl/table.h"
printf '#include "net/up.h"\n#include "server.h"\n' >"$planted/src/main.c"
: >"$planted/src/server.h"
found=$(floors_of "$planted" | sed 's/: .*//' | tr '\n' ' ')
expected='src/base/bare.c:2 src/net/up.c:3 src/tbl/table.h:1 seen 4 7 '
if [ "$found" != "$expected" ]; then
    echo "check-floors.sh is broken: on planted offences it says '$found', not '$expected'" >&2
    exit 1
fi

result=$(floors_of "$top")
seen=$(echo "$result" | sed -n 's/^seen //p')
offences=$(echo "$result" | grep -v '^seen ' || :)
if [ -z "$seen" ] || [ "${seen% *}" -lt 2 ] || [ "${seen#* }" -lt 1 ]; then
    echo "check-floors.sh: found no sources below $top/src" >&2
    exit 1
fi
if [ -n "$offences" ]; then
    echo "$offences"
    exit 1
fi
echo "${seen% *} files, ${seen#* } includes: every one goes down"
