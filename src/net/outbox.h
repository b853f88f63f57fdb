/* SPDX-License-Identifier: ISC */
#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

#include "base/notifier.h"
#include "net/close.h"
#include "net/msg.h"
#include "net/stream.h"
#include "net/tail.h"

#include <stdint.h>

/*
 * A client's outbox: a bounded queue of shared messages between all who post to it and the one who drains it.
 * doc/architecture.md tells the invariants one by one; tests/unit/test_outbox.c holds each.
 *
 * Life of an outbox (it is never freed while chatd runs; `gen`, the client's id, tells its lives apart):
 *
 *     idle --outbox_open--> open --outbox_close--> closed --outbox_finish--> finished --outbox_detach--> idle
 *
 * open      puts are taken; the writer drains
 * closed    puts are refused; the queue is drained or was dropped, as tbl/close.h says
 * finished  the last words are queued; when they are written (outbox_is_drained) the reader detaches
 *
 * Locking key: O by .lock · D the drainer, while .draining · P the poster that owes the wake, while .owed
 *              c constant after outbox_init
 */
struct outbox_batch {
    struct msg **v; /* owns the array and a reference to each */
    size_t n, cap;
};

struct outbox {
    struct lock lock;
    struct cond wake;           /* the writer sleeps here */
    struct notifier *notifier;          /* c: rung for the slot's reader */
    struct stream *stream;      /* O: borrows; NULL when idle */
    uint64_t gen;               /* O: names this life: the client's id, never used twice */
    struct outbox_batch queued; /* O */
    struct outbox_batch flight; /* D: what the drainer is writing; what a poster could not carry stays in it */
    size_t flight_at;           /* D: its first unwritten entry */
    size_t flight_offset;       /* D: and the first unwritten byte of that */
    size_t entries, bytes;      /* O: queued and in flight, until written; an entry as what it counts for (net/msg.h) */
    size_t queued_entries;      /* O: those of .entries that are in .queued */
    int64_t queued_since_ms;    /* O: when the oldest of .queued came */
    int64_t flight_since_ms;    /* O: the same for .flight */
    int64_t drained_us;         /* O: when somebody last stopped draining */
    bool draining;              /* O: somebody writes to the stream: the writer, or a poster that carries */
    bool asleep;                /* O: the writer waits for a wake */
    bool poked;                 /* O: the writer is to come round even without an entry */
    bool retired;               /* O: the writer is to end */
    bool finished;              /* O */
    enum close_reason reason;   /* O: CLOSE_OPEN while open */
    uint64_t written;           /* O: bytes, in this life */
    struct tail *tail;          /* O: owns; NULL but for who may come back for what did not come */
    struct msg *words;          /* O: owns; last words given by who closed, or NULL */

    bool owed;                  /* O: a poster has promised the wake */
    struct outbox *owed_next;   /* P: in that poster's list */

    bool stalled;               /* O: out of the others' patience (net/pressure.h) */
    bool owner_waits;           /* O: its own reader waits for room in it */
    int64_t patience_tenths;    /* O: tenths of a millisecond left at .patience_at_ms */
    int64_t patience_at_ms;     /* O */
    struct outbox *pressers;    /* O: outboxes of the readers that wait for this one */
    struct outbox *press_next;  /* in the list of the outbox waited for: by its lock */
};

struct outbox_limits {
    int entries;     /* most entries */
    int bytes;       /* most bytes, save that an empty outbox takes one entry of any size */
    int age_ms;      /* the oldest entry's age at which keeper's check closes it */
    int patience_ms; /* how long others wait for it, net/pressure.h */
};

/* Whether posters carry, see outbox.c; on from the start. For measuring and for tests. Any thread. */
void outbox_set_carry(bool on);

/* The limits in force for all outboxes. Any thread, any lock. */
void outbox_configure(const struct outbox_limits *limits);
struct outbox_limits outbox_limits(void);

/* `bell` is borrowed for the outbox's whole life. */
void outbox_init(struct outbox *ob, struct notifier *notifier);
void outbox_fini(struct outbox *ob);

/* Reader: a new life over a connected stream (borrowed until outbox_detach), named by an id not used before. */
void outbox_open(struct outbox *ob, struct stream *st, uint64_t gen);

enum { OUTBOX_CLOSED = -1, OUTBOX_TAKEN = 0 };

/* Any thread, any lock below OUTBOX's rank; never blocks on a socket. Takes a reference of its own. An entry that
 * does not fit closes the outbox as CLOSE_SLOW. The wake is owed until post_flush() (net/post.h). OUTBOX_CLOSED when it
 * is refused; OUTBOX_TAKEN; or taken, and the outbox presses (net/pressure.h): then how full it is, in thousandths of
 * its limit, which is noted in net/post.h as well, if it is not the thread's own. */
int outbox_put(struct outbox *ob, struct msg *m);

/* The same for an answer to the owner, by the owner's reader: while the outbox is not over its half, an entry of
 * any size is taken, so that no answer can be too long for its own asker. */
int outbox_answer(struct outbox *ob, struct msg *m);

/* Any thread, any lock below OUTBOX's rank. The first reason wins: true for the call that closed. `words` (its
 * reference is taken over, may be NULL) replaces the last words of tbl/close.h. The second form closes only that
 * life of the outbox. */
bool outbox_close(struct outbox *ob, enum close_reason reason, struct msg *words);
bool outbox_close_gen(struct outbox *ob, uint64_t gen, enum close_reason reason, struct msg *words);

/* The reason, CLOSE_OPEN while open (or idle). Any thread. */
enum close_reason outbox_reason(struct outbox *ob);

/* True when its client is on the way out: closed, or the peer has gone and the reader has yet to see it. Any thread. */
bool outbox_is_ending(struct outbox *ob);

/* Keeper: closes as CLOSE_SLOW when the oldest entry is older than the limit at now_ms. */
void outbox_check_age(struct outbox *ob, int64_t now_ms);

/* Any thread: makes the writer come round once, entry or not. For streams that have something of their own to write. */
void outbox_poke(struct outbox *ob);

/* Entries, bytes and generation as one look. Any thread. */
struct outbox_load {
    size_t entries, bytes;
    uint64_t gen;
    bool open;
};
struct outbox_load outbox_load(struct outbox *ob);

/* The writer: gives back what it drained last, then blocks until there is something to drain (all that is queued
 * is in ob->flight then) or it was poked (flight may be empty). False: retired, the thread ends. */
bool outbox_take(struct outbox *ob);

/* Writes ob->flight to the stream, many entries a call. Blocks. Used by the writer. */
void outbox_write(struct outbox *ob);

/* The reader, unwinding, in this order. After outbox_close: queues the last words (`words` is used, and its
 * reference taken, where the closer gave none; may be NULL). The bell rings once all is written. */
void outbox_finish(struct outbox *ob, struct msg *words);
bool outbox_is_drained(struct outbox *ob);
/* Gives up on what is still unwritten: the stream is shut, so the drainer comes back. */
void outbox_abandon(struct outbox *ob);
/* When drained: the stream is the reader's alone again. */
void outbox_detach(struct outbox *ob);

/* These are in net/outbox_tail.c.
 * The owner's reader: from now on what was written is kept until the peer's machine has acknowledged it. False: something
 * is on its way just now; ask again. */
bool outbox_keep_tail(struct outbox *ob);
/* The owner's reader, when drained: adds the lines, worth it, that may not have come, and keeps no more; before that, whether
 * all that was written has. */
void outbox_end_tail(struct outbox *ob, struct buf *lines);
bool outbox_has_all_come(struct outbox *ob);

/* Where in the stream all ends that was put so far, or a little behind that; and whether the peer's machine has so much. */
uint64_t outbox_position(struct outbox *ob);
bool outbox_has_come_to(struct outbox *ob, uint64_t position);

/* Ends the writer thread: outbox_take returns false. For an idle outbox. */
void outbox_retire(struct outbox *ob);

/* For net/post.c: keeps the promise of a wake, or, if the outbox has been idle at `now_us` (clock_us(); 0: do not ask),
 * writes what it can itself without blocking. True: it was carried. */
bool outbox_pay(struct outbox *ob, int64_t now_us);

/* For net/outbox_tail.c; and from there: the messages of the flight from `from` to .flight_at are written. With the outbox
 * lock held. */
bool outbox_is_drained_locked(const struct outbox *ob);
void outbox_extend_tail_locked(struct outbox *ob, size_t from);

/* For net/pressure.c, with the outbox lock held. */
bool outbox_is_open_locked(const struct outbox *ob);
bool outbox_over_half_locked(const struct outbox *ob);
bool outbox_under_quarter_locked(const struct outbox *ob);

#endif
