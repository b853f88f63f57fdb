/* SPDX-License-Identifier: ISC */
/*
 * libwslay reads the client's frames, from memory, on the reader's thread alone: it checks masks, lengths, UTF-8 and
 * the order of fragments, and answers pings and closes. What it writes goes to the sender, as control frames between
 * those that the drainer makes of lines. Writing text needs no library: a header of 2 to 10 bytes.
 *
 * Not obvious: a text message must be valid UTF-8, and a line is never cut. So a frame ends where a line ends. Where
 * each line is a message of its own, several of these are handed down together, but each has its mark.
 */
#include "config.h"

#include "net/stream_ws.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/container.h"
#include "base/counter.h"
#include "base/panic.h"
#include "base/secret.h"
#include "net/frame.h"
#include "net/sender.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <wslay/wslay.h>

#define READ_BYTES 4096
#define MESSAGE_BYTES 65536   /* the longest message that is read */
#define STRAY_BYTES 131072    /* the most that a peer may send without completing a message */
#define CONTROLS_A_SECOND 20  /* pings and pongs */
#define PING_MS 30000
#define AGAINST_RULES "frames against RFC 6455"

/* Locking key: S by .sender.lock · R the reader · a atomic */
struct ws {
    struct stream base; /* first */
    struct sender sender;
    _Atomic bool has_begun;          /* a */
    bool has_closed;                 /* S: a Close frame was sent; nothing may follow */
    int64_t ping_ms;                 /* S: when the next ping is due */
    enum stream_ws_form form;        /* set by R before it begins */
    uint64_t raw;                    /* bytes written before it began; the drainer's, later the reader's */
    struct wslay_event_context *ctx; /* R: owns; NULL until it begins */
    const unsigned char *in;         /* R: received and not yet read by libwslay */
    size_t in_n;                     /* R */
    struct buf kept;                 /* R: owns; what .in is, at first */
    struct buf text;                 /* R: lines for the caller, */
    size_t taken;                    /* R: the first of which it has */
    size_t stray;                    /* R: bytes received since the last message */
    uint64_t message;                /* R: bytes of text of the message that is being received */
    bool is_text;                    /* R: the frame that is being received is part of a message, */
    bool is_ended;                   /* R: the last byte of which ends a line */
    unsigned controls;               /* R: pings and pongs since .second_ms */
    int64_t second_ms;               /* R */
    const char *wrong;               /* R: why it has failed; static, or NULL */
    uint8_t *filled;                 /* R: what libwslay's own buffer got last */
    size_t filled_n;                 /* R */
};

static struct ws *ws_of(const struct stream *st)
{
    return container_of(st, struct ws, base);
}

static void init(struct stream *st, const struct stream_layer *layer)
{
    (void)layer;
    sender_init(&ws_of(st)->sender);
    ws_of(st)->sender.wipes = true;
}

/* ---- what libwslay calls ---- */

static ssize_t take_input(wslay_event_context_ptr ctx, uint8_t *data, size_t size, int flags, void *arg)
{
    struct ws *w = arg;
    size_t n = w->in_n < size ? w->in_n : size;
    (void)flags;
    if (!n) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(data, w->in, n);
    w->in += n;
    w->in_n -= n;
    w->filled = data;
    w->filled_n = n;
    return (ssize_t)n;
}

static ssize_t add_output(wslay_event_context_ptr ctx, const uint8_t *data, size_t n, int flags, void *arg)
{
    struct ws *w = arg;
    (void)ctx;
    (void)flags;
    sender_add_locked(&w->sender, data, n);
    return (ssize_t)n;
}

static void end_by(struct ws *w, uint16_t code, const char *why)
{
    if (w->wrong)
        return;
    w->wrong = why;
    wslay_event_queue_close(w->ctx, code, (const uint8_t *)why, strlen(why));
    wslay_event_shutdown_read(w->ctx);
}

/* Nothing may follow it. */
static void add_close_locked(struct ws *w, int code)
{
    const unsigned char frame[] = {0x80 | WSLAY_CONNECTION_CLOSE, 2, (unsigned char)(code >> 8), (unsigned char)code};
    sender_add_locked(&w->sender, frame, sizeof frame);
    w->has_closed = true;
}

static void begin_frame(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
    struct ws *w = arg;
    (void)ctx;
    w->is_text = !wslay_is_ctrl_frame(frame->opcode);
    if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
        end_by(w, WSLAY_CODE_PROTOCOL_ERROR, "half a code of a Close frame");
    else if (!w->is_text)
        w->controls += frame->opcode != WSLAY_CONNECTION_CLOSE;
    else if (frame->opcode == (w->form == STREAM_WS_BINARY ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME))
        end_by(w, WSLAY_CODE_UNSUPPORTED_DATA, "messages of the other kind, text or binary");
    else if (frame->payload_length > MESSAGE_BYTES - w->message)
        end_by(w, WSLAY_CODE_MESSAGE_TOO_BIG, "a message that is too long");
    else
        w->message += frame->payload_length;
}

/* The text is overwritten in libwslay's buffer, in which it would stay: it may be a password. */
static void take_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *arg)
{
    struct ws *w = arg;
    (void)ctx;
    if (!w->is_text || w->wrong || !chunk->data_length)
        return;
    size_t n = chunk->data_length;
    if (w->form == STREAM_WS_LINES)
        w->is_ended = chunk->data[n - 1] == '\n';
    else if (!frame_take_line(chunk->data, n, &w->is_ended, &n))
        end_by(w, WSLAY_CODE_POLICY_VIOLATION, "several lines in a message");
    if (n)
        buf_add(&w->text, chunk->data, n);
    secret_wipe((void *)(uintptr_t)chunk->data, chunk->data_length);
}

static void end_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
    struct ws *w = arg;
    (void)ctx;
    if (wslay_is_ctrl_frame(message->opcode) || w->wrong)
        return;
    if (w->message && !(w->is_ended && w->form == STREAM_WS_LINES))
        buf_add(&w->text, "\n", 1);
    w->message = w->stray = 0;
    w->is_ended = false;
}

/* ---- the reader ---- */

bool stream_ws_available(void)
{
    return true;
}

void stream_ws_accept(const char *key, char accept[STREAM_WS_ACCEPT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct buf text = {0};
    buf_printf(&text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    must(EVP_Digest(text.data, text.len, digest, &n, EVP_sha1(), NULL) == 1 && n == 20);
    buf_fini(&text);
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)n);
}

void stream_ws_begin(struct stream *st, enum stream_ws_form form, const void *response, size_t n, const void *rest,
                     size_t rest_n)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = take_input,
        .send_callback = add_output,
        .on_frame_recv_start_callback = begin_frame,
        .on_frame_recv_chunk_callback = take_chunk,
        .on_msg_recv_callback = end_message,
    };
    struct ws *w = ws_of(st);
    must(stream_ws_can_begin(st));
    must(wslay_event_context_server_init(&w->ctx, &callbacks, w) == 0);
    wslay_event_config_set_no_buffering(w->ctx, 1);
    w->form = form;
    if (rest_n)
        buf_add(&w->kept, rest, rest_n);
    lock_acquire(&w->sender.lock);
    marks_start_at(&w->sender.marks, w->raw);
    sender_add_locked(&w->sender, response, n);
    w->ping_ms = clock_ms() + PING_MS;
    w->has_begun = true;
    lock_release(&w->sender.lock);
    counter_add(COUNTER_WEBSOCKETS, 1);
    stream_poke(st);
}

static void end_misuse(struct ws *w)
{
    int64_t now_ms = clock_coarse_ms();
    if (now_ms - w->second_ms >= 1000) {
        w->second_ms = now_ms;
        w->controls = w->controls > CONTROLS_A_SECOND ? w->controls : 0;
    }
    if (w->controls > CONTROLS_A_SECOND)
        end_by(w, WSLAY_CODE_POLICY_VIOLATION, "too many pings");
    else if (w->stray > STRAY_BYTES)
        end_by(w, WSLAY_CODE_POLICY_VIOLATION, "too many bytes without a message");
}

static const char *why_closed(struct ws *w)
{
    bool is_text = wslay_event_get_status_code_sent(w->ctx) == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA;
    return is_text ? "text that is not UTF-8" : AGAINST_RULES;
}

/* Has libwslay read all of .in, and answer it. Its text is not longer than .in. */
static void use_input(struct ws *w)
{
    buf_reserve(&w->text, w->in_n);
    lock_acquire(&w->sender.lock);
    size_t waiting = w->sender.out.len;
    int result = wslay_event_recv(w->ctx);
    if (result != 0 && !w->wrong) { /* libwslay would give no code */
        w->wrong = AGAINST_RULES;
        add_close_locked(w, WSLAY_CODE_PROTOCOL_ERROR);
    }
    end_misuse(w);
    if (!wslay_event_get_read_enabled(w->ctx)) /* it stopped in the middle of that, which may be a password */
        secret_wipe(w->filled, w->filled_n);
    if (!w->has_closed)
        (void)wslay_event_send(w->ctx);
    w->has_closed = w->has_closed || wslay_event_get_close_sent(w->ctx);
    bool answers = w->sender.out.len > waiting;
    lock_release(&w->sender.lock);
    if (answers)
        stream_poke(&w->base);
}

/* Lines that were received: how many bytes. */
static size_t take_text(struct ws *w, void *data, size_t size)
{
    size_t left = w->text.len - w->taken, n = left < size ? left : size;
    if (n)
        memcpy(data, w->text.data + w->taken, n);
    w->taken += n;
    if (w->taken == w->text.len) {
        secret_free_buf(&w->text);
        w->taken = 0;
    }
    return n;
}

/* 1: something was received; 0: the peer has ended; -1 with errno. */
static ssize_t receive(struct ws *w)
{
    unsigned char wire[READ_BYTES];
    if (!w->wrong && !wslay_event_get_read_enabled(w->ctx)) {
        if (wslay_event_get_close_received(w->ctx))
            return 0;
        w->wrong = why_closed(w);
    }
    if (w->wrong) {
        errno = EPROTO;
        return -1;
    }
    ssize_t got = 0;
    if (w->kept.len) {
        w->in = (const unsigned char *)w->kept.data;
        w->in_n = w->kept.len;
    } else {
        got = stream_read(w->base.below, wire, sizeof wire);
        if (got <= 0)
            return got;
        w->in = wire;
        w->in_n = (size_t)got;
    }
    w->stray += w->in_n;
    use_input(w);
    secret_wipe(wire, (size_t)got);
    buf_fini(&w->kept);
    w->in = NULL;
    w->in_n = 0;
    return 1;
}

static ssize_t ws_read(struct stream *st, void *data, size_t size)
{
    struct ws *w = ws_of(st);
    size_t n;
    if (!w->ctx)
        return stream_read(st->below, data, size);
    while (!(n = take_text(w, data, size))) {
        ssize_t result = receive(w);
        if (result <= 0)
            return result;
    }
    return (ssize_t)n;
}

/* ---- the drainer ---- */

static void add_header_locked(struct ws *w, size_t n)
{
    unsigned char header[FRAME_HEADER];
    sender_add_locked(&w->sender, header, frame_header(header, n, w->form == STREAM_WS_BINARY));
}

/* The first n bytes, whole lines, as one frame. */
static void add_frame_locked(struct ws *w, const struct iovec *iov, size_t n)
{
    sender_reserve_locked(&w->sender, n + FRAME_HEADER);
    add_header_locked(w, n);
    for (size_t left = n; left; iov++) {
        size_t part = iov->iov_len < left ? iov->iov_len : left;
        sender_add_locked(&w->sender, iov->iov_base, part);
        left -= part;
    }
    sender_end_record_locked(&w->sender, n);
}

/* The same with a frame for each line. The shortest line, an empty one, is one byte with its end. */
static void add_frames_locked(struct ws *w, const struct iovec *iov, size_t n)
{
    sender_reserve_locked(&w->sender, 2 * n + FRAME_HEADER);
    for (size_t left = n; left; iov++) {
        size_t part = iov->iov_len < left ? iov->iov_len : left, line, text;
        for (const char *p = iov->iov_base; part; p += line) {
            line = frame_first_line(p, part, &text);
            add_header_locked(w, text);
            if (text)
                sender_add_locked(&w->sender, p, text);
            part -= line;
            left -= line;
            if (left)
                sender_end_part_locked(&w->sender, line);
            else
                sender_end_record_locked(&w->sender, line);
        }
    }
}

/* False: nothing may follow a Close frame. */
static bool add_lines(struct ws *w, const struct iovec *iov, int count)
{
    struct sender *s = &w->sender;
    size_t n = frame_size(iov, count);
    lock_acquire(&s->lock);
    sender_begin_record_locked(s, w->base.below);
    bool open = !w->has_closed;
    if (open && w->form == STREAM_WS_LINES)
        add_frame_locked(w, iov, n);
    else if (open)
        add_frames_locked(w, iov, n);
    lock_release(&s->lock);
    return open;
}

static ssize_t write_raw(struct ws *w, const struct iovec *iov, int count, bool block)
{
    ssize_t n = block ? stream_write(w->base.below, iov, count) : stream_try_write(w->base.below, iov, count);
    w->raw += n > 0 ? (uint64_t)n : 0;
    return n;
}

static ssize_t write_some(struct ws *w, const struct iovec *iov, int count, bool block)
{
    if (!w->has_begun)
        return write_raw(w, iov, count, block);
    if (!w->sender.owed) {
        if (sender_send(&w->sender, w->base.below, block) != 0)
            return -1;
        if (!stream_iov_bytes(iov, count))
            return 0;
        if (!add_lines(w, iov, count)) {
            (void)sender_push(&w->sender, w->base.below, block);
            errno = EPIPE;
            return -1;
        }
    }
    return sender_complete(&w->sender, w->base.below, block);
}

static ssize_t ws_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(ws_of(st), iov, count, true);
}

static ssize_t ws_try_write(struct stream *st, const struct iovec *iov, int count)
{
    return write_some(ws_of(st), iov, count, false);
}

static int ws_push(struct stream *st, bool block)
{
    return sender_push(&ws_of(st)->sender, st->below, block);
}

/* ---- any thread ---- */

bool stream_ws_can_begin(const struct stream *st)
{
    return st->ops == stream_ws.ops && !ws_of(st)->has_begun;
}

static bool ws_holds(struct stream *st)
{
    return sender_holds(&ws_of(st)->sender);
}

static void ws_tick(struct stream *st, int64_t now_ms)
{
    static const unsigned char ping[] = {0x80 | WSLAY_PING, 0};
    struct ws *w = ws_of(st);
    if (!w->has_begun)
        return;
    lock_acquire(&w->sender.lock);
    if (now_ms >= w->ping_ms && !w->has_closed) {
        sender_add_locked(&w->sender, ping, sizeof ping);
        w->ping_ms = now_ms + PING_MS;
    }
    lock_release(&w->sender.lock);
}

static bool ws_acknowledged(struct stream *st, uint64_t *bytes)
{
    struct ws *w = ws_of(st);
    return w->has_begun ? sender_acknowledged(&w->sender, st->below, bytes) : stream_acknowledged(st->below, bytes);
}

static struct stream_failure ws_failure(struct stream *st)
{
    struct ws *w = ws_of(st);
    return (struct stream_failure){w->wrong ? CLOSE_WEBSOCKET : CLOSE_OPEN, w->wrong};
}

/* ---- the end: the reader alone ---- */

/* A frame that was cut would be followed by what the peer cannot read. */
static void ws_finish(struct stream *st, enum close_reason reason)
{
    struct ws *w = ws_of(st);
    if (!w->has_begun || w->has_closed || sender_holds(&w->sender))
        return;
    lock_acquire(&w->sender.lock);
    add_close_locked(w, close_row(reason)->websocket_code);
    lock_release(&w->sender.lock);
    (void)sender_push(&w->sender, st->below, false);
}

static void ws_close(struct stream *st)
{
    struct ws *w = ws_of(st);
    if (w->ctx)
        wslay_event_context_free(w->ctx);
    buf_fini(&w->kept);
    secret_free_buf(&w->text);
    sender_fini(&w->sender);
}

static const struct stream_ops ops = {
    .read = ws_read,
    .write = ws_write,
    .try_write = ws_try_write,
    .push = ws_push,
    .holds = ws_holds,
    .tick = ws_tick,
    .acknowledged = ws_acknowledged,
    .finish = ws_finish,
    .close = ws_close,
    .failure = ws_failure,
};

const struct stream_layer stream_ws = {.name = "websocket", .size = sizeof(struct ws), .ops = &ops, .init = init};
