/* SPDX-License-Identifier: ISC */
#ifndef SERVE_IRC_IRC_SERVICES_H
#define SERVE_IRC_IRC_SERVICES_H

#include "serve/irc/irc_session.h"

/*
 * NickServ and ChanServ, for what people are used to type. They are no users: what they do are the acts that other
 * commands do.
 */

/* Takes a line of PRIVMSG or NOTICE to a service, so that it reaches nobody else. False: it is to none. The session's
 * reader. */
bool irc_services_take(struct session *s, struct irc_line *l, bool is_notice);

#endif
