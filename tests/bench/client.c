/* SPDX-License-Identifier: ISC */
/* Sockets of the clients. Nothing here blocks or depends on a protocol. */
#include "config.h"

#include "tests/bench/client.h"

#include "base/panic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHRINK_ABOVE 4096 /* a larger buffer is freed once it is empty */

static int prepare(int fd, struct in_addr source, int receive_buffer)
{
    int on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = source};
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return -1;
    if (receive_buffer && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer) != 0)
        return -1;
    if (!source.s_addr)
        return 0;
    /* the port is chosen at connect(2), so that each source has the full range for each destination */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
        return -1;
    return bind(fd, (struct sockaddr *)&from, sizeof from);
}

int client_connect(struct client *c, const struct sockaddr_in *to, struct in_addr source, int receive_buffer)
{
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return -1;
    c->state = CLIENT_CONNECTING;
    if (prepare(c->fd, source, receive_buffer) != 0)
        return -1;
    return connect(c->fd, (const struct sockaddr *)to, sizeof *to) == 0 || errno == EINPROGRESS ? 0 : -1;
}

int client_connected(struct client *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ? errno : error;
}

static void empty(struct buf *b)
{
    if (b->cap > SHRINK_ABOVE)
        buf_fini(b);
    else
        buf_clear(b);
}

int client_read(struct client *c, struct input *in, size_t most)
{
    size_t kept = c->rest.len, space = INPUT_SIZE - kept - 1; /* a WebSocket may need one byte more */
    must(kept < INPUT_SIZE - 1);
    if (space > most)
        space = most;
    char *to = in->data + kept;
    ssize_t n = c->tls ? tls_read(c->tls, to, space) : recv(c->fd, to, space, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n > 0 && c->ws) {
        n = ws_take(c->ws, to, (size_t)n);
        if (n >= 0 && client_send(c) < 0) /* what waited for the agreement, and answers to pings */
            n = -1;
        if (n == 0)
            return 0;
    }
    if (n <= 0)
        return -1;
    if (kept) {
        memcpy(in->data, c->rest.data, kept);
        empty(&c->rest);
    }
    in->len = kept + (size_t)n;
    return 1;
}

void client_keep(struct client *c, const char *p, size_t n)
{
    buf_add(&c->rest, p, n);
}

int client_send(struct client *c)
{
    struct buf *out = c->ws ? &c->ws->wire : &c->out;
    size_t *sent = c->ws ? &c->ws->sent : &c->sent;
    if (c->ws && c->ws->is_open && c->out.len) {
        ws_put(c->ws, c->out.data, c->out.len);
        empty(&c->out);
    }
    while (*sent < out->len) {
        const char *from = out->data + *sent;
        size_t left = out->len - *sent;
        ssize_t n = c->tls ? tls_write(c->tls, from, left) : send(c->fd, from, left, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? 1 : -1;
        *sent += (size_t)n;
    }
    *sent = 0;
    empty(out);
    return 0;
}

size_t client_unsent(const struct client *c)
{
    return c->out.len - c->sent + (c->ws ? c->ws->wire.len - c->ws->sent : 0);
}

void client_note_error(struct client *c, const char *words, size_t len)
{
    if (len >= CLIENT_WORDS)
        len = CLIENT_WORDS - 1;
    free(c->words);
    c->words = panic_calloc(1, len + 1);
    memcpy(c->words, words, len);
}

void client_close(struct client *c)
{
    tls_free(c->tls);
    c->tls = NULL;
    ws_free(c->ws);
    c->ws = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = CLIENT_CLOSED;
    buf_fini(&c->out);
    buf_fini(&c->rest);
}

void client_fini(struct client *c)
{
    client_close(c);
    free(c->words);
    c->words = NULL;
}
