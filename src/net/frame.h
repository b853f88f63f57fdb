/* SPDX-License-Identifier: ISC */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Frames of a WebSocket server that hold whole lines, or one line without its end (RFC 6455 section 5.2). Pure. */

#define FRAME_HEADER 10 /* bytes, at most */

/* How many bytes of the parts go into the next frame. Each part is whole lines; so is the frame: as many as fit, or one
 * that is longer. At least one part must not be empty. */
size_t frame_size(const struct iovec *iov, int count);

/* Writes the header of a text frame, or a binary one, of n bytes, without a mask. Its length. */
size_t frame_header(unsigned char header[FRAME_HEADER], size_t n, bool is_binary);

/* How long the first line of n bytes is, and without its end, LF or CR LF, in *text. n is not 0. */
size_t frame_first_line(const char *data, size_t n, size_t *text);

/* For a message that is to be one line: how many of the next n bytes of it belong to the line, in *text. *ended: its
 * end has come, which it need not have; the first time false. False: text stands behind an end of a line. */
bool frame_take_line(const unsigned char *data, size_t n, bool *ended, size_t *text);

#endif
