/* SPDX-License-Identifier: ISC */
/* CAPS: capabilities that a client enables for itself, unnoticed by others. */
#include "config.h"

#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The next line has tags, followed by `rest`. Returns its number. */
static unsigned long long expect_tagged(struct client *c, const char *rest)
{
    unsigned long long id;
    int used = 0;
    const char *line = client_line(c);
    if (sscanf(line, "@id=%llu;time=2%*3d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ %n", &id, &used) != 1 || !used)
        fail_msg("no tags: %s", line);
    assert_string_equal(line + used, rest);
    return id;
}

static unsigned long long expect_ack(struct client *c)
{
    unsigned long long id = 0;
    const char *line = client_line(c);
    if (sscanf(line, "OK %llu", &id) != 1)
        fail_msg("no number: %s", line);
    return id;
}

static void all_capabilities_are_off_at_first(void **state)
{
    struct client a;
    (void)state;
    client_login(&a, &d, "alice");
    client_ask(&a, "CAPS", "CAPS -tags -acks -away");
    client_ask(&a, "CAPS tags", "CAPS +tags -acks -away");
    client_ask(&a, "CAPS  ACKS  -tags ", "CAPS -tags +acks -away");
    client_ask(&a, "/caps +tags acks", "CAPS +tags +acks -away");
    client_ask(&a, "CAPS", "CAPS +tags +acks -away");
    client_ask(&a, "CAPS -tags wings", "ERROR Unknown capability: wings (try CAPS)");
    client_ask(&a, "CAPS", "CAPS +tags +acks -away"); /* the refused request changed nothing */
    client_ask(&a, "CAPS -", "ERROR Unknown capability:  (try CAPS)");
    client_close(&a);
    client_login(&a, &d, "bob"); /* may get the same pair of threads */
    client_ask(&a, "CAPS", "CAPS -tags -acks -away");
    client_close(&a);
}

static void only_room_and_private_lines_have_tags(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_ask(&b, "first", "ROOM #den bob first");
    client_login(&a, &d, "alice");
    client_ask(&a, "CAPS tags", "CAPS +tags -acks -away");
    client_ask(&a, "JOIN den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    unsigned long long first = expect_tagged(&a, "ROOM #den bob first");
    client_expect(&b, "JOIN #den alice");
    client_say(&a, "second");
    unsigned long long second = expect_tagged(&a, "ROOM #den alice second");
    assert_true(second > first);
    client_expect(&b, "ROOM #den alice second");
    client_ask(&b, "TOPIC tea", "OK Topic set");
    expect_tagged(&a, "TOPIC #den tea");
    client_ask(&a, "TOPIC", "TOPIC #den tea");
    if (strncmp(client_line(&a), "TOPICINFO #den bob 20", 21) != 0)
        fail_msg("not who set it: %s", a.line);
    client_ask(&b, "ME nods", "ME #den bob nods");
    expect_tagged(&a, "ME #den bob nods");
    client_ask(&b, "PRIVMSG alice psst", "OK Sent");
    unsigned long long word = expect_tagged(&a, "PRIVMSG bob psst");
    client_ask(&b, "PRIVMSG alice again", "OK Sent");
    assert_true(expect_tagged(&a, "PRIVMSG bob again") > word);
    client_say(&a, "PRIVMSG bob yes?");
    assert_non_null(strstr(client_line(&a), "Z OK Sent")); /* the only answer that has them */
    assert_int_equal(strncmp(a.line, "@id=", 4), 0);
    client_expect(&b, "PRIVMSG alice yes?");
    daemon_ctl_ok(&d, (char[256]){0}, 256, "say", "*", "soon", NULL);
    client_expect(&a, "NOTICE soon");
    client_ask(&a, "USERS", "USERLIST bob alice");
    client_say(&b, "LEAVE");
    client_skip_to(&b, "OK Left #den");
    expect_tagged(&a, "LEAVE #den bob");
    client_close(&a);
    client_close(&b);
}

static void a_client_can_page_history_from_a_number_it_saw(void **state)
{
    struct client a, b;
    unsigned long long id;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "dev");
    client_ask(&a, "CAPS tags", "CAPS +tags -acks -away");
    client_ask(&a, "ALSO den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_say(&b, "one\ntwo\nthree");
    expect_tagged(&a, "ROOM #den bob one");
    unsigned long long two = expect_tagged(&a, "ROOM #den bob two");
    unsigned long long three = expect_tagged(&a, "ROOM #den bob three");
    client_say(&a, "HISTORY AFTER %llu", two);
    assert_int_equal(sscanf(client_line(&a), "HIST #den %llu %*s bob three", &id), 1);
    assert_int_equal(id, three);
    client_expect(&a, "OK 1 messages");
    client_close(&a);
    client_close(&b);
}

static void after_the_answer_every_line_has_the_new_form(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "dev");
    client_ask(&a, "ALSO den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_say(&a, "one\nCAPS tags\ntwo\nCAPS -tags\nthree");
    client_expect(&a, "ROOM #den alice one");
    client_expect(&a, "CAPS +tags -acks -away");
    expect_tagged(&a, "ROOM #den alice two");
    client_expect(&a, "CAPS -tags -acks -away");
    client_expect(&a, "ROOM #den alice three");
    client_ask(&b, "SAY den hello", "JOIN #den alice");
    client_skip_to(&b, "ROOM #den bob hello");
    client_expect(&a, "ROOM #den bob hello");
    client_close(&a);
    client_close(&b);
}

static void an_ack_replaces_the_echo(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "dev");
    client_ask(&a, "CAPS acks", "CAPS -tags +acks -away");
    client_ask(&a, "ALSO den", "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den bob");
    client_expect(&b, "JOIN #den alice");
    client_say(&a, "one\nMSG two\nPING x\nSAY dev three\nME four");
    client_say(&a, "SAY nowhere five\nPRIVMSG bob six\nCAPS -acks\nseven");
    unsigned long long one = expect_ack(&a), two = expect_ack(&a);
    assert_true(two > one);
    client_expect(&a, "PONG x");
    expect_ack(&a);
    assert_true(expect_ack(&a) > two);
    client_expect(&a, "ERROR Not in #nowhere");
    client_expect(&a, "OK Sent");
    client_expect(&a, "CAPS -tags -acks -away");
    client_expect(&a, "ROOM #den alice seven");
    client_expect(&b, "ROOM #den alice one");
    client_expect(&b, "ROOM #den alice two");
    client_expect(&b, "ME #den alice four");
    client_expect(&b, "PRIVMSG alice six");
    client_expect(&b, "ROOM #den alice seven");
    char name[16];
    unsigned long long id;
    client_say(&b, "HISTORY 1 AFTER %llu", one);
    assert_int_equal(sscanf(client_line(&b), "HIST #den %llu %*s %15s two", &id, name), 2);
    assert_int_equal(id, two);
    client_expect(&b, "OK 1 messages");
    client_close(&a);
    client_close(&b);
}

/* At full speed, with and without acks: everything arrives in order, and nobody is closed. */
static void a_fast_client_with_acks_loses_nothing(void **state)
{
    enum { LINES = 3000 };
    struct client a, b;
    unsigned long long last = 0;
    (void)state;
    client_enter(&b, &d, "bob", "den");
    client_enter(&a, &d, "alice", "den");
    client_expect(&b, "JOIN #den alice");
    client_ask(&a, "CAPS acks", "CAPS -tags +acks -away");
    for (int i = 0; i < LINES; i += 100) {
        for (int j = i; j < i + 100; j++)
            client_say(&a, "%d", j);
        for (int j = i; j < i + 100; j++) {
            client_expect(&b, "ROOM #den alice %d", j);
            unsigned long long id = expect_ack(&a);
            assert_true(id > last);
            last = id;
        }
    }
    client_close(&a);
    client_close(&b);
}

static void the_longest_text_fits_with_tags(void **state)
{
    struct client a;
    static char text[4001];
    (void)state;
    memset(text, 't', 4000);
    client_login(&a, &d, "alice6789012345678901234567890_2");
    client_ask(&a, "CAPS tags", "CAPS +tags -acks -away");
    client_ask(&a, "JOIN room56789012345678901234567890_2", "OK Joined #room56789012345678901234567890_2 (0 users)");
    client_say(&a, "%s", text);
    const char *line = client_line(&a);
    assert_string_equal(strrchr(line, ' ') + 1, text);
    assert_int_in_range(strlen(line) + 2, 4097, 4096 + 64);
    client_close(&a);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(all_capabilities_are_off_at_first),
        UP(only_room_and_private_lines_have_tags),
        UP(a_client_can_page_history_from_a_number_it_saw),
        UP(after_the_answer_every_line_has_the_new_form),
        UP(an_ack_replaces_the_echo),
        UP(a_fast_client_with_acks_loses_nothing),
        UP(the_longest_text_fits_with_tags),
    };
#undef UP
    return cmocka_run_group_tests(tests, NULL, NULL);
}
