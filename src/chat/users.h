/* SPDX-License-Identifier: ISC */
#ifndef CHAT_USERS_H
#define CHAT_USERS_H

#include "base/strv.h"
#include "chat/member.h"

/* The registry of names: who is online. One table under a read-write lock. */
void users_start(void);
void users_stop(void);

/* The member's own reader: gives it the name, if that is free or its own already, and it may have it, and enters it. The
 * answer is put before the name is visible, so nothing overtakes it. A member that had another name is the only one to
 * have either of them until users_renamed, so that nobody comes by the old name while rooms have yet to hear of the new
 * one. False: it was not given. */
struct claim {
    const char *name;
    const struct event *answer;
    bool (*may)(void *arg);      /* NULL: it may. Asked in the same hold, so no name passes to who came to be in the wrong */
    void *arg;
    const struct event *replaced; /* NULL, or: other sessions of the member's account are closed with these last words, as
                                     CLOSE_REPLACED, and release their names in a moment */
    bool owns_name;               /* .replaced: so is a session that has the name, which is the account's own */
};
bool users_claim(struct member *m, const struct claim *c);
void users_renamed(struct member *m);

/* A member without a name takes the place of another, whose reader waits, if it may (.may, .arg): its name, whom it
 * ignores, that it is away. The answer is put before. The rooms have to be told as well (room_swap). False: it may not. */
bool users_take_over(struct member *m, struct member *old, const struct claim *c);

/* Gives the name back, if the entry is this member's; it is away no more. Idempotent. */
void users_release(struct member *m);

/* True when whoever has the name is on the way out, so that it will be free in a moment. */
bool users_is_leaving(const char *name);

/* From now until users_unwait the member's bell rings whenever a name is given back. Its own reader. */
void users_wait(struct member *m);
void users_unwait(struct member *m);

/* Who has the name, by all that tells it from others. False: nobody has. */
struct target;
bool users_identify(const char *name, struct target *target);

/* Puts an event, which `from` is the cause of, into the outbox of whoever has the name, if anybody has and does not ignore
 * that one. The reader of `from`. */
void users_tell_name(const struct member *from, const char *name, const struct event *ev);

/* True when somebody has the name: writes it as its owner does. */
bool users_find(const char *name, char as_written[NAME_SIZE]);

/* Says something to whoever has the name: false when nobody has, or its session is just ending; then `absent` (may be
 * NULL) was called in the same hold. Find and put are one hold. `from`, whose reader calls, is told if that one is away, and not if `from` is ignored and the line goes nowhere.
 * Each such line has a number of its own: they grow, but two that are put at the same time may come in either order. */
bool users_put(struct member *from, const char *name, const char *text, void (*absent)(void *arg), void *arg);

/* The form in which the member hears from now on, and whom it does not hear: that list is taken over, the caller owns
 * the one before. Its own reader; its rooms have to be told as well (room_update). */
void users_set_form(struct member *m, enum form form);
void users_set_ignores(struct member *m, struct ignores *ig);

/* The member is away with that text, which is copied, or back (NULL). Its own reader. */
void users_set_away(struct member *m, const char *text);

/* A look at whoever has the name; false when nobody has. */
struct users_view {
    uint64_t id;
    char name[NAME_SIZE];
    int64_t since_ms, idle_ms; /* wall clock; how long it has said nothing */
    struct buf away;           /* the caller frees; empty: it is there */
};
bool users_view(const char *name, struct users_view *view);

/* Tells each of them once, if it is there still. The event gets a number, as private lines have, and its time. Sorts
 * them. */
void users_tell(struct contacts *c, struct event *ev);

/* Puts an event into everyone's outbox. */
void users_put_all(const struct event *ev);

/* Closes the session of whoever has the name, as kicked, with these last words, in one hold; or has it give up waiting for
 * who comes back. Its id, or 0 when nobody has. */
uint64_t users_kick(const char *name, const struct event *last_words);

/* The same for whoever is logged in to the account. */
void users_close_account(int64_t id, enum close_reason reason, const struct event *last_words);

/* Closes whoever has the name without being logged in to the account. */
void users_close_others(const char *name, int64_t account, enum close_reason reason, const struct event *last_words);

/* Whoever is logged in to the account is so no more. */
void users_forget_account(int64_t id);

/* Adds all names in order of arrival; one that was taken by RENAME has arrived then. */
void users_names(struct strv *names);
int users_count(void);

/* Copies the name of a client that may not be the caller's: "" when that client has none, or has left its member. */
void users_name_of(struct member *m, uint64_t id, char name[NAME_SIZE]);

#endif
