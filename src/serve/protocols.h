/* SPDX-License-Identifier: ISC */
#ifndef SERVE_PROTOCOLS_H
#define SERVE_PROTOCOLS_H

#include "serve/protocol.h"

/* The protocol of that name, as in chatd.conf; NULL if unknown. Any thread. */
const struct protocol *protocols_named(const char *name);

#endif
