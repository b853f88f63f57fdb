/* SPDX-License-Identifier: ISC */
/* Texts are copied under their lock, and used without it. */
#include "config.h"

#include "serve/about.h"

#include "base/lock.h"

#include <stdatomic.h>

/* Locking key: T by .lock · a atomic · c constant */
static struct {
    struct lock lock;
    struct buf motd, admin; /* T */
    _Atomic int sts_s;      /* a */
    int tls_port;           /* c after the start */
} texts = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_TEXTS}, .sts_s = -1};

void about_configure(const struct about *a)
{
    lock_acquire(&texts.lock);
    buf_clear(&texts.motd);
    buf_str(&texts.motd, a->motd);
    buf_clear(&texts.admin);
    buf_str(&texts.admin, a->admin);
    lock_release(&texts.lock);
    atomic_store(&texts.sts_s, a->sts_s);
}

void about_set_tls_port(int port)
{
    texts.tls_port = port;
}

void about_sts(struct buf *to, bool is_encrypted)
{
    int sts_s = atomic_load(&texts.sts_s);
    if (sts_s < 0 || !texts.tls_port)
        return;
    if (is_encrypted)
        buf_printf(to, "duration=%d", sts_s);
    else
        buf_printf(to, "port=%d", texts.tls_port);
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
