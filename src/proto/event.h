/* SPDX-License-Identifier: ISC */
#ifndef PROTO_EVENT_H
#define PROTO_EVENT_H

#include "base/buf.h"
#include "proto/option.h"
#include "proto/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a client is told, as plain values and without a byte of any protocol: handlers and rooms make events, codecs
 * write them as lines. All strings are borrowed for the time of the call. Plain data; any thread.
 */
enum error_code {
    ERROR_NONE,
#define ERROR(name, message, when) ERROR_##name,
#include "tbl/errors.h"
#undef ERROR
    ERRORS
};

/* What an operator of a room did. */
enum moderation_kind {
    MODERATION_OWNER, /* by the server operator only */
    MODERATION_OP,
    MODERATION_DEOP,
    MODERATION_VOICE,
    MODERATION_DEVOICE,
    MODERATION_INVITE, /* in answers only: a room is not told */
    MODERATION_KICK,
    MODERATION_BAN,
    MODERATION_UNBAN,
    MODERATION_MUTE,
    MODERATION_UNMUTE,
    MODERATION_SET,
    MODERATION_KINDS
};

/* What chatd itself has to say to one client, tbl/notices.h. */
enum notice_code {
#define NOTICE(name, text, when) NOTICE_##name,
#include "tbl/notices.h"
#undef NOTICE
    NOTICES
};

/* Which list has ended. */
enum list_kind { LIST_OPTIONS, LIST_BANS, LIST_ROOMS, LIST_USERS, LIST_CERTIFICATES, LIST_SESSIONS, LIST_TALKS,
                 LIST_KINDS };

/* Why a search may have missed messages. */
enum search_limit { SEARCH_LIMIT_NONE, SEARCH_LIMIT_TIME, SEARCH_LIMIT_INDEX, SEARCH_LIMITS };

enum event_kind {
    EVENT_NONE,
    /* answers, to one client */
    EVENT_WELCOME,      /* name */
    EVENT_WELCOME_BACK, /* name */
    EVENT_RENAMED,      /* name, account_name, time_ms */
    EVENT_JOINED,       /* room, number: of other members, time_ms; name, account, realname: the recipient's own */
    EVENT_MEMBERS,      /* room, members; name, account_name, role: the recipient's own */
    EVENT_TOPIC_IS,     /* room, text: "" when there is none, by, time_ms: who set it, and when, if known */
    EVENT_PAST,         /* room, is_end: what was said before follows, or has ended */
    EVENT_LEFT,         /* room, name, account_name, reason, time_ms */
    EVENT_ACK,          /* id: of the message */
    EVENT_SENT,         /* id, time_ms: of the private message */
    EVENT_STORED,       /* the same; name: for whom it is stored */
    EVENT_TOPIC_SET,
    EVENT_TOPIC_INFO,   /* room, by, time_ms: who set its topic, and when */
    EVENT_TOKEN,        /* text */
    EVENT_REGISTERED,   /* name */
    EVENT_UNREGISTERED, /* name */
    EVENT_PASSWORD_SET,
    EVENT_CERTIFICATE,  /* text: its fingerprint, time_ms: when it was added, in_use: by the client, now */
    EVENT_CERTIFICATE_ADDED,   /* text: its fingerprint */
    EVENT_CERTIFICATE_REMOVED, /* the same */
    EVENT_SESSION,      /* id: the client's, name, text: its address, time_ms: of its arrival, number: idle seconds,
                           secure, is_web, in_use: it is the session that asks */
    EVENT_LOGGED_OUT,   /* id: of the session that was ended */
    EVENT_SEEN,         /* name, time_ms */
    EVENT_SEEN_NOW,     /* name: is online */
    EVENT_GOODBYE,
    EVENT_USERLIST,     /* items */
    EVENT_ROOMLIST,     /* items */
    EVENT_ROOM_INFO,    /* room, number: of its members, text: its topic, "" when there is none */
    EVENT_USER_INFO,    /* room, name, role, is_away */
    EVENT_CAPS,         /* items */
    EVENT_WHOIS,        /* name, time_ms: of its arrival, number: idle seconds, secure, items: rooms shared with the
                           client */
    EVENT_AWAY,         /* name, text: the user that was asked for or written to is away */
    EVENT_AWAY_SET,
    EVENT_BACK,
    EVENT_IGNORING,     /* name */
    EVENT_UNIGNORED,    /* name */
    EVENT_IGNORELIST,   /* items */
    EVENT_PONG,         /* text: the token, or NULL */
    EVENT_HELP,         /* name: the syntax, text: what the command does */
    EVENT_HIST,         /* room, id, time_ms, name, text: one message of the history */
    EVENT_HIST_ACTION,  /* the same, of an action */
    EVENT_HISTORY,      /* number: of messages in the answer */
    EVENT_FOUND,        /* number: of messages in the answer, search_limit */
    EVENT_OPTION,       /* room, option, value */
    EVENT_ROLE,         /* room, name, role */
    EVENT_BAN_ENTRY,    /* room, moderation: BAN or MUTE, name: user or address, by, until_ms, reason */
    EVENT_UNREAD,       /* room, number */
    EVENT_TALKS,        /* number: are the user's private messages kept? 0: it does not want it, 1: yes, 2: none are */
    EVENT_TALKS_SET,    /* number: 0 or 1 */
    EVENT_TALK,         /* room: '@' and the other user, time_ms: of the newest message */
    EVENT_LIST_END,     /* list, number: of entries */
    EVENT_MODERATED,    /* moderation; name or option and value, until_ms, reason: what the recipient has just done */
    EVENT_ERROR,        /* error; the values that its row in tbl/errors.h names */
    EVENT_NOTICE,       /* notice */
    /* what happens in a room; from here on an event may have a number (id) and a time */
    EVENT_JOIN,         /* room, name, account, realname, role: what the user may do there from the start */
    EVENT_LEAVE,        /* room, name, reason; quitting: the user leaves all rooms, and EVENT_QUIT follows */
    EVENT_SAID,         /* room, name, account, text, is_notice, tags */
    EVENT_ACTION,       /* the same: what the user does */
    EVENT_TO_ROLE,      /* the same as EVENT_SAID, to those who have that role or a higher one alone; role */
    EVENT_TOPIC,        /* room, text: the new one, "" when there is none, by, time_ms */
    EVENT_MODERATION,   /* room, moderation, by; name or option and value, until_ms, reason */
    EVENT_REMOVED,      /* room, name, by, reason: a user, by a kick or ban, which is told too */
    EVENT_TAGS,         /* room, or "" in private, name, account, tags: a sign that no text goes with */
    /* what happens to users */
    EVENT_QUIT,         /* name, reason: to each user who shared a room, once */
    EVENT_PRIVATE,      /* name: the sender, account, text, id, time_ms, is_notice, tags */
    EVENT_SENT_HERE,    /* name: the recipient, text, id, time_ms: what another session of the client's user has sent */
    EVENT_RENAME,       /* name: the old one, text: the new one, id, time_ms */
    EVENT_AWAY_CHANGED, /* name, account, is_away; text: its away text, "" when it is back or the text is not to be
                           shown; id, time_ms */
    EVENT_REALNAME,     /* name, account, text: its new real name, or ""; id, time_ms */
    EVENT_ACCOUNT_CHANGED, /* name, account_name: it is logged in to another account, or (NULL) to none; id, time_ms */
    EVENT_INVITED,      /* room, name: of the inviting user, text: of the invited one; id, time_ms */
    EVENT_ONLINE,       /* name, account_name: of a user who has taken a name that the client watches */
    EVENT_OFFLINE,      /* name: nobody has it any more */
    EVENT_READ_MARKER,  /* room (or the name of a user, for a private talk); time_ms: up to which the recipient
                           has read it, 0: not known */
    EVENT_ANNOUNCEMENT, /* text: a message from the operator to all users */
    EVENT_WALLOPS,      /* name, account_name, text, time_ms: what an operator tells the others; it fits into a line of
                           IRC */
    EVENT_MAIL,         /* name: the sender, text, id, time_ms: when it was sent */
    EVENT_INVITE,       /* room, name: of the inviting user, time_ms */
    EVENTS
};

/* What a client may want to hear of, tbl/wants.h. */
enum want {
#define WANT(name, kind) WANT_##name,
#include "tbl/wants.h"
#undef WANT
    WANTS
};

/* The want without which a client does not hear such an event; WANTS: all hear it. */
static inline enum want event_want(enum event_kind kind)
{
    switch (kind) {
#define WANT(name, kind)                                                                                               \
    case EVENT_##kind:                                                                                                 \
        return WANT_##name;
#include "tbl/wants.h"
#undef WANT
    default:
        return WANTS;
    }
}

/* One user in a room, as EVENT_MEMBERS shows it. */
struct event_member {
    const char *name; /* NULL: not to be shown */
    const char *account_name;
    enum role role;
};

struct event {
    enum event_kind kind;
    const char *room, *name, *text;
    int64_t account;     /* number of the account that `name` is logged in to; 0: none */
    const char *account_name; /* its name; NULL: none, or not known */
    const char *realname; /* of `name`; NULL or "": it has given none */
    uint64_t id;         /* room events: the number in the room, given at delivery; others: a number of their own */
    int64_t time_ms;     /* wall clock; of room events, given at delivery */
    long number;
    const char *by;      /* the user who did it; NULL or "": not known */
    const char *by_account; /* the name of that user's account; NULL: none, or not known */
    const char *reason;  /* NULL or "": none */
    int64_t until_ms;    /* wall clock; 0: without end */
    enum error_code error;
    enum moderation_kind moderation;
    enum option option;
    long value;          /* of the option */
    enum role role;
    enum notice_code notice;
    enum list_kind list;
    enum search_limit search_limit;
    const char *tags;    /* what programs tell each other beside the text, as message tags of IRC; NULL: nothing */
    const char *batch;   /* the reference of the batch that the line belongs to; NULL: none */
    bool is_notice;      /* the text is by a program, and other programs are not to answer */
    bool is_apart;       /* who says it hears it as an answer of its own, and not with what others say */
    bool is_past;        /* it was told before, and is shown again to a user who comes in */
    bool is_late;        /* it was said a while ago, and its reader could take it for something that is said now */
    bool is_end;
    bool quitting;
    bool in_use;         /* the client's connection has this certificate */
    bool is_away;        /* the user is */
    bool secure;         /* the connection is encrypted, or all of the user's are */
    bool is_web;         /* the connection is a WebSocket */
    const char *const *items;
    size_t item_count;
    /* members: `member(members, i)` for i below member_count */
    struct event_member (*member)(const void *members, size_t i);
    const void *members;
    size_t member_count;
};

/*
 * Why something was not done: an error, and the values that its row in tbl/errors.h names. Zero-initialise. The strings
 * but `reason` are borrowed from the arguments of the call that filled it, or from elsewhere as that call says.
 */
struct refusal {
    enum error_code error; /* ERROR_NONE: it was done */
    enum option option;    /* ERROR_DENIED of a join: the option that bars the user */
    const char *name;
    long number;
    int64_t until_ms;
    struct buf reason;     /* owns */
};

/* The error as an event. Borrows from `no`, which keeps what it owns. */
static inline struct event refusal_event(const struct refusal *no)
{
    return (struct event){.kind = EVENT_ERROR, .error = no->error, .option = no->option, .name = no->name,
                          .number = no->number, .until_ms = no->until_ms, .reason = buf_text(&no->reason)};
}

/* Sets the error, unless `no` is NULL. Returns false, so that a call that refuses can end with it. */
static inline bool refusal_set(struct refusal *no, enum error_code error)
{
    if (no)
        no->error = error;
    return false;
}

#endif
