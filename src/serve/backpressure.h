/* SPDX-License-Identifier: ISC */
#ifndef SERVE_BACKPRESSURE_H
#define SERVE_BACKPRESSURE_H

#include "serve/session.h"

/* How long a session's reader waits for full outboxes, so that what it says can be delivered (net/pressure.h). The
 * session's reader; all of these may block. */

/* After each line and each flush: waits while the session's own outbox is congested, and for the fullest of the
 * outboxes that the line was put into. */
void backpressure_wait(struct session *s);

/* Between long answers to one line: waits while the session's own outbox is congested. */
void backpressure_wait_own(struct session *s);

/* Before something is said in a room: waits for the outbox that the last speaker there found congested, and while the
 * room has its share of the history's queue. False: the session has ended meanwhile. */
bool backpressure_wait_room(struct session *s, struct room *r);
/* The same before a private message, for the session's own share. */
bool backpressure_wait_kept(struct session *s);

#endif
