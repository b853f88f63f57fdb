/* SPDX-License-Identifier: ISC */
#ifndef SERVE_IRC_IRC_PROTOCOL_H
#define SERVE_IRC_IRC_PROTOCOL_H

#include "serve/protocol.h"

/* IRC, for clients that people have: RFC 2812 as the Modern IRC documents describe it, with IRCv3; doc/irc.md. */
extern const struct protocol irc_protocol;

#endif
