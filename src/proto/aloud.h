/* SPDX-License-Identifier: ISC */
#ifndef PROTO_ALOUD_H
#define PROTO_ALOUD_H

#include <stdbool.h>

/*
 * Lines that must not be said aloud: they look like a command with a secret in it, a password, a token, a private
 * message or a room's key, that was mistyped. web/line.js has the same rule for the page; tests/unit/aloud.txt has
 * examples for both. Pure; any thread.
 */

/* True for such a line. It is a clean text that is no command and has no slash in front. */
bool aloud_is_secret(const char *line);

#endif
