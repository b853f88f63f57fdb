/* SPDX-License-Identifier: ISC */
/*
 * Talk where not everybody may talk, and where it is heard only when it is on disk. Jobs of the test's own hold the store
 * thread before a line is begun with, and between its writing and its COMMIT; who speaks then waits, so it speaks on a
 * thread of its own.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/moderation.h"
#include "chat/talk.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SWITCHES 200

static struct unit_member alice, bob, carol;
static struct notifier notifier; /* outlives the store */
static struct moderator by;
static struct unit_job gate, inner, breaker;
static struct room *r;

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    unit_house_start();
    unit_member_start(&alice, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    unit_member_start(&carol, "carol", unit_gen());
    by = (struct moderator){"alice", &alice.member, {.notifier = &notifier}};
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    unit_member_join(&bob, rooms_get_or_make("#den", 0));
    unit_house_settle();
    unit_member_hush(&alice);
    unit_member_hush(&bob);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_member_leave_all(&carol);
    unit_house_stop(); /* before the outboxes: the store thread posts to them */
    unit_member_stop(&alice);
    unit_member_stop(&bob);
    unit_member_stop(&carol);
    notifier_fini(&notifier);
    return 0;
}

static void set(enum option o, long value)
{
    assert_int_equal(moderation_set(r, &(struct option_change){o, value, ""}, &by), MODERATION_DONE);
    unit_house_settle();
    unit_member_hush(&alice);
    unit_member_hush(&bob);
}

/* One who speaks and waits. */
struct speaker {
    struct member *m;
    const char *text;
    bool said;
    enum error_code error;
    struct thread thread;
};

static void run_speaker(void *arg)
{
    struct speaker *sp = arg;
    struct refusal no = {0};
    sp->said = talk_say(r, sp->m, EVENT_SAID, sp->text, &no);
    sp->error = no.error;
    buf_fini(&no.reason);
    post_flush();
}

static bool has_queued(void *arg)
{
    return store_status().queued >= *(const int *)arg;
}

/* Begins to say it, and waits until so many jobs wait for the store. */
static void begin(struct speaker *sp, struct unit_member *um, const char *text, int queued)
{
    *sp = (struct speaker){.m = &um->member, .text = text};
    assert_int_equal(thread_start(&sp->thread, "speaker", 256 * 1024, run_speaker, sp), 0);
    unit_until(has_queued, &queued);
}

static enum error_code result_of(struct speaker *sp)
{
    thread_join(&sp->thread);
    unit_house_settle();
    assert_int_equal(sp->said, sp->error == ERROR_NONE);
    return sp->error;
}

/* Alice has begun to say it, and it is written and not yet on disk: the store stands in `inner`. */
static void begin_and_stop_before_the_commit(struct speaker *sp, const char *text)
{
    unit_job_block(&gate);
    begin(sp, &alice, text, 1);
    unit_job_init(&inner, false);
    inner.held = true;
    assert_true(store_put(&inner.job));
    unit_job_let(&gate);
    unit_job_wait_inside(&inner);
}

static long long kept(void)
{
    return unit_house_number("SELECT count(*) FROM message");
}

/* ---- durable ---- */

static void a_durable_line_is_heard_after_its_commit_and_not_before(void **state)
{
    struct speaker sp;
    (void)state;
    set(OPTION_DURABLE, 1);
    begin_and_stop_before_the_commit(&sp, "for good");
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "");
    assert_int_equal(kept(), 0);
    unit_job_let(&inner);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    unit_member_hears(&alice, "ROOM #den alice for good\n");
    unit_member_hears(&bob, "ROOM #den alice for good\n");
    assert_int_equal(kept(), 1);
}

static void a_durable_line_that_cannot_be_written_is_heard_by_nobody(void **state)
{
    struct speaker sp;
    (void)state;
    set(OPTION_DURABLE, 1);
    unit_job_block(&gate);
    begin(&sp, &alice, "for nothing", 1);
    unit_job_init(&breaker, true);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_job_let(&gate);
    assert_int_equal(result_of(&sp), ERROR_STORAGE);
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "");
    assert_int_equal(kept(), 0);
}

static void a_speaker_with_acks_is_told_the_number_that_is_stored(void **state)
{
    struct speaker sp;
    char line[64];
    (void)state;
    set(OPTION_DURABLE, 1);
    alice.member.caps = 1u << CAP_ACKS;
    unit_job_block(&gate);
    begin(&sp, &alice, "once", 1);
    unit_member_hears(&alice, "");
    unit_job_let(&gate);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    snprintf(line, sizeof line, "OK %lld\n", unit_house_number("SELECT id FROM message"));
    unit_member_hears(&alice, line);
    unit_member_hears(&bob, "ROOM #den alice once\n");
}

/* Who goes on behind a number it has seen must miss nothing. */
static void numbers_grow_in_the_order_in_which_lines_are_heard(void **state)
{
    struct speaker sp;
    struct buf heard = {0};
    (void)state;
    unit_member_leave_all(&bob);
    bob.member.form = FORM_TAGS;
    unit_member_join(&bob, rooms_get_or_make("#den", 0));
    set(OPTION_DURABLE, 1);
    begin_and_stop_before_the_commit(&sp, "slow to come");
    unit_member_join(&carol, rooms_get_or_make("#den", 0));
    unit_member_leave(&carol, r, true);
    unit_job_let(&inner);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    uint64_t last = 0;
    int lines = 0;
    for (const char *at = unit_client_heard(&bob.client, &heard); (at = strstr(at, "@id=")); lines++) {
        uint64_t id = strtoull(at + 4, NULL, 10);
        assert_true(id > last);
        last = id;
        at += 4;
    }
    assert_int_equal(lines, 3);
    assert_int_equal(last, unit_house_number("SELECT max(id) FROM message"));
    buf_fini(&heard);
}

/* Option and talk from two threads: each line is heard once, at once or from the disk. */
static void lines_are_heard_once_while_the_room_becomes_durable_and_ceases_to_be(void **state)
{
    struct speaker sp[SWITCHES];
    struct unit_member *who[] = {&alice, &bob};
    struct buf heard = {0}, all = {0};
    char text[SWITCHES][16];
    (void)state;
    unit_member_join(&carol, rooms_get_or_make("#den", 0));
    unit_house_settle();
    for (int i = 0; i < SWITCHES; i++) {
        snprintf(text[i], sizeof text[i], "line-%d.", i);
        begin(&sp[i], who[i % 2], text[i], 0);
        assert_int_equal(moderation_set(r, &(struct option_change){OPTION_DURABLE, i % 2 == 0, ""}, &by), MODERATION_DONE);
        assert_int_equal(result_of(&sp[i]), ERROR_NONE);
        buf_str(&all, unit_client_heard(&carol.client, &heard));
        unit_member_hush(&alice);
        unit_member_hush(&bob);
    }
    buf_fini(&heard);
    for (int i = 0; i < SWITCHES; i++) {
        const char *first = strstr(buf_text(&all), text[i]);
        assert_non_null(first);
        assert_null(strstr(first + 1, text[i]));
    }
    buf_fini(&all);
}

static void what_is_on_its_way_when_its_speaker_is_put_out_is_no_replay_of_another_conversation(void **state)
{
    struct speaker sp;
    struct target all = {.name = "alice"};
    struct event ev = {.kind = EVENT_MODERATION, .room = "#den", .moderation = MODERATION_KICK,
                       .name = "alice", .by = "server"};
    (void)state;
    set(OPTION_DURABLE, 1);
    begin_and_stop_before_the_commit(&sp, "last words");
    unit_member_leave(&bob, r, false);
    assert_int_equal(roster_remove(r, &(struct removal){.target = &all}, &ev), 1);
    unit_job_let(&inner);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    unit_member_join(&carol, rooms_get_or_make("#den", 0));
    unit_member_hears(&carol, "OK Joined #den (0 users)\n");
    assert_int_equal(kept(), 1); /* it was on its way, and is in the history */
}

/* ---- who may not ---- */

static void where_talk_is_limited_a_refused_member_is_told_why_and_not_heard(void **state)
{
    struct refusal no = {0};
    (void)state;
    set(OPTION_MODERATED, 1);
    assert_false(talk_say(r, &bob.member, EVENT_SAID, "psst", &no));
    assert_int_equal(no.error, ERROR_MODERATED);
    post_settle();
    assert_false(talk_say(r, &bob.member, EVENT_ACTION, "waves", &no));
    post_settle();
    assert_true(unit_say(r, &alice.member, "hush")); /* its op */
    unit_member_hears(&bob, "ROOM #den alice hush\n");
    set(OPTION_MODERATED, 0);
    set(OPTION_SLOW, 3600);
    assert_true(unit_say(r, &bob.member, "one"));
    assert_false(talk_say(r, &bob.member, EVENT_SAID, "two", &no));
    assert_int_equal(no.error, ERROR_SLOW_MODE);
    assert_in_range(no.number, 3590, 3600);
    post_settle();
    unit_member_hears(&bob, "ROOM #den bob one\n");
    struct target target = {.shown = "bob", .name = "bob"};
    struct ban_change mute = {BAN_KIND_MUTE, &target, .reason = "calm down"};
    assert_int_equal(moderation_ban(r, &mute, &by), MODERATION_DONE);
    assert_false(talk_say(r, &bob.member, EVENT_SAID, "three", &no));
    assert_int_equal(no.error, ERROR_MUTED);
    assert_int_equal(no.until_ms, 0);
    assert_string_equal(buf_text(&no.reason), "calm down");
    buf_fini(&no.reason);
    post_settle();
    history_stop(); /* what waits is written */
    unit_house_settle();
    assert_int_equal(kept(), 2);
}

static void a_durable_line_of_a_muted_member_is_not_put_to_the_store(void **state)
{
    struct refusal no = {0};
    (void)state;
    set(OPTION_DURABLE, 1);
    set(OPTION_MODERATED, 1);
    assert_false(talk_say(r, &bob.member, EVENT_SAID, "psst", &no));
    assert_int_equal(store_status().queued, 0);
    assert_int_equal(kept(), 0);
}

static void without_history_a_line_is_heard_and_not_stored(void **state)
{
    (void)state;
    set(OPTION_HISTORY, 0);
    assert_true(unit_say(r, &bob.member, "between us"));
    unit_member_hears(&alice, "ROOM #den bob between us\n");
    history_stop();
    unit_house_settle();
    assert_int_equal(kept(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    alarm(120);
    const struct CMUnitTest tests[] = {
        TEST(a_durable_line_is_heard_after_its_commit_and_not_before),
        TEST(a_durable_line_that_cannot_be_written_is_heard_by_nobody),
        TEST(a_speaker_with_acks_is_told_the_number_that_is_stored),
        TEST(numbers_grow_in_the_order_in_which_lines_are_heard),
        TEST(lines_are_heard_once_while_the_room_becomes_durable_and_ceases_to_be),
        TEST(what_is_on_its_way_when_its_speaker_is_put_out_is_no_replay_of_another_conversation),
        TEST(where_talk_is_limited_a_refused_member_is_told_why_and_not_heard),
        TEST(a_durable_line_of_a_muted_member_is_not_put_to_the_store),
        TEST(without_history_a_line_is_heard_and_not_stored),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
