/* SPDX-License-Identifier: ISC */
/*
 * Changes of accounts. Not obvious: whether a name is free is decided by the database, inside the transaction, because
 * two requests for the same name may be in the queue at once. The table follows in the order of the queue.
 */
#include "config.h"

#include "base/date.h"
#include "chat/accounts_impl.h"
#include "chat/job.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "store/store_accounts.h"
#include "store/store_certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int max_now = 10000;

void accounts_configure(int max)
{
    atomic_store_explicit(&max_now, max, memory_order_relaxed);
}

struct account_change {
    struct account a;
    const char *proved;                  /* the hash it must have, or NULL */
    bool invited;                        /* it takes an invitation */
    unsigned char digest[SECRET_DIGEST]; /* of that */
    int64_t expires_ms;
    _Atomic int64_t *owner;              /* borrows, or NULL */
    uint64_t keep;                       /* the client that stays when the account is removed */
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
    rwlock_write(&accounts_table.lock);
    accounts_add_locked(&c->a); /* from here on the name cannot be claimed without its password */
    rwlock_release(&accounts_table.lock);
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
        rc = store_accounts_revoke(db, c->a.id); /* its tokens were made with the old password */
    if (rc == SQLITE_OK && changed)
        rc = store_certificates_remove_all(db, c->a.id); /* and these may have been added with it */
    note(c, changed);
    return rc;
}

static void hash_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(c->a.id);
    if (e && c->result == ACCOUNTS_DONE) {
        memcpy(e->a.hash, c->a.hash, sizeof e->a.hash);
        fingerprints_fini(&e->certificates);
        e->a.era++;
    }
    rwlock_release(&accounts_table.lock);
}

static int lock_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_lock(db, c->a.id, c->a.locked, &changed);
    if (rc == SQLITE_OK && c->a.locked)
        rc = store_accounts_revoke(db, c->a.id);
    note(c, changed);
    return rc;
}

static void lock_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(c->a.id);
    if (e) {
        e->a.locked = c->a.locked;
        e->a.era += c->a.locked;
    }
    rwlock_release(&accounts_table.lock);
}

static int keep_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_keep(db, c->a.id, c->a.keeps, &changed);
    note(c, changed);
    return rc;
}

static void keep_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(c->a.id);
    if (e)
        e->a.keeps = c->a.keeps;
    rwlock_release(&accounts_table.lock);
}

static int revoke_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    int64_t era;
    bool found;
    int rc = store_accounts_era(db, c->a.id, &era, &found);
    if (rc == SQLITE_OK && found)
        rc = store_accounts_revoke(db, c->a.id);
    note(c, found);
    return rc;
}

static void revoke_committed(void *arg)
{
    const struct account_change *c = arg;
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(c->a.id);
    if (e && c->result == ACCOUNTS_DONE)
        e->a.era++;
    rwlock_release(&accounts_table.lock);
}

static int remove_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    bool changed;
    int rc = store_accounts_remove(db, c->a.id, c->proved, &changed);
    note(c, changed);
    return rc;
}

/* Those who share a room with a user who has no account any more. */
struct told {
    struct roster_hearing of;
    struct contacts contacts;
};

static void add_told(struct room *r, void *arg)
{
    struct told *t = arg;
    roster_hearing(r, &t->of, &t->contacts);
}

static void tell_former(const struct users_former *f, uint64_t except)
{
    struct told t = {.of = {f->user_id, except, EVENT_ACCOUNT_CHANGED}};
    struct event ev = {.kind = EVENT_ACCOUNT_CHANGED, .name = f->name};
    rooms_each(add_told, &t, false);
    users_tell(&t.contacts, &ev);
    free(t.contacts.v);
}

void accounts_removed(int64_t id, uint64_t keep)
{
    struct users_former *former;
    struct event last_words = {.kind = EVENT_ERROR, .error = ERROR_LOGGED_OUT};
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(id);
    if (e)
        accounts_remove_locked(e);
    rwlock_release(&accounts_table.lock);
    int n = users_forget_account(id, keep, &last_words, &former);
    rooms_forget_account(id);
    for (int i = 0; i < n; i++)
        tell_former(&former[i], keep);
    free(former);
}

static void remove_committed(void *arg)
{
    const struct account_change *c = arg;
    if (c->result == ACCOUNTS_DONE)
        accounts_removed(c->a.id, c->keep);
}

static int invite_run(void *arg, sqlite3 *db)
{
    struct account_change *c = arg;
    c->result = ACCOUNTS_DONE;
    return store_accounts_invite(db, c->digest, sizeof c->digest, c->expires_ms, date_sure_ms());
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
    int64_t now_ms = date_used_ms();
    struct account_change c = {
        .a = {.created_ms = now_ms, .seen_ms = n->owner ? now_ms : 0, .keeps = true},
        .invited = n->invitation,
        .owner = n->owner,
    };
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

enum accounts_change accounts_set_keeps(int64_t id, bool keeps, const struct waiter *w)
{
    static const struct job set = {keep_run, keep_committed};
    struct account_change c = {.a = {.id = id, .keeps = keeps}};
    return change(&set, &c, w);
}

enum accounts_change accounts_give_up(int64_t id, const char *proved, uint64_t client, const struct waiter *w)
{
    static const struct job take = {remove_run, remove_committed};
    struct account_change c = {.a = {.id = id}, .proved = proved, .keep = client};
    return change(&take, &c, w);
}

enum accounts_change accounts_remove(int64_t id, const char *proved, const struct waiter *w)
{
    return accounts_give_up(id, proved, 0, w);
}

enum accounts_change accounts_revoke(int64_t id, const struct waiter *w)
{
    static const struct job revoke = {revoke_run, revoke_committed};
    struct account_change c = {.a = {.id = id}};
    return change(&revoke, &c, w);
}

enum accounts_change accounts_invite(char code[SECRET_TEXT], int64_t expires_ms, const struct waiter *w)
{
    static const struct job make = {invite_run, NULL};
    struct account_change c = {.expires_ms = expires_ms};
    secret_new(code);
    secret_digest(c.digest, code);
    return change(&make, &c, w);
}

/* ---- for other jobs ---- */

int accounts_check(sqlite3 *db, const struct proof *p, enum accounts_change *result)
{
    int64_t era;
    bool found;
    int rc = store_accounts_era(db, p->account, &era, &found);
    *result = !found ? ACCOUNTS_UNKNOWN : era == p->era ? ACCOUNTS_DONE : ACCOUNTS_OUTDATED;
    return rc;
}

void accounts_certificate_added(int64_t id, const struct fingerprint *f)
{
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(id);
    if (e)
        fingerprints_add(&e->certificates, f);
    rwlock_release(&accounts_table.lock);
}

void accounts_certificate_removed(int64_t id, const char *fingerprint)
{
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(id);
    if (e) {
        fingerprints_remove(&e->certificates, fingerprint);
        e->a.era++;
    }
    rwlock_release(&accounts_table.lock);
}
