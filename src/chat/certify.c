/* SPDX-License-Identifier: ISC */
/* Jobs for client certificates. All is decided by what is on disk: the table of accounts follows. */
#include "config.h"

#include "chat/certify.h"

#include "base/clock.h"
#include "chat/job.h"
#include "store/store_accounts.h"
#include "store/store_certificates.h"

#include <string.h>

_Static_assert(FINGERPRINT_SIZE == CERTIFICATE_FINGERPRINT, "one size of a fingerprint");

static _Atomic int most_now = 10;

void certify_configure(int most)
{
    atomic_store_explicit(&most_now, most, memory_order_relaxed);
}

struct certify {
    const struct proof *proof;
    struct fingerprint f;
    const char *beginning; /* borrows: of the fingerprint to be removed */
    enum certify_result result;
};

/* *holds is false, and the result set, if the proof does not hold any more. */
static int check(struct certify *c, sqlite3 *db, bool *holds)
{
    enum accounts_change result;
    int rc = accounts_check(db, c->proof, &result);
    *holds = rc == SQLITE_OK && result == ACCOUNTS_DONE;
    c->result = result == ACCOUNTS_UNKNOWN ? CERTIFY_UNKNOWN : CERTIFY_OUTDATED;
    return rc;
}

static int add_run(void *arg, sqlite3 *db)
{
    static const enum certify_result results[] = {
        [CERTIFICATE_ADDED] = CERTIFY_DONE, [CERTIFICATE_THERE] = CERTIFY_THERE, [CERTIFICATE_TOO_MANY] = CERTIFY_FULL};
    struct certify *c = arg;
    struct certificate_row row = {c->proof->account, c->f.text, c->f.added_ms};
    enum certificate_added added;
    bool holds;
    int rc = check(c, db, &holds);
    if (!holds)
        return rc;
    rc = store_certificates_add(db, &row, atomic_load_explicit(&most_now, memory_order_relaxed), &added);
    c->result = results[added];
    return rc;
}

static void add_committed(void *arg)
{
    const struct certify *c = arg;
    if (c->result == CERTIFY_DONE)
        accounts_certificate_added(c->proof->account, &c->f);
}

static int remove_run(void *arg, sqlite3 *db)
{
    struct certify *c = arg;
    int64_t account = c->proof->account;
    bool holds;
    int n, rc = check(c, db, &holds);
    if (!holds)
        return rc;
    rc = store_certificates_match(db, account, c->beginning, c->f.text, &n);
    c->result = n == 0 ? CERTIFY_NOT_FOUND : n == 1 ? CERTIFY_DONE : CERTIFY_AMBIGUOUS;
    if (rc == SQLITE_OK && n == 1)
        rc = store_certificates_remove(db, account, c->f.text);
    if (rc == SQLITE_OK && n == 1)
        rc = store_accounts_revoke(db, account);
    return rc;
}

static void remove_committed(void *arg)
{
    const struct certify *c = arg;
    if (c->result == CERTIFY_DONE)
        accounts_certificate_removed(c->proof->account, c->f.text);
}

enum certify_result certify_add(const struct proof *proof, const char *fingerprint, const struct waiter *w)
{
    static const struct job add = {add_run, add_committed};
    struct certify c = {.proof = proof, .f = {.added_ms = clock_wall_ms()}};
    memcpy(c.f.text, fingerprint, strlen(fingerprint) + 1);
    return job_do(&add, &c, w) ? c.result : CERTIFY_STORAGE;
}

enum certify_result certify_remove(struct proof *proof, char fingerprint[FINGERPRINT_SIZE], const struct waiter *w)
{
    static const struct job take = {remove_run, remove_committed};
    struct certify c = {.proof = proof, .beginning = fingerprint};
    if (!job_do(&take, &c, w))
        return CERTIFY_STORAGE;
    if (c.result == CERTIFY_DONE) {
        memcpy(fingerprint, c.f.text, sizeof c.f.text);
        proof->era++;
    }
    return c.result;
}
