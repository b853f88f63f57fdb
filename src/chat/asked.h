/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ASKED_H
#define CHAT_ASKED_H

#include "base/bell.h"
#include "store/store.h"

#include <stdatomic.h>

/*
 * A job of the store that somebody waits for: a change that is to be on disk, a question to it. It lives in what embeds
 * it, until asked_wait returns: a job that was taken is waited for.
 */
struct asked {
    struct store_job job;
    struct bell *bell;  /* borrows: rings when .result is there */
    bool refused;       /* the store was bad: asked_wait will say so */
    _Atomic int result; /* 0 until asked_answer */
};

/* Puts it to the store, to do what `how` says by run, read and done. Any lock that ranks below STORE. asked_wait must follow,
 * without hot locks. */
void asked_put(struct asked *a, const struct store_job *how, struct bell *bell);

/* From done(): the answer, not 0. The waiter may use the slot again from then on. */
void asked_answer(struct asked *a, int result);

/* Who waits: the bell that wakes it, and what says that it has to end (NULL: nothing does). */
struct waiter {
    struct bell *bell;
    bool (*is_over)(void *arg);
    void *arg;
};
bool waiter_is_over(const struct waiter *w);

/* Waits for the answer. False: done() was not called and will not be, since the store is bad, or since the job was still
 * not taken after 2 s or when `is_over(arg)` (may be NULL) said that the waiter has to end. A taken job is waited for.
 * Blocks. */
bool asked_wait(struct asked *a, bool (*is_over)(void *arg), void *arg);

/*
 * A piece of work for the store that needs no place of its own: `run` inside the transaction, maybe more than once, then,
 * after COMMIT, `made` (may be NULL); both on the store thread, with `arg`, which the caller owns and may have on its
 * stack, since the call returns when the store has let go of it. True: it is on disk. False: nothing was changed. Blocks;
 * no lock. What `run` finds wrong with the request it notes in `arg` and returns SQLITE_OK: an error would fail what
 * others do in the same transaction.
 */
struct errand {
    int (*run)(void *arg, sqlite3 *db);
    void (*made)(void *arg);
};
bool errand_do(const struct errand *e, void *arg, const struct waiter *w);

/* The same in two steps, for who has to put it to the store in a hold; that may be of any lock that ranks below STORE.
 * errand_end must follow, without hot locks. */
struct errand_asked {
    struct asked asked;
    const struct errand *errand;
    void *arg;
};
void errand_begin(struct errand_asked *ea, const struct errand *e, void *arg, struct bell *bell);
bool errand_end(struct errand_asked *ea, const struct waiter *w);

/* The same for small things that nobody waits for: `arg`, of `size` bytes, is copied. Tried again until it is on disk, but
 * dropped at once when very much waits for a bad store already. Any thread, any lock that ranks below STORE. */
void errand_leave(const struct errand *e, const void *arg, size_t size);

#endif
