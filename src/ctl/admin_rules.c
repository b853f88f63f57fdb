/* SPDX-License-Identifier: ISC */
/* The operator's hand on who runs a room: `room owner` of tbl/admin.h, and what `room show` tells of its rules. */
#include "config.h"

#include "ctl/admin_cmds.h"

#include "chat/accounts.h"
#include "chat/rooms.h"
#include "chat/moderation.h"
#include "ctl/wire.h"

#include <string.h>

/* The account that owns it, or 0. */
static int64_t owner_of(struct room *r)
{
    int64_t owner = 0;
    lock_acquire(&r->lock);
    for (int i = 0; i < r->rules.role_count; i++)
        if (r->rules.roles[i].role == ROLE_OWNER)
            owner = r->rules.roles[i].account;
    lock_release(&r->lock);
    return owner;
}

void admin_rules_show(struct room *r, struct buf *out)
{
    struct account owner = {.name = ""};
    struct buf options = {0};
    char text[RULES_KEY];
    accounts_by_id(owner_of(r), &owner);
    lock_acquire(&r->lock);
    for (int o = 0; o < OPTIONS; o++) {
        const struct option_row *row = option_row((enum option)o);
        rules_value_text((enum option)o, r->rules.value[o], text);
        if (r->rules.value[o] != row->default_value)
            buf_printf(&options, "%s%s=%s", options.len ? " " : "", row->name, text);
    }
    int roles = r->rules.role_count, bans = r->rules.ban_count;
    lock_release(&r->lock);
    wire_string(out, "owner", owner.name);
    wire_string(out, "options", buf_text(&options));
    wire_number(out, "roles", roles);
    wire_number(out, "bans_and_mutes", bans);
    buf_fini(&options);
}

static struct target whom_of(const struct account *a)
{
    struct target target = {.account = a->id};
    memcpy(target.shown, a->name, sizeof a->name);
    name_fold(target.name, a->name);
    return target;
}

/* Who owned it runs it still. */
static enum moderation_result hand_over(struct room *r, const struct account *to, const struct moderator *by)
{
    struct account old;
    enum moderation_result result = MODERATION_DONE;
    int64_t owner = owner_of(r);
    if (owner && (!to || owner != to->id) && accounts_by_id(owner, &old)) {
        struct target target = whom_of(&old);
        result = moderation_role(r, &target, ROLE_OP, NULL, by);
    }
    if (result == MODERATION_DONE && to && owner != to->id) {
        struct target target = whom_of(to);
        result = moderation_role(r, &target, ROLE_OWNER, "OWNER", by);
    }
    return result;
}

const char *admin_room_owner(struct admin_call *c)
{
    struct moderator by = {.name = NAME_SERVER, .waiter = {.notifier = &c->notifier}};
    struct account to;
    const char *wrong;
    bool nobody = strcmp(c->text, "-") == 0;
    if (!nobody && !(name_was_user(c->text) && accounts_find(c->text, &to)))
        return "nobody has registered that name (chatctl user list shows who has); - takes the room from its owner";
    struct room *r = admin_cmds_room(c, &wrong);
    if (!r)
        return wrong;
    enum moderation_result result = hand_over(r, nobody ? NULL : &to, &by);
    rooms_release(r);
    if (result == MODERATION_FULL)
        return "the room has as many roles as rooms.roles allows";
    return result == MODERATION_DONE ? NULL : "storage unavailable: nothing was changed; chatctl status and the log tell more";
}
