/* SPDX-License-Identifier: ISC */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include "chat/change.h"
#include "chat/history.h"
#include "chat/roster.h"
#include "chat/member.h"
#include "chat/search.h"
#include "net/line.h"
#include "net/pool.h"
#include "serve/flood.h"
#include "serve/resume.h"

/*
 * One client's life, on its pair's reader thread: lines in, handlers, answers out, and one way to end. Lives as long
 * as its pair and serves one client after the other.
 *
 * Locking key: R the reader only · a atomic · c constant
 */
struct session {
    struct pair *pair;       /* c: borrows */
    struct member member;    /* see there */
    const struct codec *codec; /* R: the listener's */
    struct line line;        /* R */
    bool first_line;         /* R: the next line is the first of the connection */
    struct flood flood;      /* R */
    bool is_exempt;             /* R: from the flood limit */
    struct change change;    /* R, and the store while it has it: the topic being set */
    struct history_query query; /* the same: the history asked for */
    struct resumable resumable;    /* see there */
    int64_t mail_upto;       /* R: number of the last private message shown of those that waited; 0: none */
    struct search_query search; /* the same: what is looked for in it */
    uint64_t mail_end;       /* R: where in the stream they end */
    _Atomic int room_count;  /* a: for the console */
    _Atomic bool named;      /* a: has given a name, so no login deadline */
};

struct session_limits {
    int line, text, topic, away; /* bytes */
    int ignored;              /* names */
    int login_timeout_s;
    int rooms_per_user;
    int history_page;         /* messages */
    bool replay_kept;         /* JOIN replays from the history */
    int replay, replay_age_s; /* messages, and how old they may be */
};

/* The limits in force. Any thread. */
void session_configure(const struct session_limits *limits);
struct session_limits session_limits(void);

/* For the pool: makes and frees the session of a pair; serves one client. */
void session_prepare(struct pair *p);
void session_release(struct pair *p);
void session_serve(struct pair *p);

/* Keeper: closes who has given no name in time. */
void session_check_deadlines(void);

/* The rest is for handlers, on the session's reader. */
void session_answer(struct session *s, const struct event *ev);
void session_error(struct session *s, enum error_code code, const char *text);
/* Ends it: the loop unwinds after the handler. */
void session_close(struct session *s, enum close_reason reason);
/* Flushes, then waits until `ready(arg)`, the end of the session, or clock_ms() reaching until_ms. True: ready. */
bool session_wait(struct session *s, int64_t until_ms, bool (*ready)(void *arg), void *arg);
/* Between long answers to one line: waits while one's own outbox presses. */
void session_yield_to_own(struct session *s);
/* Before something is said in the room: waits for what others have just found pressing there, and while the history is
 * full. False: the session has ended meanwhile. */
bool session_yield_to_room(struct session *s, struct room *r);
/* True when the session has to end; `arg` is the session. For change_wait and history_wait. */
bool session_is_over(void *arg);

/* The console is to know in how many rooms it is now. */
void session_count_rooms(struct session *s);
/* The client has a name now. */
void session_named(struct session *s);
/* Tells the client why it may not come in, or not talk. Frees what `no` has. */
void session_refuse(struct session *s, struct refusal *no);
/* Forgets rooms that others have put the client out of. */
void session_sync_rooms(struct session *s);

/* Enters a room, taking over the reference to it, and makes it current; `ticket` is from room_admits. False: the ticket is
 * no longer good, or `past` (may be NULL) lacks something, and the reference is the caller's. */
bool session_enter_room(struct session *s, struct room *r, unsigned ticket, const struct backlog *backlog);
/* Tells all of them what has changed in the member. */
void session_update_rooms(struct session *s);
/* Leaves one and gives the reference back; `answer`: with OK Left. */
void session_leave_room(struct session *s, struct room *r, bool answer);

/* What the console shows of the client of a pair; false when there is none. Any thread. */
struct session_view {
    struct pool_client client;
    char name[NAME_SIZE]; /* "" before USERNAME */
    int rooms;
    int64_t idle_ms;
    struct outbox_load queued;
};
bool session_view(struct pair *p, struct session_view *view);

/* Closes a client as kicked: by id, else by name. `reason` is shown to the client. Its id, or 0 when there is none. Any
 * thread. */
uint64_t session_kick(const char *who, const char *reason);

#endif
