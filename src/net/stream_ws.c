/* SPDX-License-Identifier: ISC */
/*
 * The client's frames are read by net/ws_reader.h, on the reader's thread alone; its answers go to the sender, as
 * control frames between those that the drainer makes of lines. Writing text needs no library: a header of 2 to 10
 * bytes.
 *
 * Not obvious: a text message must be valid UTF-8, and a line is never cut. So a frame ends where a line ends. Where
 * each line is a message of its own, several of these are handed down together, but each has its mark.
 */
#include "config.h"

#include "net/stream_ws.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/counter.h"
#include "base/panic.h"
#include "base/secret.h"
#include "net/sender.h"
#include "net/ws_reader.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#define READ_BYTES 4096
#define PING_MS 30000

/* Locking key: S by .sender.lock · R the reader · a atomic */
struct ws {
    struct stream base; /* first */
    struct sender sender;
    _Atomic bool has_begun;  /* a */
    bool has_closed;         /* S: a Close frame was sent; nothing may follow */
    int64_t ping_ms;         /* S: when the next ping is due */
    enum frame_form form;    /* set by R before it begins */
    uint64_t raw;            /* bytes written before it began; the drainer's, later the reader's */
    struct buf kept;         /* R: owns; what was received before it began */
    struct ws_reader reader; /* R */
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

/* Nothing may follow it. */
static void add_close_locked(struct ws *w, int code)
{
    unsigned char frame[FRAME_CLOSE];
    sender_add_locked(&w->sender, frame, frame_close(frame, code));
    w->has_closed = true;
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

void stream_ws_begin(struct stream *st, enum frame_form form, const void *response, size_t n, const void *rest,
                     size_t rest_n)
{
    struct ws *w = ws_of(st);
    must(stream_ws_can_begin(st));
    ws_reader_init(&w->reader, form);
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

static void use_input(struct ws *w, const void *data, size_t n)
{
    ws_reader_use(&w->reader, data, n);
    if (!w->reader.answers.len)
        return;
    lock_acquire(&w->sender.lock);
    sender_add_locked(&w->sender, w->reader.answers.data, w->reader.answers.len);
    w->has_closed = w->reader.has_closed;
    lock_release(&w->sender.lock);
    buf_fini(&w->reader.answers);
    stream_poke(&w->base);
}

/* 1: something was received; 0: the peer has ended; -1 with errno. */
static ssize_t receive(struct ws *w)
{
    unsigned char wire[READ_BYTES];
    if (w->reader.wrong) {
        errno = EPROTO;
        return -1;
    }
    if (w->reader.has_ended)
        return 0;
    if (w->kept.len) {
        use_input(w, w->kept.data, w->kept.len);
        secret_free_buf(&w->kept);
        return 1;
    }
    ssize_t got = stream_read(w->base.below, wire, sizeof wire);
    if (got <= 0)
        return got;
    use_input(w, wire, (size_t)got);
    secret_wipe(wire, (size_t)got);
    return 1;
}

static ssize_t ws_read(struct stream *st, void *data, size_t size)
{
    struct ws *w = ws_of(st);
    size_t n;
    if (!w->has_begun)
        return stream_read(st->below, data, size);
    while (!(n = ws_reader_take(&w->reader, data, size))) {
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
    sender_add_locked(&w->sender, header, frame_header(header, n, w->form == FRAME_BINARY_LINE));
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

/* The same with a frame for each line. */
static void add_frames_locked(struct ws *w, const struct iovec *iov, size_t n)
{
    sender_reserve_locked(&w->sender, frame_wire_bytes(iov, n));
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
    if (open && w->form == FRAME_LINES)
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
    static const unsigned char ping[] = {0x89, 0};
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
    return (struct stream_failure){w->reader.wrong ? CLOSE_WEBSOCKET : CLOSE_OPEN, w->reader.wrong};
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
    ws_reader_fini(&w->reader);
    secret_free_buf(&w->kept);
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
