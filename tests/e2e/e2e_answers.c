/* SPDX-License-Identifier: ISC */
/*
 * What a client asks about a room while the room changes: the answer has its place among what the client hears live, so
 * that it is never older than what was heard before it. Programs replace what they know of a room by such an answer.
 */
#include "config.h"

#include "base/buf.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS 400
#define MANY 30 /* others in the room, so that an answer takes its time */

/* So that nobody is slowed down. */
#define GENEROUS                                                                                        \
    "flood = { rate_per_s = 100000; burst_tokens = 100000; announcements = 1000000; short_stays = 1000000; };\n" \
    "outbox = { bytes = 8388608; entries = 65536; };\n"

static const char S[] = ":" IRC_TEST_SERVER " ";

static struct client many[MANY];

static void start_many(void)
{
    char name[32];
    irc_start(GENEROUS);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "user%d", i);
        client_enter(&many[i], &d, name, "den");
    }
}

static void stop_many(void)
{
    for (int i = 0; i < MANY; i++)
        client_close(&many[i]);
}

/* Bob says two lines in turn, and `c` asks meanwhile. */
static void both(struct client *bob, const char *one, const char *other, struct client *c, const char *question)
{
    struct buf lines = {0}, questions = {0};
    for (int i = 0; i < ROUNDS; i++) {
        buf_printf(&lines, "%s\n%s\n", one, other);
        buf_printf(&questions, "%s\n", question);
    }
    client_send(bob, lines.data, lines.len);
    client_send(c, questions.data, questions.len);
    buf_fini(&lines);
    buf_fini(&questions);
}

static bool has_word(const char *line, const char *word)
{
    const char *at = strstr(line, word);
    return at && strchr(" @+:", at[-1]) && strchr(" ", at[strlen(word)]);
}

static void users_is_as_old_as_the_joins_and_leaves_before_it(void **state)
{
    struct client a, bob;
    bool is_in = false;
    (void)state;
    start_many();
    client_enter(&a, &d, "alice", "den");
    client_login(&bob, &d, "bob");
    both(&bob, "JOIN den", "LEAVE den", &a, "USERS den");
    for (int answers = 0; answers < ROUNDS;) {
        const char *line = client_line(&a);
        if (strcmp(line, "JOIN #den bob") == 0)
            is_in = true;
        else if (strcmp(line, "LEAVE #den bob") == 0)
            is_in = false;
        else if (strncmp(line, "USERLIST ", 9) == 0 && has_word(line, "bob") != is_in)
            fail_msg("after %d answers bob was %sheard to be in, but: %s", answers, is_in ? "" : "not ", line);
        answers += strncmp(line, "USERLIST ", 9) == 0;
    }
    client_close(&a);
    client_close(&bob);
    stop_many();
}

static void users_info_is_as_old_as_the_joins_and_leaves_before_it(void **state)
{
    struct client a, bob;
    bool is_in = false, is_listed = false;
    int answers = 0;
    (void)state;
    start_many();
    client_enter(&a, &d, "alice", "den");
    client_login(&bob, &d, "bob");
    both(&bob, "JOIN den", "LEAVE den", &a, "USERS den INFO");
    while (answers < ROUNDS) {
        const char *line = client_line(&a);
        if (strcmp(line, "JOIN #den bob") == 0)
            is_in = true;
        else if (strcmp(line, "LEAVE #den bob") == 0)
            is_in = false;
        is_listed = is_listed || strncmp(line, "USERINFO #den bob ", 18) == 0;
        if (strncmp(line, "OK ", 3) != 0 || !strstr(line, " users"))
            continue;
        if (is_listed != is_in)
            fail_msg("after %d answers bob was %sheard to be in", answers, is_in ? "" : "not ");
        is_listed = false;
        answers++;
    }
    client_close(&a);
    client_close(&bob);
    stop_many();
}

/* Who goes away is shown so before anybody is told: the last that is heard is true. */
static void users_info_is_not_older_than_what_was_heard_of_who_is_away(void **state)
{
    struct client a, bob;
    bool is_away = false;
    (void)state;
    start_many();
    client_enter(&a, &d, "alice", "den");
    client_ask(&a, "CAPS away", "CAPS -tags -acks +away");
    client_enter(&bob, &d, "bob", "den");
    for (int i = 0; i < ROUNDS; i++) {
        bool goes = i % 2 == 0;
        client_say(&a, "USERS den INFO\nUSERS den INFO\nUSERS den INFO");
        client_say(&bob, goes ? "AWAY Fishing" : "AWAY");
        client_expect(&bob, goes ? "OK Away" : "OK Back");
        client_say(&a, "PING %d", i);
        for (const char *line = ""; strncmp(line, "PONG ", 5) != 0;) {
            line = client_line(&a);
            if (strncmp(line, "USERINFO #den bob ", 18) == 0)
                is_away = strstr(line, " away") != NULL;
            else if (strncmp(line, "AWAY bob", 8) == 0)
                is_away = true;
            else if (strncmp(line, "BACK bob", 8) == 0)
                is_away = false;
        }
        if (is_away != goes)
            fail_msg("bob was last %sheard to be away, and that is not so", is_away ? "" : "not ");
    }
    client_close(&a);
    client_close(&bob);
    stop_many();
}

static void options_are_as_old_as_the_changes_before_them(void **state)
{
    struct client a, bob;
    int limit = 0, answers = 0, value;
    (void)state;
    irc_start(GENEROUS);
    client_enter(&bob, &d, "bob", "den");
    client_enter(&a, &d, "alice", "den");
    both(&bob, "SET limit 20", "SET limit 30", &a, "SET");
    while (answers < ROUNDS) {
        const char *line = client_line(&a);
        if (sscanf(line, "SET #den limit %d by bob", &value) == 1 && strstr(line, " by ")) {
            limit = value;
        } else if (strncmp(line, "SET #den limit ", 15) == 0) {
            value = strcmp(line, "SET #den limit off") == 0 ? 0 : value;
            if (value != limit)
                fail_msg("%d was heard, but: %s", limit, line);
        }
        answers += strcmp(line, "OK 11 options") == 0;
    }
    client_close(&a);
    client_close(&bob);
}

static void names_of_irc_are_as_old_as_the_joins_and_parts_before_them(void **state)
{
    struct client a, bob;
    bool is_in = false;
    int answers = 0;
    (void)state;
    start_many();
    irc_login(&a, "alice", "");
    irc_enter(&a, "#den");
    irc_login(&bob, "bob", "");
    both(&bob, "JOIN #den", "PART #den", &a, "NAMES #den");
    while (answers < ROUNDS) {
        const char *line = irc_next_line(&a);
        if (strncmp(line, ":bob!", 5) == 0)
            is_in = strstr(line, " JOIN ") != NULL;
        else if (strstr(line, " 353 ") && has_word(line, "bob") != is_in)
            fail_msg("after %d answers bob was %sheard to be in, but: %s", answers, is_in ? "" : "not ", line);
        answers += strstr(line, " 366 ") != NULL;
    }
    client_close(&a);
    client_close(&bob);
    stop_many();
}

static void modes_of_irc_are_as_old_as_the_changes_before_them(void **state)
{
    struct client a, bob;
    int limit = 0, answers = 0, value;
    char modes[64];
    (void)state;
    irc_start(GENEROUS);
    irc_login(&bob, "bob", "");
    irc_enter(&bob, "#den");
    irc_login(&a, "alice", "");
    irc_enter(&a, "#den");
    both(&bob, "MODE #den +l 20", "MODE #den +l 30", &a, "MODE #den");
    while (answers < ROUNDS) {
        const char *line = irc_next_line(&a), *change = strstr(line, " MODE #den +l ");
        if (change)
            assert_int_equal(sscanf(change, " MODE #den +l %d", &limit), 1);
        if (!strstr(line, " 324 "))
            continue;
        value = 0;
        if (sscanf(line + strlen(S), "324 alice #den %63s %d", modes, &value) < 1 || value != limit)
            fail_msg("%d was heard, but: %s", limit, line);
        answers++;
    }
    client_close(&a);
    client_close(&bob);
}

int main(void)
{
#define DIR(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        DIR(users_is_as_old_as_the_joins_and_leaves_before_it),
        DIR(users_info_is_as_old_as_the_joins_and_leaves_before_it),
        DIR(users_info_is_not_older_than_what_was_heard_of_who_is_away),
        DIR(options_are_as_old_as_the_changes_before_them),
        DIR(names_of_irc_are_as_old_as_the_joins_and_parts_before_them),
        DIR(modes_of_irc_are_as_old_as_the_changes_before_them),
    };
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
