/* SPDX-License-Identifier: ISC */
#ifndef SERVE_BACKLOG_H
#define SERVE_BACKLOG_H

#include "chat/roster.h"
#include "serve/session.h"

/* What was said in a room before a user joined, read from the history and rendered as the client would have heard
 * it. The session's reader. */
struct backlog_query {
    uint64_t after;   /* only messages with higher numbers */
    int64_t since_ms; /* wall clock: none older than this; 0: at any age */
    int most;         /* how many messages at most; the newest are taken */
    bool notices;     /* adds a notice when messages are left out or cannot be read */
};
/* Reads it from the store and waits. The caller frees backlog->lines. False: it cannot be read now. */
bool backlog_read(struct session *s, struct room *r, const struct backlog_query *q, struct backlog *backlog);

/* Takes what the room's replay has instead, with a notice: more is said than can be read in time, or the room stores no
 * history. */
void backlog_give_up(struct session *s, struct room *r, struct backlog *backlog);

#endif
