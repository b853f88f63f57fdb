/* SPDX-License-Identifier: ISC */
/* The waiting side of a store job: the wait has a limit until the store thread has taken the job, and none after
 * that. */
#include "config.h"

#include "chat/request.h"

#include "base/clock.h"
#include "base/counter.h"
#include "net/post.h"

#define OPERATOR_WAIT_MS 25000 /* less than chatctl waits for an answer */

static _Atomic int wait_ms = 5000;

void request_configure(int ms)
{
    atomic_store(&wait_ms, ms);
}

void request_put(struct request *rq, const struct store_job *how, struct notifier *notifier)
{
    *rq = (struct request){.job = {.run = how->run, .read = how->read, .done = how->done, .from = how->from,
                                  .waits = true},
                           .notifier = notifier};
    rq->refused = !store_put(&rq->job);
}

void request_complete(struct request *rq, int result)
{
    struct notifier *notifier = rq->notifier; /* the waiter may reuse the struct at once */
    atomic_store(&rq->result, result);
    notifier_notify(notifier);
}

bool waiter_is_over(const struct waiter *w)
{
    return w->is_over && w->is_over(w->arg);
}

struct wait {
    struct request *request;
    struct waiter waiter;
};

static bool is_complete(void *arg)
{
    const struct wait *w = arg;
    return atomic_load(&w->request->result) != 0;
}

static bool is_complete_or_over(void *arg)
{
    const struct wait *w = arg;
    return is_complete(arg) || waiter_is_over(&w->waiter);
}

bool request_wait(struct request *rq, bool (*is_over)(void *arg), void *arg)
{
    struct wait w = {rq, {.notifier = rq->notifier, .is_over = is_over, .arg = arg}};
    post_flush();
    int most_ms = is_over ? atomic_load(&wait_ms) : OPERATOR_WAIT_MS;
    if (!rq->refused)
        notifier_wait_for(rq->notifier, clock_ms() + most_ms, is_complete_or_over, &w);
    if (rq->refused)
        return false;
    if (!is_complete(&w) && store_withdraw(&rq->job)) {
        rq->late = !waiter_is_over(&w.waiter);
        if (rq->late)
            counter_add(COUNTER_STORE_LATE, 1);
        return false;
    }
    notifier_wait_for(rq->notifier, INT64_MAX, is_complete, &w);
    return true;
}
