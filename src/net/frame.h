/* SPDX-License-Identifier: ISC */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stddef.h>
#include <sys/uio.h>

/* Frames of a WebSocket server that hold whole lines (RFC 6455 section 5.2). Pure. */

#define FRAME_HEADER 10 /* bytes, at most */

/* How many bytes of the parts go into the next frame. Each part is whole lines; so is the frame: as many as fit, or one
 * that is longer. At least one part must not be empty. */
size_t frame_size(const struct iovec *iov, int count);

/* Writes the header of a text frame of n bytes, without a mask. Its length. */
size_t frame_header(unsigned char header[FRAME_HEADER], size_t n);

#endif
