/* SPDX-License-Identifier: ISC */
#ifndef NET_OUTBOX_H
#define NET_OUTBOX_H

#include "base/buf.h"
#include "base/notifier.h"
#include "net/close.h"
#include "net/msg.h"
#include "net/stream.h"
#include "net/tail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A client's outbox: a bounded queue of shared messages between the many threads that post to it and the one that
 * drains it. doc/architecture.md states its invariants one by one; tests/unit/test_outbox*.c hold each of them.
 *
 * The life of an outbox. It is never freed while chatd runs; `gen`, the client's id, tells one life from the next:
 *
 *     idle --outbox_open--> open --outbox_close--> closed --outbox_finish--> finished --outbox_detach--> idle
 *
 * open      puts are taken; the writer drains
 * closed    puts are refused; the queue is drained or was dropped, as tbl/close.h says
 * finished  the last words are queued; when they are written (outbox_is_drained) the reader detaches
 */
struct outbox;

struct outbox_limits {
    int entries;     /* most entries */
    int bytes;       /* most bytes; but an empty outbox takes one entry of any size */
    int age_ms;      /* the age of the oldest entry at which outbox_tick charges the patience, and then closes */
    int patience_ms; /* how long others wait for it, net/pressure.h */
    int pace_kib_s;  /* a peer that takes so many KiB a second is waited for as long as it takes */
};

/* The limits in force for all outboxes. Any thread, any lock. */
void outbox_configure(const struct outbox_limits *limits);
struct outbox_limits outbox_limits(void);

/* Whether posters carry (net/outbox_drain.c). The default is on; for measurements and tests. Any thread. */
void outbox_set_carry(bool on);

/* An idle outbox; aborts when memory is out. `notifier` is borrowed until outbox_free, which is for an idle outbox
 * whose writer has ended. */
struct outbox *outbox_new(struct notifier *notifier);
void outbox_free(struct outbox **ob);

/* Reader. A new life over a connected stream, the top of its stack, which is borrowed until outbox_detach. `gen`
 * names the life and was never used before. A stream that has bytes of its own to send wakes the writer from now on. */
void outbox_open(struct outbox *ob, struct stream *st, uint64_t gen);

enum { OUTBOX_CLOSED = -1, OUTBOX_TAKEN = 0 };

/* Any thread, any lock that ranks below OUTBOX; never blocks on a socket. Takes a reference of its own. An entry
 * that does not fit closes the outbox as CLOSE_SLOW. The wake of the writer is owed until post_flush() (net/post.h).
 * Returns OUTBOX_CLOSED if it was refused; OUTBOX_TAKEN; or, if it was taken and the outbox is congested
 * (net/pressure.h), how full it is in thousandths of its limit, which net/post.h notes as well unless the outbox is
 * the thread's own. */
int outbox_put(struct outbox *ob, struct msg *m);

/* The same for an answer to the owner, by its reader, or by another thread while the reader waits for that: an
 * outbox that is not over half full takes an entry of any size, so no answer is too long for the client that asked. */
int outbox_answer(struct outbox *ob, struct msg *m);
/* The bytes that one page of an answer should have at most: half of outbox_limits().bytes, so that an empty outbox is
 * not more than half full with it. Any thread. */
size_t outbox_answer_bytes(void);

/* Any thread, any lock that ranks below OUTBOX. The first reason wins; true for the call that closed. `last_words`
 * may be NULL; else they are used instead of those of tbl/close.h, and the call takes over the reference, whatever it
 * returns. The second form closes only that life of the outbox. */
bool outbox_close(struct outbox *ob, enum close_reason reason, struct msg *last_words);
bool outbox_close_gen(struct outbox *ob, uint64_t gen, enum close_reason reason, struct msg *last_words);

/* The reason; CLOSE_OPEN while open or idle. Any thread. */
enum close_reason outbox_reason(struct outbox *ob);

/* True if its client is about to leave: it is closed, or the peer has ended and the reader has not seen that yet. Any
 * thread. */
bool outbox_is_ending(struct outbox *ob);

/* Keeper, a few times a second, at now_ms (clock_ms()). Spends the patience of an outbox that is congested, or whose
 * oldest entry, or what the stream has of its own, has waited longer than the limit; closes the latter as CLOSE_SLOW
 * when it is spent. Then lets the stream do its periodic work. Never blocks. */
void outbox_tick(struct outbox *ob, int64_t now_ms);

/* Wakes the writer if the stream holds unsent bytes, so that they are written although no entry waits. In an idle
 * outbox it does nothing, so a late call is harmless. Any thread, any lock that ranks below OUTBOX. */
void outbox_poke(struct outbox *ob);

/* Replaces what is queued by what the filter passes of it; what is being written just now stays. In
 * net/outbox_filter.c. Any thread, any lock that ranks below OUTBOX. */
void outbox_filter(struct outbox *ob, msg_filter_fn *filter);

/* Entries, bytes and generation at one moment. Any thread. */
struct outbox_load {
    size_t entries, bytes;
    uint64_t gen;
    bool open;
};
struct outbox_load outbox_load(struct outbox *ob);

/* The writer. Ends its last drain, then blocks until there is something to write, and is the drainer when it returns.
 * False: the outbox was retired, and the thread ends. */
bool outbox_take(struct outbox *ob);

/* The writer, after outbox_take: writes what the stream holds and all entries it took, many in one call. Blocks. A
 * failure closes the outbox for the reason that the stream gives. */
void outbox_write(struct outbox *ob);

/* The reader's end of a session, in this order, after outbox_close. Queues the last words: those of outbox_close, else
 * these, which may be NULL. The call takes over the reference. The notifier wakes the reader when all is written. */
void outbox_finish(struct outbox *ob, struct msg *last_words);
/* True when nothing is left to write: no entry, and no byte inside the stream. */
bool outbox_is_drained(struct outbox *ob);
/* Gives up what is still unwritten: drops the queue and shuts the stream, so that a blocked write ends. */
void outbox_abandon(struct outbox *ob);
/* When drained: from now on the stream is the reader's alone. */
void outbox_detach(struct outbox *ob);

/* Ends the writer: outbox_take returns false. For an idle outbox. */
void outbox_retire(struct outbox *ob);

/*
 * What was written and may not have arrived, in net/outbox_tail.c. By the owner's reader.
 */

/* What is put from now on is kept until the peer's machine has acknowledged it: messages with a note (net/msg.h), or
 * all that is resendable as well. No effect on a closed outbox. */
enum outbox_keeps { OUTBOX_KEEPS_NOTED, OUTBOX_KEEPS_ALL };
void outbox_keep_tail(struct outbox *ob, enum outbox_keeps what);
/* False: a message with a note was put and may not have arrived yet. Also before the outbox is drained. */
bool outbox_noted_arrived(struct outbox *ob);
/* When drained: true if all that is kept has arrived, or no more of it can arrive. */
bool outbox_tail_is_settled(struct outbox *ob);
/* When drained: hands on what is kept and may not have arrived, and keeps no more. At any time with an empty `rest`:
 * keeps no more. */
void outbox_end_tail(struct outbox *ob, const struct tail_rest *rest);

/* Where in the stream of bytes everything ends that was put so far, or a little behind that; and whether the peer's
 * machine has acknowledged that many. */
uint64_t outbox_position(struct outbox *ob);
bool outbox_acknowledged(struct outbox *ob, uint64_t position);

#endif
