/* SPDX-License-Identifier: ISC */
#ifndef NET_POST_H
#define NET_POST_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a thread owes after it has put: the wakes of writers, and a wait for an outbox that presses. Each thread
 * has its own list; it runs through the outboxes themselves (struct outbox, owed_next), so posting to thousands
 * takes no memory. The rule: flush before you wait. Every door to a wait asserts it.
 */
struct outbox;

/* Names the calling thread's own outbox, which presses on nobody's patience; NULL: a thread without one. */
void post_self(struct outbox *ob);

/* Wakes every writer owed by this thread. No lock that ranks at or above OUTBOX may be held. */
void post_flush(void);

/* Aborts when this thread owes a wake. */
void post_assert_flushed(void);

/* What the puts since the last call met: its own outbox pressing, another one pressing. Clears both. */
struct post_pressure {
    bool own;
    struct outbox *other; /* borrows: outboxes are never freed; NULL if none */
    uint64_t gen;         /* the life of `other` that pressed */
};
struct post_pressure post_pressure(void);

/* For net/outbox.c, in outbox_put, with that outbox's lock held. */
void post_owe_locked(struct outbox *ob);
void post_pressed_locked(struct outbox *ob);

#endif
