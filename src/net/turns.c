/* SPDX-License-Identifier: ISC */
/* Each waiting thread has a place in a queue, on its own stack; whoever ends a turn hands it to the first. */
#include "config.h"

#include "net/turns.h"

#include "base/cond.h"
#include "base/panic.h"

#include <stddef.h>
#include <utlist.h>

struct place {
    struct cond cond;
    bool is_mine; /* the turn was handed over */
    struct place *prev, *next;
};

/* Locking key: T by .lock */
static struct {
    struct lock lock;
    int free;            /* T: turns that nobody has */
    struct place *queue; /* T: who waits, the oldest first */
} turns = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_TURNS}, .free = 1};

void turns_configure(int processors)
{
    lock_acquire(&turns.lock);
    turns.free = processors;
    lock_release(&turns.lock);
}

static bool wait_locked(int64_t until_ms)
{
    struct place mine = {.is_mine = false};
    cond_init(&mine.cond);
    DL_APPEND(turns.queue, &mine);
    while (!mine.is_mine && cond_wait_until(&mine.cond, &turns.lock, until_ms))
        ;
    if (!mine.is_mine)
        DL_DELETE(turns.queue, &mine);
    cond_fini(&mine.cond);
    return mine.is_mine;
}

bool turns_wait(int64_t until_ms)
{
    lock_assert_may_block();
    lock_acquire(&turns.lock);
    bool got = turns.free > 0;
    if (got)
        turns.free--;
    else
        got = wait_locked(until_ms);
    lock_release(&turns.lock);
    return got;
}

void turns_give_back(void)
{
    lock_acquire(&turns.lock);
    struct place *first = turns.queue;
    if (first) {
        DL_DELETE(turns.queue, first);
        first->is_mine = true;
        cond_signal(&first->cond);
    } else {
        turns.free++;
    }
    lock_release(&turns.lock);
}

int turns_waiting(void)
{
    const struct place *p;
    int n;
    lock_acquire(&turns.lock);
    DL_COUNT(turns.queue, p, n);
    lock_release(&turns.lock);
    return n;
}
