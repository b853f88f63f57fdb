/* SPDX-License-Identifier: ISC */
/* Passwords come in by pointer, are hashed, and are copied nowhere. */
#include "config.h"

#include "serve/registration.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/hashing.h"
#include "chat/retention.h"
#include "serve/login.h"
#include "serve/presence.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"
#include "serve/throttle.h"

/* `change` is its name in the log. */
static bool finish(struct session *s, enum accounts_change result, const char *change, struct refusal *no)
{
    static const enum error_code errors[] = {
        [ACCOUNTS_DONE] = ERROR_NONE,
        [ACCOUNTS_STORAGE] = ERROR_STORAGE,
        [ACCOUNTS_EXISTS] = ERROR_USERNAME_TAKEN,
        [ACCOUNTS_UNKNOWN] = ERROR_NOT_REGISTERED,
        [ACCOUNTS_OUTDATED] = ERROR_WRONG_PASSWORD,
        [ACCOUNTS_FULL] = ERROR_TOO_MANY_ACCOUNTS,
        [ACCOUNTS_NOT_INVITED] = ERROR_NOT_INVITED,
    };
    no->error = errors[result];
    if (result == ACCOUNTS_DONE)
        log_info(change, "id=%llu account=%s", (unsigned long long)s->member.id, s->member.name);
    return result == ACCOUNTS_DONE;
}

static enum accounts_change add(struct session *s, const char *hash, const char *invitation)
{
    struct waiter w = session_waiter(s);
    char host[ADDRS_TEXT];
    memcpy(s->member.account_name, s->member.name, sizeof s->member.account_name);
    return accounts_add(&(struct accounts_new){.name = s->member.name,
                                               .hash = hash,
                                               .seen_from = addrs_key_text(&s->pair->arrival.peer, host),
                                               .invitation = invitation,
                                               .owner = &s->member.account},
                        &w);
}

/* An invitation is tried as a password is; who has none registers as one of so many from that address. */
static bool throttle(struct session *s, const char *invitation, struct throttle_attempt *t, struct refusal *no)
{
    if (invitation)
        return login_throttle(s, NULL, t, no);
    int wait_s = throttle_take_registration(t, &s->pair->arrival.peer, clock_ms());
    if (!wait_s)
        return true;
    counter_add(COUNTER_REGISTRATIONS_THROTTLED, 1);
    *no = (struct refusal){.error = wait_s == THROTTLE_BUSY ? ERROR_BUSY : ERROR_TOO_MANY_REGISTRATIONS,
                           .number = wait_s};
    return false;
}

static bool hash_and_add(struct session *s, const char *password, const char *invitation, struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct throttle_attempt t;
    char hash[SECRET_HASH];
    enum accounts_change result = ACCOUNTS_STORAGE;
    if (!throttle(s, invitation, &t, no))
        return false;
    resumable_keep_tail(s); /* a private message may come as soon as it is registered */
    bool is_hashed = hashing_make(hash, password, &s->pair->arrival.peer, &w) == HASHING_DONE;
    if (is_hashed)
        result = add(s, hash, invitation);
    if (result == ACCOUNTS_DONE) {
        s->era = 0;
        s->by_certificate = false;
        session_rooms_update(s); /* they have a copy of the name of its account */
        presence_tell_account(s);
    }
    throttle_end(&t, result == (invitation ? ACCOUNTS_NOT_INVITED : ACCOUNTS_DONE));
    secret_wipe(hash, sizeof hash);
    if (is_hashed)
        return finish(s, result, "registered", no);
    return refusal_set(no, ERROR_BUSY);
}

bool registration_add(struct session *s, const char *password, const char *invitation, struct refusal *no)
{
    enum registration_rule rule = login_rules().registration;
    if (!secret_available())
        no->error = ERROR_NO_ACCOUNTS;
    else if (s->member.account)
        no->error = ERROR_REGISTERED;
    else if (rule == REGISTRATION_CLOSED)
        no->error = ERROR_REGISTRATION_CLOSED;
    else if (rule == REGISTRATION_INVITE && !invitation)
        no->error = ERROR_INVITATION_REQUIRED;
    else
        return login_may_choose(s, password, no) && hash_and_add(s, password, invitation, no);
    return false;
}

/* The account that the session is logged in to, if the password is right. */
static bool prove_own(struct session *s, const char *password, struct account *own, struct refusal *no)
{
    if (!secret_available())
        no->error = ERROR_NO_ACCOUNTS;
    else if (!accounts_by_id(s->member.account, own))
        no->error = ERROR_NOT_REGISTERED;
    else
        return login_prove(s, own, password, no);
    return false;
}

bool registration_set_password(struct session *s, const char *old, const char *password, struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct account own;
    char hash[SECRET_HASH];
    if (!prove_own(s, old, &own, no) || !login_may_choose(s, password, no))
        return false;
    if (hashing_make(hash, password, &s->pair->arrival.peer, &w) != HASHING_DONE)
        no->error = ERROR_BUSY;
    else if (finish(s, accounts_set_hash(own.id, own.hash, hash, &w), "password_changed", no))
        login_renew(s, hash);
    secret_wipe(hash, sizeof hash);
    return no->error == ERROR_NONE;
}

bool registration_remove(struct session *s, const char *password, struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct account own;
    if (!prove_own(s, password, &own, no) ||
        !finish(s, accounts_give_up(own.id, own.hash, s->member.id, &w), "unregistered", no))
        return false;
    retention_clean_up(); /* of its private talks, which nobody can read any more */
    return true;
}
