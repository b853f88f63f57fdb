#!/bin/sh
# SPDX-License-Identifier: ISC
#
# embed-sql.sh DIR NAME.sql... : prints the C file that carries the migrations inside the binary.
#
# The names must be NNN-name.sql, numbered from 001 without a gap, and every .sql file of DIR must be
# among them: a migration that is written but not listed would be missed by users only.

set -eu
LC_ALL=C
export LC_ALL

fail() {
    echo "embed-sql.sh: $*" >&2
    exit 1
}

[ $# -ge 2 ] || fail "usage: embed-sql.sh DIR NAME.sql..."
dir=$1
shift

names=
for path in "$@"; do
    names="$names ${path##*/}"
done
for path in "$dir"/*.sql; do
    case "$names " in
    *" ${path##*/} "*) ;;
    *) fail "${path##*/} is in $dir, but not in the list of Makefile.am" ;;
    esac
done

cat <<'END'
/* SPDX-License-Identifier: ISC
 *
 * Made by build-aux/embed-sql.sh from sql/: change it there. */

#include "config.h"

#include "store/schema.h"

const struct migration migrations[] = {
END

count=0
for name in $names; do
    count=$((count + 1))
    case $name in
    "$(printf '%03d' $count)"-?*.sql) ;;
    *) fail "$name should be number $(printf '%03d' $count): NNN-name.sql, from 001 without a gap" ;;
    esac
    [ -s "$dir/$name" ] || fail "$dir/$name is missing or empty"
    printf '    { %d, "%s",\n' "$count" "${name%.sql}"
    tr -d '\r' <"$dir/$name" | sed -e 's/[\\"?]/\\&/g' -e 's/^/      "/' -e 's/$/\\n"/'
    echo '    },'
done

cat <<'END'
};

const unsigned migrations_count = sizeof migrations / sizeof migrations[0];
END
