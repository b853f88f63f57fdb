/* SPDX-License-Identifier: ISC */
#ifndef CHAT_MAIL_H
#define CHAT_MAIL_H

#include "chat/job.h"
#include "chat/member.h"
#include "store/store_mail.h"

/*
 * What waits for an account while nobody is logged in to it: private messages, and how many messages rooms had since it
 * left them. Any thread with a bell; no lock.
 */
struct mail_limits {
    int messages; /* most that wait for one account */
    int days;     /* for which they do */
};
void mail_configure(const struct mail_limits *limits);

/* Keeps a private message until it is read. mail_put puts it to the store: under the users lock, in the hold in which its
 * reader is not found, so whoever comes then finds it. mail_wait must follow, without a lock; until then the names of
 * the letter are borrowed. MAIL_FULL: too many wait, or the account is gone. */
struct letter {
    struct job_request job;
    int64_t account;
    struct mail_row row;
    int64_t n; /* the number it got */
};
enum mail_result { MAIL_KEPT, MAIL_FULL, MAIL_STORAGE };
void mail_put(struct letter *l, int64_t account, const char *from, const char *text, struct notifier *notifier);
enum mail_result mail_wait(struct letter *l, const struct waiter *w);

/* Adds what waits as lines in the member's form, the oldest first, up to so many bytes. The number of the last, for
 * mail_forget when they were read; 0: nothing waits, or it cannot be read now. */
int64_t mail_read(int64_t account, const struct member *m, size_t bytes, struct buf *lines, const struct waiter *w);
/* Forgets those numbers. Nobody waits for it. */
void mail_forget(int64_t account, int64_t from, int64_t upto);

/* Once an hour: forgets what has waited for too long, some thousands at a time. Nobody waits for it. */
void mail_clean_up(void);

/* Notes how far the account has heard a room (its key). Nobody waits for it. */
void mail_mark(int64_t account, const char *room, uint64_t id);
/* Calls fn for each room that was noted, with how many messages came since. False: cannot be read now. */
#define MAIL_UNREAD_MOST 1000 /* counted of one room */
bool mail_unread(int64_t account, void (*fn)(const char *room, int unread, void *arg), void *arg, const struct waiter *w);

#endif
