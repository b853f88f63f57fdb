/* SPDX-License-Identifier: ISC */
#ifndef SERVE_RESUME_H
#define SERVE_RESUME_H

#include "chat/tokens.h"

#include <uthash.h>

/*
 * Sessions that come back. Who has taken a token is a resumable. When its connection breaks, its reader stays for a moment
 * (accounts.grace_s) in its rooms and in its name; if somebody comes with the token in that time, an resumer, its place is
 * handed over and nobody sees it go. Else it leaves, and what it had is parked in the store for who comes later.
 */
struct session;
struct resumer;

/* A session's part. Locking key: H by the lock of resume.c · R its reader only, and that of its resumer while it waits */
struct resumable {
    struct token token;
    bool has_token;       /* R */
    bool listed;          /* H */
    struct resumer *resumer;    /* H: borrows; its reader waits for us */
    struct session *s;    /* R */
    struct saved_session saved; /* R: how it was at its end */
    _Atomic bool done;    /* the resumer has all */
    UT_hash_handle hh;    /* H */
};

/* Milliseconds that a resumable stays; most messages shown of a room to who comes back. Any thread. */
void resume_configure(int grace_ms, int messages);

/* For the session's reader at its end, with the outbox closed. True: it is to be parked. */
bool resume_must_save(struct session *s);
/* Then, when all was written that could be: waits for an resumer and hands over, or has it parked. Afterwards the session may
 * be in no room and without a name. resume_must_save counts it as ending, until resume_saved, when it has left. */
void resume_save(struct session *s);
void resume_saved(void);
/* Else: nobody can inherit from it. */
void resume_forget(struct session *s);

/* True when an resumer waits, or who logs in by the password, or the server stops, so there is no time to lose; `arg` is the session. */
bool resume_is_urgent(void *arg);

/* Nobody waits for resumers any more; and, before the store stops, waits until all that end are parked. Main thread. */
void resume_stop(void);
void resume_wait_saved(void);

#endif
