/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ROSTER_H
#define CHAT_ROSTER_H

#include "base/strv.h"
#include "chat/room.h"

/*
 * The membership of a room: joining, leaving, taking another's place, and who is in it. All calls take the room's lock,
 * and hold it over the change of the members, its answer, and what the other members see of it. When the last member
 * leaves, the conversation ends and the room's record is written (chat/record.h).
 *
 * Calls that answer or tell are for a thread that has settled (net/post.h).
 */

/* Lines for a user who joins, read from the history, to be shown before the replay. */
struct backlog {
    struct buf lines; /* owns: rendered in the member's form */
    unsigned epoch;   /* msg_epoch() from before they were read */
    uint64_t covers;  /* messages with numbers up to this one are in .lines, or are not to be shown */
    bool is_missed;   /* all this the user has missed because its connection was broken */
    const struct buf *undelivered; /* borrows: lines of the room that were put to it before and may not have arrived, */
    unsigned undelivered_epoch;    /* and their epoch; they are shown first. NULL: none */
    bool comes_back;  /* the user has resumed a session that was in the room, which may be full now */
    bool gives_up;    /* messages that neither .lines nor the replay has are not waited for; .lines tells of them */
};

/* Adds the member and answers: the number of others, the topic, their names, the backlog (may be NULL) and the replay.
 * The others are told, unless another session of its user is in the room already.
 * Nothing overtakes that answer, and between replay and live lines no message is lost or doubled. In a room that is
 * empty, has no owner and is not permanent, the member is an op until it leaves. False: the rules have changed since
 * room_admits gave the ticket, the room has become full, or messages are missing between backlog and replay; call
 * room_admits again, with a new backlog. For the member's own reader. */
bool roster_join(struct room *r, struct member *m, unsigned ticket, const struct backlog *backlog);

/* Puts `m` in the place of `old`, whose reader waits, and answers as roster_join does. The others see nothing.
 * ROSTER_SWAP_AGAIN: messages are missing, try again with a new backlog. ROSTER_SWAP_NOT_IN: it is not in the room, or
 * may not come back (roster_heard). For the reader of `m`. */
enum roster_swap { ROSTER_SWAPPED, ROSTER_SWAP_AGAIN, ROSTER_SWAP_NOT_IN };
enum roster_swap roster_swap(struct room *r, struct member *old, struct member *m, const struct backlog *backlog);

/* Answers the JOIN of a member that is in the room already. False: it is not. For the member's own reader. */
bool roster_rejoin(struct room *r, struct member *m);

/* Removes the member, if it is in the room. If no other session of its user is, tells the others, and notes for UNREAD
 * how far the user has heard the room. True: it was a short stay, of ROSTER_SHORT_STAY_MS at most, that others were
 * told of. For the member's own reader. */
#define ROSTER_SHORT_STAY_MS 60000
struct leaving {
    const char *reason; /* or "" */
    bool quitting;      /* the member leaves all its rooms because its session ends */
    bool answer;        /* the member itself is answered too */
};
bool roster_leave(struct room *r, struct member *m, const struct leaving *l);

/* The number up to which a member of the room has heard it. 0: it is not in the room; or it has no role there, and its
 * outbox was closed when the room got a new key, or became private or invite-only: then it may not come back unasked.
 * For the member's own reader. */
uint64_t roster_heard(struct room *r, const struct member *m);

/* Takes over the member's name, form, wants and ignore list, which have changed, behind what was said before. For the
 * member's own reader. */
void roster_update(struct room *r, struct member *m);

/* The same for a member that had no account and is logged in to one now. If it may do more here than before, the room
 * is told, and the member, by NAME_SERVER. For the member's own reader. */
void roster_logged_in(struct room *r, struct member *m);

/* Removes the member's user from the room if that would not admit it any more because of a ban: it has another name, or
 * is logged in to an account. Both are told, by NAME_SERVER. For the member's own reader, which then drops the room. */
void roster_ban_again(struct room *r, struct member *m);

/* Adds the other members that hear such an event of the member's user, if a session of that is in the room: all, or
 * those that want it (tbl/wants.h), of EVENT_INVITED only the ops among these, or of EVENT_QUIT those whose codec hears
 * of a user who quits once and not room by room. Any thread. */
void roster_contacts(struct room *r, const struct member *m, enum event_kind kind, struct contacts *c);
/* The same of a user who is known by .user_id only; `except`: the id of a client that is left out, or 0. */
struct roster_hearing {
    uint64_t user_id, except;
    enum event_kind kind;
};
void roster_hearing(struct room *r, const struct roster_hearing *h, struct contacts *c);

/* Adds the names of all users, each once, in order of arrival. Any thread. */
void roster_names(struct room *r, struct strv *names);
void roster_names_locked(const struct room *r, struct strv *names);

/* The users with their roles, in the same order: how many. The caller frees *entries, which is NULL if there are
 * none. Any thread. */
struct roster_entry {
    char name[NAME_SIZE];
    char account_name[NAME_SIZE]; /* "": it has no account */
    enum role role;
    bool is_away; /* now; who hears of it may be told a moment later */
};
int roster_entries(struct room *r, struct roster_entry **entries);
int roster_entries_locked(const struct room *r, struct roster_entry **entries);

/* Removes the members that match the target, and withdraws their invitations as clients. All members except `by` (may
 * be NULL) are told the event; the removed members are told too. `by`, if it is in the room, is answered who goes
 * (EVENT_REMOVED). `always`: the event is told even if nobody matches. Returns how many were removed. The removed
 * member's own list is updated later, by its reader, as .removed of struct member asks. For the reader of `by`, or any
 * thread while that waits; without `by` for any. */
struct removal {
    const struct target *target;
    struct member *by;
    bool always;
};
int roster_remove(struct room *r, const struct removal *rm, struct event *ev);

/* Gives matching members the role until they leave, if they have no account, or if it is temporary (chat/lapse.h). Else
 * a matching member with an account loses its temporary role: its account's role counts. The room's lock is held. */
void roster_give_role_locked(struct room *r, const struct target *target, enum role role, bool is_temporary);

#endif
