/* SPDX-License-Identifier: ISC */
/*
 * Plain TCP: blocking recv and sendmsg, and nothing in between. Not obvious: after shutdown(SHUT_RD) Linux still
 * accepts what the peer sends, but recv returns 0 as soon as the queue is empty. So where we shut the input
 * ourselves, to wake the reader, the end of the peer is read from the TCP state instead.
 */
#include "config.h"

#include "net/stream_tcp.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"
#include "net/tcp_info.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_BYTES 65536

static struct stream_tcp *tcp_of(struct stream *st)
{
    return container_of(st, struct stream_tcp, base);
}

static ssize_t tcp_read(struct stream *st, void *data, size_t size)
{
    int fd = tcp_of(st)->fd;
    ssize_t n;
    do
        n = recv(fd, data, size, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t send_all(struct stream *st, const struct iovec *iov, int count, int flags)
{
    int fd = tcp_of(st)->fd;
    ssize_t n;
    struct msghdr mh = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    do
        n = count == 1 ? send(fd, iov->iov_base, iov->iov_len, flags | MSG_NOSIGNAL)
                       : sendmsg(fd, &mh, flags | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

static ssize_t tcp_write(struct stream *st, const struct iovec *iov, int count)
{
    return send_all(st, iov, count, 0);
}

static ssize_t tcp_try_write(struct stream *st, const struct iovec *iov, int count)
{
    return send_all(st, iov, count, MSG_DONTWAIT);
}

static void tcp_shut(struct stream *st, enum stream_shut how)
{
    struct stream_tcp *tcp = tcp_of(st);
    /* ENOTCONN only means that the peer was quicker */
    (void)shutdown(tcp->fd, how == STREAM_SHUT_READ ? SHUT_RD : SHUT_RDWR);
    tcp->read_shut = true;
}

/* TCP_CLOSE also if it cannot be told. */
static int tcp_state(struct stream *st)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    return getsockopt(tcp_of(st)->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 ? info.tcpi_state : TCP_CLOSE;
}

static bool tcp_has_ended(struct stream *st)
{
    int state = tcp_state(st);
    return state != TCP_ESTABLISHED && state != TCP_FIN_WAIT1 && state != TCP_FIN_WAIT2;
}

static bool tcp_is_lost(struct stream *st)
{
    return tcp_state(st) == TCP_CLOSE;
}

static bool tcp_acknowledged(struct stream *st, uint64_t *bytes)
{
    return tcp_info_acknowledged(tcp_of(st)->fd, bytes);
}

static void tcp_linger(struct stream *st, int64_t until_ms)
{
    struct stream_tcp *tcp = tcp_of(st);
    char drop[4096];
    size_t dropped = 0;
    int pause_ms = 2;
    (void)shutdown(tcp->fd, SHUT_WR);
    for (;;) {
        ssize_t n = recv(tcp->fd, drop, sizeof drop, MSG_DONTWAIT);
        int64_t left_ms = until_ms - clock_ms();
        if (n > 0) {
            dropped += (size_t)n;
            if (dropped > LINGER_BYTES)
                return;
        } else if (n == 0 && (!tcp->read_shut || tcp_has_ended(st))) {
            return;
        } else if (n == 0) {
            if (left_ms <= 0)
                return;
            poll(NULL, 0, pause_ms < left_ms ? pause_ms : (int)left_ms);
            pause_ms *= 2;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (left_ms <= 0)
                return;
            struct pollfd p = {.fd = tcp->fd, .events = POLLIN};
            poll(&p, 1, (int)left_ms);
        } else if (errno != EINTR) {
            return;
        }
    }
}

static void tcp_close(struct stream *st)
{
    struct stream_tcp *tcp = tcp_of(st);
    must(tcp->fd >= 0);
    close(tcp->fd);
    tcp->fd = -1;
}

static const struct stream_ops tcp_ops = {
    .read = tcp_read,
    .write = tcp_write,
    .try_write = tcp_try_write,
    .shut = tcp_shut,
    .has_ended = tcp_has_ended,
    .is_lost = tcp_is_lost,
    .acknowledged = tcp_acknowledged,
    .linger = tcp_linger,
    .close = tcp_close,
};

void stream_tcp_init(struct stream_tcp *tcp, int fd)
{
    *tcp = (struct stream_tcp){.base = {.ops = &tcp_ops}, .fd = fd};
}
