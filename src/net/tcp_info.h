/* SPDX-License-Identifier: ISC */
#ifndef NET_TCP_INFO_H
#define NET_TCP_INFO_H

#include <stdbool.h>
#include <stdint.h>

/* How many bytes of a TCP connection the peer's machine has acknowledged (tcpi_bytes_acked of TCP_INFO, RFC 4898).
 * Works also on a connection that has ended; then the end counts as one byte. False if the system does not say. Never
 * blocks; any thread. */
bool tcp_info_acknowledged(int fd, uint64_t *bytes);

#endif
