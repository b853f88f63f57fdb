/* SPDX-License-Identifier: ISC */
#ifndef CHAT_LAPSE_H
#define CHAT_LAPSE_H

#include "chat/room.h"

/*
 * A temporary op is a member that is an op only until it leaves: the first in a room that nobody owns, or one without
 * an account who was given the role. What temporary ops have set, banned and muted is not stored, and ends when the
 * last of them leaves the room: so who passes through cannot shut a room for good.
 */

/* A member has left, or roles have changed. If no temporary op is left, ends what they have changed, and tells the
 * room. The room's lock is held; the thread has settled (net/post.h). */
void lapse_if_alone_locked(struct room *r);

#endif
