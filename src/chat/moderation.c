/* SPDX-License-Identifier: ISC */
/*
 * Changes come in from handlers and leave as jobs for the store. Not obvious: a limit is checked when a change is put,
 * so changes that are in the queue at the same time may exceed it; what is on disk is in force.
 */
#include "config.h"

#include "chat/moderation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/job.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "store/store_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One change in the queue. */
struct moderation {
    struct room *r;
    const struct moderator *by;
    const char *verb;
    enum option option;
    long value;
    const char *word;
    const struct target *target;
    enum role role;
    uint64_t client;
    struct ban ban; /* .reason is taken over by ban_committed */
    const char *reason;
    bool there; /* the room is on disk */
};

static enum moderation_result carry_out(const struct job *e, struct moderation *d)
{
    d->there = true;
    return job_do(e, d, &d->by->waiter) && d->there ? MODERATION_DONE : MODERATION_STORAGE;
}

/* After a change of the rules: derives what depends on them and tells the room. The room's lock is held. */
static void tell_locked(const struct moderation *d, const char *verb, const char *name, const char *terms)
{
    struct event ev = {.kind = EVENT_MODERATION, .room = d->r->name, .verb = verb, .name = name, .more = d->by->name,
                       .text = terms};
    room_rules_changed_locked(d->r);
    room_deliver_locked(d->r, &ev, d->by->member);
}

/* ---- options ---- */

static int option_run(void *arg, sqlite3 *db)
{
    struct moderation *d = arg;
    const struct option_row *row = option_row(d->option);
    char number[32];
    snprintf(number, sizeof number, "%ld", d->value);
    const char *value = row->kind == OPTION_IS_WORD ? d->word : number;
    return store_rules_option(db, d->r->key, row->name, d->value == row->default_value ? NULL : value, &d->there);
}

static void set_option_locked(struct room *r, enum option o, long value, const char *word)
{
    r->rules.value[o] = value;
    r->rules.changes++;
    if (option_row(o)->kind == OPTION_IS_WORD)
        snprintf(r->rules.key, sizeof r->rules.key, "%s", word);
}

static void option_committed(void *arg)
{
    const struct moderation *d = arg;
    char shown[RULES_KEY], text[RULES_KEY + 64];
    if (!d->there)
        return;
    lock_acquire(&d->r->lock);
    set_option_locked(d->r, d->option, d->value, d->word);
    rules_value_text(d->option, d->value, shown);
    snprintf(text, sizeof text, "%s %s", option_row(d->option)->name, shown);
    tell_locked(d, "SET", text, "");
    lock_release(&d->r->lock);
    if (d->option == OPTION_RETENTION || d->option == OPTION_RETENTION_DAYS)
        retention_clean_up();
}

enum moderation_result moderation_option(struct room *r, enum option o, long value, const char *word,
                                         const struct moderator *by)
{
    static const struct job set = {option_run, option_committed};
    struct moderation d = {.r = r, .by = by, .option = o, .value = value, .word = word};
    return carry_out(&set, &d);
}

/* ---- roles ---- */

static int role_run(void *arg, sqlite3 *db)
{
    struct moderation *d = arg;
    return store_rules_role(db, d->r->key, d->target->account, d->role, &d->there);
}

static void role_committed(void *arg)
{
    const struct moderation *d = arg;
    if (!d->there)
        return;
    lock_acquire(&d->r->lock);
    if (d->target->account)
        rules_set_role(&d->r->rules, d->target->account, d->role);
    roster_give_role_locked(d->r, d->target, d->role);
    if (d->verb)
        tell_locked(d, d->verb, d->target->shown, "");
    lock_release(&d->r->lock);
}

static bool has_space_for_role(struct room *r, int64_t account)
{
    lock_acquire(&r->lock);
    bool has = rules_has_space_for_role(&r->rules, account);
    lock_release(&r->lock);
    return has;
}

enum moderation_result moderation_role(struct room *r, const struct target *target, enum role role, const char *verb,
                                       const struct moderator *by)
{
    static const struct job give = {role_run, role_committed};
    struct moderation d = {.r = r, .by = by, .target = target, .role = role, .verb = verb, .there = true};
    if (!target->account) {
        role_committed(&d);
        return MODERATION_DONE;
    }
    return has_space_for_role(r, target->account) ? carry_out(&give, &d) : MODERATION_FULL;
}

enum moderation_result moderation_invite(struct room *r, const struct target *target, uint64_t client,
                                         const struct moderator *by)
{
    if (!target->account) {
        lock_acquire(&r->lock);
        rules_invite_client(&r->rules, client);
        lock_release(&r->lock);
        return MODERATION_DONE;
    }
    return room_role_of(r, target) >= ROLE_GUEST ? MODERATION_DONE : moderation_role(r, target, ROLE_GUEST, NULL, by);
}

/* ---- bans and mutes ---- */

static const char *ban_verb(enum ban_kind kind)
{
    return kind == BAN_KIND_BAN ? "BAN" : "MUTE";
}

static int ban_run(void *arg, sqlite3 *db)
{
    struct moderation *d = arg;
    const struct ban *s = &d->ban;
    struct ban_row row = {
        .kind = (int)s->kind,
        .shown = s->target.shown,
        .account = s->target.account,
        .name = s->target.name,
        .host = s->target.host,
        .until_ms = s->until_ms,
        .reason = d->reason,
        .by = s->by,
    };
    return store_rules_ban(db, d->r->key, &row, clock_wall_ms(), &d->there);
}

static void ban_committed(void *arg)
{
    struct moderation *d = arg;
    struct ban *s = &d->ban;
    struct buf terms = {0};
    if (!d->there)
        return;
    rules_terms(&terms, s->until_ms, d->reason);
    lock_acquire(&d->r->lock);
    rules_ban(&d->r->rules, s, clock_wall_ms());
    s->reason = NULL; /* taken over */
    room_rules_changed_locked(d->r);
    if (s->kind == BAN_KIND_MUTE)
        tell_locked(d, ban_verb(s->kind), s->target.shown, buf_text(&terms));
    lock_release(&d->r->lock);
    if (s->kind == BAN_KIND_BAN) {
        struct event ev = {.kind = EVENT_MODERATION, .room = d->r->name, .verb = ban_verb(s->kind),
                           .name = s->target.shown, .more = d->by->name, .text = buf_text(&terms)};
        struct removal o = {.target = &s->target, .except = d->by->member, .always = true};
        roster_remove(d->r, &o, &ev);
    }
    buf_fini(&terms);
}

enum moderation_result moderation_ban(struct room *r, enum ban_kind kind, const struct target *target, int64_t until_ms,
                                      const char *reason, const struct moderator *by)
{
    static const struct job ban = {ban_run, ban_committed};
    struct moderation d = {.r = r, .by = by, .reason = reason,
                     .ban = {.kind = kind, .target = *target, .until_ms = until_ms, .reason = panic_strdup(reason)}};
    snprintf(d.ban.by, sizeof d.ban.by, "%s", by->name);
    lock_acquire(&r->lock);
    bool has_space = rules_has_space_for_ban(&r->rules, target, kind, clock_wall_ms());
    lock_release(&r->lock);
    enum moderation_result result = has_space ? carry_out(&ban, &d) : MODERATION_FULL;
    free(d.ban.reason);
    return result;
}

static int unban_run(void *arg, sqlite3 *db)
{
    struct moderation *d = arg;
    return store_rules_unban(db, d->r->key, (int)d->ban.kind, d->ban.target.shown);
}

static void unban_committed(void *arg)
{
    const struct moderation *d = arg;
    lock_acquire(&d->r->lock);
    if (rules_unban(&d->r->rules, d->ban.kind, d->ban.target.shown))
        tell_locked(d, d->ban.kind == BAN_KIND_BAN ? "UNBAN" : "UNMUTE", d->ban.target.shown, "");
    lock_release(&d->r->lock);
}

/* Finds it, and the name or address it was given for. */
static bool find_ban(struct room *r, enum ban_kind kind, const struct target *target, char as_written[ADDRS_TEXT])
{
    lock_acquire(&r->lock);
    const struct ban *s = rules_shown(&r->rules, kind, target->shown);
    if (!s)
        s = rules_against(&r->rules, kind, target);
    if (s)
        memcpy(as_written, s->target.shown, ADDRS_TEXT);
    lock_release(&r->lock);
    return s != NULL;
}

enum moderation_result moderation_unban(struct room *r, enum ban_kind kind, const struct target *target,
                                        const struct moderator *by)
{
    static const struct job unban = {unban_run, unban_committed};
    struct moderation d = {.r = r, .by = by, .ban = {.kind = kind}};
    return find_ban(r, kind, target, d.ban.target.shown) ? carry_out(&unban, &d) : MODERATION_UNKNOWN;
}

/* ---- KICK ---- */

/* Withdraws the invitation of an account, or of a client. MODERATION_UNKNOWN: there was none. */
static enum moderation_result uninvite(struct room *r, const struct target *target, const struct moderator *by)
{
    lock_acquire(&r->lock);
    bool is_guest = rules_role(&r->rules, target->account) == ROLE_GUEST;
    bool was_invited = target->client && rules_uninvite_client(&r->rules, target->client);
    lock_release(&r->lock);
    if (is_guest)
        return moderation_role(r, target, ROLE_NONE, NULL, by);
    return was_invited ? MODERATION_DONE : MODERATION_UNKNOWN;
}

enum moderation_result moderation_kick(struct room *r, const struct target *target, const char *reason,
                                       const struct moderator *by)
{
    struct buf terms = {0};
    enum moderation_result invited = uninvite(r, target, by);
    if (invited == MODERATION_STORAGE)
        return invited;
    rules_terms(&terms, 0, reason);
    struct event ev = {.kind = EVENT_MODERATION, .room = r->name, .verb = "KICK", .name = target->shown,
                       .more = by->name, .text = buf_text(&terms)};
    struct removal o = {.target = target, .except = by->member};
    bool hit = roster_remove(r, &o, &ev) > 0;
    buf_fini(&terms);
    return hit ? MODERATION_DONE : invited;
}

/* ---- loading ---- */

/* The room of a row, with its lock held, or NULL; counts rows of unknown rooms. loaded() must follow. */
static struct room *load_into(const char *room, int *refused)
{
    struct room *r = name_is_room(room) ? rooms_find(room) : NULL;
    *refused += !r;
    if (r)
        lock_acquire(&r->lock);
    return r;
}

static void loaded(struct room *r)
{
    room_rules_changed_locked(r);
    lock_release(&r->lock);
    rooms_release(r);
}

static void load_option(const char *room, const char *option, const char *value, void *arg)
{
    enum option o = option_named(option);
    long number = 1;
    char word[RULES_KEY];
    bool is_good = o < OPTIONS && rules_read_stored(o, value, &number, word);
    struct room *r = is_good ? load_into(room, arg) : NULL;
    *(int *)arg += !is_good;
    if (!r)
        return;
    set_option_locked(r, o, number, word);
    loaded(r);
}

static void load_role(const char *room, int64_t account, int role, void *arg)
{
    struct room *r = load_into(room, arg);
    if (!r)
        return;
    rules_set_role(&r->rules, account, (enum role)role);
    loaded(r);
}

static void load_ban(const char *room, const struct ban_row *row, void *arg)
{
    struct ban s = {.kind = (enum ban_kind)row->kind, .until_ms = row->until_ms, .reason = panic_strdup(row->reason)};
    s.target.account = row->account;
    snprintf(s.target.shown, sizeof s.target.shown, "%s", row->shown);
    snprintf(s.target.name, sizeof s.target.name, "%s", row->name);
    snprintf(s.target.host, sizeof s.target.host, "%s", row->host);
    snprintf(s.by, sizeof s.by, "%s", row->by);
    struct room *r = load_into(room, arg);
    if (!r) {
        free(s.reason);
        return;
    }
    rules_ban(&r->rules, &s, clock_wall_ms());
    loaded(r);
}

int moderation_load(char error[STORE_ERROR])
{
    static const struct rules_loader to = {load_option, load_role, load_ban};
    int refused = 0;
    if (store_rules_load(store_connection(), &to, &refused) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the rules of rooms: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (refused)
        log_warn("rules_skipped", "rows=%d hint=\"the database has unknown rules, or of unknown rooms\"", refused);
    return 0;
}
