/* SPDX-License-Identifier: ISC */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What a text may hold. Pure; any thread. */

/* How many bytes of telnet negotiation the text begins with (RFC 854: IAC and its command). */
size_t text_telnet(const char *s, size_t len);

/*
 * Cleans a text in place; s[len] must be writable, and a NUL ends the result. False if it has a NUL byte or is not
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF): the text must not be used then. Control
 * characters that could drive another user's terminal or forge a line are removed: C0 except TAB, DEL, C1 (U+0080 to
 * U+009F), and the bidirectional embeddings, overrides and isolates (U+202A to U+202E, U+2066 to U+2069).
 */
bool text_clean(char *s, size_t len);

/* True if it is empty or holds only spaces and tabs. */
bool text_is_blank(const char *s);

#endif
