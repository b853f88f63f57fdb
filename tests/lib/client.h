/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_CLIENT_H
#define TESTS_LIB_CLIENT_H

#include "tests/lib/daemon.h"

#include <stddef.h>

/*
 * A client that speaks bytes and reads lines. Each line it reads must end in exactly one CRLF and have no other CR or
 * LF. Every call fails the running test when something does not go as it must. Test's own thread.
 */
struct client {
    int fd;
    char *data; /* owns */
    size_t start, end, cap;
    unsigned sends, enqs, acks; /* over a test stream: calls that sent; ENQ bytes sent, ACK bytes received */
    char line[70000];
};

/* True when the tests run over a stream that only these calls understand: CHATD_TEST_STREAM=rot13, see stream_rot13.h. Then
 * each client rotates letters, sends an ENQ now and then, and expects its ACK. */
bool client_is_wrapped(void);
/* Ends the test as skipped, with this reason, if so. */
void client_skip_if_wrapped(const char *reason);
/* Makes of plain bytes what may be sent without client_send. Any thread. */
void client_encode(char *data, size_t n);

void client_open(struct client *c, const struct daemon *d);
/* The same with a small receive buffer, for one that will not read. */
void client_open_small(struct client *c, const struct daemon *d);
/* The same from that address of the loopback, 127.0.0.0/8. */
void client_open_from(struct client *c, const struct daemon *d, const char *address);
void client_close(struct client *c);
/* Reset instead of a goodbye. */
void client_reset(struct client *c);
/* No more output from us; we still read. */
void client_half_close(struct client *c);

void client_send(struct client *c, const void *data, size_t len);
/* One line, with its LF. */
void client_say(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes in what has arrived, without waiting. As recv(2); bytes that only the stream sees count as well. */
ssize_t client_receive(struct client *c);
/* The next line without its end, borrowed until the next call. */
const char *client_line(struct client *c);
/* The next line must be this one. */
void client_expect(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Says it, and expects the answer. */
void client_ask(struct client *c, const char *line, const char *answer);
/* Reads lines until one is this; how many came before. */
size_t client_skip_to(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The connection must end here, without another line. */
void client_expect_end(struct client *c);
/* Nothing is under way to this client: a PING comes back as the next line, and behind every ACK that is owed. */
void client_expect_quiet(struct client *c);

/* Opens, and logs in. */
void client_login(struct client *c, const struct daemon *d, const char *name);
/* Logs in and joins an empty or topicless room; skips the answer to JOIN. */
void client_enter(struct client *c, const struct daemon *d, const char *name, const char *room);

#endif
