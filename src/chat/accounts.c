/* SPDX-License-Identifier: ISC */
/*
 * The table of accounts and its changes. Not obvious: whether a name is free is decided by the database, inside the
 * transaction, because two requests for the same name may be in the queue at once. The table follows in the order of
 * the queue.
 */
#include "config.h"

#include "chat/accounts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/rwlock.h"
#include "chat/job.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "store/store_accounts.h"
#include "store/store_tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct entry {
    struct account a;
    char key[NAME_SIZE];
    bool noted; /* its .seen_ms and .seen_from are not written yet */
    struct entry *next_noted;
    UT_hash_handle hh, hh_id;
};

/* When an account was last seen, as the store writes it. */
struct seen {
    int64_t id, seen_ms;
    char from[ADDRS_TEXT];
};

/* Locking key: A by .lock · t the store thread */
static struct {
    struct rwlock lock;
    struct entry *by_key;    /* A: owns */
    struct entry *by_id;     /* A: the same entries */
    struct entry *noted;     /* A: those to be written */
    struct store_job write;  /* writes them */
    bool busy;               /* A: .write is queued or being carried out */
    bool again;              /* A: and has to be put again after that */
    struct seen *writing;    /* t: owns; not yet known to be on disk */
    size_t writing_n;        /* t */
} accounts;

static _Atomic int max_now = 10000;

void accounts_configure(int max)
{
    atomic_store_explicit(&max_now, max, memory_order_relaxed);
}

/* ---- the table ---- */

static struct entry *find_locked(const char *name)
{
    char key[NAME_SIZE];
    struct entry *e;
    name_fold(key, name);
    HASH_FIND(hh, accounts.by_key, key, strlen(key), e);
    return e;
}

static struct entry *by_id_locked(int64_t id)
{
    struct entry *e;
    HASH_FIND(hh_id, accounts.by_id, &id, sizeof id, e);
    return e;
}

static void add_locked(const struct account *a)
{
    struct entry *e = panic_calloc(1, sizeof *e);
    e->a = *a;
    name_fold(e->key, a->name);
    HASH_ADD(hh, accounts.by_key, key, strlen(e->key), e);
    HASH_ADD(hh_id, accounts.by_id, a.id, sizeof e->a.id, e);
}

static void remove_locked(struct entry *e)
{
    if (e->noted)
        LL_DELETE2(accounts.noted, e, next_noted);
    HASH_DELETE(hh, accounts.by_key, e);
    HASH_DELETE(hh_id, accounts.by_id, e);
    secret_wipe(&e->a, sizeof e->a);
    free(e);
}

static bool copy_locked(const struct entry *e, struct account *a)
{
    if (e)
        *a = e->a;
    return e != NULL;
}

bool accounts_find(const char *name, struct account *a)
{
    rwlock_read(&accounts.lock);
    bool found = copy_locked(find_locked(name), a);
    rwlock_release(&accounts.lock);
    return found;
}

bool accounts_by_id(int64_t id, struct account *a)
{
    rwlock_read(&accounts.lock);
    bool found = copy_locked(by_id_locked(id), a);
    rwlock_release(&accounts.lock);
    return found;
}

bool accounts_admits(const char *name, const struct account *proved)
{
    rwlock_read(&accounts.lock);
    const struct entry *owner = find_locked(name), *own = proved ? by_id_locked(proved->id) : NULL;
    bool admits = !owner && !proved;
    if (own)
        admits = (!owner || owner == own) && !own->a.locked && strcmp(own->a.hash, proved->hash) == 0;
    rwlock_release(&accounts.lock);
    return admits;
}

void accounts_each(void (*fn)(const struct account *a, void *arg), void *arg)
{
    struct strv names = {0};
    struct account a;
    rwlock_read(&accounts.lock);
    for (struct entry *e = accounts.by_key; e; e = e->hh.next)
        strv_add(&names, e->a.name);
    rwlock_release(&accounts.lock);
    for (size_t i = 0; i < names.n; i++)
        if (accounts_find(names.v[i], &a))
            fn(&a, arg);
    strv_fini(&names);
}

/* ---- changes ---- */

struct account_change {
    struct account a;
    const char *proved;                  /* the hash it must have, or NULL */
    bool invited;                        /* it takes an invitation */
    unsigned char digest[SECRET_DIGEST]; /* of that */
    int64_t expires_ms;
    _Atomic int64_t *owner;              /* borrows, or NULL */
    enum accounts_change result;
};

static void note(struct account_change *c, bool changed)
{
    struct account now;
    if (changed)
        c->result = ACCOUNTS_DONE;
    else
        c->result = c->proved && accounts_by_id(c->a.id, &now) ? ACCOUNTS_OUTDATED : ACCOUNTS_UNKNOWN;
}

static int add_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    char key[NAME_SIZE];
    bool invited = true;
    int64_t count;
    name_fold(key, c->a.name);
    struct account_row row = {.key = key, .name = c->a.name, .hash = c->a.hash, .created_ms = c->a.created_ms,
                              .seen_ms = c->a.seen_ms, .seen_from = c->a.seen_from};
    c->a.id = 0;
    int rc = store_accounts_count(db, &count);
    if (rc != SQLITE_OK || count >= atomic_load_explicit(&max_now, memory_order_relaxed)) {
        c->result = ACCOUNTS_FULL;
        return rc;
    }
    rc = store_accounts_add(db, &row, &c->a.id);
    c->result = c->a.id ? ACCOUNTS_DONE : ACCOUNTS_EXISTS;
    if (rc == SQLITE_OK && c->a.id && c->invited) /* last, so that an invitation is used only for a new account */
        rc = store_accounts_use_invitation(db, c->digest, sizeof c->digest, c->a.created_ms, &invited);
    if (rc == SQLITE_OK && !invited) {
        bool removed;
        rc = store_accounts_remove(db, c->a.id, NULL, &removed);
        c->result = ACCOUNTS_NOT_INVITED;
    }
    return rc;
}

static void add_committed(void *arg)
{
    const struct account_change *c = arg;
    struct event last_words = {.kind = EVENT_ERROR, .error = ERROR_NAME_REGISTERED};
    if (c->result != ACCOUNTS_DONE)
        return;
    rwlock_write(&accounts.lock);
    add_locked(&c->a); /* from here on the name cannot be claimed without its password */
    rwlock_release(&accounts.lock);
    if (c->owner)
        atomic_store(c->owner, c->a.id); /* here, so that a later change finds which client is logged in */
    else
        users_close_others(c->a.name, c->a.id, CLOSE_KICK, &last_words);
}

static int hash_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_hash(db, c->a.id, c->proved, c->a.hash, &changed);
    if (rc == SQLITE_OK && changed)
        rc = store_tokens_remove_all(db, c->a.id); /* they were made with the old password */
    note(c, changed);
    return rc;
}

static void hash_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts.lock);
    struct entry *e = by_id_locked(c->a.id);
    if (e && c->result == ACCOUNTS_DONE)
        memcpy(e->a.hash, c->a.hash, sizeof e->a.hash);
    rwlock_release(&accounts.lock);
}

static int lock_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_lock(db, c->a.id, c->a.locked, &changed);
    if (rc == SQLITE_OK && c->a.locked)
        rc = store_tokens_remove_all(db, c->a.id);
    note(c, changed);
    return rc;
}

static void lock_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts.lock);
    struct entry *e = by_id_locked(c->a.id);
    if (e)
        e->a.locked = c->a.locked;
    rwlock_release(&accounts.lock);
}

static int remove_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_remove(db, c->a.id, c->proved, &changed);
    note(c, changed);
    return rc;
}

static void remove_committed(void *arg)
{
    const struct account_change *c = arg;
    if (c->result != ACCOUNTS_DONE)
        return;
    rwlock_write(&accounts.lock);
    struct entry *e = by_id_locked(c->a.id);
    if (e)
        remove_locked(e);
    rwlock_release(&accounts.lock);
    users_forget_account(c->a.id);
    rooms_forget_account(c->a.id);
}

static int invite_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    c->result = ACCOUNTS_DONE;
    return store_accounts_invite(db, c->digest, sizeof c->digest, c->expires_ms, clock_wall_ms());
}

static enum accounts_change change(const struct job *j, struct account_change *c, const struct waiter *w)
{
    enum accounts_change result = job_do(j, c, w) ? c->result : ACCOUNTS_STORAGE;
    secret_wipe(&c->a.hash, sizeof c->a.hash);
    return result;
}

enum accounts_change accounts_add(const struct accounts_new *n, const struct waiter *w)
{
    static const struct job add = {add_run, add_committed};
    int64_t now_ms = clock_wall_ms();
    struct account_change c = {
        .a = {.created_ms = now_ms, .seen_ms = n->owner ? now_ms : 0}, .invited = n->invitation, .owner = n->owner};
    snprintf(c.a.name, sizeof c.a.name, "%s", n->name);
    snprintf(c.a.hash, sizeof c.a.hash, "%s", n->hash);
    snprintf(c.a.seen_from, sizeof c.a.seen_from, "%s", n->seen_from);
    if (n->invitation)
        secret_digest(c.digest, n->invitation);
    return change(&add, &c, w);
}

enum accounts_change accounts_set_hash(int64_t id, const char *proved, const char *hash, const struct waiter *w)
{
    static const struct job set = {hash_run, hash_committed};
    struct account_change c = {.a = {.id = id}, .proved = proved};
    snprintf(c.a.hash, sizeof c.a.hash, "%s", hash);
    return change(&set, &c, w);
}

enum accounts_change accounts_set_locked(int64_t id, bool locked, const struct waiter *w)
{
    static const struct job set = {lock_run, lock_committed};
    struct account_change c = {.a = {.id = id, .locked = locked}};
    return change(&set, &c, w);
}

enum accounts_change accounts_remove(int64_t id, const char *proved, const struct waiter *w)
{
    static const struct job take = {remove_run, remove_committed};
    struct account_change c = {.a = {.id = id}, .proved = proved};
    return change(&take, &c, w);
}

enum accounts_change accounts_invite(char code[SECRET_TEXT], int64_t expires_ms, const struct waiter *w)
{
    static const struct job make = {invite_run, NULL};
    struct account_change c = {.expires_ms = expires_ms};
    secret_new(code);
    secret_digest(c.digest, code);
    return change(&make, &c, w);
}

/* ---- last logins ---- */

void accounts_note_seen(int64_t id, const char *from)
{
    rwlock_write(&accounts.lock);
    struct entry *e = by_id_locked(id);
    if (e) {
        e->a.seen_ms = clock_wall_ms();
        if (from)
            snprintf(e->a.seen_from, sizeof e->a.seen_from, "%s", from);
        if (!e->noted)
            LL_PREPEND2(accounts.noted, e, next_noted);
        e->noted = true;
    }
    rwlock_release(&accounts.lock);
}

/* Moves what was noted to .writing; after a failure it is there already. */
static void take_noted(void)
{
    int n = 0;
    struct entry *e;
    rwlock_write(&accounts.lock);
    LL_COUNT2(accounts.noted, e, n, next_noted);
    if (n)
        accounts.writing = panic_realloc(accounts.writing, (accounts.writing_n + (size_t)n) * sizeof *accounts.writing);
    LL_FOREACH2(accounts.noted, e, next_noted) {
        struct seen *s = &accounts.writing[accounts.writing_n++];
        *s = (struct seen){.id = e->a.id, .seen_ms = e->a.seen_ms};
        memcpy(s->from, e->a.seen_from, sizeof s->from);
        e->noted = false;
    }
    accounts.noted = NULL;
    rwlock_release(&accounts.lock);
}

static int write_run(struct store_job *job, sqlite3 *db)
{
    int rc = SQLITE_OK;
    (void)job;
    if (!accounts.writing_n)
        take_noted();
    for (size_t i = 0; rc == SQLITE_OK && i < accounts.writing_n; i++)
        rc = store_accounts_seen(db, accounts.writing[i].id, accounts.writing[i].seen_ms, accounts.writing[i].from);
    return rc;
}

static void write_done(struct store_job *job, bool ok)
{
    (void)job;
    free(accounts.writing);
    accounts.writing = NULL;
    accounts.writing_n = 0;
    rwlock_write(&accounts.lock);
    accounts.busy = ok && accounts.again && accounts.noted;
    accounts.again = false;
    if (accounts.busy)
        store_put(&accounts.write);
    rwlock_release(&accounts.lock);
}

void accounts_tick(void)
{
    rwlock_write(&accounts.lock);
    accounts.again = accounts.busy; /* more may be noted while it writes, and at the stop no tick follows */
    if (accounts.noted && !accounts.busy) {
        accounts.busy = true;
        store_put(&accounts.write);
    }
    rwlock_release(&accounts.lock);
}

/* ---- starting ---- */

void accounts_start(void)
{
    rwlock_init(&accounts.lock, LOCK_ACCOUNTS);
    accounts.write = (struct store_job){.run = write_run, .done = write_done};
}

void accounts_stop(void)
{
    struct entry *e, *next;
    HASH_ITER(hh, accounts.by_key, e, next)
        remove_locked(e);
    rwlock_fini(&accounts.lock);
}

static void load_one(const struct account_row *row, void *arg)
{
    int *refused = arg;
    struct account a = {.id = row->id, .created_ms = row->created_ms, .seen_ms = row->seen_ms, .locked = row->locked};
    char key[NAME_SIZE];
    bool is_good = name_was_user(row->name) && strlen(row->hash) < sizeof a.hash; /* the file may be edited */
    if (is_good)
        name_fold(key, row->name);
    if (!is_good || strcmp(key, row->key) != 0) {
        ++*refused;
        return;
    }
    snprintf(a.name, sizeof a.name, "%s", row->name);
    snprintf(a.hash, sizeof a.hash, "%s", row->hash);
    snprintf(a.seen_from, sizeof a.seen_from, "%s", row->seen_from);
    rwlock_write(&accounts.lock);
    add_locked(&a);
    rwlock_release(&accounts.lock);
}

int accounts_load(char error[STORE_ERROR])
{
    int refused = 0;
    if (store_accounts_load(store_connection(), load_one, &refused) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the accounts: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (refused)
        log_warn("accounts_skipped", "rows=%d hint=\"the database has invalid account names or hashes\"", refused);
    return 0;
}
