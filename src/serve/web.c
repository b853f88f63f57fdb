/* SPDX-License-Identifier: ISC */
/* Set once, before the first connection; so it needs no lock. The texts are copied: a reload overwrites the
 * configuration that they come from. */
#include "config.h"

#include "serve/web.h"

#include "base/panic.h"

static struct web_settings current;

void web_configure(const struct web_settings *settings)
{
    current = *settings;
    current.hosts = panic_strdup(settings->hosts);
    current.origins = panic_strdup(settings->origins);
}

const struct web_settings *web_settings(void)
{
    return &current;
}
