/* SPDX-License-Identifier: ISC */
#ifndef CHAT_IGNORES_H
#define CHAT_IGNORES_H

#include "proto/name.h"

/*
 * An ignore list: the names of users whom a client does not want to hear. It never changes once it is made, so a thread
 * that got the pointer under a lock may read it while it holds that lock. NULL is the empty list. Freed with free(3).
 * Any thread.
 */
struct ignores {
    int count;
    struct ignored {
        char key[NAME_SIZE];
        char name[NAME_SIZE]; /* as it was given */
    } v[];                    /* by .key */
};

/* `key`: a folded name. */
bool ignores_has(const struct ignores *ig, const char *key);

/* A copy with that name added, which must not be on the list; or without that one, which must be. The caller owns
 * it. */
struct ignores *ignores_with(const struct ignores *ig, const char *name);
struct ignores *ignores_without(const struct ignores *ig, const char *key);

#endif
