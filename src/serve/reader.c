/* SPDX-License-Identifier: ISC */
/*
 * Bytes come in from the stream and go to the session's protocol as lines, or as the body that it asked for; after each
 * line the reader waits for full outboxes. Every end becomes outbox_close(), and the loop, seeing it, unwinds.
 *
 * The order of unwinding is a promise: rooms are left and the name is released before the last words are queued, so a
 * user who reads them, or sees the connection end, can have the name and the place. A session that can be resumed, or
 * whose private messages may not have arrived, stays until what it leaves behind is in the store's queue.
 */
#include "config.h"

#include "serve/reader.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "net/post.h"
#include "proto/foreign.h"
#include "serve/backpressure.h"
#include "serve/banned.h"
#include "serve/mailbox.h"
#include "serve/protocol.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"

#include <stdlib.h>
#include <string.h>

#define URGENT_MS 200 /* to drain, when another session waits to resume this one */
#define ACK_WAIT_MS 200 /* for the peer's machine to acknowledge what was written last, at least */

/* ---- one read ---- */

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

/* Passes the received bytes of a body to the protocol. False: there are none. */
static bool pass_body(struct session *s)
{
    char *data;
    size_t size = s->body_bytes ? line_bytes(&s->line, s->body_bytes, &data) : 0;
    if (!size || !pay(s, size))
        return false;
    s->body_bytes -= size;
    s->protocol->bytes(s, data, size);
    return true;
}

static bool pass_line(struct session *s)
{
    size_t len = 0;
    char *text = NULL;
    enum line_status status = s->body_bytes ? LINE_NONE : line_next(&s->line, s->protocol->max_line(), &text, &len);
    bool is_paid = s->protocol->is_paid && s->protocol->is_paid(s);
    if (status == LINE_NONE || (!is_paid && !pay(s, len)))
        return false;
    counter_add(COUNTER_LINES, 1);
    atomic_store_explicit(&s->member.active_ms, clock_coarse_ms(), memory_order_relaxed);
    s->spoken_in = NULL;
    session_rooms_sync(s);
    mailbox_heard(s);
    s->protocol->line(s, status, text, len);
    return true;
}

/* Everything that came with one read. */
static void process_input(struct session *s)
{
    while (!session_is_over(s) && (pass_body(s) || pass_line(s)))
        backpressure_wait(s);
    post_flush();
    backpressure_wait(s); /* for the outboxes that the flush found congested */
}

/* ---- one client ---- */

static void begin(struct session *s)
{
    const struct arrival *a = &s->pair->arrival;
    struct member *m = &s->member;
    must(!m->room_count && !m->current && !m->listed && !s->resumable.has_token && !s->state);
    protocol_enter(s, a->via);
    s->is_heard = false;
    s->spoken_in = NULL;
    s->is_proxied = s->is_proxied_securely = false;
    s->end_detail = NULL;
    s->security = (struct stream_security){0};
    atomic_store(&s->tls_version, NULL);
    atomic_store(&m->is_secure, false);
    atomic_store(&m->is_web, false);
    flood_reset(&s->flood, clock_ms());
    m->caps = 0;
    m->past = PAST_SHOWN;
    m->id = m->user_id = s->pair->id;
    m->account = 0;
    m->oper = 0;
    s->era = 0;
    s->by_certificate = false;
    s->mail_upto = 0;
    m->removed = false;
    m->replaced = false;
    m->kicked = false;
    m->logged_out = false;
    m->settled = false;
    session_note_peer(s);
    m->since_ms = clock_wall_ms();
    m->name[0] = m->key[0] = '\0';
    atomic_store_explicit(&m->active_ms, clock_coarse_ms(), memory_order_relaxed);
    log_peer_from(&a->peer.key, LOG_INFO, "connected", "id=%llu address=%s", (unsigned long long)m->id, a->peer.text);
    s->protocol->begin(s);
    banned_close_own(s); /* the ban may have come after the listener had asked */
}

/* The first bytes of the client have come, so a handshake is over. False: it speaks TLS where we do not. */
static bool begin_input(struct session *s, const char *data)
{
    const struct stream_security *security = stream_security(s->pair->stream);
    s->is_heard = true;
    if (security) {
        s->security = *security;
        atomic_store(&s->tls_cipher, security->cipher);
        atomic_store(&s->tls_version, security->version);
        atomic_store(&s->member.is_secure, true);
        log_peer(LOG_DEBUG, "encrypted", "id=%llu version=%s cipher=%s", (unsigned long long)s->member.id,
                 security->version, security->cipher);
    } else if (foreign_is_tls(data)) {
        session_close(s, CLOSE_TLS_ON_PLAIN);
    }
    return !session_is_over(s);
}

/* A read has returned nothing. */
static void end_input(struct session *s, bool is_error)
{
    struct stream_failure why = stream_failure(s->pair->stream);
    if (is_error && !session_is_over(s)) /* else another reason came first */
        s->end_detail = why.detail;
    session_close(s, is_error ? why.reason : CLOSE_EOF);
}

static void read_until_over(struct session *s)
{
    while (!session_is_over(s)) {
        char *space;
        size_t size;
        line_space(&s->line, s->protocol->max_line(), &space, &size);
        ssize_t n = stream_read(s->pair->stream, space, size);
        if (n > 0) {
            if (!s->is_heard && !begin_input(s, space))
                break;
            if (s->line.skipping && !pay(s, (size_t)n)) /* the rest of a line that was too long is not free */
                break;
            line_filled(&s->line, (size_t)n);
            process_input(s);
        } else {
            end_input(s, n < 0);
        }
    }
}

static struct msg *last_words(const struct session *s, enum close_reason reason)
{
    return s->protocol->last_words ? s->protocol->last_words((enum form)s->member.form, reason) : NULL;
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

static bool is_drained_or_urgent(void *arg)
{
    struct session *s = arg;
    return outbox_is_drained(s->member.outbox) || resumable_is_urgent(s);
}

/* Waits until all that is kept has arrived, for as long as the peer has to take what is written: it makes no difference
 * whether the bytes wait in the outbox or in the kernel. The kernel notifies nobody, so this looks again and again. */
static void await_arrival(struct session *s, int64_t until_ms)
{
    int64_t least_ms = clock_ms() + ACK_WAIT_MS;
    if (until_ms < least_ms)
        until_ms = least_ms;
    while (!outbox_tail_is_settled(s->member.outbox) && clock_ms() < (resumable_is_urgent(s) ? least_ms : until_ms))
        notifier_wait(s->member.notifier, clock_ms() + RESUMABLE_POLL_MS);
}

/* Has the queue and the last words written, for as long as the reason of the end allows. `stays`: and waits for them to
 * arrive. */
static void drain(struct session *s, enum close_reason reason, bool stays)
{
    struct outbox *ob = s->member.outbox;
    struct notifier *n = s->member.notifier;
    int64_t until_ms = clock_ms() + close_row(reason)->drain_ms;
    outbox_finish(ob, last_words(s, reason));
    post_assert_flushed();
    if (stays)
        notifier_wait_for(n, until_ms, is_drained_or_urgent, s);
    if (stays && resumable_is_urgent(s) && until_ms > clock_ms() + URGENT_MS)
        until_ms = clock_ms() + URGENT_MS;
    if (!notifier_wait_for(n, until_ms, is_drained, ob)) {
        outbox_abandon(ob);
        notifier_wait_for(n, INT64_MAX, is_drained, ob);
    }
    if (stays)
        await_arrival(s, until_ms);
}

/* Another session of the user has ended this one, if need be while its connection was broken. Behind the release of the
 * name, after which none can. */
static void revoke_token(const struct session *s, bool has_token, const struct token *t)
{
    if (has_token && s->member.logged_out)
        tokens_forget(t);
}

static void end(struct session *s)
{
    const struct member *m = &s->member;
    enum close_reason reason = outbox_reason(s->member.outbox);
    const char *label = close_row(reason)->label;
    close_count(reason); /* before anybody can see it */
    post_settle();
    line_reset(&s->line); /* half a line may be half a password */
    protocol_leave(s);
    session_rooms_sync(s);
    bool has_token = s->resumable.has_token;
    bool resumes = resumable_stays(s), stays = resumes || mailbox_has_undelivered(s);
    const struct token token = s->resumable.token;
    if (!resumes)
        resumable_forget(s);
    if (stays) {
        resumable_saving();
    } else {
        outbox_end_tail(s->member.outbox, &(struct tail_rest){0});
        session_rooms_quit(s);
        revoke_token(s, has_token, &token);
    }
    post_flush();
    const struct addr *peer = &s->pair->arrival.peer;
    log_peer_from(&peer->key, LOG_INFO, "left", "id=%llu name=%s address=%s reason=%s%s%s%s",
                  (unsigned long long)m->id, *m->name ? m->name : "-", peer->text, label,
                  s->end_detail ? " detail=\"" : "", s->end_detail ? s->end_detail : "",
                  s->end_detail ? "\"" : "");
    session_set_deadline(s, INT64_MAX, reason); /* before the pool may give the pair another client */
    pool_leave(s->pair);
    drain(s, reason, stays);
    if (!stays)
        return;
    if (resumes)
        resumable_stay(s);
    else
        mailbox_store_undelivered(s, NULL);
    session_rooms_quit(s);
    revoke_token(s, has_token, &token);
    resumable_saved();
}

void reader_serve(struct pair *p)
{
    struct session *s = p->user;
    begin(s);
    read_until_over(s);
    end(s);
}
