#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Checks that the generated parts of the documents, the sample configuration and the shell completion agree
# with the tables, and that doc/architecture.md names every source file. DOCGEN is the built program, SRCDIR
# the top of the source tree.

set -eu
src=${SRCDIR:-.}

for file in "$src"/src/*.c "$src"/src/*/*.c "$src"/src/*/*/*.c; do
    name=$(basename "$file")
    grep -q "\`$name\`" "$src/doc/architecture.md" || {
        echo "doc/architecture.md does not say what $name is for: add it to the table of floors"
        exit 1
    }
done
exec sh "$src/build-aux/docs.sh" --check "$src" "${DOCGEN:-./build-aux/docgen}"
