/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MEMBER_H
#define CHAT_MEMBER_H

#include "chat/ignores.h"
#include "net/addrs.h"
#include "net/outbox.h"
#include "proto/codecs.h"
#include "proto/name.h"

#include <stdatomic.h>

/*
 * A client as rooms and the registry of names see it: a name and an outbox. It is part of a session, which is part of a
 * pair, so its memory is never freed while chatd runs. A member in the registry or in a room is a live one.
 *
 * Locking key: c constant for one client · R its own reader only · U by the users lock · a atomic
 *              f written by R under the users lock; rooms have copies (struct membership)
 *              n the same, once it is listed; before that written by R alone
 *              W by the lock of chat/users_watch.c
 */
struct room;
struct user;
struct watch;

/* What waits to be written of a room's messages, or of a member's private ones; for chat/history.c. */
struct history_share {
    uint64_t batch;       /* number of the last batch with any of them */
    int64_t bytes;        /* theirs in it */
    int64_t bytes_before; /* and in the batch before */
};

/* A capability that a client may switch on, tbl/caps.h. */
enum cap {
#define CAP(name, word, what) CAP_##name,
#include "tbl/caps.h"
#undef CAP
    CAPS
};

/* What is shown of the messages from before a client enters a room. */
enum past {
    PAST_SHOWN,  /* the last ones, or what its user has missed; marked as past */
    PAST_MISSED, /* only what its user has missed, because its connection was broken; with the time of each */
    PAST_LEFT    /* nothing: the client asks for it */
};

struct member {
    struct outbox *outbox;           /* borrows: the pair's */
    struct notifier *notifier;       /* borrows: the pair's */
    _Atomic int form;                /* f: enum form */
    unsigned caps;                   /* R: 1 << enum cap for each that is on */
    void (*on_answer)(struct member *m, enum event_kind kind, struct buf *lines); /* c: what its protocol does with an
                                        answer before it is put; it may take the lines. NULL: nothing */
    enum past past;                  /* R: what it is shown of what was said before it enters a room */
    int64_t read_ms;                 /* R: when it enters a room, it is told that its user has read that up to then,
                                        if it wants to hear of read markers; wall clock, 0: not known */
    unsigned wants;                  /* f: 1 << enum want for each that it wants to hear of */
    uint64_t id;                     /* c: the client's id */
    char host[ADDRS_TEXT];           /* c: its address, as addrs_key_text; "" for loopback, which local users share */
    const char *address;             /* c: borrows: its address and port; NULL: it has none */
    int64_t since_ms;                /* c: wall clock of its arrival */
    _Atomic int64_t active_ms;       /* a: clock_ms() of its last line */
    _Atomic bool is_secure;          /* a: its connection is encrypted */
    _Atomic bool is_web;             /* a: it is a WebSocket */
    _Atomic bool is_away;            /* a: its user is away; set under U before anybody is told */
    _Atomic int64_t account;         /* a: logged in to, or 0; set by R, under U once it is listed, or by the
                                        store thread */
    char account_name[NAME_SIZE];    /* R: of the account, as long as there is one */
    char name[NAME_SIZE];            /* n: "" before USERNAME */
    char key[NAME_SIZE];             /* n: the name folded */
    _Atomic unsigned oper;           /* a: set by R: the operator (chat/opers.h) whose password it has given, or 0 */
    struct room **rooms;             /* R: owns the array and a reference to each room */
    int room_count, room_cap;        /* R */
    struct room *current;            /* R: borrows from .rooms, or NULL */
    _Atomic bool removed;            /* set under a room's lock, cleared by R: it was removed from some of .rooms */
    _Atomic bool replaced;           /* set under U, cleared by R: another client logs in to its account and waits */
    _Atomic bool kicked;             /* the same: it was to be ended after its connection had broken */
    _Atomic bool logged_out;         /* the same: its user ends it, and revokes its token */
    struct history_share unwritten;  /* R: its private messages; where one client has ended the next goes on */
    struct ignores *ignores;         /* f: owns; rooms borrow it until roster_update gives them another */
    bool listed;                     /* U: in the registry */
    struct user *user;               /* n: borrows: whose session it is (chat/users_impl.h); NULL before it is listed */
    uint64_t user_id;                /* c once it is listed: the same for all sessions of one user; before that .id */
    struct member *prev_session, *next_session; /* U: in the list of its user's sessions */
    struct member *next_waiting;     /* U: next in the list of members that wait for a name */
    uint64_t listed_at;              /* U: private messages to its user with higher numbers were put to it too, */
    _Atomic uint64_t refused_at;     /* a: but not this one, and perhaps none after it, because it was ending */
    bool has_quit;                   /* U: it has left its rooms for good (users_end_quit) */
    bool settled;                    /* U: what has not arrived there is cared for; it gets no more of it */
    struct watch *watches;           /* W: owns; the names that it watches (users_watch), in order */
    int watch_count;                 /* W */
    char old_key[NAME_SIZE];         /* U: its former name, reserved while it is in the list of .next_renaming */
    struct member *next_renaming;    /* U */
};

static inline bool member_has(const struct member *m, enum cap cap)
{
    return m->caps & 1u << cap;
}

/* The name of the account that it is logged in to, or NULL. For the member's own reader, or while that waits. */
static inline const char *member_account_name(const struct member *m)
{
    return m->account ? m->account_name : NULL;
}

/* True if a client with these wants hears of such events. */
static inline bool member_wants(unsigned wants, enum event_kind kind)
{
    enum want want = event_want(kind);
    return want == WANTS || wants & 1u << want;
}

/* Whose share of something a member uses up: '=' and the id of its account, or without one its address, of which all of
 * loopback is one; "" for NULL, nobody. For the member's own reader. */
#define MEMBER_WHO ADDRS_TEXT
void member_who(char who[MEMBER_WHO], const struct member *m);
/* The id of the account that it names, or 0. */
int64_t member_who_account(const char *who);

/* An event as the bytes of a form, for the client of that name (NULL: for several); the caller owns the reference.
 * NULL: the form does not show this event. Any thread. */
struct msg *member_render(enum form form, const struct event *ev, const char *to);

/* Puts one event into the member's outbox, and returns what outbox_put does. Never blocks. Any thread that has settled
 * (net/post.h); any lock that ranks below OUTBOX. */
int member_put(struct member *m, const struct event *ev);

/* The same for many members, for whom one event is rendered once in each form and shared. Zero-initialise and set
 * .ev. */
struct member_rendered {
    const struct event *ev;   /* borrows */
    struct msg *forms[FORMS]; /* owns */
};
int member_put_shared(struct member *m, struct member_rendered *once);
void member_rendered_fini(struct member_rendered *once);

/* Puts an answer, which an outbox takes up to a higher limit (outbox_answer). For the member's own
 * reader, settled; or for the store thread, while that reader waits for it (talk_say in a durable room). */
void member_answer(struct member *m, const struct event *ev);

/* What .on_answer does with the lines of an answer of that kind. As above. */
void member_mark_answer(struct member *m, enum event_kind kind, struct buf *lines);

/* The same for rendered lines. */
void member_answer_lines(struct member *m, const struct buf *lines);
/* The same for lines with messages of users, made of what was read when msg_epoch() was `epoch`: what is forgotten
 * later is removed from them, too. From byte resend_at on they are resendable: sent again if they were lost. */
void member_answer_said(struct member *m, const struct buf *lines, size_t resend_at, unsigned epoch);

/* The other members of a member's rooms. A client that shares two rooms with it is in the list twice. */
struct contacts {
    struct contact {
        struct member *member; /* borrows: it may have ended since, or belong to another client now */
        uint64_t id;
    } *v; /* owns */
    size_t n, cap;
};

/* ---- its list of rooms: for its own reader, and only pointers are looked at ---- */

bool member_is_in(const struct member *m, const struct room *r);
/* Adds a room, taking over a reference; or removes one that is in the list, giving the reference to the caller. */
void member_add_room(struct member *m, struct room *r);
void member_remove_room(struct member *m, const struct room *r);

#endif
