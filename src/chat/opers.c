/* SPDX-License-Identifier: ISC */
/* A few at most, so they are searched one by one. */
#include "config.h"

#include "chat/opers.h"

#include "base/lock.h"
#include "base/panic.h"

#include <string.h>
#include <strings.h>

/* Locking key: O by .lock */
static struct {
    struct lock lock;
    struct oper v[OPERS_MOST]; /* O */
    int n;                     /* O */
    unsigned last_id;          /* O */
} opers = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_OPERS}};

static struct oper *by_name_locked(const char *name)
{
    for (int i = 0; i < opers.n; i++)
        if (strcasecmp(opers.v[i].name, name) == 0)
            return &opers.v[i];
    return NULL;
}

static struct oper *by_id_locked(unsigned id)
{
    for (int i = 0; i < opers.n; i++)
        if (opers.v[i].id == id)
            return &opers.v[i];
    return NULL;
}

void opers_configure(const struct oper *v, int n)
{
    struct oper next[OPERS_MOST];
    must(n <= OPERS_MOST);
    lock_acquire(&opers.lock);
    for (int i = 0; i < n; i++) {
        const struct oper *old = by_name_locked(v[i].name);
        bool is_same = old && strcmp(old->name, v[i].name) == 0 && strcmp(old->hash, v[i].hash) == 0;
        next[i] = is_same ? *old : v[i];
        if (!is_same)
            next[i].id = ++opers.last_id;
    }
    memcpy(opers.v, next, (size_t)n * sizeof *next);
    opers.n = n;
    lock_release(&opers.lock);
}

bool opers_any(void)
{
    lock_acquire(&opers.lock);
    bool any = opers.n > 0;
    lock_release(&opers.lock);
    return any;
}

bool opers_find(const char *name, struct oper *copy)
{
    lock_acquire(&opers.lock);
    const struct oper *o = by_name_locked(name);
    if (o)
        *copy = *o;
    lock_release(&opers.lock);
    return o != NULL;
}

bool opers_by_id(unsigned id, struct oper *copy)
{
    lock_acquire(&opers.lock);
    const struct oper *o = by_id_locked(id);
    if (o)
        *copy = *o;
    lock_release(&opers.lock);
    return o != NULL;
}

bool opers_has(unsigned id)
{
    struct oper o;
    return id && opers_by_id(id, &o);
}

void opers_note_from(unsigned id, const char *from)
{
    lock_acquire(&opers.lock);
    struct oper *o = by_id_locked(id);
    if (o)
        memcpy(o->from, from, strlen(from) + 1);
    lock_release(&opers.lock);
}
