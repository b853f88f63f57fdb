/* SPDX-License-Identifier: ISC */
/* Bans and mutes of the whole server: the commands `ban` and `mute`. */
#include "config.h"

#include "base/clock.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "ctl/admin_call.h"
#include "ctl/wire.h"
#include "serve/banned.h"

#include <stdlib.h>
#include <string.h>

static const char by_console[] = "operator"; /* who: the log has the uid */

/* ---- adding ---- */

struct adding {
    struct bans_entry *v; /* owns */
    size_t n;
    int64_t until_ms;
    const char *reason;
};

static const char *add_target(struct admin_call *c, struct adding *a, enum ban_kind kind, const char *word)
{
    struct bans_entry e = {.kind = kind, .made_ms = clock_wall_ms(), .by = by_console};
    const char *why;
    if (!bans_read_target(word, &e.target, &why))
        return admin_call_refuse(c, "%s: %s; nothing was changed", word, why);
    a->v = panic_realloc(a->v, (a->n + 1) * sizeof *a->v);
    a->v[a->n++] = e;
    return NULL;
}

static const char *take_duration(struct admin_call *c, struct adding *a, const char *word)
{
    int64_t span_ms;
    if (!word || !clock_span(word, &span_ms) || !span_ms)
        return admin_call_refuse(c, "--for takes a duration, such as 90s, 30m, 2h30m, 7d or 2w; nothing was changed");
    a->until_ms = clock_wall_ms() + span_ms;
    return NULL;
}

static const char *take_reason(struct admin_call *c, struct adding *a, const char *rest)
{
    int most = session_limits().reason_bytes;
    rest = rest ? rest + strspn(rest, " ") : "";
    if (!*rest)
        return "--reason takes a text; nothing was changed";
    if (strlen(rest) > (size_t)most)
        return admin_call_refuse(c, "the reason is too long: at most %d bytes (limits.reason_bytes)", most);
    a->reason = rest;
    return NULL;
}

/* Takes the text argument apart: targets, then options, of which --reason has all that follows. */
static const char *take_apart(struct admin_call *c, struct adding *a, enum ban_kind kind)
{
    const char *wrong = NULL;
    char *rest = c->text, *word;
    while (!wrong && !*a->reason && (word = strsep(&rest, " "))) {
        if (!*word)
            continue;
        if (strcmp(word, "--for") == 0)
            wrong = take_duration(c, a, strsep(&rest, " "));
        else if (strcmp(word, "--reason") == 0)
            wrong = take_reason(c, a, rest);
        else if (strncmp(word, "--", 2) == 0)
            wrong = admin_call_refuse(c, "unknown option %s: there are --for and --reason", word);
        else
            wrong = add_target(c, a, kind, word);
    }
    if (!wrong && !a->n)
        wrong = "no user, address or network is named";
    for (size_t i = 0; i < a->n; i++) {
        a->v[i].until_ms = a->until_ms;
        a->v[i].reason = a->reason;
    }
    return wrong;
}

static void put_until(struct buf *out, int64_t until_ms)
{
    if (until_ms)
        wire_time(out, "until", until_ms);
    else
        wire_string(out, "until", "for good");
}

static const char *tell_added(struct admin_call *c, const struct adding *a, const char *done)
{
    char text[BANS_TEXT];
    for (size_t i = 0; i < a->n; i++) {
        wire_open(c->out);
        wire_string(c->out, done, bans_target_text(&a->v[i].target, text));
        put_until(c->out, a->until_ms);
        wire_close(c->out);
    }
    return NULL;
}

static const char *told(struct admin_call *c, enum bans_result result)
{
    switch (result) {
    case BANS_DONE:
        return NULL;
    case BANS_STORAGE:
        return ADMIN_NOT_CHANGED;
    case BANS_FULL:
        return "there are bans.max bans and mutes; raise it, or delete some; nothing was changed";
    case BANS_NOT_FOUND:
        return admin_call_refuse(c, "no ban or mute of %s", c->word);
    }
    return "unknown result";
}

static const char *add(struct admin_call *c, enum ban_kind kind)
{
    struct waiter w = {.notifier = &c->notifier};
    struct adding a = {.reason = ""};
    const char *wrong = take_apart(c, &a, kind);
    int closed;
    if (!wrong)
        wrong = told(c, banned_add(a.v, a.n, &w, &closed));
    if (!wrong)
        wrong = tell_added(c, &a, kind == BAN_KIND_BAN ? "banned" : "muted");
    free(a.v);
    return wrong;
}

const char *admin_ban_add(struct admin_call *c)
{
    return add(c, BAN_KIND_BAN);
}

const char *admin_mute_add(struct admin_call *c)
{
    return add(c, BAN_KIND_MUTE);
}

/* ---- removing ---- */

static const char *del(struct admin_call *c, enum ban_kind kind)
{
    struct waiter w = {.notifier = &c->notifier};
    struct bans_target t;
    const char *why;
    if (!bans_read_target(c->word, &t, &why))
        return admin_call_refuse(c, "%s: %s", c->word, why);
    return told(c, bans_remove(kind, &t, &w));
}

const char *admin_ban_del(struct admin_call *c)
{
    return del(c, BAN_KIND_BAN);
}

const char *admin_mute_del(struct admin_call *c)
{
    return del(c, BAN_KIND_MUTE);
}

/* ---- looking ---- */

static const char *list(struct admin_call *c, enum ban_kind kind)
{
    char text[BANS_TEXT];
    struct bans_entry *v;
    size_t n = bans_copy(kind, &v), i = 0;
    for (bool taken = true; i < n && taken; i++) {
        wire_open(c->out);
        wire_string(c->out, "target", bans_target_text(&v[i].target, text));
        put_until(c->out, v[i].until_ms);
        wire_time(c->out, "made", v[i].made_ms);
        wire_string(c->out, "by", v[i].by);
        wire_string(c->out, "reason", v[i].reason);
        wire_close(c->out);
        taken = i % 1000 != 999 || c->pass_on(c);
    }
    bans_free(v, n);
    return NULL;
}

const char *admin_ban_list(struct admin_call *c)
{
    return list(c, BAN_KIND_BAN);
}

const char *admin_mute_list(struct admin_call *c)
{
    return list(c, BAN_KIND_MUTE);
}

static void put_verdict(struct buf *out, enum ban_kind kind, const char *key, const struct bans_subject *su)
{
    struct refusal no = {0};
    bool is_free = bans_admit(kind, su, &no);
    wire_open(out);
    wire_bool(out, key, !is_free);
    if (!is_free) {
        put_until(out, no.until_ms);
        wire_string(out, "reason", buf_text(&no.reason));
    }
    wire_close(out);
    buf_fini(&no.reason);
}

const char *admin_ban_test(struct admin_call *c)
{
    struct network n;
    const char *why;
    bool is_address = network_read(c->word, &n, &why);
    if (!is_address && (why || !name_was_user(c->word)))
        return admin_call_refuse(c, "%s: %s", c->word,
                                 why ? why : "neither an address nor a name that a user may have");
    const struct bans_subject su = {.address = is_address ? &n.address : NULL, .name = is_address ? NULL : c->word};
    put_verdict(c->out, BAN_KIND_BAN, "banned", &su);
    put_verdict(c->out, BAN_KIND_MUTE, "muted", &su);
    return NULL;
}

/* ---- what chatctl makes of these ---- */

const char *admin_ban_import(struct admin_call *c)
{
    (void)c;
    return ADMIN_BY_CHATCTL;
}

const char *admin_ban_export(struct admin_call *c)
{
    (void)c;
    return ADMIN_BY_CHATCTL;
}
