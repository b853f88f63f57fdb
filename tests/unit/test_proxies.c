/* SPDX-License-Identifier: ISC */
/* Trusted reverse proxies: which addresses are, and whom their connections are made for. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/proxies.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

static void trust(const char *networks)
{
    const char *bad;
    assert_true(proxies_trust(networks, &bad));
}

static bool includes(const char *host)
{
    struct sockaddr_storage ss = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;
    ss.ss_family = inet_pton(AF_INET, host, &in->sin_addr) == 1 ? AF_INET : AF_INET6;
    if (ss.ss_family == AF_INET6)
        assert_int_equal(inet_pton(AF_INET6, host, &in6->sin6_addr), 1);
    return proxies_include(&ss);
}

static void networks_are_trusted_bit_by_bit(void **state)
{
    (void)state;
    trust("");
    assert_false(includes("127.0.0.1"));
    trust(" 127.0.0.1\t10.0.0.0/8 192.0.2.64/26  2001:db8::/33 ::1 ");
    assert_true(includes("127.0.0.1") && includes("::ffff:127.0.0.1") && includes("::1"));
    assert_true(includes("10.0.0.0") && includes("10.255.255.255"));
    assert_true(includes("192.0.2.64") && includes("192.0.2.127"));
    assert_true(includes("2001:db8:7fff::1"));
    assert_false(includes("127.0.0.2") || includes("11.0.0.0") || includes("9.255.255.255"));
    assert_false(includes("192.0.2.63") || includes("192.0.2.128") || includes("2001:db8:8000::1") || includes("::2"));
    assert_false(includes("::10.0.0.1")); /* is no IPv4 address */
    trust("::ffff:192.0.2.0/120");
    assert_true(includes("192.0.2.9"));
    assert_false(includes("192.0.3.9"));
    trust("10.1.2.3/8"); /* what is behind the bits does not matter */
    assert_true(includes("10.9.9.9"));
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const words[] = {"localhost", "10.0.0.0/33", "10.0.0.0/7", "10.0.0.0/", "10.0.0.0/-1", "::/0",
                                        "2001:db8::/129", "10.0.0.0/8x", "10.0.0.1:80", "[::1]", "10.0.0.0/255.0.0.0",
                                        "10.0.0.0/ 8", "fe80::1%eth0", "0.0.0.0/0", "10.0.0.0/0000000000000000000000008",
                                        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
    const char *bad;
    char many[PROXIES_MOST * 10 + 10] = "";
    (void)state;
    trust("192.0.2.1");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        char list[200] = "127.0.0.1 ";
        strcat(list, words[i]);
        assert_false(proxies_are_valid(list, &bad));
        assert_false(proxies_trust(list, &bad));
        assert_memory_equal(bad, words[i], strcspn(words[i], " "));
    }
    assert_true(includes("192.0.2.1")); /* nothing was changed */
    for (int i = 0; i < PROXIES_MOST; i++)
        strcat(many, "10.0.0.1 ");
    assert_true(proxies_are_valid(many, &bad));
    strcat(many, "10.0.0.2");
    assert_false(proxies_are_valid(many, &bad));
    assert_string_equal(bad, "10.0.0.2");
}

static void expect(const char *list, const char *want)
{
    struct addr client = {0};
    enum proxies_client found = proxies_client(list, &client);
    assert_string_equal(found == PROXIES_FOUND ? client.text : found == PROXIES_NOBODY ? "nobody" : "invalid", want);
    assert_false(client.proxy);
}

static void the_last_that_is_not_trusted_is_the_client(void **state)
{
    (void)state;
    trust("127.0.0.1 10.0.0.0/8 2001:db8:f::/48");
    expect("", "nobody");
    expect("192.0.2.1", "192.0.2.1");
    expect("198.51.100.1, 192.0.2.1", "192.0.2.1"); /* the first was written by the client itself */
    expect("198.51.100.1, 192.0.2.1, 10.1.2.3,127.0.0.1", "192.0.2.1");
    expect("unknown, 192.0.2.1, 10.1.2.3", "192.0.2.1");
    expect("10.1.2.3, 127.0.0.1", "nobody");
    expect("192.0.2.1:4711", "192.0.2.1:4711");
    expect("[2001:db8::1]:4711 , 2001:db8:f::2", "[2001:db8::1]:4711");
    expect("2001:db8::1", "[2001:db8::1]");
    expect("[2001:db8::1]", "[2001:db8::1]");
    expect("::ffff:192.0.2.1", "192.0.2.1");
    expect("::ffff:10.0.0.1", "nobody");
    expect("192.168.1.5", "192.168.1.5");
}

static void what_is_no_address_is_not_skipped(void **state)
{
    static const char *const lists[] = {"unknown", "192.0.2.1, ", "192.0.2.1,,10.0.0.1", "192.0.2.1, _hidden", ",",
                                        "192.0.2.1:", "192.0.2.1:99999", "192.0.2.1:1x", "[2001:db8::1", "[2001:db8::1]x",
                                        "192.0.2.1 10.0.0.1", "192.0.2.256", "\"192.0.2.1\"", "192.0.2.1;10.0.0.1", "[]",
                                        "11111111111111111111111111111111111111111111111111111111111111111111111111"};
    (void)state;
    trust("10.0.0.0/8");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        expect(lists[i], "invalid");
}

static void a_client_is_an_address_like_any_other(void **state)
{
    struct addr client, again;
    char text[ADDRS_TEXT];
    (void)state;
    trust("127.0.0.1");
    assert_int_equal(proxies_client("2001:db8::abcd:1", &client), PROXIES_FOUND);
    assert_string_equal(addrs_key_text(&client, text), "2001:db8::/64");
    assert_false(client.near || client.exempt || client.loopback);
    assert_int_equal(proxies_client("192.168.0.9, 127.0.0.1", &client), PROXIES_FOUND);
    assert_true(client.near && client.exempt && !client.loopback);
    addrs_configure(1);
    assert_int_equal(proxies_client("192.0.2.1", &client), PROXIES_FOUND);
    assert_int_equal(proxies_client("192.0.2.1:5", &again), PROXIES_FOUND);
    assert_true(addrs_enter(&client));
    assert_false(addrs_enter(&again));
    again.proxy = true; /* a trusted proxy is never counted */
    assert_true(addrs_enter(&again));
    addrs_leave(&again);
    addrs_leave(&client);
    again.proxy = false;
    assert_true(addrs_enter(&again));
    addrs_leave(&again);
}

int main(void)
{
#define TEST(name) cmocka_unit_test(name)
    const struct CMUnitTest tests[] = {
        TEST(networks_are_trusted_bit_by_bit),
        TEST(what_is_no_network_is_refused),
        TEST(the_last_that_is_not_trusted_is_the_client),
        TEST(what_is_no_address_is_not_skipped),
        TEST(a_client_is_an_address_like_any_other),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
