/* SPDX-License-Identifier: ISC */
/*
 * One request after the other: its lines are collected by proto/http.h, then it is answered from a table of paths.
 * After an error the connection is closed, since it is no longer sure where the next request begins.
 */
#include "config.h"

#include "serve/http/http_protocol.h"

#include "base/clock.h"
#include "base/counter.h"
#include "net/outbox.h"
#include "net/stream_ws.h"
#include "proto/http.h"
#include "proto/native.h"
#include "serve/banned.h"
#include "serve/http/proxied.h"
#include "serve/http/web_files.h"
#include "serve/session.h"
#include "serve/web.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct http_state {
    struct http_request rq;
    struct addr from; /* where the connection comes from, whoever it is made for */
};

static struct http_state *state_of(const struct session *s)
{
    return s->state;
}

static struct http_request *request_of(const struct session *s)
{
    return &state_of(s)->rq;
}

/* ---- answers ---- */

struct response {
    int status;
    const char *type, *tag, *encoding;
    const char *header; /* one line of its own, with its end, or NULL */
    const void *body;
    size_t size;
};

static void add_date(struct buf *out)
{
    char text[64];
    time_t now = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    buf_printf(out, "Date: %s\r\n", text);
}

static void add_security(struct buf *out, bool is_secure)
{
    buf_str(out, "X-Content-Type-Options: nosniff\r\n"
                 "Referrer-Policy: no-referrer\r\n"
                 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                 "require-trusted-types-for 'script'; trusted-types 'none'\r\n");
    if (web_settings()->hsts && is_secure)
        buf_str(out, "Strict-Transport-Security: max-age=31536000\r\n");
}

/* Files are fetched again only if their tag has changed; nothing else is kept. */
static void add_head(struct buf *out, const struct response *r, bool is_secure, bool closes)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", r->status, http_reason(r->status));
    add_date(out);
    buf_printf(out, "Cache-Control: %s\r\n", r->tag ? "no-cache" : "no-store");
    if (r->tag)
        buf_printf(out, "ETag: %s\r\n", r->tag);
    if (r->status != 304)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", r->type, r->size);
    if (r->encoding)
        buf_printf(out, "Content-Encoding: %s\r\n", r->encoding);
    if (r->header)
        buf_str(out, r->header);
    if (closes)
        buf_str(out, "Connection: close\r\n");
    add_security(out, is_secure);
    buf_str(out, "\r\n");
}

/* Answers, and is ready for the next request. */
static void respond(struct session *s, const struct response *r)
{
    struct http_request *rq = request_of(s);
    bool closes = r->status >= 400 || rq->closes || (rq->is_1_0 && !rq->keeps);
    struct buf out = {0};
    add_head(&out, r, session_is_encrypted(s), closes);
    if (rq->method != HTTP_HEAD && r->status != 304 && r->size)
        buf_add(&out, r->body, r->size);
    session_answer_lines(s, &out);
    counter_add(COUNTER_HTTP_REQUESTS, 1);
    counter_add(COUNTER_HTTP_REFUSED, r->status >= 400);
    *rq = (struct http_request){0};
    session_set_deadline(s, clock_ms() + web_settings()->idle_s * 1000LL, CLOSE_HTTP_IDLE);
    if (closes)
        session_close(s, CLOSE_HTTP);
}

static void respond_text(struct session *s, int status, const char *text, const char *header)
{
    struct response r = {.status = status, .type = "text/plain; charset=utf-8", .header = header, .body = text,
                         .size = strlen(text)};
    respond(s, &r);
}

static void refuse(struct session *s, int status)
{
    static const struct {
        int status;
        const char *text, *header;
    } rows[] = {
        {400, "This is not a valid HTTP/1.1 request.\n", NULL},
        {405, "Only GET and HEAD are allowed here.\n", "Allow: GET, HEAD\r\n"},
        {413, "A request may have no body here.\n", NULL},
        {414, "The path is too long.\n", NULL},
        {431, "The request has too many or too long header lines.\n", NULL},
        {501, "Transfer-Encoding is not supported in requests.\n", NULL},
        {505, "Only HTTP/1.0 and HTTP/1.1 are supported.\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            respond_text(s, status, rows[i].text, rows[i].header);
}

/* ---- what there is ---- */

static void show_health(struct session *s)
{
    respond_text(s, 200, "ok\n", NULL);
}

/* ---- going over to WebSocket ---- */

/* A subprotocol says what the client speaks over WebSocket, and how its lines travel. */
struct subprotocol {
    const char *name;
    const struct protocol *(*protocol)(void);
    enum frame_form form;
};

static const struct protocol *chat(void)
{
    return web_settings()->chat;
}

static const struct protocol *irc(void)
{
    return web_settings()->irc;
}

static const struct subprotocol subprotocols[] = {
    {"chatd", chat, FRAME_LINES}, /* also of clients that offer none of these */
    {"text.ircv3.net", irc, FRAME_TEXT_LINE},
    {"binary.ircv3.net", irc, FRAME_BINARY_LINE},
};

/* The first of those that the client offers, because it puts first what it prefers; NULL: it offers none. */
static const struct subprotocol *choose(const char *offers)
{
    const char *offer;
    for (size_t at = 0, len; (offer = http_next_word(offers, &at, &len));)
        for (size_t i = 0; i < sizeof subprotocols / sizeof subprotocols[0]; i++)
            if (strlen(subprotocols[i].name) == len && memcmp(subprotocols[i].name, offer, len) == 0)
                return &subprotocols[i];
    return NULL;
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

/* All answers are sent, then the stream changes over and the protocol with it. */
static void change_over(struct session *s, const struct subprotocol *sub, const char *response, size_t n)
{
    char *rest;
    if (!session_wait(s, INT64_MAX, is_drained, s->member.outbox))
        return;
    size_t rest_n = line_bytes(&s->line, SIZE_MAX, &rest);
    stream_ws_begin(s->pair->stream, sub->form, response, n, rest, rest_n);
    protocol_leave(s);
    atomic_store(&s->member.is_web, true);
    protocol_enter(s, sub->protocol());
    s->protocol->begin(s);
}

static void begin_websocket(struct session *s)
{
    static const char upgrade[] = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    const struct http_request *rq = request_of(s);
    char accept[STREAM_WS_ACCEPT];
    struct buf out = {0};
    if (*rq->origin && !http_is_own_origin(rq->origin, rq->host, web_settings()->origins)) {
        respond_text(s, 403, "Pages of this origin are not allowed; see http.origins in chatd.conf.\n", NULL);
    } else if (!rq->to_websocket || !rq->upgrades || !rq->has_key || rq->websocket_version != 13 ||
               rq->method != HTTP_GET || rq->is_1_0 || !stream_ws_can_begin(s->pair->stream)) {
        respond_text(s, 426, "This is a WebSocket (RFC 6455, version 13).\n", upgrade);
    } else {
        const struct subprotocol *sub = choose(rq->offers);
        stream_ws_accept(rq->key, accept);
        buf_printf(&out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: %s\r\n", accept);
        if (sub)
            buf_printf(&out, "Sec-WebSocket-Protocol: %s\r\n", sub->name);
        buf_str(&out, "\r\n");
        counter_add(COUNTER_HTTP_REQUESTS, 1);
        change_over(s, sub ? sub : &subprotocols[0], out.data, out.len);
        buf_fini(&out);
    }
}

static void show_file(struct session *s, const struct web_file *file)
{
    struct response r = {.status = 200, .type = file->type, .tag = file->tag, .encoding = "gzip", .body = file->data,
                         .size = file->size};
    if (strcmp(request_of(s)->none_match, file->tag) == 0)
        r.status = 304;
    respond(s, &r);
}

static const struct {
    const char *path;
    void (*show)(struct session *s);
} paths[] = {
    {"/healthz", show_health},
    {"/ws", begin_websocket},
};

static void show(struct session *s, const char *path)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strcmp(paths[i].path, path) == 0) {
            paths[i].show(s);
            return;
        }
    for (size_t i = 0; i < web_file_count; i++)
        if (strcmp(web_files[i].path, path) == 0) {
            show_file(s, &web_files[i]);
            return;
        }
    respond_text(s, 404, "There is nothing here.\n", NULL);
}

/* A name that we were not told of may be another site's, whose pages would then reach us as their own (rebinding). */
static bool answers_to(const char *host)
{
    return !*host || http_is_near_name(host) || http_is_listed(host, web_settings()->hosts);
}

static void add_banned(struct buf *text, const struct refusal *why)
{
    struct event ev = refusal_event(why);
    native_error_text(text, &ev);
    buf_str(text, ".\n");
}

/* Of a proxy's connection the address is known only now. */
static bool refuses_banned(struct session *s)
{
    struct refusal no = {0};
    struct buf text = {0};
    bool is_banned = !banned_admit_address(s, &no);
    if (is_banned) {
        add_banned(&text, &no);
        respond_text(s, 403, buf_text(&text), NULL);
    }
    buf_fini(&text);
    buf_fini(&no.reason);
    return is_banned;
}

static void answer(struct session *s)
{
    const struct http_request *rq = request_of(s);
    const struct addr *from = &state_of(s)->from;
    if (from->proxy && !proxied_admit(s, rq, from))
        respond_text(s, 503, "Too many connections from this address.\n", NULL);
    else if (from->proxy && refuses_banned(s))
        return;
    else if (answers_to(rq->host))
        show(s, rq->target);
    else
        respond_text(s, 421, "This chatd does not know this name as its own: add it to http.hosts in chatd.conf.\n",
                     NULL);
}

/* ---- the protocol ---- */

static enum form form_of(unsigned caps)
{
    (void)caps;
    return FORM_NATIVE;
}

static size_t max_line(void)
{
    return HTTP_HEAD_BYTES + 2;
}

static void begin(struct session *s)
{
    state_of(s)->from = s->pair->arrival.peer;
    session_set_deadline(s, clock_ms() + web_settings()->request_s * 1000LL, CLOSE_REQUEST);
}

static bool is_paid(const struct session *s)
{
    return request_of(s)->begun;
}

static void line(struct session *s, enum line_status status, char *text, size_t len)
{
    struct http_request *rq = request_of(s);
    bool is_first = !rq->begun;
    int result = http_take_line(rq, text, len);
    if (status == LINE_TOO_LONG)
        result = is_first ? 414 : 431;
    if (is_first && rq->begun)
        session_set_deadline(s, clock_ms() + web_settings()->request_s * 1000LL, CLOSE_REQUEST);
    if (result == 200)
        answer(s);
    else if (result != 0)
        refuse(s, result);
}

static struct msg *plain_words(int status, const char *text)
{
    struct response r = {.status = status, .type = "text/plain; charset=utf-8", .body = text, .size = strlen(text)};
    struct buf out = {0};
    add_head(&out, &r, false, true);
    buf_str(&out, text);
    struct msg *m = msg_new(out.data, out.len);
    buf_fini(&out);
    return m;
}

static struct msg *last_words(enum form form, enum close_reason reason)
{
    (void)form;
    if (reason == CLOSE_PLAIN_ON_TLS)
        return plain_words(400, "This port needs TLS: use https.\n");
    return reason == CLOSE_REQUEST ? plain_words(408, "The request took too long.\n") : NULL;
}

static struct msg *banned_words(const struct refusal *why)
{
    struct buf text = {0};
    add_banned(&text, why);
    struct msg *m = plain_words(403, buf_text(&text));
    buf_fini(&text);
    return m;
}

static struct msg *refusal(const struct refusal *why)
{
    if (why->error == ERROR_SERVER_BANNED)
        return banned_words(why);
    return plain_words(503, why->error == ERROR_FULL ? "The server is full; try again later.\n" :
                                                       "Too many connections from this address.\n");
}

const struct protocol http_protocol = {
    .form_of = form_of,
    .max_line = max_line,
    .state_size = sizeof(struct http_state),
    .may_begin_websocket = true,
    .begin = begin,
    .is_paid = is_paid,
    .line = line,
    .last_words = last_words,
    .refusal = refusal,
};
