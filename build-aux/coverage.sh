#!/bin/sh
# SPDX-License-Identifier: ISC
#
# coverage.sh BUILDDIR : prints which part of src/ the runs of an --enable-coverage build have reached, file by
# file, the least covered first. It uses the gcov that comes with gcc.

set -eu
LC_ALL=C
export LC_ALL

cd "${1:-.}"
: "${GCOV:=gcov}"
command -v "$GCOV" >/dev/null || {
    echo "coverage.sh: $GCOV is missing; it comes with gcc" >&2
    exit 1
}

# A file that was compiled but never run has a .gcno without a .gcda, and counts as 0 %.
find src -name '*.gcno' | sort | while read -r notes; do
    "$GCOV" -n -b -o "$(dirname "$notes")" "$notes" 2>/dev/null
done | awk '
    function share(hit, all) {
        return all ? sprintf("%5.1f %%", 100 * hit / all) : "      -"
    }
    # "Lines executed:91.23% of 57": returns how many were executed, and sets `all` to how many there are.
    function reached(part) {
        split($0, part, /[:%]|( of )/)
        all = part[4]
        return int(part[2] * all / 100 + 0.5)
    }
    # Headers are listed again for each file that includes them, so only sources are counted.
    /^File / { file = $0; gsub(/^File .*src\/|.$/, "", file); counts = file ~ /\.c$/ && !(file in lines) }
    !counts { next }
    /^Lines executed/ { hit_lines[file] = reached(part); lines[file] = all }
    /^Taken at least once/ { hit_branches[file] = reached(part); branches[file] = all }
    END {
        for (file in lines) {
            l += lines[file]; hl += hit_lines[file]
            b += branches[file]; hb += hit_branches[file]
            printf "%s %6d  %s %6d  src/%s\n", share(hit_lines[file], lines[file]), lines[file],
                share(hit_branches[file], branches[file]), branches[file], file | "sort -n"
            seen++
        }
        close("sort -n")
        if (!seen) {
            print "coverage.sh: no results; run the tests of an --enable-coverage build first" | "cat 1>&2"
            exit 1
        }
        printf "%s %6d  %s %6d  all (lines, branches)\n", share(hl, l), l, share(hb, b), b
    }'
