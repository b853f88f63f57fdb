/* SPDX-License-Identifier: ISC */
/* What was true before a password was hashed may be false afterwards, so claiming the name checks again, under the
 * users lock. */
#include "config.h"

#include "serve/login.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/date.h"
#include "base/log.h"
#include "chat/hashing.h"
#include "chat/room.h"
#include "chat/tokens.h"
#include "chat/users.h"
#include "serve/banned.h"
#include "serve/mailbox.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"
#include "serve/speak.h"
#include "serve/throttle.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_WAIT_MS 100     /* for a name whose owner may just be leaving */
#define LEAVING_WAIT_MS 5000 /* for a name whose owner is leaving; on a loaded machine its reader may notice late */

static struct {
    _Atomic int registration, password_min_bytes;
    _Atomic bool plaintext;
} now = {REGISTRATION_OPEN, 8, false};

void login_configure(const struct login_rules *rules)
{
    atomic_store_explicit(&now.registration, (int)rules->registration, memory_order_relaxed);
    atomic_store_explicit(&now.password_min_bytes, rules->password_min_bytes, memory_order_relaxed);
    atomic_store_explicit(&now.plaintext, rules->plaintext, memory_order_relaxed);
}

struct login_rules login_rules(void)
{
    return (struct login_rules){
        .registration = (enum registration_rule)atomic_load_explicit(&now.registration, memory_order_relaxed),
        .plaintext = atomic_load_explicit(&now.plaintext, memory_order_relaxed),
        .password_min_bytes = atomic_load_explicit(&now.password_min_bytes, memory_order_relaxed),
    };
}

enum registration_rule login_registration_named(const char *name)
{
    static const char *const names[] = {
        [REGISTRATION_OPEN] = "open", [REGISTRATION_INVITE] = "invite", [REGISTRATION_CLOSED] = "closed"};
    int i = REGISTRATION_CLOSED;
    while (i > REGISTRATION_OPEN && strcmp(names[i], name) != 0)
        i--;
    return (enum registration_rule)i;
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
    struct event answer = {.kind = c->answer, .name = c->name, .account_name = member_account_name(c->member),
                           .time_ms = date_stamp_ms()};
    struct event replaced = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    struct claim cl = {
        .name = c->name,
        .answer = &answer,
        .may = may_have,
        .arg = arg,
        .replaced = c->proved ? &replaced : NULL,
        .owns_name = c->proved && strcasecmp(c->name, c->proved->name) == 0,
    };
    c->has_it = c->has_it || users_claim(c->member, &cl);
    return c->has_it;
}

/* True: other sessions of the user, who want to keep it, have the name of this one, or the name that it wants. */
static bool is_shared(const struct member *m, const char *name)
{
    struct target holder;
    return *m->name && (users_has_others(m) || (m->account && users_identify(name, &holder) &&
                                                holder.account == m->account && holder.client != m->user_id));
}

/* Waits a moment for a name that is being released. */
static bool wait_for_name(struct session *s, struct claimant *c)
{
    int64_t until_ms = clock_ms() + LEAVING_WAIT_MS;
    users_wait(c->member);
    do
        session_wait(s, clock_ms() + NAME_WAIT_MS, try_claim, c);
    while (!c->has_it && may_have(c) && !session_is_over(s) && clock_ms() < until_ms && users_is_leaving(c->name) &&
           !is_shared(c->member, c->name));
    users_unwait(c->member);
    return c->has_it;
}

/* Why the name was not given: by now it may be for another reason than at first. A certificate that was removed is
 * none, and so the password is asked for. */
static enum error_code reason_of(const struct member *m, const char *name, const struct account *proved)
{
    static const enum error_code outdated[] = {[PROOF_PASSWORD] = ERROR_WRONG_PASSWORD,
                                               [PROOF_CERTIFICATE] = ERROR_PASSWORD_REQUIRED,
                                               [PROOF_TOKEN] = ERROR_BAD_TOKEN};
    struct account a, own;
    bool is_registered = accounts_find(name, &a);
    if (is_shared(m, name))
        return ERROR_NAME_SHARED;
    if (!proved)
        return is_registered ? ERROR_PASSWORD_REQUIRED : ERROR_USERNAME_TAKEN;
    if (!accounts_by_id(proved->id, &own))
        return ERROR_NOT_REGISTERED;
    if (is_registered && a.id != proved->id)
        return ERROR_USERNAME_TAKEN;
    if (own.locked)
        return ERROR_LOCKED;
    return accounts_admits(name, proved) ? ERROR_USERNAME_TAKEN : outdated[proved->proved_by];
}

static bool claim(struct session *s, const char *name, enum event_kind answer, const struct account *proved,
                  struct refusal *no)
{
    struct claimant c = {.member = &s->member, .name = name, .answer = answer, .proved = proved};
    if (name_is_reserved(name))
        no->error = ERROR_USERNAME_RESERVED;
    else if (!try_claim(&c) && !wait_for_name(s, &c) && banned_admit_name(name, proved ? proved->name : NULL, no))
        no->error = reason_of(&s->member, name, proved);
    return no->error == ERROR_NONE;
}

bool login_take_name(struct session *s, const char *name, const struct account *proved, enum event_kind welcome,
                     struct refusal *no)
{
    struct member *m = &s->member;
    char host[ADDRS_TEXT];
    if (proved) /* a private message may come as soon as the name is listed */
        resumable_keep_tail(s);
    if (proved)
        memcpy(m->account_name, proved->name, sizeof m->account_name);
    m->account = proved ? proved->id : 0; /* before the name is listed, so that a look-up by account finds it */
    if (!claim(s, name, welcome, proved, no)) {
        m->account = 0;
        return false;
    }
    s->era = proved ? proved->era : 0;
    s->by_certificate = proved && proved->proved_by == PROOF_CERTIFICATE;
    session_got_name(s);
    if (proved) {
        accounts_note_seen(proved->id, addrs_key_text(&s->pair->arrival.peer, host));
        if (proved->proved_by != PROOF_TOKEN && users_most_sessions() == 1) /* the last login is the only session */
            tokens_forget_saved(proved->id);
        mailbox_show(s);
    }
    return true;
}

struct proof login_proof(const struct session *s)
{
    return (struct proof){s->member.account, s->era};
}

void login_renew(struct session *s, const char *hash)
{
    struct account own;
    if (!accounts_by_id(s->member.account, &own) || strcmp(own.hash, hash) != 0)
        return;
    s->era = own.era;
    s->by_certificate = false;
}

/* Each room has the new name before anybody is told, so a user who joins meanwhile may hear of it twice, but never
 * not. */
static void tell_new_name(struct session *s, const char *old)
{
    struct member *m = &s->member;
    struct event ev = {.kind = EVENT_RENAME, .name = old, .account_name = member_account_name(m), .text = m->name};
    session_rooms_update(s);
    session_rooms_tell(s, &ev);
}

bool login_rename(struct session *s, const char *name, struct refusal *no)
{
    struct member *m = &s->member;
    struct account own;
    char old[NAME_SIZE];
    if (m->room_count && !session_announce(s))
        return refusal_set(no, ERROR_BUSY); /* over: nobody reads the answer */
    if (is_shared(m, name))
        return refusal_set(no, ERROR_NAME_SHARED);
    if (!speak_may_be_read(s, no))
        return false;
    bool is_own = accounts_by_id(m->account, &own) && strcasecmp(own.name, name) == 0;
    memcpy(old, m->name, sizeof old);
    if (!claim(s, name, EVENT_RENAMED, is_own ? &own : NULL, no))
        return false;
    if (strcmp(m->name, old) != 0) {
        tell_new_name(s, old);
        users_renamed(m);
        session_rooms_ban_again(s);
        log_peer(LOG_INFO, "renamed", "id=%llu name=%s was=%s", (unsigned long long)m->id, m->name, old);
    }
    return true;
}

/* ---- passwords ---- */

bool login_may_send(struct session *s, struct refusal *no)
{
    bool is_secure = session_is_private(s) || login_rules().plaintext;
    if (!secret_available())
        no->error = ERROR_NO_ACCOUNTS;
    else if (!is_secure)
        no->error = ERROR_INSECURE;
    return no->error == ERROR_NONE;
}

bool login_may_choose(struct session *s, const char *password, struct refusal *no)
{
    int least = login_rules().password_min_bytes;
    if (login_may_send(s, no) && strlen(password) < (size_t)least)
        *no = (struct refusal){.error = ERROR_PASSWORD_SHORT, .number = least};
    return no->error == ERROR_NONE;
}

bool login_throttle(struct session *s, const struct login_secret *l, struct throttle_attempt *t, struct refusal *no)
{
    const struct addr *peer = &s->pair->arrival.peer;
    char host[ADDRS_TEXT];
    const char *key = l ? l->key : NULL;
    bool is_home = key && strcmp(addrs_key_text(peer, host), l->from) == 0;
    int wait_s = throttle_take(t, peer, key, is_home, clock_ms());
    if (!wait_s)
        return true;
    counter_add(COUNTER_LOGINS_THROTTLED, 1);
    no->error = wait_s == THROTTLE_BUSY ? ERROR_BUSY : ERROR_TOO_MANY_FAILED_LOGINS;
    no->number = wait_s;
    return false;
}

bool login_check(struct session *s, const struct login_secret *l, const char *password, struct refusal *no)
{
    const struct addr *peer = &s->pair->arrival.peer;
    struct waiter w = session_waiter(s);
    struct throttle_attempt t;
    if (!login_may_send(s, no) || !login_throttle(s, l, &t, no))
        return false;
    enum hashing result = hashing_check(l->hash, password, peer, &w);
    throttle_end(&t, result == HASHING_WRONG);
    switch (result) {
    case HASHING_WRONG:
        counter_add(COUNTER_LOGINS_WRONG, 1);
        log_peer_from(&peer->key, LOG_WARN, "wrong_password", "id=%llu %s=%s address=%s",
                      (unsigned long long)s->member.id, l->what, l->name, peer->text);
        no->error = ERROR_WRONG_PASSWORD;
        break;
    case HASHING_BUSY:
        no->error = ERROR_BUSY;
        break;
    case HASHING_DONE:
        break;
    }
    return no->error == ERROR_NONE;
}

bool login_prove(struct session *s, const struct account *a, const char *password, struct refusal *no)
{
    char key[NAME_SIZE];
    struct login_secret l = {.what = "account", .name = a->name, .key = key, .from = a->seen_from, .hash = a->hash};
    name_fold(key, a->name);
    if (login_check(s, &l, password, no) && a->locked)
        no->error = ERROR_LOCKED;
    return no->error == ERROR_NONE;
}
