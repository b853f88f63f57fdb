/* SPDX-License-Identifier: ISC */
#ifndef CHAT_ACCOUNTS_IMPL_H
#define CHAT_ACCOUNTS_IMPL_H

#include "base/rwlock.h"
#include "chat/accounts.h"

#include <uthash.h>

/* The inside of the table of accounts, for chat/accounts.c and chat/accounts_change.c. Everybody else uses
 * chat/accounts.h. */
struct account_entry {
    struct account a;
    char key[NAME_SIZE];
    struct fingerprints certificates;
    bool noted; /* .seen_ms and .seen_from are not written yet */
    struct account_entry *next_noted;
    UT_hash_handle hh, hh_id;
};

/* Locking key: A by .lock */
struct accounts_table {
    struct rwlock lock;
    struct account_entry *by_key; /* A: owns */
    struct account_entry *by_id;  /* A: the same entries */
    struct account_entry *noted;  /* A: those whose .seen_ms has to be written */
};
extern struct accounts_table accounts_table;

/* NULL: unknown account. */
struct account_entry *accounts_by_id_locked(int64_t id);
void accounts_add_locked(const struct account *a);
void accounts_remove_locked(struct account_entry *e);

#endif
