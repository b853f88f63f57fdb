/* SPDX-License-Identifier: ISC */
/* Heads of HTTP requests. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/http.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Takes lines that end in LF; the result of the last. */
static int take(struct http_request *rq, const char *head)
{
    int result = 0;
    *rq = (struct http_request){0};
    while (*head && result == 0) {
        char line[16384];
        size_t n = strcspn(head, "\n");
        memcpy(line, head, n);
        line[n] = '\0';
        result = http_take_line(rq, line, n);
        head += n + (head[n] == '\n');
    }
    return result;
}

static void a_request_is_understood(void **state)
{
    struct http_request rq;
    (void)state;
    assert_int_equal(take(&rq, "GET /app.js?x=1 HTTP/1.1\nHost: chat.example:9980\nIF-NONE-MATCH: \"abc\"\n"
                               "Connection: keep-alive\nAccept: */*\n\n"), 200);
    assert_int_equal(rq.method, HTTP_GET);
    assert_string_equal(rq.target, "/app.js");
    assert_string_equal(rq.host, "chat.example:9980");
    assert_string_equal(rq.none_match, "\"abc\"");
    assert_true(rq.keeps);
    assert_false(rq.closes || rq.upgrades || rq.is_1_0);
    assert_int_equal(take(&rq, "\nHEAD http://other.example/ HTTP/1.0\nConnection: foo, Close\n\n"), 200);
    assert_int_equal(rq.method, HTTP_HEAD);
    assert_string_equal(rq.target, "/");
    assert_true(rq.is_1_0 && rq.closes);
}

static void what_proxies_say_is_collected(void **state)
{
    struct http_request rq;
    char head[4096] = "GET / HTTP/1.1\nHost: a\n";
    (void)state;
    assert_int_equal(take(&rq, "GET / HTTP/1.1\nHost: a\n\n"), 200);
    assert_string_equal(rq.forwarded, "");
    assert_false(rq.has_proto || rq.is_https);
    assert_int_equal(take(&rq, "GET / HTTP/1.1\nHost: a\nX-Forwarded-For: 192.0.2.1 , x\nX-Forwarded-Proto: HTTPS\n"
                               "x-forwarded-for: \t[2001:db8::1]:80\n\n"), 200);
    assert_string_equal(rq.forwarded, "192.0.2.1 , x, [2001:db8::1]:80");
    assert_true(rq.has_proto && rq.is_https);
    assert_int_equal(take(&rq, "GET / HTTP/1.1\nHost: a\nX-Forwarded-Proto: https\nX-Forwarded-Proto: http\n\n"), 200);
    assert_false(rq.is_https); /* a part of the way is in the clear */
    assert_int_equal(take(&rq, "GET / HTTP/1.1\nHost: a\nX-Forwarded-Proto: http, https\n\n"), 200);
    assert_false(rq.is_https);
    for (int i = 0; i < 40; i++)
        sprintf(head + strlen(head), "X-Forwarded-For: 192.0.2.%d, 192.0.2.100\n", i);
    strcat(head, "\n");
    assert_int_equal(take(&rq, head), 200);
    assert_int_in_range(strlen(rq.forwarded), HTTP_FORWARDED - 40, HTTP_FORWARDED - 1);
    assert_string_equal(rq.forwarded + strlen(rq.forwarded) - 25, ", 192.0.2.39, 192.0.2.100"); /* the end is what counts */
    assert_int_equal(*rq.forwarded, ','); /* and no address is half of one */
}

static void a_websocket_request_is_understood(void **state)
{
    struct http_request rq;
    (void)state;
    assert_int_equal(take(&rq, "GET /ws HTTP/1.1\nHost: [::1]\nUpgrade: WebSocket\nConnection: keep-alive, Upgrade\n"
                               "Sec-WebSocket-Key:  dGhlIHNhbXBsZSBub25jZQ== \nSec-WebSocket-Version: 13\n"
                               "Sec-WebSocket-Protocol: soap, chatd\nOrigin: http://localhost\n\n"), 200);
    assert_true(rq.to_websocket && rq.upgrades && rq.has_key);
    assert_string_equal(rq.offers, "soap, chatd");
    assert_string_equal(rq.key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert_int_equal(rq.websocket_version, 13);
    assert_string_equal(rq.origin, "http://localhost");
}

static void offers_are_read_in_their_order_as_far_as_they_fit(void **state)
{
    struct http_request rq;
    char head[2000] = "GET /ws HTTP/1.1\nHost: a\n";
    const char *word;
    size_t at = 0, len;
    (void)state;
    strcat(head, "Sec-WebSocket-Protocol: one ,\ttwo,,\nSec-WebSocket-Protocol: three\n");
    strcat(head, "Sec-WebSocket-Protocol: ");
    memset(head + strlen(head), 'x', HTTP_OFFERS);
    strcat(head, "\nSec-WebSocket-Protocol: four\n\n");
    assert_int_equal(take(&rq, head), 200);
    static const char *const words[] = {"one", "two", "", "", "three", "four"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        word = http_next_word(rq.offers, &at, &len);
        assert_int_equal(len, strlen(words[i]));
        assert_memory_equal(word, words[i], len);
    }
    assert_null(http_next_word(rq.offers, &at, &len));
    at = 0;
    assert_null(http_next_word("", &at, &len));
}

/* Each could be read in two ways, by us and by a proxy before us, or is none of our business. */
static void what_is_doubtful_is_refused(void **state)
{
    static const struct {
        const char *head;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\nHost: a b\n\n", 400},
        {"GET / HTTP/1.1\nHost : a\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\n folded\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nno colon\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\n: no name\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nX: a\rb\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nContent-Length: 5\n\n", 413},
        {"GET / HTTP/1.1\nHost: a\nContent-Length: 0\nContent-Length: 5\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nContent-Length: +0\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nContent-Length: 00000000000000000000\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nContent-Length:\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nContent-Length: 0\nTransfer-Encoding: chunked\n\n", 501},
        {"GET / HTTP/1.1\nHost: a\nTransfer-Encoding: identity\n\n", 501},
        {"POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\n", 405},
        {"get / HTTP/1.1\nHost: a\n\n", 405}, /* methods have a case, RFC 9110 section 9.1 */
        {"BREW / HTTP/1.1\nHost: a\n\n", 405},
        {"GET  / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1 \nHost: a\n\n", 400},
        {"GET /\n", 400},
        {"GET a HTTP/1.1\n", 400},
        {"GET * HTTP/1.1\n", 400},
        {"GET / HTTP/2.0\n", 505},
        {"GET / HTTP/11\n", 400},
        {"GET /\t HTTP/1.1\n", 400},
        {"(GET) / HTTP/1.1\n", 400},
        {"GET / HTTP/1.1\nHost: a\nSec-WebSocket-Key: short\n\n", 400},
        {"GET / HTTP/1.1\nHost: a\nSec-WebSocket-Version: 13x\n\n", 400},
    };
    struct http_request rq;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (take(&rq, rows[i].head) != rows[i].status)
            fail_msg("%zu: %d instead of %d for %s", i, take(&rq, rows[i].head), rows[i].status, rows[i].head);
}

static void a_head_is_bounded(void **state)
{
    struct http_request rq = {0};
    char line[HTTP_HEAD_BYTES];
    (void)state;
    assert_int_equal(http_take_line(&rq, "GET / HTTP/1.1", 14), 0);
    for (int i = 1; i < HTTP_LINES; i++)
        assert_int_equal(http_take_line(&rq, "a: b", 4), 0);
    assert_int_equal(http_take_line(&rq, "a: b", 4), 431);
    rq = (struct http_request){0};
    assert_int_equal(http_take_line(&rq, "GET / HTTP/1.1", 14), 0);
    memset(line, 'x', sizeof line);
    line[1] = ':';
    assert_int_equal(http_take_line(&rq, line, sizeof line - 1), 431);
    rq = (struct http_request){0};
    int n = snprintf(line, sizeof line, "GET /%0*d HTTP/1.1", HTTP_TARGET - 1, 0);
    assert_int_equal(http_take_line(&rq, line, (size_t)n), 414);
}

static void hosts_and_origins_are_compared_without_their_case(void **state)
{
    static const char *const near[] = {"localhost", "LocalHost:9980", "127.0.0.1", "10.1.2.3:80", "[::1]", "[fe80::1]:99"};
    static const char *const far[] = {"example.org", "localhost.example.org", "127.0.0.1.example.org", "[::1", "1.2.3", "[]"};
    (void)state;
    for (size_t i = 0; i < COUNT(near); i++)
        assert_true(http_is_near_name(near[i]));
    for (size_t i = 0; i < COUNT(far); i++)
        assert_false(http_is_near_name(far[i]));
    assert_true(http_is_listed("Chat.Example:9980", "other chat.example"));
    assert_false(http_is_listed("chat.example.org", "other chat.example"));
    assert_false(http_is_listed("", "a"));
    assert_true(http_is_own_origin("http://chat.example:9980", "Chat.Example:9980", ""));
    assert_false(http_is_own_origin("http://chat.example", "chat.example:9980", ""));
    assert_false(http_is_own_origin("null", "chat.example", ""));
    assert_false(http_is_own_origin("http://", "", ""));
    assert_true(http_is_own_origin("https://www.example", "chat.example", "http://a https://www.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_understood),
        cmocka_unit_test(what_proxies_say_is_collected),
        cmocka_unit_test(a_websocket_request_is_understood),
        cmocka_unit_test(offers_are_read_in_their_order_as_far_as_they_fit),
        cmocka_unit_test(what_is_doubtful_is_refused),
        cmocka_unit_test(a_head_is_bounded),
        cmocka_unit_test(hosts_and_origins_are_compared_without_their_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
