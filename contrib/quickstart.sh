#!/bin/sh
# SPDX-License-Identifier: ISC
#
# From a fresh clone or an unpacked release to a running or a tested chatd, in one command.
# `sh contrib/quickstart.sh help` says what it does.

set -eu

src=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$src/build
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
tests_jobs=$((jobs * 4)) # most tests wait most of the time
: "${MAKE:=make}"

usage() {
    cat <<'END'
usage: sh contrib/quickstart.sh run [CHATD-OPTION...] | check | build | help

  run     installs missing packages, builds chatd in build/ and starts it on port 9999,
          in the foreground, without a configuration, and with its data in build/state/;
          further arguments go to chatd. Root starts it as an ordinary user.
  check   installs missing packages, also those for the tests, builds, and runs all tests
  build   installs missing packages and builds
  help    prints this text

Packages are installed only on Debian, Ubuntu and their derivatives, by apt-get, as root
or through sudo. On other systems the names of the packages are printed, and the build
continues if everything is installed. chatd itself is not installed: see README.md.
END
}

say() {
    echo "quickstart: $*"
}
fail() {
    echo "quickstart: $*" >&2
    exit 1
}
have() {
    command -v "$1" >/dev/null 2>&1
}

# --- what is missing ----------------------------------------------------------------------------

# A git clone has no configure until ./bootstrap has run, which needs the autotools.
must_bootstrap() {
    [ -x "$src/configure" ] && [ -f "$src/Makefile.in" ] && [ -f "$src/config.h.in" ] || return 0
    [ -n "$(find "$src/configure.ac" "$src/Makefile.am" "$src/m4/chatd.m4" -newer "$src/configure" 2>/dev/null)" ]
}

is_debian() {
    have apt-get && have dpkg
}

missing=
miss() {
    missing="$missing $1"
}
deb_command() { # COMMAND PACKAGE
    have "$1" || miss "$2"
}
deb_package() { # PACKAGE : for headers, libraries and macros, which are not commands
    dpkg -s "$1" 2>/dev/null | grep '^Status:.* installed$' >/dev/null || miss "$1"
}

debian_missing() { # run|check|build
    if [ -z "${CC:-}" ]; then
        have cc || deb_command gcc gcc
    fi
    deb_package libc6-dev
    deb_command "$MAKE" make
    deb_command pkg-config pkg-config
    deb_package libconfig-dev
    deb_package libsqlite3-dev
    deb_package libunistring-dev
    deb_package libsodium-dev
    deb_package libssl-dev
    deb_package libwslay-dev
    deb_package uthash-dev
    if must_bootstrap; then
        deb_command autoconf autoconf
        deb_command automake automake
        deb_package autoconf-archive
    fi
    case $1 in
    # The nc of netcat-traditional has the same name, but lacks the options that the tests use.
    run) deb_command nc netcat-openbsd ;;
    check)
        deb_package netcat-openbsd
        deb_package libcmocka-dev
        deb_command mandoc mandoc
        ;;
    esac
}

debian_install() {
    [ -n "$missing" ] || return 0
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        as_root=sudo
        have sudo || fail "missing:$missing. sudo was not found; run as root: apt-get install --no-install-recommends$missing"
    fi
    say "installing${as_root:+ through sudo}:$missing"
    $as_root apt-get update -q || say "apt-get update failed; trying with the present package lists"
    # The names are words.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing ||
        fail "apt-get could not install:$missing"
}

compiles() { # C-LINE
    # The flags are words.
    # shellcheck disable=SC2086
    echo "$1" | "${CC:-cc}" ${CPPFLAGS:-} -fsyntax-only -x c - 2>/dev/null
}
module() { # MODULE
    pkg-config --exists "$1" 2>/dev/null || miss "'$1'"
}

other_missing() { # run|check|build : looks for the things themselves, since there is no dpkg to ask
    have "${CC:-cc}" || miss "a C compiler"
    have "$MAKE" || miss "$MAKE"
    if have pkg-config; then
        module 'libconfig >= 1.5'
        module 'sqlite3 >= 3.38'
        module 'libsodium >= 1.0.14'
        module 'openssl >= 3.0'
    else
        miss pkg-config
    fi
    compiles '#include <wslay/wslay.h>' || miss libwslay
    compiles '#include <uthash.h>' || miss uthash.h
    compiles '#include <uninorm.h>' || miss libunistring
    if must_bootstrap; then
        have autoreconf || miss autoconf
        have automake || miss automake
    fi
    if [ "$1" = check ]; then
        ! have pkg-config || module 'cmocka >= 1.1'
        have nc || miss "nc (of OpenBSD)"
    fi
}

other_packages() {
    system=$(uname -s)
    if [ -r /etc/os-release ]; then
        # shellcheck source=/dev/null
        system=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
    fi
    say "this is not Debian, so nothing is installed. chatd needs these packages:"
    case " $system " in
    *' fedora '* | *' rhel '*)
        echo "  dnf install gcc make pkgconf-pkg-config libconfig-devel sqlite-devel libunistring-devel libsodium-devel openssl-devel wslay-devel uthash-devel"
        echo "  in a git clone: autoconf automake autoconf-archive; for the tests: libcmocka-devel netcat"
        ;;
    *' arch '*)
        echo "  pacman -S --needed base-devel libconfig sqlite libunistring libsodium openssl wslay uthash"
        echo "  in a git clone: autoconf-archive; for the tests: cmocka openbsd-netcat"
        ;;
    *' alpine '*)
        echo "  apk add build-base pkgconf libconfig-dev sqlite-dev libunistring-dev libsodium-dev openssl-dev wslay-dev uthash-dev"
        echo "  in a git clone: autoconf automake autoconf-archive; for the tests: cmocka-dev netcat-openbsd"
        ;;
    *suse*)
        echo "  zypper install gcc make pkg-config libconfig-devel sqlite3-devel libunistring-devel libsodium-devel libopenssl-devel uthash-devel"
        echo "  in a git clone: autoconf automake autoconf-archive; for the tests: libcmocka-devel netcat-openbsd"
        ;;
    *reeBSD* | *' freebsd '*)
        echo "  pkg install pkgconf libconfig sqlite3 libunistring libsodium openssl wslay uthash"
        echo "  in a git clone: autoconf automake autoconf-archive; for the tests: cmocka"
        ;;
    *)
        echo "  a C11 compiler, make, pkg-config, and the development files of libconfig, SQLite 3, libunistring, libsodium,"
        echo "  OpenSSL 3, libwslay and uthash"
        echo "  in a git clone: autoconf automake autoconf-archive; for the tests: cmocka and OpenBSD's netcat"
        ;;
    esac
}

set_up() { # run|check|build
    if is_debian; then
        debian_missing "$1"
        debian_install
        return
    fi
    other_packages
    other_missing "$1"
    [ -z "$missing" ] || fail "still missing:$missing"
    say "everything is installed: continuing"
}

# --- building -----------------------------------------------------------------------------------

has_part() { # TESTS|WSLAY : whether it was configured
    grep "^S\\[\"WITH_$1_TRUE\"\\]=\"\"\$" "$build/config.status" >/dev/null
}

must_configure() { # yes if the tests are needed
    [ -f "$build/config.status" ] && [ -f "$build/Makefile" ] || return 0
    # The directory was moved, or it was configured without cmocka before.
    grep "^abs_builddir = $build\$" "$build/Makefile" >/dev/null || return 0
    [ "$1" = yes ] || return 1
    ! has_part TESTS
}

build() { # yes if the tests are needed
    if must_bootstrap; then
        say "creating configure"
        (cd "$src" && ./bootstrap)
    fi
    mkdir -p "$build"
    if must_configure "$1"; then
        say "configuring in $build"
        if [ "$1" = yes ]; then
            (cd "$build" && ../configure -q --with-tests=yes)
        else
            (cd "$build" && ../configure -q)
        fi
    fi
    say "building in $build"
    if [ "$1" = yes ]; then
        (cd "$build" && "$MAKE" -j"$jobs" check-programs)
    else
        (cd "$build" && "$MAKE" -j"$jobs")
    fi
}

# --- running and checking -----------------------------------------------------------------------

# What is said of chatd before it starts, from its arguments: -p PORT, --http PORT, -c FILE, -d DIR.
port=9999
page=9980
page_given=
conf=
state=
read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        -p) port=${2:-} page= ;;
        -p*) port=${1#-p} page= ;;
        --http) page_given=${2:-} ;;
        --http=*) page_given=${1#--http=} ;;
        -c) conf=${2:-} ;;
        -c*) conf=${1#-c} ;;
        -d) state=${2:-} ;;
        -d*) state=${1#-d} ;;
        esac
        case $1 in
        -[pcd] | --http) [ $# -lt 2 ] || shift ;;
        esac
        shift
    done
    page=${page_given:-$page}
    has_part WSLAY || page=
}

# chatd needs no privileges. Root starts it as the user who called sudo, or as nobody.
user=
as_user() {
    setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}
choose_user() {
    [ "$(id -u)" -eq 0 ] && have setpriv || return 0
    user=${SUDO_USER:-nobody}
    [ "$user" != root ] && id "$user" >/dev/null 2>&1 || user=nobody
    id "$user" >/dev/null 2>&1 || user=
}

# The directory with the program and its data: build/, or a copy where that user may go.
choose_place() {
    place=$build
    [ -n "$user" ] || return 0
    as_user test -x "$build/chatd" 2>/dev/null || {
        place=$(mktemp -d "${TMPDIR:-/tmp}/chatd.XXXXXX")
        chmod 755 "$place"
        cp "$build/chatd" "$build/chatctl" "$place/"
    }
    dir=${state:-$place/state}
    [ -e "$dir" ] || { mkdir -p "$dir" && chmod 750 "$dir" && chown "$user:$(id -g "$user")" "$dir"; }
}

invite() {
    echo
    echo "chatd is built. It starts now, in this terminal${user:+ and as the user $user}; Ctrl-C stops it."
    if [ -n "$conf" ] || [ "$port" = 0 ] || [ "$page" = 0 ]; then
        echo "It will print its ports. Connect to it from other terminals:"
    else
        echo "Connect to it from other terminals, one for each user:"
    fi
    echo
    [ -n "$conf" ] || [ -z "$page" ] || [ "$page" = 0 ] || echo "    http://localhost:$page/ in a browser, or"
    if [ -n "$conf" ] || [ "$port" = 0 ]; then
        port=PORT
    fi
    echo "    nc localhost $port"
    cat <<END
    USERNAME alice
    JOIN #general
    Hello everyone!
    HELP
    QUIT

The operator's console, while it runs:

    '$place/chatctl'${state:+ -d '$state'} status

END
}

run() {
    read_arguments "$@"
    choose_user
    choose_place
    # An installed chatd.conf, and the data of an installed chatd, are for that one.
    if [ -z "$conf$state" ]; then
        state=$place/state
        set -- -d "$state" "$@"
    fi
    [ -n "$conf" ] || set -- -c /dev/null "$@"
    invite
    [ -z "$user" ] || exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$place/chatd" "$@"
    exec "$place/chatd" "$@"
}

# Prints the verdict of each test program as it comes, then the logs of those that failed.
check() {
    verdicts=$tmp/verdicts
    output=$tmp/output
    say "testing; each test program is a line, and all take some minutes"
    { (cd "$build" && "$MAKE" -j"$tests_jobs" check) 2>&1 || echo "make check failed"; } | tee "$output" |
        grep --line-buffered -E '^(PASS|FAIL|XPASS|XFAIL|SKIP|ERROR): ' | tee "$verdicts" || :
    passed=$(grep -c -E '^(PASS|XFAIL): ' "$verdicts" || :)
    failed=$(grep -c -E '^(FAIL|XPASS|ERROR): ' "$verdicts" || :)
    sed -n -E 's/^(FAIL|XPASS|ERROR): ([^ ]*).*/\2/p' "$verdicts" | while read -r test; do
        echo
        echo "--- the log of $test"
        cat "$build/${test%.sh}.log" || :
    done
    # make can fail for another reason than a test; and a run without any test is not a success.
    if [ "$failed" -eq 0 ] && { [ "$passed" -eq 0 ] || grep '^make check failed$' "$output" >/dev/null; }; then
        echo
        echo "--- make check failed outside of the tests"
        tail -n 40 "$output"
        failed=1
    fi
    echo
    closing="$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# However a check ends, its last line is the count.
close_check() {
    rm -rf "$tmp"
    echo "$closing"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
run)
    set_up run
    build no
    run "$@"
    ;;
check)
    [ $# -eq 0 ] || fail "check takes no further arguments"
    tmp=$(mktemp -d)
    closing="0 passed, 1 failed"
    trap close_check EXIT
    trap 'exit 1' HUP INT TERM
    set_up check
    build yes
    check
    ;;
build)
    [ $# -eq 0 ] || fail "build takes no further arguments"
    set_up build
    build no
    say "built: $build/chatd and $build/chatctl"
    ;;
help | -h | --help) usage ;;
*)
    usage >&2
    exit 2
    ;;
esac
