/* SPDX-License-Identifier: ISC */
#ifndef CHAT_READ_MARKER_H
#define CHAT_READ_MARKER_H

#include "chat/member.h"
#include "chat/request.h"

/*
 * Read markers: up to which time the owner of an account has read a room or a dialogue, as the clients say; so one
 * device knows what was read on another. A marker goes forward only. Not to be confused with the marks of chat/mail.h,
 * which tell what was sent to the account.
 *
 * A marker is named by the key of its room or dialogue, and goes with that, and with the account. The calls are for the
 * member's own reader, and block.
 */

/* Moves the marker of the member's account to *time_ms, or leaves it where it is, if that is later; *time_ms is then
 * where it stands, 0 if there can be none: a dialogue without messages has none. If it has moved, the other sessions of
 * the account that want to hear of it are told (EVENT_READ_MARKER), with the target as it is `shown`. False: it could
 * not be written, or there is no account. */
bool read_marker_move(struct member *m, const char *key, const char *shown, int64_t *time_ms, const struct waiter *w);

/* Where it stands; *time_ms 0: not known, or there is no account. False: it could not be read. */
bool read_marker_find(const struct member *m, const char *key, int64_t *time_ms, const struct waiter *w);

#endif
