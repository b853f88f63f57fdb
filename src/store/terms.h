/* SPDX-License-Identifier: ISC */
#ifndef STORE_TERMS_H
#define STORE_TERMS_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Search terms: the text that is indexed of a message, and the FTS5 expression that finds it. Both have the form of
 * store/fold.h, which FTS5's tokenizer `ascii` cuts at everything that is neither letter nor digit. In scripts that are
 * written without blanks each character is a term, so any part of a text is found as a phrase. Pure; any thread. Texts
 * are UTF-8.
 */

/* Appends what is indexed of a message: the terms of its text, its room and its author. The result for a message must
 * not change while the version is the same (fold_version): the same bytes are needed again to remove it from the
 * index. */
void terms_index(struct buf *out, const char *room_key, const char *name, const char *text);

/* Appends a word to a MATCH expression; a message matches if it has everything that was appended. The word is
 * quoted, whatever it holds; only a * at its end has a meaning: any term with that beginning. Returns the number
 * of terms in it; 0, and appends nothing, if it has no letter, digit or other sign that can be found. */
int terms_match(struct buf *match, const char *word);
/* The same for messages in that room; by that user. */
void terms_match_room(struct buf *match, const char *room_key);
void terms_match_name(struct buf *match, const char *name);

#endif
