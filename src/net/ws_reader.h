/* SPDX-License-Identifier: ISC */
#ifndef NET_WS_READER_H
#define NET_WS_READER_H

#include "base/buf.h"
#include "net/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads what a WebSocket client sends (RFC 6455), from memory: frames become lines, what is against the rules ends it
 * with a Close frame. By libwslay, whose context takes 9 KiB; so there is one only within a message.
 *
 * One thread. No call blocks.
 */
struct ws_reader {
    enum frame_form form;
    struct buf text;                 /* owns: lines for the caller, */
    size_t taken;                    /* the first bytes of which it has */
    struct buf answers;              /* owns: control frames for the client, which the caller sends and clears */
    bool has_closed;                 /* the last of all answers is a Close frame */
    bool has_ended;                  /* the client has sent a Close frame, and all before it was read */
    const char *wrong;               /* why it has failed; static, or NULL */
    struct wslay_event_context *ctx; /* owns; NULL between two messages */
    const unsigned char *in;         /* bytes that libwslay has not taken yet */
    size_t in_n;
    uint64_t came, framed;           /* bytes that have come, and all bytes of the frames that have begun */
    bool in_message;                 /* it has begun and not ended */
    size_t stray;                    /* bytes since the last message */
    uint64_t message;                /* bytes of text of the message that is being read */
    bool is_text;                    /* the frame that is being read is part of a message, */
    bool is_ended;                   /* the last byte of which ends a line */
    unsigned controls;               /* pings and pongs since .second_ms */
    int64_t second_ms;
    uint8_t *filled;                 /* what libwslay's own buffer got last */
    size_t filled_n;
};

/* For a zeroed one. */
void ws_reader_init(struct ws_reader *r, enum frame_form form);
void ws_reader_fini(struct ws_reader *r);

/* Reads all of these bytes, and answers them. Not after .wrong or .has_ended. */
void ws_reader_use(struct ws_reader *r, const void *data, size_t n);
/* Moves lines to the caller, at most so many bytes, and wipes them. How many; 0: there are none. */
size_t ws_reader_take(struct ws_reader *r, void *data, size_t size);

#endif
