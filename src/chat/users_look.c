/* SPDX-License-Identifier: ISC */
/* Look-ups: all that is shown of users is copied in one hold. */
#include "config.h"

#include "chat/users_impl.h"

#include "base/clock.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/opers.h"
#include "chat/rules.h"

#include <stdio.h>
#include <string.h>

struct member *users_by_account_locked(int64_t id)
{
    USERS_EACH_LOCKED(u, m)
        if (m->account == id)
            return m;
    return NULL;
}

bool users_has_account(int64_t id)
{
    rwlock_read(&users_table.lock);
    bool has = users_by_account_locked(id) != NULL;
    rwlock_release(&users_table.lock);
    return has;
}

bool users_identify(const char *name, struct target *target)
{
    const struct user *u = users_read(name);
    if (u) {
        const struct member *m = u->sessions;
        int64_t account = m->account; /* it may change meanwhile */
        *target = (struct target){.account = account, .client = m->user_id};
        memcpy(target->shown, m->name, sizeof m->name);
        memcpy(target->name, u->key, sizeof u->key);
        if (!account)
            memcpy(target->host, m->host, sizeof m->host);
    }
    rwlock_release(&users_table.lock);
    return u != NULL;
}

bool users_find(const char *name, char as_written[NAME_SIZE])
{
    const struct user *u = users_read(name);
    if (u)
        memcpy(as_written, u->sessions->name, NAME_SIZE);
    rwlock_release(&users_table.lock);
    return u != NULL;
}

/* From the table of accounts: what the member has of it is for its own reader. */
static void name_account_locked(int64_t id, char name[NAME_SIZE])
{
    struct account a;
    bool has_one = id && accounts_by_id(id, &a);
    memcpy(name, has_one ? a.name : "", has_one ? NAME_SIZE : 1);
}

bool users_view(const char *name, struct users_view *view)
{
    *view = (struct users_view){0};
    const struct user *u = users_read(name);
    if (u) {
        const struct member *m = u->sessions;
        int64_t active_ms = m->active_ms;
        *view = (struct users_view){.id = m->user_id, .is_secure = true, .since_ms = m->since_ms};
        memcpy(view->name, m->name, sizeof view->name);
        for (; m; m = m->next_session) {
            view->is_secure = view->is_secure && m->is_secure;
            view->is_oper = view->is_oper || opers_has(m->oper);
            view->since_ms = m->since_ms < view->since_ms ? m->since_ms : view->since_ms;
            active_ms = m->active_ms > active_ms ? m->active_ms : active_ms;
        }
        view->idle_ms = clock_ms() - active_ms;
        buf_str(&view->away, u->away ? u->away : "");
        buf_str(&view->realname, u->realname ? u->realname : "");
        name_account_locked(u->sessions->account, view->account_name);
    }
    rwlock_release(&users_table.lock);
    return u != NULL;
}

void users_view_fini(struct users_view *view)
{
    buf_fini(&view->away);
    buf_fini(&view->realname);
}

void users_realname(const struct member *m, struct buf *realname)
{
    if (!m->user)
        return;
    rwlock_read(&users_table.lock);
    if (m->user->realname)
        buf_str(realname, m->user->realname);
    rwlock_release(&users_table.lock);
}

static bool is_own(const struct member *m, const struct member *other)
{
    return other == m || (m->account && other->account == m->account);
}

static struct users_session session_locked(const struct member *m)
{
    struct users_session us = {.id = m->id, .is_secure = m->is_secure, .is_web = m->is_web, .since_ms = m->since_ms,
                               .idle_ms = clock_ms() - m->active_ms};
    memcpy(us.name, m->name, sizeof us.name);
    snprintf(us.address, sizeof us.address, "%s", m->address ? m->address : "-");
    return us;
}

int users_sessions(const struct member *m, struct users_session **v)
{
    int n = 0;
    *v = NULL;
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, other) {
        if (!is_own(m, other))
            continue;
        *v = panic_realloc(*v, (size_t)(n + 1) * sizeof **v);
        (*v)[n++] = session_locked(other);
    }
    rwlock_release(&users_table.lock);
    return n;
}

bool users_has_session(const struct member *m, uint64_t id)
{
    bool has = false;
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, other)
        has = has || (other->id == id && is_own(m, other));
    rwlock_release(&users_table.lock);
    return has;
}

void users_names(struct strv *names)
{
    rwlock_read(&users_table.lock);
    for (struct user *u = users_table.table; u; u = u->hh.next)
        strv_add(names, u->sessions->name);
    rwlock_release(&users_table.lock);
}

int users_count(void)
{
    rwlock_read(&users_table.lock);
    int n = (int)HASH_COUNT(users_table.table);
    rwlock_release(&users_table.lock);
    return n;
}

void users_name_of(struct member *m, uint64_t id, char name[NAME_SIZE])
{
    rwlock_read(&users_table.lock);
    bool is_it = m->listed && m->id == id;
    memcpy(name, is_it ? m->name : "", is_it ? NAME_SIZE : 1);
    rwlock_release(&users_table.lock);
}
