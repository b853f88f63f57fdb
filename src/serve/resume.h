/* SPDX-License-Identifier: ISC */
#ifndef SERVE_RESUME_H
#define SERVE_RESUME_H

#include "chat/tokens.h"

#include <uthash.h>

/*
 * Sessions that come back. Who has taken a token is a holder. When its connection breaks, its reader stays for a moment
 * (accounts.grace) in its rooms and in its name; if somebody comes with the token in that time, an heir, its place is
 * handed over and nobody sees it go. Else it leaves, and what it had is parked in the store for who comes later.
 */
struct session;
struct heir;

/* A session's part. Locking key: H by the lock of resume.c · R its reader only, and that of its heir while it waits */
struct holder {
    struct token token;
    bool has_token;       /* R */
    bool listed;          /* H */
    struct heir *heir;    /* H: borrows; its reader waits for us */
    struct session *s;    /* R */
    struct parked parked; /* R: how it was at its end */
    _Atomic bool done;    /* the heir has all */
    UT_hash_handle hh;    /* H */
};

/* Milliseconds that a holder stays; most messages shown of a room to who comes back. Any thread. */
void resume_configure(int grace_ms, int messages);

/* For the session's reader at its end, with the outbox closed. True: it is to be parked. */
bool resume_parks(const struct session *s);
/* Around what follows, up to the session's having left: the stop waits for it. */
void resume_begin_park(void);
void resume_end_park(void);
/* Then, when all was written that could be: waits for an heir and hands over, or has it parked. Afterwards the session may
 * be in no room and without a name. */
void resume_park(struct session *s);
/* Else: nobody can inherit from it. */
void resume_forget(struct session *s);

/* True when an heir waits, or who logs in instead, or the server stops, so there is no time to lose; `arg` is the
 * session. */
bool resume_is_urgent(void *arg);

/* Nobody waits for heirs any more. Main thread, at the stop. */
void resume_stop(void);
/* Then, with no client any more: waits until all that is parked is put to the store, and they have left. Main thread. */
void resume_wait_left(void);

#endif
