/* SPDX-License-Identifier: ISC */
#ifndef MOTD_H
#define MOTD_H

#include "base/buf.h"
#include "conf.h"

/* Reads the file of irc.motd into *text, its lines ended by \n; nothing if there is none. -1: appends one line to
 * *errors, which says what to do. Main thread, or with the lock RELOAD. */
int motd_read(const struct conf *c, struct buf *text, struct buf *errors);

#endif
