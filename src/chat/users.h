/* SPDX-License-Identifier: ISC */
#ifndef CHAT_USERS_H
#define CHAT_USERS_H

#include "base/strv.h"
#include "chat/member.h"

/*
 * The registry of names: who is online. A name may be that of several sessions of one account; together they are one
 * user. One table under a read-write lock, which all calls take. Unless said otherwise
 * a call is for any thread that holds no lock ranked at or above WATCHES, and never blocks. Calls that put events are
 * for threads that have settled (net/post.h). Names are compared without case.
 */
/* Main thread. */
void users_start(void);
void users_stop(void);

/* How many sessions of one account there may be at a time; 1: a new one replaces the one before. Any thread. */
void users_configure(int sessions);
int users_most_sessions(void);

/* Numbers of private messages and new names are above that one. Before the first of them. Main thread. */
void users_note_number(uint64_t id);

/* ---- names ---- */

/* Gives the member the name, if it is free or the member's own already, and if .may allows it. The answer is put before
 * the name is visible, so nothing overtakes it. A member without a name may also get the name of its account beside
 * other sessions of that, as these write it, if an account may have several. A member that had another name keeps that
 * one reserved until users_renamed, so that no other client takes the old name while rooms still show it; one
 * whose user has other sessions gets no other name. False: it was not given. For the member's own reader. */
struct claim {
    const char *name;
    const struct event *answer;
    bool (*may)(void *arg);       /* NULL: yes. Called under the users lock, so what it finds stays true */
    void *arg;
    const struct event *replaced; /* NULL, or: for a member without a name, sessions of its account that are too many
                                     are closed with these last words, as CLOSE_REPLACED, the longest idle first; they
                                     release their names in a moment */
    bool owns_name;               /* .replaced: so is a session of others that has the name, which is the account's
                                     own */
};
bool users_claim(struct member *m, const struct claim *c);
/* The rooms show the new name: the old one is free. For the member's own reader. */
void users_renamed(struct member *m);

/* True when the member's user has other sessions. */
bool users_has_others(const struct member *m);

/* A member with a name and without an account is logged in to that one, if .may allows it, and keeps its name. Sessions
 * of the account that are too many are closed with .replaced. False: not allowed. For the member's own reader. */
bool users_log_in(struct member *m, int64_t account, const struct claim *c);

/* A member without a name takes over the name and the ignore list of `old`, in its place among the sessions of its
 * user, if .may allows it; the reader of `old` waits. The answer is put first. The rooms have to be told as well
 * (roster_swap). False: not allowed. For the reader of `m`. */
bool users_take_over(struct member *m, struct member *old, const struct claim *c);

/* Before the member leaves its rooms for good: true if its user goes: all other sessions are over, too, and are not
 * resumed. No other may take the name then, until it is released. False also if it has no name, or none any more. */
bool users_begin_quit(struct member *m);
/* When it has left them: adds those who hear of a user who quits once (empty, if the user does not go), and takes over
 * the list. The last session of a user who goes tells them all (EVENT_QUIT), each once. Both calls are for the member's
 * own reader. */
void users_end_quit(struct member *m, struct contacts *c, struct event *quit);

/* Gives the name back, if the member has one; with the last session of a user the user is gone, and is not away any
 * more. Idempotent. For the member's own reader. */
void users_release(struct member *m);

/* True when all clients that have the name are ending, or it is about to be shared, so that waiting a moment for it is
 * worth while; or when it is free. */
bool users_is_leaving(const char *name);

/* From now until users_unwait the member's notifier is notified when a name is given back. For the member's own
 * reader. */
void users_wait(struct member *m);
void users_unwait(struct member *m);

/* ---- look-ups ---- */

/* All that identifies the user who has the name. False: none has. */
struct target;
bool users_identify(const char *name, struct target *target);

/* True when a user has the name: writes it as its owner does. */
bool users_find(const char *name, char as_written[NAME_SIZE]);

/* A copy of some facts about the user who has the name; false when none has. */
struct users_view {
    uint64_t id;               /* as .user_id of its members */
    char name[NAME_SIZE];
    bool is_secure;            /* all its connections are encrypted */
    bool is_oper;              /* one of its sessions has the rights of an operator of the server */
    int64_t since_ms, idle_ms; /* wall clock of its first arrival; time since its last line */
    char account_name[NAME_SIZE]; /* that it is logged in to, or "" */
    struct buf away;           /* empty: it is not away */
    struct buf realname;       /* empty: it has given none */
};
bool users_view(const char *name, struct users_view *view);
void users_view_fini(struct users_view *view);

/* Appends the real name of the member's user, if it has one. For the member's own reader. */
void users_realname(const struct member *m, struct buf *realname);

/* Adds all names in order of arrival; a RENAME counts as an arrival. */
void users_names(struct strv *names);
int users_count(void);

/* The sessions of the member's account, or of a member without one its own, in no particular order: how many. The
 * caller frees *v. For the member's own reader. */
struct users_session {
    uint64_t id; /* the client's */
    char name[NAME_SIZE], address[ADDRS_TEXT];
    bool is_secure, is_web;
    int64_t since_ms, idle_ms; /* as in struct users_view */
};
int users_sessions(const struct member *m, struct users_session **v);
/* True if one of them has that id. */
bool users_has_session(const struct member *m, uint64_t id);

/* Copies the name of a client that need not be the caller's: "" when the client has none, or `m` is another client's
 * now. */
void users_name_of(struct member *m, uint64_t id, char name[NAME_SIZE]);

/* ---- watching names ---- */

/* A name that a client watches. */
struct users_watched {
    char name[NAME_SIZE];         /* as the client writes it; of a user who is online: as that writes it */
    char account_name[NAME_SIZE]; /* that the user is logged in to, or "" */
    bool is_online;
    bool is_refused;              /* the client does not watch it: it watches too many */
};

/* The client watches these names, too: until it gives back its own name it is told of each when a user takes it
 * (EVENT_ONLINE), and when the last session of that user is gone or has another name (EVENT_OFFLINE). Completes the
 * names, also those that it watched before, and calls `answer`: what that tells the client comes before all that it
 * is told of them later. */
struct users_watching {
    struct users_watched *v; /* borrows; .name set, and valid, the rest zero */
    size_t n;
    int most;                /* names that the client may watch in all */
    void (*answer)(void *arg); /* under the watches lock, which ranks before USERS: it may put, and must not block */
    void *arg;
};
void users_watch(struct member *m, const struct users_watching *w);

/* It does not watch that name any more; or none. No effect if it does not. */
void users_unwatch(struct member *m, const char *name);
void users_unwatch_all(struct member *m);

/* The names that it watches, as it wrote them, in the order in which it began: how many. The caller frees *v. These
 * four are for the member's own reader, and it has a name. */
size_t users_watched(struct member *m, struct users_watched **v);

/* How many names are watched. */
int users_watched_count(void);

/* ---- delivery ---- */

/* What a private message was given. */
struct users_receipt {
    uint64_t id;     /* its number, and its time by the wall clock */
    int64_t time_ms;
    int64_t account; /* of the user who has taken it; 0: none */
};

/* Sends a private message to all sessions of the user who has the name, or else is logged in to the account of that
 * name; the users lock is held from the look-up to the put.
 * False: nobody has, or all these sessions are ending; then `absent` (may be NULL) was called, under the lock. If that
 * user is away, `from` is told so. In a session that ignores `from`, the message is dropped, and `from` is not told.
 * The other sessions of the user of `from` are shown what was sent, unless they have received it themselves.
 * Each message has a number of its own, which *rc (may be NULL) has before `absent` is called. Numbers grow, but two
 * messages put at the same time may arrive in either order. Of `said` text, is_notice and tags are taken; a notice is
 * by a program, and `from` is not told that the user is away. For the reader of `from`. */
bool users_put(struct member *from, const char *name, const struct event *said, void (*absent)(void *arg), void *arg,
               struct users_receipt *rc);

/* What becomes of private messages that have not arrived at a session that ends: another session of the account has
 * them too (others_have), or is sent them now, as mail; or there is none, and they are stored. From then on nobody
 * leaves anything to this session. For the reader of a member with an account, which flushes afterwards. */
void users_bequeath(struct member *m, struct msg *const *v, bool *others_have, size_t n);

/* Shows the other sessions of the user of `from` a private message that was stored for that name. For the reader of
 * `from`. */
void users_show_sent(const struct member *from, const char *name, const char *text, const struct users_receipt *rc);

/* Puts an event, which `from` has caused, into the outboxes of all sessions that have the name and do not ignore
 * `from`. For the reader of `from`. */
void users_tell_name(const struct member *from, const char *name, const struct event *ev);

/* Puts an event once into the outbox of each contact that is still online. The event gets a number, as private messages
 * have, and its time. Sorts the contacts. */
void users_tell(struct contacts *c, struct event *ev);

/* Puts an event into the outboxes of all sessions of the account that want to hear of it, but that of `except`. Any
 * thread that has settled. */
void users_tell_account(int64_t account, const struct member *except, const struct event *ev);

/* Puts an event into the outbox of every client with a name; or of those that have the rights of an operator. */
void users_put_all(const struct event *ev);
void users_put_opers(const struct event *ev);

/* ---- settings of a member: for its own reader ---- */

/* The form of the member's lines, what it wants to hear of, and its ignore list, which is taken over; the caller then
 * owns the former list. The member's rooms have to be told as well (roster_update). */
void users_set_form(struct member *m, enum form form);
void users_set_wants(struct member *m, unsigned wants);
void users_set_ignores(struct member *m, struct ignores *ig);

/* The member's user is away with that text, which is copied, or back (NULL): in all its sessions. False: it was so
 * already. */
bool users_set_away(struct member *m, const char *text);
/* The member's user has that real name now, which is copied; "": none. `keep`: unless it has one already. False: it was
 * so already. */
bool users_set_realname(struct member *m, const char *text, bool keep);
/* Tells each contact once which real name the member's user has now (EVENT_REALNAME), as users_tell_away does. */
void users_tell_realname(const struct member *m, struct contacts *c);
/* Tells each contact once whether the member's user is away now (EVENT_AWAY_CHANGED), as users_tell does, but those
 * that ignore the user; what another session changes meanwhile is told. `is_readable`: they may read the away text. */
void users_tell_away(const struct member *m, struct contacts *c, bool is_readable);

/* ---- closing ---- */

/* Ends all sessions that have a name and that `refuses` says so of, with what it says as last words; it is called with
 * the users lock held. Also those whose connection has broken, and that wait to be resumed. How many there were. */
int users_end_refused(bool (*refuses)(const struct member *m, struct refusal *no), enum close_reason reason);
/* Closes all sessions that have the name, as kicked, with these last words. One whose connection has broken stops
 * waiting to be resumed. How many there were; their ids are in *ids, which the caller frees. */
int users_kick(const char *name, const struct event *last_words, uint64_t **ids);

/* The same for the clients that are logged in to the account. */
void users_close_account(int64_t id, enum close_reason reason, const struct event *last_words);

/* Closes the clients that have the name, unless they are logged in to the account. */
void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *last_words);

/* True while a client is logged in to the account. Any thread. */
bool users_has_account(int64_t id);

/* The account is gone. One of its sessions stays, without it: the client `keep`, or with 0 one of each name. The others
 * are closed as CLOSE_LOGOUT with these last words. The users who stay, which the caller frees, and how many. */
struct users_former {
    uint64_t user_id;
    char name[NAME_SIZE];
};
int users_forget_account(int64_t id, uint64_t keep, const struct event *last_words, struct users_former **v);

/* Closes another session of the member's account, or with 0 all others, as CLOSE_LOGOUT with these last words; it
 * revokes its token at its end. False: there is none. For the member's own reader. */
bool users_logout(const struct member *m, uint64_t id, const struct event *last_words);

#endif
