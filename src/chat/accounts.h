/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ACCOUNTS_H
#define CHAT_ACCOUNTS_H

#include "base/secret.h"
#include "chat/request.h"
#include "net/addrs.h"
#include "proto/name.h"

/*
 * Accounts: names that are owned. All are in memory, so to check that a name has no account costs one look-up. A change
 * is put to the store and takes effect in memory after COMMIT, on the store thread. Which client is logged in to an
 * account is in struct member.
 */
struct account {
    int64_t id; /* never given twice */
    char name[NAME_SIZE];
    char hash[SECRET_HASH]; /* of the password */
    int64_t created_ms, seen_ms; /* wall clock; .seen_ms 0: never */
    char seen_from[ADDRS_TEXT]; /* the address of the last login, without its port; "" when there was none */
    bool locked;
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
/* True when a user may have the name who has proved ownership of `proved`, as it was looked up, or of no account
 * (NULL): it is the name of that account, or of none; and that account is unlocked and has the same password still. */
bool accounts_admits(const char *name, const struct account *proved);
int accounts_count(void);
/* Calls fn for a copy of each, oldest first, without a lock. */
void accounts_each(void (*fn)(const struct account *a, void *arg), void *arg);

/* The changes: each waits until it is on disk, or returns why it was not made. Blocks. Any thread with a notifier, no
 * lock. */
enum accounts_change {
    ACCOUNTS_DONE,
    ACCOUNTS_STORAGE,
    ACCOUNTS_EXISTS,
    ACCOUNTS_UNKNOWN,
    ACCOUNTS_OUTDATED, /* the password was changed after it was checked */
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
/* `proved`: the hash that a password was checked against, which must still be the account's; NULL: any. */
enum accounts_change accounts_set_hash(int64_t id, const char *proved, const char *hash, const struct waiter *w);
enum accounts_change accounts_set_locked(int64_t id, bool locked, const struct waiter *w);
/* Logs out the clients that are logged in to it. */
enum accounts_change accounts_remove(int64_t id, const char *proved, const struct waiter *w);

/* Makes an invitation for one account. */
enum accounts_change accounts_invite(char code[SECRET_TEXT], int64_t expires_ms, const struct waiter *w);

/* Notes that a client is logged in to it now; the store writes it within a quarter of a second. `from`: its address;
 * NULL: unchanged. Any thread, any lock that ranks below ACCOUNTS. */
void accounts_note_seen(int64_t id, const char *from);
/* Keeper, each of its passes, and once before store_stop: has what was noted written. */
void accounts_tick(void);

#endif
