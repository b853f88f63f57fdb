/* SPDX-License-Identifier: ISC */
/* The client of the end-to-end tests: blocking calls with a deadline. */
#include "config.h"

#include "tests/lib/client.h"

#include "base/clock.h"
#include "tests/lib/client_tls.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/stream_rot13.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENQ_EVERY 3 /* calls that send */

static bool is_rot13(void)
{
    return strcmp(daemon_stream(), "rot13") == 0;
}

/* The version of TLS; NULL: none. */
static const char *tls_version(void)
{
    if (strcmp(daemon_stream(), "tls12") == 0)
        return "1.2";
    return strcmp(daemon_stream(), "tls13") == 0 ? "1.3" : NULL;
}

void client_skip_if_wrapped(const char *reason)
{
    if (!*daemon_stream())
        return;
    print_message("skipped: %s\n", reason);
    skip();
}

void client_skip_over(const char *stream, const char *reason)
{
    if (strcmp(daemon_stream(), stream) == 0)
        client_skip_if_wrapped(reason);
}

static void connect_to(struct client *c, const struct daemon *d, int receive_buffer, const char *from)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons((uint16_t)d->port)};
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(c, 0, sizeof *c);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    if (receive_buffer)
        assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
    if (from) {
        assert_int_equal(inet_pton(AF_INET, from, &own.sin_addr), 1);
        assert_int_equal(bind(c->fd, (struct sockaddr *)&own, sizeof own), 0);
    }
    if (connect(c->fd, (struct sockaddr *)&sin, sizeof sin) != 0)
        fail_msg("connect: %s", strerror(errno));
    if (strcmp(daemon_stream(), "ws") == 0 && !(c->ws = client_ws_new(c->fd)))
        fail_msg("WebSocket was refused");
    if (tls_version() && !(c->tls = client_tls_new(c->fd, tls_version())))
        fail_msg("the TLS handshake has failed");
}

void client_open(struct client *c, const struct daemon *d)
{
    connect_to(c, d, 0, NULL);
}

void client_open_small(struct client *c, const struct daemon *d)
{
    connect_to(c, d, 4096, NULL);
}

void client_open_from(struct client *c, const struct daemon *d, const char *address)
{
    connect_to(c, d, 0, address);
}

void client_close(struct client *c)
{
    client_tls_free(&c->tls);
    client_ws_free(&c->ws);
    close(c->fd);
    free(c->data);
    c->fd = -1;
    c->data = NULL;
}

void client_reset(struct client *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    client_close(c);
}

void client_half_close(struct client *c)
{
    if (c->tls)
        client_tls_end(c->tls);
    assert_int_equal(shutdown(c->fd, SHUT_WR), 0);
}

static void send_all(struct client *c, const void *data, size_t len)
{
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    for (size_t at = 0; at < len;) {
        ssize_t n = send(c->fd, (const char *)data + at, len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            at += (size_t)n;
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            fail_msg("send: %s", strerror(errno));
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};
        poll(&p, 1, 100);
        if (clock_ms() > until)
            fail_msg("chatd does not read its input");
    }
}

/* Encodes the bytes for the stream, with an ENQ in the middle of every third send. */
static void send_wrapped(struct client *c, const char *data, size_t len)
{
    bool asks = ++c->sends % ENQ_EVERY == 0;
    size_t half = asks ? len / 2 : len;
    char *wire = malloc(len + 1);
    assert_non_null(wire);
    memcpy(wire, data, half);
    wire[half] = ROT13_ENQ;
    memcpy(wire + half + asks, data + half, len - half);
    stream_rot13_turn(wire, len + asks);
    c->enqs += asks;
    send_all(c, wire, len + asks);
    free(wire);
}

static void send_frames(struct client *c, const char *data, size_t len)
{
    struct buf wire = {0};
    client_ws_encode(c->ws, data, len, &wire);
    send_all(c, wire.data, wire.len);
    buf_fini(&wire);
}

void client_send(struct client *c, const void *data, size_t len)
{
    if (c->tls)
        (void)client_tls_send(c->tls, data, len); /* fails when chatd has closed; the next read shows that */
    else if (c->ws)
        send_frames(c, data, len);
    else if (is_rot13())
        send_wrapped(c, data, len);
    else
        send_all(c, data, len);
}

/* Decodes input in place, without the stream's own bytes. Returns the number of bytes left. */
static size_t unwrap(struct client *c, char *data, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (data[i] == ROT13_ACK)
            c->acks++;
        else
            data[n++] = data[i];
    stream_rot13_turn(data, n);
    return n;
}

void client_say(struct client *c, const char *fmt, ...)
{
    char line[70000];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    assert_true(n >= 0 && n < (int)sizeof line - 1);
    line[n++] = '\n';
    client_send(c, line, (size_t)n);
}

static void make_space(struct client *c, size_t n)
{
    while (c->end + n > c->cap)
        c->cap = c->cap ? c->cap * 2 : 65536;
    c->data = realloc(c->data, c->cap);
    assert_non_null(c->data);
}

static ssize_t receive_frames(struct client *c, int flags)
{
    static char wire[65536];
    struct buf text = {0};
    ssize_t n = recv(c->fd, wire, sizeof wire, flags);
    if (!client_ws_decode(c->ws, wire, n > 0 ? (size_t)n : 0, &text))
        fail_msg("chatd has sent what is no frame of whole lines");
    make_space(c, text.len + 1);
    if (text.len)
        memcpy(c->data + c->end, text.data, text.len);
    c->end += text.len;
    buf_fini(&text);
    return n;
}

/* Makes space and reads once. */
static ssize_t receive(struct client *c, int flags)
{
    if (c->start) {
        memmove(c->data, c->data + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
    }
    if (c->ws)
        return receive_frames(c, flags);
    make_space(c, 1);
    ssize_t n = c->tls ? client_tls_receive(c->tls, c->data + c->end, c->cap - c->end)
                       : recv(c->fd, c->data + c->end, c->cap - c->end, flags);
    if (n > 0)
        c->end += is_rot13() ? unwrap(c, c->data + c->end, (size_t)n) : (size_t)n;
    return n;
}

ssize_t client_receive(struct client *c)
{
    return receive(c, MSG_DONTWAIT);
}

void client_cut(struct client *c)
{
    struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
    struct sock_fprog program = {1, &drop};
    ssize_t n;
    if (setsockopt(c->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
        print_message("skipped: this kernel lets only root cut a connection (SO_ATTACH_FILTER: %s)\n", strerror(errno));
        skip();
    }
    while ((n = client_receive(c)) > 0)
        ;
    assert_true(n < 0 && errno == EAGAIN);
}

bool client_has_line(const struct client *c)
{
    return c->end > c->start && memchr(c->data + c->start, '\n', c->end - c->start);
}

/* Reads more; 0 at the end of input. */
static ssize_t fill(struct client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t n;
    do { /* over TLS what arrives need not be text */
        if (poll(&p, 1, DAEMON_WAIT_MS) == 0)
            fail_msg("no line within %d ms after \"%s\"; unread: %.*s", DAEMON_WAIT_MS, c->line,
                     (int)(c->end - c->start), c->data + c->start);
        n = receive(c, 0);
    } while (c->tls && n < 0 && errno == EAGAIN);
    return n;
}

bool client_send_on(struct client *c, const void *data, size_t len)
{
    if (c->tls)
        return client_tls_send(c->tls, data, len) == (ssize_t)len;
    struct buf wire = {0};
    if (c->ws)
        client_ws_encode(c->ws, data, len, &wire);
    else
        buf_add(&wire, data, len);
    if (is_rot13())
        stream_rot13_turn(wire.data, len);
    bool sent = send(c->fd, wire.data, wire.len, MSG_NOSIGNAL) == (ssize_t)wire.len;
    buf_fini(&wire);
    return sent;
}

/* A frame is not larger than what the caller has space for: the callers have 64 KiB. */
static size_t receive_frames_on(struct client *c, void *data, size_t size)
{
    char wire[4096];
    struct buf text = {0};
    ssize_t n;
    do {
        n = recv(c->fd, wire, sizeof wire, 0);
    } while (n > 0 && client_ws_decode(c->ws, wire, (size_t)n, &text) && !text.len);
    size_t got = text.len < size ? text.len : size;
    if (got)
        memcpy(data, text.data, got);
    buf_fini(&text);
    return got;
}

size_t client_receive_on(struct client *c, void *data, size_t size)
{
    if (c->ws)
        return receive_frames_on(c, data, size);
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    ssize_t n;
    do {
        poll(&p, 1, DAEMON_WAIT_MS);
        n = c->tls ? client_tls_receive(c->tls, data, size) : recv(c->fd, data, size, 0);
    } while (n < 0 && errno == EAGAIN);
    if (n > 0 && is_rot13())
        stream_rot13_turn(data, (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

/* Reads the next line into c->line; false at the end of input. */
static bool next(struct client *c)
{
    char *lf;
    while (!(lf = c->end > c->start ? memchr(c->data + c->start, '\n', c->end - c->start) : NULL)) {
        ssize_t n = fill(c);
        if (n < 0)
            fail_msg("recv: %s", strerror(errno));
        if (n == 0) {
            if (c->start != c->end)
                fail_msg("the connection ended within a line: %.*s", (int)(c->end - c->start), c->data + c->start);
            return false;
        }
    }
    size_t len = (size_t)(lf - (c->data + c->start));
    assert_true(len + 1 < sizeof c->line);
    memcpy(c->line, c->data + c->start, len);
    c->line[len] = '\0';
    c->start += len + 1;
    if (!len || c->line[len - 1] != '\r')
        fail_msg("a line without CR: %s", c->line);
    c->line[len - 1] = '\0';
    if (strlen(c->line) != len - 1 || strpbrk(c->line, "\r\n"))
        fail_msg("a line with CR, LF or NUL inside: %s", c->line);
    return true;
}

const char *client_line(struct client *c)
{
    if (!next(c))
        fail_msg("the connection ended; a line was expected");
    return c->line;
}

void client_expect(struct client *c, const char *fmt, ...)
{
    char wanted[70000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted, sizeof wanted, fmt, ap);
    va_end(ap);
    if (!next(c))
        fail_msg("the connection ended; expected: %s", wanted);
    assert_string_equal(c->line, wanted);
}

void client_ask(struct client *c, const char *line, const char *answer)
{
    client_say(c, "%s", line);
    client_expect(c, "%s", answer);
}

size_t client_skip_to(struct client *c, const char *fmt, ...)
{
    char wanted[8192];
    size_t n = 0;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted, sizeof wanted, fmt, ap);
    va_end(ap);
    for (; strcmp(client_line(c), wanted) != 0; n++)
        ;
    return n;
}

void client_expect_end(struct client *c)
{
    if (next(c))
        fail_msg("the connection did not end; got: %s", c->line);
}

void client_expect_quiet(struct client *c)
{
    static unsigned count;
    char token[32];
    snprintf(token, sizeof token, "quiet%u", ++count);
    client_say(c, "PING %s", token);
    unsigned enqs = c->enqs; /* answered before the PING was read */
    client_expect(c, "PONG %s", token);
    if (c->acks < enqs)
        fail_msg("%u of %u ACKs arrived", c->acks, enqs);
}

void client_login(struct client *c, const struct daemon *d, const char *name)
{
    client_open(c, d);
    client_say(c, "USERNAME %s", name);
    client_expect(c, "OK Welcome, %s!", name);
}

void client_register(struct client *c, const struct daemon *d, const char *name)
{
    client_login(c, d, name);
    client_say(c, "REGISTER password");
    client_expect(c, "OK Registered %s", name);
}

void client_login_account(struct client *c, const struct daemon *d, const char *name)
{
    client_open(c, d);
    client_say(c, "USERNAME %s password", name);
    client_expect(c, "OK Welcome, %s!", name);
}

void client_take_token(struct client *c, char token[128])
{
    client_say(c, "TOKEN");
    if (sscanf(client_line(c), "OK Token %127s", token) != 1)
        fail_msg("not a token: %s", c->line);
}

void client_enter(struct client *c, const struct daemon *d, const char *name, const char *room)
{
    client_login(c, d, name);
    client_say(c, "JOIN %s", room);
    client_say(c, "PING entered");
    client_skip_to(c, "PONG entered");
}
