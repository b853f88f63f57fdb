/* SPDX-License-Identifier: ISC */
/* CHATHISTORY: pages of what was said in rooms and in private, for IRC clients. */
#include "config.h"

#include "base/buf.h"
#include "base/secret.h"
#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S ":" IRC_TEST_SERVER " "
#define CAPS "server-time message-tags batch draft/chathistory"

/* ---- pages ---- */

enum { MOST = 300 };

/* One message of a page. */
struct said {
    char id[80], time[40], text[40];
};

static struct said page[MOST];
static struct said all[MOST];

/* Copies the value of a tag of the last line. */
static void tag(const char *name, char *out, size_t size)
{
    const char *value = irc_tag(name);
    assert_true(*value && strlen(value) < size);
    strcpy(out, value);
}

/* Sends the request and reads its batch into page[]. Returns how many messages it has. */
static int ask_page(struct client *c, const char *request)
{
    int n = 0;
    client_say(c, "%s", request);
    irc_expect(c, S "BATCH +history chathistory #den");
    for (;;) {
        const char *line = irc_next_line(c), *text = strstr(line, " PRIVMSG #den :");
        if (strcmp(line, S "BATCH -history") == 0)
            return n;
        assert_non_null(text);
        assert_true(n < MOST);
        assert_true(irc_has_tag("batch=history"));
        tag("msgid", page[n].id, sizeof page[n].id);
        tag("time", page[n].time, sizeof page[n].time);
        snprintf(page[n].text, sizeof page[n].text, "%s", text + strlen(" PRIVMSG #den :"));
        n++;
    }
}

__attribute__((format(printf, 2, 3)))
static int ask_pagef(struct client *c, const char *format, ...)
{
    char request[300];
    va_list ap;
    va_start(ap, format);
    vsnprintf(request, sizeof request, format, ap);
    va_end(ap);
    return ask_page(c, request);
}

/* The page must have these messages of all[]. */
static void expect_page(int n, int from, int count)
{
    assert_int_equal(n, count);
    for (int i = 0; i < n; i++) {
        assert_string_equal(page[i].id, all[from + i].id);
        assert_string_equal(page[i].text, all[from + i].text);
    }
}

/* nora says so many texts in #den, and ivan, who joins later, reads them into all[]. */
static void fill(struct client *nora, struct client *ivan, int n)
{
    client_enter(nora, &d, "nora", "den");
    for (int i = 0; i < n; i++) {
        client_say(nora, "text %d", i);
        client_expect(nora, "ROOM #den nora text %d", i);
    }
    irc_login(ivan, "ivan", CAPS);
    irc_enter(ivan, "#den");
    int got = 0;
    while (got < n) {
        int more = got ? ask_pagef(ivan, "CHATHISTORY AFTER #den msgid=%s 100", all[got - 1].id)
                       : ask_page(ivan, "CHATHISTORY AFTER #den timestamp=2020-01-01T00:00:00.000Z 100");
        assert_true(more > 0);
        memcpy(all + got, page, (size_t)more * sizeof *page);
        got += more;
    }
    for (int i = 0; i < n; i++) {
        char want[40];
        snprintf(want, sizeof want, "text %d", i);
        assert_string_equal(all[i].text, want);
    }
}

static void a_page_is_a_batch_of_messages_with_numbers_and_times(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    fill(&nora, &ivan, 10);
    expect_page(ask_page(&ivan, "CHATHISTORY LATEST #den * 3"), 7, 3);
    expect_page(ask_page(&ivan, "chathistory latest #DEN * 50"), 0, 10);
    expect_page(ask_pagef(&ivan, "CHATHISTORY LATEST #den msgid=%s 50", all[6].id), 7, 3);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BEFORE #den msgid=%s 2", all[5].id), 3, 2);
    expect_page(ask_pagef(&ivan, "CHATHISTORY AFTER #den msgid=%s 2", all[5].id), 6, 2);
    expect_page(ask_pagef(&ivan, "CHATHISTORY AROUND #den msgid=%s 5", all[5].id), 3, 5);
    expect_page(ask_pagef(&ivan, "CHATHISTORY AROUND #den msgid=%s 1", all[5].id), 5, 1);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BETWEEN #den msgid=%s msgid=%s 50", all[2].id, all[6].id), 3, 3);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BETWEEN #den msgid=%s msgid=%s 2", all[2].id, all[6].id), 3, 2);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BETWEEN #den msgid=%s msgid=%s 2", all[6].id, all[2].id), 4, 2);
    expect_page(ask_pagef(&ivan, "CHATHISTORY AFTER #den msgid=%s 2", all[9].id), 0, 0);
    expect_page(ask_page(&ivan, "CHATHISTORY BEFORE #den msgid=#den/0 2"), 0, 0);
    client_close(&nora);
    client_close(&ivan);
}

static void paging_by_numbers_shows_each_message_once(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    fill(&nora, &ivan, 250);
    int at = 0, n;
    while ((n = ask_pagef(&ivan, "CHATHISTORY AFTER #den msgid=%s 7", at ? all[at - 1].id : "#den/0"))) {
        expect_page(n, at, n);
        at += n;
    }
    assert_int_equal(at, 250);
    while ((n = at ? ask_pagef(&ivan, "CHATHISTORY BEFORE #den msgid=%s 7", at == 250 ? "#den/99999999999999999999"
                                                                                     : all[at].id) : 0)) {
        at -= n;
        assert_true(at >= 0);
        expect_page(n, at, n);
    }
    assert_int_equal(at, 0);
    n = ask_page(&ivan, "CHATHISTORY LATEST #den * 100000"); /* no more than the server gives at a time */
    assert_true(n <= 200);
    expect_page(n, 250 - n, n);
    client_close(&nora);
    client_close(&ivan);
}

/* The first message of a time, and behind the last of it; several may have the same. */
static int first_of(int i)
{
    while (i && strcmp(all[i - 1].time, all[i].time) == 0)
        i--;
    return i;
}

static int behind(int i, int n)
{
    int of = i;
    while (i < n && strcmp(all[i].time, all[of].time) == 0)
        i++;
    return i;
}

static void places_may_be_times(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    fill(&nora, &ivan, 20);
    const char *low = all[5].time, *high = all[15].time;
    expect_page(ask_pagef(&ivan, "CHATHISTORY BEFORE #den timestamp=%s 50", low), 0, first_of(5));
    expect_page(ask_pagef(&ivan, "CHATHISTORY AFTER #den timestamp=%s 50", high), behind(15, 20), 20 - behind(15, 20));
    expect_page(ask_pagef(&ivan, "CHATHISTORY LATEST #den timestamp=%s 50", high), behind(15, 20), 20 - behind(15, 20));
    expect_page(ask_pagef(&ivan, "CHATHISTORY AROUND #den timestamp=%s 40", low), 0, 20);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BETWEEN #den timestamp=%s timestamp=%s 50", low, high), behind(5, 20),
                first_of(15) > behind(5, 20) ? first_of(15) - behind(5, 20) : 0);
    expect_page(ask_pagef(&ivan, "CHATHISTORY BETWEEN #den timestamp=%s timestamp=%s 50", high, low), behind(5, 20),
                first_of(15) > behind(5, 20) ? first_of(15) - behind(5, 20) : 0);
    client_close(&nora);
    client_close(&ivan);
}

static void a_label_is_on_the_batch(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "ME waves", "ME #den nora waves");
    irc_login(&ivan, "ivan", CAPS " labeled-response");
    irc_enter(&ivan, "#den");
    irc_ask(&ivan, "@label=a\\sb;x CHATHISTORY LATEST #den * 3", S "BATCH +history chathistory #den");
    assert_string_equal(irc_tags(), "label=a\\sb");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #den :\x01" "ACTION waves\x01");
    assert_false(irc_has_tag("batch=answer"));
    irc_expect(&ivan, S "BATCH -history");
    client_close(&nora);
    client_close(&ivan);
}

/* ---- rights ---- */

static void the_history_of_a_room_is_for_those_who_may_see_it(void **state)
{
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "a secret", "ROOM #den nora a secret");
    irc_login(&ivan, "ivan", CAPS);
    assert_int_equal(ask_page(&ivan, "CHATHISTORY LATEST #den * 5"), 1); /* as HISTORY: it may be joined */
    client_ask(&nora, "SET private on", "OK Set private on");
#define REFUSED "INVALID_TARGET LATEST #den * 5 :Messages could not be retrieved"
    irc_ask(&ivan, "CHATHISTORY LATEST #den * 5", S "FAIL CHATHISTORY " REFUSED);
    client_ask(&nora, "INVITE ivan", "OK Invited ivan");
    irc_expect(&ivan, ":nora!chat@guest-nora INVITE ivan #den");
    irc_enter(&ivan, "#den");
    assert_int_equal(ask_page(&ivan, "CHATHISTORY LATEST #den * 5"), 1);
    client_skip_to(&nora, "JOIN #den ivan");
    client_ask(&nora, "KICK ivan", "OK Kicked ivan");
    irc_expect(&ivan, ":nora!chat@guest-nora KICK #den ivan");
    irc_ask(&ivan, "CHATHISTORY LATEST #den * 5", S "FAIL CHATHISTORY " REFUSED);
#undef REFUSED
    client_close(&nora);
    client_close(&ivan);
}

static void what_cannot_be_asked_for_fails_with_its_code(void **state)
{
    static const char *const cases[][2] = {
        {"CHATHISTORY", "NEED_MORE_PARAMS :Missing parameters"},
        {"CHATHISTORY LATEST #den *", "NEED_MORE_PARAMS LATEST :Missing parameters"},
        {"CHATHISTORY BETWEEN #den msgid=#den/1 9", "NEED_MORE_PARAMS BETWEEN :Missing parameters"},
        {"CHATHISTORY NEXT #den * 5", "UNKNOWN_COMMAND NEXT :Unknown command"},
        {"CHATHISTORY LATEST #nowhere * 5", "INVALID_TARGET LATEST #nowhere * 5 :Messages could not be retrieved"},
        {"CHATHISTORY LATEST nora * 5", "INVALID_TARGET LATEST nora * 5 :Messages could not be retrieved"},
        {"CHATHISTORY LATEST #den * 0", "INVALID_PARAMS LATEST #den * 0 :Not a number of messages"},
        {"CHATHISTORY LATEST #den * -1", "INVALID_PARAMS LATEST #den * -1 :Not a number of messages"},
        {"CHATHISTORY LATEST #den * 5x", "INVALID_PARAMS LATEST #den * 5x :Not a number of messages"},
        {"CHATHISTORY BEFORE #den * 5", "INVALID_PARAMS BEFORE #den * 5 :Neither msgid= nor timestamp="},
        {"CHATHISTORY BEFORE #den msgid=12 5", "INVALID_PARAMS BEFORE #den msgid=12 5 :This msgid is of another channel"},
        {"CHATHISTORY BEFORE #den msgid=#den/ 5",
         "INVALID_PARAMS BEFORE #den msgid=#den/ 5 :Not a msgid of this server"},
        {"CHATHISTORY BEFORE #den msgid=#dev/7 5",
         "INVALID_PARAMS BEFORE #den msgid=#dev/7 5 :This msgid is of another channel"},
        {"CHATHISTORY BEFORE #den timestamp=2h 5", "INVALID_PARAMS BEFORE #den timestamp=2h 5 :Not a time"},
        {"CHATHISTORY TARGETS msgid=#den/1 msgid=#den/2 5",
         "INVALID_PARAMS TARGETS msgid=#den/1 msgid=#den/2 5 :Neither msgid= nor timestamp="},
    };
    struct client nora, ivan;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    irc_login(&ivan, "ivan", CAPS);
    irc_enter(&ivan, "#den");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client_say(&ivan, "%s", cases[i][0]);
        irc_expect(&ivan, S "FAIL CHATHISTORY %s", cases[i][1]);
    }
    irc_ask(&ivan, "CHATHISTORY LATEST #den * 5", S "BATCH +history chathistory #den"); /* nothing was said */
    irc_expect(&ivan, S "BATCH -history");
    client_close(&nora);
    client_close(&ivan);
}

/* ---- TARGETS, JOIN ---- */

static void targets_are_the_clients_rooms_by_their_last_message(void **state)
{
    static const char *const rooms[] = {"old", "quiet", "new"};
    struct client nora, ivan;
    char first[40], time[40];
    (void)state;
    irc_start("");
    client_login(&nora, &d, "nora");
    irc_login(&ivan, "ivan", CAPS);
    for (int i = 0; i < 3; i++) {
        client_say(&nora, "ALSO %s\nPING", rooms[i]);
        client_skip_to(&nora, "PONG");
    }
    irc_enter(&ivan, "#new");
    irc_enter(&ivan, "#quiet");
    irc_enter(&ivan, "#old");
    client_skip_to(&nora, "JOIN #old ivan");
    client_ask(&nora, "SAY old hi", "ROOM #old nora hi");
    irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #old :hi");
    tag("time", first, sizeof first);
    do { /* until it is a millisecond later */
        client_ask(&nora, "SAY new hi", "ROOM #new nora hi");
        irc_expect(&ivan, ":nora!chat@guest-nora PRIVMSG #new :hi");
        tag("time", time, sizeof time);
    } while (strcmp(first, time) == 0);
    irc_ask(&ivan, "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2999-01-01T00:00:00.000Z 9",
            S "BATCH +history draft/chathistory-targets");
    irc_expect(&ivan, S "CHATHISTORY TARGETS #old %s", first);
    assert_string_equal(irc_tags(), "batch=history");
    irc_expect(&ivan, S "CHATHISTORY TARGETS #new %s", time);
    irc_expect(&ivan, S "BATCH -history");
    irc_ask(&ivan, "CHATHISTORY TARGETS timestamp=2999-01-01T00:00:00.000Z timestamp=2020-01-01T00:00:00.000Z 1",
            S "BATCH +history draft/chathistory-targets");
    irc_expect(&ivan, S "CHATHISTORY TARGETS #new %s", time);
    irc_expect(&ivan, S "BATCH -history");
    client_say(&ivan, "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2020-01-02T00:00:00.000Z 9");
    irc_expect(&ivan, S "BATCH +history draft/chathistory-targets");
    irc_expect(&ivan, S "BATCH -history");
    client_close(&nora);
    client_close(&ivan);
}

/* The line of a private talk, with its number. */
static void expect_private(struct client *c, const char *line, const char *id)
{
    char got[80];
    irc_expect(c, "%s", line);
    tag("msgid", got, sizeof got);
    assert_string_equal(got, id);
    assert_true(irc_has_tag("batch=history"));
}

static void a_private_talk_that_is_kept_has_a_history(void **state)
{
    struct client alice, nora, eve;
    char one[80], two[80], last[40], line[200];
    (void)state;
    if (!secret_available())
        skip();
    irc_start("history = { private = true; };");
    client_register(&alice, &d, "alice");
    client_close(&alice);
    client_register(&nora, &d, "nora");
    daemon_await(&d, "clients", 1);
    irc_login(&alice, "al", CAPS " echo-message");
    client_say(&alice, "NS IDENTIFY alice password");
    irc_skip_to(&alice, ":NickServ!services@" IRC_TEST_SERVER " NOTICE al :You are now logged in as alice");
    client_ask(&nora, "PRIVMSG alice hello", "OK Sent");
    irc_expect(&alice, ":nora!chat@account-nora PRIVMSG al :hello");
    tag("msgid", one, sizeof one);
    irc_ask(&alice, "PRIVMSG nora :hi there", ":al!chat@account-alice PRIVMSG nora :hi there");
    tag("msgid", two, sizeof two);
    tag("time", last, sizeof last);
    irc_ask(&alice, "NICK ally", ":al!chat@account-alice NICK ally");
    irc_ask(&alice, "CHATHISTORY LATEST Nora * 10", S "BATCH +history chathistory nora");
    expect_private(&alice, ":nora!chat@account-nora PRIVMSG ally :hello", one);
    expect_private(&alice, ":ally!chat@account-alice PRIVMSG nora :hi there", two);
    irc_expect(&alice, S "BATCH -history");
    snprintf(line, sizeof line, "CHATHISTORY AFTER nora msgid=%s 10", one);
    irc_ask(&alice, line, S "BATCH +history chathistory nora");
    expect_private(&alice, ":ally!chat@account-alice PRIVMSG nora :hi there", two);
    irc_expect(&alice, S "BATCH -history");
    irc_ask(&alice, "CHATHISTORY TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2999-01-01T00:00:00.000Z 9",
            S "BATCH +history draft/chathistory-targets");
    irc_expect(&alice, S "CHATHISTORY TARGETS nora %s", last);
    irc_expect(&alice, S "BATCH -history");
    irc_ask(&alice, "CHATHISTORY LATEST nora msgid=#den/7 10",
            S "FAIL CHATHISTORY INVALID_PARAMS LATEST nora msgid=#den/7 10 :This msgid is of another channel");
    irc_login(&eve, "eve", CAPS);
    irc_ask(&eve, "CHATHISTORY LATEST nora * 10",
            S "FAIL CHATHISTORY INVALID_TARGET LATEST nora * 10 :Messages could not be retrieved");
    client_close(&alice);
    client_close(&nora);
    client_close(&eve);
}

static void who_reads_the_history_is_not_shown_it_on_joining(void **state)
{
    struct client nora, ivan, c;
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_ask(&nora, "from before", "ROOM #den nora from before");
    irc_login(&ivan, "ivan", CAPS);
    irc_enter(&ivan, "#den");
    irc_expect_quiet(&ivan);
    client_open(&c, &irc_d);
    client_say(&c, "NICK c");
    client_say(&c, "USER c 0 * :c");
    irc_skip_to(&c, S "001 c :Welcome to chatd, c");
    const char *row = irc_next_line(&c);
    while (!strstr(row, " CHATHISTORY="))
        row = irc_next_line(&c);
    assert_non_null(strstr(row, " CHATHISTORY=200 MSGREFTYPES=msgid,timestamp "));
    client_close(&c);
    client_close(&nora);
    client_close(&ivan);
}

/* ---- forgetting ---- */

#define CROWD 12
#define ROUNDS 12

/* Others who ask the store, from addresses of their own, so that each request of ours waits for its turn. */
static struct client crowd[CROWD];

static void crowd_opens(void)
{
    for (int i = 0; i < CROWD; i++) {
        char address[32];
        snprintf(address, sizeof address, "127.0.0.%d", 10 + i);
        client_open_from(&crowd[i], &d, address);
        client_say(&crowd[i], "USERNAME crowd%d\nJOIN crowd%d\nnothing", i, i);
        client_skip_to(&crowd[i], "ROOM #crowd%d crowd%d nothing", i, i);
    }
}

static void crowd_asks(void)
{
    struct buf lines = {0};
    for (int i = 0; i < 10; i++)
        buf_str(&lines, "SEARCH anything\n");
    for (int i = 0; i < CROWD; i++)
        client_send(&crowd[i], lines.data, lines.len);
    buf_fini(&lines);
}

static void crowd_is_answered(void)
{
    for (int i = 0; i < CROWD; i++) {
        client_say(&crowd[i], "PING");
        client_skip_to(&crowd[i], "PONG");
    }
}

/* AROUND reads twice. What goes between the two must not be shown, nor what goes before the answer is sent. */
static void what_is_forgotten_while_it_is_read_is_not_shown(void **state)
{
    struct client nora, ivan, olga;
    char out[400], marker[80];
    (void)state;
    irc_start("");
    client_enter(&nora, &d, "nora", "den");
    client_login(&olga, &d, "olga");
    irc_login(&ivan, "ivan", CAPS);
    irc_enter(&ivan, "#den");
    crowd_opens();
    for (int round = 0; round < ROUNDS; round++) {
        bool is_told = false;
        for (int i = 0; i < 5; i++)
            client_say(&nora, "a secret");
        client_say(&nora, "HISTORY 5");
        client_skip_to(&nora, "OK 5 messages");
        crowd_asks();
        for (int i = 0; i < 10; i++)
            client_say(&ivan, "CHATHISTORY AROUND #den timestamp=2100-01-01T00:00:00.000Z 20");
        irc_skip_to(&ivan, S "BATCH -history");
        daemon_ctl_ok(&d, out, sizeof out, "history", "forget", "nora", NULL);
        client_ask(&olga, "PRIVMSG ivan forgotten", "OK Sent");
        client_say(&ivan, "PING :%d", round);
        snprintf(marker, sizeof marker, "PONG %s :%d", IRC_TEST_SERVER, round);
        for (const char *line = ""; !strstr(line, marker);) {
            line = irc_next_line(&ivan);
            is_told = is_told || strstr(line, ":forgotten");
            if (is_told && strstr(line, "secret"))
                fail_msg("after it was forgotten in round %d: %s", round, line);
        }
        crowd_is_answered();
    }
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    client_close(&nora);
    client_close(&olga);
    client_close(&ivan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, irc_dir, fixture_down)
        TEST(a_page_is_a_batch_of_messages_with_numbers_and_times),
        TEST(paging_by_numbers_shows_each_message_once),
        TEST(places_may_be_times),
        TEST(a_label_is_on_the_batch),
        TEST(the_history_of_a_room_is_for_those_who_may_see_it),
        TEST(what_cannot_be_asked_for_fails_with_its_code),
        TEST(targets_are_the_clients_rooms_by_their_last_message),
        TEST(a_private_talk_that_is_kept_has_a_history),
        TEST(who_reads_the_history_is_not_shown_it_on_joining),
        TEST(what_is_forgotten_while_it_is_read_is_not_shown),
    };
    alarm(900);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
