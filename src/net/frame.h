/* SPDX-License-Identifier: ISC */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Frames of a WebSocket server that hold whole lines, or one line without its end (RFC 6455 section 5.2). Pure. */

/*
 * How lines travel.
 *
 *   FRAME_LINES        in text messages: what is written goes in frames of whole lines, and each message that is
 *                      received is one or more lines, the last of which need not have an end
 *   FRAME_TEXT_LINE    one line in each text message, without its end. One that is received may have it; what has text
 *                      behind an end is refused
 *   FRAME_BINARY_LINE  the same in binary messages
 */
enum frame_form { FRAME_LINES, FRAME_TEXT_LINE, FRAME_BINARY_LINE };

#define FRAME_HEADER 10 /* bytes, at most */
#define FRAME_CLOSE 4

/* How many bytes of the parts go into the next frame. Each part is whole lines; so is the frame: as many as fit, or one
 * that is longer. At least one part must not be empty. */
size_t frame_size(const struct iovec *iov, int count);

/* Writes the header of a text frame, or a binary one, of n bytes, without a mask. Its length. */
size_t frame_header(unsigned char header[FRAME_HEADER], size_t n, bool is_binary);

/* Writes a Close frame with a code. Its length, FRAME_CLOSE. */
size_t frame_close(unsigned char frame[FRAME_CLOSE], int code);

/* How long the first line of n bytes is, and without its end, LF or CR LF, in *text. n is not 0. */
size_t frame_first_line(const char *data, size_t n, size_t *text);

/* How many bytes the first n bytes of the parts, whole lines, take as frames of one line each. */
size_t frame_wire_bytes(const struct iovec *iov, size_t n);

/* For a message that is to be one line: how many of the next n bytes of it belong to the line, in *text. *ended: its
 * end has come, which it need not have; the first time false. False: text stands behind an end of a line. */
bool frame_take_line(const unsigned char *data, size_t n, bool *ended, size_t *text);

#endif
