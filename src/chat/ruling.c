/* SPDX-License-Identifier: ISC */
/*
 * Changes come in from handlers and leave as errands. Not obvious: a limit is looked at when a change is put, so it can be
 * passed by as many as are on the way at once; what is on disk is in force.
 */
#include "config.h"

#include "chat/ruling.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "store/store_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One change on its way. */
struct deed {
    struct room *r;
    const struct ruler *by;
    const char *verb;
    enum option option;
    long value;
    const char *word;
    const struct whom *whom;
    enum role role;
    uint64_t client;
    struct sanction sanction; /* .reason is given away by sanction_made */
    const char *reason;
    bool there; /* the room is on disk */
};

static enum ruling carry_out(const struct errand *e, struct deed *d)
{
    d->there = true;
    return errand_do(e, d, &d->by->waiter) && d->there ? RULING_DONE : RULING_STORAGE;
}

/* The rules have changed: what follows, and the room is told. The room's lock is held. */
static void tell_locked(const struct deed *d, const char *verb, const char *name, const char *terms)
{
    struct event ev = {.kind = EVENT_RULING, .room = d->r->name, .verb = verb, .name = name, .more = d->by->name, .text = terms};
    room_rules_changed_locked(d->r);
    room_deliver_locked(d->r, &ev, d->by->member);
}

/* ---- options ---- */

static int option_run(void *arg, sqlite3 *db)
{
    struct deed *d = arg;
    const struct option_row *row = option_row(d->option);
    char number[32];
    snprintf(number, sizeof number, "%ld", d->value);
    const char *value = row->kind == OPTION_IS_WORD ? d->word : number;
    return store_rules_option(db, d->r->key, row->name, d->value == row->standard ? NULL : value, &d->there);
}

static void set_option_locked(struct room *r, enum option o, long value, const char *word)
{
    r->rules.value[o] = value;
    r->rules.changes++;
    if (option_row(o)->kind == OPTION_IS_WORD)
        snprintf(r->rules.key, sizeof r->rules.key, "%s", word);
}

static void option_made(void *arg)
{
    const struct deed *d = arg;
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
        history_tend();
}

enum ruling ruling_option(struct room *r, enum option o, long value, const char *word, const struct ruler *by)
{
    static const struct errand set = {option_run, option_made};
    struct deed d = {.r = r, .by = by, .option = o, .value = value, .word = word};
    return carry_out(&set, &d);
}

/* ---- roles ---- */

static int role_run(void *arg, sqlite3 *db)
{
    struct deed *d = arg;
    return store_rules_role(db, d->r->key, d->whom->account, d->role, &d->there);
}

static void role_made(void *arg)
{
    const struct deed *d = arg;
    if (!d->there)
        return;
    lock_acquire(&d->r->lock);
    if (d->whom->account)
        rules_set_role(&d->r->rules, d->whom->account, d->role);
    room_give_role_locked(d->r, d->whom, d->role);
    if (d->verb)
        tell_locked(d, d->verb, d->whom->shown, "");
    lock_release(&d->r->lock);
}

static bool has_place_for_role(struct room *r, int64_t account)
{
    lock_acquire(&r->lock);
    bool has = rules_has_place_for_role(&r->rules, account);
    lock_release(&r->lock);
    return has;
}

enum ruling ruling_role(struct room *r, const struct whom *whom, enum role role, const char *verb, const struct ruler *by)
{
    static const struct errand give = {role_run, role_made};
    struct deed d = {.r = r, .by = by, .whom = whom, .role = role, .verb = verb, .there = true};
    if (!whom->account) {
        role_made(&d);
        return RULING_DONE;
    }
    return has_place_for_role(r, whom->account) ? carry_out(&give, &d) : RULING_FULL;
}

enum ruling ruling_invite(struct room *r, const struct whom *whom, uint64_t client, const struct ruler *by)
{
    if (!whom->account) {
        lock_acquire(&r->lock);
        rules_invite_client(&r->rules, client);
        lock_release(&r->lock);
        return RULING_DONE;
    }
    return room_role_of(r, whom) >= ROLE_GUEST ? RULING_DONE : ruling_role(r, whom, ROLE_GUEST, NULL, by);
}

/* ---- bans and mutes ---- */

static const char *sanction_verb(enum sanction_kind kind)
{
    return kind == SANCTION_BAN ? "BAN" : "MUTE";
}

static int sanction_run(void *arg, sqlite3 *db)
{
    struct deed *d = arg;
    const struct sanction *s = &d->sanction;
    struct sanction_row row = {
        .kind = (int)s->kind,
        .shown = s->whom.shown,
        .account = s->whom.account,
        .name = s->whom.name,
        .host = s->whom.host,
        .until_ms = s->until_ms,
        .reason = d->reason,
        .by = s->by,
    };
    return store_rules_sanction(db, d->r->key, &row, clock_wall_ms(), &d->there);
}

static void sanction_made(void *arg)
{
    struct deed *d = arg;
    struct sanction *s = &d->sanction;
    struct buf terms = {0};
    if (!d->there)
        return;
    rules_terms(&terms, s->until_ms, d->reason);
    lock_acquire(&d->r->lock);
    rules_sanction(&d->r->rules, s, clock_wall_ms());
    s->reason = NULL; /* taken over */
    room_rules_changed_locked(d->r);
    if (s->kind == SANCTION_MUTE)
        tell_locked(d, sanction_verb(s->kind), s->whom.shown, buf_text(&terms));
    lock_release(&d->r->lock);
    if (s->kind == SANCTION_BAN) {
        struct event ev = {.kind = EVENT_RULING, .room = d->r->name, .verb = sanction_verb(s->kind), .name = s->whom.shown,
                           .more = d->by->name, .text = buf_text(&terms)};
        struct ousting o = {.whom = &s->whom, .except = d->by->member, .always = true};
        room_oust(d->r, &o, &ev);
    }
    buf_fini(&terms);
}

enum ruling ruling_sanction(struct room *r, enum sanction_kind kind, const struct whom *whom, int64_t until_ms,
                            const char *reason, const struct ruler *by)
{
    static const struct errand speak = {sanction_run, sanction_made};
    struct deed d = {.r = r, .by = by, .reason = reason,
                     .sanction = {.kind = kind, .whom = *whom, .until_ms = until_ms, .reason = panic_strdup(reason)}};
    snprintf(d.sanction.by, sizeof d.sanction.by, "%s", by->name);
    lock_acquire(&r->lock);
    bool has_place = rules_has_place_for_sanction(&r->rules, whom, kind, clock_wall_ms());
    lock_release(&r->lock);
    enum ruling result = has_place ? carry_out(&speak, &d) : RULING_FULL;
    free(d.sanction.reason);
    return result;
}

static int lift_run(void *arg, sqlite3 *db)
{
    struct deed *d = arg;
    return store_rules_lift(db, d->r->key, (int)d->sanction.kind, d->sanction.whom.shown);
}

static void lift_made(void *arg)
{
    const struct deed *d = arg;
    lock_acquire(&d->r->lock);
    if (rules_lift(&d->r->rules, d->sanction.kind, d->sanction.whom.shown))
        tell_locked(d, d->sanction.kind == SANCTION_BAN ? "UNBAN" : "UNMUTE", d->sanction.whom.shown, "");
    lock_release(&d->r->lock);
}

/* Which one it is, by the name with which it was spoken. */
static bool find_spoken(struct room *r, enum sanction_kind kind, const struct whom *whom, char as_written[ADDRS_TEXT])
{
    lock_acquire(&r->lock);
    const struct sanction *s = rules_shown(&r->rules, kind, whom->shown);
    if (!s)
        s = rules_against(&r->rules, kind, whom);
    if (s)
        memcpy(as_written, s->whom.shown, ADDRS_TEXT);
    lock_release(&r->lock);
    return s != NULL;
}

enum ruling ruling_lift(struct room *r, enum sanction_kind kind, const struct whom *whom, const struct ruler *by)
{
    static const struct errand lift = {lift_run, lift_made};
    struct deed d = {.r = r, .by = by, .sanction = {.kind = kind}};
    return find_spoken(r, kind, whom, d.sanction.whom.shown) ? carry_out(&lift, &d) : RULING_UNKNOWN;
}

/* ---- KICK ---- */

/* Takes back what lets somebody in: the invitation of an account, or of a client. True: there was one. */
static enum ruling uninvite(struct room *r, const struct whom *whom, const struct ruler *by)
{
    lock_acquire(&r->lock);
    bool is_guest = rules_role(&r->rules, whom->account) == ROLE_GUEST;
    bool was_invited = whom->client && rules_uninvite_client(&r->rules, whom->client);
    lock_release(&r->lock);
    if (is_guest)
        return ruling_role(r, whom, ROLE_NONE, NULL, by);
    return was_invited ? RULING_DONE : RULING_UNKNOWN;
}

enum ruling ruling_kick(struct room *r, const struct whom *whom, const char *reason, const struct ruler *by)
{
    struct buf terms = {0};
    enum ruling invited = uninvite(r, whom, by);
    if (invited == RULING_STORAGE)
        return invited;
    rules_terms(&terms, 0, reason);
    struct event ev = {.kind = EVENT_RULING, .room = r->name, .verb = "KICK", .name = whom->shown, .more = by->name,
                       .text = buf_text(&terms)};
    struct ousting o = {.whom = whom, .except = by->member};
    bool hit = room_oust(r, &o, &ev) > 0;
    buf_fini(&terms);
    return hit ? RULING_DONE : invited;
}

/* ---- loading ---- */

/* Calls what sets a row, under the room's lock; counts what there is no place for. */
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

static void load_sanction(const char *room, const struct sanction_row *row, void *arg)
{
    struct sanction s = {.kind = (enum sanction_kind)row->kind, .until_ms = row->until_ms, .reason = panic_strdup(row->reason)};
    s.whom.account = row->account;
    snprintf(s.whom.shown, sizeof s.whom.shown, "%s", row->shown);
    snprintf(s.whom.name, sizeof s.whom.name, "%s", row->name);
    snprintf(s.whom.host, sizeof s.whom.host, "%s", row->host);
    snprintf(s.by, sizeof s.by, "%s", row->by);
    struct room *r = load_into(room, arg);
    if (!r) {
        free(s.reason);
        return;
    }
    rules_sanction(&r->rules, &s, clock_wall_ms());
    loaded(r);
}

int ruling_load(char error[STORE_ERROR])
{
    static const struct rules_loader to = {load_option, load_role, load_sanction};
    int refused = 0;
    if (store_rules_load(store_connection(), &to, &refused) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the rules of rooms: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (refused)
        log_warn("rules_skipped", "rows=%d hint=\"the database has rules of no room, or such as this chatd does not know\"", refused);
    return 0;
}
