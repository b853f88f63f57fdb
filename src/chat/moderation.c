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
#include "chat/lapse.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "proto/text.h"
#include "store/store_rules.h"
#include "store/store_tokens.h"

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
    if (mo->by->is_temporary) {
        j->committed(mo);
        return MODERATION_DONE;
    }
    return job_do(j, mo, &mo->by->waiter) && mo->room_exists ? MODERATION_DONE : MODERATION_STORAGE;
}

static const char *by_account(const struct moderator *by)
{
    return by->member ? member_account_name(by->member) : NULL;
}

/* Derives what follows from the changed rules, and tells the room. The room's lock is held. */
static void tell_locked(const struct moderation *mo, struct event *ev)
{
    ev->kind = EVENT_MODERATION;
    ev->room = mo->r->name;
    ev->by = mo->by->name;
    ev->by_account = by_account(mo->by);
    room_rules_changed_locked(mo->r);
    room_deliver_locked(mo->r, ev, mo->by->member);
}

/* ---- options ---- */

/* Whether the option is set so that it keeps out who may have been in the room before. */
static bool is_bar(const struct option_change *c)
{
    return c->value && rules_is_bar(c->option);
}

static int option_run(void *arg, sqlite3 *db)
{
    struct moderation *mo = arg;
    const struct option_change *c = mo->option;
    const struct option_row *row = option_row(c->option);
    char number[32];
    snprintf(number, sizeof number, "%ld", c->value);
    const char *value = row->kind == OPTION_IS_WORD ? c->key : number;
    int rc = store_rules_option(db, mo->r->key, row->name, c->value == row->default_value ? NULL : value,
                                &mo->room_exists);
    return rc == SQLITE_OK && is_bar(c) ? store_tokens_end_stays(db, mo->r->key) : rc;
}

static void option_committed(void *arg)
{
    const struct moderation *mo = arg;
    const struct option_change *c = mo->option;
    struct event ev = {.moderation = MODERATION_SET, .option = c->option, .value = c->value};
    if (!mo->room_exists)
        return;
    lock_acquire(&mo->r->lock);
    rules_set_option(&mo->r->rules, c->option, c->value, c->key, mo->by->is_temporary);
    tell_locked(mo, &ev);
    if (is_bar(c))
        mo->r->barred_id = ev.id;
    lock_release(&mo->r->lock);
    if (c->option == OPTION_RETENTION || c->option == OPTION_RETENTION_DAYS)
        retention_clean_up();
}

enum moderation_result moderation_set(struct room *r, const struct option_change *c, const struct moderator *by)
{
    static const struct job set = {option_run, option_committed};
    struct moderation mo = {.r = r, .by = by, .option = c};
    if (by->is_temporary && (c->option == OPTION_RETENTION || c->option == OPTION_RETENTION_DAYS))
        return MODERATION_TEMPORARY; /* what is deleted does not come back when the stay ends */
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
    if (c->target->account && !mo->by->is_temporary)
        rules_set_role(&mo->r->rules, c->target->account, c->role);
    roster_give_role_locked(mo->r, c->target, c->role, mo->by->is_temporary);
    if (c->told != MODERATION_KINDS)
        tell_locked(mo, &ev);
    lapse_if_alone_locked(mo->r); /* a temporary op may be none any more */
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
    if (by->is_temporary && room_account_role(r, c->target->account) != ROLE_NONE)
        return MODERATION_TEMPORARY;
    if (!c->target->account) {
        role_committed(&mo);
        return MODERATION_DONE;
    }
    return has_space_for_role(r, c->target->account) ? carry_out(&give, &mo) : MODERATION_FULL;
}

enum moderation_result moderation_invite(struct room *r, const struct target *target, const struct moderator *by)
{
    const struct role_change guest = {target, ROLE_GUEST, MODERATION_KINDS};
    if (!target->account || (by->is_temporary && target->client)) {
        lock_acquire(&r->lock);
        rules_invite_client(&r->rules, target->client);
        lock_release(&r->lock);
        return MODERATION_DONE;
    }
    if (by->is_temporary)
        return MODERATION_TEMPORARY;
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
    bool ended;
    int rc = store_rules_ban(db, mo->r->key, &row, date_sure_ms(), &mo->room_exists);
    if (rc == SQLITE_OK && b->kind == BAN_KIND_BAN && b->target.account)
        rc = store_tokens_end_stay(db, mo->r->key, b->target.account, &ended);
    return rc;
}

static void ban_committed(void *arg)
{
    struct moderation *mo = arg;
    struct ban *b = &mo->ban;
    bool removes = b->kind == BAN_KIND_BAN;
    struct event ev = {.kind = EVENT_MODERATION, .moderation = removes ? MODERATION_BAN : MODERATION_MUTE,
                       .room = mo->r->name, .by = mo->by->name, .by_account = by_account(mo->by),
                       .name = b->target.shown, .until_ms = b->until_ms, .reason = mo->reason};
    struct removal rm = {.target = &b->target, .by = mo->by->member, .always = true};
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
    mo.ban = (struct ban){c->kind, *c->target, c->until_ms, .reason = panic_strdup(c->reason),
                          .is_temporary = by->is_temporary};
    snprintf(mo.ban.by, sizeof mo.ban.by, "%s", by->name);
    lock_acquire(&r->lock);
    bool has_space = rules_has_space_for_ban(&r->rules, c->kind, c->target, date_sure_ms());
    bool shortens = by->is_temporary && rules_replaces_lasting(&r->rules, c->kind, c->target);
    lock_release(&r->lock);
    enum moderation_result result = shortens ? MODERATION_TEMPORARY : MODERATION_FULL;
    if (has_space && !shortens)
        result = carry_out(&ban, &mo);
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

/* Finds an entry, how its target is shown, and whether it is temporary. */
static bool find_ban(struct room *r, enum ban_kind kind, const struct target *target, struct ban *found)
{
    lock_acquire(&r->lock);
    const struct ban *b = rules_shown(&r->rules, kind, target->shown);
    if (!b)
        b = rules_against(&r->rules, kind, target);
    if (b) {
        memcpy(found->target.shown, b->target.shown, ADDRS_TEXT);
        found->is_temporary = b->is_temporary;
    }
    lock_release(&r->lock);
    return b != NULL;
}

enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target,
                                        const struct moderator *by)
{
    static const struct job unban = {unban_run, unban_committed};
    struct moderation mo = {.r = r, .by = by, .ban = {.kind = kind}};
    if (!find_ban(r, kind, target, &mo.ban))
        return MODERATION_UNKNOWN;
    return by->is_temporary && !mo.ban.is_temporary ? MODERATION_TEMPORARY : carry_out(&unban, &mo);
}

/* ---- kicks ---- */

/* The accounts that a kick hits: that of the target, and those of members who match it. */
struct kick {
    struct room *r;
    bool is_temporary; /* then invitations of accounts stay */
    int64_t *accounts; /* owns */
    int count;
    bool found;        /* an invitation, or a saved session */
};

/* True: a guest's account, whose role is its invitation. The room's lock is held. */
static bool is_guest_locked(const struct kick *k, int64_t account)
{
    return !k->is_temporary && rules_role(&k->r->rules, account) == ROLE_GUEST;
}

static int kick_run(void *arg, sqlite3 *db)
{
    struct kick *k = arg;
    int rc = SQLITE_OK;
    k->found = false;
    for (int i = 0; rc == SQLITE_OK && i < k->count; i++) {
        bool ended, there;
        rc = store_tokens_end_stay(db, k->r->key, k->accounts[i], &ended);
        lock_acquire(&k->r->lock);
        bool is_guest = is_guest_locked(k, k->accounts[i]);
        lock_release(&k->r->lock);
        if (rc == SQLITE_OK && is_guest)
            rc = store_rules_role(db, k->r->key, k->accounts[i], ROLE_NONE, &there);
        k->found = k->found || ended || is_guest;
    }
    return rc;
}

static void kick_committed(void *arg)
{
    const struct kick *k = arg;
    lock_acquire(&k->r->lock);
    for (int i = 0; i < k->count; i++)
        if (is_guest_locked(k, k->accounts[i]))
            rules_set_role(&k->r->rules, k->accounts[i], ROLE_NONE);
    lock_release(&k->r->lock);
}

static void note_accounts(struct kick *k, const struct target *target)
{
    lock_acquire(&k->r->lock);
    k->accounts = panic_calloc((size_t)k->r->fanout.count + 1, sizeof *k->accounts);
    if (target->account)
        k->accounts[k->count++] = target->account;
    for (int i = 0; i < k->r->fanout.count; i++) {
        const struct membership *ms = &k->r->fanout.members[i];
        int64_t account = ms->member->account;
        if (account && account != target->account && room_is_target_locked(k->r, target, ms))
            k->accounts[k->count++] = account;
    }
    lock_release(&k->r->lock);
}

/* Withdraws invitations and ends saved stays. MODERATION_UNKNOWN: there were none. */
static enum moderation_result end_stays(struct room *r, const struct target *target, const struct moderator *by)
{
    static const struct job kick = {kick_run, kick_committed};
    struct kick k = {.r = r, .is_temporary = by->is_temporary};
    note_accounts(&k, target);
    bool done = !k.count || job_do(&kick, &k, &by->waiter);
    free(k.accounts);
    lock_acquire(&r->lock);
    bool was_invited = target->client && rules_uninvite_client(&r->rules, target->client);
    lock_release(&r->lock);
    if (!done)
        return MODERATION_STORAGE;
    return was_invited || k.found ? MODERATION_DONE : MODERATION_UNKNOWN;
}

enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason,
                                       const struct moderator *by)
{
    struct event ev = {.kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = r->name, .name = target->shown,
                       .by = by->name, .by_account = by_account(by), .reason = reason};
    struct removal rm = {.target = target, .by = by->member};
    enum moderation_result ended = end_stays(r, target, by);
    return roster_remove(r, &rm, &ev) > 0 ? MODERATION_DONE : ended;
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
    rules_set_option(&r->rules, c.option, c.value, c.key, false);
    load_end(r);
}

static void load_role(const char *room, int64_t account, int role, void *arg)
{
    bool is_valid = account > 0 && role >= ROLE_GUEST && role <= ROLE_OWNER;
    struct room *r = is_valid ? load_begin(room, arg) : NULL;
    *(int *)arg += !is_valid;
    if (!r)
        return;
    rules_set_role(&r->rules, account, (enum role)role);
    load_end(r);
}

static bool is_address(const char *s)
{
    char text[ADDRS_TEXT];
    return addrs_read_key(s, text) && strcmp(text, s) == 0;
}

/* The file may be damaged or edited. */
static bool is_valid_ban(const struct ban_row *row)
{
    return (row->kind == BAN_KIND_BAN || row->kind == BAN_KIND_MUTE) && row->until_ms >= 0 &&
           (name_was_user(row->shown) || is_address(row->shown)) && (!*row->name || name_was_user(row->name)) &&
           (!*row->host || is_address(row->host)) &&
           (!*row->by || name_was_user(row->by) || strcmp(row->by, NAME_SERVER) == 0);
}

static void load_ban(const char *room, const struct ban_row *row, void *arg)
{
    struct ban b = {.kind = (enum ban_kind)row->kind, .until_ms = row->until_ms, .reason = panic_strdup(row->reason)};
    bool is_valid = is_valid_ban(row) && text_clean(b.reason, strlen(b.reason));
    struct room *r = is_valid ? load_begin(room, arg) : NULL;
    *(int *)arg += !is_valid;
    if (!r) {
        free(b.reason);
        return;
    }
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
        log_warn("rules_skipped", "rows=%d hint=\"the database has rules of unknown rooms, or invalid ones\"",
                 skipped);
    return 0;
}
