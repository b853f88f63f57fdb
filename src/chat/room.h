/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROOM_H
#define CHAT_ROOM_H

#include "base/strv.h"
#include "chat/fanout.h"
#include "chat/replay.h"
#include "chat/rules.h"
#include "store/store.h"

#include <stdatomic.h>

/*
 * One room: who is in it, what was said last, its topic. Its lock gives the order that everyone in it sees; it is held
 * while lines are put into the members' outboxes, which never blocks.
 *
 * Locking key: R by .lock · T by the table's lock (chat/rooms.h) · c constant
 */
struct membership {
    struct member *member;         /* borrows: it leaves before it ends */
    const struct ignores *ignores; /* R: borrows: the member's */
    int form;                      /* R: as the member's; changed only while nothing is gathered */
    enum role role;                /* R: what it may do while it stays, beside what its account may */
    uint64_t missed_id;            /* R: number of the first message that its outbox, closed by then, did not take; or 0 */
    int64_t said_ms;               /* R: wall clock of its last message, this stay or not; where that is asked for */
    char name[NAME_SIZE];          /* R: as the member's, which others may not read */
};

struct room {
    struct lock lock;
    char name[NAME_SIZE];             /* c: as first written, with its # */
    char key[NAME_SIZE];              /* c */
    struct membership *members;       /* R: owns; in order of arrival */
    int count, cap;                   /* R */
    _Atomic int present;              /* = count, to be read without the lock */
    struct fanout fanout;             /* chat/fanout.h */
    struct replay replay;             /* R: what was said last in this conversation */
    uint64_t last_id;                 /* R: number of what was told last; starts at wall-clock ms << 20 */
    uint64_t late_id;                 /* R: the last that was given to something that is told later */
    char *topic;                      /* R: owns; "" when there is none */
    struct rules rules;               /* R */
    bool talk_limited;                  /* R: some may not talk, or not at any time */
    _Atomic bool hidden;              /* written R: as the option private says */
    _Atomic bool join_limited;              /* written R: not everybody may come in */
    int64_t founder;                  /* R: account that the room's record has yet to name as the owner, or 0 */
    bool founder_gone;                /* t: the record found no such account; t: the store thread */
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

/* Numbers tell whose a kept message is, so none may come twice under one name: notes that numbers up to this one were
 * given, by a room that is gone or before the start. Any thread, any lock. */
void room_note_number(uint64_t id);
/* The time for a room made now: its numbers, from that << 20 on, are above all that were noted, whatever the clock says. */
int64_t room_birth_ms(void);

/* A room of that name (as name_room gave it) with one reference, the table's. */
struct room *room_new(const char *name, int64_t created_ms);
/* Nobody may be in it or refer to it. */
void room_free(struct room **r);

/* The calls below are for the member's own reader, which has settled (net/post.h). They take the room's lock. */

/* Whether the member may come in with that key (NULL: none); *ticket is for room_join. */
bool room_admits(struct room *r, const struct member *m, const char *key, unsigned *ticket, struct refusal *no);
/* What who comes in is shown in place of the replay, as lines that are rendered already. */
struct backlog {
    struct buf lines; /* owns */
    uint64_t covers;  /* what was said with numbers up to this is in them, or is not to be shown */
    bool gives_up;    /* what neither they nor the replay have is not waited for: they tell of it */
};
/* True when something of that number was told in this room, and not in an earlier one of its name. */
bool room_was_there(struct room *r, uint64_t id);
/* The number of the newest message, for a past. */
uint64_t room_last_id(struct room *r);

/* Enters the member. Its whole answer, the replay or the past (may be NULL) included, and what the others see are one hold
 * of the lock: so nothing overtakes the answer, and no message is missed or doubled. Who comes into an empty room that
 * nobody owns, and that the operator did not make, is its op while there. False: the ticket is no longer good, or the past
 * lacks something; ask again. */
bool room_join(struct room *r, struct member *m, unsigned ticket, const struct backlog *backlog);

/* Puts a member in the place of another, whose reader waits, and answers as room_join does; the others see nothing. */
enum room_swap { ROOM_SWAPPED, ROOM_SWAP_AGAIN, ROOM_SWAP_NOT_IN };
enum room_swap room_swap(struct room *r, struct member *old, struct member *m, const struct backlog *backlog);
/* Up to which number a member that is in it has heard the room. */
uint64_t room_heard(struct room *r, const struct member *m);
/* Answers as JOIN does for who is in the room already. */
void room_rejoin(struct room *r, struct member *m);
/* Takes the member out, if it is in; tells the others; `answer`: and the member too. Up to which number the member has
 * heard the room; 0: it was not in it. */
uint64_t room_leave(struct room *r, struct member *m, bool answer);
/* The member's name, its form or whom it ignores has changed: takes that over, behind what was said before. */
void room_update(struct room *r, struct member *m);
/* Adds all in it but the member. */
void room_contacts(struct room *r, const struct member *m, struct contacts *c);
/* Answers with the topic. */
void room_tell_topic(struct room *r, struct member *m);

/* These are for any thread. */

/* Takes out of the replay what that user said (in any case of the name), or all with NULL. */
void room_forget(struct room *r, const char *name);
/* Adds the names of those in it, in order of arrival. */
void room_names(struct room *r, struct strv *names);

/* True while the client is in it: what its own list says may be behind. */
bool room_has(struct room *r, uint64_t id);
/* What the member may do here. */
enum role room_role(struct room *r, const struct member *m);
/* The role of whoever is in it under that name, or has it by that account; whichever is more. An address means nobody. */
enum role room_role_of(struct room *r, const struct target *target);
/* True when somebody in it is meant. */
bool room_has_target(struct room *r, const struct target *target);
/* True when the member may see that the room is there, who is in it and what was said: it is in it, or might come in
 * without a key. */
bool room_may_look(struct room *r, const struct member *m);

/* Takes out whom it hits, takes back what invitations they have as clients, and tells everyone but `except` of it, in one
 * hold; those who are out have heard it too. `always`: tells of it even if that is nobody. How many. */
struct removal {
    const struct target *target;
    const struct member *except;
    bool always;
};
int room_remove(struct room *r, const struct removal *o, struct event *ev);

/* For chat/talk.c. The room's lock is held. */
struct membership *room_membership_locked(struct room *r, const struct member *m); /* or NULL */
struct subject room_subject_locked(const struct room *r, const struct membership *ms);
/* Gives the next number, and the time. Numbers grow in the order in which things are told. */
void room_number_locked(struct room *r, struct event *ev);
/* The same for what is told only later, when it is on disk: room_told_late_locked goes before that. What is told in
 * between has lower numbers. */
void room_number_late_locked(struct room *r, struct event *ev);
void room_told_late_locked(struct room *r, const struct event *ev);

/* For chat/ruling.c: who is meant and has no account has the role for as long as it stays. */
void room_give_role_locked(struct room *r, const struct target *target, enum role role);
/* For the same, after a change of .rules: what is derived from them. */
void room_rules_changed_locked(struct room *r);

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
