/* SPDX-License-Identifier: ISC */
/* A maker that has no rooms has no entry. */
#include "config.h"

#include "chat/makers.h"

#include "base/panic.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct maker {
    char key[MEMBER_WHO];
    struct room *rooms; /* borrows; in the order in which they came */
    int count;
    UT_hash_handle hh;
};

static struct maker *makers; /* owns */

static _Atomic int share_now = 100;

void makers_configure(int per_maker, int max_rooms)
{
    int most = max_rooms / 2 > MAKERS_LEAST ? max_rooms / 2 : MAKERS_LEAST;
    atomic_store_explicit(&share_now, per_maker < most ? per_maker : most, memory_order_relaxed);
}

int makers_share(void)
{
    return atomic_load_explicit(&share_now, memory_order_relaxed);
}

static struct maker *find(const char *key)
{
    struct maker *mk;
    HASH_FIND_STR(makers, key, mk);
    return mk;
}

void makers_add_locked(struct room *r)
{
    struct maker *mk = find(r->maker);
    if (!*r->maker)
        return;
    if (!mk) {
        mk = panic_calloc(1, sizeof *mk);
        memcpy(mk->key, r->maker, sizeof mk->key);
        HASH_ADD_STR(makers, key, mk);
    }
    DL_APPEND2(mk->rooms, r, made_prev, made_next);
    mk->count++;
}

void makers_remove_locked(struct room *r)
{
    struct maker *mk = find(r->maker);
    if (!mk)
        return;
    DL_DELETE2(mk->rooms, r, made_prev, made_next);
    if (--mk->count)
        return;
    HASH_DEL(makers, mk);
    free(mk);
}

int makers_count_locked(const char *key)
{
    const struct maker *mk = find(key);
    return mk ? mk->count : 0;
}

struct room *makers_rooms_locked(const char *key)
{
    struct maker *mk = find(key);
    return mk ? mk->rooms : NULL;
}
