/* SPDX-License-Identifier: ISC */
#ifndef SERVE_RESUMABLE_H
#define SERVE_RESUMABLE_H

#include "serve/session.h"

/*
 * Sessions that can be resumed, and how they end: those that have taken a token; and those that are logged in to an
 * account by a protocol that knows no tokens (.resumes_by_account). When the connection of such a session breaks, its
 * reader stays in its rooms and under its name for a moment (accounts.grace_s). If another session resumes it in that
 * time, the resumer, the place is handed over and nobody sees the user leave. Otherwise it leaves, and what it had is
 * saved in the store for later, if it has a token.
 *
 * Not obvious: the resumer's reader does the handing over while the resumable session's reader waits. So each session
 * is touched by one thread at a time, and no reader takes orders from another.
 */

#define RESUMABLE_POLL_MS 10 /* between two looks at what nobody is notified of */

/* How long such a session stays after a break. Any thread. */
void resumable_configure(int grace_ms);

/* Lists the session under its token; replaces the token it had. Its reader. */
void resumable_list(struct session *s, const struct token *t);

/* Before the session is logged in to an account: what is put to it from now on is kept until it has arrived, as far as
 * it would be stored or shown to a resumer. Its reader. */
void resumable_keep_tail(struct session *s);

/* The session's reader at its end, with the outbox closed. True: it stays to be resumed. */
bool resumable_stays(struct session *s);
/* Then, when all was written that could be: waits for a resumer and hands over, or saves. Afterwards the session may
 * be in no room and without a name. */
void resumable_stay(struct session *s);
/* Otherwise: nobody can resume it any more. */
void resumable_forget(struct session *s);

/* Between these two calls of its reader a session has something to store yet: the store does not stop before. */
void resumable_saving(void);
void resumable_saved(void);
/* The token of the session of that client. False: it has none. Any thread. */
bool resumable_token(uint64_t id, struct token *t);

/* True when there is no time to lose: a resumer waits, the account logs in elsewhere, the operator kicked the
 * session, or the server stops. `arg` is the session. */
bool resumable_is_urgent(void *arg);

/* ---- for the resumer ---- */

enum { RESUMER_WAITS, RESUMER_READY, RESUMER_REFUSED };

struct resumer {
    struct session *s;
    const struct token *token;   /* NULL: it resumes by its account */
    int64_t account;             /* then: the id, and the name that the session must have, folded */
    const char *key;
    struct resumer *next;        /* H */
    bool listed;                 /* H */
    _Atomic int state;
    struct resumable *resumable; /* RESUMER_READY: its reader waits until resumable_release */
};

/* Takes and releases the right to resume by the resumer's token: one session at a time has it. Its reader. False:
 * another one has it. `arg` is the resumer, which has a token. */
bool resumable_lock(void *arg);
void resumable_unlock(struct resumer *rs);

/* Asks the session that holds the token, or the one that waits longest for the account, to hand over: it is closed, and
 * sets the resumer's state. False: there is none. */
bool resumable_request(struct resumer *rs);
/* Takes the request back if it was not answered yet. */
void resumable_withdraw(struct resumer *rs);
/* Lets the reader of the resumed session go on, with what is left to it. */
void resumable_release(struct resumable *ra);

/* ---- stopping ---- */

/* No session waits for resumers any more, nor long at its end; and, before the store stops, waits until all ending
 * sessions are saved. Main thread. */
void resumable_stop(void);
void resumable_wait_saved(void);

#endif
