/* SPDX-License-Identifier: ISC */
/* Decisions over plain data: no lock is taken and nothing is told here. The lists are short, so a search walks them. */
#include "config.h"

#include "chat/rules.h"

#include "base/clock.h"
#include "base/panic.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST_GUESTS 100
#define MOST_SLOW_WAITS 100

static _Atomic int most_roles = 1000, most_bans = 500;

void rules_configure(int roles, int bans)
{
    atomic_store_explicit(&most_roles, roles, memory_order_relaxed);
    atomic_store_explicit(&most_bans, bans, memory_order_relaxed);
}

void rules_init(struct rules *ru)
{
    *ru = (struct rules){0};
    for (int o = 0; o < OPTIONS; o++)
        ru->value[o] = ru->kept[o] = option_row((enum option)o)->default_value;
}

void rules_fini(struct rules *ru)
{
    for (int i = 0; i < ru->ban_count; i++)
        free(ru->bans[i].reason);
    free(ru->bans);
    free(ru->roles);
    free(ru->guests);
    free(ru->slow_waits);
    free(ru->departed);
    unsigned changes = ru->changes;
    rules_init(ru);
    ru->changes = changes + 1;
}

bool rules_are_default(const struct rules *ru)
{
    bool is_default = !ru->ban_count;
    for (int i = 0; i < ru->role_count; i++)
        is_default = is_default && ru->roles[i].role == ROLE_OWNER;
    for (int o = 0; o < OPTIONS; o++)
        is_default = is_default && ru->value[o] == option_row((enum option)o)->default_value;
    return is_default;
}

static int find_role(const struct rules *ru, int64_t account)
{
    for (int i = 0; i < ru->role_count; i++)
        if (ru->roles[i].account == account)
            return i;
    return -1;
}

enum role rules_role(const struct rules *ru, int64_t account)
{
    int i = account ? find_role(ru, account) : -1;
    return i < 0 ? ROLE_NONE : ru->roles[i].role;
}

bool rules_has_space_for_role(const struct rules *ru, int64_t account)
{
    return find_role(ru, account) >= 0 || ru->role_count < atomic_load_explicit(&most_roles, memory_order_relaxed);
}

void rules_set_role(struct rules *ru, int64_t account, enum role role)
{
    int i = find_role(ru, account);
    ru->changes++;
    if (role == ROLE_NONE) {
        if (i >= 0)
            ru->roles[i] = ru->roles[--ru->role_count];
        return;
    }
    if (i < 0) {
        ru->roles = panic_realloc(ru->roles, (size_t)(ru->role_count + 1) * sizeof *ru->roles);
        i = ru->role_count++;
    }
    ru->roles[i] = (struct rules_role){account, role};
}

void rules_forget_account(struct rules *ru, int64_t account)
{
    if (rules_role(ru, account) != ROLE_NONE)
        rules_set_role(ru, account, ROLE_NONE);
    for (int i = 0; i < ru->ban_count; i++)
        if (ru->bans[i].target.account == account)
            ru->bans[i].target.account = 0;
}

/* ---- options ---- */

void rules_set_option(struct rules *ru, enum option o, long value, const char *key, bool is_temporary)
{
    bool is_word = option_row(o)->kind == OPTION_IS_WORD;
    ru->changes++;
    ru->value[o] = value;
    if (is_word)
        snprintf(ru->key, sizeof ru->key, "%s", key);
    if (is_temporary)
        return;
    ru->kept[o] = value;
    if (is_word)
        snprintf(ru->kept_key, sizeof ru->kept_key, "%s", key);
}

bool rules_lapse_option(struct rules *ru, enum option o)
{
    bool is_word = option_row(o)->kind == OPTION_IS_WORD;
    if (ru->value[o] == ru->kept[o] && !(is_word && strcmp(ru->key, ru->kept_key) != 0))
        return false;
    rules_set_option(ru, o, ru->kept[o], is_word ? ru->kept_key : "", true);
    return true;
}

/* ---- invitations of clients ---- */

static int find_guest(const struct rules *ru, uint64_t id)
{
    for (int i = 0; i < ru->guest_count; i++)
        if (ru->guests[i] == id)
            return i;
    return -1;
}

bool rules_uninvite_client(struct rules *ru, uint64_t id)
{
    int i = find_guest(ru, id);
    if (i < 0)
        return false;
    ru->guest_count--;
    memmove(&ru->guests[i], &ru->guests[i + 1], (size_t)(ru->guest_count - i) * sizeof *ru->guests);
    ru->changes++;
    return true;
}

void rules_invite_client(struct rules *ru, uint64_t id)
{
    if (find_guest(ru, id) >= 0)
        return;
    if (ru->guest_count == MOST_GUESTS)
        rules_uninvite_client(ru, ru->guests[0]);
    if (!ru->guests)
        ru->guests = panic_malloc(MOST_GUESTS * sizeof *ru->guests);
    ru->guests[ru->guest_count++] = id;
}

/* ---- who has left ---- */

void rules_note_departed(struct rules *ru, const struct subject *su)
{
    if (!ru->departed)
        ru->departed = panic_malloc(RULES_DEPARTED * sizeof *ru->departed);
    if (ru->departed_count == RULES_DEPARTED)
        memmove(&ru->departed[0], &ru->departed[1], (size_t)--ru->departed_count * sizeof *ru->departed);
    struct departed *p = &ru->departed[ru->departed_count++];
    *p = (struct departed){.account = su->member->account, .client = su->member->user_id};
    snprintf(p->name, sizeof p->name, "%s", su->name);
    memcpy(p->host, su->member->host, sizeof p->host);
}

bool rules_find_departed(const struct rules *ru, const char *key, struct target *target)
{
    int i = ru->departed_count - 1;
    while (i >= 0 && strcasecmp(ru->departed[i].name, key) != 0)
        i--;
    if (i < 0)
        return false;
    const struct departed *p = &ru->departed[i];
    *target = (struct target){.account = p->account, .client = p->client};
    snprintf(target->shown, sizeof target->shown, "%s", p->name);
    name_fold(target->name, p->name);
    if (!p->account)
        memcpy(target->host, p->host, sizeof target->host);
    return true;
}

/* ---- bans and mutes ---- */

bool rules_has_expired(const struct ban *b, int64_t now_ms)
{
    return b->until_ms && b->until_ms <= now_ms;
}

static void remove_ban(struct rules *ru, int i)
{
    free(ru->bans[i].reason);
    ru->bans[i] = ru->bans[--ru->ban_count];
}

static int find_ban(const struct rules *ru, enum ban_kind kind, const char *shown)
{
    for (int i = 0; i < ru->ban_count; i++)
        if (ru->bans[i].kind == kind && strcasecmp(ru->bans[i].target.shown, shown) == 0)
            return i;
    return -1;
}

/* True when a new ban replaces the old one: it has the same .shown, or hits the same account under another name. */
static bool is_replaced(const struct ban *old, enum ban_kind kind, const struct target *target)
{
    return old->kind == kind && (strcasecmp(old->target.shown, target->shown) == 0 ||
                                 (target->account && old->target.account == target->account));
}

bool rules_has_space_for_ban(const struct rules *ru, enum ban_kind kind, const struct target *target, int64_t now_ms)
{
    int n = 0;
    bool replaces = false;
    for (int i = 0; i < ru->ban_count; i++) {
        n += !rules_has_expired(&ru->bans[i], now_ms);
        replaces = replaces || is_replaced(&ru->bans[i], kind, target);
    }
    return replaces || n < atomic_load_explicit(&most_bans, memory_order_relaxed);
}

bool rules_replaces_lasting(const struct rules *ru, enum ban_kind kind, const struct target *target)
{
    for (int i = 0; i < ru->ban_count; i++)
        if (!ru->bans[i].is_temporary && is_replaced(&ru->bans[i], kind, target))
            return true;
    return false;
}

void rules_ban(struct rules *ru, const struct ban *b, int64_t now_ms)
{
    for (int i = ru->ban_count - 1; i >= 0; i--)
        if (rules_has_expired(&ru->bans[i], now_ms) || is_replaced(&ru->bans[i], b->kind, &b->target))
            remove_ban(ru, i);
    ru->bans = panic_realloc(ru->bans, (size_t)(ru->ban_count + 1) * sizeof *ru->bans);
    ru->bans[ru->ban_count++] = *b;
    ru->changes++;
}

const struct ban *rules_shown(const struct rules *ru, enum ban_kind kind, const char *shown)
{
    int i = find_ban(ru, kind, shown);
    return i < 0 ? NULL : &ru->bans[i];
}

const struct ban *rules_against(const struct rules *ru, enum ban_kind kind, const struct target *target)
{
    for (int i = 0; i < ru->ban_count; i++) {
        const struct ban *b = &ru->bans[i];
        if (b->kind == kind && ((target->account && b->target.account == target->account) ||
                                (target->client && b->target.client == target->client)))
            return b;
    }
    return NULL;
}

bool rules_unban(struct rules *ru, enum ban_kind kind, const char *shown)
{
    int i = find_ban(ru, kind, shown);
    if (i >= 0)
        remove_ban(ru, i);
    return i >= 0;
}

bool rules_lapse_ban(struct rules *ru, struct ban *b)
{
    int i = 0;
    while (i < ru->ban_count && !ru->bans[i].is_temporary)
        i++;
    if (i == ru->ban_count)
        return false;
    *b = ru->bans[i];
    ru->bans[i].reason = NULL;
    remove_ban(ru, i);
    return true;
}

bool rules_is_target(const struct target *target, const struct subject *su)
{
    const struct member *m = su->member;
    return (target->account && target->account == m->account) || (target->client && target->client == m->user_id) ||
           (*target->name && !target->account && strcasecmp(target->name, su->name) == 0) ||
           (*target->host && su->role < ROLE_OP && strcmp(target->host, m->host) == 0);
}

const struct ban *rules_hits(const struct rules *ru, enum ban_kind kind, const struct subject *su, int64_t now_ms)
{
    const struct ban *longest = NULL;
    for (int i = 0; i < ru->ban_count && su->role < ROLE_OWNER; i++) {
        const struct ban *b = &ru->bans[i];
        if (b->kind != kind || rules_has_expired(b, now_ms) || !rules_is_target(&b->target, su))
            continue;
        if (!longest || !b->until_ms || (longest->until_ms && b->until_ms > longest->until_ms))
            longest = b;
    }
    return longest;
}

/* ---- permissions ---- */

struct subject rules_nonmember(const struct rules *ru, const struct member *m)
{
    return (struct subject){m, m->key, rules_role(ru, m->account)};
}

static bool refuse_by_ban(struct refusal *no, enum error_code error, const struct ban *b)
{
    if (no) {
        no->until_ms = b->until_ms;
        buf_str(&no->reason, b->reason);
    }
    return refusal_set(no, error);
}

/* A key comes first: giving it helps. */
static const enum option bars[] = {OPTION_KEY, OPTION_PRIVATE, OPTION_INVITE_ONLY};
#define BARS (sizeof bars / sizeof bars[0])

bool rules_is_bar(enum option o)
{
    bool is_bar = false;
    for (size_t i = 0; i < BARS; i++)
        is_bar = is_bar || bars[i] == o;
    return is_bar;
}

/* The option that keeps out a user who has no role and no invitation; OPTIONS: none. */
static enum option find_join_limit(const struct rules *ru)
{
    for (size_t i = 0; i < BARS; i++)
        if (ru->value[bars[i]])
            return bars[i];
    return OPTIONS;
}

static bool has_a_right(const struct rules *ru, const struct subject *su)
{
    return su->role != ROLE_NONE || find_guest(ru, su->member->user_id) >= 0;
}

bool rules_may_join(const struct rules *ru, const struct subject *su, const char *key, int64_t now_ms,
                    struct refusal *no)
{
    const struct ban *b = rules_hits(ru, BAN_KIND_BAN, su, now_ms);
    enum option bar = find_join_limit(ru);
    if (b)
        return refuse_by_ban(no, ERROR_BANNED, b);
    if (bar == OPTIONS || has_a_right(ru, su))
        return true;
    if (bar == OPTION_KEY && key && strcmp(key, ru->key) == 0)
        return true;
    if (no)
        no->option = bar;
    return refusal_set(no, ERROR_DENIED);
}

bool rules_have_space(const struct rules *ru, const struct subject *su, int users, struct refusal *no)
{
    long limit = ru->value[OPTION_LIMIT];
    if (!limit || users < limit || has_a_right(ru, su))
        return true;
    if (no)
        no->number = limit;
    return refusal_set(no, ERROR_ROOM_FULL);
}

static bool has_kind(const struct rules *ru, enum ban_kind kind)
{
    bool has = false;
    for (int i = 0; i < ru->ban_count; i++)
        has = has || ru->bans[i].kind == kind;
    return has;
}

bool rules_limit_joining(const struct rules *ru)
{
    return find_join_limit(ru) != OPTIONS || has_kind(ru, BAN_KIND_BAN);
}

bool rules_limit_talk(const struct rules *ru)
{
    return has_kind(ru, BAN_KIND_MUTE) || ru->value[OPTION_MODERATED] || ru->value[OPTION_SLOW];
}

/* Not if the clock was set back: then it is not known how long the wait would be. */
static bool has_to_wait(const struct rules *ru, int64_t said_ms, int64_t now_ms)
{
    return now_ms < said_ms + ru->value[OPTION_SLOW] * 1000 && now_ms >= said_ms;
}

bool rules_may_talk(const struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms,
                    struct refusal *no)
{
    const struct ban *b = rules_hits(ru, BAN_KIND_MUTE, su, now_ms);
    if (b)
        return refuse_by_ban(no, ERROR_MUTED, b);
    if (su->role >= ROLE_VOICE)
        return true;
    if (ru->value[OPTION_MODERATED])
        return refusal_set(no, ERROR_MODERATED);
    if (!has_to_wait(ru, said_ms, now_ms))
        return true;
    if (no)
        no->number = (said_ms + ru->value[OPTION_SLOW] * 1000 - now_ms + 999) / 1000;
    return refusal_set(no, ERROR_SLOW_MODE);
}

static bool is_slow_wait_of(const struct slow_wait *p, const struct subject *su)
{
    const struct member *m = su->member;
    if (p->client == m->user_id || (p->account && p->account == m->account))
        return true;
    return !p->account && strcasecmp(p->name, su->name) == 0 && strcmp(p->host, m->host) == 0;
}

int64_t rules_slow_restore(struct rules *ru, const struct subject *su, int64_t now_ms)
{
    int64_t said_ms = 0;
    int left = 0;
    for (int i = 0; i < ru->slow_wait_count; i++) {
        const struct slow_wait *p = &ru->slow_waits[i];
        if (!has_to_wait(ru, p->said_ms, now_ms))
            continue;
        if (!is_slow_wait_of(p, su))
            ru->slow_waits[left++] = *p;
        else if (p->said_ms > said_ms)
            said_ms = p->said_ms;
    }
    ru->slow_wait_count = left;
    return said_ms;
}

void rules_slow_save(struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms)
{
    const struct member *m = su->member;
    if (!has_to_wait(ru, said_ms, now_ms))
        return;
    rules_slow_restore(ru, su, now_ms); /* also forgets waits that are over */
    if (!ru->slow_waits)
        ru->slow_waits = panic_malloc(MOST_SLOW_WAITS * sizeof *ru->slow_waits);
    if (ru->slow_wait_count == MOST_SLOW_WAITS)
        memmove(&ru->slow_waits[0], &ru->slow_waits[1], (size_t)--ru->slow_wait_count * sizeof *ru->slow_waits);
    struct slow_wait *p = &ru->slow_waits[ru->slow_wait_count++];
    *p = (struct slow_wait){.account = m->account, .said_ms = said_ms, .client = m->user_id};
    snprintf(p->name, sizeof p->name, "%s", su->name);
    memcpy(p->host, m->host, sizeof p->host);
}
