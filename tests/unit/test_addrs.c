/* SPDX-License-Identifier: ISC */
/* Addresses: how they are written, what counts as one, which are exempt, and the limit of connections for each. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/addrs.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

static struct addr from(const char *host, int port)
{
    struct sockaddr_storage ss = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
    struct addr a;
    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
    } else {
        assert_int_equal(inet_pton(AF_INET6, host, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
    }
    addrs_from(&a, &ss);
    return a;
}

static bool same_key(const char *a, const char *b)
{
    struct addr x = from(a, 1), y = from(b, 2);
    return memcmp(&x.key, &y.key, sizeof x.key) == 0;
}

static void addresses_are_written_with_their_ports(void **state)
{
    (void)state;
    assert_string_equal(from("192.0.2.1", 4711).text, "192.0.2.1:4711");
    assert_string_equal(from("2001:db8::1", 65535).text, "[2001:db8::1]:65535");
    assert_string_equal(from("::ffff:192.0.2.1", 80).text, "192.0.2.1:80");
    assert_string_equal(from("2001:db8:1111:2222:3333:4444:5555:6666", 12345).text,
                        "[2001:db8:1111:2222:3333:4444:5555:6666]:12345");
}

static void a_non_internet_address_is_written_as_a_question_mark(void **state)
{
    (void)state;
    struct sockaddr_storage ss = {.ss_family = AF_UNIX};
    struct addr a;
    addrs_from(&a, &ss);
    assert_string_equal(a.text, "?");
    assert_false(a.exempt);
}

static void a_v4_address_inside_v6_counts_as_itself(void **state)
{
    (void)state;
    assert_true(same_key("192.0.2.1", "::ffff:192.0.2.1"));
    assert_false(same_key("192.0.2.1", "192.0.2.2"));
    assert_true(from("::ffff:127.0.0.1", 1).loopback);
    assert_true(from("::ffff:10.0.0.1", 1).exempt);
    assert_false(from("::ffff:192.0.2.1", 1).exempt);
}

static void a_v6_address_counts_by_its_first_64_bits(void **state)
{
    (void)state;
    assert_true(same_key("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
    assert_false(same_key("2001:db8:1:2::1", "2001:db8:1:3::1"));
    assert_string_equal(from("2001:db8:1:2::1", 1).text, "[2001:db8:1:2::1]:1");
}

static void own_and_private_networks_are_exempt_to_the_address(void **state)
{
    (void)state;
    static const char *const exempt[] = {
        "127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
        "192.168.255.255", "169.254.0.1", "169.254.255.255", "100.64.0.0", "100.127.255.255", "::1", "fc00::1",
        "fdff:ffff::1", "fe80::1", "febf::1"};
    static const char *const others[] = {
        "126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "169.253.255.255", "169.255.0.0", "100.63.255.255", "100.128.0.0", "0.0.0.0", "8.8.8.8",
        "::2", "fbff::1", "fe00::1", "fec0::1", "2001:db8::1"};
    for (size_t i = 0; i < sizeof exempt / sizeof exempt[0]; i++)
        if (!from(exempt[i], 1).exempt)
            fail_msg("%s should be exempt", exempt[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (from(others[i], 1).exempt)
            fail_msg("%s should not be exempt", others[i]);
    assert_true(from("127.1.2.3", 1).loopback);
    assert_true(from("::1", 1).loopback);
    assert_false(from("10.0.0.1", 1).loopback);
    assert_false(from("fe80::1", 1).loopback);
}

static void an_address_reached_over_no_foreign_network_is_near(void **state)
{
    (void)state;
    static const char *const near[] = {"127.0.0.1",   "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                                       "169.254.0.1", "::1",      "fd00::1",    "fe80::1",        "::ffff:10.0.0.1"};
    static const char *const far[] = {"100.64.0.1", "100.127.255.255", "192.0.2.1", "172.32.0.0", "2001:db8::1",
                                      "::ffff:192.0.2.1", "0.0.0.0", "::"};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++)
        if (!from(near[i], 1).near)
            fail_msg("%s should be near", near[i]);
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++)
        if (from(far[i], 1).near) /* networks of carriers are foreign, whatever their numbers */
            fail_msg("%s should not be near", far[i]);
    struct sockaddr_storage ss = {.ss_family = AF_UNIX};
    struct addr unknown;
    addrs_from(&unknown, &ss);
    assert_false(unknown.near);
}

static void an_address_key_is_written_without_a_port(void **state)
{
    (void)state;
    static const char *const keys[][2] = {{"192.0.2.1", "192.0.2.1"},
                                          {"::ffff:192.0.2.1", "192.0.2.1"},
                                          {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                                          {"2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222::/64"},
                                          {"::1", "::/64"}};
    char text[ADDRS_TEXT];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct addr a = from(keys[i][0], 4711);
        assert_string_equal(addrs_key_text(&a, text), keys[i][1]);
    }
}

static void an_address_has_at_most_its_limit_of_connections(void **state)
{
    (void)state;
    struct addr a = from("192.0.2.1", 1), b = from("192.0.2.2", 1);
    addrs_configure(2);
    assert_true(addrs_enter(&a));
    assert_true(addrs_enter(&a));
    assert_false(addrs_enter(&a));
    assert_true(addrs_enter(&b)); /* other addresses are not affected */
    addrs_leave(&a);
    assert_true(addrs_enter(&a));
    assert_false(addrs_enter(&a));
    addrs_leave(&a);
    addrs_leave(&a);
    addrs_leave(&b);
}

static void neighbours_in_a_64_share_their_limit(void **state)
{
    (void)state;
    struct addr a = from("2001:db8:1:2::1", 1), b = from("2001:db8:1:2::2", 1), c = from("2001:db8:1:3::1", 1);
    addrs_configure(1);
    assert_true(addrs_enter(&a));
    assert_false(addrs_enter(&b));
    assert_true(addrs_enter(&c));
    addrs_leave(&a);
    assert_true(addrs_enter(&b));
    addrs_leave(&b);
    addrs_leave(&c);
}

static void an_exempt_address_always_passes(void **state)
{
    (void)state;
    struct addr a = from("127.0.0.1", 1);
    addrs_configure(1);
    for (int i = 0; i < 100; i++)
        assert_true(addrs_enter(&a));
    for (int i = 0; i < 100; i++)
        addrs_leave(&a);
}

static void a_new_limit_applies_to_new_connections(void **state)
{
    (void)state;
    struct addr a = from("192.0.2.1", 1);
    addrs_configure(3);
    for (int i = 0; i < 3; i++)
        assert_true(addrs_enter(&a));
    addrs_configure(1);
    assert_false(addrs_enter(&a));
    addrs_leave(&a);
    addrs_leave(&a);
    assert_false(addrs_enter(&a));
    addrs_leave(&a);
    assert_true(addrs_enter(&a));
    addrs_leave(&a); /* the leak checker proves that nothing is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_written_with_their_ports),
        cmocka_unit_test(a_non_internet_address_is_written_as_a_question_mark),
        cmocka_unit_test(a_v4_address_inside_v6_counts_as_itself),
        cmocka_unit_test(a_v6_address_counts_by_its_first_64_bits),
        cmocka_unit_test(own_and_private_networks_are_exempt_to_the_address),
        cmocka_unit_test(an_address_reached_over_no_foreign_network_is_near),
        cmocka_unit_test(an_address_key_is_written_without_a_port),
        cmocka_unit_test(an_address_has_at_most_its_limit_of_connections),
        cmocka_unit_test(neighbours_in_a_64_share_their_limit),
        cmocka_unit_test(an_exempt_address_always_passes),
        cmocka_unit_test(a_new_limit_applies_to_new_connections),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
