/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FANOUT_H
#define CHAT_FANOUT_H

#include "base/buf.h"
#include "base/lock.h"
#include "chat/cuts.h"
#include "chat/member.h"
#include "chat/rules.h"
#include "net/post.h"

#include <stdatomic.h>

/*
 * The members of one room and the way to their outboxes. What is said is gathered first: it is rendered at once, for
 * each form among the members, behind what others have just said in the room. When the speaker who combines flushes
 * (net/post.h), it is put as one message for each member. So a hundred lines for a hundred members are a hundred puts,
 * not ten thousand. A member that is not to hear some of the lines gets a copy without them (chat/cuts.h). An event
 * that is not talk is put at once, behind what was gathered.
 *
 * Each session has a membership of its own, and hears what is said. A room shows a user once, however many sessions of
 * the user are in it: the first is shown, the others are its twins, with the same role and the same wait in slow mode.
 *
 * Locking key: R by the room's lock, which .lock points to · c constant · a atomic
 */
struct membership {
    struct member *member;         /* borrows: a member leaves before it ends */
    uint64_t user_id;              /* R: as the member's */
    const struct ignores *ignores; /* R: borrows: the member's */
    int form;                      /* R: as the member's; changed only while nothing is gathered */
    unsigned wants;                /* R: as the member's */
    enum role role;                /* R: what it may do until it leaves, in addition to its account's role */
    struct cuts cuts;              /* R: owns; of the gathered lines, what it hears otherwise */
    uint64_t missed_id;            /* R: number of the first message that its closed outbox refused; or 0 */
    uint64_t seen_id;              /* R: how far sessions of the user that have left have heard the room; or 0 */
    int64_t shown_ms;              /* R: clock_ms() when the room was told that its user joins */
    int64_t said_ms;               /* R: clock_ms() of its last message, also before a rejoin; where talk is limited */
    char name[NAME_SIZE];          /* R: a copy of the member's, which other threads may not read */
    char account_name[NAME_SIZE];  /* R: the same; "": it had no account then */
    bool is_twin;                  /* R: another membership of the same user stands before it, and is shown */
};

/* The account that its events show; NULL: none. */
static inline const char *fanout_account_name(const struct membership *ms)
{
    return ms->member->account && *ms->account_name ? ms->account_name : NULL;
}

/* What the members of one form are to hear. */
struct fanout_form {
    int form;
    int takers;       /* how many members use it */
    size_t from;      /* where the line that is being gathered begins */
    struct buf lines; /* owns: rendered and not yet put */
};

struct fanout {
    struct post_gathering gathering; /* c */
    struct lock *lock;               /* c: borrows: the room's */
    struct membership *members;      /* R: owns; in order of arrival */
    int count, cap;                  /* R: of .members */
    int twins;                       /* R: of them */
    struct fanout_form *forms;       /* R: owns; the forms among the members */
    int form_count;                  /* R */
    int wanting[WANTS];              /* R: how many members want to hear of each of these */
    int ignorers;                    /* R: how many members ignore anybody */
    _Atomic int gathered;            /* written R: how many messages .lines holds */
    uint64_t first_id;               /* R: number of the first of them */
    bool combined;                   /* R: a thread has promised to put them */
    struct post_pressure fullest;    /* R: the fullest outbox that was congested at the last put */
    _Atomic bool congested;          /* written R: there was one */
    _Atomic int64_t impatient_ms;    /* a: until then a speaker waits only briefly for an outbox; clock_ms() */
};

/* The lock is borrowed, and is the one that the _locked calls below assert. */
void fanout_init(struct fanout *f, struct lock *lock);
/* Frees what it owns. It must have no members and nothing gathered. It may be used again without another
 * fanout_init. */
void fanout_fini(struct fanout *f);

/* ---- members ---- */

/* The member's record, or NULL. Borrowed until the next member is added or removed. */
struct membership *fanout_find_locked(const struct fanout *f, const struct member *m);

/* True if a member has such a form. */
bool fanout_has_form_locked(const struct fanout *f, bool (*is_such)(enum form form));

/* How many users are in the room. */
static inline int fanout_users_locked(const struct fanout *f)
{
    return f->count - f->twins;
}
/* The shown record of the user (.user_id of its members), or NULL. Borrowed as well. */
struct membership *fanout_user_locked(const struct fanout *f, uint64_t user_id);

/* Adds a member, which must not be among them, at the end; the member's own reader calls it. The role is ROLE_NONE, or
 * that of the user's shown session, whose twin it then is. Nothing may be gathered (fanout_settle_locked). The pointer
 * is valid as that of fanout_find_locked. */
struct membership *fanout_add_locked(struct fanout *f, struct member *m);
/* Takes over the name, form, wants and ignore list of `m`, which may be another member than before: then it takes that
 * one's place. The reader of `m` calls it. Nothing may be gathered. */
void fanout_update_locked(struct fanout *f, struct membership *ms, struct member *m);
/* If it is shown and has twins, the first of them takes its place, and is shown. Members before it stay where they are.
 * Nothing may be gathered. Any thread. */
void fanout_remove_locked(struct fanout *f, struct membership *ms);

/* ---- delivery ---- */

/* A line that a member says. */
struct spoken {
    const struct event *ev;
    const struct member *speaker;
    bool acks; /* the speaker gets its number (EVENT_ACK) and not the line */
};

/* Adds a line for all members but those who ignore the speaker. It is put at once when as much has gathered as an
 * outbox should take in one piece, or when an outbox is congested. What was gathered before is put first if both
 * together would be too long. Returns how many members hear it. */
int fanout_gather_locked(struct fanout *f, const struct spoken *line);

/* True: something is gathered and nobody combines, so the calling thread now does and has to call post_combines. */
bool fanout_combine_locked(struct fanout *f);

/* The user of the member talks, at that time by clock_ms(): notes it in all sessions of the user, for slow mode. */
void fanout_note_said_locked(struct fanout *f, const struct member *m, int64_t said_ms);

/* Sets the outbox that a speaker waits for before its next line: the fullest that was congested at the last put. False:
 * none was. Takes the room's lock. Any thread. */
bool fanout_congested(struct fanout *f, struct post_pressure *p);

/* Spends the patience of all members, as pressure_charge. Takes the room's lock. Any thread. */
void fanout_charge(struct fanout *f);

/* A speaker has waited in vain for a member: the room is impatient for a minute (net/pressure.h). And whether it is.
 * Any thread with a reference to the room. */
void fanout_waited_in_vain(struct fanout *f, int64_t now_ms);
bool fanout_is_impatient(const struct fanout *f, int64_t now_ms);

/* Puts what was gathered. */
void fanout_settle_locked(struct fanout *f);

/* Puts what was gathered, then the event, into every member's outbox except that of `except` and, if `speaker` says it,
 * of the members who ignore the speaker. Both may be NULL. Returns the number of outboxes that it
 * was put to, full and closed ones included. */
int fanout_put_locked(struct fanout *f, const struct event *ev, const struct member *except,
                      const struct member *speaker);

/* The same for something that is not for all: for the members for whom `hears` returns true, without the speaker. */
struct fanout_audience {
    const struct member *speaker;
    bool (*hears)(const struct membership *ms, const void *arg);
    const void *arg;
};
int fanout_put_some_locked(struct fanout *f, const struct event *ev, const struct fanout_audience *some);

#endif
