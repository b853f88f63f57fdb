/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MEMBER_H
#define CHAT_MEMBER_H

#include "net/addrs.h"
#include "chat/ignores.h"
#include "net/outbox.h"
#include "proto/codecs.h"
#include "proto/name.h"

#include <uthash.h>

/*
 * A client as the rooms and the registry of names see it: a name and an outbox. It lives in its session, which lives
 * in a pair, so its memory is never freed while chatd runs; what is in the registry or a room is a live member.
 *
 * Locking key: c constant for one client · R its own reader only · U by the users lock
 *              f written by R under the users lock; a room has a copy of its own (chat/room.h)
 *              a atomic
 *              n written by R under the users lock once it is listed; rooms have a copy of the name
 */
struct room;

/* What a client may switch on, tbl/caps.h. */
enum cap {
#define CAP(name, word, what) CAP_##name,
#include "tbl/caps.h"
#undef CAP
    CAPS
};

struct member {
    struct outbox *outbox;           /* borrows: the pair's */
    struct notifier *notifier;               /* borrows: the pair's */
    _Atomic int form;                /* f: enum form */
    unsigned caps;                   /* R: a bit for each enum cap that is on */
    uint64_t id;                     /* c: the client's id */
    char host[ADDRS_TEXT];           /* c: where it comes from, as addrs_key_text; "" where that tells nobody apart */
    int64_t since_ms;                /* c: wall clock of its arrival */
    _Atomic int64_t active_ms;       /* a: clock_ms() of its last line */
    _Atomic int64_t account;         /* by R before it is listed, then by the store thread: logged in to it, or 0 */
    char name[NAME_SIZE];            /* n: "" before USERNAME */
    char key[NAME_SIZE];             /* n: the name folded */
    struct room **rooms;             /* R: owns the array and a reference to each room */
    int room_count, room_cap;        /* R */
    struct room *current;            /* R: borrows from .rooms, or NULL */
    _Atomic bool removed;             /* set under a room's lock, cleared by R: some of .rooms it is in no more */
    _Atomic bool replaced;           /* set under U, cleared by R: somebody logs in to its account and waits for it */
    _Atomic bool kicked;             /* the same: the operator kicked it when its connection had broken already */
    struct ignores *ignores;         /* f: owns; rooms borrow it until they are told of another (room_update) */
    char *away;                      /* f: owns; NULL: it is there */
    bool listed;                     /* U: in the registry */
    struct member *next_waiting;     /* U: waits for a name */
    char old_key[NAME_SIZE];         /* U: still kept from others, in the list of .next_renaming */
    struct member *next_renaming;    /* U */
    UT_hash_handle hh;               /* U */
};

static inline bool member_has(const struct member *m, enum cap cap)
{
    return m->caps & 1u << cap;
}

/* An event as the bytes of a form, for the client of that name (NULL: for several); the caller owns the reference. NULL: the
 * form has no words for the event. Any thread. */
struct msg *member_render(enum form form, const struct event *ev, const char *to);

/* Puts one event into the member's outbox; as outbox_put. Any thread that has settled (net/post.h); any lock that ranks
 * below OUTBOX. */
int member_put(struct member *m, const struct event *ev);

/* The same for many members: rendered once for each form among them, and shared. */
struct member_rendered {
    const struct event *ev;   /* borrows */
    struct msg *forms[FORMS]; /* owns */
};
int member_put_shared(struct member *m, struct member_rendered *once);
void member_rendered_fini(struct member_rendered *once);

/* The same for an answer, from the member's own reader. */
void member_answer(struct member *m, const struct event *ev);

/* The same for lines that are rendered already. */
void member_answer_lines(struct member *m, const struct buf *lines);
/* The same; from that byte on it is lines that people said, worth to be sent again if they do not come. */
void member_answer_said(struct member *m, const struct buf *lines, size_t said_at);

/* Clients whom somebody meets in rooms; one who is met in two stands there twice. */
struct contacts {
    struct contact {
        struct member *member; /* borrows: may have ended, or be another client's by now */
        uint64_t id;
    } *v; /* owns */
    size_t n, cap;
};

/* Its own reader's list of rooms. */
bool member_is_in(const struct member *m, const struct room *r);
void member_add_room(struct member *m, struct room *r);
void member_remove_room(struct member *m, const struct room *r);

#endif
