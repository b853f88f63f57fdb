/* SPDX-License-Identifier: ISC */
#ifndef CHAT_USERS_IMPL_H
#define CHAT_USERS_IMPL_H

#include "base/rwlock.h"
#include "chat/users.h"

#include <uthash.h>
#include <utlist.h>

/*
 * The inside of the registry of names, for users.c and the files beside it (users_*.c). Everybody else uses
 * chat/users.h.
 *
 * uthash keeps the order of insertion, so the table is also the order of arrival. A pointer to a member from the table
 * is valid only while the lock is held: a member leaves the table before its session ends.
 *
 * Locking key: U by the lock of the table
 */

/* A name that is taken, with the sessions that have it. It is in the table as long as there is one. */
struct user {
    char key[NAME_SIZE];     /* U: the name folded; as written it is in each session */
    struct member *sessions; /* U: borrows; never empty, in order of arrival, by .next_session */
    char *away;              /* U: owns; NULL: it is not away */
    char *realname;          /* U: owns; NULL: it has given none */
    bool ending;             /* U: all sessions leave; no other may have the name until it is free */
    struct contacts quit;    /* U: owns; those who are to be told by the last of them that the user has quit */
    UT_hash_handle hh;       /* U */
};

struct users_table {
    struct rwlock lock;
    struct user *table;       /* U: owns */
    struct member *waiting;   /* U: borrows */
    struct member *renaming;  /* U: borrows; members whose rooms still show the old name */
    _Atomic uint64_t last_id; /* of private messages and new names; users_note_number says where it begins */
};
extern struct users_table users_table;

/* The user of a folded name, or NULL. */
struct user *users_find_locked(const char *key);
/* Takes the lock for reading; the user who has the name, or NULL. */
struct user *users_read(const char *name);
/* A session that is logged in to the account, or NULL. */
struct member *users_by_account_locked(int64_t id);
/* False: it was closed already. */
bool users_close_locked(struct member *m, enum close_reason reason, const struct event *last_words);

/* The table of watched names, in chat/users_watch.c. Main thread. */
void users_watch_start(void);
void users_watch_stop(void);
/* The name has been taken or given back: those who watch it are told. Holds no lock ranked at or above WATCHES. */
void users_watch_note(const char *name);

/* For each session `m` of each user `u`. A loop in a loop: break leaves the inner one. */
#define USERS_EACH_LOCKED(u, m)                                                                                        \
    for (struct user *u = users_table.table; u; u = u->hh.next)                                                        \
        for (struct member *m = u->sessions; m; m = m->next_session)

#endif
