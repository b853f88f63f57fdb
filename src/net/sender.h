/* SPDX-License-Identifier: ISC */
#ifndef NET_SENDER_H
#define NET_SENDER_H

#include "base/buf.h"
#include "base/lock.h"
#include "net/marks.h"
#include "net/stream.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The sending half of a stream that stands on another and sends plain bytes in records: those of TLS, the frames of
 * WebSocket. It keeps the promise of net/stream.h: a write is reported when its record was handed down whole.
 *
 *     reader    what answers the peer   → .out → poke
 *     drainer   plain bytes → a record  → .out → .sending → stream_write(below) → the record's count is reported
 *
 * A stream has one, and uses its lock for all that its reader and its drainer share. Zero-initialise, then sender_init.
 *
 * Locking key: S by .lock · D the drainer · a atomic · c constant
 */
struct sender {
    struct lock lock;    /* of rank LOCK_STREAM */
    struct buf out;      /* S: to be sent, in whole records */
    _Atomic size_t held; /* a: bytes in .out, and in .sending behind .sent */
    struct buf sending;  /* D */
    size_t sent;         /* D: how much of it is sent */
    size_t owed;         /* D: the plain bytes of the record in .sending, which are to be reported as written */
    struct marks marks;  /* S */
    bool wipes;          /* c: the records are readable, so they are overwritten once they are sent */
};

void sender_init(struct sender *s);
void sender_fini(struct sender *s);

/* Queues bytes for the peer behind those before: parts of a record, or whole ones without plain bytes. */
void sender_add_locked(struct sender *s, const void *data, size_t n);
/* Makes space for so many of them, so that what is added does not move, which would leave a copy. */
void sender_reserve_locked(struct sender *s, size_t n);

/* For the drainer. The first makes space for the mark of the next record, and may release the lock for it; nothing may
 * be owed yet. The last ends the record, which was added before: from now on its plain bytes are owed. `plain` says how
 * many there are since the beginning, or since a part of the record was ended that the peer can read by itself. */
void sender_begin_record_locked(struct sender *s, struct stream *below);
void sender_end_part_locked(struct sender *s, size_t plain);
void sender_end_record_locked(struct sender *s, size_t plain);

/* For the drainer: sends what is left of a record that was begun. 0, or -1 with errno. */
int sender_send(struct sender *s, struct stream *below, bool block);
/* The same, and returns what was owed. */
ssize_t sender_complete(struct sender *s, struct stream *below, bool block);
/* The same with all that waits, for the `push` of the stream. Nothing stays owed that was not. */
int sender_push(struct sender *s, struct stream *below, bool block);

/* Any thread. */
bool sender_holds(const struct sender *s);
/* For the `acknowledged` of the stream. */
bool sender_acknowledged(struct sender *s, struct stream *below, uint64_t *bytes);

#endif
