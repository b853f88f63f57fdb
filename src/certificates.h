/* SPDX-License-Identifier: ISC */
#ifndef CERTIFICATES_H
#define CERTIFICATES_H

#include "base/buf.h"
#include "conf.h"
#include "net/tls.h"

/* The section `tls` of the configuration, given to net/tls.h. */
struct certificates {
    struct tls_keys *keys; /* owns; NULL: none are configured */
    struct buf warnings;   /* a line each */
};

/* Reads the files that the configuration names, and logs the warnings. 0, or -1 with a line in `errors` for each
 * mistake. Reads files; main thread, or with the lock RELOAD. */
int certificates_load(const struct conf *c, struct certificates *loaded, struct buf *errors);

/* Puts them in force. Where none are configured, those in force stay, since listeners may need them until the next
 * start. True: they differ from those before. */
bool certificates_use(struct certificates *loaded);

void certificates_fini(struct certificates *loaded);

/* Keeper, from time to time: logs, once a day, each certificate that ends soon or has ended. */
void certificates_remind(int64_t now_ms);

/* Calls fn for each line of a text, without its end. */
void certificates_each_line(const struct buf *text, void (*fn)(const char *line, void *arg), void *arg);

#endif
