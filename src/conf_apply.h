/* SPDX-License-Identifier: ISC */
#ifndef CONF_APPLY_H
#define CONF_APPLY_H

#include "conf.h"

/* Gives each module the values that may change while chatd runs. `verbose`: the log shows everything, whatever the key
 * log.level says. Main thread, or one reload at a time. */
void conf_apply(const struct conf *c, bool verbose);

#endif
