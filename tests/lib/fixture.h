/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_FIXTURE_H
#define TESTS_LIB_FIXTURE_H

#include "tests/lib/client.h"

/* The chatd that a test program works with, one at a time, and cmocka's set-up and tear-down for it. */
extern struct daemon d;

/* A directory and nothing started; or started without configuration. */
int fixture_dir(void **state);
int fixture_up(void **state);
int fixture_down(void **state);

/* Starts it with that configuration. */
void fixture_start(const char *conf);

#endif
