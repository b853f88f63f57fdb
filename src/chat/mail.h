/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MAIL_H
#define CHAT_MAIL_H

#include "chat/job.h"
#include "chat/member.h"
#include "store/store_mail.h"

/*
 * What waits for an account while no client is logged in to it: private messages, and its read markers: how far it has
 * heard the rooms it left. Calls with a waiter block until the store has answered. Any thread with a notifier, no lock,
 * unless said otherwise.
 */
struct mail_limits {
    int messages;   /* most that wait for one account, of accounts and of others each */
    int per_sender; /* most of one sender among them (store/store_mail.h) */
    int undelivered; /* most that wait beside these because they had not arrived when a connection ended */
    int days;       /* for which they wait */
};
/* Any thread. */
void mail_configure(const struct mail_limits *limits);

/* Stores a private message, or an invitation, until it is read. mail_put puts it to the store, for a message under the
 * hold of the users lock that did not find its target, so a user who logs in later is shown it. Of `row` kind, text,
 * number and time are taken. mail_wait must follow, without a lock; until then the text is borrowed. MAIL_FULL: too
 * many wait, or the account is gone. MAIL_SHARE: too many of this sender wait. */
struct mail_job {
    struct job_request job;
    int64_t account;
    struct mail_row row;
    char sender[MEMBER_WHO];
    int64_t n; /* its number, as store_mail_add gives it */
};
enum mail_result { MAIL_KEPT, MAIL_FULL, MAIL_SHARE, MAIL_STORAGE };
void mail_put(struct mail_job *mj, int64_t account, const struct member *from, const struct mail_row *row);
/* The most that may wait of one sender. */
int mail_share(void);
enum mail_result mail_wait(struct mail_job *mj, const struct waiter *w);

/* For run() of a job: stores a message within the space of its kind. *n as store_mail_add gives it. */
int mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t *n);

/* Appends the waiting messages as lines in the member's form, those that were stored first and `bytes` bytes at most,
 * and of these the oldest first. Returns the
 * number of the last, for mail_forget when they have been read; 0: nothing waits, or it cannot be read now. For the
 * member's own reader. */
int64_t mail_read(int64_t account, const struct member *m, size_t bytes, struct buf *lines, const struct waiter *w);
/* Deletes the messages with those numbers. Nobody waits for it. */
void mail_forget(int64_t account, int64_t from, int64_t upto);

/* Once an hour: deletes messages that have waited for too long, some thousands at a time. Nobody waits for it. */
void mail_clean_up(void);

/* Sets the read marker of the account in a room (its key) to that number. MAIL_PRESENT: it is in the room and hears
 * all; who leaves or is removed gets a number. Nobody waits for it. Any thread, under any lock that ranks before
 * STORE. */
#define MAIL_PRESENT INT64_MAX
#define MAIL_MOST_MARKS 100 /* rooms noted for one account */
void mail_mark(int64_t account, const char *room, uint64_t id);
/* At the start: who was in a room when chatd ended without unwinding has heard what is on disk. 0, or -1 with a line
 * for the operator. Main thread, before the store is started. */
int mail_load(char error[STORE_ERROR]);
/* Calls fn for each room that was noted, with the number of messages since. UNREAD_BUSY: its turn did not come in
 * time; UNREAD_STORAGE: cannot be read now. */
#define MAIL_UNREAD_MOST 1000 /* counted in one room */
enum unread_result { UNREAD_DONE, UNREAD_BUSY, UNREAD_STORAGE };
enum unread_result mail_unread(int64_t account, void (*fn)(const char *room, int unread, void *arg), void *arg,
                               const struct waiter *w);

#endif
