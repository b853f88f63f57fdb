/* SPDX-License-Identifier: ISC */
#ifndef CHAT_HISTORY_H
#define CHAT_HISTORY_H

#include "chat/page.h"
#include "chat/request.h"
#include "chat/room.h"
#include "store/store_history.h"

/*
 * The history: stored messages of rooms. A message is copied into a batch in memory, while the room's lock is
 * held to number it; once a second the store writes the batch in one transaction. So storing costs a speaker a copy and
 * never a wait for the disk, and a crash loses at most the messages of the last second. A query sees all messages
 * before it.
 *
 * The batch is bounded. A room may have as much of it as is free beside: then its speakers wait (history_is_full), and
 * those of other rooms do not. While the store has failed nobody waits, and a message that does not fit is delivered,
 * not stored, and counted as lost. Old messages are removed by chat/retention.h.
 */
struct history_limits {
    bool keep;       /* messages are stored, except in rooms that have this switched off */
    int queue_bytes; /* of batches that wait to be written */
};

/* The limits in force. Any thread. */
void history_configure(const struct history_limits *limits);

/* Before the store starts. `stored` is called, on the store thread, when so many messages were written. Main thread. */
void history_start(void (*stored)(int messages));
/* Before the store stops: hands it all that waits. Main thread. */
void history_stop(void);

/* A message as a row for the store. Borrows from both. */
struct message_row history_row(const struct room *r, const struct event *ev);

/* True when messages of the room are stored now: neither the operator nor the room has that off. Any thread; the first
 * takes the room's lock, for the second it is held. */
bool history_keeps(struct room *r);
bool history_keeps_locked(const struct room *r);

/* Adds a message to the batch, if the room's messages are stored, and notes that the room has history. The room's lock
 * is held. Any thread. */
void history_add_locked(struct room *r, const struct event *ev);

/* Adds a private message, for chat/dialogues.h: an EVENT_PRIVATE with its number and time, under that key. `s`: the
 * share of its sender. Any thread that may change that; no lock that ranks at or above HISTORY. */
void history_add_private(const char *key, const struct event *ev, enum message_kind kind, struct history_share *s);

/* Notes that a message was written by another job than those of the history. Store thread. */
void history_note_stored(void);

/* True when those who speak in the room have to wait until messages are written. Takes the room's lock. Any thread. */
bool history_is_full(struct room *r);
/* The same for the sender of private messages whose share that is. The same threads and locks as for
 * history_add_private. */
bool history_share_is_full(const struct history_share *s);

/* True while messages of the room wait to be written, or for the end of that. The room's lock is held. Any thread. */
bool history_waits_locked(const struct room *r);

/* Keeper, each of its passes: once a second, has the store write what waits. */
void history_tick(void);

/* Bytes that wait to be written. Any thread. */
int64_t history_queued(void);

/* How many batches the store has carried out, written or not. A later number: there may be new messages in the store.
 * Any thread. */
uint64_t history_batches(void);

/* Puts a request to the store behind all messages that were added before. `how` as for request_put; request_wait must
 * follow. Any thread with a notifier, no lock that ranks at or above HISTORY. */
void history_put_behind(struct request *rq, const struct store_job *how, struct notifier *notifier);

/* A query, in its caller's slot. */
struct history_query {
    struct request request;
    struct history_range range; /* .room points to .key */
    const struct addr *from;    /* borrows: as in struct store_job */
    char key[NAME_SIZE];
    struct page page;
    bool is_whole;              /* the messages could be read */
};
enum history_result { HISTORY_READ = 1, HISTORY_FAILED };

/* Asks for messages of the room that were told until now, for `bytes` bytes of lines at most. .from is set by the
 * caller; .room of the range is ignored; .after and .before may be 0: no limit. history_wait must follow. Any thread
 * with a notifier, no lock that ranks at or above ROOM. */
void history_ask(struct history_query *q, struct room *r, struct history_range range, size_t bytes,
                 struct notifier *notifier);

/* The same for messages under a key that is not a room's. */
void history_ask_key(struct history_query *q, const char *key, struct history_range range, size_t bytes,
                     struct notifier *notifier);

/* Waits for the result, as request_wait does. False: the messages could not be read, or not in time
 * (.request.late). For a user, ask history_may_show next. Blocks. */
bool history_wait(struct history_query *q, bool (*is_over)(void *arg), void *arg);

/* Whether the member may read what was read, now that it was waited for. Takes the room's lock. */
bool history_may_show(const struct history_query *q, struct room *r, const struct member *m);

/* The i-th message in order of time. Borrowed from the query. */
struct message_row history_at(const struct history_query *q, int i);
void history_query_fini(struct history_query *q);

#endif
