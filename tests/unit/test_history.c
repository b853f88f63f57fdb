/* SPDX-License-Identifier: ISC */
/* Messages are stored in the background, and a query sees everything that was said before it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "chat/change.h"
#include "chat/forgotten.h"
#include "chat/history.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIMITS (struct history_limits){.keep = true, .queue_bytes = 1 << 20}

static struct unit_member alice;
static struct room *r;
static struct notifier notifier;
static struct history_query query;

static int set_up(void **state)
{
    (void)state;
    history_configure(&LIMITS);
    retention_configure(1000, 0);
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
    history_query_fini(&query);
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

static void say_numbers(int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        say(text);
    }
}

static void ask(struct history_range range, size_t bytes)
{
    history_query_fini(&query);
    history_ask(&query, r, range, bytes, &notifier);
    assert_true(history_wait(&query, NULL, NULL));
}

static char *texts(void)
{
    static char out[4096];
    size_t n = 0;
    *out = '\0';
    for (int i = 0; i < query.page.count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s ", history_at(&query, i).text);
    return out;
}

static void expect(struct history_range range, const char *want)
{
    ask(range, 100000);
    assert_string_equal(texts(), want);
}

static void a_query_sees_the_latest_lines(void **state)
{
    (void)state;
    int64_t before_ms = clock_wall_ms();
    expect((struct history_range){.most = 9}, "");
    say("hello");
    expect((struct history_range){.most = 9}, "hello ");
    struct message_row row = history_at(&query, 0);
    assert_string_equal(row.name, "Alice");
    assert_int_equal(row.id, r->last_id);
    assert_int_in_range(row.time_ms, before_ms, clock_wall_ms());
}

static bool is_inside(void *arg)
{
    return ((struct unit_job *)arg)->inside;
}

/* "one" is being written by the store thread, which is held after it in the transaction; "two" came later. */
static void say_while_written(struct unit_job *gate, struct unit_job *inner)
{
    unit_house_settle();
    unit_job_block(gate);
    say("one");
    history_tick();
    unit_job_init(inner, false);
    inner->held = true;
    store_put(&inner->job);
    unit_job_release(gate);
    unit_until(is_inside, inner);
    say("two");
}

static void a_query_sees_lines_said_during_a_write(void **state)
{
    (void)state;
    static struct unit_job gate, inner;
    say_while_written(&gate, &inner);
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    unit_job_release(&inner);
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "one two ");
}

static void what_is_forgotten_while_it_is_asked_for_is_not_shown(void **state)
{
    (void)state;
    say("mine");
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    forgotten_add("alice");
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "");
    assert_int_equal(query.page.epoch, msg_epoch()); /* an answer made of it is of this epoch */
    say("anew");
    history_query_fini(&query);
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    forgotten_add("#elsewhere");
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "mine anew "); /* nobody has deleted it */
}

/* It may have been read before its deletion, and be shown after it. */
static void what_is_read_while_it_is_deleted_is_not_shown(void **state)
{
    (void)state;
    say("mine");
    forgotten_begin_deleting("alice");
    assert_true(forgotten_is_deleting());
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "");
    history_query_fini(&query);
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    forgotten_end_deleting("alice");
    assert_false(forgotten_is_deleting());
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "");
    history_query_fini(&query);
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    assert_true(history_wait(&query, NULL, NULL));
    assert_string_equal(texts(), "mine "); /* nobody has deleted it */
}

static void a_result_is_in_order_of_time(void **state)
{
    (void)state;
    say_numbers(1, 9);
    expect((struct history_range){.most = 3}, "7 8 9 ");
    uint64_t seven = history_at(&query, 0).id;
    expect((struct history_range){.most = 3, .before = seven}, "4 5 6 ");
    expect((struct history_range){.most = 3, .after = seven, .first = true}, "8 9 ");
    expect((struct history_range){.most = 3, .since_ms = 1, .first = true}, "1 2 3 ");
}

static void a_result_ends_at_its_size_but_has_at_least_one_message(void **state)
{
    (void)state;
    say_numbers(1, 9);
    ask((struct history_range){.most = 9}, 150);
    assert_int_in_range(query.page.count, 1, 5);
    assert_string_equal(history_at(&query, query.page.count - 1).text, "9");
    ask((struct history_range){.most = 9}, 0);
    assert_int_equal(query.page.count, 1);
}

static void history_survives_a_restart(void **state)
{
    (void)state;
    say("kept"); /* not queried yet: the stop writes it */
    unit_member_leave(&alice, r, false);
    unit_house_restart();
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    say("new");
    expect((struct history_range){.most = 9}, "kept new ");
}

static void what_cannot_have_been_said_is_left_out(void **state)
{
    (void)state;
    say_numbers(1, 6);
    unit_member_leave(&alice, r, false);
    unit_house_restart();
    unit_house_exec("UPDATE message SET name = 'two words' WHERE text = '1';"
                    "UPDATE message SET name = hex(zeroblob(40)) WHERE text = '2';"
                    "UPDATE message SET text = 'li' || char(13, 10) || 'ne' WHERE text = '3';"
                    "UPDATE message SET text = CAST(x'c3' AS TEXT) WHERE text = '4';"
                    "UPDATE message SET kind = 9 WHERE text = '5'");
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    expect((struct history_range){.most = 9}, "line 5 6 ");
}

static void lines_said_during_a_write_survive_a_stop(void **state)
{
    (void)state;
    static struct unit_job gate, inner;
    say_while_written(&gate, &inner);
    history_stop();
    unit_job_release(&inner);
    unit_member_leave(&alice, r, false);
    unit_house_restart();
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    expect((struct history_range){.most = 9}, "one two ");
}

static void a_new_room_of_the_same_name_has_no_history(void **state)
{
    (void)state;
    struct change c = {0};
    say("secret");
    expect((struct history_range){.most = 9}, "secret ");
    unit_member_leave(&alice, r, false);
    unit_house_settle();
    assert_int_equal(change_delete("#den", &c, &notifier), CHANGE_MADE);
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    expect((struct history_range){.most = 9}, "");
    say("public");
    expect((struct history_range){.most = 9, .after = 1, .first = true}, "public ");
    expect((struct history_range){.most = 9, .after = UINT64_MAX, .first = true}, "");
}

static void a_room_deleted_under_its_members_starts_afresh(void **state)
{
    (void)state;
    static struct unit_job gate;
    static struct change c;
    say("secret");
    unit_member_leave(&alice, r, false);
    post_flush();
    unit_house_settle();
    unit_job_block(&gate);
    struct room *gone = rooms_get("#den");
    change_put(&c, &(struct change_request){.kind = CHANGE_DELETE, .room = gone}, &notifier);
    r = rooms_get_or_make("#den", 0); /* joined while the deletion is being written */
    unit_member_join(&alice, r);
    unit_job_release(&gate);
    assert_int_equal(change_wait(&c, NULL, NULL), CHANGE_MADE);
    expect((struct history_range){.most = 9}, "");
    say("public");
    expect((struct history_range){.most = 9}, "public ");
    retention_clean_up();
    unit_house_settle();
    expect((struct history_range){.most = 9}, "public ");
}

static void numbers_rise_even_if_the_clock_is_set_back(void **state)
{
    (void)state;
    uint64_t far = (uint64_t)(clock_wall_ms() + 3600000) << 20; /* as if the clock had been an hour ahead */
    room_note_number(far);
    assert_true(room_new_created_ms() > (int64_t)(far >> 20));
    struct room *later = rooms_get_or_make("#later", 0);
    assert_true(later->last_id > far);
    rooms_release(later);
}

static void with_history_off_nothing_is_stored(void **state)
{
    (void)state;
    struct history_limits off = LIMITS;
    off.keep = false;
    say("one");
    history_configure(&off);
    say("two");
    expect((struct history_range){.most = 9}, "one ");
}

static bool is_written(void *arg)
{
    (void)arg;
    history_tick();
    return history_queued() == 0;
}

static void the_queue_is_full_above_its_limit_and_free_once_written(void **state)
{
    (void)state;
    struct history_limits small = LIMITS;
    struct unit_job gate;
    small.queue_bytes = 200;
    history_configure(&small);
    unit_house_settle();
    unit_job_block(&gate);
    assert_false(history_is_full(r));
    say("one");
    assert_false(history_is_full(r));
    say("two");
    say("three");
    assert_true(history_is_full(r));
    say("four"); /* a speaker that does not wait loses nothing */
    unit_job_release(&gate);
    unit_until(is_written, NULL);
    assert_false(history_is_full(r));
    expect((struct history_range){.most = 9}, "one two three four ");
}

static void a_room_that_floods_waits_by_itself(void **state)
{
    (void)state;
    struct history_limits small = LIMITS;
    struct unit_job gate;
    small.queue_bytes = 4000;
    history_configure(&small);
    struct room *quiet = rooms_get_or_make("#quiet", 0), *loud = rooms_get_or_make("#loud", 0), *first = r;
    unit_member_join(&alice, quiet);
    unit_member_join(&alice, loud);
    unit_house_settle();
    unit_job_block(&gate);
    int said[2] = {0};
    for (int i = 0; i < 2; i++)
        for (r = i ? loud : first; !history_is_full(r); said[i]++)
            say("flood");
    assert_int_in_range(history_queued(), 2000, 3999);
    assert_true(said[0] > said[1] && said[1] > 1); /* half, and half of the rest */
    assert_true(history_is_full(first));
    assert_false(history_is_full(quiet));
    r = quiet;
    say("hello");
    assert_false(history_is_full(quiet));
    unit_job_release(&gate);
    unit_until(is_written, NULL);
    assert_false(history_is_full(first));
    assert_false(history_is_full(loud));
    r = first;
}

static void what_is_being_written_still_counts_for_its_room(void **state)
{
    (void)state;
    struct history_limits small = LIMITS;
    struct unit_job gate, behind;
    small.queue_bytes = 1000;
    history_configure(&small);
    unit_house_settle();
    unit_job_block(&gate);
    while (!history_is_full(r))
        say("one");
    unit_job_init(&behind, false);
    behind.held = true;
    store_put(&behind.job);
    unit_job_release(&gate);
    unit_job_wait_inside(&behind); /* in one transaction with the messages, which are not on disk yet */
    assert_true(history_is_full(r));
    say("two"); /* into the next batch */
    assert_true(history_is_full(r));
    unit_job_release(&behind);
    unit_until(is_written, NULL);
    assert_false(history_is_full(r));
    unit_job_block(&gate);
    say("three");
    assert_false(history_is_full(r)); /* what was written is forgotten */
    unit_job_release(&gate);
    unit_until(is_written, NULL);
}

static void lines_said_within_a_second_are_written_together(void **state)
{
    (void)state;
    struct unit_job gate;
    say("one");
    history_tick(); /* writes; three follow that do not */
    unit_house_settle();
    assert_int_equal(history_queued(), 0);
    unit_job_block(&gate);
    say("two");
    int queued[4];
    for (int i = 0; i < 4; i++) {
        history_tick();
        queued[i] = store_status().queued;
    }
    unit_job_release(&gate);
    unit_house_settle();
    for (int i = 0; i < 4; i++)
        assert_int_equal(queued[i], i == 3);
}

static void with_a_failed_store_chat_goes_on_and_losses_are_counted(void **state)
{
    (void)state;
    struct history_limits small = LIMITS;
    struct unit_job broken;
    uint64_t lost = counter_get(COUNTER_HISTORY_LOST);
    small.queue_bytes = 1000; /* texts with their overhead */
    history_configure(&small);
    unit_house_settle();
    unit_job_init(&broken, false);
    broken.failing = true;
    store_put(&broken.job);
    unit_store_wait_failed();
    say_numbers(1, 30);
    assert_false(history_is_full(r)); /* no speaker waits for a disk that accepts nothing */
    assert_true(counter_get(COUNTER_HISTORY_LOST) > lost);
    assert_int_in_range(history_queued(), 1, 1000);
    history_ask(&query, r, (struct history_range){.most = 9}, 1000, &notifier);
    assert_false(history_wait(&query, NULL, NULL));
    broken.failing = false;
    unit_job_wait_done(&broken);
    unit_until(is_written, NULL);
    unit_house_settle();
    ask((struct history_range){.most = 99}, 10000);
    assert_true(query.page.count > 0);
    assert_string_equal(history_at(&query, 0).text, "1"); /* the first ones were stored, once */
    assert_int_equal(unit_house_number("SELECT count(*) FROM message"), query.page.count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_query_sees_the_latest_lines),
        TEST(a_query_sees_lines_said_during_a_write),
        TEST(what_is_forgotten_while_it_is_asked_for_is_not_shown),
        TEST(what_is_read_while_it_is_deleted_is_not_shown),
        TEST(a_result_is_in_order_of_time),
        TEST(a_result_ends_at_its_size_but_has_at_least_one_message),
        TEST(history_survives_a_restart),
        TEST(what_cannot_have_been_said_is_left_out),
        TEST(lines_said_during_a_write_survive_a_stop),
        TEST(a_new_room_of_the_same_name_has_no_history),
        TEST(a_room_deleted_under_its_members_starts_afresh),
        TEST(with_history_off_nothing_is_stored),
        TEST(the_queue_is_full_above_its_limit_and_free_once_written),
        TEST(a_room_that_floods_waits_by_itself),
        TEST(what_is_being_written_still_counts_for_its_room),
        TEST(lines_said_within_a_second_are_written_together),
        TEST(with_a_failed_store_chat_goes_on_and_losses_are_counted),
        TEST(numbers_rise_even_if_the_clock_is_set_back), /* last: the other tests would run in that hour */
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
