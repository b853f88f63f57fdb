/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FORGET_H
#define CHAT_FORGET_H

#include "base/strv.h"
#include "chat/request.h"
#include "chat/room.h"
#include "store/store_history.h"

/*
 * Deletes what a user said, or what was said in a room, for good: from the history, from the index, and from the
 * database pages that held it. In small steps, between which other jobs are written. It lives in its caller's slot.
 */
struct forget {
    struct request request;
    char key[NAME_SIZE];              /* the user's or room's name, folded */
    struct history_forget what, next; /* after the steps so far; after this step */
    struct strv kept;                 /* owns: keys of the rooms that have messages, after the last deletion */
    enum { FORGET_COUNTS, FORGET_DELETES, FORGET_WIPES, FORGET_CLEARS, FORGET_DONE } phase;
    int removed;                      /* messages, in this step */
    bool failed;                      /* this step, because of damage */
    bool more;                        /* there is more to wipe */
    long long sum;                    /* messages deleted so far */
};
enum forget_result { FORGET_STEPPED = 1, FORGET_FAILED };

/* Begins. `name`: a user's, or a room's as name_room gave it. What is said after the first step stays. */
void forget_begin(struct forget *f, const char *name);

/* Does one step and waits for it; all is done when .phase is FORGET_DONE. False: the store could not do it, and what
 * was not deleted yet is still there. Blocks. Any thread with a notifier, no lock. */
bool forget_step(struct forget *f, struct notifier *notifier);
/* Has to follow, whatever has become of it. */
void forget_end(struct forget *f);

#endif
