/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "chat/unused.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/date.h"
#include "chat/accounts.h"
#include "chat/job.h"
#include "chat/users.h"
#include "store/store_accounts.h"

#include <stdatomic.h>

#define MOST 500 /* removed at a time */

static _Atomic int days_now = 0;

void unused_configure(int days)
{
    atomic_store_explicit(&days_now, days, memory_order_relaxed);
}

struct unused {
    int64_t before_ms;
    int64_t ids[MOST];
    int n;
};

static bool remove_one(sqlite3 *db, int64_t id, struct unused *u, int *rc)
{
    bool removed = false;
    if (!users_has_account(id))
        *rc = store_accounts_remove(db, id, NULL, &removed);
    if (removed)
        u->ids[u->n++] = id;
    return *rc == SQLITE_OK;
}

static int remove_run(void *arg, sqlite3 *db)
{
    struct unused *u = arg;
    int64_t found[MOST];
    int n;
    u->n = 0;
    int rc = store_accounts_unused(db, u->before_ms, CLOCK_DAY_MS, found, MOST, &n);
    for (int i = 0; rc == SQLITE_OK && i < n && remove_one(db, found[i], u, &rc); i++)
        ;
    return rc;
}

static void remove_committed(void *arg)
{
    const struct unused *u = arg;
    for (int i = 0; i < u->n; i++)
        accounts_removed(u->ids[i], 0);
    counter_add(COUNTER_ACCOUNTS_EXPIRED, (uint64_t)u->n);
}

void unused_clean_up(void)
{
    static const struct job remove = {remove_run, remove_committed};
    int days = atomic_load_explicit(&days_now, memory_order_relaxed);
    struct unused u = {.before_ms = date_sure_ms() - days * CLOCK_DAY_MS};
    if (days)
        job_post(&remove, &u, sizeof u);
}
