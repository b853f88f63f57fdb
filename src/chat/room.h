/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include "base/strv.h"
#include "chat/fanout.h"
#include "store/store.h"

#include <stdatomic.h>

/*
 * One room: who is in it, what was said last, its topic. Its lock gives the order that everyone in it sees; it is held
 * while lines are put into the members' outboxes, which never blocks.
 *
 * Locking key: R by .lock · T by the table's lock (chat/rooms.h) · c constant
 */
struct membership {
    struct member *member; /* borrows: it leaves before it ends */
};

struct said {
    char name[NAME_SIZE];
    char *text; /* owns */
    size_t cap;
    uint64_t id;
    int64_t time_ms;
};

struct room {
    struct lock lock;
    char name[NAME_SIZE];             /* c: as first written, with its # */
    char key[NAME_SIZE];              /* c */
    struct membership *members;       /* R: owns; in order of arrival */
    int count, cap;                   /* R */
    _Atomic int present;              /* = count, to be read without the lock */
    struct fanout fanout;             /* chat/fanout.h */
    struct said *replay;              /* R: owns; ring of what was said last in this conversation */
    int replay_cap, replay_first, replay_count; /* R */
    uint64_t last_id;                 /* R: number of the newest message; starts at wall-clock ms << 20 */
    char *topic;                      /* R: owns; "" when there is none */
    int64_t created_ms, used_ms;      /* R: wall clock; all its numbers are above created_ms << 20 */
    uint64_t used_no;                 /* R: orders last uses more finely than the clock */
    bool kept;                        /* R: made by the operator, never gives way */
    bool gone;                        /* R: out of the table; its last record job frees it */
    struct store_job record;          /* chat/durable.h */
    bool record_busy, record_again;   /* R */
    int64_t recorded_ms;              /* R: .used_ms as last written */
    _Atomic int refs;                 /* gained under the table's lock only; the table has one */
    int listed;                       /* T: which list of empty rooms it stands in, chat/rooms.c */
    uint64_t listed_no;               /* T: its place there: .used_no when it was listed */
    struct room *prev, *next;         /* T: in that list */
    UT_hash_handle hh;                /* T */
};

/* How many messages a room replays to who joins, how old the oldest may be. Any thread. */
void room_configure(int replay, int replay_age_s);

/* Numbers tell whose a kept message is, so none may come twice under one name: notes that numbers up to this one were
 * given, by a room that is gone or before the start. Any thread, any lock. */
void room_note_number(uint64_t id);
/* The time for a room made now: its numbers, from that << 20 on, are above all that were noted, whatever the clock says. */
int64_t room_birth_ms(void);

/* A room of that name (as name_room gave it) with one reference, the table's. */
struct room *room_new(const char *name, int64_t created_ms);
/* Nobody may be in it or refer to it. */
void room_free(struct room **r);

/* The calls below are for the member's own reader, which has settled (net/post.h) but for room_say. They take the room's
 * lock. */

/* Enters the member. Its whole answer, the replay included, and what the others see are one hold of the lock: so
 * nothing overtakes the answer, and no message is missed or doubled. */
void room_join(struct room *r, struct member *m);
/* Answers as JOIN does for who is in the room already. */
void room_rejoin(struct room *r, struct member *m);
/* Takes the member out; tells the others; `answer`: and the member too. */
void room_leave(struct room *r, struct member *m, bool answer);
/* Says something to everyone in the room, the speaker included; it is heard when the speaker's reader settles, or when
 * whoever combines flushes (net/post.h). False: the member is not in it. */
bool room_say(struct room *r, struct member *m, const char *text);
/* Answers with the topic. */
void room_tell_topic(struct room *r, struct member *m);

/* These are for any thread. */

/* The operator's words, in the name of NAME_SERVER. False: nobody is there to hear them. */
bool room_announce(struct room *r, const char *text);
/* Takes out of the replay what that user said (in any case of the name), or all with NULL. */
void room_forget(struct room *r, const char *name);
/* Adds the names of those in it, in order of arrival. */
void room_names(struct room *r, struct strv *names);

/* Puts an event that is not talk into every member's outbox but that of `except` (may be NULL), behind all that was
 * said; gives it its number and its time. The room's lock is held. */
void room_deliver_locked(struct room *r, struct event *ev, const struct member *except);

struct room_facts {
    int members;
    int64_t created_ms, used_ms;
    bool kept;
};
/* A look at the room; its topic is added to `topic`. */
struct room_facts room_facts(struct room *r, struct buf *topic);

#endif
