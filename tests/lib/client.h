/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CLIENT_H
#define TESTS_LIB_CLIENT_H

#include "tests/lib/daemon.h"

#include <stddef.h>

/*
 * A client that sends bytes and reads lines. Each line it reads must end in exactly one CRLF and have no other CR or
 * LF. A call that fails also fails the running test. Waits are bounded by DAEMON_WAIT_MS. For the test's main thread.
 */
struct client {
    int fd;
    char *data; /* owns */
    size_t start, end, cap;
    struct client_tls *tls;     /* owns; NULL: no TLS */
    struct client_ws *ws;       /* owns; NULL: no WebSocket */
    unsigned sends, enqs, acks; /* over a test stream: calls that sent; ENQ bytes sent, ACK bytes received */
    char line[70000];
};

/* What the tests run over, by CHATD_TEST_STREAM: plain TCP; `rot13`, the stream of stream_rot13.h: each client rotates
 * letters, sends an ENQ now and then, and expects the ACK; `tls12`, `tls13`: TLS of that version; `ws`: WebSocket. */
/* Skips the test with this reason if it runs over anything but plain TCP. */
void client_skip_if_wrapped(const char *reason);
/* The same if it runs over that stream. */
void client_skip_over(const char *stream, const char *reason);

/* Connects. */
void client_open(struct client *c, const struct daemon *d);
/* Connects with a small receive buffer, for a client that will not read. */
void client_open_small(struct client *c, const struct daemon *d);
/* Connects from this loopback address, in 127.0.0.0/8. */
void client_open_from(struct client *c, const struct daemon *d, const char *address);
void client_close(struct client *c);
/* Closes with a TCP reset. */
void client_reset(struct client *c);
/* Nothing comes in any more, as if the cable were cut in one direction: a filter on the socket drops all further input,
 * and what was received so far is read to the last byte, because TCP cannot tell whether a program has read what its
 * machine has acknowledged. Half a line at the end does not count as read. The next line that the client sends carries
 * the acknowledgement: when chatd has carried it out, it knows of it. Skips the test where only root may do it. */
void client_cut(struct client *c);
/* True if a whole line was received, so that client_line does not wait. */
bool client_has_line(const struct client *c);
/* Shuts down output; the client can still read. */
void client_half_close(struct client *c);

void client_send(struct client *c, const void *data, size_t len);
/* For a thread of the test's own, which may do one of them while another thread does the other: sends all, and returns
 * whether that was possible; receives something, and returns its length, 0 at the end. They assert nothing. */
bool client_send_on(struct client *c, const void *data, size_t len);
size_t client_receive_on(struct client *c, void *data, size_t size);
/* Sends the line and an LF. */
void client_say(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Reads what has arrived, without waiting. Returns as recv(2) does; bytes that only the stream sees count too. */
ssize_t client_receive(struct client *c);
/* Returns the next line without its end, borrowed until the next call. */
const char *client_line(struct client *c);
/* The next line must be this one. */
void client_expect(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sends the line and expects the answer. */
void client_ask(struct client *c, const char *line, const char *answer);
/* Reads lines up to this one. Returns how many came before it. */
size_t client_skip_to(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The connection must end without another line. */
void client_expect_end(struct client *c);
/* Nothing is in flight to this client: the answer to a PING is the next line and follows every ACK that is due. */
void client_expect_quiet(struct client *c);

/* Connects and logs in without a password. */
void client_login(struct client *c, const struct daemon *d, const char *name);
/* Connects, logs in and registers the name with the password "password". */
void client_register(struct client *c, const struct daemon *d, const char *name);
/* Connects and logs in to the account that client_register made. */
void client_login_account(struct client *c, const struct daemon *d, const char *name);
/* Takes a token for the session. */
void client_take_token(struct client *c, char token[128]);
/* Logs in and joins the room; skips the answer to JOIN. */
void client_enter(struct client *c, const struct daemon *d, const char *name, const char *room);

#endif
