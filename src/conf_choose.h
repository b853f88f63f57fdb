/* SPDX-License-Identifier: ISC */
#ifndef CONF_CHOOSE_H
#define CONF_CHOOSE_H

#include "base/buf.h"
#include "conf.h"

/* From the arguments of chatd to its configuration. Main thread, or the one thread that reloads. */
struct stream_layer;

struct server_options {
    const char *conf_file; /* -c, or NULL: the installed one if it exists */
    const char *installed; /* the path of that */
    const char *dir;       /* -d, or NULL */
    int port;              /* -p, or -1 */
    int web_port;          /* --http, or -1 */
    bool verbose;          /* -v: log at level debug, whatever the configuration says */
    const struct stream_layer *const *layers; /* what stands on the TCP of every listener, or NULL: nothing */
};

#define CONF_INSTALLED CHATD_SYSCONFDIR "/chatd.conf"

/* The file to read; NULL: there is none, so the defaults are used. An installed one that cannot be looked at is one. */
const char *conf_chosen_file(const struct server_options *o);

/* From now on that file must be there: an operator who has one does not mean the defaults while it is away. */
void conf_keep_file(struct server_options *o);

/* Reads that file, or takes the defaults; then the ports of the arguments. No two listeners may want the same port. 0,
 * or -1 with lines for the operator. */
int conf_choose(const struct server_options *o, struct conf *c, struct buf *errors);

#endif
