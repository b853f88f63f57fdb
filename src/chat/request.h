/* SPDX-License-Identifier: ISC */
#ifndef CHAT_REQUEST_H
#define CHAT_REQUEST_H

#include "base/notifier.h"
#include "store/store.h"

#include <stdatomic.h>

/*
 * A request to the store that somebody waits for: a change that must be on disk, or a query. The struct that embeds it
 * must stay alive until request_wait returns. Once the store thread has taken a request, the waiter waits for its end.
 */
struct request {
    struct store_job job;
    struct notifier *notifier; /* borrows: notified when .result is set */
    bool refused;              /* the store had failed, so request_wait returns false */
    bool late;                 /* its turn did not come in time, so request_wait has returned false */
    _Atomic int result;        /* 0 until request_complete */
};

/* How long a request of a client may wait for its turn (store.wait_ms). Any thread. */
void request_configure(int wait_ms);

/* Queues it; `how` says what to do by its run, read and done. Any lock that ranks below STORE. request_wait must
 * follow, without hot locks. */
void request_put(struct request *rq, const struct store_job *how, struct notifier *notifier);

/* From done(): sets the result, which is not 0. The waiter may reuse the struct from then on. */
void request_complete(struct request *rq, int result);

/* Somebody who waits: the notifier to wake it by, and a check whether it has to give up. NULL: the operator waits,
 * who never has to. */
struct waiter {
    struct notifier *notifier;
    bool (*is_over)(void *arg);
    void *arg;
    const struct addr *from; /* borrows: its address, for turns at reading and hashing; NULL: the server's own */
};
bool waiter_is_over(const struct waiter *w);

/* Waits for the result. False if done() was not called and never will be: the store had failed, or the request was
 * still queued after store.wait_ms (.late) or when `is_over(arg)` told the waiter to give up. If is_over is NULL, it is
 * the operator who waits, for 25 s. Blocks. */
bool request_wait(struct request *rq, bool (*is_over)(void *arg), void *arg);

#endif
