/* SPDX-License-Identifier: ISC */
/*
 * Changes come in from handlers and go to the store as jobs. Not obvious: a limit is checked when a change is put, so
 * several changes on the way at once can pass it; what is on disk is in force.
 */
#include "config.h"

#include "chat/moderation.h"

#include "base/date.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/job.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "store/store_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One change on its way. */
struct moderation {
    struct room *r;
    const struct moderator *by;
    const struct option_change *option;
    const struct role_change *role;
    struct ban ban;     /* .reason: ban_committed hands it on */
    const char *reason; /* the same, borrowed */
    bool room_exists;   /* on disk; else nothing was written */
};

static enum moderation_result carry_out(const struct job *j, struct moderation *mo)
{
    mo->room_exists = true;
    return job_do(j, mo, &mo->by->waiter) && mo->room_exists ? MODERATION_DONE : MODERATION_STORAGE;
}

/* Derives what follows from the changed rules, and tells the room. The room's lock is held. */
static void tell_locked(const struct moderation *mo, struct event *ev)
{
    ev->kind = EVENT_MODERATION;
    ev->room = mo->r->name;
    ev->by = mo->by->name;
    room_rules_changed_locked(mo->r);
    room_deliver_locked(mo->r, ev, mo->by->member);
}

/* ---- options ---- */

static int option_run(void *arg, sqlite3 *db)
{
    struct moderation *mo = arg;
    const struct option_change *c = mo->option;
    const struct option_row *row = option_row(c->option);
    char number[32];
    snprintf(number, sizeof number, "%ld", c->value);
    const char *value = row->kind == OPTION_IS_WORD ? c->key : number;
    return store_rules_option(db, mo->r->key, row->name, c->value == row->default_value ? NULL : value,
                              &mo->room_exists);
}

static void set_option_locked(struct room *r, const struct option_change *c)
{
    r->rules.value[c->option] = c->value;
    r->rules.changes++;
    if (option_row(c->option)->kind == OPTION_IS_WORD)
        snprintf(r->rules.key, sizeof r->rules.key, "%s", c->key);
}

static void option_committed(void *arg)
{
    const struct moderation *mo = arg;
    const struct option_change *c = mo->option;
    struct event ev = {.moderation = MODERATION_SET, .option = c->option, .value = c->value};
    if (!mo->room_exists)
        return;
    lock_acquire(&mo->r->lock);
    set_option_locked(mo->r, c);
    tell_locked(mo, &ev);
    lock_release(&mo->r->lock);
    if (c->option == OPTION_RETENTION || c->option == OPTION_RETENTION_DAYS)
        retention_clean_up();
}

enum moderation_result moderation_set(struct room *r, const struct option_change *c, const struct moderator *by)
{
    static const struct job set = {option_run, option_committed};
    struct moderation mo = {.r = r, .by = by, .option = c};
    return carry_out(&set, &mo);
}

/* ---- roles ---- */

static int role_run(void *arg, sqlite3 *db)
{
    struct moderation *mo = arg;
    return store_rules_role(db, mo->r->key, mo->role->target->account, mo->role->role, &mo->room_exists);
}

static void role_committed(void *arg)
{
    const struct moderation *mo = arg;
    const struct role_change *c = mo->role;
    struct event ev = {.moderation = c->told, .name = c->target->shown, .role = c->role};
    if (!mo->room_exists)
        return;
    lock_acquire(&mo->r->lock);
    if (c->target->account)
        rules_set_role(&mo->r->rules, c->target->account, c->role);
    roster_give_role_locked(mo->r, c->target, c->role);
    if (c->told != MODERATION_KINDS)
        tell_locked(mo, &ev);
    lock_release(&mo->r->lock);
}

static bool has_space_for_role(struct room *r, int64_t account)
{
    lock_acquire(&r->lock);
    bool has = rules_has_space_for_role(&r->rules, account);
    lock_release(&r->lock);
    return has;
}

enum moderation_result moderation_role(struct room *r, const struct role_change *c, const struct moderator *by)
{
    static const struct job give = {role_run, role_committed};
    struct moderation mo = {.r = r, .by = by, .role = c, .room_exists = true};
    if (!c->target->account) {
        role_committed(&mo);
        return MODERATION_DONE;
    }
    return has_space_for_role(r, c->target->account) ? carry_out(&give, &mo) : MODERATION_FULL;
}

enum moderation_result moderation_invite(struct room *r, const struct target *target, const struct moderator *by)
{
    const struct role_change guest = {target, ROLE_GUEST, MODERATION_KINDS};
    if (!target->account) {
        lock_acquire(&r->lock);
        rules_invite_client(&r->rules, target->client);
        lock_release(&r->lock);
        return MODERATION_DONE;
    }
    return room_role_of(r, target) >= ROLE_GUEST ? MODERATION_DONE : moderation_role(r, &guest, by);
}

/* ---- bans and mutes ---- */

static int ban_run(void *arg, sqlite3 *db)
{
    struct moderation *mo = arg;
    const struct ban *b = &mo->ban;
    struct ban_row row = {
        .kind = (int)b->kind,
        .shown = b->target.shown,
        .account = b->target.account,
        .name = b->target.name,
        .host = b->target.host,
        .until_ms = b->until_ms,
        .reason = mo->reason,
        .by = b->by,
    };
    return store_rules_ban(db, mo->r->key, &row, date_sure_ms(), &mo->room_exists);
}

static void ban_committed(void *arg)
{
    struct moderation *mo = arg;
    struct ban *b = &mo->ban;
    bool removes = b->kind == BAN_KIND_BAN;
    struct event ev = {.kind = EVENT_MODERATION, .moderation = removes ? MODERATION_BAN : MODERATION_MUTE,
                       .room = mo->r->name, .by = mo->by->name, .name = b->target.shown, .until_ms = b->until_ms,
                       .reason = mo->reason};
    struct removal rm = {.target = &b->target, .except = mo->by->member, .always = true};
    if (!mo->room_exists)
        return;
    lock_acquire(&mo->r->lock);
    rules_ban(&mo->r->rules, b, date_sure_ms());
    b->reason = NULL; /* handed on */
    room_rules_changed_locked(mo->r);
    if (!removes)
        tell_locked(mo, &ev);
    lock_release(&mo->r->lock);
    if (removes)
        roster_remove(mo->r, &rm, &ev);
}

enum moderation_result moderation_ban(struct room *r, const struct ban_change *c, const struct moderator *by)
{
    static const struct job ban = {ban_run, ban_committed};
    struct moderation mo = {.r = r, .by = by, .reason = c->reason};
    mo.ban = (struct ban){c->kind, *c->target, c->until_ms, .reason = panic_strdup(c->reason)};
    snprintf(mo.ban.by, sizeof mo.ban.by, "%s", by->name);
    lock_acquire(&r->lock);
    bool has_space = rules_has_space_for_ban(&r->rules, c->kind, c->target, date_sure_ms());
    lock_release(&r->lock);
    enum moderation_result result = has_space ? carry_out(&ban, &mo) : MODERATION_FULL;
    free(mo.ban.reason);
    return result;
}

static int unban_run(void *arg, sqlite3 *db)
{
    struct moderation *mo = arg;
    return store_rules_unban(db, mo->r->key, (int)mo->ban.kind, mo->ban.target.shown);
}

static void unban_committed(void *arg)
{
    const struct moderation *mo = arg;
    const struct ban *b = &mo->ban;
    struct event ev = {.moderation = b->kind == BAN_KIND_BAN ? MODERATION_UNBAN : MODERATION_UNMUTE,
                       .name = b->target.shown};
    lock_acquire(&mo->r->lock);
    if (rules_unban(&mo->r->rules, b->kind, b->target.shown))
        tell_locked(mo, &ev);
    lock_release(&mo->r->lock);
}

/* Finds an entry, and how its target is shown. */
static bool find_ban(struct room *r, enum ban_kind kind, const struct target *target, char shown[ADDRS_TEXT])
{
    lock_acquire(&r->lock);
    const struct ban *b = rules_shown(&r->rules, kind, target->shown);
    if (!b)
        b = rules_against(&r->rules, kind, target);
    if (b)
        memcpy(shown, b->target.shown, ADDRS_TEXT);
    lock_release(&r->lock);
    return b != NULL;
}

enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target,
                                        const struct moderator *by)
{
    static const struct job unban = {unban_run, unban_committed};
    struct moderation mo = {.r = r, .by = by, .ban = {.kind = kind}};
    return find_ban(r, kind, target, mo.ban.target.shown) ? carry_out(&unban, &mo) : MODERATION_UNKNOWN;
}

/* ---- kicks ---- */

/* Withdraws the invitation of an account or of a client. MODERATION_UNKNOWN: there was none. */
static enum moderation_result uninvite(struct room *r, const struct target *target, const struct moderator *by)
{
    const struct role_change none = {target, ROLE_NONE, MODERATION_KINDS};
    lock_acquire(&r->lock);
    bool is_guest = rules_role(&r->rules, target->account) == ROLE_GUEST;
    bool was_invited = target->client && rules_uninvite_client(&r->rules, target->client);
    lock_release(&r->lock);
    if (is_guest)
        return moderation_role(r, &none, by);
    return was_invited ? MODERATION_DONE : MODERATION_UNKNOWN;
}

enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason,
                                       const struct moderator *by)
{
    struct event ev = {.kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = r->name, .name = target->shown,
                       .by = by->name, .reason = reason};
    struct removal rm = {.target = target, .except = by->member};
    enum moderation_result invited = uninvite(r, target, by);
    if (invited == MODERATION_STORAGE)
        return invited;
    return roster_remove(r, &rm, &ev) > 0 ? MODERATION_DONE : invited;
}

/* ---- loading ---- */

/* The room of a row, with a reference and its lock held. NULL: unknown, and counted. load_end must follow. */
static struct room *load_begin(const char *room, int *skipped)
{
    struct room *r = name_is_room(room) ? rooms_get(room) : NULL;
    *skipped += !r;
    if (r)
        lock_acquire(&r->lock);
    return r;
}

static void load_end(struct room *r)
{
    room_rules_changed_locked(r);
    lock_release(&r->lock);
    rooms_release(r);
}

static void load_option(const char *room, const char *option, const char *value, void *arg)
{
    char key[OPTION_TEXT];
    struct option_change c = {option_named(option), 1, key};
    bool is_valid = c.option < OPTIONS && option_read_stored(c.option, value, &c.value, key);
    struct room *r = is_valid ? load_begin(room, arg) : NULL;
    *(int *)arg += !is_valid;
    if (!r)
        return;
    set_option_locked(r, &c);
    load_end(r);
}

static void load_role(const char *room, int64_t account, int role, void *arg)
{
    struct room *r = load_begin(room, arg);
    if (!r)
        return;
    rules_set_role(&r->rules, account, (enum role)role);
    load_end(r);
}

static void load_ban(const char *room, const struct ban_row *row, void *arg)
{
    struct ban b = {.kind = (enum ban_kind)row->kind, .until_ms = row->until_ms};
    struct room *r = load_begin(room, arg);
    if (!r)
        return;
    b.reason = panic_strdup(row->reason);
    b.target.account = row->account;
    snprintf(b.target.shown, sizeof b.target.shown, "%s", row->shown);
    snprintf(b.target.name, sizeof b.target.name, "%s", row->name);
    snprintf(b.target.host, sizeof b.target.host, "%s", row->host);
    snprintf(b.by, sizeof b.by, "%s", row->by);
    rules_ban(&r->rules, &b, date_sure_ms());
    load_end(r);
}

int moderation_load(char error[STORE_ERROR])
{
    static const struct rules_loader to = {load_option, load_role, load_ban};
    int skipped = 0;
    if (store_rules_load(store_connection(), &to, &skipped) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the rules of rooms: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (skipped)
        log_warn("rules_skipped", "rows=%d hint=\"the database has rules of unknown rooms, or unknown options\"",
                 skipped);
    return 0;
}
