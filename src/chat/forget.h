/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FORGET_H
#define CHAT_FORGET_H

#include "chat/request.h"
#include "chat/room.h"
#include "store/store_history.h"

/*
 * Forgetting what a user said, or what was said in a room: out of the history, out of the index, and out of the pages in
 * which it stood there; in small steps between all else that is written. In its asker's slot.
 */
struct forget {
    struct request request;
    char who[NAME_SIZE];
    struct history_forget what, next; /* so far; after this step */
    enum { FORGET_COUNTS, FORGET_DELETES, FORGET_WIPES, FORGET_CLEARS, FORGET_DONE } phase;
    int removed;                      /* in this step */
    bool failed;                      /* this step, by damage */
    bool more;                        /* to wipe */
    long long sum;                    /* messages forgotten */
};
enum forget_result { FORGET_STEPPED = 1, FORGET_FAILED };

/* Begins: a user's name, or a room's name as name_room gave it. What is said from the first step on stays. */
void forget_begin(struct forget *f, const char *who);

/* Does one step and waits for it. False: the store could not do it, and what was not forgotten yet is there still. It is
 * done when .phase is FORGET_DONE. Blocks; any thread with a bell, without locks. */
bool forget_step(struct forget *f, struct notifier *notifier);

#endif
