/* SPDX-License-Identifier: ISC */
#ifndef STORE_FOLD_H
#define STORE_FOLD_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The one normal form of what is indexed and what is searched for. Pure; any thread.
 *
 * Appends the terms of a text, with blanks between them. A term is a sequence of ASCII letters and digits and of bytes
 * above 0x7f; other ASCII characters may stand between terms as well, but no quotation mark. Upper case of ASCII may be
 * left to the tokenizer.
 *
 *   compatibility   NFKC: composed or not, full width or half, ligatures and circled digits are all the same
 *   case            folded: STRASSE is Straße
 *   marks           accents of Latin, Greek and Cyrillic, niqqud and harakat are dropped; й and its like stay letters,
 *                   and so do the vowel signs of all other scripts
 *   letters         that are typed as others where a keyboard lacks them: ø as o, ł as l, æ as ae, ı as i, Persian ی as
 *                   Arabic ي; digits of all scripts are those of ASCII
 *   scripts without blanks   each character, with its signs, is a term: Chinese, Japanese, Thai, Burmese and others;
 *                   Korean too, because of its endings
 *   symbols         each is a term, emoji too, with or without colour of skin; a flag is one
 *   dropped         punctuation, and what cannot be seen
 *
 * A byte that is not UTF-8 separates terms.
 */
void fold_terms(struct buf *out, const char *s, size_t n);

/* The version of that form. It changes with this code and with the library's edition of Unicode: the terms of a text
 * may be others then. */
int64_t fold_version(void);

#endif
