/* SPDX-License-Identifier: ISC */
#ifndef CHAT_USERS_H
#define CHAT_USERS_H

#include "base/strv.h"
#include "chat/member.h"

/* The registry of names: who is online. One table under a read-write lock. */
void users_start(void);
void users_stop(void);

/* The member's own reader, name and key set: enters the member if the name is free, and it may have it. The welcome is
 * put before the name is visible, so nothing overtakes it. False: it was not given. */
struct claim {
    const struct event *welcome;
    bool (*may)(void *arg);      /* NULL: it may. Asked in the same hold, so no name passes to who came to be in the wrong */
    void *arg;
    const struct event *replaces; /* NULL, or whoever has the name is closed with these last words, as CLOSE_REPLACED, and
                                     will give it back in a moment */
};
bool users_claim(struct member *m, const struct claim *c);

/* Gives the name back, if the entry is this member's. Idempotent. */
void users_release(struct member *m);

/* True when whoever has the name is on the way out, so that it will be free in a moment. */
bool users_is_leaving(const char *name);

/* From now until users_unwait the member's bell rings whenever a name is given back. Its own reader. */
void users_wait(struct member *m);
void users_unwait(struct member *m);

/* True when somebody has the name: writes it as its owner does. */
bool users_find(const char *name, char as_written[NAME_SIZE]);

/* Puts an event into the outbox of whoever has the name; false when nobody has, or its session is just ending. Find
 * and put are one hold. */
bool users_put(const char *name, const struct event *ev);

/* Puts an event into everyone's outbox. */
void users_put_all(const struct event *ev);

/* Closes the session of whoever has the name, with these last words, in one hold. Its id, or 0 when nobody has. */
uint64_t users_close(const char *name, enum close_reason reason, const struct event *words);

/* The same for whoever is logged in to the account. */
void users_close_account(int64_t id, enum close_reason reason, const struct event *words);

/* Closes whoever has the name without being logged in to the account. */
void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *words);

/* Whoever is logged in to the account is so no more. */
void users_forget_account(int64_t id);

/* Adds all names in order of arrival. */
void users_names(struct strv *names);
int users_count(void);

/* Copies the name of a client that may not be the caller's: "" when that client has none, or has left its member. */
void users_name_of(struct member *m, uint64_t id, char name[NAME_SIZE]);

#endif
