/* SPDX-License-Identifier: ISC */
/*
 * Tokens and broken sessions, with a store of their own: who is found by a token and until when, and what is remembered of
 * a session, once. A bad store is told from an unknown token.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/tokens.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};
static int64_t alice, bob; /* accounts */

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    accounts_configure(1000);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 600});
    unit_house_start();
    alice = unit_house_account("alice", &notifier);
    bob = unit_house_account("bob", &notifier);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    notifier_fini(&notifier);
    return 0;
}

/* A token as who has it knows it, and as it is known here. */
struct held {
    char text[SECRET_TEXT];
    struct token token;
};

static struct held make(int64_t account, const struct held *old)
{
    struct held t = {0};
    assert_int_equal(tokens_make(account, old ? &old->token : NULL, t.text, &t.token, &waiter), TOKENS_DONE);
    return t;
}

/* The account that is found by it, which is a use of it, or 0. */
static int64_t found(const struct held *t)
{
    struct token token;
    int64_t account = 0;
    enum tokens_result result = tokens_find(t->text, &token, &account, &waiter);
    assert_memory_equal(token.digest, t->token.digest, sizeof token.digest);
    assert_int_equal(result, account ? TOKENS_DONE : TOKENS_UNKNOWN);
    return account;
}

static int64_t checked(const struct held *t)
{
    int64_t account = 0;
    enum tokens_result result = tokens_check(&t->token, &account, &waiter);
    assert_int_equal(result, account ? TOKENS_DONE : TOKENS_UNKNOWN);
    return account;
}

/* All that was done before was done so long ago. */
static void seconds_go_by(long long seconds)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE token SET used_ms = used_ms - %lld, broke_ms = max(broke_ms - %lld, 0)", seconds * 1000,
             seconds * 1000);
    unit_house_restart_with(sql);
}

#define DAY 86400

/* ---- tokens ---- */

static void a_token_is_found_after_a_restart_as_well(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), b = make(bob, NULL), c = make(alice, NULL);
    struct held none = {.text = "no such token"};
    secret_digest(none.token.digest, none.text);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(found(&a), alice);
        assert_int_equal(found(&b), bob);
        assert_int_equal(found(&c), alice);
        assert_int_equal(checked(&b), bob);
        assert_int_equal(found(&none), 0);
        assert_int_equal(checked(&none), 0);
        unit_house_restart();
    }
}

static void no_two_are_the_same_and_what_is_kept_is_not_what_was_given_out(void **state)
{
    unsigned char digest[SECRET_DIGEST];
    char sql[160];
    (void)state;
    struct held a = make(alice, NULL), b = make(alice, NULL);
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strlen(a.text), SECRET_TEXT - 1);
    secret_digest(digest, a.text);
    assert_memory_equal(a.token.digest, digest, sizeof digest);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token WHERE length(digest) = 32"), 2);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM token WHERE instr(digest, CAST('%s' AS BLOB))", a.text);
    assert_int_equal(unit_house_number(sql), 0);
}

static void a_new_one_in_place_of_an_old_leaves_one(void **state)
{
    (void)state;
    struct held other = make(alice, NULL), old = make(alice, NULL), new = make(alice, &old);
    assert_int_equal(found(&old), 0);
    assert_int_equal(found(&new), alice);
    assert_int_equal(found(&other), alice);
    struct held newer = make(alice, &old); /* which is no more */
    assert_int_equal(found(&newer), alice);
}

static void for_an_account_that_is_not_there_none_is_committed(void **state)
{
    struct held a = make(alice, NULL), t;
    (void)state;
    assert_int_equal(accounts_remove(alice, NULL, &waiter), ACCOUNTS_DONE);
    assert_int_equal(tokens_make(alice, NULL, t.text, &t.token, &waiter), TOKENS_UNKNOWN);
    assert_int_equal(found(&a), 0); /* it went with its account */
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 0);
}

static void of_an_account_the_ones_used_last_stay(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), of_bob = make(bob, NULL);
    seconds_go_by(10);
    struct held b = make(alice, NULL);
    seconds_go_by(10);
    struct held c = make(alice, NULL);
    seconds_go_by(10);
    assert_int_equal(checked(&a), alice); /* is a use as well */
    struct held d = make(alice, NULL);
    assert_int_equal(found(&b), 0);
    assert_int_equal(found(&a), alice);
    assert_int_equal(found(&c), alice);
    assert_int_equal(found(&d), alice);
    assert_int_equal(found(&of_bob), bob);
    seconds_go_by(10);
    tokens_configure(&(struct token_limits){.per_account = 1, .days = 30, .resume_s = 600});
    struct held e = make(alice, NULL);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 2);
    assert_int_equal(found(&e), alice);
}

static void one_is_good_for_so_many_days_after_its_last_use(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    seconds_go_by(29 * DAY);
    assert_int_equal(found(&a), alice);
    seconds_go_by(29 * DAY);
    assert_int_equal(found(&a), alice);
    seconds_go_by(31 * DAY);
    assert_int_equal(found(&a), 0);
    assert_int_equal(checked(&a), 0);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 32, .resume_s = 600});
    assert_int_equal(found(&a), alice);
}

/* ---- broken sessions ---- */

static const char LINES[] = "@id=1;time=x ROOM #a bob one\r\n\0\xff' -- \r\n"; /* and bytes that no line has */

static void add_room(struct saved_session *p, const char *key, uint64_t heard)
{
    p->rooms = panic_realloc(p->rooms, (size_t)(p->room_count + 1) * sizeof *p->rooms);
    struct saved_room *room = &p->rooms[p->room_count++];
    *room = (struct saved_room){.heard = heard};
    snprintf(room->key, sizeof room->key, "%s", key);
}

/* That of a session that broke so long ago, in three rooms. */
static void park(const struct held *t, int64_t ago_ms)
{
    struct saved_session p = {.broke_ms = clock_wall_ms() - ago_ms, .caps = 5};
    buf_add(&p.missed, LINES, sizeof LINES);
    add_room(&p, "#c", 300);
    add_room(&p, "#a", (uint64_t)1 << 62);
    add_room(&p, "#b", 0);
    tokens_save(&t->token, &p);
    saved_session_fini(&p); /* it was copied */
}

static void take(const struct held *t, struct saved_session *p)
{
    assert_int_equal(tokens_take(&t->token, p, &waiter), TOKENS_DONE);
}

static void takes_all_of_it(const struct held *t)
{
    struct saved_session p;
    take(t, &p);
    assert_true(p.broke_ms > 0 && p.broke_ms <= clock_wall_ms());
    assert_int_equal(p.caps, 5);
    assert_int_equal(p.missed.len, sizeof LINES);
    assert_memory_equal(p.missed.data, LINES, sizeof LINES);
    assert_int_equal(p.room_count, 3);
    assert_string_equal(p.rooms[0].key, "#c");
    assert_string_equal(p.rooms[1].key, "#a");
    assert_string_equal(p.rooms[2].key, "#b");
    assert_int_equal(p.rooms[0].heard, 300);
    assert_int_equal(p.rooms[1].heard, (uint64_t)1 << 62);
    assert_int_equal(p.rooms[2].heard, 0);
    saved_session_fini(&p);
}

static void takes_nothing(const struct held *t)
{
    struct saved_session p;
    take(t, &p);
    assert_int_equal(p.broke_ms, 0);
    assert_int_equal(p.room_count, 0);
    assert_int_equal(p.missed.len, 0);
    saved_session_fini(&p);
}

static void what_was_parked_is_taken_once(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), b = make(alice, NULL);
    takes_nothing(&a);
    park(&a, 1000);
    takes_nothing(&b);
    takes_all_of_it(&a);
    takes_nothing(&a);
    assert_int_equal(found(&a), alice); /* the token is as good as before */
}

static void it_is_there_after_a_restart(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    park(&a, 1000);
    unit_house_restart();
    takes_all_of_it(&a);
    unit_house_restart();
    takes_nothing(&a);
}

static void a_session_without_rooms_or_lines_is_remembered_as_such(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    int64_t broke_ms = p.broke_ms;
    tokens_save(&a.token, &p);
    take(&a, &p);
    assert_int_equal(p.broke_ms, broke_ms);
    assert_int_equal(p.room_count, 0);
    assert_int_equal(p.missed.len, 0);
    saved_session_fini(&p);
}

static void the_last_break_is_the_one_that_counts(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    add_room(&p, "#other", 1);
    tokens_save(&a.token, &p);
    saved_session_fini(&p);
    park(&a, 1000);
    takes_all_of_it(&a);
}

static void what_broke_too_long_ago_is_not_given_and_gone(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    park(&a, 500000);
    takes_all_of_it(&a);
    park(&a, 601000);
    takes_nothing(&a);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 86400});
    takes_nothing(&a);
    park(&a, 601000);
    takes_all_of_it(&a);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 0});
    park(&a, 1000);
    takes_nothing(&a);
}

static void with_the_token_goes_its_saved_session(void **state)
{
    (void)state;
    struct held old = make(alice, NULL);
    park(&old, 1000);
    struct held new = make(alice, &old);
    takes_nothing(&new);
    takes_nothing(&old);
    park(&old, 1000); /* too late */
    takes_nothing(&old);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 0);
}

static void a_room_that_is_none_is_passed_over(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    park(&a, 1000);
    unit_house_restart_with("INSERT INTO token_room (digest, place, room, id) SELECT digest, column1, column2, 1 FROM token,"
                            " (VALUES (-1, 'no#room'), (10, ''), (11, '#'), (12, '#two words'),"
                            " (13, '#' || hex(zeroblob(100))), (14, '#' || char(10) || 'QUIT'))");
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 9);
    takes_all_of_it(&a);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 0);
}

static void the_longest_name_of_a_room_is_none_too_long(void **state)
{
    char longest[NAME_SIZE] = "#";
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    memset(longest + 1, 'x', NAME_LONGEST);
    add_room(&p, longest, 1);
    tokens_save(&a.token, &p);
    saved_session_fini(&p);
    take(&a, &p);
    assert_int_equal(p.room_count, 1);
    assert_string_equal(p.rooms[0].key, longest);
    saved_session_fini(&p);
}

static void an_end_clears_what_it_ends_and_may_come_twice(void **state)
{
    struct saved_session p = {.broke_ms = 1, .caps = 2};
    (void)state;
    buf_str(&p.missed, "x");
    add_room(&p, "#a", 1);
    saved_session_fini(&p);
    assert_true(!p.broke_ms && !p.caps && !p.rooms && !p.room_count && !p.missed.data);
    saved_session_fini(&p);
}

/* ---- what is too old ---- */

static void what_is_too_old_is_cleared_away(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    seconds_go_by(31 * DAY);
    struct held b = make(bob, NULL), c = make(bob, NULL);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 3); /* not found, and there until it is cleared away */
    assert_int_equal(found(&a), 0);
    struct held d = make(alice, NULL);
    park(&b, 601000);
    park(&c, 1000);
    tokens_clean_up(); /* behind what was parked */
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 3);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 3);
    takes_all_of_it(&c);
    assert_int_equal(found(&b), bob);
    seconds_go_by(33 * DAY);
    tokens_clean_up();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 0);
    assert_int_equal(found(&d), 0);
}

/* ---- a store that does not do what it should ---- */

static void a_failed_store_gives_nothing_and_says_so(void **state)
{
    struct held t = {0};
    struct saved_session p;
    int64_t account = 77;
    (void)state;
    struct held a = make(alice, NULL);
    park(&a, 1000);
    unit_house_settle();
    unit_house_break();
    assert_int_equal(tokens_make(alice, &a.token, t.text, &t.token, &waiter), TOKENS_STORAGE);
    assert_int_equal(tokens_find(a.text, &t.token, &account, &waiter), TOKENS_STORAGE);
    assert_int_equal(tokens_check(&a.token, &account, &waiter), TOKENS_STORAGE);
    assert_int_equal(account, 77);
    assert_int_equal(tokens_take(&a.token, &p, &waiter), TOKENS_STORAGE);
    assert_true(!p.broke_ms && !p.room_count && !p.missed.len);
    unit_house_mend();
    assert_int_equal(found(&a), alice); /* none has come in its place */
    takes_all_of_it(&a);
}

static void a_session_that_breaks_while_the_store_has_failed_is_saved_later(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    unit_house_break();
    park(&a, 1000);
    unit_house_mend();
    takes_all_of_it(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_token_is_found_after_a_restart_as_well),
        TEST(no_two_are_the_same_and_what_is_kept_is_not_what_was_given_out),
        TEST(a_new_one_in_place_of_an_old_leaves_one),
        TEST(for_an_account_that_is_not_there_none_is_committed),
        TEST(of_an_account_the_ones_used_last_stay),
        TEST(one_is_good_for_so_many_days_after_its_last_use),
        TEST(what_was_parked_is_taken_once),
        TEST(it_is_there_after_a_restart),
        TEST(a_session_without_rooms_or_lines_is_remembered_as_such),
        TEST(the_last_break_is_the_one_that_counts),
        TEST(what_broke_too_long_ago_is_not_given_and_gone),
        TEST(with_the_token_goes_its_saved_session),
        TEST(a_room_that_is_none_is_passed_over),
        TEST(the_longest_name_of_a_room_is_none_too_long),
        TEST(an_end_clears_what_it_ends_and_may_come_twice),
        TEST(what_is_too_old_is_cleared_away),
        TEST(a_failed_store_gives_nothing_and_says_so),
        TEST(a_session_that_breaks_while_the_store_has_failed_is_saved_later),
    };
    if (!secret_available())
        return 77; /* skipped: there are no tokens */
    if (secret_start() != 0)
        return 1;
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
