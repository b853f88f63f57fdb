/* SPDX-License-Identifier: ISC */
/* A search finds what was just said and nothing that the user may not read; the index is updated in the background. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "chat/change.h"
#include "chat/forget.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "net/post.h"
#include "store/terms.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMITS (struct history_limits){.keep = true, .queue_bytes = 1 << 20}

static struct unit_member alice;
static struct room *r;
static struct notifier notifier;
static struct search_query query;
static struct member bob = {.name = "bob", .key = "bob"}; /* who asks, and is in no room */

static int set_up(void **state)
{
    (void)state;
    history_configure(&LIMITS);
    unit_house_start();
    notifier_init(&notifier);
    unit_member_start(&alice, "Alice", unit_gen());
    r = rooms_get_or_make("#Den", 0);
    unit_member_join(&alice, r);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    search_query_fini(&query);
    unit_member_leave_all(&alice);
    post_flush();
    unit_house_stop();
    unit_member_stop(&alice);
    notifier_fini(&notifier);
    return 0;
}

static void say(const char *text)
{
    assert_true(unit_say(r, &alice.member, text));
    post_flush();
}

static void look_for(const char *word)
{
    buf_clear(&query.match);
    terms_match(&query.match, word);
    query.asker = &bob;
    query.before_ms = INT64_MAX;
    search_ask(&query, 100, 100000, &notifier);
}

static void ask(const char *word)
{
    look_for(word);
    assert_true(search_wait(&query, NULL, NULL));
}

static void expect(const char *word, const char *want)
{
    char out[4096] = "";
    size_t n = 0;
    ask(word);
    for (int i = 0; i < query.page.count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s:%s ", page_at(&query.page, i).room,
                              page_at(&query.page, i).text);
    assert_string_equal(out, want);
}

static void a_search_finds_what_was_just_said(void **state)
{
    (void)state;
    expect("a", "");
    say("a");
    expect("a", "#Den:a ");
    say("b a");
    expect("a", "#Den:b a #Den:a ");
    assert_int_equal(query.end, SEARCH_ALL);
    assert_string_equal(page_at(&query.page, 0).name, "Alice");
    assert_int_equal(page_at(&query.page, 0).id, r->last_id);
}

static bool is_indexed(void *arg)
{
    history_tick();
    search_tick();
    return unit_house_number("SELECT high FROM search") == *(long long *)arg;
}

static void the_index_is_updated_without_queries(void **state)
{
    long long two = 2, three = 3;
    (void)state;
    say("one");
    say("two");
    unit_until(is_indexed, &two);
    for (int i = 0; i < 100; i++) { /* until nothing is left to do; not every pass takes a step */
        search_tick();
        unit_house_settle();
    }
    uint64_t jobs = counter_get(COUNTER_STORE_JOBS);
    for (int i = 0; i < 100; i++)
        search_tick();
    unit_house_settle();
    assert_int_equal(counter_get(COUNTER_STORE_JOBS), jobs);
    say("three");
    unit_until(is_indexed, &three);
}

static void a_restart_within_indexing_loses_and_repeats_nothing(void **state)
{
    long long last = 5000;
    (void)state;
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    unit_house_restart_with(/* like an old database, which is at most partly indexed */
                            "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 5000) INSERT "
                            "INTO message"
                            " (n, room, id, time_ms, name, text) SELECT i, '#den', (SELECT created_ms << 20 FROM room "
                            "WHERE key = '#den') + i,"
                            " i, 'bob', 'x' || i FROM c; UPDATE search SET low = 5001, high = 5000");
    search_tick();
    unit_house_settle();
    unit_house_restart();
    while (unit_house_number("SELECT low FROM search") > 1) {
        search_tick();
        unit_house_settle();
    }
    assert_true(is_indexed(&last));
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    expect("x1", "#Den:x1 ");
    expect("x2500", "#Den:x2500 ");
    expect("x5000", "#Den:x5000 ");
}

static void rooms_that_the_user_may_not_read_are_left_out(void **state)
{
    (void)state;
    struct room *b = rooms_get_or_make("#Secret", 0);
    unit_member_join(&alice, b);
    say("a word");
    assert_true(unit_say(b, &alice.member, "a secret word"));
    post_flush();
    expect("word", "#Secret:a secret word #Den:a word ");
    lock_acquire(&b->lock);
    b->rules.value[OPTION_PRIVATE] = 1;
    room_rules_changed_locked(b);
    lock_release(&b->lock);
    expect("word", "#Den:a word ");
    assert_true(unit_say(b, &alice.member, "another secret word"));
    post_flush();
    search_ask(&query, 1, 100000, &notifier); /* nor do they fill the page */
    assert_true(search_wait(&query, NULL, NULL));
    assert_int_equal(query.page.count, 1);
    unit_member_leave(&alice, b, false);
}

static void a_new_room_of_the_same_name_has_no_history(void **state)
{
    (void)state;
    struct change c = {0};
    say("secret");
    expect("secret", "#Den:secret ");
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    assert_int_equal(change_delete("#den", &c, &notifier), CHANGE_MADE);
    expect("secret", "");
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    expect("secret", "");
    say("secret");
    expect("secret", "#den:secret ");
    assert_int_equal(query.page.count, 1);
}

static void a_page_has_no_more_than_its_limits(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++)
        say("word");
    buf_clear(&query.match);
    terms_match(&query.match, "word");
    search_ask(&query, 4, 100000, &notifier);
    assert_true(search_wait(&query, NULL, NULL));
    assert_int_equal(query.page.count, 4);
    search_ask(&query, 100, 250, &notifier);
    assert_true(search_wait(&query, NULL, NULL));
    assert_int_equal(query.page.count, 2);
    search_ask(&query, 100, 0, &notifier);
    assert_true(search_wait(&query, NULL, NULL));
    assert_int_equal(query.page.count, 1);
}

static void while_the_store_has_failed_a_search_is_refused(void **state)
{
    struct unit_job broken;
    (void)state;
    unit_house_settle();
    unit_job_init(&broken, false);
    broken.failing = true;
    store_put(&broken.job);
    unit_store_wait_failed();
    look_for("a");
    assert_false(search_wait(&query, NULL, NULL));
    broken.failing = false;
    unit_job_wait_done(&broken);
}

static bool is_found(void *arg)
{
    search_tick(); /* a query does not index old messages */
    look_for(arg);
    return search_wait(&query, NULL, NULL) && query.page.count == 1;
}

static void an_index_that_cannot_be_read_is_rebuilt(void **state)
{
    static char word[] = "needle";
    (void)state;
    say(word);
    expect(word, "#Den:needle ");
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    unit_house_restart_with("DELETE FROM terms_0_data WHERE id > 10");
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    look_for(word);
    assert_false(search_wait(&query, NULL, NULL));
    unit_until(is_found, word);
}

static void a_query_does_not_index_old_messages(void **state)
{
    (void)state;
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    unit_house_restart_with(
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) INSERT INTO message"
        " (n, room, id, time_ms, name, text) SELECT i, '#den', (SELECT created_ms << 20 FROM room WHERE key = '#den')"
        " + i, i, 'bob', 'x' || i FROM c; UPDATE search SET low = 2001, high = 2000");
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    say("new");
    expect("new", "#Den:new ");
    assert_int_equal(unit_house_number("SELECT low FROM search"), 2001);
    assert_int_equal(unit_house_number("SELECT high FROM search"), 2001);
}

static void an_index_of_another_version_is_made_anew_while_messages_are_said_and_found(void **state)
{
    static char word[] = "strasse";
    (void)state;
    say("Stra\xc3\x9f" "e");
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    unit_house_restart_with("UPDATE search SET version = 1; CREATE VIRTUAL TABLE words_3 USING fts5 (words, content = '')");
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    say("new");
    expect("new", "#Den:new ");
    assert_int_equal(query.end, SEARCH_BEHIND);
    unit_until(is_found, word);
    assert_int_equal(query.end, SEARCH_ALL);
    assert_int_equal(unit_house_number("SELECT count(*) FROM sqlite_schema WHERE name GLOB 'words_*'"), 0);
}

/* ---- permanent damage ---- */

static void leave_for_a_restart(void)
{
    unit_member_leave(&alice, r, false);
    unit_house_settle();
}

static void rejoin(void)
{
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
}

/* Indexes as far as possible; the store must not fail meanwhile. */
static void index_as_far_as_possible(void)
{
    uint64_t failures = counter_get(COUNTER_STORE_FAILURES);
    for (int i = 0; i < 100; i++) {
        search_tick();
        unit_house_settle();
    }
    assert_int_equal(counter_get(COUNTER_STORE_FAILURES), failures);
}

/* Searches several times and is refused each time, while messages are still written. */
static void expect_only_searches_refused(const char *word)
{
    uint64_t failures = counter_get(COUNTER_STORE_FAILURES);
    long long n = unit_house_number("SELECT count(*) FROM message");
    for (int i = 0; i < 5; i++) {
        say("as ever");
        look_for(word);
        assert_false(search_wait(&query, NULL, NULL));
    }
    unit_house_settle();
    assert_int_equal(counter_get(COUNTER_STORE_FAILURES), failures);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), n + 5);
}

static void damage_that_cannot_be_repaired_refuses_only_searches(void **state)
{
    (void)state;
    say("needle");
    expect("needle", "#Den:needle ");
    leave_for_a_restart();
    unit_house_restart_damaged("terms_0_data"); /* so that it cannot even be dropped */
    rejoin();
    expect_only_searches_refused("needle");
    index_as_far_as_possible();
    expect_only_searches_refused("needle");
}

static void damage_after_a_repair_stops_no_other_job(void **state)
{
    (void)state;
    say("needle");
    expect("needle", "#Den:needle ");
    leave_for_a_restart();
    unit_house_restart_with("DELETE FROM terms_0_data WHERE id > 10");
    rejoin();
    look_for("needle");
    assert_false(search_wait(&query, NULL, NULL));
    static char word[] = "needle";
    unit_until(is_found, word);
    unit_house_exec("DELETE FROM terms_0_data WHERE id > 10");
    expect_only_searches_refused("needle");
    leave_for_a_restart();
    unit_house_restart(); /* the index is tried again after a restart */
    rejoin();
    unit_until(is_found, word);
}

static void a_message_that_cannot_be_read_stops_the_index_and_nothing_else(void **state)
{
    (void)state;
    leave_for_a_restart();
    unit_house_restart_with(
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) INSERT INTO message"
        " (n, room, id, time_ms, name, text) SELECT i, '#den', (SELECT created_ms << 20 FROM room WHERE key = '#den')"
        " + i, i, 'bob', 'x' || i FROM c; UPDATE search SET low = 2001, high = 2000");
    unit_house_restart_damaged("message");
    rejoin();
    index_as_far_as_possible();
    expect_only_searches_refused("x2000");
}

static bool forget(const char *who)
{
    static struct forget f;
    forget_begin(&f, who);
    while (f.phase != FORGET_DONE)
        if (!forget_step(&f, &notifier))
            return false;
    return true;
}

/* Else the room would never give way to another. */
static void a_room_without_messages_after_a_user_was_forgotten_has_no_history(void **state)
{
    (void)state;
    say("one");
    say("two");
    assert_true(forget("carol"));
    assert_true(r->kept_id != 0);
    assert_true(forget("alice"));
    assert_int_equal(r->kept_id, 0);
    say("three");
    assert_int_equal(r->kept_id, r->last_id);
}

static void messages_are_deleted_although_the_index_cannot_be_written(void **state)
{
    uint64_t failures = counter_get(COUNTER_STORE_FAILURES);
    (void)state;
    say("needle");
    expect("needle", "#Den:needle ");
    leave_for_a_restart();
    unit_house_restart_damaged("terms_0_data");
    assert_false(forget("alice")); /* its words may still be in the file */
    assert_int_equal(counter_get(COUNTER_STORE_FAILURES), failures);
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), 0);
    unit_house_restart();
    assert_int_equal(unit_house_number("SELECT count(*) FROM search_slice"), 0); /* so nothing is searched */
    rejoin();
    say("another"); /* reuses the number of the deleted one */
    look_for("needle");
    assert_false(search_wait(&query, NULL, NULL) && query.page.count);
}

static void a_failed_deletion_is_reported_and_fails_no_other_job(void **state)
{
    uint64_t failures = counter_get(COUNTER_STORE_FAILURES);
    (void)state;
    for (int i = 0; i < 200; i++)
        say("needle");
    leave_for_a_restart();
    unit_house_restart_damaged("message");
    assert_false(forget("alice"));
    retention_clean_up();
    for (int i = 0; i < 10; i++) {
        history_tick();
        retention_tick();
        unit_house_settle();
    }
    assert_int_equal(counter_get(COUNTER_STORE_FAILURES), failures);
    rejoin();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_search_finds_what_was_just_said),
        TEST(the_index_is_updated_without_queries),
        TEST(a_restart_within_indexing_loses_and_repeats_nothing),
        TEST(rooms_that_the_user_may_not_read_are_left_out),
        TEST(a_new_room_of_the_same_name_has_no_history),
        TEST(a_page_has_no_more_than_its_limits),
        TEST(while_the_store_has_failed_a_search_is_refused),
        TEST(an_index_that_cannot_be_read_is_rebuilt),
        TEST(a_query_does_not_index_old_messages),
        TEST(an_index_of_another_version_is_made_anew_while_messages_are_said_and_found),
        TEST(damage_that_cannot_be_repaired_refuses_only_searches),
        TEST(damage_after_a_repair_stops_no_other_job),
        TEST(a_message_that_cannot_be_read_stops_the_index_and_nothing_else),
        TEST(a_room_without_messages_after_a_user_was_forgotten_has_no_history),
        TEST(messages_are_deleted_although_the_index_cannot_be_written),
        TEST(a_failed_deletion_is_reported_and_fails_no_other_job),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
