/* SPDX-License-Identifier: ISC */
/*
 * Arrivals enter by pool_take from the acceptors and go to the reader of an idle pair. The keeper makes pairs ahead
 * of need (pool_maintain), so an acceptor waits for one only in a storm of connections; it never makes threads
 * itself.
 *
 * Not obvious: `clients` counts sessions that have not ended. A pair that still drains or lingers over a closing
 * socket is neither a client nor idle. So there may be more pairs than clients, up to `spare` more, and a server at
 * its maximum accepts the next client as soon as one has left.
 */
#include "config.h"

#include "net/pool.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "net/post.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MOST 65536
#define LINGER_MS 1000
#define SPAWN_PAUSE_MS 1000 /* after a thread could not be made */

/* Locking key: P by .lock · S by .spawn, written with .lock as well · c constant after pool_start */
static struct {
    struct lock lock;
    struct lock spawn;          /* one maker of pairs at a time */
    struct cond keeper;         /* the keeper waits for need */
    struct cond freed;          /* acceptors wait for a pair */
    struct cond left;           /* the main thread at the stop, or a kick, waits for clients to leave */
    struct pool_config config;  /* c, but .max and .spare: P */
    struct pair **pairs;        /* S: the first `count` are set and stay */
    int count;                  /* S P */
    struct pair *idle;          /* P */
    int idle_count;             /* P */
    int clients;                /* P */
    int wanted;                 /* P: acceptors that wait */
    unsigned failures;          /* P: counts spawns that failed */
    int64_t no_spawn_before_ms; /* P */
    uint64_t last_id;           /* P */
    bool stopping, retired;     /* P */
} pool;

static void push_idle_locked(struct pair *p)
{
    p->next_idle = pool.idle;
    pool.idle = p;
    pool.idle_count++;
    cond_signal(&pool.freed);
}

static void write_loop(void *arg)
{
    struct pair *p = arg;
    while (outbox_take(p->outbox))
        outbox_write(p->outbox);
}

void pool_leave(struct pair *p)
{
    lock_acquire(&pool.lock);
    pool.clients--;
    p->busy = false;
    cond_signal(&pool.freed);
    cond_broadcast(&pool.left);
    lock_release(&pool.lock);
}

static void serve_one(struct pair *p)
{
    stream_tcp_init(&p->tcp, p->arrival.fd);
    p->stream = stream_stack(&p->tcp.base, p->arrival.layers);
    outbox_open(p->outbox, p->stream, p->id);
    post_self(p->outbox);
    lock_acquire(&pool.lock);
    bool stopping = pool.stopping;
    lock_release(&pool.lock);
    if (stopping) /* pool_close_all came before outbox_open */
        outbox_close(p->outbox, CLOSE_STOP, NULL);
    pool.config.serve(p);
    enum close_reason reason = outbox_reason(p->outbox);
    outbox_detach(p->outbox);
    post_assert_flushed();
    post_assert_settled();
    stream_finish(p->stream, reason);
    stream_linger(p->stream, clock_ms() + LINGER_MS);
    stream_close(p->stream);
    p->stream = NULL;
    addrs_leave(&p->arrival.peer); /* last: a peer that keeps its connection open has it counted */
}

static void read_loop(void *arg)
{
    struct pair *p = arg;
    for (;;) {
        lock_acquire(&pool.lock);
        while (!p->assigned && !pool.retired)
            cond_wait(&p->go, &pool.lock);
        bool go = p->assigned;
        p->assigned = false;
        lock_release(&pool.lock);
        if (!go)
            return;
        serve_one(p);
        lock_acquire(&pool.lock);
        push_idle_locked(p);
        lock_release(&pool.lock);
    }
}

static void pair_free(struct pair *p)
{
    pool.config.release(p);
    outbox_free(&p->outbox);
    notifier_fini(&p->notifier);
    cond_fini(&p->go);
    free(p);
}

static struct pair *pair_new(void)
{
    struct pair *p = panic_calloc(1, sizeof *p);
    p->tcp.fd = -1;
    notifier_init(&p->notifier);
    p->outbox = outbox_new(&p->notifier);
    cond_init(&p->go);
    pool.config.prepare(p);
    if (thread_start(&p->writer, "writer", POOL_WRITER_STACK_BYTES, write_loop, p) != 0)
        goto no_writer;
    if (thread_start(&p->reader, "reader", POOL_READER_STACK_BYTES, read_loop, p) != 0)
        goto no_reader;
    return p;

no_reader:;
    int err = errno;
    outbox_retire(p->outbox);
    thread_join(&p->writer);
    errno = err;
no_writer:
    err = errno;
    pair_free(p);
    errno = err;
    return NULL;
}

/* Makes one pair, whole or not at all. Returns 0, or -1 with errno. */
static int spawn_one(void)
{
    lock_acquire(&pool.spawn);
    struct pair *p = pool.count < PAIRS_MOST ? pair_new() : NULL;
    int err = errno;
    lock_acquire(&pool.lock);
    if (p) {
        pool.pairs[pool.count++] = p;
        push_idle_locked(p);
    } else {
        pool.failures++;
        pool.no_spawn_before_ms = clock_ms() + SPAWN_PAUSE_MS;
        cond_broadcast(&pool.freed);
    }
    lock_release(&pool.lock);
    lock_release(&pool.spawn);
    if (p)
        return 0;
    counter_add(COUNTER_SPAWN_FAILED, 1);
    log_peer(LOG_WARN, "thread_failed", "error=\"%s\" hint=\"raise the limit on threads (ulimit -u, TasksMax)\"",
             log_error_text(err));
    errno = err;
    return -1;
}

void pool_open(const struct pool_config *config)
{
    lock_init(&pool.lock, LOCK_POOL);
    lock_init(&pool.spawn, LOCK_SPAWN);
    cond_init(&pool.keeper);
    cond_init(&pool.freed);
    cond_init(&pool.left);
    pool.config = *config;
    pool.pairs = panic_calloc(PAIRS_MOST, sizeof *pool.pairs);
    pool.stopping = pool.retired = false;
}

int pool_start(int *made)
{
    lock_acquire(&pool.lock);
    int want = pool.config.prespawn < pool.config.max ? pool.config.prespawn : pool.config.max;
    lock_release(&pool.lock);
    while (*made = pool_counts().pairs, *made < want && spawn_one() == 0)
        ;
    return *made ? 0 : -1;
}

void pool_configure(int max, int spare)
{
    lock_acquire(&pool.lock);
    pool.config.max = max;
    pool.config.spare = spare;
    cond_signal(&pool.keeper);
    lock_release(&pool.lock);
}

static bool may_grow_locked(void)
{
    return pool.clients + pool.idle_count < pool.config.max && pool.count < pool.config.max + pool.config.spare &&
           pool.count < PAIRS_MOST;
}

static bool is_wanting_locked(void)
{
    if (pool.stopping || !may_grow_locked())
        return false;
    return pool.idle_count < pool.config.spare || pool.wanted > pool.idle_count;
}

void pool_maintain(int64_t until_ms)
{
    for (;;) {
        lock_acquire(&pool.lock);
        for (;;) {
            int64_t now = clock_ms();
            if (is_wanting_locked() && now >= pool.no_spawn_before_ms)
                break;
            int64_t wake_ms = until_ms;
            if (is_wanting_locked() && pool.no_spawn_before_ms < wake_ms)
                wake_ms = pool.no_spawn_before_ms;
            if (now >= until_ms) {
                lock_release(&pool.lock);
                return;
            }
            cond_wait_until(&pool.keeper, &pool.lock, wake_ms);
        }
        lock_release(&pool.lock);
        spawn_one();
    }
}

enum pool_take pool_take(const struct arrival *a)
{
    enum pool_take result = POOL_GIVEN;
    lock_assert_may_block();
    lock_acquire(&pool.lock);
    unsigned failures = pool.failures;
    pool.wanted++;
    for (;;) {
        if (pool.stopping)
            result = POOL_STOPPING;
        else if (pool.clients >= pool.config.max || (!pool.idle && pool.failures != failures))
            result = POOL_FULL;
        if (result != POOL_GIVEN || pool.idle)
            break;
        if (pool.no_spawn_before_ms > clock_ms() && may_grow_locked()) {
            result = POOL_FULL; /* the machine has just refused a thread */
            break;
        }
        cond_signal(&pool.keeper);
        cond_wait(&pool.freed, &pool.lock);
    }
    pool.wanted--;
    if (result == POOL_GIVEN) {
        struct pair *p = pool.idle;
        pool.idle = p->next_idle;
        pool.idle_count--;
        pool.clients++;
        p->arrival = *a;
        p->id = ++pool.last_id;
        p->since_ms = clock_ms();
        p->assigned = p->busy = true;
        cond_signal(&p->go);
        if (is_wanting_locked())
            cond_signal(&pool.keeper);
    }
    lock_release(&pool.lock);
    return result;
}

void pool_each(void (*fn)(struct pair *p, void *arg), void *arg)
{
    lock_acquire(&pool.lock);
    int count = pool.count;
    lock_release(&pool.lock);
    for (int i = 0; i < count; i++)
        fn(pool.pairs[i], arg);
}

struct pool_counts pool_counts(void)
{
    lock_acquire(&pool.lock);
    struct pool_counts c = {pool.count, pool.idle_count, pool.clients};
    lock_release(&pool.lock);
    return c;
}

bool pool_set_peer(struct pair *p, const struct addr *peer)
{
    struct addr before = p->arrival.peer;
    if (!addrs_enter(peer))
        return false;
    lock_acquire(&pool.lock);
    p->arrival.peer = *peer;
    lock_release(&pool.lock);
    addrs_leave(&before);
    return true;
}

bool pool_client(struct pair *p, struct pool_client *out)
{
    lock_acquire(&pool.lock);
    bool busy = p->busy;
    if (busy) {
        *out = (struct pool_client){.id = p->id, .since_ms = p->since_ms, .key = p->arrival.peer.key};
        memcpy(out->address, p->arrival.peer.text, sizeof out->address);
    }
    lock_release(&pool.lock);
    return busy;
}

static bool is_served_locked(uint64_t id)
{
    for (int i = 0; i < pool.count; i++)
        if (pool.pairs[i]->busy && pool.pairs[i]->id == id)
            return true;
    return false;
}

bool pool_wait_gone(uint64_t id, int64_t until_ms)
{
    post_assert_flushed();
    lock_assert_may_block();
    lock_acquire(&pool.lock);
    while (is_served_locked(id) && cond_wait_until(&pool.left, &pool.lock, until_ms))
        ;
    bool gone = !is_served_locked(id);
    lock_release(&pool.lock);
    return gone;
}

static void close_one(struct pair *p, void *arg)
{
    (void)arg;
    outbox_close(p->outbox, CLOSE_STOP, NULL);
}

void pool_close_all(void)
{
    lock_acquire(&pool.lock);
    pool.stopping = true;
    cond_broadcast(&pool.freed);
    lock_release(&pool.lock);
    pool_each(close_one, NULL);
}

void pool_wait_empty(void)
{
    lock_acquire(&pool.lock);
    while (pool.clients)
        cond_wait(&pool.left, &pool.lock);
    lock_release(&pool.lock);
}

void pool_stop(void)
{
    lock_acquire(&pool.lock);
    must(pool.stopping);
    pool.retired = true;
    for (int i = 0; i < pool.count; i++)
        cond_signal(&pool.pairs[i]->go);
    lock_release(&pool.lock);
    for (int i = 0; i < pool.count; i++) {
        struct pair *p = pool.pairs[i];
        thread_join(&p->reader);
        outbox_retire(p->outbox);
        thread_join(&p->writer);
        pair_free(p);
    }
    free(pool.pairs);
    pool.pairs = NULL;
    pool.count = pool.idle_count = 0;
    pool.idle = NULL;
    cond_fini(&pool.left);
    cond_fini(&pool.freed);
    cond_fini(&pool.keeper);
    lock_fini(&pool.spawn);
    lock_fini(&pool.lock);
}
