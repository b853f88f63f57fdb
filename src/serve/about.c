/* SPDX-License-Identifier: ISC */
/* Texts are copied under their lock, and used without it. */
#include "config.h"

#include "serve/about.h"

#include "base/lock.h"

/* Locking key: T by .lock */
static struct {
    struct lock lock;
    struct buf motd, admin; /* T */
} texts = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_TEXTS}};

void about_configure(const char *motd, const char *admin)
{
    lock_acquire(&texts.lock);
    buf_clear(&texts.motd);
    buf_str(&texts.motd, motd);
    buf_clear(&texts.admin);
    buf_str(&texts.admin, admin);
    lock_release(&texts.lock);
}

static void copy(struct buf *to, const struct buf *from)
{
    lock_acquire(&texts.lock);
    buf_add(to, from->data, from->len);
    lock_release(&texts.lock);
}

void about_motd(struct buf *to)
{
    copy(to, &texts.motd);
}

void about_admin(struct buf *to)
{
    copy(to, &texts.admin);
}
