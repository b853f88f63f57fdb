/* SPDX-License-Identifier: ISC */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include "net/addrs.h"
#include "net/msg.h"
#include "net/stream.h"

#include <stddef.h>

/*
 * One listening socket and its acceptor thread: it accepts, applies the limits of the address, and hands the
 * connection to a pair. Socket options are set on the listening socket, from which every accepted one inherits them
 * on Linux, so a connection costs one system call.
 */
struct listener_config {
    char address[64]; /* "*": all, IPv6 and IPv4; else a numeric address */
    int port;         /* 0: any free one */
    int backlog;
    int send_buffer, receive_buffer;                             /* bytes */
    int keepalive_idle_s, keepalive_interval_s, keepalive_count; /* tcp(7) */
    int user_timeout_ms;                                         /* TCP_USER_TIMEOUT */
    const struct stream_layer *const *layers; /* borrows: the streams above TCP, see stream_stack; may be NULL */
    bool has_proxies;                         /* trusted proxies may connect for others (net/proxies.h) */
    const void *via;                          /* for the runner of the pair, untouched: the listener's protocol */
    const struct msg *last_words_full;        /* borrows: for a connection over the maximum of clients; NULL: none */
    const struct msg *last_words_many;        /* borrows: for one over the maximum of its address; NULL: none */
    /* Whether connections from there are taken. False: *last_words (the caller's; NULL: none) is what is said instead.
     * Acceptor; must not block. NULL: all are. */
    bool (*admits)(const void *arg, const struct addr *peer, struct msg **last_words);
    const void *admits_arg;
};

struct listener;

#define LISTENER_ERROR 256

/* Binds and listens. NULL if that failed, with a line for the operator in `error`. */
struct listener *listener_open(const struct listener_config *config, char error[LISTENER_ERROR]);

/* The port it listens on. */
int listener_port(const struct listener *l);

/* Starts the acceptor. Returns 0, or -1 with errno. After pool_open, keeper_start and refuse_start. */
int listener_start(struct listener *l);

/* Ends the acceptor if it was started, closes the socket, frees `*l` and sets it to NULL. */
void listener_close(struct listener **l);

#endif
