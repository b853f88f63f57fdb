#!/bin/sh
# SPDX-License-Identifier: ISC
#
# planted.sh [SRCDIR [PATCH...]] : proves that the tests can fail.
#
# Each patch in tests/fault/planted/ plants one bug. Its first line names the tests that must go red,
# each of them:
#
#       # expect red: test_outbox e2e_rooms stream/e2e_resume-rot13
#
# A name with stream/ is the end-to-end test over a stream: rot13, tls12, tls13 or ws. What `diff -u` or
# `git diff` prints follows. The sources are copied and built once. Then each patch is applied to the copy
# (patch -p1), the copy is rebuilt, the named tests run, and the patch is reverted. Only programs that a
# patch names are built. Without any patch these tests must be green, or red would mean nothing.
#
# PLANTED_CONFIGURE holds further options for configure.

set -eu
LC_ALL=C
export LC_ALL

src=$(cd "${1:-.}" && pwd)
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
    set -- "$src"/tests/fault/planted/*.patch
fi
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
: "${MAKE:=make}" "${PLANTED_CONFIGURE:=}"
# The make that runs this one has its own targets and variables.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES 2>/dev/null || :

fail() {
    echo "planted.sh: $*" >&2
    exit 1
}
expected_of() { # PATCH : the tests that must go red
    sed -n '/^# expect red: /{s/^# expect red: //p;q;}' "$1"
}
path_of() { # TEST : its path in the build directory, or nothing
    for path in tests/unit/"$1" tests/e2e/"$1" tests/fuzz/"$1"; do
        [ ! -f "$tree/$path.c" ] || echo "$path"
    done
    program=${1#stream/}
    [ "$program" = "$1" ] || [ ! -f "$tree/tests/e2e/${program%-*}.c" ] || echo "tests/$1.sh"
    [ ! -f "$tree/build-aux/$1" ] || echo "build-aux/$1"
}
programs_of() { # PATH... : the programs that these tests need
    for path in "$@"; do
        case $path in
        tests/stream/*) echo "tests/lib/chatd_rot13 tests/e2e/$(basename "$path" .sh | sed 's/-.*//')" ;;
        build-aux/*) echo build-aux/docgen ;;
        *) echo "$path" ;;
        esac
    done | tr ' ' '\n' | sort -u
}
build_for() { # PATH... : all that these tests need; the log is in $tmp/log
    run "$tmp/log" "$MAKE" -j"$jobs" check TESTS= check_PROGRAMS="$(programs_of "$@" | tr '\n' ' ')"
}
run_tests() { # PATH...
    run "$tmp/log" "$MAKE" check TESTS="$*" check_PROGRAMS="$(programs_of "$@" | tr '\n' ' ')"
}
run() { # LOG COMMAND... : in the build directory
    log=$1
    shift
    (cd "$build" && "$@") >"$log" 2>&1
}
result_of() { # PATH : PASS, FAIL, ERROR, SKIP or nothing, as make check left it
    sed -n 's/^:test-result: \([A-Z]*\).*/\1/p' "$build/${1%.sh}.trs" 2>/dev/null | head -n 1
}

for patch in "$@"; do
    [ -f "$patch" ] || fail "$patch not found"
    [ -n "$(expected_of "$patch")" ] || fail "$patch lacks its line '# expect red: TEST...'"
done

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
tree=$tmp/tree
build=$tmp/build
mkdir "$tree" "$build"

if [ -e "$src/.git" ]; then
    (cd "$src" && git ls-files --cached --others --exclude-standard) |
        while read -r file; do
            [ -f "$src/$file" ] || continue
            mkdir -p "$tree/$(dirname "$file")"
            cp -p "$src/$file" "$tree/$file"
        done
else
    cp -pR "$src/." "$tree"
    chmod -R u+w "$tree"
    [ ! -f "$tree/Makefile" ] || (cd "$tree" && "$MAKE" distclean) >/dev/null
fi
[ -f "$tree/configure" ] || (cd "$tree" && ./bootstrap) >"$tmp/log" 2>&1 ||
    { cat "$tmp/log"; fail "bootstrap fails"; }

green=
for patch in "$@"; do
    for test in $(expected_of "$patch"); do
        path=$(path_of "$test")
        [ -n "$path" ] || fail "${patch##*/} names an unknown test: $test"
        case " $green " in
        *" $path "*) ;;
        *) green="$green $path" ;;
        esac
    done
done

echo "building a copy without any planted bug"
# The options and the paths are words.
# shellcheck disable=SC2086
if ! run "$tmp/log" "$tree/configure" -q --with-tests=yes CFLAGS='-g -O1' $PLANTED_CONFIGURE ||
    ! build_for $green; then
    cat "$tmp/log"
    fail "the sources do not build"
fi
# shellcheck disable=SC2086
run_tests $green ||
    { cat "$build/test-suite.log" 2>/dev/null || cat "$tmp/log"; fail "these tests are red without any planted bug"; }

passed=0
failed=0
verdict() { # PASS|FAIL PATCH TEXT
    echo "$1: ${2##*/}: $3"
    if [ "$1" = PASS ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

for patch in "$@"; do
    tests=$(expected_of "$patch")
    paths=
    for test in $tests; do
        paths="$paths $(path_of "$test")"
    done
    if ! patch -p1 --dry-run -f -d "$tree" <"$patch" >"$tmp/log" 2>&1; then
        cat "$tmp/log"
        verdict FAIL "$patch" "does not apply"
        continue
    fi
    patch -p1 -f -s -d "$tree" <"$patch"
    # shellcheck disable=SC2086
    if ! build_for $paths; then
        tail -n 20 "$tmp/log"
        verdict FAIL "$patch" "does not compile"
    else
        for path in $paths; do
            rm -f "$build/${path%.sh}.trs" "$build/${path%.sh}.log"
        done
        # shellcheck disable=SC2086
        run_tests $paths || :
        green=
        for path in $paths; do
            case $(result_of "$path") in
            FAIL | ERROR) ;;
            *) green="$green ${path##*/}" ;;
            esac
        done
        if [ -z "$green" ]; then
            verdict PASS "$patch" "red, as expected: $tests"
        else
            verdict FAIL "$patch" "these tests stay green:$green"
        fi
    fi
    patch -p1 -R -f -s -d "$tree" <"$patch"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
