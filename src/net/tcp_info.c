/* SPDX-License-Identifier: ISC */
/* A file of its own, because only the kernel's <linux/tcp.h> has the field, and it conflicts with <netinet/tcp.h>. */
#include "config.h"

#include "net/tcp_info.h"

#ifdef HAVE_TCPI_BYTES_ACKED

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

bool tcp_info_acknowledged(int fd, uint64_t *bytes)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || len <= offsetof(struct tcp_info, tcpi_bytes_acked))
        return false;
    *bytes = info.tcpi_bytes_acked;
    return true;
}

#else

bool tcp_info_acknowledged(int fd, uint64_t *bytes)
{
    (void)fd;
    (void)bytes;
    return false;
}

#endif
