/* SPDX-License-Identifier: ISC */
#ifndef SERVE_RELOAD_H
#define SERVE_RELOAD_H

#include "base/buf.h"

#include <stdbool.h>

/*
 * Reading the configuration again, which operators ask for over the console and over IRC. The roof does it.
 */

/* Told of a key that has changed, and what becomes of it: "changed", "needs a restart", or a warning. */
typedef void reload_tell_fn(const char *key, const char *effect, void *arg);

/* False: nothing was changed, and `error` has a line for each mistake. Blocks; any thread without a lock. */
typedef bool reload_fn(reload_tell_fn *tell, void *arg, struct buf *error);

/* What the roof does. Main thread, before the first client and the console. */
void reload_set(reload_fn *reload);
reload_fn reload_run;

#endif
