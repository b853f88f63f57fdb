/* SPDX-License-Identifier: ISC */
/*
 * The reader's loop: bytes → lines → requests → handlers, and after each line the question whether somebody's outbox
 * asks it to wait. It ends by one door: whatever happens becomes outbox_close(), and the loop, seeing it, unwinds.
 *
 * The order of unwinding is a promise: rooms are left and the name is given back before the last words are queued, so
 * whoever reads `OK Goodbye!`, or sees the connection end, can have the name and the place.
 */
#include "config.h"

#include "serve/session.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "net/post.h"
#include "net/pressure.h"
#include "serve/command.h"
#include "serve/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URGENT_MS 200      /* to drain, when somebody waits to resume the session */
#define HISTORY_LOOK_MS 20 /* until a speaker asks again whether the history has room */

static struct {
    _Atomic int line, text, topic, away, ignored, login_timeout_s, rooms_per_user, history_page, replay, replay_age_s;
    _Atomic bool replay_kept;
} limit = {4096, 4000, 390, 390, 100, 120, 10, 200, 20, 3600, false};

void session_configure(const struct session_limits *l)
{
    atomic_store_explicit(&limit.line, l->line, memory_order_relaxed);
    atomic_store_explicit(&limit.text, l->text, memory_order_relaxed);
    atomic_store_explicit(&limit.topic, l->topic, memory_order_relaxed);
    atomic_store_explicit(&limit.away, l->away, memory_order_relaxed);
    atomic_store_explicit(&limit.ignored, l->ignored, memory_order_relaxed);
    atomic_store_explicit(&limit.login_timeout_s, l->login_timeout_s, memory_order_relaxed);
    atomic_store_explicit(&limit.rooms_per_user, l->rooms_per_user, memory_order_relaxed);
    atomic_store_explicit(&limit.history_page, l->history_page, memory_order_relaxed);
    atomic_store_explicit(&limit.replay_kept, l->replay_kept, memory_order_relaxed);
    atomic_store_explicit(&limit.replay, l->replay, memory_order_relaxed);
    atomic_store_explicit(&limit.replay_age_s, l->replay_age_s, memory_order_relaxed);
}

struct session_limits session_limits(void)
{
    return (struct session_limits){
        .line = atomic_load_explicit(&limit.line, memory_order_relaxed),
        .text = atomic_load_explicit(&limit.text, memory_order_relaxed),
        .topic = atomic_load_explicit(&limit.topic, memory_order_relaxed),
        .away = atomic_load_explicit(&limit.away, memory_order_relaxed),
        .ignored = atomic_load_explicit(&limit.ignored, memory_order_relaxed),
        .login_timeout_s = atomic_load_explicit(&limit.login_timeout_s, memory_order_relaxed),
        .rooms_per_user = atomic_load_explicit(&limit.rooms_per_user, memory_order_relaxed),
        .history_page = atomic_load_explicit(&limit.history_page, memory_order_relaxed),
        .replay_kept = atomic_load_explicit(&limit.replay_kept, memory_order_relaxed),
        .replay = atomic_load_explicit(&limit.replay, memory_order_relaxed),
        .replay_age_s = atomic_load_explicit(&limit.replay_age_s, memory_order_relaxed),
    };
}

void session_prepare(struct pair *p)
{
    struct session *s = panic_calloc(1, sizeof *s);
    s->pair = p;
    s->member.outbox = p->outbox;
    s->member.notifier = &p->notifier;
    line_init(&s->line);
    p->user = s;
}

void session_release(struct pair *p)
{
    struct session *s = p->user;
    line_fini(&s->line);
    free(s->member.rooms);
    free(s);
    p->user = NULL;
}

/* ---- for handlers ---- */

void session_answer(struct session *s, const struct event *ev)
{
    post_settle();
    member_answer(&s->member, ev);
}

void session_error(struct session *s, enum error_code code, const char *text)
{
    struct event ev = {.kind = EVENT_ERROR, .error = code, .text = text};
    session_answer(s, &ev);
}

void session_close(struct session *s, enum close_reason reason)
{
    post_settle(); /* what was said before the end is heard, by oneself too */
    outbox_close(s->pair->outbox, reason, NULL);
}

bool session_is_over(void *arg)
{
    struct session *s = arg;
    return outbox_reason(s->pair->outbox) != CLOSE_OPEN;
}

struct wait {
    struct session *s;
    bool (*ready)(void *arg);
    void *arg;
};

static bool is_ready_or_over(void *arg)
{
    const struct wait *w = arg;
    return session_is_over(w->s) || w->ready(w->arg);
}

bool session_wait(struct session *s, int64_t until_ms, bool (*ready)(void *arg), void *arg)
{
    struct wait w = {s, ready, arg};
    post_flush();
    return notifier_wait_for(&s->pair->notifier, until_ms, is_ready_or_over, &w) && !session_is_over(s);
}

void session_named(struct session *s)
{
    atomic_store_explicit(&s->named, true, memory_order_relaxed);
    counter_add(COUNTER_LOGINS, 1);
    log_peer(LOG_INFO, "named", "id=%llu name=%s account=%lld", (unsigned long long)s->member.id, s->member.name,
             (long long)s->member.account);
}

void session_refuse(struct session *s, struct refusal *no)
{
    static const enum error_code errors[] = {
        [RULES_DENIED] = ERROR_DENIED,       [RULES_BANNED] = ERROR_BANNED, [RULES_MUTED] = ERROR_MUTED,
        [RULES_MODERATED] = ERROR_MODERATED, [RULES_SLOW] = ERROR_SLOW_MODE};
    char wait[16];
    snprintf(wait, sizeof wait, "%d", no->wait_s);
    if (no->not_in)
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
    else
        session_error(s, errors[no->verdict], no->verdict == RULES_SLOW ? wait : buf_text(&no->terms));
    refusal_fini(no);
}

void session_count_rooms(struct session *s)
{
    atomic_store_explicit(&s->room_count, s->member.room_count, memory_order_relaxed);
}

static void forget_room(struct session *s, struct room *r)
{
    member_remove_room(&s->member, r);
    session_count_rooms(s);
    rooms_release(r);
}

void session_sync_rooms(struct session *s)
{
    struct member *m = &s->member;
    if (!atomic_load_explicit(&m->removed, memory_order_relaxed))
        return;
    post_settle(); /* what it said there may still be gathered */
    m->removed = false;
    for (int i = m->room_count - 1; i >= 0; i--)
        if (!room_has(m->rooms[i], m->id))
            forget_room(s, m->rooms[i]);
}

bool session_enter_room(struct session *s, struct room *r, unsigned ticket, const struct backlog *backlog)
{
    struct room *before = s->member.current;
    member_add_room(&s->member, r);
    s->member.current = r;
    session_count_rooms(s);
    if (room_join(r, &s->member, ticket, backlog))
        return true;
    member_remove_room(&s->member, r);
    s->member.current = before;
    session_count_rooms(s);
    return false;
}

void session_update_rooms(struct session *s)
{
    for (int i = 0; i < s->member.room_count; i++)
        room_update(s->member.rooms[i], &s->member);
}

void session_leave_room(struct session *s, struct room *r, bool answer)
{
    mailbox_mark(s, r, room_leave(r, &s->member, answer));
    forget_room(s, r);
}

/* ---- one line ---- */

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Holds the reader back while the client is over the flood limit. False: the session is over. */
static bool pay(struct session *s, size_t bytes)
{
    int64_t until_ms;
    enum flood_verdict v;
    if (s->is_exempt && flood_exempts_loopback())
        return true;
    while ((v = flood_pay(&s->flood, bytes, clock_ms(), &until_ms)) == FLOOD_WAIT) {
        counter_add(COUNTER_FLOOD_WAITS, 1);
        session_wait(s, until_ms, never, NULL);
        if (session_is_over(s))
            return false;
    }
    if (v == FLOOD_END)
        session_close(s, CLOSE_FLOOD);
    return v == FLOOD_PASS;
}

static bool is_relieved(void *arg)
{
    return !pressure_own(arg);
}

static bool is_over_other(void *arg)
{
    const struct post_pressure *p = arg;
    return pressure_is_over(p->other, p->gen);
}

static void yield_to(struct session *s, struct post_pressure *p)
{
    int64_t until_ms = p->other == s->pair->outbox ? 0 : pressure_begin(p->other, p->gen, s->pair->outbox);
    if (!until_ms)
        return;
    counter_add(COUNTER_PRESSURE_WAITS, 1);
    session_wait(s, until_ms, is_over_other, p);
    pressure_end(p->other, p->gen, s->pair->outbox);
}

void session_yield_to_own(struct session *s)
{
    if (!pressure_own_begins(s->pair->outbox))
        return;
    counter_add(COUNTER_PRESSURE_WAITS, 1);
    session_wait(s, INT64_MAX, is_relieved, s->pair->outbox);
}

/* Waits while one's own outbox presses, and for the one that what was just posted found pressing, as net/pressure.h
 * tells. */
static void yield_to_pressure(struct session *s)
{
    struct post_pressure p;
    session_yield_to_own(s);
    while ((p = post_pressure()).other) /* the flush before a wait may meet another */
        yield_to(s, &p);
}

static bool history_has_room(void *arg)
{
    (void)arg;
    return !history_is_full();
}

bool session_yield_to_room(struct session *s, struct room *r)
{
    struct post_pressure p;
    if (fanout_pressing(r, &p))
        yield_to(s, &p);
    while (history_is_full() && !session_is_over(s)) { /* nobody rings when the store goes bad: so look again */
        counter_add(COUNTER_PRESSURE_WAITS, 1);
        session_wait(s, clock_ms() + HISTORY_LOOK_MS, history_has_room, NULL);
    }
    return !session_is_over(s);
}

static void handle(struct session *s, enum line_status status, char *text, size_t len)
{
    struct native_request rq = {.kind = NATIVE_EMPTY};
    counter_add(COUNTER_LINES, 1);
    atomic_store_explicit(&s->member.active_ms, clock_coarse_ms(), memory_order_relaxed);
    s->codec->parse(&rq, text, len, s->first_line);
    if (status == LINE_TOO_LONG && rq.kind != NATIVE_FOREIGN) {
        counter_add(COUNTER_BAD_LINES, 1);
        session_error(s, ERROR_LINE_TOO_LONG, NULL);
    } else {
        command_run(s, &rq);
    }
    if (command_is_secret(&rq))
        line_wipe(&s->line);
    s->first_line = s->first_line && rq.kind == NATIVE_EMPTY;
}

/* Everything that came with one read. */
static void handle_lines(struct session *s)
{
    size_t max = (size_t)atomic_load_explicit(&limit.line, memory_order_relaxed), len = 0;
    enum line_status status;
    char *text = NULL;
    while (!session_is_over(s) && (status = line_next(&s->line, max, &text, &len)) != LINE_NONE) {
        if (!pay(s, len))
            break;
        handle(s, status, text, len);
        yield_to_pressure(s);
    }
    post_flush();
    yield_to_pressure(s); /* for what the flush has met */
}

/* ---- one client ---- */

static void begin(struct session *s)
{
    const struct arrival *a = &s->pair->arrival;
    struct member *m = &s->member;
    s->codec = a->via;
    s->first_line = true;
    s->is_exempt = a->peer.loopback;
    flood_reset(&s->flood, clock_ms());
    m->form = (int)s->codec->form;
    m->caps = 0;
    m->id = s->pair->id;
    m->account = 0;
    s->mail_upto = 0;
    m->removed = false;
    m->replaced = false;
    m->kicked = false;
    addrs_key_text(&a->peer, m->host);
    if (a->peer.loopback) /* a proxy, or people who share a machine */
        *m->host = '\0';
    m->since_ms = clock_wall_ms();
    m->name[0] = m->key[0] = '\0';
    must(!m->room_count && !m->current && !m->listed && !s->resumable.has_token);
    atomic_store_explicit(&s->member.active_ms, clock_coarse_ms(), memory_order_relaxed);
    atomic_store_explicit(&s->named, false, memory_order_relaxed);
    log_peer(LOG_INFO, "connected", "id=%llu address=%s", (unsigned long long)m->id, a->peer.text);
}

static void read_until_over(struct session *s)
{
    while (!session_is_over(s)) {
        char *space;
        size_t size;
        line_space(&s->line, (size_t)atomic_load_explicit(&limit.line, memory_order_relaxed), &space, &size);
        ssize_t n = stream_read(s->pair->stream, space, size);
        if (n > 0) {
            if (s->line.skipping && !pay(s, (size_t)n)) /* the rest of a line that was too long is not free */
                break;
            line_filled(&s->line, (size_t)n);
            handle_lines(s);
        } else {
            session_close(s, n == 0 ? CLOSE_EOF : CLOSE_GONE);
        }
    }
}

/* The last words of tbl/close.h, or NULL. */
static struct msg *last_words(const struct session *s, enum close_reason reason)
{
    static const struct event words[CLOSE_REASONS] = {
#define CLOSE(name, label, kind_, error_, queue, wakes, drain_ms)                                                      \
    [CLOSE_##name] = {.kind = EVENT_##kind_, .error = ERROR_##error_, .text = ""},
#include "tbl/close.h"
#undef CLOSE
    };
    if (words[reason].kind == EVENT_NONE)
        return NULL;
    return member_render((enum form)s->member.form, &words[reason]);
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

static bool is_drained_or_urgent(void *arg)
{
    struct session *s = arg;
    return outbox_is_drained(s->pair->outbox) || resume_is_urgent(s);
}

/* Writes what is queued and the last words, for as long as the reason of the end allows. */
static void drain(struct session *s, enum close_reason reason)
{
    struct outbox *ob = s->pair->outbox;
    int64_t until_ms = clock_ms() + close_row(reason)->drain_ms;
    outbox_finish(ob, last_words(s, reason));
    post_assert_flushed();
    if (s->resumable.has_token)
        notifier_wait_for(&s->pair->notifier, until_ms, is_drained_or_urgent, s);
    if (s->resumable.has_token && resume_is_urgent(s) && until_ms > clock_ms() + URGENT_MS)
        until_ms = clock_ms() + URGENT_MS;
    if (!notifier_wait_for(&s->pair->notifier, until_ms, is_drained, ob)) {
        outbox_abandon(ob);
        notifier_wait_for(&s->pair->notifier, INT64_MAX, is_drained, ob);
    }
}

/* Leaves its rooms and gives its name back. */
static void leave_all(struct session *s)
{
    struct member *m = &s->member;
    while (m->room_count)
        session_leave_room(s, m->rooms[m->room_count - 1], false);
    if (m->account && m->listed)
        accounts_note_seen(m->account, NULL);
    users_release(m);
    free(m->ignores); /* nobody else knows it now */
    m->ignores = NULL;
    post_flush();
}

static void end(struct session *s)
{
    const struct member *m = &s->member;
    enum close_reason reason = outbox_reason(s->pair->outbox);
    close_count(reason); /* before anybody can see it */
    post_settle();
    line_reset(&s->line); /* half a line may be half a password */
    session_sync_rooms(s);
    bool must_save = resume_must_save(s);
    if (!must_save) {
        resume_forget(s);
        leave_all(s);
    }
    post_flush();
    log_peer(LOG_INFO, "left", "id=%llu name=%s address=%s reason=%s", (unsigned long long)m->id,
             *m->name ? m->name : "-", s->pair->arrival.peer.text, close_row(reason)->label);
    pool_leave(s->pair);
    drain(s, reason);
    if (!must_save)
        return;
    resume_save(s);
    leave_all(s);
    resume_saved();
}

void session_serve(struct pair *p)
{
    struct session *s = p->user;
    begin(s);
    read_until_over(s);
    end(s);
}

/* ---- from other threads ---- */

static void check_login(struct pair *p, void *arg)
{
    struct session *s = p->user;
    struct pool_client client;
    int64_t before_ms = *(const int64_t *)arg;
    if (atomic_load_explicit(&s->named, memory_order_relaxed) || !pool_client(p, &client))
        return;
    if (client.since_ms < before_ms)
        outbox_close_gen(p->outbox, client.id, CLOSE_LOGIN, NULL);
}

void session_check_deadlines(void)
{
    int64_t before_ms = clock_ms() - atomic_load_explicit(&limit.login_timeout_s, memory_order_relaxed) * 1000LL;
    pool_each(check_login, &before_ms);
}

bool session_view(struct pair *p, struct session_view *view)
{
    struct session *s = p->user;
    if (!pool_client(p, &view->client))
        return false;
    view->queued = outbox_load(p->outbox);
    if (view->queued.gen != view->client.id)
        return false;
    users_name_of(&s->member, view->client.id, view->name);
    view->rooms = atomic_load_explicit(&s->room_count, memory_order_relaxed);
    view->idle_ms = clock_ms() - atomic_load_explicit(&s->member.active_ms, memory_order_relaxed);
    return true;
}

struct kick {
    uint64_t id;
    const struct event *words;
    bool found;
};

static void kick_if(struct pair *p, void *arg)
{
    struct kick *k = arg;
    struct session *s = p->user;
    struct pool_client client;
    if (k->found || !pool_client(p, &client) || client.id != k->id)
        return;
    k->found = true;
    outbox_close_gen(p->outbox, k->id, CLOSE_KICK, member_render((enum form)s->member.form, k->words));
}

uint64_t session_kick(const char *who, const char *reason)
{
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_KICKED, .text = reason};
    struct kick k = {.id = strtoull(who, NULL, 10), .words = &words};
    if (who[strspn(who, "0123456789")] == '\0') /* ids first: no name can shield another's */
        pool_each(kick_if, &k);
    if (k.found)
        return k.id;
    return strlen(who) < NAME_SIZE ? users_kick(who, &words) : 0;
}
