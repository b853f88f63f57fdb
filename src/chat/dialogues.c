/* SPDX-License-Identifier: ISC */
/*
 * Messages come in from serve/mailbox.c, when they were sent, and go to the history. Not obvious: whether both accounts
 * allow it is asked twice. Here by what is in memory, so that nothing is written in vain; and in the transaction that
 * writes them, because an account may go, or say no, while they wait.
 */
#include "config.h"

#include "chat/dialogues.h"

#include "base/container.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic bool keep_now;

void dialogues_configure(bool keep)
{
    atomic_store_explicit(&keep_now, keep, memory_order_relaxed);
}

bool dialogues_are_kept(void)
{
    return atomic_load_explicit(&keep_now, memory_order_relaxed);
}

/* ---- whose ---- */

static void show(char shown[NAME_SIZE], const struct account *a)
{
    snprintf(shown, NAME_SIZE, "@%.*s", NAME_LONGEST, a->name);
}

/* The account of that name, or of the user who has it. */
static bool find_account(const char *name, struct account *a)
{
    struct target target;
    return accounts_find(name, a) ||
           (users_identify(name, &target) && target.account && accounts_by_id(target.account, a));
}

bool dialogues_find(const struct member *m, const char *name, struct dialogue *dl, struct refusal *no)
{
    struct account other;
    int64_t own = m->account;
    if (!own)
        return refusal_set(no, ERROR_NOT_REGISTERED);
    if (!name_was_user(name) || !find_account(name, &other))
        return refusal_set(no, ERROR_USER_NOT_FOUND);
    dl->other = other.id;
    store_dialogue_key(dl->key, own, other.id);
    show(dl->shown, &other);
    return true;
}

bool dialogues_is_of(const char *key, int64_t account)
{
    int64_t low, high;
    struct account a;
    return account && store_dialogue_ids(key, &low, &high) && (low == account || high == account) &&
           accounts_by_id(low, &a) && accounts_by_id(high, &a);
}

void dialogues_shown(const char *key, int64_t account, char shown[NAME_SIZE])
{
    int64_t low, high;
    struct account other;
    *shown = '\0';
    if (store_dialogue_ids(key, &low, &high) && accounts_by_id(low == account ? high : low, &other))
        show(shown, &other);
}

void dialogues_recipient(const struct message_row *row, char name[NAME_SIZE])
{
    int64_t low, high;
    struct account to;
    bool is_known = store_dialogue_ids(row->room, &low, &high) &&
                    accounts_by_id(row->kind == MESSAGE_BY_HIGHER ? low : high, &to);
    snprintf(name, NAME_SIZE, "%s", is_known ? to.name : "");
}

/* ---- keeping ---- */

static bool allows(int64_t account)
{
    struct account a;
    return accounts_by_id(account, &a) && a.keeps;
}

bool dialogues_allows(const struct member *m)
{
    return allows(m->account);
}

/* What one writes to oneself is on its own screen already. */
void dialogues_add(struct member *m, int64_t to, const struct event *ev)
{
    char key[DIALOGUE_KEY];
    int64_t from = m->account;
    if (!dialogues_are_kept() || !from || !to || from == to || !allows(from) ||
        !allows(to))
        return;
    store_dialogue_key(key, from, to);
    history_add_private(key, ev, from < to ? MESSAGE_SAID : MESSAGE_BY_HIGHER, &m->unwritten);
}

bool dialogues_is_full(struct member *m)
{
    return dialogues_are_kept() && history_share_is_full(&m->unwritten);
}

/* ---- reading ---- */

void dialogues_ask(struct history_query *q, const struct dialogue *dl, struct history_range range, size_t bytes,
                   struct notifier *notifier)
{
    history_ask_key(q, dl->key, range, bytes, notifier);
}

struct listing {
    struct request request;
    int64_t account;
    struct listed {
        int64_t other, last_ms;
    } *v; /* owns */
    int n;
    bool is_whole;
};
enum { LISTED = 1, NOT_LISTED };

static void add(int64_t other, int64_t last_ms, void *arg)
{
    struct listing *l = arg;
    l->v[l->n++] = (struct listed){other, last_ms};
}

static void list_read(struct store_job *job, sqlite3 *db)
{
    struct listing *l = container_of(job, struct listing, request.job);
    l->n = 0;
    l->is_whole = store_dialogues_each(db, l->account, DIALOGUES_MOST, add, l) == SQLITE_OK;
}

static void list_done(struct store_job *job, bool ok)
{
    struct listing *l = container_of(job, struct listing, request.job);
    request_complete(&l->request, ok && l->is_whole ? LISTED : NOT_LISTED);
}

bool dialogues_each(const struct member *m, void (*fn)(const char *shown, int64_t last_ms, void *arg), void *arg,
                    const struct waiter *w, bool *late)
{
    struct listing l = {.account = m->account, .v = panic_calloc(DIALOGUES_MOST, sizeof *l.v)};
    struct account other;
    char shown[NAME_SIZE];
    history_put_behind(&l.request, &(struct store_job){.read = list_read, .done = list_done, .from = w->from},
                       w->notifier);
    bool done = request_wait(&l.request, w->is_over, w->arg) && l.request.result == LISTED;
    *late = l.request.late;
    for (int i = 0; done && i < l.n && l.account == m->account; i++) {
        if (!accounts_by_id(l.v[i].other, &other))
            continue;
        show(shown, &other);
        fn(shown, l.v[i].last_ms, arg);
    }
    free(l.v);
    return done;
}
