/* SPDX-License-Identifier: ISC */
/*
 * Messages come in from talk.c and go to the store in batches. Not obvious: the batch that is being written is kept
 * until its transaction is on disk, because after a failure it is written again from its start. And a query has to see
 * all messages before it: so the waiting batch is put to the store ahead of it, even while another is being written.
 * What a room has in the batches is counted by their numbers, so nothing has to be subtracted when one is written.
 */
#include "config.h"

#include "chat/history.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/counter.h"
#include "base/panic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SKIP_PASSES 3 /* passes of the keeper skipped after one that writes: a second's messages share their pages */

/* One message; its name and text begin at .at in the batch's bytes, each with its NUL. */
struct queued {
    char room[NAME_SIZE];
    uint64_t id;
    int64_t time_ms;
    enum message_kind kind;
    size_t at;
};

struct batch {
    struct queued *v; /* owns */
    size_t n, cap;
    struct buf bytes;
};

/* Locking key: H by .lock · t the store thread (before its start and after its end, the main thread) · a atomic */
static struct {
    struct lock lock;
    struct batch waiting;     /* H */
    bool busy;                /* H: .write is queued or being carried out */
    bool again;               /* H: a query has to see what was added since */
    int passes_to_skip;       /* H: passes of the keeper until what waits is written */
    struct batch writing;     /* t: not yet known to be on disk */
    size_t at;                /* t: the next message of .writing to be written */
    uint64_t taken, written;  /* H: numbers of the last batch that is or was .writing, and the last that is done with */
    _Atomic int64_t queued;   /* a: bytes of both batches */
    _Atomic uint64_t batches; /* a: carried out */
    struct store_job write;
    void (*stored)(int messages); /* never changed after the start */
} history = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_HISTORY}};

static _Atomic bool keep_now = true;
static _Atomic int most_queued = 4 << 20;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void history_configure(const struct history_limits *l)
{
    atomic_store_explicit(&keep_now, l->keep, memory_order_relaxed);
    atomic_store_explicit(&most_queued, l->queue_bytes, memory_order_relaxed);
}

int64_t history_queued(void)
{
    return RELAXED(history.queued);
}

uint64_t history_batches(void)
{
    return atomic_load(&history.batches);
}

/* ---- batches ---- */

static enum message_kind kind_of(const struct event *ev)
{
    return ev->kind == EVENT_ACTION ? MESSAGE_ACTION : MESSAGE_SAID;
}

struct message_row history_row(const struct room *r, const struct event *ev)
{
    return (struct message_row){.room = r->key, .id = ev->id, .time_ms = ev->time_ms, .kind = kind_of(ev),
                                .name = ev->name, .text = ev->text};
}

static void batch_add(struct batch *b, const char *room, const struct event *ev, enum message_kind kind)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->v = panic_realloc(b->v, b->cap * sizeof *b->v);
    }
    struct queued *k = &b->v[b->n++];
    memcpy(k->room, room, strlen(room) + 1);
    k->id = ev->id;
    k->time_ms = ev->time_ms;
    k->kind = kind;
    k->at = b->bytes.len;
    buf_add(&b->bytes, ev->name, strlen(ev->name) + 1);
    buf_add(&b->bytes, ev->text, strlen(ev->text) + 1);
}

static int64_t size_of(size_t name, size_t text)
{
    return (int64_t)(sizeof(struct queued) + name + text + 2);
}

static int64_t batch_size(const struct batch *b)
{
    return (int64_t)(b->n * sizeof(struct queued) + b->bytes.len);
}

static void batch_fini(struct batch *b)
{
    free(b->v);
    buf_fini(&b->bytes);
    *b = (struct batch){0};
}

/* ---- writing ---- */

static void ask_locked(void)
{
    if (history.busy || !history.waiting.n)
        return;
    history.busy = true;
    store_put(&history.write);
}

/* The same, for all that was added so far, also while a batch is being written. */
static void ask_all_locked(void)
{
    if (history.busy)
        history.again = true;
    ask_locked();
}

static bool has_failed(void)
{
    return store_status().state == STORE_FAILED;
}

/* The bytes of a room that wait. The locks of the room and of the history are held. */
static int64_t unwritten_locked(const struct history_share *s)
{
    uint64_t waiting = history.taken + 1;
    bool writes = history.taken > history.written;
    if (s->batch == waiting)
        return s->bytes + (writes ? s->bytes_before : 0);
    return s->batch + 1 == waiting && writes ? s->bytes : 0;
}

static void count_locked(struct history_share *s, int64_t size)
{
    uint64_t waiting = history.taken + 1;
    if (s->batch != waiting)
        *s = (struct history_share){.batch = waiting, .bytes_before = s->batch + 1 == waiting ? s->bytes : 0};
    s->bytes += size;
}

/* A room may have as much as is free, so there is always as much space left as the room with the most of it has. The
 * locks of the share and of the history are held. */
static bool is_full_locked(const struct history_share *s)
{
    return unwritten_locked(s) > RELAXED(most_queued) - RELAXED(history.queued);
}

/* Without a lock: most of the time there is space. */
static bool may_be_full(void)
{
    return RELAXED(history.queued) * 2 > RELAXED(most_queued) && !has_failed();
}

bool history_is_full(struct room *r)
{
    if (!may_be_full())
        return false;
    lock_acquire(&r->lock);
    bool is_full = history_share_is_full(&r->unwritten);
    lock_release(&r->lock);
    return is_full;
}

bool history_share_is_full(const struct history_share *s)
{
    if (!may_be_full())
        return false;
    lock_acquire(&history.lock);
    bool is_full = is_full_locked(s);
    lock_release(&history.lock);
    return is_full;
}

bool history_waits_locked(const struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    lock_acquire(&history.lock);
    bool waits = unwritten_locked(&r->unwritten) > 0;
    lock_release(&history.lock);
    return waits;
}

bool history_keeps_locked(const struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    return r->rules.value[OPTION_HISTORY] && RELAXED(keep_now);
}

bool history_keeps(struct room *r)
{
    lock_acquire(&r->lock);
    bool keeps = history_keeps_locked(r);
    lock_release(&r->lock);
    return keeps;
}

static void add(const char *key, const struct event *ev, enum message_kind kind, struct history_share *s)
{
    int64_t size = size_of(strlen(ev->name), strlen(ev->text)), most = RELAXED(most_queued);
    lock_acquire(&history.lock);
    bool is_lost = RELAXED(history.queued) + size > most && has_failed(); /* else speakers wait */
    if (!is_lost) {
        batch_add(&history.waiting, key, ev, kind);
        count_locked(s, size);
        atomic_fetch_add_explicit(&history.queued, size, memory_order_relaxed);
    }
    if (RELAXED(history.queued) > most / 4)
        ask_all_locked();
    lock_release(&history.lock);
    if (is_lost)
        counter_add(COUNTER_HISTORY_LOST, 1);
}

void history_add_locked(struct room *r, const struct event *ev)
{
    if (!history_keeps_locked(r))
        return;
    r->kept_id = ev->id;
    add(r->key, ev, kind_of(ev), &r->unwritten);
}

void history_add_private(const char *key, const struct event *ev, enum message_kind kind, struct history_share *s)
{
    if (RELAXED(keep_now))
        add(key, ev, kind, s);
}

static const struct message_row *next_to_write(void *arg)
{
    static struct message_row row;
    (void)arg;
    if (history.at == history.writing.n)
        return NULL;
    const struct queued *k = &history.writing.v[history.at++];
    row = (struct message_row){.room = k->room, .id = k->id, .time_ms = k->time_ms, .kind = k->kind,
                               .name = history.writing.bytes.data + k->at};
    row.text = row.name + strlen(row.name) + 1;
    return &row;
}

/* A first try, or one after a failure: then what was written is undone, and is written again from its start. */
static int write_run(struct store_job *job, sqlite3 *db)
{
    (void)job;
    history.at = 0;
    if (!history.writing.n) {
        lock_acquire(&history.lock);
        history.taken++;
        history.writing = history.waiting;
        history.waiting = (struct batch){0};
        lock_release(&history.lock);
    }
    return store_history_add(db, next_to_write, NULL);
}

static void note_stored(size_t messages)
{
    counter_add(COUNTER_HISTORY_STORED, messages);
    history.stored((int)messages);
}

void history_note_stored(void)
{
    note_stored(1);
}

static void settle_batch(struct batch *b, bool ok)
{
    if (ok)
        note_stored(b->n);
    else
        counter_add(COUNTER_HISTORY_LOST, b->n);
    atomic_fetch_sub_explicit(&history.queued, batch_size(b), memory_order_relaxed);
    batch_fini(b);
}

static void write_done(struct store_job *job, bool ok)
{
    settle_batch(&history.writing, ok);
    atomic_fetch_add(&history.batches, 1);
    lock_acquire(&history.lock);
    if (!ok) /* the store gives up at the end */
        settle_batch(&history.waiting, false);
    history.written = history.taken;
    history.busy = history.again && history.waiting.n;
    history.again = false;
    if (history.busy)
        store_put_first(job); /* ahead of the query that has to see it */
    lock_release(&history.lock);
}

void history_tick(void)
{
    lock_acquire(&history.lock);
    if (history.passes_to_skip) {
        history.passes_to_skip--;
    } else {
        ask_locked();
        history.passes_to_skip = SKIP_PASSES;
    }
    lock_release(&history.lock);
}

void history_start(void (*stored)(int messages))
{
    history.stored = stored;
    history.write = (struct store_job){.run = write_run, .done = write_done};
    history.passes_to_skip = 0;
}

void history_stop(void)
{
    lock_acquire(&history.lock);
    ask_all_locked();
    lock_release(&history.lock);
}

/* ---- queries ---- */

static bool add_row(const struct message_row *row, void *arg)
{
    return page_add(arg, row);
}

static struct history_query *query_of(struct store_job *job)
{
    return container_of(job, struct history_query, request.job);
}

void history_query_fini(struct history_query *q)
{
    page_fini(&q->page);
}

static void query_read(struct store_job *job, sqlite3 *db)
{
    struct history_query *q = query_of(job);
    q->is_whole = store_history_read(db, &q->range, add_row, &q->page) == SQLITE_OK;
}

static void query_done(struct store_job *job, bool ok)
{
    struct history_query *q = query_of(job);
    request_complete(&q->request, ok && q->is_whole ? HISTORY_READ : HISTORY_FAILED);
}

void history_put_behind(struct request *rq, const struct store_job *how, struct notifier *notifier)
{
    lock_acquire(&history.lock);
    ask_all_locked();
    request_put(rq, how, notifier);
    lock_release(&history.lock);
}

static void ask(struct history_query *q, const char *key, struct history_range range, size_t bytes,
                struct notifier *notifier)
{
    *q = (struct history_query){.range = range, .from = q->from,
                                .page = {.most = range.most, .bytes_left = bytes, .epoch = msg_epoch()}};
    snprintf(q->key, sizeof q->key, "%s", key);
    q->range.room = q->key;
    if (q->range.after > INT64_MAX)
        q->range.after = INT64_MAX;
    struct store_job how = {.read = query_read, .done = query_done, .from = q->from};
    history_put_behind(&q->request, &how, notifier);
}

void history_ask(struct history_query *q, struct room *r, struct history_range range, size_t bytes,
                 struct notifier *notifier)
{
    lock_acquire(&r->lock);
    uint64_t begins = room_first_number(r->created_ms), end = r->last_id + 1;
    lock_release(&r->lock);
    if (range.after < begins)
        range.after = begins;
    if (!range.before || range.before > end) /* what is said from now on is not asked for */
        range.before = end;
    ask(q, r->key, range, bytes, notifier);
}

void history_ask_key(struct history_query *q, const char *key, struct history_range range, size_t bytes,
                     struct notifier *notifier)
{
    if (!range.before || range.before > INT64_MAX)
        range.before = INT64_MAX;
    ask(q, key, range, bytes, notifier);
}

bool history_wait(struct history_query *q, bool (*is_over)(void *arg), void *arg)
{
    if (!request_wait(&q->request, is_over, arg) || q->request.result != HISTORY_READ)
        return false;
    page_forget(&q->page);
    return true;
}

bool history_may_show(const struct history_query *q, struct room *r, const struct member *m)
{
    return room_may_read(r, m, q->page.count ? history_at(q, 0).id : UINT64_MAX);
}

struct message_row history_at(const struct history_query *q, int i)
{
    return page_at(&q->page, q->range.first ? i : q->page.count - 1 - i);
}
