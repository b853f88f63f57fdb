/* SPDX-License-Identifier: ISC */
/* Not obvious: a pair may get its next client at any moment, so each function reads the id first and acts on that
 * id only. */
#include "config.h"

#include "serve/clients.h"

#include "base/clock.h"
#include "base/panic.h"
#include "chat/users.h"

#include <stdlib.h>
#include <string.h>

/* A session has no deadline between two clients (serve/reader.c), so a deadline read after the id is that client's. */
static void check_deadline(struct pair *p, void *arg)
{
    struct session *s = p->user;
    struct pool_client client;
    int64_t now_ms = *(const int64_t *)arg;
    if (atomic_load(&s->deadline_ms) > now_ms || !pool_client(p, &client))
        return;
    if (atomic_load(&s->deadline_ms) <= now_ms)
        outbox_close_gen(p->outbox, client.id, (enum close_reason)atomic_load(&s->deadline_reason), NULL);
}

void clients_check_deadlines(void)
{
    int64_t now_ms = clock_ms();
    pool_each(check_deadline, &now_ms);
}

bool clients_view(struct pair *p, struct clients_view *view)
{
    struct session *s = p->user;
    if (!pool_client(p, &view->client))
        return false;
    view->queued = outbox_load(p->outbox);
    if (view->queued.gen != view->client.id)
        return false;
    users_name_of(&s->member, view->client.id, view->name);
    view->rooms = atomic_load_explicit(&s->room_count, memory_order_relaxed);
    view->tls_version = atomic_load(&s->tls_version);
    view->tls_cipher = view->tls_version ? atomic_load(&s->tls_cipher) : NULL;
    view->idle_ms = clock_ms() - atomic_load_explicit(&s->member.active_ms, memory_order_relaxed);
    return true;
}

struct kick {
    uint64_t id;
    const struct event *last_words;
    bool found;
};

static void kick_if(struct pair *p, void *arg)
{
    struct kick *k = arg;
    struct session *s = p->user;
    struct pool_client client;
    if (k->found || !pool_client(p, &client) || client.id != k->id)
        return;
    k->found = true;
    outbox_close_gen(p->outbox, k->id, CLOSE_KICK, member_render((enum form)s->member.form, k->last_words, NULL));
}

static struct event kicked(const char *reason)
{
    return (struct event){.kind = EVENT_ERROR, .error = ERROR_KICKED, .reason = reason ? reason : "by the operator"};
}

int clients_kick_user(const char *name, const char *reason, uint64_t **ids)
{
    struct event last_words = kicked(reason);
    *ids = NULL;
    return strlen(name) < NAME_SIZE ? users_kick(name, &last_words, ids) : 0;
}

int clients_kick(const char *who, const char *reason, uint64_t **ids)
{
    struct event last_words = kicked(reason);
    struct kick k = {.id = strtoull(who, NULL, 10), .last_words = &last_words};
    if (who[strspn(who, "0123456789")] == '\0') /* ids first, so that no name can shield another client */
        pool_each(kick_if, &k);
    if (!k.found)
        return clients_kick_user(who, reason, ids);
    *ids = panic_malloc(sizeof **ids);
    **ids = k.id;
    return 1;
}
