/* SPDX-License-Identifier: ISC */
#ifndef SERVE_LOGIN_H
#define SERVE_LOGIN_H

#include "chat/accounts.h"
#include "serve/session.h"

/* How a session gets its name: a free name is claimed, a registered one is proved with a password here, with a
 * certificate by serve/certificate.h. The session's reader. Where a call returns false, `no` says why. */
enum registration_rule { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED };

struct login_rules {
    enum registration_rule registration;
    bool plaintext;         /* passwords may cross public networks unencrypted */
    int password_min_bytes;
};
/* Any thread. */
void login_configure(const struct login_rules *rules);
struct login_rules login_rules(void);

/* The rule by its name in the configuration. */
enum registration_rule login_registration_named(const char *name);

/* Gives the session the name and logs it in to the account whose ownership it has proved (NULL: none). The client is
 * told by an event of the kind `welcome`, before the users lock that makes the name visible is released. The name is
 * the account's, or one that nobody has registered; a session that is logged in to the account already is replaced.
 * Waits a moment for a name that is being released. */
bool login_take_name(struct session *s, const char *name, const struct account *proved, enum event_kind welcome,
                     struct refusal *no);

/* The account that the session is logged in to, and the era in which it has proved to own it. */
struct proof login_proof(const struct session *s);
/* The session has set a password, of that hash, for its account: if that is still the password, it need not log in
 * again. */
void login_renew(struct session *s, const char *hash);

/* Changes the session's name, also to that of the account it is logged in to; tells the client, its rooms, and each
 * user who shares one with it. */
bool login_rename(struct session *s, const char *name, struct refusal *no);

/* Whether passwords and tokens may cross the network that the client comes by. */
bool login_may_send(struct session *s, struct refusal *no);

/* Whether a new password is acceptable; includes login_may_send. */
bool login_may_choose(struct session *s, const char *password, struct refusal *no);

/* What has a password. */
struct login_secret {
    const char *what, *name; /* for the log: "account", and its name */
    const char *key;         /* its name in the throttle; NULL: nothing has that name, and so no limit of its own */
    const char *from;        /* the address whose client has given it last, as addrs_key_text, or "" */
    const char *hash;
};

/* Takes one attempt from the login throttle for something that the client may get wrong: a password, or (NULL) an
 * invitation. If true, throttle_end must follow. */
struct throttle_attempt;
bool login_throttle(struct session *s, const struct login_secret *l, struct throttle_attempt *t, struct refusal *no);

/* Checks a password; includes login_may_send and login_throttle. Blocks as long as hashing does. */
bool login_check(struct session *s, const struct login_secret *l, const char *password, struct refusal *no);
/* The same for the password of an account. */
bool login_prove(struct session *s, const struct account *a, const char *password, struct refusal *no);

#endif
