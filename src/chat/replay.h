/* SPDX-License-Identifier: ISC */
#ifndef CHAT_REPLAY_H
#define CHAT_REPLAY_H

#include "chat/member.h"

/*
 * The last messages of a conversation, for users who join: a ring. Zero-initialise. Protected by the room's lock; any
 * thread.
 */
struct replay {
    struct said {
        enum event_kind kind; /* EVENT_SAID or EVENT_ACTION */
        char name[NAME_SIZE];
        char *text; /* owns */
        size_t cap;
        uint64_t id;
        int64_t time_ms;
    } *v; /* owns */
    int cap, first, count;
    uint64_t lost_id; /* number of the newest message that was dropped from it; starts as the room's newest */
};

/* How many messages it holds, and how old a message it renders may be, in seconds. Any thread, without a lock. */
void replay_configure(int most, int age_s);

/* Adds a copy of a message: of its kind, name, text, number and time. */
void replay_add(struct replay *re, const struct event *ev);
/* Appends the messages as lines in the member's form, without those of users it ignores. `after` 0: without messages
 * that are too old; else only messages with higher numbers, of any age. */
void replay_render(const struct replay *re, const char *room, const struct member *m, uint64_t after, struct buf *out);
/* Removes what that user said (the case of the name does not matter), or all with NULL, and wipes the texts. */
void replay_forget(struct replay *re, const char *name);
/* Empties it and frees its memory. It may be used again. */
void replay_fini(struct replay *re);

#endif
