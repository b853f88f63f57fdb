/* SPDX-License-Identifier: ISC */
/* Each call is in a queue, on the stack of the thread that waits for it. */
#include "config.h"

#include "net/workers.h"

#include "base/cond.h"
#include "base/panic.h"
#include "base/thread.h"

#include <stdlib.h>
#include <utlist.h>

#define STACK_BYTES 131072
#define NICENESS 5 /* talking goes before logging in */

struct call {
    work_fn *fn;
    void *arg;
    struct cond changed;
    enum { CALL_WAITS, CALL_BEGUN, CALL_DONE } stage; /* W */
    struct call *prev, *next;
};

/* Locking key: W by .lock */
static struct {
    struct lock lock;
    struct cond wanted;
    struct call *queue; /* W: what waits, the oldest first */
    bool stops;         /* W */
    int count;          /* threads; set while nobody else uses this */
    struct thread *threads; /* owns */
} workers = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_WORKERS}};

static void serve_locked(struct call *call)
{
    DL_DELETE(workers.queue, call);
    call->stage = CALL_BEGUN;
    lock_release(&workers.lock);
    call->fn(call->arg);
    lock_acquire(&workers.lock);
    call->stage = CALL_DONE;
    cond_signal(&call->changed);
}

static void work(void *arg)
{
    (void)arg;
    thread_lower_priority(NICENESS);
    lock_acquire(&workers.lock);
    while (!workers.stops)
        if (workers.queue)
            serve_locked(workers.queue);
        else
            cond_wait(&workers.wanted, &workers.lock);
    lock_release(&workers.lock);
}

int workers_start(int count)
{
    cond_init(&workers.wanted);
    workers.stops = false;
    workers.threads = panic_calloc((size_t)count, sizeof *workers.threads);
    for (workers.count = 0; workers.count < count; workers.count++) {
        if (thread_start(&workers.threads[workers.count], "worker", STACK_BYTES, work, NULL) == 0)
            continue;
        if (!workers.count)
            return -1;
        break; /* fewer are enough */
    }
    return 0;
}

void workers_stop(void)
{
    lock_acquire(&workers.lock);
    workers.stops = true;
    cond_broadcast(&workers.wanted);
    lock_release(&workers.lock);
    for (int i = 0; i < workers.count; i++)
        thread_join(&workers.threads[i]);
    free(workers.threads);
    workers.threads = NULL;
    workers.count = 0;
    cond_fini(&workers.wanted);
}

/* Waits for the end of the call, or takes it back when its time is over and it has not begun. */
static void wait_locked(struct call *call, int64_t until_ms)
{
    bool in_time = true;
    while (call->stage == CALL_WAITS && in_time)
        in_time = cond_wait_until(&call->changed, &workers.lock, until_ms);
    if (call->stage == CALL_WAITS)
        DL_DELETE(workers.queue, call);
    while (call->stage == CALL_BEGUN)
        cond_wait(&call->changed, &workers.lock);
}

bool workers_run(work_fn *fn, void *arg, int64_t until_ms)
{
    struct call call = {.fn = fn, .arg = arg};
    lock_assert_may_block();
    if (!workers.count) {
        fn(arg);
        return true;
    }
    cond_init(&call.changed);
    lock_acquire(&workers.lock);
    DL_APPEND(workers.queue, &call);
    cond_signal(&workers.wanted);
    wait_locked(&call, until_ms);
    lock_release(&workers.lock);
    cond_fini(&call.changed);
    return call.stage == CALL_DONE;
}

int workers_waiting(void)
{
    const struct call *call;
    int n;
    lock_acquire(&workers.lock);
    DL_COUNT(workers.queue, call, n);
    lock_release(&workers.lock);
    return n;
}
