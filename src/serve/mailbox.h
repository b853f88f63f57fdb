/* SPDX-License-Identifier: ISC */
#ifndef SERVE_MAILBOX_H
#define SERVE_MAILBOX_H

#include "serve/session.h"

/*
 * Private messages, and those to registered users who are away: these are stored, shown at log-in, and deleted at the
 * next line that their reader sends, which shows that they have arrived. The session's reader.
 */

/* Shows what is stored for the account that the session is logged in to. */
void mailbox_show(struct session *s);
/* The client has sent a line: deletes what was shown before it, and shows what there was no space for. */
void mailbox_heard(struct session *s);

/* At the end of the session. True: private messages to it may not have arrived. Any moment after it was closed. */
bool mailbox_has_undelivered(struct session *s);
/* When drained: those that have not arrived, as far as is known, become mail of its account, and the outbox keeps no
 * more. Adds the other lines that may not have arrived to `lines`, if that is not NULL. Until then the session must be
 * listed under its name: the owner's next login waits for that, and then finds this mail. */
void mailbox_store_undelivered(struct session *s, struct buf *lines);

/* Sends a private message (of `said` text, is_notice and tags), and keeps its text where that is allowed
 * (chat/dialogues.h); waits before, if too much of what the session has sent waits to be written. On MAILBOX_REFUSED,
 * `no` says why. */
enum mailbox { MAILBOX_SENT, MAILBOX_STORED, MAILBOX_REFUSED };
struct mailbox_receipt {
    char as_written[NAME_SIZE]; /* MAILBOX_STORED: the name of the account that it is stored for */
    uint64_t id;                /* its number, which others see too, and its time by the wall clock */
    int64_t time_ms;
};
enum mailbox mailbox_send(struct session *s, const char *name, const struct event *said,
                          struct mailbox_receipt *receipt, struct refusal *no);

/* Calls fn for each room that the account has left and may see, and that has new messages. False: `no` says why not. */
bool mailbox_unread(struct session *s, void (*fn)(const struct room *r, int unread, void *arg), void *arg,
                    struct refusal *no);

#endif
