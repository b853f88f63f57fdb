/* SPDX-License-Identifier: ISC */
/* Not obvious: a pair may get its next client at any moment, so what is closed is that client's life of the outbox. */
#include "config.h"

#include "serve/banned.h"

#include "base/counter.h"
#include "base/log.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "net/post.h"

static bool is_banned(const struct member *m, struct refusal *no)
{
    struct network host;
    struct account own;
    const char *why;
    bool has_account = accounts_by_id(m->account, &own), has_host = network_read(m->host, &host, &why);
    const struct bans_subject su = {has_host ? &host.address : NULL, m->name, has_account ? own.name : NULL};
    return !bans_admit(BAN_KIND_BAN, &su, no);
}

/* Of a client that has no name yet. */
static void close_if_banned(struct pair *p, void *arg)
{
    struct session *s = p->user;
    struct pool_client client;
    struct refusal no = {0};
    int *closed = arg;
    if (!pool_client(p, &client) || bans_admit(BAN_KIND_BAN, &(struct bans_subject){.address = &client.key}, &no))
        return;
    struct event ev = refusal_event(&no);
    *closed += outbox_close_gen(p->outbox, client.id, CLOSE_BANNED,
                                member_render((enum form)s->member.form, &ev, NULL));
    buf_fini(&no.reason);
}

static int close_banned(void)
{
    post_settle();
    int closed = users_end_refused(is_banned, CLOSE_BANNED);
    pool_each(close_if_banned, &closed);
    return closed;
}

enum bans_result banned_add(const struct bans_entry *v, size_t n, const struct waiter *w, int *closed)
{
    char first[BANS_TEXT];
    enum bans_result result = bans_add(v, n, w);
    bool is_ban = v->kind == BAN_KIND_BAN;
    *closed = result == BANS_DONE && is_ban ? close_banned() : 0;
    if (result == BANS_DONE)
        log_info(is_ban ? "banned" : "muted", "targets=%zu first=%s by=%s sessions_closed=%d", n,
                 bans_target_text(&v->target, first), v->by, *closed);
    return result;
}

bool banned_admit_address(const struct session *s, struct refusal *no)
{
    const struct bans_subject su = {.address = &s->pair->arrival.peer.key};
    bool admits = bans_admit(BAN_KIND_BAN, &su, no);
    counter_add(COUNTER_REFUSED_BANNED, !admits);
    return admits;
}

void banned_close_own(struct session *s)
{
    struct refusal no = {0};
    if (banned_admit_address(s, &no))
        return;
    struct event ev = refusal_event(&no);
    outbox_close(s->member.outbox, CLOSE_BANNED, member_render((enum form)s->member.form, &ev, NULL));
    buf_fini(&no.reason);
}

bool banned_admit_name(const char *name, const char *account_name, struct refusal *no)
{
    const struct bans_subject su = {.name = name, .account_name = account_name};
    bool admits = bans_admit(BAN_KIND_BAN, &su, no);
    counter_add(COUNTER_REFUSED_BANNED, !admits);
    return admits;
}

bool banned_may_talk(const struct session *s, struct refusal *no)
{
    const struct bans_subject su = {&s->pair->arrival.peer.key, s->member.name, member_account_name(&s->member)};
    bool may = bans_admit(BAN_KIND_MUTE, &su, no);
    if (!may)
        counter_add(COUNTER_REFUSED_MUTED, 1);
    return may;
}
