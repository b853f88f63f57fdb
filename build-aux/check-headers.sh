#!/bin/sh
# SPDX-License-Identifier: ISC
#
# check-headers.sh [SRCDIR] : checks that each header under src/ compiles alone, so it includes what it uses;
# that it has a guard; that no header includes config.h; and that each .c file includes it first. And that the tests use
# no name that cmocka 2.0 took or gave up.
#
# Where x.c includes x.h next after config.h, which has macros only, compiling x.c proves that x.h compiles
# alone. So only the other headers are compiled here.
#
# CC is the compiler, HEADER_FLAGS the flags for finding the headers of libraries.
# tbl/ is left out: its tables need macros from the files that include them.

set -eu
LC_ALL=C
export LC_ALL

top=${1:-${SRCDIR:-.}}
: "${CC:=cc}" "${HEADER_FLAGS:=}"
src=$(cd "$top/src" && pwd)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

compiles() { # HEADER, as in an include
    printf '#include "%s"\n' "$1" >"$tmp/alone.c"
    # The flags are words.
    # shellcheck disable=SC2086
    $CC -fsyntax-only -std=gnu11 -I"$2" $HEADER_FLAGS "$tmp/alone.c" 2>"$tmp/errors"
}
include_of() { # FILE N : what its Nth include names
    sed -n 's/^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*\([^[:blank:]]*\).*/\1/p' "$1" | sed -n "$2p"
}
is_guarded() { # FILE : all of it stands between #ifndef X, #define X and #endif
    grep '^[[:blank:]]*#' "$1" | awk '
        NR == 1 { guarded = $1 == "#ifndef"; name = $2 }
        NR == 2 { guarded = guarded && $1 == "#define" && $2 == name }
        { last = $1 }
        END { exit !(guarded && last == "#endif") }'
}

# First prove that a header that is not self-contained is noticed, and that the compiler works.
mkdir "$tmp/planted"
echo 'size_t planted_size(void);' >"$tmp/planted/bad.h"
printf '#include <stddef.h>\nsize_t planted_size(void);\n' >"$tmp/planted/good.h"
if compiles bad.h "$tmp/planted"; then
    echo "check-headers.sh is broken: it accepts a header that uses size_t without including it" >&2
    exit 1
fi
printf '#ifndef A_H\n#define B_H\n#endif\n' >"$tmp/planted/half.h"
printf '#ifndef A_H\n#define A_H\n#include <stddef.h>\n#endif\n' >"$tmp/planted/whole.h"
if is_guarded "$tmp/planted/good.h" || is_guarded "$tmp/planted/half.h" || ! is_guarded "$tmp/planted/whole.h"; then
    echo "check-headers.sh is broken: it does not know a guard" >&2
    exit 1
fi
if ! compiles good.h "$tmp/planted"; then
    cat "$tmp/errors" >&2
    echo "check-headers.sh: $CC does not compile the simplest header" >&2
    exit 1
fi

headers=0
alone=0
bad=0
cd "$src"
for header in $(find . -name '*.h' | sed 's,^\./,,' | sort); do
    if line=$(grep -n '^[[:blank:]]*#[[:blank:]]*include[[:blank:]]*["<]config\.h' "$header"); then
        echo "src/$header:${line%%:*}: include config.h in .c files only"
        bad=$((bad + 1))
    fi
    case $header in
    tbl/*) continue ;;
    esac
    headers=$((headers + 1))
    if ! is_guarded "$header"; then
        echo "src/$header: #ifndef, #define and #endif do not guard all of it"
        bad=$((bad + 1))
    fi
    source=${header%.h}.c
    [ ! -f "$source" ] || [ "$(include_of "$source" 2)" != "\"$header\"" ] || continue
    alone=$((alone + 1))
    if ! compiles "$header" "$src"; then
        echo "src/$header does not compile alone:"
        cat "$tmp/errors"
        bad=$((bad + 1))
    fi
done

sources=0
for source in $(find . -name '*.c' | sed 's,^\./,,' | sort); do
    sources=$((sources + 1))
    if [ "$(include_of "$source" 1)" != '"config.h"' ]; then
        echo "src/$source: the first include must be \"config.h\""
        bad=$((bad + 1))
    fi
done

# Here and in configure.ac is what differs between the versions of cmocka.
if grep -nE '(^|[^_[:alnum:].>])stop *\(|assert_in_range' "$src"/../tests/*/*.[ch] >"$tmp/names"; then
    sed "s,^$src/../,," "$tmp/names"
    echo "cmocka 2.0 has a macro stop(), and calls assert_in_range outdated: use assert_int_in_range"
    bad=$((bad + 1))
fi

if [ $headers -eq 0 ] || [ $alone -eq 0 ] || [ $sources -eq 0 ]; then
    echo "check-headers.sh: found no sources below $top/src" >&2
    exit 1
fi
[ $bad -eq 0 ] || exit 1
echo "$headers headers compile alone, $alone of them here; $sources sources begin with config.h"
