/* SPDX-License-Identifier: ISC */
/* The way of an event to one client's outbox: it is rendered in the client's form and put, without any wait. */
#include "config.h"

#include "chat/member.h"

#include "base/panic.h"
#include "base/secret.h"
#include "chat/forgotten.h"
#include "net/post.h"

#include <stdio.h>
#include <stdlib.h>

void member_who(char who[MEMBER_WHO], const struct member *m)
{
    int64_t account = m ? m->account : 0;
    if (account)
        snprintf(who, MEMBER_WHO, "=%lld", (long long)account);
    else
        snprintf(who, MEMBER_WHO, "%s", !m ? "" : *m->host ? m->host : "loopback");
}

int64_t member_who_account(const char *who)
{
    return *who == '=' ? strtoll(who + 1, NULL, 10) : 0;
}

static bool is_said(enum event_kind kind)
{
    return kind == EVENT_SAID || kind == EVENT_ACTION || kind == EVENT_PRIVATE;
}

/* Takes the lines, which say this. NULL: there are none. */
static struct msg *message_of(struct buf *lines, enum event_kind kind)
{
    if (!lines->len) {
        buf_fini(lines);
        return NULL;
    }
    struct msg *msg = msg_new(lines->data, lines->len);
    msg->resendable = is_said(kind) ? msg->len : 0;
    msg->secret = kind == EVENT_TOKEN;
    if (msg->secret)
        secret_wipe(lines->data, lines->cap);
    buf_fini(lines);
    return msg;
}

struct msg *member_render(enum form form, const struct event *ev, const char *to)
{
    struct buf lines = {0};
    codecs_render(&lines, ev, form, to);
    return message_of(&lines, ev->kind);
}

int member_put(struct member *m, const struct event *ev)
{
    post_assert_settled();
    struct msg *msg = member_render((enum form)m->form, ev, m->name);
    int put = OUTBOX_TAKEN;
    if (msg) {
        put = outbox_put(m->outbox, msg);
        msg_unref(msg);
    }
    return put;
}

int member_put_shared(struct member *m, struct member_rendered *once)
{
    int form = m->form;
    post_assert_settled();
    if (!once->forms[form])
        once->forms[form] = member_render((enum form)form, once->ev, NULL);
    return once->forms[form] ? outbox_put(m->outbox, once->forms[form]) : OUTBOX_TAKEN;
}

void member_rendered_fini(struct member_rendered *once)
{
    for (int f = 0; f < FORMS; f++)
        if (once->forms[f])
            msg_unref(once->forms[f]);
}

void member_mark_answer(struct member *m, enum event_kind kind, struct buf *lines)
{
    if (m->on_answer && lines->len)
        m->on_answer(m, kind, lines);
}

void member_answer(struct member *m, const struct event *ev)
{
    struct buf lines = {0};
    post_assert_settled();
    codecs_render(&lines, ev, (enum form)m->form, m->name);
    member_mark_answer(m, ev->kind, &lines);
    struct msg *msg = message_of(&lines, ev->kind);
    if (msg) {
        outbox_answer(m->outbox, msg);
        msg_unref(msg);
    }
}

void member_answer_lines(struct member *m, const struct buf *lines)
{
    member_answer_said(m, lines, lines->len, msg_epoch());
}

void member_answer_said(struct member *m, const struct buf *lines, size_t resend_at, unsigned epoch)
{
    post_assert_settled();
    struct msg *msg = msg_new(lines->data, lines->len);
    msg->resendable = lines->len - resend_at;
    msg->epoch = epoch;
    outbox_answer(m->outbox, msg);
    msg_unref(msg);
    if (msg_epoch() != epoch) /* whoever has ended it may have looked through this outbox already */
        outbox_filter(m->outbox, forgotten_filter);
}

bool member_is_in(const struct member *m, const struct room *r)
{
    for (int i = 0; i < m->room_count; i++)
        if (m->rooms[i] == r)
            return true;
    return false;
}

void member_add_room(struct member *m, struct room *r)
{
    if (m->room_count == m->room_cap) {
        m->room_cap = m->room_cap ? m->room_cap * 2 : 2;
        m->rooms = panic_realloc(m->rooms, (size_t)m->room_cap * sizeof(struct room *));
    }
    m->rooms[m->room_count++] = r;
}

void member_remove_room(struct member *m, const struct room *r)
{
    int i;
    for (i = 0; i < m->room_count && m->rooms[i] != r; i++)
        ;
    must(i < m->room_count);
    for (m->room_count--; i < m->room_count; i++)
        m->rooms[i] = m->rooms[i + 1];
    if (m->current == r)
        m->current = NULL;
}
