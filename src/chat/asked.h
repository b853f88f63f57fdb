/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ASKED_H
#define CHAT_ASKED_H

#include "base/bell.h"
#include "store/store.h"

#include <stdatomic.h>

/*
 * A job of the store that somebody waits for: a change that is to be on disk, a question to it. It stands in the waiter's
 * slot, never on a stack, because a job that was taken is waited for, and lives in what embeds it.
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

/* Waits for the answer. False: done() was not called and will not be, since the store is bad, or since the job was still
 * not taken after 2 s or when `is_over(arg)` (may be NULL) said that the waiter has to end. A taken job is waited for.
 * Blocks. */
bool asked_wait(struct asked *a, bool (*is_over)(void *arg), void *arg);

#endif
