/* SPDX-License-Identifier: ISC */
/* Rooms: looking at them, changing them, giving them an owner, and speaking in them. */
#include "config.h"

#include "ctl/admin_call.h"

#include "chat/accounts.h"
#include "chat/moderation.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "ctl/wire.h"
#include "serve/session.h"

#include <string.h>

/* ---- looking ---- */

static struct room_facts put_room_fields(struct room *r, struct buf *out)
{
    struct buf topic = {0};
    struct room_facts f = room_facts(r, &topic);
    wire_string(out, "room", r->name);
    wire_number(out, "members", f.members);
    wire_bool(out, "permanent", f.permanent);
    wire_time(out, "created", f.created_ms);
    wire_time(out, "last_used", f.used_ms);
    wire_string(out, "topic", buf_text(&topic));
    buf_fini(&topic);
    return f;
}

static void put_room(struct room *r, void *arg)
{
    struct buf *out = arg;
    wire_open(out);
    put_room_fields(r, out);
    wire_close(out);
}

const char *admin_rooms(struct admin_call *c)
{
    rooms_each(put_room, c->out, true);
    return NULL;
}

/* The number of the account that owns the room, or 0. */
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

/* Adds the fields for the owner and the rules of a room. */
static void put_rules(struct room *r, struct buf *out)
{
    struct account owner = {.name = ""};
    struct buf options = {0};
    char text[OPTION_TEXT];
    accounts_by_id(owner_of(r), &owner);
    lock_acquire(&r->lock);
    for (int o = 0; o < OPTIONS; o++) {
        const struct option_row *row = option_row((enum option)o);
        option_text((enum option)o, r->rules.value[o], text);
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

const char *admin_room_show(struct admin_call *c)
{
    const char *wrong;
    struct room *r = admin_call_room(c, &wrong);
    if (!r)
        return wrong;
    struct strv names = {0};
    struct buf users = {0};
    roster_names(r, &names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&users, "%s%s", i ? " " : "", names.v[i]);
    wire_open(c->out);
    struct room_facts f = put_room_fields(r, c->out);
    wire_string(c->out, "topic_by", f.topic_by);
    if (f.topic_ms)
        wire_time(c->out, "topic_set", f.topic_ms);
    put_rules(r, c->out);
    wire_string(c->out, "users", buf_text(&users));
    wire_close(c->out);
    rooms_release(r);
    buf_fini(&users);
    strv_fini(&names);
    return NULL;
}

/* ---- changing ---- */

static const char *told(struct admin_call *c, enum change_result result)
{
    switch (result) {
    case CHANGE_MADE:
        return NULL;
    case CHANGE_PENDING:
    case CHANGE_FAILED:
        return ADMIN_NOT_CHANGED;
    case CHANGE_EXISTS:
        return "the room is permanent already";
    case CHANGE_UNKNOWN:
        return admin_call_unknown_room(c);
    case CHANGE_OCCUPIED:
        return "there are users in the room; kick them first, or wait until it is empty";
    case CHANGE_FULL:
        return "rooms.max is reached and no room can be evicted; raise it, or delete a room";
    case CHANGE_LONG:
        return "the name is too long; see limits.name_bytes";
    }
    return "unknown result";
}

const char *admin_room_create(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = admin_call_room_name(c, name);
    return wrong ? wrong : told(c, change_create(name, &c->change, &c->notifier));
}

const char *admin_room_delete(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = admin_call_room_name(c, name);
    return wrong ? wrong : told(c, change_delete(name, &c->change, &c->notifier));
}

const char *admin_room_topic(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = admin_call_room_name(c, name);
    if (!wrong)
        wrong = admin_call_check_text(c, session_limits().topic);
    if (wrong)
        return wrong;
    return told(c, change_topic(name, strcmp(c->text, "-") == 0 ? "" : c->text, &c->change, &c->notifier));
}

static struct target target_of(const struct account *a)
{
    struct target target = {.account = a->id};
    memcpy(target.shown, a->name, sizeof a->name);
    name_fold(target.name, a->name);
    return target;
}

/* Gives the room to an account, or with NULL to nobody. The former owner becomes an op of the room. */
static enum moderation_result hand_over(struct room *r, const struct account *to, const struct moderator *by)
{
    struct account old;
    enum moderation_result result = MODERATION_DONE;
    int64_t owner = owner_of(r);
    if (owner && (!to || owner != to->id) && accounts_by_id(owner, &old)) {
        struct target target = target_of(&old);
        result = moderation_role(r, &(struct role_change){&target, ROLE_OP, MODERATION_KINDS}, by);
    }
    if (result == MODERATION_DONE && to && owner != to->id) {
        struct target target = target_of(to);
        result = moderation_role(r, &(struct role_change){&target, ROLE_OWNER, MODERATION_OWNER}, by);
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
        return "unknown account (chatctl user list shows all); to leave the room without an owner, give -";
    struct room *r = admin_call_room(c, &wrong);
    if (!r)
        return wrong;
    enum moderation_result result = hand_over(r, nobody ? NULL : &to, &by);
    rooms_release(r);
    if (result == MODERATION_FULL)
        return "the room has as many roles as rooms.roles allows; raise it, or remove a role (DEOP, DEVOICE)";
    return result == MODERATION_DONE ? NULL : ADMIN_NOT_CHANGED;
}

/* ---- speaking ---- */

const char *admin_say(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = admin_call_check_text(c, session_limits().text);
    if (wrong)
        return wrong;
    if (strcmp(c->word, "*") == 0) {
        struct event ev = {.kind = EVENT_ANNOUNCEMENT, .text = c->text};
        users_put_all(&ev);
        return NULL;
    }
    if ((wrong = admin_call_room_name(c, name)))
        return wrong;
    struct room *r = rooms_get(name);
    if (!r)
        return admin_call_unknown_room(c);
    struct waiter w = {.notifier = &c->notifier};
    enum talk result = talk_announce(r, c->text, &w);
    rooms_release(r);
    if (result == TALK_STORAGE)
        return ADMIN_NO_STORE "; the room is durable, so the message was not delivered";
    return result == TALK_SAID ? NULL : "the room is empty; the message was not delivered";
}
