/* SPDX-License-Identifier: ISC */
/* Not obvious: a message is queued for the store under the same hold of the users lock that did not find its reader,
 * so a user who logs in a moment later is shown it. */
#include "config.h"

#include "serve/mailbox.h"

#include "base/counter.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/dialogues.h"
#include "chat/forgotten.h"
#include "chat/mail.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "net/post.h"
#include "serve/backpressure.h"
#include "serve/banned.h"

#include <stdlib.h>
#include <string.h>

void mailbox_show(struct session *s)
{
    struct waiter w = session_waiter(s);
    struct buf lines = {0};
    unsigned epoch = msg_epoch();
    s->mail_upto = mail_read(s->member.account, &s->member, outbox_answer_bytes(), &lines, &w);
    session_answer_read(s, &lines, epoch);
    s->mail_end = outbox_position(s->member.outbox);
}

void mailbox_heard(struct session *s)
{
    int64_t upto = s->mail_upto;
    if (!upto || !outbox_acknowledged(s->member.outbox, s->mail_end))
        return; /* the line may have been sent before they arrived */
    s->mail_upto = 0;
    if (!s->member.account)
        return;
    post_settle();
    mail_forget(s->member.account, 0, upto);
    mailbox_show(s);
}

/* ---- what has not arrived ---- */

struct undelivered {
    struct msg **v; /* owns, and a reference to each */
    size_t n, cap;
};

static void add_undelivered(struct msg *m, void *arg)
{
    struct undelivered *u = arg;
    if (u->n == u->cap) {
        u->cap = u->cap ? u->cap * 2 : 16;
        u->v = panic_realloc(u->v, u->cap * sizeof *u->v);
    }
    u->v[u->n++] = msg_ref(m);
}

/* To another session of the account, or into its mailbox. What another session has is kept for who resumes this one. */
static void hand_on(struct member *m, const struct undelivered *u, struct buf *lines)
{
    bool *others_have = panic_calloc(u->n + 1, sizeof *others_have);
    users_bequeath(m, u->v, others_have, u->n);
    post_flush();
    for (size_t i = 0; lines && i < u->n; i++)
        if (others_have[i])
            forgotten_filter(lines, u->v[i]->data, u->v[i]->len, u->v[i]->epoch);
    free(others_have);
}

bool mailbox_has_undelivered(struct session *s)
{
    return s->member.account && !outbox_noted_arrived(s->member.outbox);
}

void mailbox_store_undelivered(struct session *s, struct buf *lines)
{
    struct undelivered u = {0};
    struct tail_rest rest = {.filter = forgotten_filter, .lines = lines, .noted = add_undelivered, .arg = &u};
    outbox_end_tail(s->member.outbox, &rest);
    if (s->member.account)
        hand_on(&s->member, &u, lines);
    for (size_t i = 0; i < u.n; i++)
        msg_unref(u.v[i]);
    free(u.v);
}

/* ---- sending ---- */

struct sending {
    struct session *s;
    const char *name;
    const struct event *said;
    struct users_receipt receipt;
    bool is_account;
    struct account to;
    struct mail_job mail;
};

/* Nobody online has the name. The users lock is held. */
static void store(void *arg)
{
    struct sending *p = arg;
    struct mail_row row = {.kind = MAIL_PRIVATE, .text = p->said->text, .id = p->receipt.id,
                           .time_ms = p->receipt.time_ms};
    p->is_account = accounts_find(p->name, &p->to);
    if (p->is_account)
        mail_put(&p->mail, p->to.id, &p->s->member, &row);
}

static enum mailbox wait_until_stored(struct session *s, struct sending *p, char as_written[NAME_SIZE],
                                      struct refusal *no)
{
    static const enum error_code errors[] = {
        [MAIL_KEPT] = ERROR_NONE, [MAIL_FULL] = ERROR_MAILBOX_FULL, [MAIL_SHARE] = ERROR_TOO_MUCH_MAIL,
        [MAIL_STORAGE] = ERROR_STORAGE};
    struct waiter w = session_waiter(s);
    memcpy(as_written, p->to.name, NAME_SIZE);
    p->receipt.account = p->to.id;
    no->error = errors[mail_wait(&p->mail, &w)];
    no->name = as_written;
    no->number = mail_share();
    counter_add(COUNTER_MAIL_REFUSED, no->error == ERROR_MAILBOX_FULL || no->error == ERROR_TOO_MUCH_MAIL);
    return no->error == ERROR_NONE ? MAILBOX_STORED : MAILBOX_REFUSED;
}

static enum mailbox try_to_send(struct session *s, struct sending *p, char as_written[NAME_SIZE], struct refusal *no)
{
    if (!name_was_user(p->name))
        no->error = ERROR_USER_NOT_FOUND;
    else if (users_put(&s->member, p->name, p->said, store, p, &p->receipt))
        return MAILBOX_SENT;
    else if (p->is_account)
        return wait_until_stored(s, p, as_written, no);
    no->error = ERROR_USER_NOT_FOUND;
    return MAILBOX_REFUSED;
}

enum mailbox mailbox_send(struct session *s, const char *name, const struct event *said,
                          struct mailbox_receipt *receipt, struct refusal *no)
{
    struct sending p = {.s = s, .name = name, .said = said};
    if (!banned_may_talk(s, no))
        return MAILBOX_REFUSED;
    if (!backpressure_wait_kept(s))
        return MAILBOX_REFUSED; /* over: nobody reads the answer */
    enum mailbox result = try_to_send(s, &p, receipt->as_written, no);
    struct event sent = {.kind = EVENT_PRIVATE, .name = s->member.name, .text = said->text, .id = p.receipt.id,
                         .time_ms = p.receipt.time_ms};
    receipt->id = sent.id;
    receipt->time_ms = sent.time_ms;
    if (result == MAILBOX_STORED)
        users_show_sent(&s->member, receipt->as_written, said->text, &p.receipt);
    if (result != MAILBOX_REFUSED)
        dialogues_add(&s->member, p.receipt.account, &sent);
    counter_add(COUNTER_PRIVATE, result != MAILBOX_REFUSED);
    return result;
}

/* ---- UNREAD ---- */

struct unread {
    struct session *s;
    void (*fn)(const struct room *r, int unread, void *arg);
    void *arg;
};

static void show_unread(const char *key, int unread, void *arg)
{
    struct unread *u = arg;
    struct room *r = rooms_get(key);
    if (!r)
        return;
    if (unread && !member_is_in(&u->s->member, r) && room_may_see(r, &u->s->member))
        u->fn(r, unread, u->arg);
    rooms_release(r);
}

bool mailbox_unread(struct session *s, void (*fn)(const struct room *r, int unread, void *arg), void *arg,
                    struct refusal *no)
{
    static const enum error_code errors[] = {
        [UNREAD_DONE] = ERROR_NONE, [UNREAD_BUSY] = ERROR_BUSY, [UNREAD_STORAGE] = ERROR_STORAGE};
    struct waiter w = session_waiter(s);
    struct unread u = {s, fn, arg};
    if (!s->member.account)
        no->error = ERROR_NOT_REGISTERED;
    else
        no->error = errors[mail_unread(s->member.account, show_unread, &u, &w)];
    return no->error == ERROR_NONE;
}
