/* SPDX-License-Identifier: ISC */
#ifndef NET_CLOSE_H
#define NET_CLOSE_H

#include <stdbool.h>
#include <stdint.h>

/* The close reasons of tbl/close.h, as far as this floor needs them. Any thread, any lock; nothing blocks. */
enum close_reason {
    CLOSE_OPEN, /* not closed */
#define CLOSE(name, label, last_words, error, queue, wakes, drain_ms, code) CLOSE_##name,
#include "tbl/close.h"
#undef CLOSE
    CLOSE_REASONS
};

enum close_wakes { CLOSE_WAKES_NOTHING, CLOSE_WAKES_READ, CLOSE_WAKES_BOTH };

struct close_row {
    const char *label; /* its name in the log and the console */
    bool keep_queue;   /* what is queued is written first; else it is dropped */
    enum close_wakes wakes;
    int drain_ms;      /* how long the queue and the last words may take to be written */
    int websocket_code; /* what a WebSocket client is told, RFC 6455 section 7.4.1 */
};

const struct close_row *close_row(enum close_reason reason);

/* True if the connection broke or the server stops, so that a session may be resumed; else it is over. */
bool close_is_break(enum close_reason reason);

/* Counts one session that ended for that reason; and how many have since the start. */
void close_count(enum close_reason reason);
uint64_t close_counted(enum close_reason reason);

#endif
