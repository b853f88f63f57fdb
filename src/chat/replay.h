/* SPDX-License-Identifier: ISC */
#ifndef CHAT_REPLAY_H
#define CHAT_REPLAY_H

#include "chat/member.h"

/*
 * What was said last in a conversation, shown to who joins it: a ring of messages. Zero-initialise. By the lock of its
 * room.
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
    uint64_t lost_id; /* number of the newest message that is in it no more; starts as the room's newest */
};

/* How many messages, and how old the oldest may be. Any thread. */
void replay_configure(int most, int age_s);

void replay_add(struct replay *re, const struct event *ev);
/* Adds the lines that a member is shown: not what those say whom it ignores, and not what is too old; or, whatever its age,
 * what has a number above `after` (0: the first way). */
void replay_render(const struct replay *re, const char *room, const struct member *m, uint64_t after, struct buf *out);
/* Takes out what that user said (in any case of the name), or all with NULL. */
void replay_forget(struct replay *re, const char *name);
/* Empties it. */
void replay_fini(struct replay *re);

#endif
