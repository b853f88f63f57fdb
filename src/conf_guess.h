/* SPDX-License-Identifier: ISC */
#ifndef CONF_GUESS_H
#define CONF_GUESS_H

#include <stddef.h>

/*
 * "Did you mean …?" for a key that is unknown: a former name of a key gives its new name, anything else the nearest of
 * the candidates, if one is near enough; one that begins with the word always is. Pure; any thread.
 */
struct conf_guess {
    const char *word; /* borrows: what the file has */
    const char *best; /* borrows: the nearest candidate so far, or NULL */
    size_t distance;  /* of `best`: letters to change, add or drop, 1 if it begins with the word */
};

/* Begins a guess. `word` must outlive it. */
void conf_guess_init(struct conf_guess *g, const char *word);

/* Adds a candidate, which must outlive the guess. */
void conf_guess_add(struct conf_guess *g, const char *candidate);

/* The name that was probably meant, or NULL. */
const char *conf_guess_result(const struct conf_guess *g);

#endif
