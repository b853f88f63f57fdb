/* SPDX-License-Identifier: ISC */
/* What IRC clients are told about the server itself. */
#include "config.h"

#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define S ":" IRC_TEST_SERVER " "

static char path[200], out[8192];

static void write_motd(const char *text, size_t len)
{
    snprintf(path, sizeof path, "%s/motd", d.dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void reload(const char *keys)
{
    char all[300];
    snprintf(all, sizeof all, "motd = \"%s\"; %s", path, keys);
    irc_reload_with(all);
}

static void the_message_of_the_day_is_the_file_that_the_operator_names(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    irc_login(&c, "ivan", "");
    irc_ask(&c, "MOTD", S "422 ivan :There is no message of the day");
    irc_ask(&c, "ADMIN", S "423 ivan " IRC_TEST_SERVER " :No administrative contact is configured");
    write_motd("Welcome!\r\n\nDinner: \xc3\xa9t\xc3\xa9", strlen("Welcome!\r\n\nDinner: \xc3\xa9t\xc3\xa9"));
    reload("admin = \"Olga, room 12\";");
    irc_ask(&c, "MOTD", S "375 ivan :- " IRC_TEST_SERVER " Message of the day -");
    irc_expect(&c, S "372 ivan :- Welcome!");
    irc_expect(&c, S "372 ivan :- ");
    irc_expect(&c, S "372 ivan :- Dinner: \xc3\xa9t\xc3\xa9");
    irc_expect(&c, S "376 ivan :End of the message of the day");
    irc_ask(&c, "ADMIN", S "256 ivan " IRC_TEST_SERVER " :Administrative information");
    irc_expect(&c, S "257 ivan :chatd");
    irc_expect(&c, S "258 ivan :" IRC_TEST_SERVER);
    irc_expect(&c, S "259 ivan :Olga, room 12");
    client_close(&c);
}

/* The configuration does not change, and the file does; a file with a mistake changes nothing. */
static void a_reload_reads_it_again_or_says_what_is_wrong(void **state)
{
    static const struct {
        const char *path, *why;
    } others[] = {{"motd", "irc.motd: motd: must be an absolute path"},
                  {"/dev/zero", "irc.motd: /dev/zero: must be a file of at most 64 KiB"},
                  {"/", "irc.motd: /: must be a file of at most 64 KiB"}};
    char much[600];
    struct client c;
    (void)state;
    irc_start("");
    write_motd("one\n", 4);
    reload("");
    write_motd("two\n", 4);
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    irc_login(&c, "ivan", "");
    irc_ask(&c, "MOTD", S "375 ivan :- " IRC_TEST_SERVER " Message of the day -");
    irc_expect(&c, S "372 ivan :- two");
    irc_expect(&c, S "376 ivan :End of the message of the day");
    memset(much, 'x', sizeof much);
    memcpy(much, "fine\n", 5);
    write_motd(much, sizeof much);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
    assert_non_null(strstr(out, "/motd:2: must have at most 400 bytes; make two lines of it"));
    write_motd("fine\n\xff\n", 7);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
    assert_non_null(strstr(out, "/motd:2: is not UTF-8"));
    memset(much, '\n', sizeof much);
    write_motd(much, sizeof much);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
    assert_non_null(strstr(out, "/motd:501: must have at most 500 lines"));
    assert_int_equal(remove(path), 0);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
    assert_non_null(strstr(out, "irc.motd: "));
    assert_non_null(strstr(out, "/motd: No such file or directory"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char keys[100];
        snprintf(keys, sizeof keys, "motd = \"%s\";", others[i].path);
        irc_write_conf(keys, "");
        assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
        assert_non_null(strstr(out, others[i].why));
    }
    irc_ask(&c, "MOTD", S "375 ivan :- " IRC_TEST_SERVER " Message of the day -");
    irc_expect(&c, S "372 ivan :- two");
    client_close(&c);
}

static void commands_explain_themselves(void **state)
{
    struct client c;
    (void)state;
    irc_start("");
    irc_login(&c, "ivan", "");
    irc_ask(&c, "HELP part", S "704 ivan part :PART <room>[,<room>...] [:<reason>]");
    irc_expect(&c, S "706 ivan part :End of HELP");
    irc_ask(&c, "HELP dance", S "524 ivan dance :There is no such command");
    irc_ask(&c, "HELP", S "704 ivan * :The commands of this server:");
    irc_skip_to(&c, S "705 ivan * :KICK <room> <user>[,<user>...] [:<reason>]");
    irc_skip_to(&c, S "706 ivan * :End of HELP");
    irc_ask(&c, "INFO", S "371 ivan :chatd " PACKAGE_VERSION);
    irc_skip_to(&c, S "374 ivan :End of INFO");
    irc_ask(&c, "LINKS", S "364 ivan " IRC_TEST_SERVER " " IRC_TEST_SERVER " :0 chatd");
    irc_expect(&c, S "365 ivan * :End of LINKS");
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(the_message_of_the_day_is_the_file_that_the_operator_names),
        TEST(a_reload_reads_it_again_or_says_what_is_wrong),
        TEST(commands_explain_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
