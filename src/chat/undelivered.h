/* SPDX-License-Identifier: ISC */
#ifndef CHAT_UNDELIVERED_H
#define CHAT_UNDELIVERED_H

#include "chat/member.h"

/*
 * Private messages to a client that is logged in to an account. Who sends one is told that it was sent when the
 * client's outbox has taken it. Should it not arrive, because the connection ends, it becomes mail of the account. For
 * that its bytes carry a note (net/msg.h): who sent it, when, and the text.
 */

/* The event, an EVENT_PRIVATE of `from`, in the form of a member, with a note; the caller owns the reference. For the
 * reader of `from`. */
struct msg *undelivered_render(const struct member *to, const struct event *ev, const struct member *from);

/* Its number, as EVENT_PRIVATE has it. */
uint64_t undelivered_id(const struct msg *m);
/* Its sender's name, folded. */
void undelivered_sender(const struct msg *m, char key[NAME_SIZE]);

/* A message with a note once more, for another session of its user: as mail. NULL: it was forgotten since. The caller
 * owns the reference. */
struct msg *undelivered_render_again(const struct member *to, const struct msg *m);

/* Stores messages with notes as mail of the account, in their order, without what was forgotten since
 * (chat/forgotten.h) and as far as accounts.mail_undelivered allows. Nobody waits for it: it is queued before the call
 * returns, so who takes the account's mail afterwards finds it. Any thread, any lock that ranks below STORE. */
void undelivered_store(int64_t account, struct msg *const *v, size_t n);

#endif
