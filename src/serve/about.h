/* SPDX-License-Identifier: ISC */
#ifndef SERVE_ABOUT_H
#define SERVE_ABOUT_H

#include "base/buf.h"

#include <stdbool.h>

/* What the operator tells users about the server: the message of the day, and whom to turn to. Any thread. */

#define ABOUT_LINE 400 /* bytes of a line of the message of the day, which must fit into one of IRC */

struct about {
    const char *motd;  /* lines that end in \n; "": none */
    const char *admin; /* "": nobody */
    int sts_s;         /* for so many seconds clients of IRC come back over TLS only; -1: they are not told to */
};

/* Copied; takes effect at once. */
void about_configure(const struct about *a);
/* The port on which IRC is encrypted; 0: there is none. Before the first client. Main thread. */
void about_set_tls_port(int port);

/* Append a copy. */
void about_motd(struct buf *to);
void about_admin(struct buf *to);
/* The value of the capability sts (IRCv3, Strict Transport Security) on a connection that is encrypted, or is not:
 * nothing if it is not offered. */
void about_sts(struct buf *to, bool is_encrypted);

#endif
