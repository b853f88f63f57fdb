/* SPDX-License-Identifier: ISC */
/* The room is told of each thing that ends, as of a change by the server, so that what clients show stays true. */
#include "config.h"

#include "chat/lapse.h"

#include <stdlib.h>

static bool has_temporary_op_locked(const struct room *r)
{
    for (int i = 0; i < r->fanout.count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        if (ms->role >= ROLE_OP && rules_role(&r->rules, ms->member->account) < ROLE_OP)
            return true;
    }
    return false;
}

static void tell_locked(struct room *r, struct event *ev)
{
    ev->kind = EVENT_MODERATION;
    ev->room = r->name;
    ev->by = NAME_SERVER;
    room_rules_changed_locked(r);
    room_deliver_locked(r, ev, NULL);
}

void lapse_if_alone_locked(struct room *r)
{
    lock_assert_held(LOCK_ROOM);
    struct ban b;
    if (has_temporary_op_locked(r))
        return;
    for (int o = 0; o < OPTIONS; o++) {
        struct event ev = {.moderation = MODERATION_SET, .option = (enum option)o, .value = r->rules.kept[o]};
        if (!rules_lapse_option(&r->rules, (enum option)o))
            continue;
        tell_locked(r, &ev);
        if (ev.value && rules_is_bar(ev.option))
            r->barred_id = ev.id;
    }
    while (rules_lapse_ban(&r->rules, &b)) {
        struct event ev = {.moderation = b.kind == BAN_KIND_BAN ? MODERATION_UNBAN : MODERATION_UNMUTE,
                           .name = b.target.shown};
        tell_locked(r, &ev);
        free(b.reason);
    }
}
