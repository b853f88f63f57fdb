/* SPDX-License-Identifier: ISC */
#ifndef PROTO_EVENT_H
#define PROTO_EVENT_H

#include <stddef.h>
#include <stdint.h>

/*
 * What handlers speak: plain values, no bytes of any protocol. A codec makes lines of them. All strings are borrowed
 * for the time of the call. Any thread.
 */
enum error_code {
    ERROR_NONE,
#define ERROR(name, message, when) ERROR_##name,
#include "tbl/errors.h"
#undef ERROR
    ERRORS
};

enum event_kind {
    EVENT_NONE,
    /* answers: to the asker alone */
    EVENT_WELCOME,   /* name */
    EVENT_JOINED,    /* room, number: who was there before */
    EVENT_LEFT,      /* room */
    EVENT_SENT,
    EVENT_TOPIC_SET,
    EVENT_GOODBYE,
    EVENT_USERLIST,  /* items */
    EVENT_ROOMLIST,  /* items */
    EVENT_PONG,      /* text: the token, or NULL */
    EVENT_HELP,      /* text: syntax, more: what it does */
    EVENT_HIST,      /* room, id, time_ms, name, text: one message of the history */
    EVENT_HISTORY,   /* number: how many came before */
    EVENT_FOUND,     /* number: how many came before; text: why there may be more, or NULL */
    EVENT_ERROR,     /* error; text fills its %s */
    /* what happens in a room */
    EVENT_JOIN,      /* room, name */
    EVENT_LEAVE,     /* room, name */
    EVENT_SAID,      /* room, name, text */
    EVENT_TOPIC,     /* room, text: "" when there is none */
    /* to one, to all */
    EVENT_PRIVATE,   /* name: from whom, text */
    EVENT_NOTICE,    /* text */
    EVENTS
};

struct event {
    enum event_kind kind;
    enum error_code error;
    const char *room, *name, *text, *more;
    long number;
    const char *const *items;
    size_t item_count;
    uint64_t id;     /* room events: the number in the room, given at delivery */
    int64_t time_ms; /* the same: wall clock */
};

#endif
