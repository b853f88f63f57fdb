/* SPDX-License-Identifier: ISC */
/* Condition variables with deadlines that do not move when the wall clock is set. */
#include "config.h"

#include "base/cond.h"

#include "base/panic.h"

#include <errno.h>
#include <time.h>

void cond_init(struct cond *c)
{
    pthread_condattr_t attr;
    must_ok(pthread_condattr_init(&attr));
    must_ok(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    must_ok(pthread_cond_init(&c->cond, &attr));
    must_ok(pthread_condattr_destroy(&attr));
}

void cond_fini(struct cond *c)
{
    must_ok(pthread_cond_destroy(&c->cond));
}

void cond_wait(struct cond *c, struct lock *l)
{
    must_ok(pthread_cond_wait(&c->cond, &l->mutex));
}

bool cond_wait_until(struct cond *c, struct lock *l, int64_t until_ms)
{
    if (until_ms < 0)
        until_ms = 0;
    if (until_ms > INT32_MAX * 1000LL) /* no deadline; fits a 32-bit time_t */
        until_ms = INT32_MAX * 1000LL;
    struct timespec ts = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int err = pthread_cond_timedwait(&c->cond, &l->mutex, &ts);
    if (err == ETIMEDOUT)
        return false;
    must_ok(err);
    return true;
}

void cond_signal(struct cond *c)
{
    must_ok(pthread_cond_signal(&c->cond));
}

void cond_broadcast(struct cond *c)
{
    must_ok(pthread_cond_broadcast(&c->cond));
}
