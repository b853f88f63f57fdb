/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_STREAM_ROT13_H
#define TESTS_LIB_STREAM_ROT13_H

#include "net/stream.h"

/*
 * A stream layer for tests that behaves as awkwardly as encryption, to test what the outbox must do for such a stream.
 *
 *  - ASCII letters are rotated by 13, both ways.
 *  - At most ROT13_PIECE bytes are encoded at a time. Every third try_write sends only half of what it has encoded,
 * keeps the rest and the count it owes, and fails with EAGAIN.
 *  - An ENQ byte in the input is not passed up; it is answered by an ACK byte, at any time. The reader queues the
 * answer and pokes the writer. So wire positions differ from plain ones, and stream_acknowledged uses marks.
 *
 * Bounds: queued answers are one counter. At most ROT13_MARKS runs of plain bytes between answers may be
 * unacknowledged; beyond that, answers wait until the peer's machine has acknowledged some, which stream_tick and each
 * write check.
 */
#define ROT13_ENQ 0x05
#define ROT13_ACK 0x06
#define ROT13_PIECE 4096
#define ROT13_MARKS 512

extern const struct stream_layer stream_rot13;

/* Rotates the letters of `n` bytes in place. */
void stream_rot13_turn(char *data, size_t n);

#endif
