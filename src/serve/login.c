/* SPDX-License-Identifier: ISC */
/* What was looked at first need not be true when a password has been hashed: the claim of the name asks again, in its
 * hold. */
#include "config.h"

#include "serve/login.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/hashing.h"
#include "chat/users.h"
#include "serve/mailbox.h"
#include "serve/throttle.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_WAIT_MS 100  /* for a name whose owner may just be leaving */
#define NAME_SURE_MS 5000 /* for one whose owner is leaving: on a loaded machine its reader may yet have to see it */

static struct {
    _Atomic int registration, password_least;
    _Atomic bool plaintext;
} now = {REGISTRATION_OPEN, 8, false};

void login_configure(const struct login_rules *rules)
{
    atomic_store_explicit(&now.registration, (int)rules->registration, memory_order_relaxed);
    atomic_store_explicit(&now.password_least, rules->password_least, memory_order_relaxed);
    atomic_store_explicit(&now.plaintext, rules->plaintext, memory_order_relaxed);
}

struct login_rules login_rules(void)
{
    return (struct login_rules){
        .registration = (enum registration)atomic_load_explicit(&now.registration, memory_order_relaxed),
        .plaintext = atomic_load_explicit(&now.plaintext, memory_order_relaxed),
        .password_least = atomic_load_explicit(&now.password_least, memory_order_relaxed),
    };
}

enum registration login_registration_named(const char *name)
{
    static const char *const names[] = {
        [REGISTRATION_OPEN] = "open", [REGISTRATION_INVITE] = "invite", [REGISTRATION_CLOSED] = "closed"};
    int i = REGISTRATION_CLOSED;
    while (i > REGISTRATION_OPEN && strcmp(names[i], name) != 0)
        i--;
    return (enum registration)i;
}

struct waiter login_waiter(struct session *s)
{
    return (struct waiter){s->member.notifier, session_is_over, s};
}

/* ---- names ---- */

struct claimant {
    struct member *member;
    const char *name;
    enum event_kind answer;
    const struct account *proved; /* or NULL */
    bool has_it;
};

static bool may_have(void *arg)
{
    const struct claimant *c = arg;
    return accounts_admits(c->name, c->proved);
}

static bool try_claim(void *arg)
{
    struct claimant *c = arg;
    struct event answer = {.kind = c->answer, .name = c->name};
    struct event replaced = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    struct claim cl = {
        .name = c->name, .answer = &answer, .may = may_have, .arg = arg, .replaces = c->proved ? &replaced : NULL};
    c->has_it = c->has_it || users_claim(c->member, &cl);
    return c->has_it;
}

/* Waits a moment for a name that is being given back. */
static bool wait_for_name(struct session *s, struct claimant *c)
{
    int64_t sure_ms = clock_ms() + NAME_SURE_MS;
    users_wait(c->member);
    do
        session_wait(s, clock_ms() + NAME_WAIT_MS, try_claim, c);
    while (!c->has_it && may_have(c) && !session_is_over(s) && clock_ms() < sure_ms && users_is_leaving(c->name));
    users_unwait(c->member);
    return c->has_it;
}

/* Why the name was not given: what was true when it was asked for need not be so any more. */
static enum error_code refusal(const char *name, const struct account *proved)
{
    struct account a;
    bool owned = accounts_find(name, &a);
    if (!proved)
        return owned ? ERROR_PASSWORD_REQUIRED : ERROR_USERNAME_TAKEN;
    if (!owned || a.id != proved->id)
        return ERROR_NOT_REGISTERED;
    if (a.locked)
        return ERROR_LOCKED;
    return strcmp(a.hash, proved->hash) == 0 ? ERROR_USERNAME_TAKEN : ERROR_WRONG_PASSWORD;
}

/* Else the client was told why. */
static bool claim(struct session *s, const char *name, enum event_kind answer, const struct account *proved)
{
    struct claimant c = {.member = &s->member, .name = name, .answer = answer, .proved = proved};
    if (strcasecmp(name, NAME_SERVER) != 0 && (try_claim(&c) || wait_for_name(s, &c)))
        return true;
    session_error(s, refusal(name, proved), NULL);
    return false;
}

bool login_take_name(struct session *s, const char *name, const struct account *proved, enum event_kind welcome)
{
    struct member *m = &s->member;
    char host[ADDRS_TEXT];
    m->account = proved ? proved->id : 0; /* before it is listed, so that who looks for it there finds it */
    if (!claim(s, name, welcome, proved)) {
        m->account = 0;
        return false;
    }
    session_named(s);
    if (proved) {
        accounts_note_seen(proved->id, addrs_key_text(&s->pair->arrival.peer, host));
        mailbox_show(s);
    }
    return true;
}

bool login_change_name(struct session *s, const char *name)
{
    struct account own;
    bool is_own = accounts_by_id(s->member.account, &own) && strcasecmp(own.name, name) == 0;
    return claim(s, name, EVENT_RENAMED, is_own ? &own : NULL);
}

/* ---- passwords ---- */

bool login_may_send(struct session *s)
{
    if (!secret_available())
        session_error(s, ERROR_NO_ACCOUNTS, NULL);
    else if (!s->pair->arrival.peer.near && !login_rules().plaintext)
        session_error(s, ERROR_INSECURE, NULL);
    else
        return true;
    return false;
}

bool login_may_choose(struct session *s, const char *password)
{
    char least[16];
    if (!login_may_send(s))
        return false;
    if (strlen(password) >= (size_t)login_rules().password_least)
        return true;
    snprintf(least, sizeof least, "%d", login_rules().password_least);
    session_error(s, ERROR_PASSWORD_SHORT, least);
    return false;
}

bool login_throttle(struct session *s, const struct account *a, struct throttle_try *t)
{
    const struct addr *peer = &s->pair->arrival.peer;
    char host[ADDRS_TEXT], key[NAME_SIZE], wait[16];
    bool home = a && strcmp(addrs_key_text(peer, host), a->seen_from) == 0;
    if (a)
        name_fold(key, a->name);
    int wait_s = throttle_take(t, peer, a ? key : NULL, home, clock_ms());
    if (!wait_s)
        return true;
    counter_add(COUNTER_LOGINS_HELD, 1);
    snprintf(wait, sizeof wait, "%d", wait_s);
    session_error(s, wait_s == THROTTLE_BUSY ? ERROR_BUSY : ERROR_TOO_MANY_TRIES, wait);
    return false;
}

bool login_prove(struct session *s, const struct account *a, const char *password)
{
    const struct addr *peer = &s->pair->arrival.peer;
    struct waiter w = login_waiter(s);
    struct throttle_try t;
    if (!login_may_send(s) || !login_throttle(s, a, &t))
        return false;
    enum hashing result = hashing_check(a->hash, password, peer, &w);
    throttle_end(&t, result == HASHING_WRONG);
    switch (result) {
    case HASHING_WRONG:
        counter_add(COUNTER_LOGINS_WRONG, 1);
        log_peer(LOG_WARN, "wrong_password", "id=%llu account=%s address=%s", (unsigned long long)s->member.id, a->name,
                 peer->text);
        session_error(s, ERROR_WRONG_PASSWORD, NULL);
        break;
    case HASHING_BUSY:
        session_error(s, ERROR_BUSY, NULL);
        break;
    case HASHING_DONE:
        if (!a->locked)
            return true;
        session_error(s, ERROR_LOCKED, NULL);
    }
    return false;
}
