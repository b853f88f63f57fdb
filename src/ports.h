/* SPDX-License-Identifier: ISC */
#ifndef PORTS_H
#define PORTS_H

#include "base/buf.h"
#include "conf.h"
#include "net/listener.h"

/* The listeners of the configuration: each with its protocol, its streams, and what a refused connection is told. Main
 * thread, except ports_with_tls. */

/* Binds and listens. `layers`: what stands on the TCP of every listener, below TLS; may be NULL. 0, or -1 with a line
 * for the operator. */
int ports_open(const struct conf *c, const struct stream_layer *const *layers, char error[LISTENER_ERROR]);

/* Starts the acceptors. 0, or -1 with errno. */
int ports_start(void);

/* Prints and logs where chatd listens. */
void ports_announce(void);

/* Adds the listeners that have TLS, as `address:port protocol`, separated by commas. Any thread, while chatd runs. */
void ports_with_tls(struct buf *out);

/* The number of the first port with IRC over TLS; 0: there is none. */
int ports_irc_with_tls(void);

/* Ends the acceptors. */
void ports_close(void);
/* Frees the rest, when no connection is being refused any more. */
void ports_free(void);

#endif
