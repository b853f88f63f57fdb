/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_STREAM_ROT13_H
#define TESTS_LIB_STREAM_ROT13_H

#include "net/stream.h"

/*
 * A stream that stands on another and is as awkward as one that encrypts, so that the tests can show what the outbox owes to
 * such a stream. It is no use to anybody else.
 *
 *  - ASCII letters are rotated by 13, both ways.
 *  - At most ROT13_PIECE bytes are encoded at a time. Every third try_write sends only half of what it has encoded, keeps the
 *    rest and the count it owes, and says EAGAIN.
 *  - An ENQ byte in the input is answered by an ACK byte at any time, and not passed up. The reader queues the answer and
 *    pokes the writer. So wire positions differ from plain ones, and stream_acknowledged goes by marks.
 *
 * Bounds: answers that wait are one counter. At most ROT13_MARKS runs of plain bytes between answers may be unacknowledged;
 * with more, answers wait until the peer's machine has acknowledged some, which stream_tick and each write look for.
 */
#define ROT13_ENQ 0x05
#define ROT13_ACK 0x06
#define ROT13_PIECE 4096
#define ROT13_MARKS 512

extern const struct stream_layer stream_rot13;

/* Rotates the letters of `n` bytes in place. */
void stream_rot13_turn(char *data, size_t n);

#endif
