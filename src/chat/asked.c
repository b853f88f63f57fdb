/* SPDX-License-Identifier: ISC */
/* The waiting side of a store job: bounded while nobody has begun with it, and then to its end. */
#include "config.h"

#include "chat/asked.h"

#include "base/clock.h"
#include "net/post.h"

#define WAIT_MS 2000

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
