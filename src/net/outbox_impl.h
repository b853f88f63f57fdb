/* SPDX-License-Identifier: ISC */
#ifndef NET_OUTBOX_IMPL_H
#define NET_OUTBOX_IMPL_H

#include "base/cond.h"
#include "base/counter.h"
#include "base/lock.h"
#include "base/notifier.h"
#include "net/close.h"
#include "net/msg.h"
#include "net/patience.h"
#include "net/post.h"
#include "net/stream.h"
#include "net/tail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The inside of an outbox, for net/outbox.c (puts and closes), net/outbox_drain.c (writes), net/outbox_tail.c,
 * net/pressure.c and the unit tests. Everybody else uses net/outbox.h.
 *
 * Locking key: O by .lock · D the drainer, while .draining · c constant after outbox_new
 */
struct outbox_batch {
    struct msg **v; /* owns the array and a reference to each */
    size_t n, cap;
};

struct outbox {
    struct lock lock;
    struct cond wake;           /* the writer sleeps here */
    struct notifier *notifier;  /* c: borrows; wakes the pair's reader */
    struct stream *stream;      /* O: borrows; NULL when idle */
    uint64_t gen;               /* O: names this life: the client's id, never used twice */
    struct outbox_batch queued; /* O */
    struct outbox_batch flight; /* D: what the drainer is writing; what a poster could not carry stays in it */
    size_t flight_at;           /* D: its first unwritten entry */
    size_t flight_offset;       /* D: and the first unwritten byte of that entry */
    size_t entries, bytes;      /* O: queued and in flight, until written; net/msg.h says what a message counts for */
    size_t queued_entries;      /* O: those of .entries that are in .queued */
    int64_t queued_since_ms;    /* O: when the oldest of .queued was put */
    int64_t flight_since_ms;    /* O: the same for .flight; while .pushing, when that began */
    int64_t drained_us;         /* O: when the last drain ended */
    bool draining;              /* O: somebody writes to the stream: the writer, or a poster that carries */
    bool pushing;               /* O: and only what the stream holds, without entries */
    bool asleep;                /* O: the writer waits for a wake */
    bool poked;                 /* O: the writer is to push what the stream holds */
    bool retired;               /* O: the writer is to end */
    bool finished;              /* O */
    bool failed;                /* O: a write has failed, or we gave up: what the stream holds will not be written */
    enum close_reason reason;   /* O: CLOSE_OPEN while open */
    uint64_t written;           /* O: bytes, in this life */
    uint64_t noted_end;         /* O: where the last message with a note that was put ends, or a little behind that */
    struct tail *tail;          /* O: owns; NULL: outbox_keep_tail was not called */
    struct msg *last_words;     /* O: owns; given by the call that closed, or NULL */
    _Atomic(msg_filter_fn *) flight_filter; /* written O: what the drainer is to apply to the flight, or NULL */

    bool owed;                  /* O: a poster owes the wake */
    struct post_debt debt;      /* that poster's, while .owed */
    struct patience patience;   /* O */
};

/* How many bytes the peer's machine has acknowledged; if that is not known, how many were written. It may be more than
 * was written: the peer can have a part of a write that failed afterwards; and TCP counts the end of the stream as a
 * byte, which is less than any line. */
uint64_t outbox_acknowledged_locked(const struct outbox *ob);
/* For net/patience.h. */
struct patience_look outbox_look_locked(const struct outbox *ob, int64_t now_ms);

bool outbox_is_drained_locked(const struct outbox *ob);
bool outbox_over_half_locked(const struct outbox *ob);
bool outbox_under_quarter_locked(const struct outbox *ob);

static inline bool outbox_is_open_locked(const struct outbox *ob)
{
    return ob->stream && ob->reason == CLOSE_OPEN;
}

/* Something has left the outbox, or it was closed: ends waits for it that are over. */
static inline void outbox_relieve_locked(struct outbox *ob)
{
    if (patience_is_in_use(&ob->patience))
        patience_relieve_waiters_locked(&ob->patience, outbox_under_quarter_locked(ob), outbox_is_open_locked(ob));
}

/* Wakes the writer after the lock is released, if it sleeps: true tells the caller to signal. A signal after the
 * release spares the writer a collision; it is safe because outboxes are never freed while chatd runs. */
static inline bool outbox_rouse_locked(struct outbox *ob)
{
    bool was = ob->asleep;
    ob->asleep = false;
    return was;
}

static inline void outbox_signal_writer(struct outbox *ob)
{
    counter_add(COUNTER_WAKES, 1);
    cond_signal(&ob->wake);
}

static inline void outbox_uncount_locked(struct outbox *ob, size_t entries, size_t bytes)
{
    ob->entries -= entries;
    ob->bytes -= bytes;
}

/* The one place where an outbox closes; it must be open. Takes over `last_words`. True: the caller signals the writer
 * after the release. */
bool outbox_close_locked(struct outbox *ob, enum close_reason reason, struct msg *last_words);

/* Drops all that is queued. */
void outbox_drop_queue_locked(struct outbox *ob);

/* The writer, between two calls to the stream: filters the flight, if that was asked for. */
void outbox_filter_flight(struct outbox *ob);

/* The most entries of the flight that one call to the stream passes; 2 KiB of the writer's stack. */
#define OUTBOX_IOV 128

/* Releases the messages of a batch, and an array that only a burst needed. The batch's owner. */
void outbox_batch_clear(struct outbox_batch *b);

/* Pays a debt to the outbox that has it: wakes the writer, or carries. For net/post.c, through struct post_debt. */
bool outbox_pay(struct post_debt *d, int64_t now_us);

/* Notes that the messages of the flight from `from` to .flight_at are written. The drainer. */
void outbox_extend_tail_locked(struct outbox *ob, size_t from);
/* For a tail that waits for the drainer: it begins with the first message that is not written whole. The drainer, or
 * while there is none. */
void outbox_begin_tail_locked(struct outbox *ob);

#endif
