/* SPDX-License-Identifier: ISC */
/* The table of accounts: look-ups, who may have a name, and when they were last seen. chat/accounts_change.c has the
 * changes. */
#include "config.h"

#include "base/date.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/strv.h"
#include "chat/accounts_impl.h" /* pair: the table itself, which chat/accounts_change.c changes */
#include "chat/bans.h"
#include "store/store_accounts.h"
#include "store/store_certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct accounts_table accounts_table;

/* When accounts were last seen, as the store writes it. Locking key: A by .lock of the table · t the store thread */
static struct {
    struct store_job write; /* writes what was noted */
    bool busy;              /* A: .write is queued or being carried out */
    bool again;             /* A: and has to be put again after that */
    struct account_seen {
        int64_t id, seen_ms;
        char from[ADDRS_TEXT];
    } *v;                   /* t: owns; not yet known to be on disk */
    size_t n;               /* t */
} seen;

/* ---- the table ---- */

static struct account_entry *find_locked(const char *name)
{
    char key[NAME_SIZE];
    struct account_entry *e;
    name_fold(key, name);
    HASH_FIND(hh, accounts_table.by_key, key, strlen(key), e);
    return e;
}

struct account_entry *accounts_by_id_locked(int64_t id)
{
    struct account_entry *e;
    HASH_FIND(hh_id, accounts_table.by_id, &id, sizeof id, e);
    return e;
}

void accounts_add_locked(const struct account *a)
{
    struct account_entry *e = panic_calloc(1, sizeof *e);
    e->a = *a;
    name_fold(e->key, a->name);
    HASH_ADD(hh, accounts_table.by_key, key, strlen(e->key), e);
    HASH_ADD(hh_id, accounts_table.by_id, a.id, sizeof e->a.id, e);
}

void accounts_remove_locked(struct account_entry *e)
{
    if (e->noted)
        LL_DELETE2(accounts_table.noted, e, next_noted);
    HASH_DELETE(hh, accounts_table.by_key, e);
    HASH_DELETE(hh_id, accounts_table.by_id, e);
    secret_wipe(&e->a, sizeof e->a);
    fingerprints_fini(&e->certificates);
    free(e);
}

static bool copy_locked(const struct account_entry *e, struct account *a)
{
    if (e)
        *a = e->a;
    return e != NULL;
}

bool accounts_find(const char *name, struct account *a)
{
    rwlock_read(&accounts_table.lock);
    bool found = copy_locked(find_locked(name), a);
    rwlock_release(&accounts_table.lock);
    return found;
}

bool accounts_by_id(int64_t id, struct account *a)
{
    rwlock_read(&accounts_table.lock);
    bool found = copy_locked(accounts_by_id_locked(id), a);
    rwlock_release(&accounts_table.lock);
    return found;
}

/* Whether the proof still holds. */
static bool holds_locked(const struct account_entry *own, const struct account *proved)
{
    switch (proved->proved_by) {
    case PROOF_PASSWORD: return strcmp(own->a.hash, proved->hash) == 0;
    case PROOF_CERTIFICATE: return fingerprints_have(&own->certificates, proved->certificate);
    case PROOF_TOKEN: return own->a.era == proved->era;
    }
    return false;
}

bool accounts_admits(const char *name, const struct account *proved)
{
    const struct bans_subject su = {.name = name, .account_name = proved ? proved->name : NULL};
    if (!bans_admit(BAN_KIND_BAN, &su, NULL))
        return false;
    rwlock_read(&accounts_table.lock);
    const struct account_entry *owner = find_locked(name), *own = proved ? accounts_by_id_locked(proved->id) : NULL;
    bool admits = !owner && !proved;
    if (own)
        admits = (!owner || owner == own) && !own->a.locked && holds_locked(own, proved);
    rwlock_release(&accounts_table.lock);
    return admits;
}

bool accounts_has_certificate(int64_t id, const char *fingerprint)
{
    rwlock_read(&accounts_table.lock);
    const struct account_entry *e = accounts_by_id_locked(id);
    bool has = e && fingerprints_have(&e->certificates, fingerprint);
    rwlock_release(&accounts_table.lock);
    return has;
}

void accounts_certificates(int64_t id, struct fingerprints *copy)
{
    rwlock_read(&accounts_table.lock);
    const struct account_entry *e = accounts_by_id_locked(id);
    fingerprints_copy(copy, e ? &e->certificates : &(struct fingerprints){0});
    rwlock_release(&accounts_table.lock);
}

void accounts_each(void (*fn)(const struct account *a, void *arg), void *arg)
{
    struct strv names = {0};
    struct account a;
    rwlock_read(&accounts_table.lock);
    for (struct account_entry *e = accounts_table.by_key; e; e = e->hh.next)
        strv_add(&names, e->a.name);
    rwlock_release(&accounts_table.lock);
    for (size_t i = 0; i < names.n; i++)
        if (accounts_find(names.v[i], &a))
            fn(&a, arg);
    strv_fini(&names);
}

/* ---- last logins ---- */

void accounts_note_seen(int64_t id, const char *from)
{
    rwlock_write(&accounts_table.lock);
    struct account_entry *e = accounts_by_id_locked(id);
    if (e) {
        int64_t now_ms = date_used_ms();
        e->a.seen_ms = now_ms > e->a.seen_ms ? now_ms : e->a.seen_ms;
        if (from)
            snprintf(e->a.seen_from, sizeof e->a.seen_from, "%s", from);
        if (!e->noted)
            LL_PREPEND2(accounts_table.noted, e, next_noted);
        e->noted = true;
    }
    rwlock_release(&accounts_table.lock);
}

/* Moves what was noted to .v; after a failure it is there already. */
static void take_noted(void)
{
    int n = 0;
    struct account_entry *e;
    rwlock_write(&accounts_table.lock);
    LL_COUNT2(accounts_table.noted, e, n, next_noted);
    if (n)
        seen.v = panic_realloc(seen.v, (seen.n + (size_t)n) * sizeof *seen.v);
    LL_FOREACH2(accounts_table.noted, e, next_noted) {
        struct account_seen *s = &seen.v[seen.n++];
        *s = (struct account_seen){.id = e->a.id, .seen_ms = e->a.seen_ms};
        memcpy(s->from, e->a.seen_from, sizeof s->from);
        e->noted = false;
    }
    accounts_table.noted = NULL;
    rwlock_release(&accounts_table.lock);
}

static int write_run(struct store_job *job, sqlite3 *db)
{
    int rc = SQLITE_OK;
    (void)job;
    if (!seen.n)
        take_noted();
    for (size_t i = 0; rc == SQLITE_OK && i < seen.n; i++)
        rc = store_accounts_seen(db, seen.v[i].id, seen.v[i].seen_ms, seen.v[i].from);
    return rc;
}

static void write_done(struct store_job *job, bool ok)
{
    (void)job;
    free(seen.v);
    seen.v = NULL;
    seen.n = 0;
    rwlock_write(&accounts_table.lock);
    seen.busy = ok && seen.again && accounts_table.noted;
    seen.again = false;
    if (seen.busy)
        store_put(&seen.write);
    rwlock_release(&accounts_table.lock);
}

void accounts_tick(void)
{
    rwlock_write(&accounts_table.lock);
    seen.again = seen.busy; /* more may be noted while it writes, and at the stop no tick follows */
    if (accounts_table.noted && !seen.busy) {
        seen.busy = true;
        store_put(&seen.write);
    }
    rwlock_release(&accounts_table.lock);
}

/* ---- starting ---- */

void accounts_start(void)
{
    rwlock_init(&accounts_table.lock, LOCK_ACCOUNTS);
    seen.write = (struct store_job){.run = write_run, .done = write_done};
}

void accounts_stop(void)
{
    struct account_entry *e, *next;
    HASH_ITER(hh, accounts_table.by_key, e, next)
        accounts_remove_locked(e);
    rwlock_fini(&accounts_table.lock);
}

static void load_one(const struct account_row *row, void *arg)
{
    int *refused = arg;
    struct account a = {.id = row->id, .created_ms = row->created_ms, .seen_ms = row->seen_ms, .locked = row->locked,
                        .era = row->era, .keeps = row->keeps};
    char key[NAME_SIZE];
    /* the file may be damaged or edited */
    bool is_good = row->id > 0 && name_was_user(row->name) && strlen(row->hash) < sizeof a.hash;
    if (is_good)
        name_fold(key, row->name);
    if (!is_good || strcmp(key, row->key) != 0) {
        ++*refused;
        return;
    }
    snprintf(a.name, sizeof a.name, "%s", row->name);
    snprintf(a.hash, sizeof a.hash, "%s", row->hash);
    snprintf(a.seen_from, sizeof a.seen_from, "%s", row->seen_from);
    rwlock_write(&accounts_table.lock);
    accounts_add_locked(&a);
    rwlock_release(&accounts_table.lock);
}

static void load_certificate(const struct certificate_row *row, void *arg)
{
    int *refused = arg;
    struct fingerprint f = {.added_ms = row->added_ms};
    if (!fingerprint_is_whole(row->fingerprint)) {
        ++*refused;
        return;
    }
    memcpy(f.text, row->fingerprint, sizeof f.text);
    accounts_certificate_added(row->account, &f);
}

int accounts_load(char error[STORE_ERROR])
{
    int refused = 0;
    if (store_accounts_load(store_connection(), load_one, &refused) != SQLITE_OK ||
        store_certificates_load(store_connection(), load_certificate, &refused) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the accounts: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (refused)
        log_warn("accounts_skipped", "rows=%d hint=\"the database has invalid account names, hashes or fingerprints\"",
                 refused);
    return 0;
}
