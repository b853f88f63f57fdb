/* SPDX-License-Identifier: ISC */
/* The waiting side of a store job: bounded while nobody has begun with it, and then to its end. */
#include "config.h"

#include "chat/asked.h"

#include "base/clock.h"
#include "base/panic.h"
#include "net/post.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 2000
#define MOST_LEFT 10000 /* changes that wait, before errands without a waiter are dropped */

void asked_put(struct asked *a, const struct store_job *how, struct bell *bell)
{
    *a = (struct asked){.job = {.run = how->run, .read = how->read, .done = how->done, .waits = true}, .bell = bell};
    a->refused = !store_put(&a->job);
}

void asked_answer(struct asked *a, int result)
{
    struct bell *bell = a->bell;
    atomic_store(&a->result, result);
    bell_ring(bell);
}

struct waiting {
    struct asked *asked;
    bool (*is_over)(void *arg);
    void *arg;
};

static bool is_answered(void *arg)
{
    const struct waiting *w = arg;
    return atomic_load(&w->asked->result) != 0;
}

static bool is_answered_or_over(void *arg)
{
    const struct waiting *w = arg;
    return is_answered(arg) || (w->is_over && w->is_over(w->arg));
}

bool asked_wait(struct asked *a, bool (*is_over)(void *arg), void *arg)
{
    struct waiting w = {a, is_over, arg};
    post_flush();
    if (!a->refused)
        bell_wait_for(a->bell, clock_ms() + WAIT_MS, is_answered_or_over, &w);
    if (a->refused || (!is_answered(&w) && store_withdraw(&a->job)))
        return false;
    bell_wait_for(a->bell, INT64_MAX, is_answered, &w);
    return true;
}

bool waiter_is_over(const struct waiter *w)
{
    return w->is_over && w->is_over(w->arg);
}

/* ---- errands ---- */

enum { ERRAND_DONE = 1, ERRAND_FAILED };

static struct errand_asked *errand_of(struct store_job *job)
{
    return (struct errand_asked *)((char *)job - offsetof(struct errand_asked, asked.job));
}

static int errand_run(struct store_job *job, sqlite3 *db)
{
    struct errand_asked *e = errand_of(job);
    return e->errand->run(e->arg, db);
}

static void errand_done(struct store_job *job, bool ok)
{
    struct errand_asked *e = errand_of(job);
    if (ok && e->errand->made)
        e->errand->made(e->arg);
    asked_answer(&e->asked, ok ? ERRAND_DONE : ERRAND_FAILED);
}

void errand_begin(struct errand_asked *ea, const struct errand *e, void *arg, struct bell *bell)
{
    ea->errand = e;
    ea->arg = arg;
    asked_put(&ea->asked, &(struct store_job){.run = errand_run, .done = errand_done}, bell);
}

bool errand_end(struct errand_asked *ea, const struct waiter *w)
{
    return asked_wait(&ea->asked, w->is_over, w->arg) && ea->asked.result == ERRAND_DONE;
}

bool errand_do(const struct errand *e, void *arg, const struct waiter *w)
{
    struct errand_asked ea;
    errand_begin(&ea, e, arg, w->bell);
    return errand_end(&ea, w);
}

struct errand_left {
    struct store_job job; /* first */
    const struct errand *errand;
    max_align_t arg[];
};

static int left_run(struct store_job *job, sqlite3 *db)
{
    struct errand_left *l = (struct errand_left *)job;
    return l->errand->run(l->arg, db);
}

static void left_done(struct store_job *job, bool ok)
{
    struct errand_left *l = (struct errand_left *)job;
    if (ok && l->errand->made)
        l->errand->made(l->arg);
    free(l);
}

void errand_leave(const struct errand *e, const void *arg, size_t size)
{
    if (store_status().queued > MOST_LEFT)
        return;
    struct errand_left *l = panic_malloc(sizeof *l + size);
    l->job = (struct store_job){.run = left_run, .done = left_done};
    l->errand = e;
    memcpy(l->arg, arg, size);
    store_put(&l->job);
}
