/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include "chat/fanout.h"
#include "chat/replay.h"
#include "chat/rules.h"
#include "store/store.h"

#include <stdatomic.h>
#include <uthash.h>

/*
 * One room: its members, its last messages, its topic, its rules. Its lock orders the events that its members see. It
 * is held while lines are put into the members' outboxes, which never blocks. Joining and leaving: chat/roster.h. Talk:
 * chat/talk.h.
 *
 * Locking key: R by .lock · T by the table's lock (chat/rooms.h) · c constant · t the store thread
 */
struct room {
    struct lock lock;
    char name[NAME_SIZE];        /* c: as first written, with its # */
    char key[NAME_SIZE];         /* c */
    char maker[MEMBER_WHO];      /* c: who made it, as member_who; "" for nobody */
    _Atomic int present;         /* written R: = fanout_users_locked, to be read without the lock */
    struct fanout fanout;        /* R: the members, and the way to their outboxes */
    struct replay replay;        /* R: the last messages of the present conversation */
    uint64_t last_id;            /* R: number of the last event that was told; starts at room_first_number() */
    uint64_t late_id;            /* R: the last number that was given to an event that is told later */
    char *topic;                 /* R: owns; "" when there is none */
    char topic_by[NAME_SIZE];    /* R: the name of the user who set it, NAME_SERVER: the operator; "" if not known */
    int64_t topic_ms;            /* R: wall clock of that, or 0 */
    struct history_share unwritten; /* R */
    struct rules rules;          /* R */
    bool talk_limited;           /* R: some members may not talk, or not at any time */
    _Atomic bool hidden;         /* written R: the option private is on */
    _Atomic bool join_limited;   /* written R: some users may not join */
    uint64_t kept_id;            /* R: number of the last message that the history has, or soon will; 0: it has none */
    int64_t founder;             /* R: the account that the next record of the room names as its owner, or 0 */
    bool founder_gone;           /* t: that record found the account unknown */
    int64_t created_ms, used_ms; /* R: wall clock; its numbers are above room_first_number(created_ms) */
    uint64_t used_no;            /* R: orders last uses more finely than the clock */
    uint64_t barred_id;          /* R: number of the last change that bars who has no role here; see roster_heard */
    bool permanent;              /* R: made by the operator, never evicted */
    bool gone;                   /* R: out of the table; its last record job frees it */
    struct store_job record;     /* chat/record.h */
    bool record_busy;            /* R: .record is queued or being carried out */
    bool record_again;           /* R: it has to be written once more */
    int64_t recorded_ms;         /* R: .used_ms as last written */
    _Atomic int refs;            /* gained only under the table's lock; the table holds one */
    int listed;                  /* T: which list of empty rooms holds it, chat/rooms.c */
    uint64_t listed_no;          /* T: its place there: .used_no when it was listed */
    struct room *prev, *next;    /* T: in that list */
    struct room *made_prev, *made_next; /* T: in the list of its maker's rooms */
    UT_hash_handle hh;           /* T */
};

/* The numbers of a room begin at the wall-clock time of its creation in milliseconds, shifted by so many bits. The
 * SQL of src/store/ has the same shift. */
#define ROOM_NUMBER_SHIFT 20
static inline uint64_t room_first_number(int64_t created_ms)
{
    return (uint64_t)created_ms << ROOM_NUMBER_SHIFT;
}

/* No number was given yet. Before those below; main thread. */
void room_start_numbers(void);

/* A number tells to which room a stored message belongs, so no number may be given twice under one name. Notes that
 * numbers up to this one were given, by a room that is gone or before the start. Any thread, any lock. */
void room_note_number(uint64_t id);
/* The creation time that the highest noted number belongs to. Any thread, any lock. */
int64_t room_noted_ms(void);
/* The creation time for a room made now: its numbers, from room_first_number() on, are above all that were noted,
 * whatever the clock says (base/date.h). */
int64_t room_new_created_ms(void);

/* A room of that name (as name_room gave it) with one reference, the table's. */
struct room *room_new(const char *name, int64_t created_ms);
/* It must have no members and no reference but the table's. */
void room_free(struct room **r);

/* The member's own list of rooms: the one of that name (as name_room gave it), or NULL. For the member's own reader. */
struct room *room_of_member(const struct member *m, const char *name);

/* ---- calls for the member's own reader; they take the room's lock ---- */

/* Whether the member may join with that key (NULL: none); where another session of its user is, it needs none, nor an
 * invitation or space. *ticket is for roster_join; `no` says why not. */
bool room_admits(struct room *r, const struct member *m, const char *key, unsigned *ticket, struct refusal *no);

/* ---- calls for any thread; they take the room's lock ---- */

/* Calls `answer` with the room's lock held, so that what it puts to a member stands where it belongs among what members
 * are told of the room: it tells of all changes that the member has heard of before it, and of none that the member
 * hears of behind it. `answer` may look at the room, render and put, and no more. Holds no lock
 * that ranks at or above ROOM. */
void room_answer(struct room *r, void (*answer)(struct room *r, void *arg), void *arg);

/* True when that number is one of this room, and not of an earlier room of its name; and when the room has not been
 * barred since: who had heard up to there may come back without being asked. */
bool room_keeps_place(struct room *r, uint64_t heard);
/* The number of the last event, for struct backlog. */
uint64_t room_last_id(struct room *r);
/* Removes what that user said (the case of the name does not matter) from the replay, or all with NULL. */
void room_forget(struct room *r, const char *name);

/* True while the client is in the room. The member's own list may be out of date, this is not. */
bool room_has(struct room *r, uint64_t id);
/* True while a session of the user (.user_id of its members) is in the room. */
bool room_has_user(struct room *r, uint64_t user_id);
/* The member's role here. */
enum role room_role(struct room *r, const struct member *m);
/* The role of an account here, which lasts: a member may have a higher one until it leaves. */
enum role room_account_role(struct room *r, int64_t account);
/* The highest role of the target's account and of the members that match its name or client. The target's address is
 * ignored. */
enum role room_role_of(struct room *r, const struct target *target);
/* Fills the target with the last user of that name who has left, if it is known. */
bool room_find_departed(struct room *r, const char *name, struct target *target);
/* True when a member matches the target. */
bool room_has_target(struct room *r, const struct target *target);
/* True when the member may see that the room exists, who is in it and what was said: it is in the room, or may join
 * without a key. */
bool room_may_see(struct room *r, const struct member *m);
/* True when the member may see the room, and the message of that number is of this room and not of an earlier one of
 * its name. For messages that were read from the store after the member had asked for them: rights may have changed. */
bool room_may_read(struct room *r, const struct member *m, uint64_t id);

struct room_facts {
    int members; /* each user once */
    int64_t created_ms, used_ms; /* wall clock; used_ms is now while the room has users */
    bool permanent;
    char topic_by[NAME_SIZE];    /* as in struct room */
    int64_t topic_ms;
};
/* A copy of some facts; the topic is appended to `topic`. */
struct room_facts room_facts(struct room *r, struct buf *topic);

/* ---- calls with the room's lock held ---- */

/* The name and role of a member, for chat/rules.h. Borrows from both. */
struct subject room_subject_locked(const struct room *r, const struct membership *ms);
/* False: the room is full for a member who is not in it, and `no` (may be NULL) says so. */
bool room_has_space_locked(const struct room *r, const struct member *m, struct refusal *no);
/* True when the member matches the target. */
bool room_is_target_locked(const struct room *r, const struct target *target, const struct membership *ms);

/* Gives the event the next number, and the time. Numbers grow in the order in which events are told. */
void room_number_locked(struct room *r, struct event *ev);
/* The same for an event that is told only when it is on disk. Events that are told in between have lower numbers. When
 * it is told, room_number_told_locked has to come first. */
void room_number_late_locked(struct room *r, struct event *ev);
void room_number_told_locked(struct room *r, const struct event *ev);

/* Gives an event that is not talk its number and time, and puts it into the outbox of every member except `except` (may
 * be NULL), behind all that was said. The thread has settled. */
void room_deliver_locked(struct room *r, struct event *ev, const struct member *except);

/* The topic as an event, with the name and time of its setter. Borrows from the room. */
struct event room_topic_locked(const struct room *r);

/* Has to follow each change of options, bans and mutes: derives the fields that depend on them. */
void room_rules_changed_locked(struct room *r);
/* True when something would be lost with the room: a topic, options, bans, messages in the history, or a role of an
 * account other than `maker` (0: of any). */
bool room_keeps_locked(const struct room *r, int64_t maker);
/* Notes that the room is in use now. */
void room_note_use_locked(struct room *r);
/* The highest number that was given, also to an event that is still to be told. */
uint64_t room_highest_id_locked(const struct room *r);
/* Makes it a new room of the same name: no topic, not permanent, default rules, and numbers above all it has given. */
void room_restart_locked(struct room *r);

#endif
