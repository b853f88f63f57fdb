/* SPDX-License-Identifier: ISC */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/msg.h"

#include <stddef.h>

/*
 * One listening socket and its acceptor thread: accept, limits by address, hand over to a pair. Socket options are
 * set on the listening socket, from which Linux gives them to every accepted one, so a connect costs one call.
 */
struct listener_config {
    char address[64]; /* "*": all, IPv6 and IPv4; else a numeric address */
    int port;         /* 0: any free one */
    int backlog;
    int send_buffer, receive_buffer;                                /* bytes */
    int keepalive_idle_s, keepalive_interval_s, keepalive_count;    /* tcp(7) */
    int user_timeout_ms;                                            /* TCP_USER_TIMEOUT */
    const void *via;              /* handed on to the pair */
    const struct msg *last_words_full; /* borrows: last words at the maximum of clients */
    const struct msg *last_words_many; /* borrows: last words at the maximum of one address */
};

struct listener;

#define LISTENER_ERROR 256

/* Binds and listens. NULL on failure, with a line for the operator in `error`. */
struct listener *listener_open(const struct listener_config *config, char error[LISTENER_ERROR]);

/* The port it listens on. */
int listener_port(const struct listener *l);

/* Starts the acceptor. 0, or -1 with errno. After pool_start and refuse_start. */
int listener_start(struct listener *l);

/* Ends the acceptor if it was started, closes the socket, frees, and clears the caller's pointer. */
void listener_close(struct listener **l);

#endif
