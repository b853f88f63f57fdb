/* SPDX-License-Identifier: ISC */
/*
 * Said lines come in from room.c and go to the store in batches. Not obvious: the batch that is being written stays until
 * its transaction is on disk, because after a failure it is written again from its start. And a question has to see all
 * that was said before it: so the batch that waits is put to the store ahead of it, even if another is being written.
 */
#include "config.h"

#include "chat/history.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/counter.h"
#include "base/panic.h"
#include "chat/search.h"

#include <stdlib.h>
#include <string.h>

#define WRITE_RESTS 3  /* passes of the keeper left out after one that writes: a second's messages touch hardly more pages */
#define TRIM_ROWS 2000 /* looked at in one step of clearing away */
#define TRIM_RESTS 3   /* passes of the keeper left out after a room in which nothing was: to find out costs some too */

/* One message; its name and text are at .at in the batch's bytes, each with its NUL. */
struct kept {
    char room[NAME_SIZE];
    uint64_t id;
    int64_t time_ms;
    enum message_kind kind;
    size_t at;
};

struct batch {
    struct kept *v; /* owns */
    size_t n, cap;
    struct buf bytes;
};

/* Locking key: H by .lock · t the store thread (before its start and after its end, the main thread) · a atomic */
static struct {
    struct lock lock;
    struct batch waiting;    /* H */
    bool asked;              /* H: .write is in the store's hands */
    bool again;              /* H: somebody wants to see what has come since */
    int write_rests;         /* H: passes of the keeper until what waits is written */
    struct batch writing;    /* t: not yet known to be on disk */
    size_t at;               /* t: the next of .writing to be written */
    _Atomic int64_t queued;  /* a: bytes of both */
    bool trims, trim_asked;  /* H: there may be more to clear away; .trim is in the store's hands */
    int trim_rests;          /* H: passes of the keeper until the next step */
    char trim_room[HISTORY_KEY], trim_next[HISTORY_KEY]; /* t: the room cleared last; the one at work */
    int trimmed;             /* t: in this step */
    bool trim_failed;        /* t: this step, by damage */
    bool trims_more;         /* t: something went in this round through the rooms, so another follows */
    struct store_job write, trim;
} history = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_HISTORY}};

static _Atomic bool keep_now = true;
static _Atomic int most_queued = 4 << 20, most_messages = 100000, most_days = 365;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void history_configure(const struct history_limits *l)
{
    atomic_store_explicit(&keep_now, l->keep, memory_order_relaxed);
    atomic_store_explicit(&most_queued, l->queue_bytes, memory_order_relaxed);
    atomic_store_explicit(&most_messages, l->messages, memory_order_relaxed);
    atomic_store_explicit(&most_days, l->days, memory_order_relaxed);
}

int64_t history_queued(void)
{
    return RELAXED(history.queued);
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

static void batch_add(struct batch *b, const char *room, const struct event *ev)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? b->cap * 2 : 16;
        b->v = panic_realloc(b->v, b->cap * sizeof *b->v);
    }
    struct kept *k = &b->v[b->n++];
    memcpy(k->room, room, strlen(room) + 1);
    k->id = ev->id;
    k->time_ms = ev->time_ms;
    k->kind = kind_of(ev);
    k->at = b->bytes.len;
    buf_add(&b->bytes, ev->name, strlen(ev->name) + 1);
    buf_add(&b->bytes, ev->text, strlen(ev->text) + 1);
}

static int64_t size_of(size_t name, size_t text)
{
    return (int64_t)(sizeof(struct kept) + name + text + 2);
}

static int64_t batch_size(const struct batch *b)
{
    return (int64_t)(b->n * sizeof(struct kept) + b->bytes.len);
}

static void batch_fini(struct batch *b)
{
    free(b->v);
    buf_fini(&b->bytes);
    *b = (struct batch){0};
}

/* ---- keeping ---- */

static void ask_locked(void)
{
    if (history.asked || !history.waiting.n)
        return;
    history.asked = true;
    store_put(&history.write);
}

/* The same for all that has come so far, although a batch is being written. */
static void ask_all_locked(void)
{
    if (history.asked)
        history.again = true;
    ask_locked();
}

static bool is_bad(void)
{
    return store_status().state == STORE_FAILED;
}

bool history_is_full(void)
{
    return RELAXED(history.queued) > RELAXED(most_queued) && !is_bad();
}

bool history_keeps(struct room *r)
{
    lock_acquire(&r->lock);
    bool wants = r->rules.value[OPTION_HISTORY], durable = r->rules.value[OPTION_DURABLE];
    lock_release(&r->lock);
    return durable || (wants && RELAXED(keep_now));
}

void history_add_locked(const struct room *r, const struct event *ev)
{
    if (!RELAXED(keep_now))
        return;
    int64_t size = size_of(strlen(ev->name), strlen(ev->text)), most = RELAXED(most_queued);
    lock_acquire(&history.lock);
    bool is_lost = RELAXED(history.queued) + size > most && is_bad(); /* else speakers wait */
    if (!is_lost) {
        batch_add(&history.waiting, r->key, ev);
        atomic_fetch_add_explicit(&history.queued, size, memory_order_relaxed);
    }
    if (RELAXED(history.queued) > most / 4)
        ask_all_locked();
    lock_release(&history.lock);
    if (is_lost)
        counter_add(COUNTER_HISTORY_LOST, 1);
}

static const struct message_row *next_to_write(void *arg)
{
    static struct message_row row;
    (void)arg;
    if (history.at == history.writing.n)
        return NULL;
    const struct kept *k = &history.writing.v[history.at++];
    row = (struct message_row){.room = k->room, .id = k->id, .time_ms = k->time_ms, .kind = k->kind,
                               .name = history.writing.bytes.data + k->at};
    row.text = row.name + strlen(row.name) + 1;
    return &row;
}

/* A first try, or one after a failure: then what was written is undone, and is written again. */
static int write_run(struct store_job *job, sqlite3 *db)
{
    (void)job;
    history.at = 0;
    if (!history.writing.n) {
        lock_acquire(&history.lock);
        history.writing = history.waiting;
        history.waiting = (struct batch){0};
        lock_release(&history.lock);
    }
    return store_history_add(db, next_to_write, NULL);
}

static void settle_batch(struct batch *b, bool ok)
{
    counter_add(ok ? COUNTER_HISTORY_KEPT : COUNTER_HISTORY_LOST, b->n);
    atomic_fetch_sub_explicit(&history.queued, batch_size(b), memory_order_relaxed);
    batch_fini(b);
}

static void write_done(struct store_job *job, bool ok)
{
    settle_batch(&history.writing, ok);
    search_note_written();
    lock_acquire(&history.lock);
    if (!ok) /* the store gives up at the end */
        settle_batch(&history.waiting, false);
    history.asked = history.again && history.waiting.n;
    history.again = false;
    if (history.asked)
        store_put_first(job); /* ahead of the question that wants to see it */
    lock_release(&history.lock);
}

/* ---- clearing away ---- */

static int do_trim(sqlite3 *db, void *arg)
{
    history.trimmed = 0;
    history.trim_failed = !db;
    if (!db)
        return SQLITE_OK; /* .trim_next is as the try has left it */
    memcpy(history.trim_next, history.trim_room, sizeof history.trim_next);
    return store_history_trim(db, history.trim_next, arg, &history.trimmed);
}

static int trim_run(struct store_job *job, sqlite3 *db)
{
    int64_t now_ms = clock_wall_ms(), days = RELAXED(most_days);
    static struct history_trim t; /* the same one at each try */
    t = (struct history_trim){
        .now_ms = now_ms,
        .keep = RELAXED(most_messages),
        .before_ms = days ? now_ms - days * CLOCK_DAY_MS : INT64_MIN,
        .orphans_ms = now_ms - CLOCK_DAY_MS, /* a room may be there, and its record not yet */
        .most = TRIM_ROWS,
    };
    (void)job;
    return search_guard(db, do_trim, &t);
}

static void trim_done(struct store_job *job, bool ok)
{
    (void)job;
    bool round_ends = !*history.trim_next;
    ok = ok && !history.trim_failed; /* then in an hour again, from the next room on */
    memcpy(history.trim_room, history.trim_next, sizeof history.trim_room);
    history.trims_more = history.trims_more || history.trimmed;
    if (history.trimmed)
        search_note_written(); /* there may be something to wipe */
    lock_acquire(&history.lock);
    history.trim_asked = false;
    history.trim_rests = history.trimmed ? 0 : TRIM_RESTS;
    if (!ok || (round_ends && !history.trims_more))
        history.trims = false;
    lock_release(&history.lock);
    history.trims_more = history.trims_more && !round_ends;
}

void history_clean_up(void)
{
    lock_acquire(&history.lock);
    history.trims = true;
    lock_release(&history.lock);
}

void history_tick(void)
{
    lock_acquire(&history.lock);
    if (history.write_rests) {
        history.write_rests--;
    } else {
        ask_locked();
        history.write_rests = WRITE_RESTS;
    }
    if (history.trim_rests) {
        history.trim_rests--;
    } else if (history.trims && !history.trim_asked && !is_bad()) {
        history.trim_asked = true;
        store_put(&history.trim);
    }
    lock_release(&history.lock);
}

void history_start(void)
{
    history.write = (struct store_job){.run = write_run, .done = write_done};
    history.trim = (struct store_job){.run = trim_run, .done = trim_done};
    history.trims = history.trim_asked = history.trims_more = false;
    history.write_rests = history.trim_rests = 0;
    history.trim_room[0] = '\0';
}

void history_stop(void)
{
    lock_acquire(&history.lock);
    ask_all_locked();
    lock_release(&history.lock);
}

/* ---- questions ---- */

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

void history_put_behind(struct request *a, const struct store_job *how, struct notifier *notifier)
{
    lock_acquire(&history.lock);
    ask_all_locked();
    request_put(a, how, notifier);
    lock_release(&history.lock);
}

void history_ask(struct history_query *q, struct room *r, struct history_range range, size_t bytes, struct notifier *notifier)
{
    lock_acquire(&r->lock);
    uint64_t begins = (uint64_t)r->created_ms << 20;
    lock_release(&r->lock);
    *q = (struct history_query){.range = range, .page = {.most = range.most, .bytes_left = bytes}};
    memcpy(q->key, r->key, sizeof q->key);
    q->range.room = q->key;
    if (q->range.after < begins)
        q->range.after = begins;
    if (q->range.after > INT64_MAX)
        q->range.after = INT64_MAX;
    if (!q->range.before || q->range.before > INT64_MAX)
        q->range.before = INT64_MAX;
    history_put_behind(&q->request, &(struct store_job){.read = query_read, .done = query_done}, notifier);
}

bool history_wait(struct history_query *q, bool (*is_over)(void *arg), void *arg)
{
    return request_wait(&q->request, is_over, arg) && q->request.result == HISTORY_READ;
}

struct message_row history_at(const struct history_query *q, int i)
{
    return page_at(&q->page, q->range.first ? i : q->page.count - 1 - i);
}
