/* SPDX-License-Identifier: ISC */
#ifndef SERVE_LOGIN_H
#define SERVE_LOGIN_H

#include "chat/accounts.h"
#include "serve/session.h"

/* How a session comes to its name: free names are claimed, owned ones proved by a password. The session's reader. */
enum registration { REGISTRATION_OPEN, REGISTRATION_INVITE, REGISTRATION_CLOSED };

struct login_rules {
    enum registration registration;
    bool plaintext;     /* passwords may cross others' networks unencrypted */
    int password_least; /* bytes */
};
/* Any thread. */
void login_configure(const struct login_rules *rules);
struct login_rules login_rules(void);

/* The rule by its name in the configuration. */
enum registration login_registration_named(const char *name);

/* Gives the session the name, and logs it in to the account that it has proved to own (NULL: none), answered as `welcome`
 * says; whoever is logged in to that is replaced. Waits a moment for a name that is being given back. False: the client
 * was told why not, and the session has no name. */
bool login_take_name(struct session *s, const char *name, const struct account *proved, enum event_kind welcome);

/* Gives the session another name, also that of the account it is logged in to: OK Renamed. False: the client was told why
 * not, and has the old one. */
bool login_change_name(struct session *s, const char *name);

/* Takes a try for something that the client may get wrong: the password of the account, or (NULL) an invitation. True; or
 * it was told why not. throttle_end must follow. */
struct throttle_try;
bool login_throttle(struct session *s, const struct account *a, struct throttle_try *t);

/* True when secrets may cross the network that the client comes by; else it was told. */
bool login_may_send(struct session *s);

/* True when it is the password of the account; else the client was told what is wrong. Blocks for as long as hashing
 * does. */
bool login_prove(struct session *s, const struct account *a, const char *password);

/* True when the password may be chosen; else the client was told. */
bool login_may_choose(struct session *s, const char *password);

/* For what waits on behalf of the session. */
struct waiter login_waiter(struct session *s);

#endif
