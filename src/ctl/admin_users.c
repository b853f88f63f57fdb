/* SPDX-License-Identifier: ISC */
/* Accounts and invitations: the commands `user` and `invite`. */
#include "config.h"

#include "ctl/admin_users.h"

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/hashing.h"
#include "chat/retention.h"
#include "chat/users.h"
#include "ctl/admin_call.h"
#include "ctl/wire.h"
#include "net/post.h"
#include "serve/login.h"

#include <stdlib.h>
#include <string.h>

static _Atomic int invite_days = 7;

void admin_users_configure(int days)
{
    atomic_store_explicit(&invite_days, days, memory_order_relaxed);
}

static struct waiter waiter_of(struct admin_call *c)
{
    return (struct waiter){.notifier = &c->notifier};
}

static const char no_sodium[] = "accounts are not available: this chatd was built without libsodium";

/* ---- looking ---- */

static void put_fields(struct buf *out, const struct account *a)
{
    char as_written[NAME_SIZE];
    wire_string(out, "user", a->name);
    wire_bool(out, "online", users_find(a->name, as_written));
    wire_bool(out, "locked", a->locked);
    wire_time(out, "registered", a->created_ms);
    if (a->seen_ms)
        wire_time(out, "seen", a->seen_ms);
    else
        wire_string(out, "seen", "never");
    wire_string(out, "from", a->seen_from);
}

static void put_account(const struct account *a, void *arg)
{
    struct buf *out = arg;
    wire_open(out);
    put_fields(out, a);
    wire_close(out);
}

const char *admin_user_list(struct admin_call *c)
{
    accounts_each(put_account, c->out);
    return NULL;
}

/* Looks up the account that the word argument names. NULL, or the refusal. */
static const char *find(struct admin_call *c, struct account *a)
{
    if (name_was_user(c->word) && accounts_find(c->word, a))
        return NULL;
    return admin_call_refuse(c, "unknown account %s (chatctl user list shows all)", c->word);
}

const char *admin_user_show(struct admin_call *c)
{
    struct account a;
    struct fingerprints certificates;
    const char *wrong = find(c, &a);
    if (wrong)
        return wrong;
    accounts_certificates(a.id, &certificates);
    wire_open(c->out);
    put_fields(c->out, &a);
    wire_number(c->out, "certificates", certificates.n);
    wire_close(c->out);
    fingerprints_fini(&certificates);
    return NULL;
}

/* ---- changing ---- */

static const char *told(struct admin_call *c, enum accounts_change result)
{
    switch (result) {
    case ACCOUNTS_DONE:
        return NULL;
    case ACCOUNTS_STORAGE:
        return ADMIN_NOT_CHANGED;
    case ACCOUNTS_EXISTS:
        return "the name is already registered";
    case ACCOUNTS_UNKNOWN:
    case ACCOUNTS_OUTDATED:
        return admin_call_refuse(c, "the account %s was deleted meanwhile", c->word);
    case ACCOUNTS_FULL:
        return "accounts.max is reached; raise it, or delete an account";
    case ACCOUNTS_NOT_INVITED:
        return "an invitation is required";
    }
    return "unknown result";
}

/* Hashes the password in c->text. NULL, or the refusal. */
static const char *hash_text(struct admin_call *c, char hash[SECRET_HASH])
{
    struct waiter w = waiter_of(c);
    int least = login_rules().password_min_bytes;
    if (!secret_available())
        return no_sodium;
    if (strpbrk(c->text, " \t"))
        return "a password must not contain blanks, because users give it as one word";
    if (strlen(c->text) < (size_t)least) {
        return admin_call_refuse(c, "the password is too short: at least %d bytes (accounts.password_min_bytes)",
                                 least);
    }
    if (hashing_make(hash, c->text, NULL, &w) == HASHING_DONE)
        return NULL;
    return "too many passwords are being hashed, or there is not enough memory (accounts.hash_memory_kib); try again";
}

const char *admin_user_add(struct admin_call *c)
{
    struct waiter w = waiter_of(c);
    char hash[SECRET_HASH], as_written[NAME_SIZE];
    if (!name_is_user(c->word))
        return "invalid name: use 1 to 32 letters, digits, _ - or ., not - or . first, at most limits.name_bytes";
    if (name_is_reserved(c->word))
        return "reserved name: it is the server's own, or that of a service on other networks; choose another one";
    if (users_find(c->word, as_written))
        return "a connected user has that name, and only that user can register it now; kick the user first";
    const char *wrong = hash_text(c, hash);
    if (wrong)
        return wrong;
    wrong = told(c, accounts_add(&(struct accounts_new){.name = c->word, .hash = hash, .seen_from = ""}, &w));
    secret_wipe(hash, sizeof hash);
    return wrong;
}

const char *admin_user_passwd(struct admin_call *c)
{
    struct waiter w = waiter_of(c);
    struct account a;
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_NEW_PASSWORD};
    char hash[SECRET_HASH];
    const char *wrong = find(c, &a);
    if (!wrong)
        wrong = hash_text(c, hash);
    if (wrong)
        return wrong;
    wrong = told(c, accounts_set_hash(a.id, NULL, hash, &w));
    secret_wipe(hash, sizeof hash);
    if (!wrong) /* whoever is logged in knows the old one */
        users_close_account(a.id, CLOSE_KICK, &words);
    return wrong;
}

static const char *set_locked(struct admin_call *c, bool locked)
{
    struct waiter w = waiter_of(c);
    struct account a;
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_LOCKED};
    const char *wrong = find(c, &a);
    if (!wrong)
        wrong = told(c, accounts_set_locked(a.id, locked, &w));
    if (!wrong && locked)
        users_close_account(a.id, CLOSE_LOCKED, &words);
    return wrong;
}

const char *admin_user_lock(struct admin_call *c)
{
    return set_locked(c, true);
}

const char *admin_user_unlock(struct admin_call *c)
{
    return set_locked(c, false);
}

const char *admin_user_del(struct admin_call *c)
{
    struct waiter w = waiter_of(c);
    struct account a;
    const char *wrong = find(c, &a);
    if (wrong)
        return wrong;
    enum accounts_change result = accounts_remove(a.id, NULL, &w);
    retention_clean_up(); /* of its private talks */
    return told(c, result);
}

const char *admin_invite(struct admin_call *c)
{
    struct waiter w = waiter_of(c);
    char code[SECRET_TEXT];
    long days = c->word ? strtol(c->word, NULL, 10) : atomic_load_explicit(&invite_days, memory_order_relaxed);
    if (!secret_available())
        return no_sodium;
    if (days < 1 || days > 365 || (c->word && c->word[strspn(c->word, "0123456789")]))
        return "an invitation must be valid for 1 to 365 days";
    int64_t expires_ms = clock_wall_ms() + days * CLOCK_DAY_MS;
    const char *wrong = told(c, accounts_invite(code, expires_ms, &w));
    if (wrong)
        return wrong;
    wire_open(c->out);
    wire_string(c->out, "invitation", code);
    wire_time(c->out, "expires", expires_ms);
    wire_close(c->out);
    return NULL;
}
