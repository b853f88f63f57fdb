/* SPDX-License-Identifier: ISC */
/* What users are told under their names; and what a member's own reader changes for that. */
#include "config.h"

#include "chat/users_impl.h"

#include "base/date.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/opers.h"
#include "chat/undelivered.h"
#include "net/post.h"

#include <stdlib.h>
#include <string.h>

static uint64_t next_id(void)
{
    return atomic_fetch_add(&users_table.last_id, 1) + 1;
}

/* ---- private messages ---- */

void users_tell_name(const struct member *from, const char *name, const struct event *ev)
{
    const struct user *u = users_read(name);
    for (struct member *m = u ? u->sessions : NULL; m; m = m->next_session)
        if (!ignores_has(m->ignores, from->key))
            member_put(m, ev);
    rwlock_release(&users_table.lock);
}

/* The first that was refused; other threads may put at the same time. */
static void note_refused(struct member *m, uint64_t id)
{
    uint64_t was = atomic_load(&m->refused_at);
    while (id < was && !atomic_compare_exchange_weak(&m->refused_at, &was, id))
        ;
}

enum put { PUT_TAKEN, PUT_REFUSED, PUT_IGNORED };

static enum put put_locked(struct member *m, const struct member *from, const struct event *ev)
{
    if (m->user != from->user && ignores_has(m->ignores, from->key))
        return outbox_reason(m->outbox) == CLOSE_OPEN ? PUT_IGNORED : PUT_REFUSED;
    if (!m->account)
        return member_put(m, ev) != OUTBOX_CLOSED ? PUT_TAKEN : PUT_REFUSED;
    post_assert_settled();
    struct msg *msg = undelivered_render(m, ev, from);
    bool taken = outbox_put(m->outbox, msg) != OUTBOX_CLOSED;
    msg_unref(msg);
    if (!taken)
        note_refused(m, ev->id);
    return taken ? PUT_TAKEN : PUT_REFUSED;
}

/* The user who has the name; or one who is logged in to the account of that name, under whatever name. */
static struct user *find_owner_locked(const char *key)
{
    struct account a;
    struct user *u = users_find_locked(key);
    if (u || !accounts_find(key, &a))
        return u;
    const struct member *m = users_by_account_locked(a.id);
    return m ? m->user : NULL;
}

/* False: no session took it. A message counts as taken, and is dropped, if all sessions that are there ignore the
 * sender, and none refused it because it is ending. */
static bool put_all_locked(const struct user *u, const struct member *from, const struct event *ev)
{
    int n[3] = {0};
    for (struct member *m = u->sessions; m; m = m->next_session)
        n[put_locked(m, from, ev)]++;
    return n[PUT_TAKEN] || (n[PUT_IGNORED] && !n[PUT_REFUSED]);
}

/* What a session sends is shown to the other sessions of its user. */
static void show_sent_locked(const struct member *from, const struct event *ev)
{
    for (struct member *m = from->user ? from->user->sessions : NULL; m; m = m->next_session)
        if (m != from)
            member_put(m, ev);
}

void users_show_sent(const struct member *from, const char *name, const char *text, const struct users_receipt *rc)
{
    struct event ev = {.kind = EVENT_SENT_HERE, .name = name, .text = text, .id = rc->id, .time_ms = rc->time_ms};
    rwlock_read(&users_table.lock);
    show_sent_locked(from, &ev);
    rwlock_release(&users_table.lock);
}

bool users_put(struct member *from, const char *name, const struct event *said, void (*absent)(void *arg), void *arg,
               struct users_receipt *rc)
{
    char key[NAME_SIZE];
    struct event ev = {.kind = EVENT_PRIVATE, .name = from->name, .account = from->account,
                       .account_name = member_account_name(from), .text = said->text, .is_notice = said->is_notice,
                       .tags = said->tags, .time_ms = date_stamp_ms()};
    name_fold(key, name);
    rwlock_read(&users_table.lock);
    const struct user *u = find_owner_locked(key);
    ev.id = next_id();
    if (rc)
        *rc = (struct users_receipt){ev.id, ev.time_ms, u ? u->sessions->account : 0};
    bool taken = u && put_all_locked(u, from, &ev);
    if (taken && u != from->user) {
        bool is_known_so = strcmp(u->key, key) == 0; /* else the owner of the name is online under another */
        struct event sent = {.kind = EVENT_SENT_HERE, .name = is_known_so ? u->sessions->name : name,
                             .text = said->text, .id = ev.id, .time_ms = ev.time_ms};
        show_sent_locked(from, &sent);
    }
    if (taken && u->away && !ev.is_notice) {
        struct event away = {.kind = EVENT_AWAY, .name = u->sessions->name, .text = u->away};
        member_answer(from, &away);
    }
    if (!taken && absent)
        absent(arg);
    rwlock_release(&users_table.lock);
    return taken;
}

/* ---- what has not arrived ---- */

/* What a session leaves behind, and for whom: the other sessions of its account. */
struct bequest {
    struct member **heirs; /* owns */
    struct msg **left;     /* owns; the messages are borrowed: for the mailbox */
    size_t heir_count, left_count;
    bool is_congested;     /* one more message would perhaps be too much for an heir, and close it */
};

static bool is_half_full(struct outbox *ob)
{
    struct outbox_load load = outbox_load(ob);
    struct outbox_limits most = outbox_limits();
    return load.entries * 2 > (size_t)most.entries || load.bytes * 2 > (size_t)most.bytes;
}

static void find_heirs_locked(struct bequest *b, const struct member *m)
{
    size_t cap = 0;
    USERS_EACH_LOCKED(u, other) {
        if (other->account != m->account || other->settled)
            continue;
        if (b->heir_count == cap) {
            cap = cap ? cap * 2 : 4;
            b->heirs = panic_realloc(b->heirs, cap * sizeof(struct member *));
        }
        b->heirs[b->heir_count++] = other;
        b->is_congested |= is_half_full(other->outbox);
    }
}

/* True: the message was put there too, and what becomes of it there is still open. */
static bool has_it(const struct member *m, uint64_t id)
{
    return m->listed_at < id && id < atomic_load(&m->refused_at);
}

static bool send_again(struct bequest *b, struct member *heir, const struct msg *msg)
{
    struct msg *again = undelivered_render_again(heir, msg);
    int put = again ? outbox_put(heir->outbox, again) : OUTBOX_CLOSED;
    if (again)
        msg_unref(again);
    b->is_congested |= put > OUTBOX_TAKEN;
    return put != OUTBOX_CLOSED;
}

/* True: another session has the message too. Else it was sent to one, or is left for the mailbox. */
static bool leave_locked(struct bequest *b, const struct member *m, struct msg *msg)
{
    struct member *heir = NULL;
    char sender[NAME_SIZE];
    undelivered_sender(msg, sender);
    for (size_t i = 0; i < b->heir_count; i++) {
        struct member *other = b->heirs[i];
        if (ignores_has(other->ignores, sender))
            continue;
        if (other->user == m->user && has_it(other, undelivered_id(msg)))
            return true;
        if (outbox_reason(other->outbox) == CLOSE_OPEN)
            heir = other;
    }
    if (!heir || b->is_congested || !send_again(b, heir, msg))
        b->left[b->left_count++] = msg;
    return false;
}

void users_bequeath(struct member *m, struct msg *const *v, bool *others_have, size_t n)
{
    struct bequest b = {.left = panic_calloc(n + 1, sizeof(struct msg *))};
    rwlock_write(&users_table.lock); /* of two that end at once, one sees that the other will not care any more */
    m->settled = true;
    if (n)
        find_heirs_locked(&b, m);
    for (size_t i = 0; i < n; i++)
        others_have[i] = leave_locked(&b, m, v[i]);
    undelivered_store(m->account, b.left, b.left_count); /* in this hold: who logs in reads the mailbox behind it */
    rwlock_release(&users_table.lock);
    free(b.left);
    free(b.heirs);
}

/* ---- to many ---- */

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct contact *)a)->id, y = ((const struct contact *)b)->id;
    return x < y ? -1 : x > y;
}

/* True if it hears the event; `speaker`: whose text it has, as a folded name, or NULL. */
static bool hears_locked(const struct member *m, const struct event *ev, const char *speaker)
{
    return member_wants(m->wants, ev->kind) && !(speaker && ignores_has(m->ignores, speaker));
}

/* Contacts that are sorted. */
static void tell_locked(const struct contacts *c, struct event *ev, const char *speaker)
{
    struct member_rendered once = {.ev = ev};
    ev->time_ms = date_stamp_ms();
    ev->id = next_id();
    for (size_t i = 0; i < c->n; i++) {
        struct member *m = c->v[i].member;
        bool is_told = i && c->v[i - 1].id == c->v[i].id;
        if (!is_told && m->listed && m->id == c->v[i].id && hears_locked(m, ev, speaker))
            member_put_shared(m, &once);
    }
    member_rendered_fini(&once);
}

/* Sorts the contacts and takes the lock. False: there are none, and no lock was taken. */
static bool begin_telling(struct contacts *c)
{
    if (!c->n)
        return false;
    qsort(c->v, c->n, sizeof *c->v, by_id);
    rwlock_read(&users_table.lock);
    return true;
}

void users_tell(struct contacts *c, struct event *ev)
{
    if (!begin_telling(c))
        return;
    tell_locked(c, ev, NULL);
    rwlock_release(&users_table.lock);
}

void users_tell_away(const struct member *m, struct contacts *c, bool is_readable)
{
    if (!begin_telling(c))
        return;
    const char *away = m->user->away;
    struct event ev = {.kind = EVENT_AWAY_CHANGED, .name = m->name, .account = m->account,
                       .account_name = member_account_name(m), .is_away = away != NULL,
                       .text = away && is_readable ? away : ""};
    tell_locked(c, &ev, m->key);
    rwlock_release(&users_table.lock);
}

void users_tell_realname(const struct member *m, struct contacts *c)
{
    if (!begin_telling(c))
        return;
    struct event ev = {.kind = EVENT_REALNAME, .name = m->name, .account = m->account,
                       .account_name = member_account_name(m), .text = m->user->realname ? m->user->realname : ""};
    tell_locked(c, &ev, m->key);
    rwlock_release(&users_table.lock);
}

void users_tell_account(int64_t account, const struct member *except, const struct event *ev)
{
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m)
        if (m != except && m->account == account && member_wants(m->wants, ev->kind))
            member_put(m, ev);
    rwlock_release(&users_table.lock);
}

void users_put_all(const struct event *ev)
{
    struct member_rendered once = {.ev = ev};
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m)
        member_put_shared(m, &once);
    rwlock_release(&users_table.lock);
    member_rendered_fini(&once);
}

void users_put_opers(const struct event *ev)
{
    struct member_rendered once = {.ev = ev};
    rwlock_read(&users_table.lock);
    USERS_EACH_LOCKED(u, m)
        if (opers_has(m->oper))
            member_put_shared(m, &once);
    rwlock_release(&users_table.lock);
    member_rendered_fini(&once);
}

/* ---- settings ---- */

void users_set_ignores(struct member *m, struct ignores *ig)
{
    rwlock_write(&users_table.lock);
    m->ignores = ig;
    rwlock_release(&users_table.lock);
}

void users_set_form(struct member *m, enum form form)
{
    rwlock_write(&users_table.lock);
    m->form = (int)form;
    rwlock_release(&users_table.lock);
}

void users_set_wants(struct member *m, unsigned wants)
{
    rwlock_write(&users_table.lock);
    m->wants = wants;
    rwlock_release(&users_table.lock);
}

/* Replaces a text of the member's user by a copy of another; NULL: none. False: it was the same. */
static bool set_text_locked(char **at, char *text, char **old)
{
    bool is_new = !*at != !text || (text && strcmp(*at, text) != 0);
    *old = *at;
    *at = text;
    return is_new;
}

bool users_set_away(struct member *m, const char *text)
{
    char *away = text ? panic_strdup(text) : NULL, *old;
    rwlock_write(&users_table.lock);
    must(m->user);
    bool is_new = set_text_locked(&m->user->away, away, &old);
    for (struct member *each = m->user->sessions; each; each = each->next_session)
        each->is_away = text != NULL;
    rwlock_release(&users_table.lock);
    free(old);
    return is_new;
}

bool users_set_realname(struct member *m, const char *text, bool keep)
{
    char *realname = *text ? panic_strdup(text) : NULL, *old = realname;
    bool is_new = false;
    rwlock_write(&users_table.lock);
    must(m->user);
    if (!keep || !m->user->realname)
        is_new = set_text_locked(&m->user->realname, realname, &old);
    rwlock_release(&users_table.lock);
    free(old);
    return is_new;
}
