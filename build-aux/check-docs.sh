#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The generated parts of the documents, the sample configuration and the shell completion say what the
# tables say. DOCGEN is the built program, SRCDIR the top of the sources.

set -eu
exec sh "${SRCDIR:-.}/build-aux/docs.sh" --check "${SRCDIR:-.}" "${DOCGEN:-./build-aux/docgen}"
