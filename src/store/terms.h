/* SPDX-License-Identifier: ISC */
#ifndef STORE_TERMS_H
#define STORE_TERMS_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Texts as the index of words takes them, and what people look for as a question to it. FTS5's tokenizer unicode61 cuts at
 * all that is neither letter nor digit, and takes off case and accents. In scripts that are written without blanks (Chinese,
 * Japanese, Thai and others; Korean too, for its endings) each character is made a word, so that any part of a text is
 * found as a row of words. An emoji is made a word of its own. Pure; any thread. Texts are UTF-8.
 */

/* Adds what is indexed of a message: the words of its text, where it was said and by whom. The same message gives the same
 * bytes for ever: they are needed again to take it out. */
void terms_index(struct buf *out, const char *room_key, const char *name, const char *text);

/* Adds to a MATCH expression: all that is added must be there. A word of the user's is taken as text whatever it holds; only
 * a * behind it has a meaning: any word that begins so. Returns how many words it makes, none when there is no letter,
 * digit or other sign to be found in it. */
int terms_match(struct buf *match, const char *word);
/* Only what was said in that room, by that user. */
void terms_match_room(struct buf *match, const char *room_key);
void terms_match_name(struct buf *match, const char *name);

#endif
