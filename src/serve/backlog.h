/* SPDX-License-Identifier: ISC */
#ifndef SERVE_BACKLOG_H
#define SERVE_BACKLOG_H

#include "serve/session.h"

/* What was said in a room, from the history, as the lines that a client would have heard: for who comes in. The session's
 * reader. */
struct backlog_query {
    uint64_t after;   /* numbers above this */
    int64_t since_ms; /* not older; 0: whatever the age */
    int most;         /* the newest so many */
    bool tells;       /* of what is left out, and that it cannot be read */
};
/* Asks the store, and waits. The caller frees .lines. False: it cannot be read now. */
bool backlog_read(struct session *s, struct room *r, const struct backlog_query *w, struct backlog *backlog);

/* The room talks faster than its past can be read, or keeps none: that something is left out is told, and what the replay
 * has is shown. */
void backlog_give_up(struct session *s, struct room *r, struct backlog *backlog);

#endif
