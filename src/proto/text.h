/* SPDX-License-Identifier: ISC */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a text may hold. Pure; any thread. */

/* How many bytes of telnet negotiation the text begins with (RFC 854: IAC and its command). */
size_t text_telnet(const char *s, size_t len);

/*
 * Cleans a text in place; s[len] must be writable, and a NUL ends the result. False if it has a NUL byte or is not
 * UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF): the text must not be used then. Control
 * characters that could drive another user's terminal or forge a line are removed: C0 except TAB, DEL, C1 (U+0080 to
 * U+009F), the line and paragraph separators (U+2028, U+2029), and the bidirectional embeddings, overrides and isolates
 * (U+202A to U+202E, U+2066 to U+2069). So nothing is left that any reader takes for the end of a line.
 */
bool text_clean(char *s, size_t len);
/* Whether it would take the text; and whether it would leave it as it is. */
bool text_is_utf8(const char *s, size_t len);
bool text_is_clean(const char *s, size_t len);

/* The code point at *at in a clean text; *at moves behind it. 0 at the end, where *at stays. */
uint32_t text_next(const char **at);

/* True for what cannot be seen: blanks of any width, and characters without a shape of their own, such as joiners,
 * fillers and variation selectors. */
bool text_is_unseen(uint32_t cp);

/* True if a clean text is empty or holds only such characters. */
bool text_is_blank(const char *s);

#endif
