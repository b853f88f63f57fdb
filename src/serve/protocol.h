/* SPDX-License-Identifier: ISC */
#ifndef SERVE_PROTOCOL_H
#define SERVE_PROTOCOL_H

#include "net/close.h"
#include "net/line.h"
#include "net/msg.h"
#include "proto/codec.h"

/*
 * The seam between the reader's loop and a protocol: a struct of functions, called on the session's reader. A protocol
 * is a folder below serve/ with this struct, its handlers and the struct's row in tbl/protocols.h, and a codec in
 * proto/.
 */
struct session;

struct protocol {
    enum form (*form_of)(unsigned caps); /* the form for a client with those capabilities, a bit for each enum cap */
    unsigned (*wants_of)(unsigned caps); /* what it wants to hear of, a bit for each enum want; NULL: nothing */
    size_t (*max_line)(void); /* bytes of the longest line from a client, end included. Any thread. */
    bool may_begin_websocket; /* its connections have the layer for that (net/stream_ws.h) */
    bool resumes_by_account; /* its clients cannot resume by a token: who logs in to the account of a session whose
                              * connection has just broken, under its name, takes its place (resume_by_account) */
    size_t state_size; /* bytes of s->state, which it gets zeroed for each client; 0: none */

    /* A client has connected. Sets the first deadline. */
    void (*begin)(struct session *s);

    /* One line, without its end, NUL after it; writable until the call returns. LINE_TOO_LONG: only its beginning.
     * What is left to the protocol: whether a command is allowed before the client has a name (member.name is ""),
     * the length of texts (session_limits().text_bytes), post_settle() before all that is not talk, wiping a line that
     * holds a password (line_wipe), and counting lines that are no good (COUNTER_BAD_LINES). */
    void (*line)(struct session *s, enum line_status status, char *text, size_t len);

    /* True if the next line costs nothing: it belongs to something that was paid for. NULL: each line is paid for. */
    bool (*is_paid)(const struct session *s);

    /* Some bytes of a body: line() set s->body_bytes to its length, and is called again after the last of them. NULL
     * for a protocol of lines only. */
    void (*bytes)(struct session *s, const char *data, size_t len);

    /* The connection is over: frees what s->state holds. May be NULL. */
    void (*end)(struct session *s);

    /* The last words for a reason, in a form; the caller owns the reference. NULL: none. Any thread. */
    struct msg *(*last_words)(enum form form, enum close_reason reason);
    /* The same for a connection that is refused before it has a session: ERROR_FULL, ERROR_TOO_MANY_CONNECTIONS,
     * ERROR_SERVER_BANNED. NULL: none. Any thread; the caller owns the reference. */
    struct msg *(*refusal)(const struct refusal *why);
};

/* The session speaks the protocol from now on: state, form. The caller calls .begin() when all else is ready. It must
 * have left the one before. Reader. */
void protocol_enter(struct session *s, const struct protocol *protocol);
/* For .last_words of a protocol whose codec has words for the events of tbl/close.h. Any thread. */
struct msg *protocol_last_words(enum form form, enum close_reason reason);
/* Frees the state. Reader. */
void protocol_leave(struct session *s);

#endif
