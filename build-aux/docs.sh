#!/bin/sh
# SPDX-License-Identifier: ISC
#
# docs.sh --write|--check SRCDIR DOCGEN : keeps the documents in agreement with the tables in src/tbl/.
#
# Between a pair of marker lines is the output of `DOCGEN NAME FORMAT`. In Markdown, at the start of a
# line:
#
#       <!-- begin generated: NAME FORMAT -->
#       <!-- end generated -->
#
# and in the sources of the man pages:
#
#       .\" begin generated: NAME FORMAT
#       .\" end generated
#
# The files of `whole` below are such output as a whole. --write updates all of them, --check prints the
# differences and exits 1 if there are any.

set -eu
LC_ALL=C
export LC_ALL

whole='
conf sample etc/chatd.conf
admin completion contrib/completion/chatctl.bash
'

fail() {
    echo "docs.sh: $*" >&2
    exit 1
}

[ $# -eq 3 ] || fail "usage: docs.sh --write|--check SRCDIR DOCGEN"
mode=$1
case $mode in
--write | --check) ;;
*) fail "usage: docs.sh --write|--check SRCDIR DOCGEN" ;;
esac
case $3 in
/*) docgen=$3 ;;
*) docgen=$(pwd)/$3 ;;
esac
cd "$2"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# generate NAME FORMAT : writes the text to $tmp/NAME.FORMAT, unless it is there.
generate() {
    [ ! -f "$tmp/$1.$2" ] || return 0
    "$docgen" "$1" "$2" >"$tmp/$1.$2" || fail "'$docgen $1 $2' fails"
    [ -s "$tmp/$1.$2" ] || fail "'$docgen $1 $2' prints nothing"
}

# With dir set, prints FILE with its generated parts replaced; without, prints their names and formats.
cat >"$tmp/markers.awk" <<'AWK'
function broken(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text | "cat 1>&2"
    failed = 1
    exit 1
}
function is_begin() {
    return $2 == "begin" && $3 == "generated:" && $4 $5 ~ /^[a-z0-9_-]+$/ &&
        (/^<!--/ && NF == 6 && $6 == "-->" || /^\.\\"/ && NF == 5)
}
function is_end() {
    return $2 == "end" && $3 == "generated" && (/^<!--/ && NF == 4 && $4 == "-->" || /^\.\\"/ && NF == 3)
}
is_begin() {
    if (open)
        broken("a generated part begins inside that of line " open)
    open = FNR
    if (dir == "") {
        print $4, $5
        next
    }
    print
    text = dir "/" $4 "." $5
    while ((getline line < text) > 0)
        print line
    close(text)
    next
}
is_end() {
    if (!open)
        broken("this generated part has no beginning")
    open = 0
}
!open && dir != "" { print }
END {
    if (open && !failed) {
        printf "%s:%d: this generated part has no end\n", FILENAME, open | "cat 1>&2"
        exit 1
    }
}
AWK

differs=0
settle() { # FILE NEW : makes or checks that FILE is as NEW
    if [ -f "$1" ] && cmp -s "$1" "$2"; then
        return 0
    fi
    if [ "$mode" = --write ]; then
        mkdir -p "$(dirname "$1")"
        cat "$2" >"$1"
        echo "wrote $1"
    else
        old=$1
        [ -f "$old" ] || old=/dev/null
        diff -u -L "$1" -L "$1, according to the tables" "$old" "$2" || :
        differs=$((differs + 1))
    fi
}

parts=0
for file in *.md doc/*.md man/*.in; do
    [ -f "$file" ] || continue
    awk -f "$tmp/markers.awk" "$file" >"$tmp/list" || exit 1
    [ -s "$tmp/list" ] || continue
    while read -r name format; do
        generate "$name" "$format"
        parts=$((parts + 1))
    done <"$tmp/list"
    awk -v dir="$tmp" -f "$tmp/markers.awk" "$file" >"$tmp/new" || exit 1
    settle "$file" "$tmp/new"
done

echo "$whole" | sed '/^$/d' >"$tmp/whole"
while read -r name format file; do
    generate "$name" "$format"
    parts=$((parts + 1))
    settle "$file" "$tmp/$name.$format"
done <"$tmp/whole"

if [ "$differs" -gt 0 ]; then
    echo "$differs files do not agree with the tables in src/tbl/: run 'make docs'"
    exit 1
fi
echo "$parts generated parts agree with the tables"
