/* SPDX-License-Identifier: ISC */
/*
 * libwslay reads the frames: it checks masks, lengths, UTF-8 and the order of fragments, and answers pings and closes.
 *
 * Not obvious: between two messages its context holds nothing, so it is freed; making one costs little beside
 * receiving. That nothing is held is known by counting: all bytes that came belong to frames that have ended, and no
 * message is in pieces.
 */
#include "config.h"

#include "net/ws_reader.h"

#include "base/clock.h"
#include "base/panic.h"
#include "base/secret.h"

#include <string.h>
#include <wslay/wslay.h>

#define MESSAGE_BYTES 65536  /* the longest message that is read */
#define STRAY_BYTES 131072   /* the most that a peer may send without completing a message */
#define CONTROLS_A_SECOND 20 /* pings and pongs */
#define AGAINST_RULES "frames against RFC 6455"

void ws_reader_init(struct ws_reader *r, enum frame_form form)
{
    r->form = form;
}

void ws_reader_fini(struct ws_reader *r)
{
    if (r->ctx)
        wslay_event_context_free(r->ctx);
    buf_fini(&r->answers);
    secret_free_buf(&r->text);
}

/* ---- what libwslay calls ---- */

static ssize_t take_input(wslay_event_context_ptr ctx, uint8_t *data, size_t size, int flags, void *arg)
{
    struct ws_reader *r = arg;
    size_t n = r->in_n < size ? r->in_n : size;
    (void)flags;
    if (!n) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(data, r->in, n);
    r->in += n;
    r->in_n -= n;
    r->filled = data;
    r->filled_n = n;
    return (ssize_t)n;
}

static ssize_t add_output(wslay_event_context_ptr ctx, const uint8_t *data, size_t n, int flags, void *arg)
{
    struct ws_reader *r = arg;
    (void)ctx;
    (void)flags;
    buf_add(&r->answers, data, n);
    return (ssize_t)n;
}

static void end_by(struct ws_reader *r, uint16_t code, const char *why)
{
    if (r->wrong)
        return;
    r->wrong = why;
    wslay_event_queue_close(r->ctx, code, (const uint8_t *)why, strlen(why));
    wslay_event_shutdown_read(r->ctx);
}

/* How many bytes a client needs for a frame with so much in it: with the shortest length that fits, and a mask. */
static uint64_t wire_bytes(uint64_t payload)
{
    return 2 + (payload < 126 ? 0 : payload < 65536 ? 2 : 8) + 4 + payload;
}

static void begin_frame(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_start_arg *frame, void *arg)
{
    struct ws_reader *r = arg;
    (void)ctx;
    r->framed += wire_bytes(frame->payload_length);
    r->is_text = !wslay_is_ctrl_frame(frame->opcode);
    r->in_message = r->in_message || r->is_text;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE && frame->payload_length == 1)
        end_by(r, WSLAY_CODE_PROTOCOL_ERROR, "half a code of a Close frame");
    else if (!r->is_text)
        r->controls += frame->opcode != WSLAY_CONNECTION_CLOSE;
    else if (frame->opcode == (r->form == FRAME_BINARY_LINE ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME))
        end_by(r, WSLAY_CODE_UNSUPPORTED_DATA, "messages of the other kind, text or binary");
    else if (frame->payload_length > MESSAGE_BYTES - r->message)
        end_by(r, WSLAY_CODE_MESSAGE_TOO_BIG, "a message that is too long");
    else
        r->message += frame->payload_length;
}

/* The text is overwritten in libwslay's buffer, in which it would stay: it may be a password. */
static void take_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *arg)
{
    struct ws_reader *r = arg;
    (void)ctx;
    if (!r->is_text || r->wrong || !chunk->data_length)
        return;
    size_t n = chunk->data_length;
    if (r->form == FRAME_LINES)
        r->is_ended = chunk->data[n - 1] == '\n';
    else if (!frame_take_line(chunk->data, n, &r->is_ended, &n))
        end_by(r, WSLAY_CODE_POLICY_VIOLATION, "several lines in a message");
    if (n)
        buf_add(&r->text, chunk->data, n);
    secret_wipe((void *)(uintptr_t)chunk->data, chunk->data_length);
}

static void end_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *message, void *arg)
{
    struct ws_reader *r = arg;
    (void)ctx;
    if (wslay_is_ctrl_frame(message->opcode) || r->wrong)
        return;
    if (r->message && !(r->is_ended && r->form == FRAME_LINES))
        buf_add(&r->text, "\n", 1);
    r->message = r->stray = 0;
    r->is_ended = r->in_message = false;
}

/* ---- its context ---- */

static void get_context(struct ws_reader *r)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = take_input,
        .send_callback = add_output,
        .on_frame_recv_start_callback = begin_frame,
        .on_frame_recv_chunk_callback = take_chunk,
        .on_msg_recv_callback = end_message,
    };
    if (r->ctx)
        return;
    must(wslay_event_context_server_init(&r->ctx, &callbacks, r) == 0);
    wslay_event_config_set_no_buffering(r->ctx, 1);
}

/* If it holds nothing. */
static void release_context(struct ws_reader *r)
{
    if (r->came != r->framed || r->in_message || r->wrong || r->has_ended)
        return;
    wslay_event_context_free(r->ctx);
    r->ctx = NULL;
}

/* ---- the reader ---- */

static void end_misuse(struct ws_reader *r)
{
    int64_t now_ms = clock_coarse_ms();
    if (now_ms - r->second_ms >= 1000) {
        r->second_ms = now_ms;
        r->controls = r->controls > CONTROLS_A_SECOND ? r->controls : 0;
    }
    if (r->controls > CONTROLS_A_SECOND)
        end_by(r, WSLAY_CODE_POLICY_VIOLATION, "too many pings");
    else if (r->stray > STRAY_BYTES)
        end_by(r, WSLAY_CODE_POLICY_VIOLATION, "too many bytes without a message");
}

static const char *why_closed(struct ws_reader *r)
{
    bool is_text = wslay_event_get_status_code_sent(r->ctx) == WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA;
    return is_text ? "text that is not UTF-8" : AGAINST_RULES;
}

static void answer(struct ws_reader *r, bool is_broken)
{
    if (is_broken && !r->wrong) { /* libwslay would give no code */
        unsigned char frame[FRAME_CLOSE];
        r->wrong = AGAINST_RULES;
        buf_add(&r->answers, frame, frame_close(frame, WSLAY_CODE_PROTOCOL_ERROR));
        r->has_closed = true;
    }
    end_misuse(r);
    if (!r->has_closed)
        (void)wslay_event_send(r->ctx);
    r->has_closed = r->has_closed || wslay_event_get_close_sent(r->ctx);
    if (wslay_event_get_read_enabled(r->ctx))
        return;
    secret_wipe(r->filled, r->filled_n); /* it stopped in the middle of that, which may be a password */
    r->has_ended = !r->wrong && wslay_event_get_close_received(r->ctx);
    if (!r->wrong && !r->has_ended)
        r->wrong = why_closed(r);
}

void ws_reader_use(struct ws_reader *r, const void *data, size_t n)
{
    must(!r->wrong && !r->has_ended);
    get_context(r);
    r->in = data;
    r->in_n = n;
    r->came += n;
    r->stray += n;
    buf_reserve(&r->text, n); /* what it becomes is not longer */
    answer(r, wslay_event_recv(r->ctx) != 0);
    r->in = NULL;
    r->in_n = 0;
    release_context(r);
}

size_t ws_reader_take(struct ws_reader *r, void *data, size_t size)
{
    size_t left = r->text.len - r->taken, n = left < size ? left : size;
    if (n)
        memcpy(data, r->text.data + r->taken, n);
    r->taken += n;
    if (r->taken == r->text.len) {
        secret_free_buf(&r->text);
        r->taken = 0;
    }
    return n;
}
