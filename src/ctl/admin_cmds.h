/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_CMDS_H
#define CTL_ADMIN_CMDS_H

#include "chat/change.h"
#include "chat/forget.h"
#include "chat/history.h"
#include "ctl/admin.h"

/* The handlers of tbl/admin.h. Console threads; a handler may block, and flushes what it posts before it waits. */
struct admin_call {
    struct buf *out;             /* rows go here, as ctl/wire.h writes them */
    char *word, *text;           /* arguments, NULL where not given */
    const struct admin_hooks *hooks;
    struct notifier notifier;            /* this thread's */
    struct change change;        /* this thread's */
    struct history_query query;  /* the same */
    struct forget forget;        /* the same */
    /* Sends the rows so far, so that a long answer is never held whole. False: nobody takes them any more. */
    bool (*pass_on)(struct admin_call *c);
    int fd;                      /* for pass_on */
    struct buf error;            /* for refusals that are made up */
};

/* The room that the call's word names, with a reference; or NULL, and *wrong is the refusal. */
struct room *admin_cmds_room(struct admin_call *c, const char **wrong);

/* What to say when the store cannot be asked. */
#define ADMIN_NO_STORE "storage unavailable: chatctl status and the log tell more"

/* NULL: done. Else the refusal, borrowed from the call or static. */
typedef const char *admin_fn(struct admin_call *c);

#define ADMIN(handler, verb, args, shape, syntax, help) admin_fn handler;
#include "tbl/admin.h"
#undef ADMIN

/* Adds the fields that tell how a room is run. */
void admin_rules_show(struct room *r, struct buf *out);

/* Days for which an invitation is good unless said otherwise. Any thread. */
void admin_users_configure(int invite_days);

/* The uptime counts from here. Before the first request. */
void admin_cmds_start(void);

/* Carries out a request line (writable, without its end) and writes the whole reply. Returns the verb, for the log. */
const char *admin_cmds_run(struct admin_call *c, char *line);

#endif
