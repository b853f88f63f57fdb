#!/bin/sh
# SPDX-License-Identifier: ISC
#
# check-planted.sh [SRCDIR] : checks that each bug in tests/fault/planted/ still fits the sources, so that
# `make planted` can plant it, and that the tests that it names exist. Nothing is changed. Skipped without
# patch(1).

set -eu
LC_ALL=C
export LC_ALL

top=$(cd "${1:-${SRCDIR:-.}}" && pwd)
failed=0
count=0

if ! command -v patch >/dev/null 2>&1; then
    echo "check-planted.sh: skipped: there is no patch(1)"
    exit 77
fi

fits() { # PATCH
    patch --dry-run -f -s -p1 -F 0 -d "$top" <"$1" >/dev/null 2>&1
}
is_test() { # NAME, as the first line of a patch has it
    program=${1#stream/}
    [ "$program" = "$1" ] || program=${program%-*}
    for path in tests/unit/"$program".c tests/e2e/"$program".c tests/fuzz/"$program".c build-aux/"$program"; do
        [ ! -f "$top/$path" ] || return 0
    done
    return 1
}
complain() {
    echo "$@" >&2
    failed=1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
printf '%s\n' '--- a/LICENSE' '+++ b/LICENSE' '@@ -1 +1 @@' '-no such line' '+other' >"$tmp/no.patch"
if fits "$tmp/no.patch"; then
    echo "check-planted.sh is broken: it accepts a patch that does not fit" >&2
    exit 1
fi

for patch in "$top"/tests/fault/planted/*.patch; do
    name=${patch#"$top"/}
    count=$((count + 1))
    fits "$patch" || complain "$name: does not fit the sources any more"
    tests=$(sed -n '1s/^# expect red: //p' "$patch")
    [ -n "$tests" ] || complain "$name:1: does not name the tests that must go red"
    for test in $tests; do
        is_test "$test" || complain "$name:1: no such test: $test"
    done
done
[ "$count" -gt 1 ] || complain "check-planted.sh: found no patches below $top/tests/fault/planted"
echo "$count planted bugs"
exit $failed
