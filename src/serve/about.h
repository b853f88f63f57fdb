/* SPDX-License-Identifier: ISC */
#ifndef SERVE_ABOUT_H
#define SERVE_ABOUT_H

#include "base/buf.h"

/* What the operator tells users about the server: the message of the day, and whom to turn to. Any thread. */

#define ABOUT_LINE 400 /* bytes of a line of the message of the day, which must fit into one of IRC */

/* The message is lines that end in \n, "": none; `admin` "": nobody. Both are copied, and take effect at once. */
void about_configure(const char *motd, const char *admin);

/* Append a copy. */
void about_motd(struct buf *to);
void about_admin(struct buf *to);

#endif
