/* SPDX-License-Identifier: ISC */
#ifndef CHAT_HISTORY_H
#define CHAT_HISTORY_H

#include "chat/request.h"
#include "chat/page.h"
#include "chat/room.h"
#include "store/store_history.h"

/*
 * What was said, kept. Speakers add to a batch in memory, in the hold that orders the room; once a second the store writes
 * the batch away in one transaction. So keeping costs a speaker a copy and never a wait for the disk, and a crash loses at
 * most what was said in the last second. Who asks for history sees all that was said before.
 *
 * The batch is bounded: when it is full, speakers wait (history_is_full), or, while the store is bad, what they say is
 * delivered and not kept, and counted.
 */
struct history_limits {
    bool keep;
    int queue_bytes; /* of texts that wait to be written */
    int messages;    /* most in a room */
    int days;        /* how long; 0: for ever */
};

/* The limits in force. Any thread. */
void history_configure(const struct history_limits *limits);

/* Before the store starts; and, before it stops, hands it what waits. Main thread. */
void history_start(void);
void history_stop(void);

/* A message as the store takes it. Borrows from both. */
struct message_row history_row(const struct room *r, const struct event *ev);

/* True when what is said in the room now is kept. Takes the room's lock. Any thread. */
bool history_keeps(struct room *r);

/* Keeps what was just said. The room's lock is held. */
void history_add_locked(const struct room *r, const struct event *ev);

/* True when speakers have to wait until something is written. Any thread, any lock that ranks below STORE. */
bool history_is_full(void);

/* Keeper, each of its passes: has the store write what waits, once a second, and clear away a little. */
void history_tick(void);
/* Begins to clear away what is beyond the limits, in small steps. */
void history_clean_up(void);

/* Texts that wait to be written, in bytes. Any thread. */
int64_t history_queued(void);

/* Puts a question to the store, or a change, behind all that was said before. `how` as for request_put; request_wait must follow.
 * No lock at or above HISTORY. */
void history_put_behind(struct request *a, const struct store_job *how, struct notifier *notifier);

/* A question, in its asker's slot. */
struct history_query {
    struct request request;
    struct history_range range; /* .room points to .key */
    char key[NAME_SIZE];
    struct page page;
    bool is_whole;              /* it could be read */
};
enum history_result { HISTORY_READ = 1, HISTORY_FAILED };

/* Asks for a stretch of the room's messages, which make lines of `bytes` bytes at most; room, after and before of the range
 * may be 0 for all there is. history_wait must follow. No lock at or above ROOM. Any thread with a bell. */
void history_ask(struct history_query *q, struct room *r, struct history_range range, size_t bytes, struct notifier *notifier);

/* Waits for the answer, as request_wait. False: the store could not be asked. */
bool history_wait(struct history_query *q, bool (*is_over)(void *arg), void *arg);

/* The i-th in order of time. */
struct message_row history_at(const struct history_query *q, int i);
void history_query_fini(struct history_query *q);

#endif
