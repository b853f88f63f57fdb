/* SPDX-License-Identifier: ISC */
/* IRC over TLS beside IRC in the clear. */
#include "config.h"

#include "tests/lib/fixture.h"
#include "tests/lib/peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define S ":irc.example.org "

static int setup(void **state)
{
    fixture_dir(state);
    d.conf_listens = true;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = "DNS:a.example"});
    return 0;
}

/* A chatd with IRC in the clear on d.port and over TLS on d.port2. */
static void write_conf(const char *keys)
{
    char conf[2048];
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; protocol = \"irc\"; }, "
             "{ address = \"127.0.0.1\"; port = 0; protocol = \"irc\"; tls = true; } );\n"
             "tls = { certificates = ( { certificate = \"%s/a.pem\"; key = \"%s/a.key\"; } ); };\n"
             "irc = { server = \"irc.example.org\"; %s };\n", d.dir, d.dir, keys);
    daemon_write_conf(&d, conf);
}

/* The capabilities that a client is offered, with a blank at both ends. Borrowed until the next call. */
static const char *offered(int port, const char *version, const char *ask)
{
    static char list[2048];
    struct peer p;
    peer_open(&p, port, version);
    peer_say(&p, "%s", ask);
    const char *line = peer_line(&p), *head = S "CAP * LS :";
    assert_non_null(line);
    assert_int_equal(strncmp(line, head, strlen(head)), 0);
    snprintf(list, sizeof list, " %s ", line + strlen(head));
    peer_ask(&p, "CAP REQ :sts", S "CAP * NAK :sts");
    peer_close(&p);
    return list;
}

static void clients_in_the_clear_are_sent_to_the_encrypted_port(void **state)
{
    char wanted[40], answer[4096];
    (void)state;
    write_conf("sts_s = 600;");
    daemon_start(&d);
    snprintf(wanted, sizeof wanted, " sts=port=%d ", d.port2);
    const char *list = offered(d.port, NULL, "CAP LS 302");
    assert_non_null(strstr(list, wanted));
    assert_null(strstr(list, "duration"));
    list = offered(d.port2, "1.3", "CAP LS 302");
    assert_non_null(strstr(list, " sts=duration=600 "));
    assert_null(strstr(list, "port="));
    assert_null(strstr(offered(d.port, NULL, "CAP LS"), " sts")); /* it has no value there */
    write_conf("");
    daemon_ctl_ok(&d, answer, sizeof answer, "reload", NULL);
    assert_null(strstr(offered(d.port, NULL, "CAP LS 302"), " sts"));
    assert_null(strstr(offered(d.port2, "1.2", "CAP LS 302"), " sts"));
}

static void enter(struct peer *p, int port, const char *version, const char *nick)
{
    peer_open(p, port, version);
    peer_say(p, "NICK %s\r\nUSER u 0 * :%s\r\nJOIN #den\r", nick, nick);
    peer_skip_to(p, S "366 %s #den :End of names", nick);
}

static void both_are_in_the_same_room_and_seen_as_what_they_are(void **state)
{
    static const char *const versions[] = {"1.2", "1.3"};
    (void)state;
    write_conf("");
    daemon_start(&d);
    for (int i = 0; i < 2; i++) {
        struct peer plain, secure;
        enter(&plain, d.port, NULL, "plain");
        enter(&secure, d.port2, versions[i], "secure");
        peer_expect(&plain, ":secure!chat@guest-secure JOIN #den");
        peer_say(&plain, "PRIVMSG #den :hi");
        peer_expect(&secure, ":plain!chat@guest-plain PRIVMSG #den :hi");
        peer_say(&secure, "PRIVMSG plain :psst");
        peer_expect(&plain, ":secure!chat@guest-secure PRIVMSG plain :psst");
        peer_say(&plain, "WHOIS secure");
        peer_skip_to(&plain, S "671 plain secure :is using a secure connection");
        peer_skip_to(&plain, S "318 plain secure :End of /WHOIS list");
        peer_say(&secure, "QUIT :done");
        peer_expect(&plain, ":secure!chat@guest-secure QUIT :done");
        peer_expect(&secure, "ERROR :Closing link: Goodbye");
        assert_int_equal(peer_end(&secure), PEER_NOTIFIED);
        peer_close(&secure);
        peer_say(&plain, "QUIT");
        peer_expect(&plain, "ERROR :Closing link: Goodbye");
        peer_close(&plain);
        daemon_await(&d, "clients", 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_down)
        TEST(clients_in_the_clear_are_sent_to_the_encrypted_port),
        TEST(both_are_in_the_same_room_and_seen_as_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
