/* SPDX-License-Identifier: ISC */
/* The ends of sessions that others decide on. The lock is held from the look-up to the close. */
#include "config.h"

#include "chat/users_impl.h"

#include "base/panic.h"

#include <string.h>

bool users_close_locked(struct member *m, enum close_reason reason, const struct event *last_words)
{
    return outbox_close(m->outbox, reason, member_render((enum form)m->form, last_words, m->name));
}

/* Ends the client's session: also one whose connection has broken, and that waits to be resumed. */
static void end_one(struct member *m, enum close_reason reason, const struct event *last_words)
{
    if (users_close_locked(m, reason, last_words))
        return;
    atomic_store_explicit(&m->kicked, true, memory_order_relaxed);
    notifier_notify(m->notifier);
}

int users_end_refused(bool (*refuses)(const struct member *m, struct refusal *no), enum close_reason reason)
{
    int n = 0;
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m) {
        struct refusal no = {0};
        if (!refuses(m, &no))
            continue;
        struct event last_words = refusal_event(&no);
        end_one(m, reason, &last_words);
        buf_fini(&no.reason);
        n++;
    }
    rwlock_release(&users_table.lock);
    return n;
}

int users_kick(const char *name, const struct event *last_words, uint64_t **ids)
{
    const struct user *u = users_read(name);
    int n = 0;
    *ids = NULL;
    for (struct member *m = u ? u->sessions : NULL; m; m = m->next_session) {
        *ids = panic_realloc(*ids, (size_t)(n + 1) * sizeof **ids);
        (*ids)[n++] = m->id;
        end_one(m, CLOSE_KICK, last_words);
    }
    rwlock_release(&users_table.lock);
    return n;
}

void users_close_account(int64_t id, enum close_reason reason, const struct event *last_words)
{
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m)
        if (m->account == id)
            end_one(m, reason, last_words);
    rwlock_release(&users_table.lock);
}

void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *last_words)
{
    const struct user *u = users_read(name);
    for (struct member *m = u ? u->sessions : NULL; m; m = m->next_session)
        if (m->account != account)
            users_close_locked(m, reason, last_words);
    rwlock_release(&users_table.lock);
}

static void logout_one(struct member *m, const struct event *last_words)
{
    atomic_store_explicit(&m->logged_out, true, memory_order_relaxed);
    end_one(m, CLOSE_LOGOUT, last_words);
}

int users_forget_account(int64_t id, uint64_t keep, const struct event *last_words, struct users_former **v)
{
    int n = 0;
    *v = NULL;
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m) {
        int64_t is = id;
        bool stays = keep ? m->id == keep : m == u->sessions;
        if (!atomic_compare_exchange_strong(&m->account, &is, 0))
            continue;
        if (!stays) {
            logout_one(m, last_words);
            continue;
        }
        *v = panic_realloc(*v, (size_t)(n + 1) * sizeof **v);
        (*v)[n].user_id = m->user_id;
        memcpy((*v)[n++].name, m->name, NAME_SIZE);
    }
    rwlock_release(&users_table.lock);
    return n;
}

bool users_logout(const struct member *m, uint64_t id, const struct event *last_words)
{
    int64_t account = m->account;
    bool found = false;
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, other) {
        if (other == m || !account || other->account != account || (id && other->id != id))
            continue;
        logout_one(other, last_words);
        found = true;
    }
    rwlock_release(&users_table.lock);
    return found;
}
