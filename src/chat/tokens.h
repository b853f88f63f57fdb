/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TOKENS_H
#define CHAT_TOKENS_H

#include "base/buf.h"
#include "base/secret.h"
#include "chat/accounts.h"
#include "chat/request.h"
#include "proto/name.h"

/*
 * Tokens, by which sessions are resumed, and saved sessions: their state when the connection broke. Only the digest of
 * a token is stored. Calls with a waiter block until the store has answered. Any thread with a notifier, no lock.
 */
struct token_limits {
    int per_account;
    int days;     /* for which a token is valid after its last use */
    int resume_s; /* for which a saved session is kept */
};
/* Any thread. */
void tokens_configure(const struct token_limits *limits);

struct token {
    unsigned char digest[SECRET_DIGEST];
};

/* Makes a token for an account, in place of `old` (may be NULL), and stores it. TOKENS_UNKNOWN: unknown account;
 * TOKENS_OUTDATED: what the session has proved does not hold any more. */
enum tokens_result { TOKENS_DONE, TOKENS_UNKNOWN, TOKENS_OUTDATED, TOKENS_STORAGE };
enum tokens_result tokens_make(const struct proof *proof, const struct token *old, char text[SECRET_TEXT],
                               struct token *t, const struct waiter *w);
/* The token of a text, and its account. TOKENS_UNKNOWN: unknown token, or no longer valid. */
enum tokens_result tokens_find(const char *text, struct token *t, int64_t *account, const struct waiter *w);
/* The account of a token that was found before; the same. */
enum tokens_result tokens_check(const struct token *t, int64_t *account, const struct waiter *w);

/* Revokes a token, and what was saved under it: true: that is on disk. The second waits for nothing. */
bool tokens_remove(const struct token *t, const struct waiter *w);
void tokens_forget(const struct token *t);

/* The state of a session whose connection broke. Zero-initialise; saved_session_fini frees. */
struct saved_session {
    int64_t broke_ms;  /* wall clock; 0: no session was saved */
    unsigned epoch;    /* of .missed, as msg_epoch() says */
    unsigned caps;     /* as in struct member */
    struct buf missed; /* lines that may not have arrived, in the form that .caps ask for */
    struct saved_room {
        char key[NAME_SIZE];
        uint64_t heard; /* read marker: number of the last message that is in .missed or arrived */
    } *rooms; /* owns */
    int room_count;
};
void saved_session_fini(struct saved_session *p);

/* Stores it under the token. Nobody waits for it, and it is dropped if a failed store has a long queue (job_post). */
void tokens_save(const struct token *t, const struct saved_session *p);
/* Reads what was saved under the token, and deletes it. .broke_ms 0: nothing was, or it is too old. */
enum tokens_result tokens_take(const struct token *t, struct saved_session *p, const struct waiter *w);

/* Deletes what was saved under all tokens of the account. Nobody waits for it. */
void tokens_forget_saved(int64_t account);

/* Once an hour: deletes what is too old. Nobody waits for it. */
void tokens_clean_up(void);

#endif
