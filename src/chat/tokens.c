/* SPDX-License-Identifier: ISC */
/* Jobs for tokens. A session is put to the store before its name is given back, so a user who resumes it finds it. */
#include "config.h"

#include "chat/tokens.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/panic.h"
#include "chat/forgotten.h"
#include "chat/job.h"
#include "chat/member.h"
#include "net/msg.h"
#include "proto/text.h"
#include "store/store_tokens.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_LINE 16384 /* bytes of a line that was saved; no protocol writes longer ones */

_Static_assert(TOKEN_DIGEST == SECRET_DIGEST, "one size of a digest");

static _Atomic int per_account_now = 10, days_now = 30, resume_s_now = 600;

void tokens_configure(const struct token_limits *limits)
{
    atomic_store_explicit(&per_account_now, limits->per_account, memory_order_relaxed);
    atomic_store_explicit(&days_now, limits->days, memory_order_relaxed);
    atomic_store_explicit(&resume_s_now, limits->resume_s, memory_order_relaxed);
}

static int64_t valid_since_ms(void)
{
    return date_sure_ms() - atomic_load_explicit(&days_now, memory_order_relaxed) * CLOCK_DAY_MS;
}

/* Sessions that broke before that are deleted. */
static int64_t saved_since_ms(void)
{
    return date_sure_ms() - atomic_load_explicit(&resume_s_now, memory_order_relaxed) * 1000LL;
}

/* ---- tokens ---- */

struct token_job {
    const struct token *token, *old;
    const struct proof *proof;
    int64_t account;
    enum accounts_change checked;
    bool done;
};

static int make_run(void *arg, sqlite3 *db)
{
    struct token_job *a = arg;
    int most = atomic_load_explicit(&per_account_now, memory_order_relaxed);
    int rc = accounts_check(db, a->proof, &a->checked);
    a->done = false;
    if (rc == SQLITE_OK && a->old && a->checked == ACCOUNTS_DONE)
        rc = store_tokens_remove(db, a->old->digest);
    if (rc == SQLITE_OK && a->checked == ACCOUNTS_DONE)
        rc = store_tokens_add(db, a->token->digest, a->proof->account, date_used_ms(), most, &a->done);
    return rc;
}

enum tokens_result tokens_make(const struct proof *proof, const struct token *old, char text[SECRET_TEXT],
                               struct token *t, const struct waiter *w)
{
    static const struct job make = {make_run, NULL};
    struct token fresh;
    struct token_job a = {.token = &fresh, .old = old, .proof = proof};
    secret_new(text);
    secret_digest(fresh.digest, text);
    if (!job_do(&make, &a, w))
        return TOKENS_STORAGE;
    if (a.checked == ACCOUNTS_OUTDATED)
        return TOKENS_OUTDATED;
    *t = fresh;
    return a.done ? TOKENS_DONE : TOKENS_UNKNOWN;
}

static int find_run(void *arg, sqlite3 *db)
{
    struct token_job *a = arg;
    return store_tokens_find(db, a->token->digest, valid_since_ms(), date_used_ms(), &a->account);
}

enum tokens_result tokens_find(const char *text, struct token *t, int64_t *account, const struct waiter *w)
{
    secret_digest(t->digest, text);
    return tokens_check(t, account, w);
}

enum tokens_result tokens_check(const struct token *t, int64_t *account, const struct waiter *w)
{
    static const struct job find = {find_run, NULL};
    struct token_job a = {.token = t};
    if (!job_do(&find, &a, w))
        return TOKENS_STORAGE;
    *account = a.account;
    return a.account ? TOKENS_DONE : TOKENS_UNKNOWN;
}

static int remove_run(void *arg, sqlite3 *db)
{
    return store_tokens_remove(db, ((const struct token *)arg)->digest);
}

bool tokens_remove(const struct token *t, const struct waiter *w)
{
    static const struct job remove = {remove_run, NULL};
    struct token copy = *t;
    return job_do(&remove, &copy, w);
}

void tokens_forget(const struct token *t)
{
    static const struct job remove = {remove_run, NULL};
    job_post(&remove, t, sizeof *t);
}

/* ---- saved sessions ---- */

void saved_session_fini(struct saved_session *p)
{
    buf_fini(&p->missed);
    free(p->rooms);
    *p = (struct saved_session){0};
}

/* A copy in one piece of memory, as job_post needs it: the rooms follow, then the lines. */
struct saved_blob {
    struct token token;
    int64_t broke_ms;
    unsigned epoch, caps;
    int room_count;
    size_t missed_size;
    struct saved_room rooms[];
};

static int save_run(void *arg, sqlite3 *db)
{
    const struct saved_blob *p = arg;
    struct buf missed = {0}; /* filtered here, on the thread that deletes what is forgotten: it is so before or after */
    forgotten_filter(&missed, (const char *)&p->rooms[p->room_count], p->missed_size, p->epoch);
    struct saved_row row = {p->broke_ms, p->caps, missed.data, missed.len};
    struct saved_room_row *rooms = panic_calloc((size_t)p->room_count + 1, sizeof *rooms);
    for (int i = 0; i < p->room_count; i++)
        rooms[i] = (struct saved_room_row){p->rooms[i].key, p->rooms[i].heard};
    int rc = store_tokens_save(db, p->token.digest, &row, rooms, p->room_count);
    free(rooms);
    buf_fini(&missed);
    return rc;
}

void tokens_save(const struct token *t, const struct saved_session *p)
{
    static const struct job save = {save_run, NULL};
    size_t rooms_size = (size_t)p->room_count * sizeof *p->rooms;
    size_t size = sizeof(struct saved_blob) + rooms_size + p->missed.len;
    struct saved_blob *blob = panic_calloc(1, size);
    blob->token = *t;
    blob->broke_ms = p->broke_ms;
    blob->epoch = p->epoch;
    blob->caps = p->caps;
    blob->room_count = p->room_count;
    blob->missed_size = p->missed.len;
    if (rooms_size)
        memcpy(blob->rooms, p->rooms, rooms_size);
    if (p->missed.len)
        memcpy(&blob->rooms[p->room_count], p->missed.data, p->missed.len);
    job_post(&save, blob, size);
    free(blob);
}

struct take_job {
    const struct token *token;
    struct saved_session *saved;
};

/* A line that ends in CRLF and is clean in between. */
static bool is_line(const char *line, size_t n)
{
    return n >= 2 && n <= LONGEST_LINE && memcmp(line + n - 2, "\r\n", 2) == 0 && text_is_clean(line, n - 2);
}

/* Adds the lines, but not what is none: the file may be damaged or edited. */
static void take_lines(struct buf *to, const char *lines, size_t size)
{
    while (size) {
        const char *lf = memchr(lines, '\n', size);
        size_t n = lf ? (size_t)(lf - lines) + 1 : size;
        if (is_line(lines, n))
            buf_add(to, lines, n);
        lines += n;
        size -= n;
    }
}

static void take_row(const struct saved_row *row, void *arg)
{
    struct saved_session *p = ((struct take_job *)arg)->saved;
    p->broke_ms = row->broke_ms;
    p->epoch = msg_epoch();
    p->caps = row->caps & ((1u << CAPS) - 1);
    take_lines(&p->missed, row->missed, row->missed_size);
}

static void take_room(const struct saved_room_row *row, void *arg)
{
    struct saved_session *p = ((struct take_job *)arg)->saved;
    if (!name_is_room(row->room)) /* the file may be damaged or edited */
        return;
    p->rooms = panic_realloc(p->rooms, (size_t)(p->room_count + 1) * sizeof *p->rooms);
    struct saved_room *room = &p->rooms[p->room_count++];
    *room = (struct saved_room){.heard = row->id};
    memcpy(room->key, row->room, strlen(row->room) + 1);
}

static int take_run(void *arg, sqlite3 *db)
{
    struct take_job *t = arg;
    saved_session_fini(t->saved);
    return store_tokens_take(db, t->token->digest, saved_since_ms(), take_row, take_room, t);
}

enum tokens_result tokens_take(const struct token *t, struct saved_session *p, const struct waiter *w)
{
    static const struct job take = {take_run, NULL};
    struct take_job ta = {t, p};
    *p = (struct saved_session){0};
    if (job_do(&take, &ta, w))
        return TOKENS_DONE;
    saved_session_fini(p);
    return TOKENS_STORAGE;
}

static int forget_run(void *arg, sqlite3 *db)
{
    return store_tokens_forget_saved(db, *(const int64_t *)arg);
}

void tokens_forget_saved(int64_t account)
{
    static const struct job forget = {forget_run, NULL};
    job_post(&forget, &account, sizeof account);
}

/* ---- cleaning up ---- */

struct limits {
    int64_t used_ms, broke_ms;
};

static int clean_up_run(void *arg, sqlite3 *db)
{
    const struct limits *t = arg;
    return store_tokens_forget_old(db, t->used_ms, t->broke_ms);
}

void tokens_clean_up(void)
{
    static const struct job clean_up = {clean_up_run, NULL};
    struct limits t = {valid_since_ms(), saved_since_ms()};
    job_post(&clean_up, &t, sizeof t);
}
