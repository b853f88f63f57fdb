/* SPDX-License-Identifier: ISC */
/* IRC clients over WebSocket, in both subprotocols, beside users of nc: each message is one line without its end. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define S ":" IRC_TEST_SERVER " "

static const struct way {
    const char *subprotocol;
    enum frame_form form;
    int first; /* byte of a frame that is a message */
} ways[] = {{"text.ircv3.net", FRAME_TEXT_LINE, 0x81}, {"binary.ircv3.net", FRAME_BINARY_LINE, 0x82}};
#define WAYS (sizeof ways / sizeof ways[0])

/* A chatd with native lines on d.port and HTTP on irc_d.port. */
static void start_with(const char *irc)
{
    char conf[1024];
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; }, "
             "{ address = \"127.0.0.1\"; port = 0; protocol = \"http\"; } );\n"
             "http = { proxies = \"127.0.0.1\"; };\n"
             "irc = { server = \"" IRC_TEST_SERVER "\"; %s };\n", irc);
    fixture_start(conf);
    irc_d = d;
    irc_d.port = d.port2;
}

static void start(void)
{
    start_with("");
}

static void open_as(struct client *c, const char *offers, const struct way *way)
{
    client_open(c, &irc_d);
    c->ws = client_ws_new_as(c->fd, offers, way->subprotocol, way->form);
    if (!c->ws)
        fail_msg("%s was not chosen of %s", way->subprotocol, offers);
}

static void register_as(struct client *c, const char *nick)
{
    client_say(c, "NICK %s", nick);
    client_say(c, "USER %s 0 * :%s", nick, nick);
    irc_skip_to(c, S "422 %s :There is no message of the day", nick);
}

static void enter(struct client *c, const struct way *way, const char *nick)
{
    open_as(c, way->subprotocol, way);
    register_as(c, nick);
    irc_enter(c, "#den");
}

/* Sends a frame as it is. */
static void send_frame(struct client *c, int first, const char *text)
{
    struct buf frame = {0};
    client_ws_add_frame(&frame, first, text, strlen(text));
    assert_int_equal(send(c->fd, frame.data, frame.len, MSG_NOSIGNAL), frame.len);
    buf_fini(&frame);
}

static void expect_code(struct client *c, int code)
{
    client_expect_end(c);
    assert_int_equal(c->ws->code, code);
    client_close(c);
}

/* The client library of the tests fails if a message from chatd has the end of a line in it, or is of the other kind. */
static void a_client_talks_with_nc(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < WAYS; i++) {
        struct client nora, c;
        client_enter(&nora, &d, "nora", "den");
        enter(&c, &ways[i], "ivan");
        client_expect(&nora, "JOIN #den ivan");
        client_say(&c, "PRIVMSG #den :caf\xc3\xa9");
        client_expect(&nora, "ROOM #den ivan caf\xc3\xa9");
        client_ask(&nora, "hello", "ROOM #den nora hello");
        client_ask(&nora, "again", "ROOM #den nora again");
        irc_expect(&c, ":nora!chat@guest-nora PRIVMSG #den :hello");
        irc_expect(&c, ":nora!chat@guest-nora PRIVMSG #den :again");
        client_say(&c, "QUIT");
        client_expect(&nora, "LEAVE #den ivan");
        while (strncmp(client_line(&c), "ERROR :", 7) != 0)
            ;
        expect_code(&c, 1000);
        client_ask(&nora, "QUIT", "OK Goodbye!");
        client_expect_end(&nora);
        client_close(&nora);
    }
}

static void the_client_says_what_it_prefers(void **state)
{
    struct client c;
    (void)state;
    start();
    open_as(&c, "binary.ircv3.net, text.ircv3.net", &ways[1]);
    register_as(&c, "binary");
    client_close(&c);
    open_as(&c, "soap, text.ircv3.net, binary.ircv3.net, chatd", &ways[0]);
    register_as(&c, "text");
    client_close(&c);
}

static void a_message_is_one_line(void **state)
{
    (void)state;
    start();
    for (size_t i = 0; i < WAYS; i++) {
        struct client c;
        open_as(&c, ways[i].subprotocol, &ways[i]);
        register_as(&c, "ivan");
        send_frame(&c, ways[i].first, "PING old\r\n"); /* as clients did before there was a specification */
        irc_expect(&c, S "PONG " IRC_TEST_SERVER " :old");
        send_frame(&c, ways[i].first, "PING one\r\nPING two");
        expect_code(&c, 1008);
        open_as(&c, ways[i].subprotocol, &ways[i]);
        send_frame(&c, ways[WAYS - 1 - i].first, "PING other");
        expect_code(&c, 1003);
    }
}

static void a_line_is_as_long_as_over_tcp(void **state)
{
    char line[512];
    (void)state;
    start();
    for (size_t i = 0; i < WAYS; i++) {
        struct client c;
        open_as(&c, ways[i].subprotocol, &ways[i]);
        register_as(&c, "ivan");
        snprintf(line, sizeof line, "PING %0*d", 505, 0); /* 510 bytes, without an end that takes two */
        client_say(&c, "%s", line);
        irc_expect(&c, S "PONG " IRC_TEST_SERVER " :%s", line + 5);
        client_say(&c, "%s0", line);
        irc_expect(&c, S "417 ivan :Line too long");
        client_close(&c);
    }
}

/* The address is the one that a trusted proxy tells of. */
static void an_operator_sends_no_password_over_an_open_network(void **state)
{
    struct client near, far;
    (void)state;
    if (!secret_available())
        skip();
    start_with("opers = ( { name = \"root\"; password = \"$argon2id$v=19$m=8,t=1,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$"
               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"; } );");
    open_as(&far, "text.ircv3.net\r\nX-Forwarded-For: 203.0.113.5", &ways[0]);
    register_as(&far, "far");
    irc_ask(&far, "OPER root wonderland", S "491 far :Passwords need a secure connection");
    open_as(&near, "text.ircv3.net\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https", &ways[0]);
    register_as(&near, "near");
    irc_ask(&near, "OPER root wonderland", S "464 near :Wrong password");
    client_close(&near);
    client_close(&far);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
    const struct CMUnitTest tests[] = {
        TEST(a_client_talks_with_nc),
        TEST(the_client_says_what_it_prefers),
        TEST(a_message_is_one_line),
        TEST(a_line_is_as_long_as_over_tcp),
        TEST(an_operator_sends_no_password_over_an_open_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
