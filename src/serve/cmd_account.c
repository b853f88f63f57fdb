/* SPDX-License-Identifier: ISC */
/* Commands about names: USERNAME takes one, RENAME another, REGISTER, PASSWD and UNREGISTER are about owning it, SEEN about who had it. */
#include "config.h"

#include "base/log.h"
#include "chat/hashing.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "serve/command.h"
#include "serve/login.h"
#include "serve/throttle.h"

#include <stdlib.h>
#include <string.h>

static void log_in(struct session *s, const struct args *a)
{
    struct account own;
    bool owned = accounts_find(a->word, &own);
    if (!owned && !name_is_user(a->word)) { /* longer than a new one may be */
        session_error(s, ERROR_INVALID_USERNAME, NULL);
    } else if ((owned || a->more) && !secret_available()) {
        session_error(s, ERROR_NO_ACCOUNTS, NULL);
    } else if (owned && !a->more) {
        session_error(s, ERROR_PASSWORD_REQUIRED, NULL);
    } else if (!owned && a->more) {
        session_error(s, ERROR_NOT_REGISTERED, NULL);
    } else if (!owned) {
        login_take_name(s, a->word, NULL, EVENT_WELCOME);
    } else if (login_prove(s, &own, a->more)) {
        login_take_name(s, own.name, &own, EVENT_WELCOME);
    }
}

void cmd_username(struct session *s, const struct args *a)
{
    if (*s->member.name)
        session_error(s, ERROR_USERNAME_SET, NULL);
    else if (!name_was_user(a->word))
        session_error(s, ERROR_INVALID_USERNAME, NULL);
    else
        log_in(s, a);
}

/* `change` is its name in the log. */
static void told(struct session *s, enum accounts_change result, enum event_kind done, const char *change)
{
    static const enum error_code errors[] = {
        [ACCOUNTS_STORAGE] = ERROR_STORAGE,
        [ACCOUNTS_EXISTS] = ERROR_USERNAME_TAKEN,
        [ACCOUNTS_UNKNOWN] = ERROR_NOT_REGISTERED,
        [ACCOUNTS_OUTDATED] = ERROR_WRONG_PASSWORD,
        [ACCOUNTS_FULL] = ERROR_TOO_MANY_ACCOUNTS,
        [ACCOUNTS_NOT_INVITED] = ERROR_NOT_INVITED,
    };
    struct event ev = {.kind = done, .name = s->member.name};
    if (result != ACCOUNTS_DONE) {
        session_error(s, errors[result], NULL);
        return;
    }
    log_info(change, "id=%llu account=%s", (unsigned long long)s->member.id, s->member.name);
    session_answer(s, &ev);
}

/* ---- RENAME ---- */

/* Each room has the new name before anybody is told, so who comes meanwhile may hear of it twice, and nobody never. */
static void tell_new_name(struct session *s, const char *old)
{
    struct member *m = &s->member;
    struct contacts others = {0};
    struct event ev = {.kind = EVENT_RENAME, .name = old, .text = m->name};
    session_update_rooms(s);
    for (int i = 0; i < m->room_count; i++)
        roster_contacts(m->rooms[i], m, &others);
    users_tell(&others, &ev);
    free(others.v);
}

void cmd_rename(struct session *s, const struct args *a)
{
    struct member *m = &s->member;
    char old[NAME_SIZE];
    memcpy(old, m->name, sizeof old);
    if (!name_is_user(a->word)) {
        session_error(s, ERROR_INVALID_USERNAME, NULL);
    } else if (login_change_name(s, a->word) && strcmp(m->name, old) != 0) {
        tell_new_name(s, old);
        users_renamed(m);
        log_peer(LOG_INFO, "renamed", "id=%llu name=%s was=%s", (unsigned long long)m->id, m->name, old);
    }
}

/* ---- REGISTER ---- */

static enum accounts_change add(struct session *s, const struct args *a, const char *hash)
{
    struct waiter w = login_waiter(s);
    char host[ADDRS_TEXT];
    return accounts_add(&(struct accounts_new){.name = s->member.name,
                                               .hash = hash,
                                               .seen_from = addrs_key_text(&s->pair->arrival.peer, host),
                                               .invitation = a->more,
                                               .owner = &s->member.account},
                        &w);
}

static void register_name(struct session *s, const struct args *a)
{
    struct waiter w = login_waiter(s);
    struct throttle_try t;
    char hash[SECRET_HASH];
    enum accounts_change result = ACCOUNTS_STORAGE;
    if (a->more && !login_throttle(s, NULL, &t))
        return;
    bool hashed = hashing_make(hash, a->word, &s->pair->arrival.peer, &w) == HASHING_DONE;
    if (hashed)
        result = add(s, a, hash);
    if (a->more)
        throttle_end(&t, result == ACCOUNTS_NOT_INVITED);
    if (hashed)
        told(s, result, EVENT_REGISTERED, "registered");
    else
        session_error(s, ERROR_BUSY, NULL);
    secret_wipe(hash, sizeof hash);
}

void cmd_register(struct session *s, const struct args *a)
{
    enum registration rule = login_rules().registration;
    if (!secret_available())
        session_error(s, ERROR_NO_ACCOUNTS, NULL);
    else if (s->member.account)
        session_error(s, ERROR_REGISTERED, NULL);
    else if (rule == REGISTRATION_CLOSED)
        session_error(s, ERROR_REGISTRATION_CLOSED, NULL);
    else if (rule == REGISTRATION_INVITE && !a->more)
        session_error(s, ERROR_INVITATION_REQUIRED, NULL);
    else if (rule == REGISTRATION_OPEN && a->more) /* a blank in the password: all of it was meant */
        session_error(s, ERROR_USAGE, "REGISTER <password>");
    else if (login_may_choose(s, a->word))
        register_name(s, a);
}

/* ---- PASSWD, UNREGISTER ---- */

/* The account one is logged in to, if the password is its. */
static bool prove_own(struct session *s, const char *password, struct account *own)
{
    if (!secret_available())
        session_error(s, ERROR_NO_ACCOUNTS, NULL);
    else if (!accounts_by_id(s->member.account, own))
        session_error(s, ERROR_NOT_REGISTERED, NULL);
    else
        return login_prove(s, own, password);
    return false;
}

void cmd_passwd(struct session *s, const struct args *a)
{
    struct waiter w = login_waiter(s);
    struct account own;
    char hash[SECRET_HASH];
    if (!prove_own(s, a->word, &own) || !login_may_choose(s, a->more))
        return;
    if (hashing_make(hash, a->more, &s->pair->arrival.peer, &w) != HASHING_DONE)
        session_error(s, ERROR_BUSY, NULL);
    else
        told(s, accounts_set_hash(own.id, own.hash, hash, &w), EVENT_PASSWORD_SET, "password_changed");
    secret_wipe(hash, sizeof hash);
}

void cmd_unregister(struct session *s, const struct args *a)
{
    struct waiter w = login_waiter(s);
    struct account own;
    if (prove_own(s, a->word, &own))
        told(s, accounts_remove(own.id, own.hash, &w), EVENT_UNREGISTERED, "unregistered");
}

/* ---- SEEN ---- */

void cmd_seen(struct session *s, const struct args *a)
{
    struct account other;
    struct event ev = {.kind = EVENT_SEEN_NOW, .name = a->word};
    char name[NAME_SIZE];
    bool is_name = name_was_user(a->word);
    if (is_name && users_find(a->word, name)) {
        ev.name = name;
        session_answer(s, &ev);
    } else if (is_name && accounts_find(a->word, &other) && other.seen_ms) {
        ev = (struct event){.kind = EVENT_SEEN, .name = other.name, .time_ms = other.seen_ms};
        session_answer(s, &ev);
    } else {
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
    }
}
