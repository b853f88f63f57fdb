/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_CALL_H
#define CTL_ADMIN_CALL_H

#include "base/buf.h"
#include "chat/change.h"
#include "chat/forget.h"
#include "chat/history.h"

#include <stdbool.h>

/*
 * One request to the console while it is carried out, and what its handlers share. Each console thread has one call,
 * which it uses again and again.
 */
struct room;

/* What the console needs from the roof. */
struct admin_hooks {
    /* Adds the listeners that have TLS, as one line of text. Any thread. */
    void (*tls_listeners)(struct buf *out);
    /* Asks the main thread to stop chatd; returns at once. Any thread. */
    void (*stop)(void);
};

struct admin_call {
    struct buf *out;                 /* borrows: rows go here, as ctl/wire.h writes them */
    char *word, *text;               /* borrow: the arguments, NULL if left out */
    const struct admin_hooks *hooks; /* borrows */
    struct notifier notifier;        /* of this thread */
    struct change change;            /* this and the next two: for jobs of the store, which may outlive the request */
    struct history_query query;
    struct forget forget;
    /* Sends the rows in `out` now and empties it, so that a long reply is never held in memory as a whole. False: the
     * client takes no more. Blocks, at most 30 seconds. */
    bool (*pass_on)(struct admin_call *c);
    int fd;                          /* for pass_on */
    struct buf error;                /* owns: a refusal made by admin_call_refuse */
};

/* A handler. Returns NULL: done; or the refusal, which is borrowed from the call or static. Any console thread; may
 * block, and flushes what it posts (net/post.h) before it waits. */
typedef const char *admin_fn(struct admin_call *c);

#define ADMIN(handler, verb, args, shape, syntax, help) admin_fn handler;
#include "tbl/admin.h"
#undef ADMIN

/* Begins every refusal for which the store is the reason; the text goes on with "; …". */
#define ADMIN_NO_STORE "storage unavailable (see chatctl status and the log)"
#define ADMIN_NOT_CHANGED ADMIN_NO_STORE "; nothing was changed"

/* The refusal of a command of shape LOCAL. */
#define ADMIN_BY_CHATCTL "chatctl does this itself; chatd has no part in it"

/* Makes a refusal, valid until the next request of this call. */
const char *admin_call_refuse(struct admin_call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Checks the text argument: UTF-8, not blank, at most `most` bytes. NULL, or the refusal. */
const char *admin_call_check_text(struct admin_call *c, int most);

/* Takes the word argument as the name of a room, with or without its #. NULL, or the refusal. */
const char *admin_call_room_name(struct admin_call *c, char name[NAME_SIZE]);

/* The refusal for a room that does not exist. */
const char *admin_call_unknown_room(struct admin_call *c);

/* The room that the word argument names, with a reference that the caller gives back by rooms_release; or NULL, with
 * the refusal in *wrong. */
struct room *admin_call_room(struct admin_call *c, const char **wrong);

#endif
