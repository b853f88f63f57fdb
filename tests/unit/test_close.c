/* SPDX-License-Identifier: ISC */
/* The table of close reasons: what the architecture promises for each, and that each is counted separately. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/close.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <unistd.h>

static void check(enum close_reason r, const char *label, bool keep_queue, enum close_wakes wakes)
{
    const struct close_row *row = close_row(r);
    assert_string_equal(row->label, label);
    assert_int_equal(row->keep_queue, keep_queue);
    assert_int_equal(row->wakes, wakes);
}

static void every_reason_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(CLOSE_REASONS, 23);
    check(CLOSE_EOF, "left", true, CLOSE_WAKES_NOTHING);
    check(CLOSE_QUIT, "quit", true, CLOSE_WAKES_NOTHING);
    check(CLOSE_GONE, "gone", false, CLOSE_WAKES_BOTH);
    check(CLOSE_FOREIGN, "wrong_protocol", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_TLS_ON_PLAIN, "tls_on_plain_port", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_PLAIN_ON_TLS, "plain_on_tls_port", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_HANDSHAKE, "tls_handshake", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_TLS, "tls_error", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_WEBSOCKET, "websocket_error", false, CLOSE_WAKES_NOTHING);
    check(CLOSE_HTTP, "http", true, CLOSE_WAKES_NOTHING);
    check(CLOSE_HTTP_IDLE, "http_idle", true, CLOSE_WAKES_READ);
    check(CLOSE_REQUEST, "http_timeout", true, CLOSE_WAKES_READ);
    check(CLOSE_LOGIN, "login_timeout", true, CLOSE_WAKES_READ);
    check(CLOSE_SLOW, "slow", false, CLOSE_WAKES_READ);
    check(CLOSE_FLOOD, "flood", true, CLOSE_WAKES_NOTHING);
    check(CLOSE_KICK, "kick", true, CLOSE_WAKES_READ);
    check(CLOSE_BANNED, "banned", true, CLOSE_WAKES_READ);
    check(CLOSE_REPLACED, "replaced", true, CLOSE_WAKES_READ);
    check(CLOSE_LOGOUT, "logout", true, CLOSE_WAKES_READ);
    check(CLOSE_RESUMED, "resumed", true, CLOSE_WAKES_READ);
    check(CLOSE_LOCKED, "locked", true, CLOSE_WAKES_READ);
    check(CLOSE_STOP, "stop", true, CLOSE_WAKES_READ);
}

/* Those that may be sent: RFC 6455 section 7.4. */
static void each_reason_has_a_code_of_websocket(void **state)
{
    (void)state;
    for (int r = 0; r < CLOSE_REASONS; r++)
        assert_int_in_range(close_row((enum close_reason)r)->websocket_code, 1000, 1003 + 8);
    assert_int_equal(close_row(CLOSE_STOP)->websocket_code, 1001);
    assert_int_equal(close_row(CLOSE_FLOOD)->websocket_code, 1008);
}

static void each_reason_has_its_own_label(void **state)
{
    (void)state;
    for (int a = 0; a < CLOSE_REASONS; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(close_row((enum close_reason)a)->label, close_row((enum close_reason)b)->label);
}

static void no_drain_takes_longer_than_a_stop(void **state)
{
    (void)state;
    for (int r = CLOSE_OPEN + 1; r < CLOSE_REASONS; r++)
        assert_int_in_range(close_row((enum close_reason)r)->drain_ms, 0, 5000);
    assert_true(close_row(CLOSE_STOP)->drain_ms + 1000 <= 5000); /* the gentle close is added to it */
}

static void each_reason_is_counted_separately(void **state)
{
    (void)state;
    for (int r = CLOSE_OPEN + 1; r < CLOSE_REASONS; r++) {
        uint64_t before[CLOSE_REASONS];
        for (int i = 0; i < CLOSE_REASONS; i++)
            before[i] = close_counted((enum close_reason)i);
        close_count((enum close_reason)r);
        for (int i = 0; i < CLOSE_REASONS; i++)
            assert_int_equal(close_counted((enum close_reason)i), before[i] + (i == r));
    }
}

static void look_beyond_the_table(void *arg)
{
    (void)arg;
    close_row(CLOSE_REASONS);
}

static void an_unknown_reason_is_a_bug(void **state)
{
    (void)state;
    assert_true(unit_aborts(look_beyond_the_table, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_its_row),
        cmocka_unit_test(each_reason_has_a_code_of_websocket),
        cmocka_unit_test(each_reason_has_its_own_label),
        cmocka_unit_test(no_drain_takes_longer_than_a_stop),
        cmocka_unit_test(each_reason_is_counted_separately),
        cmocka_unit_test(an_unknown_reason_is_a_bug),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
