/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_FIXTURE_H
#define TESTS_LIB_FIXTURE_H

#include "tests/lib/client.h"

/* The one chatd of a test program, with setup and teardown functions for cmocka. */
extern struct daemon d;

/* Setup: fixture_dir makes a directory and starts nothing; fixture_up starts chatd without a configuration. */
int fixture_dir(void **state);
int fixture_up(void **state);
int fixture_down(void **state);

/* Starts chatd with this configuration, after fixture_dir. */
void fixture_start(const char *conf);

#endif
