/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "chat/settings.h"

#include "base/clock.h"
#include "base/panic.h"
#include "chat/accounts.h"

static int list_bans_locked(struct room *r, settings_fn *fn, void *arg)
{
    int64_t now_ms = clock_wall_ms();
    int n = 0;
    for (int i = 0; i < r->rules.ban_count; i++) {
        const struct ban *b = &r->rules.bans[i];
        struct event ev = {.kind = EVENT_BAN_ENTRY, .room = r->name, .name = b->target.shown, .by = b->by,
                           .moderation = b->kind == BAN_KIND_BAN ? MODERATION_BAN : MODERATION_MUTE,
                           .until_ms = b->until_ms, .reason = b->reason};
        if (rules_has_expired(b, now_ms))
            continue;
        fn(&ev, arg);
        n++;
    }
    return n;
}

static void list_option_values_locked(struct room *r, settings_fn *fn, void *arg)
{
    for (int o = 0; o < OPTIONS; o++) {
        struct event ev = {.kind = EVENT_OPTION, .room = r->name, .option = (enum option)o,
                           .value = r->rules.value[o]};
        fn(&ev, arg);
    }
}

/* The highest role that a member has for its stay and with this account. */
static enum role stay_role_locked(const struct room *r, int64_t account)
{
    enum role most = ROLE_NONE;
    for (int i = 0; i < r->fanout.count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        if (ms->role > most && ms->member->account == account)
            most = ms->role;
    }
    return most;
}

static bool has_stay_roles_locked(const struct room *r)
{
    int i = 0;
    while (i < r->fanout.count && r->fanout.members[i].role <= ROLE_GUEST)
        i++;
    return i < r->fanout.count;
}

static void list_account_roles_locked(struct room *r, settings_fn *fn, void *arg)
{
    bool has_stay_roles = has_stay_roles_locked(r);
    for (int i = 0; i < r->rules.role_count; i++) {
        const struct rules_role *role = &r->rules.roles[i];
        struct account owner;
        struct event ev = {.kind = EVENT_ROLE, .room = r->name, .name = owner.name, .role = role->role};
        if (has_stay_roles && stay_role_locked(r, role->account) > role->role)
            continue; /* listed below */
        if (accounts_by_id(role->account, &owner))
            fn(&ev, arg);
    }
}

/* Roles that last as long as a member stays, where its account has no such role. */
static void list_member_roles_locked(struct room *r, settings_fn *fn, void *arg)
{
    for (int i = 0; i < r->fanout.count; i++) {
        const struct membership *ms = &r->fanout.members[i];
        struct event ev = {.kind = EVENT_ROLE, .room = r->name, .name = ms->name, .role = ms->role};
        if (!ms->is_twin && ms->role > ROLE_GUEST && ms->role > rules_role(&r->rules, ms->member->account))
            fn(&ev, arg);
    }
}

int settings_list_locked(struct room *r, enum list_kind list, settings_fn *fn, void *arg)
{
    must(list == LIST_BANS || list == LIST_OPTIONS);
    if (list == LIST_BANS)
        return list_bans_locked(r, fn, arg);
    list_option_values_locked(r, fn, arg);
    list_account_roles_locked(r, fn, arg);
    list_member_roles_locked(r, fn, arg);
    return OPTIONS;
}

int settings_list(struct room *r, enum list_kind list, settings_fn *fn, void *arg)
{
    lock_acquire(&r->lock);
    int n = settings_list_locked(r, list, fn, arg);
    lock_release(&r->lock);
    return n;
}
