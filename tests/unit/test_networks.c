/* SPDX-License-Identifier: ISC */
/* Networks: how they are read and written, what is in them, and which have loopback. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/networks.h"

#include <arpa/inet.h>
#include <string.h>

static void networks_are_written_as_they_are_read(void **state)
{
    static const char *const rows[][2] = {
        {"192.0.2.7", "192.0.2.7"},
        {"192.0.2.7/32", "192.0.2.7"},
        {"192.0.2.7/24", "192.0.2.0/24"},
        {"198.51.100.255/25", "198.51.100.128/25"},
        {"128.0.0.0/1", "128.0.0.0/1"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:192.0.2.7/120", "192.0.2.0/24"},
        {"2001:db8::7", "2001:db8::/64"},
        {"2001:db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64"},
        {"2001:DB8:ffff::/33", "2001:db8:8000::/33"},
        {"::/0", "::/0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct network n, again;
        char text[NETWORK_TEXT];
        const char *why;
        assert_true(network_read(rows[i][0], &n, &why));
        assert_string_equal(network_text(&n, text), rows[i][1]);
        assert_true(network_read(text, &again, &why));
        assert_memory_equal(&again.address, &n.address, sizeof n.address);
        assert_int_equal(again.bits, n.bits);
    }
}

static void what_is_no_network_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *why; /* NULL: it is no address at all */
    } rows[] = {
        {"192.0.2.7/33", "IPv4"}, {"192.0.2.7/", "IPv4"}, {"192.0.2.7/-1", "IPv4"}, {"192.0.2.7/8x", "IPv4"},
        {"192.0.2.7/0024", "IPv4"}, {"192.0.2.7/24/8", "IPv4"}, {"2001:db8::/65", "IPv6"}, {"2001:db8::1/128", "IPv6"},
        {"::ffff:192.0.2.7/95", "IPv6"}, {"", NULL}, {"/24", NULL}, {"192.0.2", NULL}, {"192.0.2.256", NULL},
        {"bob", NULL}, {"fe80::1%lo", NULL}, {"192.0.2.7 ", NULL},
        {"0000000000000000000000000000000000000000000000000000000000:", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct network n;
        const char *why;
        assert_false(network_read(rows[i].text, &n, &why));
        if (rows[i].why)
            assert_non_null(strstr(why, rows[i].why));
        else
            assert_null(why);
    }
}

static bool has(const char *network, const char *address)
{
    struct network n, a;
    const char *why;
    assert_true(network_read(network, &n, &why));
    assert_true(network_read(address, &a, &why));
    return network_has(&n, &a.address);
}

static void a_network_has_the_addresses_with_its_first_bits(void **state)
{
    (void)state;
    assert_true(has("192.0.2.0/24", "192.0.2.255"));
    assert_false(has("192.0.2.0/24", "192.0.3.0"));
    assert_true(has("192.0.2.128/25", "192.0.2.128"));
    assert_false(has("192.0.2.128/25", "192.0.2.127"));
    assert_true(has("192.0.2.7", "192.0.2.7"));
    assert_false(has("192.0.2.7", "192.0.2.6"));
    assert_true(has("0.0.0.0/0", "255.255.255.255"));
    assert_false(has("0.0.0.0/0", "2001:db8::"));
    assert_true(has("2001:db8::/63", "2001:db8:0:1::5"));
    assert_false(has("2001:db8::/64", "2001:db8:0:1::5"));
}

static void networks_with_loopback_are_known(void **state)
{
    static const struct {
        const char *text;
        bool has;
    } rows[] = {
        {"127.0.0.1", true}, {"127.9.9.0/24", true}, {"127.0.0.0/8", true}, {"126.0.0.0/7", true}, {"0.0.0.0/0", true},
        {"::1", true}, {"::/0", true}, {"::/64", true}, {"128.0.0.0/1", false}, {"126.0.0.0/8", false},
        {"2000::/3", false}, {"::1:0:0:0:0/64", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct network n;
        const char *why;
        assert_true(network_read(rows[i].text, &n, &why));
        if (network_has_loopback(&n) != rows[i].has)
            fail_msg("%s", rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_written_as_they_are_read),
        cmocka_unit_test(what_is_no_network_is_refused_with_the_reason),
        cmocka_unit_test(a_network_has_the_addresses_with_its_first_bits),
        cmocka_unit_test(networks_with_loopback_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
