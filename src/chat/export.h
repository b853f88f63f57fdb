/* SPDX-License-Identifier: ISC */
#ifndef CHAT_EXPORT_H
#define CHAT_EXPORT_H

#include "base/buf.h"
#include "chat/request.h"
#include "store/message.h"

/*
 * All that is kept of what a user has said, whatever the case of the name: the messages in all rooms and to other
 * accounts, in the order in which they were stored, then the private messages that wait for their readers. In small
 * steps, between which other jobs are done. Zero-initialise, and set `who` and `write`; export_fini frees.
 */
struct export {
    struct request request;
    const char *who; /* borrows */
    /* Appends a message to .lines. `to` is to whom a private one was sent, else NULL, and then row->room is the room's
     * key. Called on the store thread, while the caller of export_step waits. */
    void (*write)(struct buf *lines, const struct message_row *row, const char *to);
    struct buf lines; /* owns: what the last step has found */
    int64_t at, to, upto; /* numbers of messages: looked at so far, by the step too, and the last of all */
    bool is_done;
};
enum export_result { EXPORT_STEPPED = 1, EXPORT_FAILED };

/* Does one step and waits for it; all is done when .is_done is set. False: the store could not be read. Blocks. Any
 * thread with a notifier, no lock. */
bool export_step(struct export *e, struct notifier *notifier);
void export_fini(struct export *e);

#endif
