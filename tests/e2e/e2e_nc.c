/* SPDX-License-Identifier: ISC */
/* nc, the client that people use, driven by shell scripts. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char out[262144];

static int shell(const char *script)
{
    char port[16];
    snprintf(port, sizeof port, "%d", d.port);
    setenv("PORT", port, 1);
    return daemon_run((const char *const[]){"sh", "-c", script, NULL}, out, sizeof out, NULL, 0);
}

static void a_script_piped_to_nc_gets_all_its_answers(void **state)
{
    (void)state;
    assert_int_equal(shell("printf 'USERNAME alice\\nJOIN general\\nHello\\nUSERS\\nQUIT\\n' | nc -N 127.0.0.1 $PORT"),
                     0);
    assert_string_equal(out, "OK Welcome, alice!\r\n"
                             "OK Joined #general (0 users)\r\n"
                             "ROOM #general alice Hello\r\n"
                             "USERLIST alice\r\n"
                             "OK Goodbye!\r\n");
}

static void a_half_close_without_quit_gets_all_its_answers(void **state)
{
    (void)state;
    assert_int_equal(shell("printf 'PING 1\\nPING 2\\nunfinished' | nc -N 127.0.0.1 $PORT"), 0);
    assert_string_equal(out, "PONG 1\r\nPONG 2\r\n");
}

static void ten_simultaneous_clients_log_in_join_talk_and_quit(void **state)
{
    char wanted[64];
    (void)state;
    assert_int_equal(shell("for i in 0 1 2 3 4 5 6 7 8 9; do\n"
                           "  printf 'USERNAME u%s\\nJOIN hall\\nI am u%s\\nQUIT\\n' $i $i | nc -N 127.0.0.1 $PORT &\n"
                           "done\nwait"), 0);
    int goodbyes = 0;
    for (const char *at = out; (at = strstr(at, "OK Goodbye!\r\n")); at++)
        goodbyes++;
    assert_int_equal(goodbyes, 10);
    for (int i = 0; i < 10; i++) {
        snprintf(wanted, sizeof wanted, "OK Welcome, u%d!\r\n", i);
        assert_non_null(strstr(out, wanted));
        snprintf(wanted, sizeof wanted, "ROOM #hall u%d I am u%d\r\n", i, i);
        assert_non_null(strstr(out, wanted));
    }
    assert_null(strstr(out, "ERROR"));
    daemon_await(&d, "clients", 0);
    assert_int_equal(daemon_status(&d, "logins"), 11); /* ten and the one before them */
}

static void the_console_answers_nc(void **state)
{
    char script[256];
    (void)state;
    snprintf(script, sizeof script, "echo ping | nc -N -U '%s/admin.sock'", d.dir);
    assert_int_equal(shell(script), 0);
    assert_string_equal(out, "{\"end\":\"done\"}\n");
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_piped_to_nc_gets_all_its_answers),
        cmocka_unit_test(a_half_close_without_quit_gets_all_its_answers),
        cmocka_unit_test(ten_simultaneous_clients_log_in_join_talk_and_quit),
        cmocka_unit_test(the_console_answers_nc),
    };
    return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
