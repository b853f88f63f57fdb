/* SPDX-License-Identifier: ISC */
/* What every handler uses: answers, waiting, closing. Knows no command and no protocol. */
#include "config.h"

#include "serve/session.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "net/post.h"
#include "proto/codecs.h"

#include <stdlib.h>

static struct {
    _Atomic int text_bytes, topic_bytes, away_bytes, realname_bytes, reason_bytes, ignored, login_timeout_s;
    _Atomic int rooms_per_user, monitored, page_messages, replay_messages, replay_age_s;
    _Atomic bool replay_from_history;
} limit = {4000, 390, 390, 128, 390, 100, 120, 10, 100, 200, 20, 3600, false};

#define SET(field) atomic_store_explicit(&limit.field, l->field, memory_order_relaxed)
#define GET(field) atomic_load_explicit(&limit.field, memory_order_relaxed)

void session_configure(const struct session_limits *l)
{
    SET(text_bytes);
    SET(topic_bytes);
    SET(away_bytes);
    SET(realname_bytes);
    SET(reason_bytes);
    SET(ignored);
    SET(monitored);
    SET(login_timeout_s);
    SET(rooms_per_user);
    SET(page_messages);
    SET(replay_from_history);
    SET(replay_messages);
    SET(replay_age_s);
}

struct session_limits session_limits(void)
{
    return (struct session_limits){
        .text_bytes = GET(text_bytes),
        .topic_bytes = GET(topic_bytes),
        .away_bytes = GET(away_bytes),
        .realname_bytes = GET(realname_bytes),
        .reason_bytes = GET(reason_bytes),
        .ignored = GET(ignored),
        .monitored = GET(monitored),
        .login_timeout_s = GET(login_timeout_s),
        .rooms_per_user = GET(rooms_per_user),
        .page_messages = GET(page_messages),
        .replay_from_history = GET(replay_from_history),
        .replay_messages = GET(replay_messages),
        .replay_age_s = GET(replay_age_s),
    };
}

void session_prepare(struct pair *p)
{
    struct session *s = panic_calloc(1, sizeof *s);
    s->pair = p;
    s->member.outbox = p->outbox;
    s->member.notifier = &p->notifier;
    atomic_init(&s->deadline_ms, INT64_MAX);
    s->query.from = s->search.from = &p->arrival.peer;
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

/* ---- where it comes from ---- */

void session_note_peer(struct session *s)
{
    const struct addr *peer = &s->pair->arrival.peer;
    s->is_exempt = peer->loopback;
    s->member.address = peer->text;
    addrs_key_text(peer, s->member.host);
    if (peer->loopback) /* a proxy, or users who share a machine */
        *s->member.host = '\0';
}

bool session_is_encrypted(const struct session *s)
{
    return s->is_proxied ? s->is_proxied_securely : stream_security(s->pair->stream) != NULL;
}

bool session_is_private(const struct session *s)
{
    return session_is_encrypted(s) || s->pair->arrival.peer.near;
}

/* ---- answers ---- */

void session_answer(struct session *s, const struct event *ev)
{
    post_settle();
    member_answer(&s->member, ev);
}

void session_error(struct session *s, enum error_code code)
{
    struct event ev = {.kind = EVENT_ERROR, .error = code};
    session_answer(s, &ev);
}

void session_refuse(struct session *s, struct refusal *no)
{
    struct event ev = refusal_event(no);
    session_answer(s, &ev);
    buf_fini(&no->reason);
}

void session_add(const struct session *s, struct buf *lines, const struct event *ev)
{
    codecs_render(lines, ev, (enum form)s->member.form, s->member.name);
}

void session_answer_read(struct session *s, struct buf *lines, unsigned epoch)
{
    post_settle();
    if (lines->len)
        member_answer_said(&s->member, lines, lines->len, epoch);
    buf_fini(lines);
}

void session_answer_lines(struct session *s, struct buf *lines)
{
    session_answer_read(s, lines, msg_epoch());
}

/* ---- waits and the end ---- */

void session_close(struct session *s, enum close_reason reason)
{
    post_settle(); /* what was said before the end is delivered, to the speaker too */
    outbox_close(s->member.outbox, reason, NULL);
}

bool session_is_over(void *arg)
{
    struct session *s = arg;
    return outbox_reason(s->member.outbox) != CLOSE_OPEN;
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
    return notifier_wait_for(s->member.notifier, until_ms, is_ready_or_over, &w) && !session_is_over(s);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

bool session_pause(struct session *s, int64_t until_ms)
{
    session_wait(s, until_ms, never, NULL);
    return !session_is_over(s);
}

bool session_announce(struct session *s)
{
    int64_t until_ms;
    while (!session_is_over(s) && flood_announce(&s->flood, clock_ms(), &until_ms) == FLOOD_WAIT) {
        counter_add(COUNTER_ANNOUNCE_WAITS, 1);
        session_pause(s, until_ms);
    }
    return !session_is_over(s);
}

struct waiter session_waiter(struct session *s)
{
    return (struct waiter){s->member.notifier, session_is_over, s, &s->pair->arrival.peer};
}

void session_set_deadline(struct session *s, int64_t at_ms, enum close_reason reason)
{
    must(at_ms == INT64_MAX || close_row(reason)->wakes != CLOSE_WAKES_NOTHING);
    atomic_store(&s->deadline_reason, (int)reason);
    atomic_store(&s->deadline_ms, at_ms);
}

void session_got_name(struct session *s)
{
    session_set_deadline(s, INT64_MAX, CLOSE_LOGIN);
    counter_add(COUNTER_LOGINS, 1);
    counter_add(COUNTER_LOGINS_CERTIFICATE, s->by_certificate);
    log_peer(LOG_INFO, "named", "id=%llu name=%s account=%lld%s", (unsigned long long)s->member.id, s->member.name,
             (long long)s->member.account, s->by_certificate ? " by=certificate" : "");
}
