# SPDX-License-Identifier: ISC
#
# embed-names.sh : sourced by embed-sql.sh and embed-web.sh, with their arguments DIR FILE... Sets $dir, and $names to
# the names of the files.
#
# Each file of DIR that ends in $suffix must be among them: otherwise one that was written but not listed would be
# missing without notice.

set -eu
LC_ALL=C
export LC_ALL

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

[ $# -ge 2 ] || fail "usage: ${0##*/} DIR FILE..."
dir=$1
shift

names=
for path in "$@"; do
    names="$names ${path##*/}"
done
for path in "$dir"/*"$suffix"; do
    case "$names " in
    *" ${path##*/} "*) ;;
    *) fail "${path##*/} is in $dir, but not in the list of Makefile.am" ;;
    esac
done
