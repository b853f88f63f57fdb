/* SPDX-License-Identifier: ISC */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H

#include "base/buf.h"
#include "proto/event.h"

#include <stdbool.h>

/*
 * The seam between meaning and bytes: a codec writes events as lines. Pure: no locks, no I/O, no state between calls,
 * so any thread may call it.
 *
 * A form is one way of writing events: a codec and its options, as a small integer. A room message is rendered once for
 * each form among the members and shared. A client may change its form.
 */
enum form {
    FORM_NATIVE,
    FORM_TAGS,                       /* the same with tags */
    FORM_IRC,                        /* and FORM_IRC plus a bit for each enum irc_extra (proto/irc.h) */
    FORM_IRC_LAST = FORM_IRC + 31,
    FORMS
};

struct codec {
    bool hears_quits; /* its clients are told of a user who quits once (EVENT_QUIT), not room by room (EVENT_LEAVE) */
    /* Appends the event as whole lines; or nothing, if the form does not show it. `to` is the name of the client
     * that reads it, "" before it has one; NULL where many clients share the bytes. */
    void (*render)(struct buf *out, const struct event *ev, enum form form, const char *to);
    /* Whether a line that render wrote is something that was said (a message or an action, live, private or from the
     * history) by the user of that name, or in the room of that name (with its #); the name is folded. */
    bool (*is_said)(const char *line, size_t len, const char *key);
};

#endif
