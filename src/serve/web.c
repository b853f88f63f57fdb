/* SPDX-License-Identifier: ISC */
/* Set once, before the first connection; so it needs no lock. */
#include "config.h"

#include "serve/web.h"

static struct web_settings current;

void web_configure(const struct web_settings *settings)
{
    current = *settings;
}

const struct web_settings *web_settings(void)
{
    return &current;
}
