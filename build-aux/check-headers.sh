#!/bin/sh
# SPDX-License-Identifier: ISC
#
# check-headers.sh [SRCDIR] : checks that each header under src/ compiles alone, and if it is included
# twice, so it includes what it uses and has a guard; that no header includes config.h; and that each .c
# file includes it first.
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
    printf '#include "%s"\n#include "%s"\n' "$1" "$1" >"$tmp/alone.c"
    # The flags are words.
    # shellcheck disable=SC2086
    $CC -fsyntax-only -std=gnu11 -I"$2" $HEADER_FLAGS "$tmp/alone.c" 2>"$tmp/errors"
}
first_include() {
    sed -n '/^[[:blank:]]*#[[:blank:]]*include/{s/^[^"<]*//;p;q;}' "$1"
}

# First prove that a header that is not self-contained is noticed, and that the compiler works.
mkdir "$tmp/planted"
echo 'size_t planted_size(void);' >"$tmp/planted/bad.h"
printf '#include <stddef.h>\nsize_t planted_size(void);\n' >"$tmp/planted/good.h"
if compiles bad.h "$tmp/planted"; then
    echo "check-headers.sh is broken: it accepts a header that uses size_t without including it" >&2
    exit 1
fi
if ! compiles good.h "$tmp/planted"; then
    cat "$tmp/errors" >&2
    echo "check-headers.sh: $CC does not compile the simplest header" >&2
    exit 1
fi

headers=0
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
    if ! compiles "$header" "$src"; then
        echo "src/$header does not compile alone:"
        cat "$tmp/errors"
        bad=$((bad + 1))
    fi
done

sources=0
for source in $(find . -name '*.c' | sed 's,^\./,,' | sort); do
    sources=$((sources + 1))
    if [ "$(first_include "$source")" != '"config.h"' ]; then
        echo "src/$source: the first include must be \"config.h\""
        bad=$((bad + 1))
    fi
done

if [ $headers -eq 0 ] || [ $sources -eq 0 ]; then
    echo "check-headers.sh: found no sources below $top/src" >&2
    exit 1
fi
[ $bad -eq 0 ] || exit 1
echo "$headers headers compile alone, $sources sources begin with config.h"
