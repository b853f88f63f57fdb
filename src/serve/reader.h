/* SPDX-License-Identifier: ISC */
#ifndef SERVE_READER_H
#define SERVE_READER_H

#include "net/pool.h"

/* The reader's loop, for the pool: serves one client of a pair, from its first byte to its last. arrival.via is the
 * struct protocol of the listener. The pair's reader thread. */
void reader_serve(struct pair *p);

#endif
