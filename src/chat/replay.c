/* SPDX-License-Identifier: ISC */
/* Each place of the ring keeps the memory of its text, so a busy room allocates nothing for a message. */
#include "config.h"

#include "chat/replay.h"

#include "base/clock.h"
#include "base/panic.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static _Atomic int most_now = 20, age_ms_now = 3600 * 1000;

void replay_configure(int most, int age_s)
{
    atomic_store_explicit(&most_now, most, memory_order_relaxed);
    atomic_store_explicit(&age_ms_now, age_s * 1000, memory_order_relaxed);
}

static struct said *at(const struct replay *re, int i)
{
    return &re->v[(re->first + i) % re->cap];
}

void replay_fini(struct replay *re)
{
    uint64_t lost_id = re->count ? at(re, re->count - 1)->id : re->lost_id;
    for (int i = 0; i < re->cap; i++)
        free(re->v[i].text);
    free(re->v);
    *re = (struct replay){.lost_id = lost_id};
}

/* The place of the next message, or NULL: the ring holds none. */
static struct said *next(struct replay *re)
{
    int most = atomic_load_explicit(&most_now, memory_order_relaxed);
    if (most != re->cap) { /* first message of a conversation, or the limit was changed */
        replay_fini(re);
        re->cap = most;
        re->v = most ? panic_calloc((size_t)most, sizeof *re->v) : NULL;
    }
    if (!most)
        return NULL;
    if (re->count == most) {
        re->lost_id = at(re, 0)->id;
        re->first = (re->first + 1) % most;
        re->count--;
    }
    return at(re, re->count++);
}

void replay_add(struct replay *re, const struct event *ev)
{
    struct said *s = next(re);
    if (!s) {
        re->lost_id = ev->id;
        return;
    }
    size_t size = strlen(ev->text) + 1;
    if (size > s->cap) {
        s->text = panic_realloc(s->text, size);
        s->cap = size;
    }
    memcpy(s->text, ev->text, size);
    memcpy(s->name, ev->name, strlen(ev->name) + 1);
    s->kind = ev->kind;
    s->id = ev->id;
    s->time_ms = ev->time_ms;
}

static bool is_by_ignored(const struct said *s, const struct ignores *ig)
{
    char key[NAME_SIZE];
    if (!ig)
        return false;
    name_fold(key, s->name);
    return ignores_has(ig, key);
}

void replay_render(const struct replay *re, const char *room, const struct member *m, uint64_t after, struct buf *out)
{
    enum form form = (enum form)m->form;
    int64_t since_ms = clock_wall_ms() - atomic_load_explicit(&age_ms_now, memory_order_relaxed);
    for (int i = 0; i < re->count; i++) {
        const struct said *s = at(re, i);
        bool is_due = after ? s->id > after : s->time_ms >= since_ms;
        if (!is_due || is_by_ignored(s, m->ignores))
            continue;
        struct event ev = {.kind = s->kind, .room = room, .name = s->name, .text = s->text, .id = s->id,
                           .time_ms = s->time_ms, .is_past = m->past == PAST_SHOWN,
                           .is_late = m->past == PAST_MISSED};
        codecs_render(out, &ev, form, m->name);
    }
}

void replay_forget(struct replay *re, const char *name)
{
    int left = 0;
    for (int i = 0; i < re->count; i++) {
        struct said *s = at(re, i), *place = at(re, left);
        if (!name || strcasecmp(s->name, name) == 0) {
            memset(s->text, 0, s->cap);
            continue;
        }
        struct said moved = *s; /* swapped, since each place keeps its text's memory */
        *s = *place;
        *place = moved;
        left++;
    }
    re->count = left;
}
