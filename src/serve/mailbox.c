/* SPDX-License-Identifier: ISC */
/* UNREAD, and the way of a message to somebody who is away. */
#include "config.h"

#include "serve/mailbox.h"

#include "base/counter.h"
#include "chat/accounts.h"
#include "chat/mail.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "serve/command.h"
#include "serve/login.h"

#include <string.h>

void mailbox_show(struct session *s)
{
    struct waiter w = login_waiter(s);
    struct buf lines = {0};
    s->mail_upto = mail_read(s->member.account, &s->member, (size_t)outbox_limits().bytes / 2, &lines, &w);
    if (lines.len)
        member_answer_lines(&s->member, &lines);
    s->mail_end = outbox_position(s->pair->outbox);
    buf_fini(&lines);
}

void mailbox_heard(struct session *s)
{
    int64_t upto = s->mail_upto;
    if (!upto || !outbox_acknowledged(s->pair->outbox, s->mail_end))
        return; /* a line that was sent before they came says nothing */
    s->mail_upto = 0;
    if (!s->member.account)
        return;
    post_settle();
    mail_forget(s->member.account, 0, upto);
    mailbox_show(s);
}

struct posting {
    struct session *s;
    const char *name, *text;
    bool is_account;
    struct account to;
    struct letter letter;
};

static void post(void *arg)
{
    struct posting *p = arg;
    p->is_account = accounts_find(p->name, &p->to);
    if (p->is_account)
        mail_put(&p->letter, p->to.id, p->s->member.name, p->text, p->s->member.notifier);
}

static void answer_posted(struct session *s, struct posting *p)
{
    struct waiter w = login_waiter(s);
    struct event stored = {.kind = EVENT_STORED, .name = p->to.name};
    switch (mail_wait(&p->letter, &w)) {
    case MAIL_KEPT:
        session_answer(s, &stored);
        counter_add(COUNTER_PRIVATE, 1);
        break;
    case MAIL_FULL:
        session_error(s, ERROR_MAILBOX_FULL, p->to.name);
        break;
    case MAIL_STORAGE:
        session_error(s, ERROR_STORAGE, NULL);
        break;
    }
}

bool mailbox_put(struct session *s, const char *name, const char *text)
{
    struct event sent = {.kind = EVENT_SENT};
    struct posting p = {.s = s, .name = name, .text = text};
    if (users_put(&s->member, name, text, post, &p)) {
        session_answer(s, &sent);
        counter_add(COUNTER_PRIVATE, 1);
        return true;
    }
    if (p.is_account)
        answer_posted(s, &p);
    return p.is_account;
}

/* ---- UNREAD ---- */

void mailbox_mark(struct session *s, const struct room *r, uint64_t id)
{
    if (s->member.account && id)
        mail_mark(s->member.account, r->key, id);
}

struct unread {
    struct session *s;
    struct buf lines;
    int n;
};

static void add_unread(const char *key, int unread, void *arg)
{
    struct unread *u = arg;
    struct session *s = u->s;
    struct room *r = rooms_find(key);
    if (!r)
        return;
    struct event ev = {.kind = EVENT_UNREAD, .room = r->name, .number = unread};
    if (unread && !member_is_in(&s->member, r) && room_may_look(r, &s->member)) {
        s->codec->render(&u->lines, &ev, (enum form)s->member.form);
        u->n++;
    }
    rooms_release(r);
}

void cmd_unread(struct session *s, const struct args *a)
{
    struct waiter w = login_waiter(s);
    struct unread u = {.s = s};
    (void)a;
    if (!s->member.account) {
        session_error(s, ERROR_NOT_REGISTERED, NULL);
    } else if (mail_unread(s->member.account, add_unread, &u, &w)) {
        struct event end = {.kind = EVENT_LISTED, .number = u.n, .text = "rooms"};
        s->codec->render(&u.lines, &end, (enum form)s->member.form);
        member_answer_lines(&s->member, &u.lines);
    } else {
        session_error(s, ERROR_STORAGE, NULL);
    }
    buf_fini(&u.lines);
}
