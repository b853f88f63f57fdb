/* SPDX-License-Identifier: ISC */
/* Jobs for what waits for accounts. A message is deleted only when its recipient has sent a line after receiving it. */
#include "config.h"

#include "chat/mail.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/date.h"
#include "base/panic.h"
#include "chat/history.h"
#include "proto/text.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MESSAGES 5000 /* deleted in one clean-up */

static _Atomic int most_now = 100, share_now = 20, undelivered_now = 4000, days_now = 30;

void mail_configure(const struct mail_limits *limits)
{
    atomic_store_explicit(&most_now, limits->messages, memory_order_relaxed);
    atomic_store_explicit(&share_now, limits->per_sender, memory_order_relaxed);
    atomic_store_explicit(&undelivered_now, limits->undelivered, memory_order_relaxed);
    atomic_store_explicit(&days_now, limits->days, memory_order_relaxed);
}

static int64_t oldest_ms(void)
{
    return date_sure_ms() - atomic_load_explicit(&days_now, memory_order_relaxed) * CLOCK_DAY_MS;
}

/* ---- messages ---- */

int mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t *n)
{
    _Atomic int *most = row->kind == MAIL_UNDELIVERED ? &undelivered_now : &most_now;
    struct mail_space space = {atomic_load_explicit(most, memory_order_relaxed), mail_share()};
    return store_mail_add(db, account, row, oldest_ms(), &space, n);
}

static int put_run(void *arg, sqlite3 *db)
{
    struct mail_job *mj = arg;
    return mail_add(db, mj->account, &mj->row, &mj->n);
}

int mail_share(void)
{
    return atomic_load_explicit(&share_now, memory_order_relaxed);
}

void mail_put(struct mail_job *mj, int64_t account, const struct member *from, const struct mail_row *row)
{
    static const struct job put = {put_run, NULL};
    mj->account = account;
    mj->n = 0;
    member_who(mj->sender, from);
    mj->row = *row;
    mj->row.name = from->name;
    mj->row.sender = mj->sender;
    job_begin(&mj->job, &put, mj, from->notifier);
}

enum mail_result mail_wait(struct mail_job *mj, const struct waiter *w)
{
    if (!job_end(&mj->job, w))
        return MAIL_STORAGE;
    return mj->n > 0 ? MAIL_KEPT : mj->n == STORE_MAIL_SHARE ? MAIL_SHARE : MAIL_FULL;
}

struct reading {
    int64_t account, last, since_ms;
    const struct member *m;
    size_t bytes;
    struct buf *lines;
    size_t start; /* where the added lines begin */
    struct read_line {
        int64_t n, time_ms;
        bool is_undelivered;
        size_t at, len;
    } *v; /* owns: the lines, in the order of their numbers */
    size_t count, cap;
};

/* Those that had not arrived are stored when their connection ends, and so behind what was sent later. */
static int by_time(const void *a, const void *b)
{
    const struct read_line *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->is_undelivered != y->is_undelivered)
        return x->is_undelivered ? -1 : 1;
    return x->n < y->n ? -1 : 1;
}

static void sort_lines(struct reading *re)
{
    struct buf sorted = {0};
    if (re->count > 1)
        qsort(re->v, re->count, sizeof *re->v, by_time);
    for (size_t i = 0; i < re->count; i++)
        buf_add(&sorted, re->lines->data + re->v[i].at, re->v[i].len);
    re->lines->len = re->start;
    buf_add(re->lines, sorted.data, sorted.len);
    buf_fini(&sorted);
}

/* What cannot have been sent (the file may be damaged or edited) is not shown, and deleted with the rest. */
static void show_message(struct reading *re, const struct mail_row *row)
{
    bool is_invitation = row->kind == MAIL_INVITATION;
    char *text = panic_strdup(row->text);
    struct event ev = {.kind = is_invitation ? EVENT_INVITE : EVENT_MAIL, .room = text, .name = row->name, .text = text,
                       .time_ms = row->time_ms, .id = is_invitation ? 0 : row->id};
    size_t at = re->lines->len;
    if (name_was_user(row->name) && text_clean(text, strlen(text)) && (!is_invitation || name_is_room(text)))
        codecs_render(re->lines, &ev, (enum form)re->m->form, re->m->name);
    free(text);
    if (re->count == re->cap) {
        re->cap = re->cap ? re->cap * 2 : 16;
        re->v = panic_realloc(re->v, re->cap * sizeof *re->v);
    }
    re->v[re->count++] =
        (struct read_line){row->n, row->time_ms, row->kind == MAIL_UNDELIVERED, at, re->lines->len - at};
}

static bool add_message(const struct mail_row *row, void *arg)
{
    struct reading *re = arg;
    if (re->last && re->lines->len - re->start + strlen(row->text) > re->bytes)
        return false;
    re->last = row->n;
    if (row->time_ms >= re->since_ms)
        show_message(re, row);
    return true;
}

static int read_run(void *arg, sqlite3 *db)
{
    struct reading *re = arg;
    re->lines->len = re->start;
    re->last = 0;
    re->count = 0;
    if (store_mail_read(db, re->account, add_message, re) != SQLITE_OK)
        re->last = 0; /* a failed read must not fail what others write */
    return SQLITE_OK;
}

int64_t mail_read(int64_t account, const struct member *m, size_t bytes, struct buf *lines, const struct waiter *w)
{
    static const struct job read = {read_run, NULL};
    struct reading re = {.account = account, .since_ms = oldest_ms(), .m = m, .bytes = bytes,
                         .lines = lines, .start = lines->len};
    bool is_read = job_do(&read, &re, w) && re.last;
    if (is_read)
        sort_lines(&re);
    else
        lines->len = re.start;
    free(re.v);
    return is_read ? re.last : 0;
}

struct forgetting {
    int64_t account, from, upto;
};

static int forget_run(void *arg, sqlite3 *db)
{
    const struct forgetting *f = arg;
    return store_mail_remove(db, f->account, f->from, f->upto);
}

void mail_forget(int64_t account, int64_t from, int64_t upto)
{
    static const struct job forget = {forget_run, NULL};
    struct forgetting f = {account, from, upto};
    job_post(&forget, &f, sizeof f);
}

static int clean_up_run(void *arg, sqlite3 *db)
{
    return store_mail_forget_old(db, *(const int64_t *)arg, STEP_MESSAGES);
}

void mail_clean_up(void)
{
    static const struct job clean_up = {clean_up_run, NULL};
    int64_t before_ms = oldest_ms();
    job_post(&clean_up, &before_ms, sizeof before_ms);
}

/* ---- how far rooms were heard ---- */

struct mark {
    int64_t account;
    char room[NAME_SIZE];
    uint64_t id;
};

static int mark_run(void *arg, sqlite3 *db)
{
    const struct mark *m = arg;
    return store_marks_set(db, m->account, m->room, m->id, MAIL_MOST_MARKS);
}

void mail_mark(int64_t account, const char *room, uint64_t id)
{
    static const struct job mark = {mark_run, NULL};
    struct mark m = {.account = account, .id = id};
    snprintf(m.room, sizeof m.room, "%s", room);
    job_post(&mark, &m, sizeof m);
}

int mail_load(char error[STORE_ERROR])
{
    if (store_marks_settle(store_connection(), MAIL_PRESENT) == SQLITE_OK)
        return 0;
    snprintf(error, STORE_ERROR, "cannot read the marks of rooms: %s", sqlite3_errmsg(store_connection()));
    return -1;
}

enum { UNREAD_COUNTED = 1, UNREAD_FAILED };

struct counting {
    struct request request;
    int64_t account;
    struct strv rooms;
    int *unread; /* owns */
    bool is_whole;
};

static struct counting *counting_of(struct store_job *job)
{
    return container_of(job, struct counting, request.job);
}

static void add_room(const char *room, int unread, void *arg)
{
    struct counting *c = arg;
    if (!name_is_room(room)) /* the file may be damaged or edited */
        return;
    c->unread = panic_realloc(c->unread, (c->rooms.n + 1) * sizeof *c->unread);
    c->unread[c->rooms.n] = unread;
    strv_add(&c->rooms, room);
}

static void unread_read(struct store_job *job, sqlite3 *db)
{
    struct counting *c = counting_of(job);
    c->is_whole = store_marks_read(db, c->account, MAIL_UNREAD_MOST, add_room, c) == SQLITE_OK;
}

static void unread_done(struct store_job *job, bool ok)
{
    struct counting *c = counting_of(job);
    request_complete(&c->request, ok && c->is_whole ? UNREAD_COUNTED : UNREAD_FAILED);
}

enum unread_result mail_unread(int64_t account, void (*fn)(const char *room, int unread, void *arg), void *arg,
                               const struct waiter *w)
{
    struct counting c = {.account = account};
    history_put_behind(&c.request, &(struct store_job){.read = unread_read, .done = unread_done, .from = w->from},
                       w->notifier);
    bool done = request_wait(&c.request, w->is_over, w->arg) && c.request.result == UNREAD_COUNTED;
    for (size_t i = 0; done && i < c.rooms.n; i++)
        fn(c.rooms.v[i], c.unread[i], arg);
    strv_fini(&c.rooms);
    free(c.unread);
    return done ? UNREAD_DONE : c.request.late ? UNREAD_BUSY : UNREAD_STORAGE;
}
