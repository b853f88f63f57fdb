/* SPDX-License-Identifier: ISC */
#ifndef CHATD_H
#define CHATD_H

#include "net/stream.h"

/* The whole program: reads the arguments, runs the server until a signal ends it, and returns the exit code. `layers`
 * stand on the TCP of every listener (net/stream.h); NULL: plain TCP. Main thread, before any other thread. */
int chatd_main(int argc, char **argv, const struct stream_layer *const *layers);

#endif
