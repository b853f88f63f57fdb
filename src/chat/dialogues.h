/* SPDX-License-Identifier: ISC */
#ifndef CHAT_DIALOGUES_H
#define CHAT_DIALOGUES_H

#include "chat/history.h"
#include "store/store_dialogues.h"

/*
 * Dialogues: the private messages between two accounts, which are kept if the operator allows it (history.private) and
 * neither of the two has said no. They are written and read with the history of rooms, under a key of their own. A
 * dialogue belongs to the two accounts, not to their names: who registers a name anew has another account, and no part
 * in it.
 */

/* Whether new messages are kept. Any thread. */
void dialogues_configure(bool keep);

struct dialogue {
    char key[DIALOGUE_KEY];
    int64_t other;          /* the account */
    char shown[NAME_SIZE];  /* '@' and its name */
};

/* The member's dialogue with the account of that name, or of the user who has the name; there need not have been any.
 * False: `no` says why not. For the member's own reader. */
bool dialogues_find(const struct member *m, const char *name, struct dialogue *dl, struct refusal *no);

/* Whether new messages are kept, as far as that is up to the operator; and to the member. Any thread, as below. */
bool dialogues_are_kept(void);
bool dialogues_allows(const struct member *m);

/* True if it is the key of a dialogue of the account, and both its accounts are there. Any thread, any lock that ranks
 * below ACCOUNTS. */
bool dialogues_is_of(const char *key, int64_t account);
/* Writes the name under which the account knows the dialogue of that key, as in struct dialogue; "" if the other
 * account is gone. The same. */
void dialogues_shown(const char *key, int64_t account, char shown[NAME_SIZE]);

/* To whom a message of a dialogue was sent, as the name of the account; "" if that is gone. The same. */
void dialogues_recipient(const struct message_row *row, char name[NAME_SIZE]);

/* Keeps a message that the member has sent, if it may be kept: an EVENT_PRIVATE with its number and time, to that
 * account. For the member's own reader, no lock that ranks at or above ACCOUNTS. */
void dialogues_add(struct member *m, int64_t to, const struct event *ev);
/* True when the member has to wait before it sends the next: too much of it waits to be written. The same. */
bool dialogues_is_full(struct member *m);

/* Asks for messages of a dialogue, as history_ask does for those of a room; history_wait must follow, and
 * dialogues_is_of before they are shown. */
void dialogues_ask(struct history_query *q, const struct dialogue *dl, struct history_range range, size_t bytes,
                   struct notifier *notifier);

/* Calls fn for each dialogue of the member's account that has messages, with the name as in struct dialogue and the
 * wall clock of the newest, the newest first. False: they could not be read; *late: not in time. For the member's own
 * reader; blocks. */
#define DIALOGUES_MOST 1000
bool dialogues_each(const struct member *m, void (*fn)(const char *shown, int64_t last_ms, void *arg), void *arg,
                    const struct waiter *w, bool *late);

#endif
