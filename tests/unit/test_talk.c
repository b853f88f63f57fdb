/* SPDX-License-Identifier: ISC */
/*
 * Talk in rooms with limits, and in durable rooms, where a line is delivered only once it is on disk. Jobs of the test
 * hold the store thread before it starts with a line, and between its write and its COMMIT; the speaker waits then, so
 * it has a thread of its own.
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
    by = (struct moderator){.name = "alice", .member = &alice.member, .waiter = {.notifier = &notifier}};
    r = rooms_get_or_make("#den", 0);
    unit_member_join(&alice, r);
    unit_member_join(&bob, rooms_get_or_make("#den", 0));
    unit_house_settle();
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop_with((struct unit_member *[]){&alice, &bob, &carol}, 3);
    notifier_fini(&notifier);
    return 0;
}

static void set(enum option o, long value)
{
    assert_int_equal(moderation_set(r, &(struct option_change){o, value, ""}, &by), MODERATION_DONE);
    unit_house_settle();
    unit_member_clear(&alice);
    unit_member_clear(&bob);
}

/* A speaker that waits for the store. */
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
    sp->said = talk_say(r, sp->m, &(struct event){.kind = EVENT_SAID, .text = sp->text}, &no);
    sp->error = no.error;
    buf_fini(&no.reason);
    post_flush();
}

static bool has_queued(void *arg)
{
    return store_status().queued >= *(const int *)arg;
}

/* Starts to say the line and waits until `queued` jobs wait for the store. */
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

/* Alice says the line, which is written but not committed: the store is held in `inner`. */
static void begin_and_stop_before_the_commit(struct speaker *sp, const char *text)
{
    unit_job_block(&gate);
    begin(sp, &alice, text, 1);
    unit_job_init(&inner, false);
    inner.held = true;
    assert_true(store_put(&inner.job));
    unit_job_release(&gate);
    unit_job_wait_inside(&inner);
}

static long long kept(void)
{
    return unit_house_number("SELECT count(*) FROM message");
}

/* ---- durable ---- */

static void a_durable_line_is_delivered_after_its_commit(void **state)
{
    struct speaker sp;
    (void)state;
    set(OPTION_DURABLE, 1);
    begin_and_stop_before_the_commit(&sp, "for good");
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "");
    assert_int_equal(kept(), 0);
    unit_job_release(&inner);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    unit_member_hears(&alice, "ROOM #den alice for good\n");
    unit_member_hears(&bob, "ROOM #den alice for good\n");
    assert_int_equal(kept(), 1);
}

static void a_durable_line_that_cannot_be_stored_is_not_delivered(void **state)
{
    struct speaker sp;
    (void)state;
    set(OPTION_DURABLE, 1);
    unit_job_block(&gate);
    begin(&sp, &alice, "for nothing", 1);
    unit_job_init(&breaker, true);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_job_release(&gate);
    assert_int_equal(result_of(&sp), ERROR_STORAGE);
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "");
    assert_int_equal(kept(), 0);
}

static void a_speaker_with_acks_is_told_the_stored_number(void **state)
{
    struct speaker sp;
    char line[64];
    (void)state;
    set(OPTION_DURABLE, 1);
    alice.member.caps = 1u << CAP_ACKS;
    unit_job_block(&gate);
    begin(&sp, &alice, "once", 1);
    unit_member_hears(&alice, "");
    unit_job_release(&gate);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    snprintf(line, sizeof line, "OK %lld\n", unit_house_number("SELECT id FROM message"));
    unit_member_hears(&alice, line);
    unit_member_hears(&bob, "ROOM #den alice once\n");
}

/* A client that continues after a number it has seen must miss nothing. */
static void numbers_grow_in_the_order_of_delivery(void **state)
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
    unit_job_release(&inner);
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

/* Option and talk from two threads: each line is delivered once, at once or after its commit. */
static void lines_are_delivered_once_while_durability_is_switched(void **state)
{
    struct speaker sp[SWITCHES];
    struct unit_member *who[] = {&alice, &bob};
    struct buf heard = {0}, all = {0};
    char text[SWITCHES][32];
    (void)state;
    unit_member_join(&carol, rooms_get_or_make("#den", 0));
    unit_house_settle();
    for (int i = 0; i < SWITCHES; i++) {
        snprintf(text[i], sizeof text[i], "line-%d.", i);
        begin(&sp[i], who[i % 2], text[i], 0);
        assert_int_equal(moderation_set(r, &(struct option_change){OPTION_DURABLE, i % 2 == 0, ""}, &by),
                         MODERATION_DONE);
        assert_int_equal(result_of(&sp[i]), ERROR_NONE);
        buf_str(&all, unit_client_heard(&carol.client, &heard));
        unit_member_clear(&alice);
        unit_member_clear(&bob);
    }
    buf_fini(&heard);
    for (int i = 0; i < SWITCHES; i++) {
        const char *first = strstr(buf_text(&all), text[i]);
        assert_non_null(first);
        assert_null(strstr(first + 1, text[i]));
    }
    buf_fini(&all);
}

static void a_line_of_a_removed_speaker_is_not_replayed_to_a_new_conversation(void **state)
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
    unit_job_release(&inner);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    unit_member_join(&carol, rooms_get_or_make("#den", 0));
    unit_member_hears(&carol, "OK Joined #den (0 users)\n");
    assert_int_equal(kept(), 1); /* it was in progress, and is in the history */
}

/* ---- denied talk ---- */

static void a_member_who_may_not_talk_is_told_why_and_not_heard(void **state)
{
    struct refusal no = {0};
    (void)state;
    set(OPTION_MODERATED, 1);
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "psst"}, &no));
    assert_int_equal(no.error, ERROR_MODERATED);
    post_settle();
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_ACTION, .text = "waves"}, &no));
    post_settle();
    assert_true(unit_say(r, &alice.member, "hush")); /* its op */
    unit_member_hears(&bob, "ROOM #den alice hush\n");
    set(OPTION_MODERATED, 0);
    set(OPTION_SLOW, 3600);
    assert_true(unit_say(r, &bob.member, "one"));
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "two"}, &no));
    assert_int_equal(no.error, ERROR_SLOW_MODE);
    assert_int_in_range(no.number, 3590, 3600);
    post_settle();
    unit_member_hears(&bob, "ROOM #den bob one\n");
    struct target target = {.shown = "bob", .name = "bob"};
    struct ban_change mute = {BAN_KIND_MUTE, &target, .reason = "calm down"};
    assert_int_equal(moderation_ban(r, &mute, &by), MODERATION_DONE);
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "three"}, &no));
    assert_int_equal(no.error, ERROR_MUTED);
    assert_int_equal(no.until_ms, 0);
    assert_string_equal(buf_text(&no.reason), "calm down");
    buf_fini(&no.reason);
    post_settle();
    history_stop(); /* writes what is queued */
    unit_house_settle();
    assert_int_equal(kept(), 2);
}

static void slow_mode_counts_no_line_that_could_not_be_stored(void **state)
{
    struct refusal no = {0};
    (void)state;
    set(OPTION_DURABLE, 1);
    set(OPTION_SLOW, 3600);
    unit_house_break();
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "lost"}, &no));
    assert_int_equal(no.error, ERROR_STORAGE);
    unit_house_repair();
    assert_true(unit_say(r, &bob.member, "stored"));
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "too soon"}, &no));
    assert_int_equal(no.error, ERROR_SLOW_MODE);
}

static void a_durable_line_of_a_muted_member_is_not_stored(void **state)
{
    struct refusal no = {0};
    (void)state;
    set(OPTION_DURABLE, 1);
    set(OPTION_MODERATED, 1);
    assert_false(talk_say(r, &bob.member, &(struct event){.kind = EVENT_SAID, .text = "psst"}, &no));
    assert_int_equal(store_status().queued, 0);
    assert_int_equal(kept(), 0);
}

static void with_history_off_a_line_is_delivered_but_not_stored(void **state)
{
    (void)state;
    set(OPTION_HISTORY, 0);
    assert_true(unit_say(r, &bob.member, "between us"));
    unit_member_hears(&alice, "ROOM #den bob between us\n");
    history_stop();
    unit_house_settle();
    assert_int_equal(kept(), 0);
}

static void nobody_keeps_what_room_or_operator_do_not_want_kept(void **state)
{
    struct history_limits limits = {.keep = false, .queue_bytes = 1 << 20};
    (void)state;
    set(OPTION_DURABLE, 1);
    set(OPTION_HISTORY, 0);
    assert_true(unit_say(r, &bob.member, "between us"));
    unit_member_hears(&alice, "ROOM #den bob between us\n");
    assert_int_equal(talk_announce(r, "from above", &by.waiter), TALK_SAID);
    post_flush();
    unit_member_hears(&alice, "ROOM #den server from above\n");
    assert_false(history_keeps(r));
    unit_house_break(); /* what is not to be stored does not wait for the store */
    assert_true(unit_say(r, &bob.member, "quickly"));
    unit_member_hears(&alice, "ROOM #den bob quickly\n");
    unit_house_repair();
    set(OPTION_HISTORY, 1);
    history_configure(&limits);
    assert_true(unit_say(r, &bob.member, "not here"));
    unit_member_hears(&alice, "ROOM #den bob not here\n");
    assert_false(history_keeps(r));
    limits.keep = true;
    history_configure(&limits);
    history_stop();
    unit_house_settle();
    assert_int_equal(kept(), 0);
    assert_true(unit_say(r, &bob.member, "for good"));
    assert_int_equal(kept(), 1);
}

static void a_durable_line_is_not_stored_if_that_was_switched_off_meanwhile(void **state)
{
    struct history_limits limits = {.keep = false, .queue_bytes = 1 << 20};
    struct speaker sp;
    (void)state;
    set(OPTION_DURABLE, 1);
    unit_job_block(&gate);
    begin(&sp, &alice, "for nobody", 1);
    history_configure(&limits);
    unit_job_release(&gate);
    assert_int_equal(result_of(&sp), ERROR_NONE);
    unit_member_hears(&bob, "ROOM #den alice for nobody\n");
    assert_int_equal(kept(), 0);
    limits.keep = true;
    history_configure(&limits);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    alarm(300);
    const struct CMUnitTest tests[] = {
        TEST(a_durable_line_is_delivered_after_its_commit),
        TEST(a_durable_line_that_cannot_be_stored_is_not_delivered),
        TEST(a_speaker_with_acks_is_told_the_stored_number),
        TEST(numbers_grow_in_the_order_of_delivery),
        TEST(lines_are_delivered_once_while_durability_is_switched),
        TEST(a_line_of_a_removed_speaker_is_not_replayed_to_a_new_conversation),
        TEST(a_member_who_may_not_talk_is_told_why_and_not_heard),
        TEST(slow_mode_counts_no_line_that_could_not_be_stored),
        TEST(a_durable_line_of_a_muted_member_is_not_stored),
        TEST(nobody_keeps_what_room_or_operator_do_not_want_kept),
        TEST(a_durable_line_is_not_stored_if_that_was_switched_off_meanwhile),
        TEST(with_history_off_a_line_is_delivered_but_not_stored),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
