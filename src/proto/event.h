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
    EVENT_RENAMED,   /* name */
    EVENT_JOINED,    /* room, number: who was there before */
    EVENT_LEFT,      /* room */
    EVENT_ACK,       /* id: of what was said */
    EVENT_SENT,
    EVENT_TOPIC_SET,
    EVENT_WELCOME_BACK, /* name */
    EVENT_TOKEN,        /* text */
    EVENT_REGISTERED,   /* name */
    EVENT_UNREGISTERED, /* name */
    EVENT_PASSWORD_SET,
    EVENT_SEEN,      /* name, time_ms */
    EVENT_SEEN_NOW,  /* name: is here */
    EVENT_GOODBYE,
    EVENT_USERLIST,  /* items */
    EVENT_ROOMLIST,  /* items */
    EVENT_CAPS,      /* items */
    EVENT_WHOIS,     /* name, items */
    EVENT_AWAY,      /* name, text: somebody asked for or written to is away */
    EVENT_AWAY_SET,
    EVENT_BACK,
    EVENT_IGNORING,  /* name */
    EVENT_UNIGNORED,   /* name: is ignored no more */
    EVENT_IGNORELIST, /* items */
    EVENT_PONG,      /* text: the token, or NULL */
    EVENT_HELP,      /* text: syntax, more: what it does */
    EVENT_HIST,      /* room, id, time_ms, name, text: one message of the history */
    EVENT_HIST_ACTION, /* the same, of what somebody did */
    EVENT_HISTORY,   /* number: how many came before */
    EVENT_OPTION,    /* room, name: an option, text: its value */
    EVENT_ROLE,      /* room, name, text: its role */
    EVENT_UNREAD,    /* room, number */
    EVENT_STORED,    /* name: for whom */
    EVENT_DONE,      /* verb, name, text: terms */
    EVENT_LISTED,    /* number, text: what was listed */
    EVENT_FOUND,     /* number: how many came before; text: why there may be more, or NULL */
    EVENT_ERROR,     /* error; text fills its %s */
    /* what happens in a room; from here on a line has tags, in a form with tags, if the event has a number */
    EVENT_JOIN,      /* room, name */
    EVENT_LEAVE,     /* room, name */
    EVENT_SAID,      /* room, name, text */
    EVENT_ACTION,    /* room, name, text: what name does */
    EVENT_TOPIC,     /* room, text: "" when there is none */
    EVENT_MODERATION,    /* room, verb, name: whom or what it is about, more: by whom, text: terms */
    /* to one, to all */
    EVENT_PRIVATE,   /* name: from whom, text, id, time_ms */
    EVENT_RENAME,    /* name: the old one, text: the new one, id, time_ms */
    EVENT_NOTICE,    /* text */
    EVENT_MAIL,      /* name: from whom, text, time_ms: when */
    EVENT_INVITE,    /* room, name: by whom */
    EVENTS
};

struct event {
    enum event_kind kind;
    enum error_code error;
    const char *room, *name, *text, *more, *verb;
    long number;
    const char *const *items;
    size_t item_count;
    uint64_t id;     /* room events: the number in the room, given at delivery; private ones: a number of their own */
    int64_t time_ms; /* the same: wall clock */
};

#endif
