/* SPDX-License-Identifier: ISC */
/* The list is sorted, because a room looks in it for each line and each member that ignores anybody. */
#include "config.h"

#include "chat/ignores.h"

#include "base/panic.h"

#include <string.h>

/* The index of the first entry that does not sort before the key. */
static int place(const struct ignores *ig, const char *key)
{
    int low = 0, high = ig ? ig->count : 0;
    while (low < high) {
        int middle = (low + high) / 2;
        if (strcmp(ig->v[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ignores_has(const struct ignores *ig, const char *key)
{
    int at = place(ig, key);
    return ig && at < ig->count && strcmp(ig->v[at].key, key) == 0;
}

/* A list of `count` entries: the first are those of `ig` below index `at`, the last are those of `ig` from `from`
 * on. */
static struct ignores *copy(const struct ignores *ig, int count, int at, int from)
{
    struct ignores *out = panic_calloc(1, sizeof *out + (size_t)count * sizeof out->v[0]);
    int rest = ig ? ig->count - from : 0;
    out->count = count;
    for (int i = 0; i < at; i++)
        out->v[i] = ig->v[i];
    for (int i = 0; i < rest; i++)
        out->v[count - rest + i] = ig->v[from + i];
    return out;
}

struct ignores *ignores_with(const struct ignores *ig, const char *name)
{
    struct ignored entry;
    memcpy(entry.name, name, strlen(name) + 1);
    name_fold(entry.key, name);
    int at = place(ig, entry.key);
    struct ignores *out = copy(ig, (ig ? ig->count : 0) + 1, at, at);
    out->v[at] = entry;
    return out;
}

struct ignores *ignores_without(const struct ignores *ig, const char *key)
{
    int at = place(ig, key);
    must(ignores_has(ig, key));
    return ig->count > 1 ? copy(ig, ig->count - 1, at, at + 1) : NULL;
}
