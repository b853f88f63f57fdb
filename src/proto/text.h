/* SPDX-License-Identifier: ISC */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* What a line of text may hold. Pure; any thread. */

/* How many bytes of telnet negotiation stand at the start (RFC 854: IAC and what belongs to it). */
size_t text_telnet(const char *s, size_t len);

/*
 * Cleans a text in place; s[len] must be writable and becomes or stays the NUL behind it. False when it has a NUL
 * byte or is not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF): then it is unchanged in
 * meaning and not to be used. Removed are control characters that could drive another's terminal or forge a line:
 * C0 but TAB, DEL, C1 (U+0080 to U+009F), and the bidirectional embeddings, overrides and isolates (U+202A to
 * U+202E, U+2066 to U+2069).
 */
bool text_clean(char *s, size_t len);

/* True when it holds nothing but spaces and tabs, or nothing. */
bool text_is_blank(const char *s);

#endif
