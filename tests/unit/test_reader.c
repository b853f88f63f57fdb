/* SPDX-License-Identifier: ISC */
/*
 * The seam between the reader and a protocol, shown by a small protocol that the real reader serves over the real pool.
 * It has lines, bodies, state, deadlines that it moves, and last words.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/close.h"
#include "serve/clients.h"
#include "serve/protocol.h"
#include "serve/reader.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the protocol ---- */

struct state {
    int lines;
    char secret[32];
};

static _Atomic int begun, ended, not_zeroed;
static _Atomic int64_t first_deadline_ms;
static bool has_last_words;

static enum form form_of(unsigned caps)
{
    (void)caps;
    return FORM_NATIVE;
}

static size_t max_line(void)
{
    return 4096;
}

static void say(struct session *s, const char *what, const char *data, size_t len)
{
    char text[512];
    struct event ev = {.kind = EVENT_ANNOUNCEMENT, .text = text};
    snprintf(text, sizeof text, "%s %.*s", what, (int)len, data);
    session_answer(s, &ev);
}

static void begin(struct session *s)
{
    const struct state *state = s->state;
    static const struct state zero;
    begun++;
    not_zeroed += memcmp(state, &zero, sizeof zero) != 0;
    session_set_deadline(s, first_deadline_ms, CLOSE_LOGIN);
}

/* "BODY n": n bytes follow. "DEADLINE": sets one that is now, with another reason. "NONE": removes it. "END": quits. */
static void line(struct session *s, enum line_status status, char *text, size_t len)
{
    struct state *state = s->state;
    state->lines++;
    memcpy(state->secret, "remembered", sizeof "remembered");
    if (status == LINE_TOO_LONG)
        say(s, "long", text, 4);
    else if (strncmp(text, "BODY ", 5) == 0)
        s->body_bytes = strtoul(text + 5, NULL, 10);
    else if (strcmp(text, "DEADLINE") == 0)
        session_set_deadline(s, clock_ms(), CLOSE_LOCKED);
    else if (strcmp(text, "NONE") == 0)
        session_set_deadline(s, INT64_MAX, CLOSE_LOGIN);
    else if (strcmp(text, "END") == 0)
        session_close(s, CLOSE_QUIT);
    else
        say(s, "line", text, len);
}

static void bytes(struct session *s, const char *data, size_t len)
{
    while (len--) { /* one by one, so that the answers do not depend on how the bytes were cut */
        char hex[3];
        snprintf(hex, sizeof hex, "%02x", (unsigned char)*data++);
        say(s, "byte", hex, 2);
    }
}

static void end(struct session *s)
{
    const struct state *state = s->state;
    ended += state->lines >= 0;
}

static struct msg *last_words(enum form form, enum close_reason reason)
{
    struct event ev = {.kind = EVENT_ANNOUNCEMENT, .text = close_row(reason)->label};
    return has_last_words ? member_render(form, &ev, NULL) : NULL;
}

static const struct protocol lines_and_bodies = {
    .form_of = form_of,
    .max_line = max_line,
    .state_size = sizeof(struct state),
    .begin = begin,
    .line = line,
    .bytes = bytes,
    .end = end,
    .last_words = last_words,
};

/* ---- its client ---- */

static int peer = -1;

static int set_up(void **state)
{
    struct pool_config pool = {.max = 2, .prespawn = 1, .prepare = session_prepare, .release = session_release,
                               .serve = reader_serve};
    int made;
    (void)state;
    begun = ended = not_zeroed = 0;
    first_deadline_ms = INT64_MAX;
    has_last_words = true;
    unit_house_start();
    pool_open(&pool);
    assert_int_equal(pool_start(&made), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (peer >= 0)
        close(peer);
    peer = -1;
    pool_close_all();
    pool_wait_empty();
    pool_stop();
    unit_house_stop();
    return 0;
}

static void connect_client(void)
{
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    struct arrival a = {
        .fd = fd[0], .peer = {.loopback = true, .near = true, .exempt = true}, .via = &lines_and_bodies};
    strcpy(a.peer.text, "127.0.0.1:1");
    assert_int_equal(pool_take(&a), POOL_GIVEN);
    peer = fd[1];
}

static void disconnect_client(void)
{
    close(peer);
    peer = -1;
}

static void expect_lines(const char *text)
{
    char data[4096] = "";
    assert_true(strlen(text) < sizeof data);
    unit_read(peer, data, strlen(text));
    assert_string_equal(data, text);
}

static void expect_lines_and_end(const char *text)
{
    struct buf out = {0};
    unit_read_end(peer, &out);
    assert_string_equal(buf_text(&out), text);
    buf_fini(&out);
}

static bool is_idle(void *arg)
{
    (void)arg;
    return pool_counts().idle == pool_counts().pairs;
}

/* ---- tests ---- */

static const char mixed[] = "one\r\nBODY 6\nab\ncd\ntwo\nBODY 1\n!three\n";
static const char mixed_seen[] = "NOTICE line one\r\nNOTICE byte 61\r\nNOTICE byte 62\r\nNOTICE byte 0a\r\n"
                                 "NOTICE byte 63\r\nNOTICE byte 64\r\nNOTICE byte 0a\r\nNOTICE line two\r\n"
                                 "NOTICE byte 21\r\nNOTICE line three\r\n";

static void lines_and_bodies_arrive_in_order_however_they_are_cut(void **state)
{
    (void)state;
    connect_client();
    unit_write(peer, mixed, strlen(mixed));
    expect_lines(mixed_seen);
    for (const char *at = mixed; *at; at++)
        unit_write(peer, at, 1);
    expect_lines(mixed_seen);
}

static void of_a_line_that_is_too_long_the_beginning_is_passed(void **state)
{
    static char longest[5000];
    (void)state;
    connect_client();
    memset(longest, 'x', sizeof longest);
    unit_write(peer, longest, sizeof longest);
    unit_write(peer, "\nnext\n", 6);
    expect_lines("NOTICE long xxxx\r\nNOTICE line next\r\n");
}

static void each_client_begins_with_zeroed_state_and_ends_once(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        connect_client();
        unit_write(peer, "hello\n", 6);
        expect_lines("NOTICE line hello\r\n");
        disconnect_client();
        unit_until(is_idle, NULL);
        assert_int_equal(begun, i);
        assert_int_equal(ended, i);
    }
    assert_int_equal(not_zeroed, 0);
}

static void a_session_is_closed_at_its_deadline_with_its_reason(void **state)
{
    (void)state;
    uint64_t before = close_counted(CLOSE_LOGIN);
    first_deadline_ms = clock_ms() - 1;
    connect_client();
    unit_write(peer, "hello\n", 6);
    expect_lines("NOTICE line hello\r\n");
    clients_check_deadlines();
    expect_lines_and_end("NOTICE login_timeout\r\n");
    assert_int_equal(close_counted(CLOSE_LOGIN), before + 1);
}

static void a_moved_or_removed_deadline_has_no_effect(void **state)
{
    (void)state;
    first_deadline_ms = clock_ms() - 1;
    connect_client();
    unit_write(peer, "NONE\nhello\n", 11);
    expect_lines("NOTICE line hello\r\n");
    clients_check_deadlines();
    unit_write(peer, "still here\n", 11);
    expect_lines("NOTICE line still here\r\n");
    unit_write(peer, "DEADLINE\nhello\n", strlen("DEADLINE\nhello\n"));
    expect_lines("NOTICE line hello\r\n");
    clients_check_deadlines();
    expect_lines_and_end("NOTICE locked\r\n");
}

static void check_no_deadline(struct pair *p, void *arg)
{
    const struct session *s = p->user;
    (void)arg;
    assert_true(atomic_load(&s->deadline_ms) == INT64_MAX);
}

static void a_deadline_of_the_previous_client_closes_nobody(void **state)
{
    (void)state;
    first_deadline_ms = clock_ms() - 1;
    connect_client();
    unit_write(peer, "hello\n", 6);
    expect_lines("NOTICE line hello\r\n");
    disconnect_client();
    unit_until(is_idle, NULL);
    pool_each(check_no_deadline, NULL); /* so a check between two clients finds none */
    first_deadline_ms = INT64_MAX;
    connect_client();
    clients_check_deadlines(); /* perhaps before the new session has begun */
    unit_write(peer, "hello\n", 6);
    expect_lines("NOTICE line hello\r\n");
    clients_check_deadlines();
    unit_write(peer, "END\n", 4);
    expect_lines_and_end("NOTICE quit\r\n");
}

static void a_protocol_may_have_no_last_words(void **state)
{
    (void)state;
    has_last_words = false;
    connect_client();
    unit_write(peer, "hello\nEND\n", 10);
    expect_lines_and_end("NOTICE line hello\r\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lines_and_bodies_arrive_in_order_however_they_are_cut),
        TEST(of_a_line_that_is_too_long_the_beginning_is_passed),
        TEST(each_client_begins_with_zeroed_state_and_ends_once),
        TEST(a_session_is_closed_at_its_deadline_with_its_reason),
        TEST(a_moved_or_removed_deadline_has_no_effect),
        TEST(a_deadline_of_the_previous_client_closes_nobody),
        TEST(a_protocol_may_have_no_last_words),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
