/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "serve/reload.h"

#include "base/panic.h"
#include "net/post.h"

static reload_fn *reload_now;

void reload_set(reload_fn *reload)
{
    reload_now = reload;
}

bool reload_run(reload_tell_fn *tell, void *arg, struct buf *error)
{
    must(reload_now);
    post_flush(); /* it reads files, and may wait for another one */
    return reload_now(tell, arg, error);
}
