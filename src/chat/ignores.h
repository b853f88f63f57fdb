/* SPDX-License-Identifier: ISC */
#ifndef CHAT_IGNORES_H
#define CHAT_IGNORES_H

#include "proto/name.h"

/*
 * Whom somebody does not want to hear: a list of names that never changes once it is made, so whoever has it under a
 * lock may read it. NULL is the empty list. Freed with free(3). Any thread.
 */
struct ignores {
    int count;
    struct ignored {
        char key[NAME_SIZE];
        char name[NAME_SIZE]; /* as it was given */
    } v[];                    /* by .key */
};

bool ignores_has(const struct ignores *ig, const char *key);

/* A copy with that name, which is not on the list, or without that one, which is. The caller owns it. */
struct ignores *ignores_with(const struct ignores *ig, const char *name);
struct ignores *ignores_without(const struct ignores *ig, const char *key);

#endif
