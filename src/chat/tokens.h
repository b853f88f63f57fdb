/* SPDX-License-Identifier: ISC */
#ifndef CHAT_TOKENS_H
#define CHAT_TOKENS_H

#include "base/buf.h"
#include "base/secret.h"
#include "chat/request.h"
#include "proto/name.h"

/*
 * Tokens, by which a session is resumed, and how sessions were when their connections broke. Only the digest of a token
 * is kept. Any thread with a bell; no lock.
 */
struct token_limits {
    int per_account;
    int days;     /* for which one is good after its last use */
    int resume_s; /* for which rooms are remembered after a break */
};
void tokens_configure(const struct token_limits *limits);

struct token {
    unsigned char digest[SECRET_DIGEST];
};

/* Makes one for an account, in place of `old` (may be NULL), and writes it. */
enum tokens_result { TOKENS_DONE, TOKENS_UNKNOWN, TOKENS_STORAGE };
enum tokens_result tokens_make(int64_t account, const struct token *old, char text[SECRET_TEXT], struct token *t,
                               const struct waiter *w);
/* The token of a text, and the account it is for. */
enum tokens_result tokens_find(const char *text, struct token *t, int64_t *account, const struct waiter *w);
/* The same of a token that was found before. */
enum tokens_result tokens_check(const struct token *t, int64_t *account, const struct waiter *w);

/* A session whose connection broke. */
struct saved_session {
    int64_t broke_ms;  /* wall clock; 0: there is none */
    unsigned caps;     /* as in struct member */
    struct buf missed; /* lines that may not have come, in the form that goes with the caps */
    struct saved_room {
        char key[NAME_SIZE];
        uint64_t heard; /* number of the last message put on its way */
    } *rooms; /* owns */
    int room_count;
};
void saved_session_fini(struct saved_session *p);

/* Nobody waits for it. */
void tokens_save(const struct token *t, const struct saved_session *p);
/* What is remembered, and forgets it. */
enum tokens_result tokens_take(const struct token *t, struct saved_session *p, const struct waiter *w);

/* Once an hour: forgets what is too old. Nobody waits for it. */
void tokens_clean_up(void);

#endif
