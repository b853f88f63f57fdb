/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ACCOUNTS_H
#define CHAT_ACCOUNTS_H

#include "base/secret.h"
#include "chat/fingerprints.h"
#include "chat/request.h"
#include "net/addrs.h"
#include "proto/name.h"

/*
 * Accounts: names that are owned. All are in memory, so to check that a name has no account costs one look-up. A change
 * is put to the store and takes effect in memory after COMMIT, on the store thread. Which client is logged in to an
 * account is in struct member.
 *
 * The client certificates of accounts are in memory, too. Anybody can make a certificate, so a look-up in the store
 * would let strangers queue work there; an owner logs in while the disk cannot be written; and whether a certificate
 * still opens the account can be asked in the hold in which the name is given.
 */
enum proof_kind { PROOF_PASSWORD, PROOF_CERTIFICATE, PROOF_TOKEN };

struct account {
    int64_t id; /* never given twice */
    char name[NAME_SIZE];
    char hash[SECRET_HASH]; /* of the password */
    int64_t created_ms, seen_ms; /* wall clock; .seen_ms 0: never */
    char seen_from[ADDRS_TEXT]; /* the address of the last login, without its port; "" when there was none */
    bool locked;
    bool keeps; /* its private messages may be kept (chat/dialogues.h) */
    int64_t era; /* counts how often rights were revoked: by a new password, a removed certificate, a lock,
                    LOGOUT ALL */
    /* Set in a copy, by who has checked a proof of ownership since the copy was made: of which kind it was. */
    enum proof_kind proved_by;
    const char *certificate; /* borrows: its fingerprint, for PROOF_CERTIFICATE */
};

/* Main thread; _stop after store_stop. */
void accounts_start(void);
void accounts_stop(void);

/* The most accounts. Any thread. */
void accounts_configure(int max);

/* Reads all accounts from the store, before store_start. 0, or -1 with a line for the operator. Main thread. */
int accounts_load(char error[STORE_ERROR]);

/* A copy of the account of that name. False: unknown account. Any thread, any lock that ranks below ACCOUNTS. */
bool accounts_find(const char *name, struct account *a);
/* The same by its id. */
bool accounts_by_id(int64_t id, struct account *a);
/* Whether a session may take this name, which must not be banned (chat/bans.h). `proved` NULL: nobody owns it. Else:
 * nobody else owns it, the account `proved` is unlocked and not banned, and the proof still holds: the password is
 * unchanged, the certificate still the account's, or, for a token, the era the same. */
bool accounts_admits(const char *name, const struct account *proved);

/* The client certificates of an account: whether it has this one; a copy of all (the caller frees). Any thread, any
 * lock that ranks below ACCOUNTS. */
bool accounts_has_certificate(int64_t id, const char *fingerprint);
void accounts_certificates(int64_t id, struct fingerprints *copy);
/* Calls fn for a copy of each, oldest first, without a lock. */
void accounts_each(void (*fn)(const struct account *a, void *arg), void *arg);

/* The changes: each waits until it is on disk, or returns why it was not made. Blocks. Any thread with a notifier, no
 * lock. */
enum accounts_change {
    ACCOUNTS_DONE,
    ACCOUNTS_STORAGE,
    ACCOUNTS_EXISTS,
    ACCOUNTS_UNKNOWN,
    ACCOUNTS_OUTDATED, /* what was proved does not hold any more */
    ACCOUNTS_FULL,
    ACCOUNTS_NOT_INVITED
};
struct accounts_new {
    const char *name, *hash;
    const char *seen_from;
    const char *invitation;  /* is used up; NULL: none is needed */
    _Atomic int64_t *owner;  /* borrows: .account of the member that has the name, which is then logged in. NULL: the
                                client that has the name is kicked */
};
enum accounts_change accounts_add(const struct accounts_new *n, const struct waiter *w);
/* `proved`: the hash that a password was checked against, which must still be the account's; NULL: any. A new password
 * revokes the tokens and the certificates of the account, for whoever knew the old one may have added them. */
enum accounts_change accounts_set_hash(int64_t id, const char *proved, const char *hash, const struct waiter *w);
/* A lock revokes the tokens; the certificates stay. */
enum accounts_change accounts_set_locked(int64_t id, bool locked, const struct waiter *w);
/* Whether its private messages may be kept. */
enum accounts_change accounts_set_keeps(int64_t id, bool keeps, const struct waiter *w);
/* Of the clients that are logged in to it one stays of each name, without the account; the others are closed. The
 * second is for one of them, who gives it up: it stays, and all others are closed. */
enum accounts_change accounts_remove(int64_t id, const char *proved, const struct waiter *w);
enum accounts_change accounts_give_up(int64_t id, const char *proved, uint64_t client, const struct waiter *w);
/* Begins a new era: revokes the tokens, and what is saved for them. */
enum accounts_change accounts_revoke(int64_t id, const struct waiter *w);

/* What a session has proved: that it may act for the account, in that era of it. Of a new account it is 0. */
struct proof {
    int64_t account, era;
};
/* For run() of a job: whether the proof still holds. ACCOUNTS_DONE, _UNKNOWN or _OUTDATED. SQLITE_OK or the error. */
int accounts_check(sqlite3 *db, const struct proof *p, enum accounts_change *result);
/* For committed() of the jobs of chat/certify.c: a certificate was added; one was removed, and a new era begun. */
void accounts_certificate_added(int64_t id, const struct fingerprint *f);
void accounts_certificate_removed(int64_t id, const char *fingerprint);

/* For committed() of a job that has removed the account from the store; `keep`: the client that stays, or 0. Those who
 * share a room with a user who stays without the account are told (EVENT_ACCOUNT_CHANGED); so is that user, but not
 * `keep`. */
void accounts_removed(int64_t id, uint64_t keep);

/* Makes an invitation for one account. */
enum accounts_change accounts_invite(char code[SECRET_TEXT], int64_t expires_ms, const struct waiter *w);

/* Notes that a client is logged in to it now; the store writes it within a quarter of a second. `from`: its address;
 * NULL: unchanged. Any thread, any lock that ranks below ACCOUNTS. */
void accounts_note_seen(int64_t id, const char *from);
/* Keeper, each of its passes, and once before store_stop: has what was noted written. */
void accounts_tick(void);

#endif
