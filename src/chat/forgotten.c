/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "chat/forgotten.h"

#include "base/lock.h"
#include "net/msg.h"
#include "proto/codecs.h"
#include "proto/name.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

/* Locking key: F by .lock */
static struct {
    struct lock lock;
    struct forgotten_name {
        char key[NAME_SIZE];
        unsigned epoch;            /* lines up to this one are withdrawn */
        unsigned read_epoch;       /* the same for what was read; UINT_MAX: it is being deleted */
    } names[FORGOTTEN_NAMES];      /* F: a ring */
    unsigned count;                /* F: of all that were ever added */
    _Atomic int deleting;          /* written F: how many of them are being deleted */
} forgotten = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_FORGOTTEN}};

static struct forgotten_name *add_locked(const char *key)
{
    struct forgotten_name *f = &forgotten.names[forgotten.count++ % FORGOTTEN_NAMES];
    forgotten.deleting -= f->read_epoch == UINT_MAX; /* it is old, and has to go */
    memcpy(f->key, key, strlen(key) + 1);
    f->epoch = f->read_epoch = msg_end_epoch();
    return f;
}

void forgotten_add(const char *key)
{
    lock_acquire(&forgotten.lock);
    add_locked(key);
    lock_release(&forgotten.lock);
}

void forgotten_begin_deleting(const char *key)
{
    lock_acquire(&forgotten.lock);
    add_locked(key)->read_epoch = UINT_MAX;
    forgotten.deleting++;
    lock_release(&forgotten.lock);
}

void forgotten_end_deleting(const char *key)
{
    lock_acquire(&forgotten.lock);
    for (unsigned i = 0; i < FORGOTTEN_NAMES; i++) {
        struct forgotten_name *f = &forgotten.names[i];
        if (f->read_epoch != UINT_MAX || strcmp(f->key, key) != 0)
            continue;
        f->read_epoch = msg_end_epoch();
        forgotten.deleting--;
    }
    lock_release(&forgotten.lock);
}

bool forgotten_is_deleting(void)
{
    return atomic_load(&forgotten.deleting) > 0;
}

/* `said` tells whether `arg`, which `is_read` from the store, was said by the user, or in the room, of that key. */
static bool is_withdrawn_locked(bool (*said)(const void *arg, const char *key), const void *arg, unsigned epoch,
                                bool is_read)
{
    unsigned count = forgotten.count < FORGOTTEN_NAMES ? forgotten.count : FORGOTTEN_NAMES;
    bool is_full = count == FORGOTTEN_NAMES;
    if (is_full && epoch < forgotten.names[forgotten.count % FORGOTTEN_NAMES].epoch)
        return true;
    for (unsigned i = 0; i < count; i++) {
        const struct forgotten_name *f = &forgotten.names[i];
        if (epoch <= (is_read ? f->read_epoch : f->epoch) && said(arg, f->key))
            return true;
    }
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

static bool passes(const char *name, unsigned epoch, bool is_read)
{
    char key[NAME_SIZE];
    name_fold(key, name);
    lock_acquire(&forgotten.lock);
    bool is_withdrawn = is_withdrawn_locked(is_key, key, epoch, is_read);
    lock_release(&forgotten.lock);
    return !is_withdrawn;
}

bool forgotten_passes(const char *name, unsigned epoch)
{
    return passes(name, epoch, false);
}

bool forgotten_passes_read(const char *name, unsigned epoch)
{
    return passes(name, epoch, true);
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
        if (!is_withdrawn_locked(line_is_said, &(struct line){lines, n}, epoch, false))
            buf_add(out, lines, n);
        lines += n;
    }
    lock_release(&forgotten.lock);
}
