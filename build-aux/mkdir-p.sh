#!/bin/sh
# SPDX-License-Identifier: ISC
#
# mkdir-p.sh DIR... : makes directories and their parents for everybody to read, whatever the umask is, so that root's
# 077 does not lock users out of what `make install` makes.

umask 022
exec mkdir -p "$@"
