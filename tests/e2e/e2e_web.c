/* SPDX-License-Identifier: ISC */
/* HTTP and WebSocket as browsers, their neighbours and attackers use them, beside users of nc. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/client_tls.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LAST(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
#define UPGRADE(more) "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" more "\r\n"

static char answer[1 << 18];
static struct daemon web; /* the same chatd, with the port for browsers as its first */

static int setup(void **state)
{
    fixture_dir(state);
    d.conf_listens = true;
    return 0;
}

/* A chatd with native lines on d.port and HTTP on web.port. */
static void start(const char *more)
{
    char conf[2048];
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; }, "
             "{ address = \"127.0.0.1\"; port = 0; protocol = \"http\"; } );\n%s\n", more);
    fixture_start(conf);
    web = d;
    web.port = d.port2;
}

/* Sends bytes on a new connection and reads all answers, until chatd closes it. */
static void ask(const char *request, size_t n)
{
    struct client c;
    size_t len = 0;
    ssize_t got;
    client_open(&c, &web);
    client_send(&c, request, n);
    struct pollfd p = {.fd = c.fd, .events = POLLIN};
    do {
        if (poll(&p, 1, DAEMON_WAIT_MS) != 1)
            fail_msg("no answer, and not closed, after: %s", request);
        got = recv(c.fd, answer + len, sizeof answer - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    } while (got > 0 && len < sizeof answer - 1);
    answer[len] = '\0';
    client_close(&c);
}

static void expect_answer(const char *request, const char *want)
{
    ask(request, strlen(request));
    if (strncmp(answer, want, strlen(want)) != 0)
        fail_msg("%s for %s", answer, request);
}

static void assert_has(const char *text)
{
    if (!strstr(answer, text))
        fail_msg("expected \"%s\" in: %s", text, answer);
}

static int count(const char *text)
{
    int n = 0;
    for (const char *p = answer; (p = strstr(p, text)); p++)
        n++;
    return n;
}

static void the_page_is_served_and_cached(void **state)
{
    char tag[64], request[512];
    (void)state;
    start("");
    expect_answer(LAST("/"), "HTTP/1.1 200 OK\r\n");
    assert_has("Content-Type: text/html; charset=utf-8\r\n");
    assert_has("Content-Encoding: gzip\r\n");
    assert_has("Content-Security-Policy: default-src 'none'; script-src 'self';");
    assert_has("frame-ancestors 'none'");
    assert_has("X-Content-Type-Options: nosniff\r\n");
    assert_has("Referrer-Policy: no-referrer\r\n");
    assert_null(strstr(answer, "Strict-Transport-Security"));
    const char *at = strstr(answer, "ETag: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "ETag: %63[^\r]", tag), 1);
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-None-Match: %s\r\n\r\n",
             tag);
    expect_answer(request, "HTTP/1.1 304 Not Modified\r\n");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    expect_answer("HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n");
    assert_has("Content-Length: ");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void several_requests_share_a_connection(void **state)
{
    (void)state;
    start("");
    expect_answer(GET("/healthz") GET("/healthz?x") LAST("/healthz"), "HTTP/1.1 200 OK\r\n");
    assert_int_equal(count("HTTP/1.1 200 OK\r\n"), 3);
    assert_int_equal(count("\r\n\r\nok\n"), 3);
    assert_int_equal(count("Connection: close\r\n"), 1);
    expect_answer("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n");
    assert_int_equal(daemon_status(&d, "http_requests"), 4);
    assert_int_equal(daemon_status(&d, "http_refused"), 0);
}

static void what_is_refused_says_why(void **state)
{
    static const char *const rows[][3] = {
        {GET("/nothing"), "HTTP/1.1 404 Not Found\r\n", "There is nothing here.\n"},
        {"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\n", "Allow: GET, HEAD\r\n"},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "This is not a valid HTTP/1.1 request.\n"},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421 Misdirected Request\r\n", "http.hosts"},
        {"hello\r\n", "HTTP/1.1 400 Bad Request\r\n", "This is not a valid HTTP/1.1 request.\n"},
        {GET("/ws"), "HTTP/1.1 426 Upgrade Required\r\n", "Upgrade: websocket\r\n"},
        {UPGRADE("Sec-WebSocket-Version: 12\r\n"), "HTTP/1.1 426 Upgrade Required\r\n", "Sec-WebSocket-Version: 13\r\n"},
        {UPGRADE("Sec-WebSocket-Version: 13\r\nOrigin: http://evil.example\r\n"), "HTTP/1.1 403 Forbidden\r\n",
         "http.origins"},
    };
    (void)state;
    start("");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_answer(rows[i][0], rows[i][1]);
        assert_has(rows[i][2]);
        assert_has("Connection: close\r\n");
    }
    assert_int_equal(daemon_status(&d, "http_refused"), (long)(sizeof rows / sizeof rows[0]));
}

/* A body that another reader would see, and in it a second request. */
static void no_request_hides_in_another(void **state)
{
    static const char *const heads[] = {"Content-Length: 39\r\n", "Transfer-Encoding: chunked\r\n",
                                        "Content-Length: 0\r\nContent-Length: 39\r\n",
                                        "Content-Length: 39\r\nTransfer-Encoding: chunked\r\n", " folded: x\r\n",
                                        "Content-Length : 39\r\n"};
    (void)state;
    start("");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char request[512];
        snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s", heads[i], GET("/healthz"));
        ask(request, strlen(request));
        assert_int_equal(count("\r\nDate: "), 1);
        assert_int_equal(count("HTTP/1.1 200"), 0);
    }
}

static void a_slow_request_is_told_so(void **state)
{
    (void)state;
    start("http = { request_s = 1; idle_s = 1; };");
    expect_answer("GET / HTTP/1.1\r\nHost:", "HTTP/1.1 408 Request Timeout\r\n");
    daemon_await(&d, "closed_http_timeout", 1);
    expect_answer(GET("/healthz"), "HTTP/1.1 200 OK\r\n"); /* and then it is idle */
    assert_int_equal(count("HTTP/1.1 "), 1);
    daemon_await(&d, "closed_http_idle", 1);
}

static void names_and_origins_can_be_allowed(void **state)
{
    (void)state;
    start("http = { hosts = \"chat.example www.chat.example\"; origins = \"https://site.example\"; };");
    expect_answer("GET /healthz HTTP/1.1\r\nHost: Chat.example:80\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n");
    expect_answer("GET /healthz HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n", "HTTP/1.1 421 ");
    expect_answer(UPGRADE("Sec-WebSocket-Version: 13\r\nOrigin: http://localhost:1\r\n"), "HTTP/1.1 403 ");
    expect_answer(UPGRADE("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, chatd\r\n"
                          "Origin: https://site.example\r\n")
                  "\x88\x80" "abcd", "HTTP/1.1 101 Switching Protocols\r\n");
    assert_has("Sec-WebSocket-Protocol: chatd\r\n");
    expect_answer(UPGRADE("Sec-WebSocket-Version: 13\r\nOrigin: http://localhost\r\n") "\x88\x80" "abcd",
                  "HTTP/1.1 101 Switching Protocols\r\n");
    assert_null(strstr(answer, "Sec-WebSocket-Protocol"));
}

/* ---- WebSocket ---- */

static void open_ws(struct client *c)
{
    client_open(c, &web);
    c->ws = client_ws_new(c->fd);
    assert_non_null(c->ws);
}

static void expect_code(struct client *c, int code)
{
    client_expect_end(c);
    assert_int_equal(c->ws->code, code);
    client_close(c);
}

static void a_browser_and_nc_talk_in_one_room(void **state)
{
    struct client a, b;
    (void)state;
    start("");
    open_ws(&a);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    client_ask(&a, "JOIN den", "OK Joined #den (0 users)");
    client_enter(&b, &d, "bob", "den");
    client_expect(&a, "JOIN #den bob");
    client_say(&b, "hello from nc");
    client_expect(&a, "ROOM #den bob hello from nc");
    client_send(&a, "one\ntwo\n", 8); /* in one message */
    client_expect(&b, "ROOM #den bob hello from nc");
    client_expect(&b, "ROOM #den alice one");
    client_expect(&b, "ROOM #den alice two");
    client_ask(&b, "PRIVMSG alice psst", "OK Sent");
    client_skip_to(&a, "PRIVMSG bob psst");
    assert_int_equal(daemon_status(&d, "websockets"), 1);
    client_ask(&a, "QUIT", "OK Goodbye!");
    expect_code(&a, 1000);
    client_expect(&b, "LEAVE #den alice");
    client_close(&b);
}

static void the_end_of_a_connection_says_why(void **state)
{
    struct client a;
    char out[512];
    (void)state;
    start("");
    open_ws(&a);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
    client_expect(&a, "ERROR Kicked: by the operator");
    expect_code(&a, 1008);
    open_ws(&a);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    daemon_stop(&d);
    client_expect(&a, "ERROR Server stopping");
    expect_code(&a, 1001);
}

static void without_a_name_it_ends_in_time(void **state)
{
    struct client a;
    (void)state;
    start("clients = { login_timeout_s = 1; };");
    open_ws(&a);
    client_expect(&a, "ERROR Login timeout");
    expect_code(&a, 1008);
}

static void the_first_offer_that_is_known_is_chosen(void **state)
{
    static const struct {
        const char *offers, *chosen;
    } rows[] = {{"chatd", "chatd"}, {"soap, chatd", "chatd"}, {"soap,\tchatd , mqtt", "chatd"}, {"soap", NULL},
                {"Chatd", NULL}, {"chatd2", NULL}, {"chat", NULL}};
    (void)state;
    start("");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client a;
        client_open(&a, &web);
        a.ws = client_ws_new_as(a.fd, rows[i].offers, rows[i].chosen, FRAME_LINES);
        if (!a.ws)
            fail_msg("offered %s", rows[i].offers);
        client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
        client_ask(&a, "QUIT", "OK Goodbye!");
        client_close(&a);
    }
}

static void a_flood_ends_with_its_code(void **state)
{
    struct client a;
    (void)state;
    start("flood = { rate_per_s = 1; burst_tokens = 5; close_after_s = 1; exempt_loopback = false; };");
    open_ws(&a);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    for (int i = 0; i < 50; i++)
        client_say(&a, "PING %d", i);
    client_skip_to(&a, "ERROR Flooding");
    expect_code(&a, 1008);
}

static void a_full_server_says_so_in_http(void **state)
{
    struct client a;
    (void)state;
    start("clients = { max = 1; prespawn = 1; spare = 1; };");
    client_login(&a, &d, "alice");
    ask(GET("/healthz"), strlen(GET("/healthz")));
    assert_has("HTTP/1.1 503 Service Unavailable\r\n");
    assert_has("The server is full; try again later.\n");
    client_close(&a);
}

/* ---- behind a reverse proxy, which this test pretends to be ---- */

#define TRUST "http = { hosts = \"chat.example\"; proxies = \"127.0.0.1 10.0.0.0/8\"; hsts = true; };"
#define FOR(address) "X-Forwarded-For: " address "\r\n"
#define HTTPS "X-Forwarded-Proto: https\r\n"
#define PROXIED(headers) "GET /healthz HTTP/1.1\r\nHost: chat.example\r\n" headers "\r\n"
#define LAST_PROXIED(headers) PROXIED(headers "Connection: close\r\n")

/* A WebSocket for a client, whose address the proxy adds to what the client has said. */
static void open_proxied(struct client *c, const char *headers)
{
    client_open(c, &web);
    c->ws = client_ws_new_with(c->fd, headers);
    assert_non_null(c->ws);
}

static void expect_address(const char *name, const char *address)
{
    char out[4096], want[200];
    daemon_ctl_ok(&d, out, sizeof out, "--json", "clients", NULL);
    snprintf(want, sizeof want, "\"name\":\"%s\",\"address\":\"%s\"", name, address);
    if (!strstr(out, want))
        fail_msg("expected %s in: %s", want, out);
}

/* A connection counts for its address until its socket is closed, which nobody is told. */
static void await_admitted(const char *request)
{
    int64_t until_ms = clock_ms() + DAEMON_WAIT_MS;
    do {
        assert_true(clock_ms() < until_ms);
        ask(request, strlen(request));
    } while (strncmp(answer, "HTTP/1.1 503 ", 13) == 0);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
}

static void clients_behind_a_proxy_have_addresses_of_their_own(void **state)
{
    struct client a, b, c;
    (void)state;
    start(TRUST);
    open_proxied(&a, FOR("192.0.2.1"));
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    open_proxied(&b, FOR("192.0.2.1, 203.0.113.5:4711, 10.1.2.3")); /* the first is what the client itself has said */
    client_ask(&b, "USERNAME bob", "OK Welcome, bob!");
    open_proxied(&c, "");
    client_ask(&c, "USERNAME carol", "OK Welcome, carol!");
    expect_address("alice", "192.0.2.1");
    expect_address("bob", "203.0.113.5:4711");
    client_ask(&c, "JOIN den", "OK Joined #den (0 users)");
    client_ask(&c, "BAN 192.0.2.1", "OK Banned 192.0.2.1");
    client_ask(&a, "JOIN den", "ERROR Banned");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void each_client_behind_a_proxy_has_its_own_limit(void **state)
{
    struct client a, b, c;
    (void)state;
    start("clients = { per_address = 2; };" TRUST);
    open_proxied(&a, FOR("192.0.2.1"));
    open_proxied(&b, FOR("192.0.2.1"));
    expect_answer(PROXIED(FOR("192.0.2.1")), "HTTP/1.1 503 Service Unavailable\r\n");
    assert_has("Too many connections from this address.\n");
    open_proxied(&c, FOR("203.0.113.5"));
    assert_int_equal(daemon_status(&d, "refused_address"), 1);
    client_ask(&a, "QUIT", "OK Goodbye!");
    expect_code(&a, 1000);
    await_admitted(LAST_PROXIED(FOR("192.0.2.1"))); /* one has left */
    client_close(&b);
    client_close(&c);
    daemon_await(&d, "clients", 0);
    await_admitted(PROXIED(FOR("192.0.2.1")) LAST_PROXIED(FOR("192.0.2.1")));
    /* on one connection, for one client after the other: each counts only while it is its turn */
    expect_answer(PROXIED(FOR("192.0.2.1")) PROXIED(FOR("203.0.113.5")) PROXIED(FOR("192.0.2.1")) PROXIED("")
                  LAST_PROXIED(FOR("192.0.2.1")), "HTTP/1.1 200 OK\r\n");
    assert_int_equal(count("HTTP/1.1 200 OK\r\n"), 5);
}

static void who_is_no_trusted_proxy_is_not_believed(void **state)
{
    struct client a;
    (void)state;
    start("http = { hosts = \"chat.example\"; proxies = \"192.0.2.9\"; hsts = true; };");
    open_proxied(&a, FOR("203.0.113.5") HTTPS);
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    daemon_ctl_ok(&d, answer, sizeof answer, "--json", "clients", NULL);
    assert_null(strstr(answer, "203.0.113.5"));
    assert_has("\"address\":\"127.0.0.1:");
    client_close(&a);
    expect_answer(LAST_PROXIED(FOR("203.0.113.5") HTTPS), "HTTP/1.1 200 OK\r\n");
    assert_null(strstr(answer, "Strict-Transport-Security"));
}

static void what_is_no_address_is_logged_and_the_proxy_counts(void **state)
{
    struct client a;
    (void)state;
    start(TRUST);
    open_proxied(&a, FOR("203.0.113.5, unknown"));
    client_ask(&a, "USERNAME alice", "OK Welcome, alice!");
    daemon_ctl_ok(&d, answer, sizeof answer, "--json", "clients", NULL);
    assert_null(strstr(answer, "203.0.113.5"));
    assert_has("\"address\":\"127.0.0.1:");
    daemon_await_log(&d, "forwarded_invalid");
    client_close(&a);
}

/* A password may be sent where all of its way is encrypted or near. */
static void https_ends_at_the_proxy(void **state)
{
    static const struct {
        const char *headers, *answer;
    } rows[] = {
        {FOR("203.0.113.5"), "ERROR Passwords need a secure connection"},
        {FOR("203.0.113.5") "X-Forwarded-Proto: http\r\n", "ERROR Passwords need a secure connection"},
        {FOR("203.0.113.5") "X-Forwarded-Proto: https, http\r\n", "ERROR Passwords need a secure connection"},
        {FOR("203.0.113.5") HTTPS, "OK Registered carol"},
    };
    (void)state;
    start(TRUST);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client c;
        open_proxied(&c, rows[i].headers);
        client_ask(&c, "USERNAME carol", "OK Welcome, carol!");
        client_ask(&c, "REGISTER a-long-password", rows[i].answer);
        client_ask(&c, "QUIT", "OK Goodbye!");
        expect_code(&c, 1000);
    }
    expect_answer(LAST_PROXIED(FOR("203.0.113.5") HTTPS), "HTTP/1.1 200 OK\r\n");
    assert_has("Strict-Transport-Security: max-age=31536000\r\n");
    expect_answer(LAST_PROXIED(FOR("203.0.113.5")), "HTTP/1.1 200 OK\r\n");
    assert_null(strstr(answer, "Strict-Transport-Security"));
}

/* ---- over TLS ---- */

static void receive_tls(struct client_tls *tls, int fd, const char *until)
{
    size_t len = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    *answer = '\0';
    while (!strstr(answer, until)) {
        assert_int_equal(poll(&p, 1, DAEMON_WAIT_MS), 1);
        ssize_t n = client_tls_receive(tls, answer + len, sizeof answer - 1 - len);
        len += n > 0 ? (size_t)n : 0;
        answer[len] = '\0';
    }
}

static void websocket_works_over_tls(void **state)
{
    struct client c;
    struct buf frame = {0};
    char conf[1024];
    (void)state;
    assert_true(client_tls_write_certificate(d.dir));
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; protocol = \"http\"; tls = true; } );\n"
             "tls = { certificates = ( { certificate = \"%s/cert.pem\"; key = \"%s/key.pem\"; } ); };\n"
             "http = { hsts = true; };\n", d.dir, d.dir);
    fixture_start(conf);
    client_open(&c, &d);
    struct client_tls *tls = client_tls_new(c.fd, "1.3");
    assert_non_null(tls);
    client_tls_send(tls, GET("/healthz"), strlen(GET("/healthz")));
    receive_tls(tls, c.fd, "\r\n\r\nok\n");
    assert_has("Strict-Transport-Security: max-age=31536000\r\n");
    client_tls_send(tls, UPGRADE("Sec-WebSocket-Version: 13\r\n"), strlen(UPGRADE("Sec-WebSocket-Version: 13\r\n")));
    receive_tls(tls, c.fd, "\r\n\r\n");
    assert_has("HTTP/1.1 101 Switching Protocols\r\n");
    client_ws_add_frame(&frame, 0x81, "USERNAME alice\nWHOIS alice", 26);
    client_tls_send(tls, frame.data, frame.len);
    receive_tls(tls, c.fd, "secure");
    assert_has("OK Welcome, alice!\r\n");
    buf_fini(&frame);
    client_tls_free(&tls);
    client_close(&c);
    web = d;
    expect_answer(LAST("/"), "HTTP/1.1 400 Bad Request\r\n");
    assert_has("This port needs TLS: use https.\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(the_page_is_served_and_cached),
        TEST(several_requests_share_a_connection),
        TEST(what_is_refused_says_why),
        TEST(no_request_hides_in_another),
        TEST(a_slow_request_is_told_so),
        TEST(names_and_origins_can_be_allowed),
        TEST(a_browser_and_nc_talk_in_one_room),
        TEST(the_end_of_a_connection_says_why),
        TEST(without_a_name_it_ends_in_time),
        TEST(the_first_offer_that_is_known_is_chosen),
        TEST(a_flood_ends_with_its_code),
        TEST(a_full_server_says_so_in_http),
        TEST(clients_behind_a_proxy_have_addresses_of_their_own),
        TEST(each_client_behind_a_proxy_has_its_own_limit),
        TEST(who_is_no_trusted_proxy_is_not_believed),
        TEST(what_is_no_address_is_logged_and_the_proxy_counts),
        TEST(https_ends_at_the_proxy),
        TEST(websocket_works_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
