/* SPDX-License-Identifier: ISC */
#ifndef NET_STREAM_TCP_H
#define NET_STREAM_TCP_H

#include "net/stream.h"

/* Plain TCP, the bottom of every stack. It holds nothing of its own. */
struct stream_tcp {
    struct stream base; /* first */
    int fd;             /* -1 when closed */
    bool read_shut;     /* we ended the input, so a read of 0 bytes does not mean that the peer has ended; by the outbox
                           lock */
};

/* Makes `tcp` a stream over a connected socket, which it owns from now on. Reader. */
void stream_tcp_init(struct stream_tcp *tcp, int fd);

#endif
