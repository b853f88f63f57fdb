/* SPDX-License-Identifier: ISC */
/* One chatd for each test, so that tests cannot affect each other. */
#include "config.h"

#include "tests/lib/fixture.h"

struct daemon d;

int fixture_dir(void **state)
{
    (void)state;
    daemon_init(&d, NULL);
    return 0;
}

int fixture_up(void **state)
{
    (void)state;
    daemon_up(&d, NULL);
    return 0;
}

int fixture_down(void **state)
{
    (void)state;
    daemon_fini(&d);
    return 0;
}

void fixture_start(const char *conf)
{
    daemon_write_conf(&d, conf);
    daemon_start(&d);
}
