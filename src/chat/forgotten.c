/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "chat/forgotten.h"

#include "base/lock.h"
#include "net/msg.h"
#include "proto/codecs.h"
#include "proto/name.h"

#include <string.h>

/* Locking key: F by .lock */
static struct {
    struct lock lock;
    struct forgotten_name {
        char key[NAME_SIZE];
        unsigned epoch;            /* lines up to this one are withdrawn */
    } names[FORGOTTEN_NAMES];      /* F: a ring */
    unsigned count;                /* F: of all that were ever added */
} forgotten = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_FORGOTTEN}};

void forgotten_add(const char *key)
{
    lock_acquire(&forgotten.lock);
    struct forgotten_name *f = &forgotten.names[forgotten.count++ % FORGOTTEN_NAMES];
    memcpy(f->key, key, strlen(key) + 1);
    f->epoch = msg_end_epoch();
    lock_release(&forgotten.lock);
}

/* `said` tells whether `arg` is something that was said by the user, or in the room, of that key. */
static bool is_withdrawn_locked(bool (*said)(const void *arg, const char *key), const void *arg, unsigned epoch)
{
    unsigned count = forgotten.count < FORGOTTEN_NAMES ? forgotten.count : FORGOTTEN_NAMES;
    bool is_full = count == FORGOTTEN_NAMES;
    if (is_full && epoch < forgotten.names[forgotten.count % FORGOTTEN_NAMES].epoch)
        return true;
    for (unsigned i = 0; i < count; i++)
        if (epoch <= forgotten.names[i].epoch && said(arg, forgotten.names[i].key))
            return true;
    return false;
}

struct line {
    const char *text;
    size_t len;
};

static bool line_is_said(const void *arg, const char *key)
{
    const struct line *line = arg;
    return codecs_is_said(line->text, line->len, key);
}

static bool is_key(const void *arg, const char *key)
{
    return strcmp(arg, key) == 0;
}

bool forgotten_passes(const char *name, unsigned epoch)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    lock_acquire(&forgotten.lock);
    bool is_withdrawn = is_withdrawn_locked(is_key, key, epoch);
    lock_release(&forgotten.lock);
    return !is_withdrawn;
}

void forgotten_filter(struct buf *out, const char *lines, size_t len, unsigned epoch)
{
    const char *end = len ? lines + len : lines; /* without any, `lines` may be NULL */
    if (epoch == msg_epoch()) {
        buf_add(out, lines, len);
        return;
    }
    lock_acquire(&forgotten.lock);
    while (lines < end) {
        const char *lf = memchr(lines, '\n', (size_t)(end - lines));
        size_t n = lf ? (size_t)(lf - lines) + 1 : (size_t)(end - lines);
        if (!is_withdrawn_locked(line_is_said, &(struct line){lines, n}, epoch))
            buf_add(out, lines, n);
        lines += n;
    }
    lock_release(&forgotten.lock);
}
