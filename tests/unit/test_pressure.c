/* SPDX-License-Identifier: ISC */
/*
 * Fast senders wait, and a slow reader makes nobody wait for long. The congested outbox has a stream that the test
 * releases entry by entry; time passes by moving back the moment of the outbox's last accounting, and bytes are taken
 * by counting them as written.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "net/pressure.h"
#include "tests/lib/unit.h"

#include <unistd.h>

#define ENTRIES 16
#define PATIENCE_MS 100000 /* no test waits that long */
#define PACE_KIB_S 64

static struct unit_held slow;
static struct unit_client me, other;

static void limit_patience(int patience_ms)
{
    unit_limits((struct outbox_limits){
        .entries = ENTRIES, .bytes = 8192, .age_ms = 30000, .patience_ms = patience_ms, .pace_kib_s = PACE_KIB_S});
}

static int set_up(void **state)
{
    (void)state;
    limit_patience(PATIENCE_MS);
    unit_held_start(&slow);
    slow.us.most = 10; /* one entry per write */
    unit_client_start(&me);
    unit_client_open(&me, unit_gen());
    unit_client_start(&other);
    unit_client_open(&other, unit_gen());
    post_self(me.outbox);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    post_self(NULL);
    unit_held_stop(&slow);
    unit_client_end(&me, CLOSE_EOF);
    unit_client_stop(&me);
    unit_client_end(&other, CLOSE_EOF);
    unit_client_stop(&other);
    return 0;
}

/* Puts `entries` into the slow outbox, all of them in its writer's batch. */
static void fill(int entries)
{
    unit_held_fill(&slow, entries, 10);
}

static void write_some(int entries)
{
    for (int i = 0; i < entries; i++)
        unit_stream_step(&slow.us);
}

static void pass_ms(struct outbox *ob, int64_t ms)
{
    lock_acquire(&ob->lock);
    ob->patience.at_ms -= ms;
    lock_release(&ob->lock);
}

static void take_kib(struct outbox *ob, int kib)
{
    lock_acquire(&ob->lock);
    ob->written += (uint64_t)kib * 1024;
    lock_release(&ob->lock);
}

static int64_t left_ms(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    int64_t us = ob->patience.left_us;
    lock_release(&ob->lock);
    return us / 1000;
}

static bool is_stalled(struct outbox *ob)
{
    lock_acquire(&ob->lock);
    bool stalled = ob->patience.stalled;
    lock_release(&ob->lock);
    return stalled;
}

static bool begin(struct unit_client *who)
{
    return pressure_begin(slow.c.outbox, slow.gen, who->outbox, false) != 0;
}

static bool end(struct unit_client *who)
{
    return pressure_end(slow.c.outbox, slow.gen, who->outbox, false);
}

static bool is_over(void)
{
    return pressure_is_over(slow.c.outbox, slow.gen);
}

static void clear_notifier(struct notifier *b)
{
    while (notifier_wait(b, 0))
        ;
}

static void a_put_that_leaves_it_at_half_meets_no_pressure(void **state)
{
    (void)state;
    fill(ENTRIES / 2);
    struct post_pressure p = post_pressure();
    assert_null(p.other);
    assert_false(pressure_own_begins(slow.c.outbox));
}

static void a_put_that_takes_it_over_half_meets_pressure(void **state)
{
    (void)state;
    fill(ENTRIES / 2);
    unit_put(slow.c.outbox, "x");
    struct post_pressure p = post_pressure();
    assert_ptr_equal(p.other, slow.c.outbox);
    assert_int_equal(p.gen, slow.gen);
    p = post_pressure();
    assert_null(p.other); /* reported once */
}

static void half_of_the_bytes_presses_as_well(void **state)
{
    (void)state;
    slow.us.most = 0;
    unit_held_fill(&slow, 1, 4096);
    assert_null(post_pressure().other);
    unit_put(slow.c.outbox, "x");
    assert_ptr_equal(post_pressure().other, slow.c.outbox);
}

static void the_wait_ends_under_a_quarter_and_not_before(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    clear_notifier(&me.notifier);
    write_some(5); /* a quarter is left */
    assert_int_equal(outbox_load(slow.c.outbox).entries, 4);
    assert_false(is_over());
    assert_false(notifier_wait(&me.notifier, 0));
    write_some(1);
    assert_true(is_over());
    assert_true(notifier_wait(&me.notifier, 0));
    end(&me);
}

static void all_waiters_are_notified(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    assert_true(begin(&other));
    clear_notifier(&me.notifier);
    clear_notifier(&other.notifier);
    write_some(6);
    assert_true(notifier_wait(&me.notifier, 0));
    assert_true(notifier_wait(&other.notifier, 0));
    end(&me);
    end(&other);
}

static void a_waiter_that_ended_its_wait_is_not_notified(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    assert_true(begin(&other));
    end(&me);
    clear_notifier(&me.notifier);
    clear_notifier(&other.notifier);
    write_some(6);
    assert_false(notifier_wait(&me.notifier, 0));
    assert_true(notifier_wait(&other.notifier, 0));
    end(&other);
}

static void an_outbox_that_is_read_makes_nobody_wait(void **state)
{
    (void)state;
    fill(3);
    assert_false(begin(&me));
    assert_null(slow.c.outbox->patience.waiters);
}

static void a_close_ends_the_wait(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    clear_notifier(&me.notifier);
    outbox_close(slow.c.outbox, CLOSE_KICK, NULL);
    assert_true(notifier_wait(&me.notifier, 0));
    assert_true(is_over());
    end(&me);
    assert_false(begin(&me));
}

static void a_wait_does_not_extend_to_the_next_life(void **state)
{
    (void)state;
    uint64_t gen = slow.gen;
    fill(9);
    assert_true(begin(&me));
    unit_stream_release(&slow.us);
    unit_client_end(&slow.c, CLOSE_EOF);
    unit_held_open(&slow);
    fill(9);
    assert_true(pressure_is_over(slow.c.outbox, gen));
    assert_false(pressure_end(slow.c.outbox, gen, me.outbox, false));
    assert_int_equal(pressure_begin(slow.c.outbox, gen, me.outbox, false), 0);
    assert_null(slow.c.outbox->patience.waiters);
    assert_true(begin(&me)); /* only for its own generation */
    end(&me);
}

static void the_wait_lasts_no_longer_than_the_patience_that_is_left(void **state)
{
    (void)state;
    fill(9);
    int64_t before = clock_ms();
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, false);
    int64_t after = clock_ms();
    assert_int_in_range(until, before + PATIENCE_MS, after + PATIENCE_MS);
    pass_ms(slow.c.outbox, 40000);
    end(&me);
    int64_t left = left_ms(slow.c.outbox);
    assert_true(left <= PATIENCE_MS - 40000);
    before = clock_ms();
    until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, false);
    assert_true(until <= clock_ms() + PATIENCE_MS - 40000);
    assert_true(until >= before + left - 10000);
    end(&me);
}

static void two_simultaneous_waiters_cost_patience_once(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    assert_true(begin(&other));
    pass_ms(slow.c.outbox, 40000);
    end(&me);
    int64_t first = left_ms(slow.c.outbox);
    end(&other);
    int64_t second = left_ms(slow.c.outbox);
    assert_true(first <= PATIENCE_MS - 40000);
    assert_true(first - second < 20000);
    assert_false(slow.c.outbox->patience.stalled);
}

static void run_out_of_patience(void)
{
    assert_true(begin(&me));
    pass_ms(slow.c.outbox, PATIENCE_MS);
    end(&me);
}

static void without_patience_an_outbox_is_stalled_and_makes_nobody_wait(void **state)
{
    (void)state;
    fill(9);
    post_pressure();
    assert_true(begin(&other));
    clear_notifier(&other.notifier);
    uint64_t stalled = counter_get(COUNTER_STALLED);
    run_out_of_patience();
    assert_int_equal(counter_get(COUNTER_STALLED), stalled + 1);
    assert_true(is_over());
    assert_true(notifier_wait(&other.notifier, 0)); /* other waiters are released too */
    end(&other);
    assert_false(begin(&me));
    unit_put(slow.c.outbox, "x");
    assert_null(post_pressure().other);
    assert_int_equal(counter_get(COUNTER_STALLED), stalled + 1);
}

static void a_stalled_outbox_fills_and_is_closed_as_too_slow(void **state)
{
    (void)state;
    fill(9);
    run_out_of_patience();
    for (int i = 9; i < ENTRIES; i++)
        assert_int_equal(unit_put(slow.c.outbox, "x"), OUTBOX_TAKEN);
    assert_int_equal(unit_put(slow.c.outbox, "x"), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(slow.c.outbox), CLOSE_SLOW);
}

static void an_outbox_stays_stalled_until_under_a_quarter(void **state)
{
    (void)state;
    fill(9);
    run_out_of_patience();
    write_some(5);
    assert_true(slow.c.outbox->patience.stalled);
    pass_ms(slow.c.outbox, 10 * PATIENCE_MS); /* regained patience alone does not end the stall */
    assert_false(begin(&me));
    write_some(1);
    lock_acquire(&slow.c.outbox->lock);
    bool stalled = slow.c.outbox->patience.stalled;
    lock_release(&slow.c.outbox->lock);
    assert_false(stalled);
    for (int i = 0; i < 6; i++)
        unit_put(slow.c.outbox, "x");
    assert_ptr_equal(post_pressure().other, slow.c.outbox);
    assert_true(begin(&me));
    end(&me);
}

static void patience_refills_at_a_tenth_of_the_time(void **state)
{
    (void)state;
    fill(9);
    run_out_of_patience();
    lock_acquire(&slow.c.outbox->lock);
    slow.c.outbox->patience.stalled = slow.c.outbox->patience.charged = false; /* as when it was under a quarter */
    slow.c.outbox->patience.left_us = 0;
    slow.c.outbox->patience.at_ms = clock_ms() - 50000;
    lock_release(&slow.c.outbox->lock);
    int64_t before = clock_ms();
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, false);
    assert_true(until >= before + 5000);
    assert_true(until < before + 50000);
    end(&me);
}

static void what_the_peer_takes_earns_patience_back(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    pass_ms(slow.c.outbox, 50000);
    take_kib(slow.c.outbox, 30 * PACE_KIB_S);
    assert_false(end(&me));
    assert_int_in_range(left_ms(slow.c.outbox), PATIENCE_MS - 20000 - 10000, PATIENCE_MS - 20000);
}

/* The peer takes `kib_s` while somebody waits. Returns after how many seconds it was given up, at most 1000. */
static int seconds_until_given_up(int kib_s)
{
    fill(9);
    for (int s = 1; s < 1000; s++) {
        if (!begin(&me))
            return s;
        pass_ms(slow.c.outbox, 1000);
        take_kib(slow.c.outbox, kib_s);
        if (end(&me))
            return s;
    }
    return 1000;
}

static void a_peer_that_reads_at_the_pace_is_waited_for_as_long_as_it_takes(void **state)
{
    (void)state;
    assert_int_equal(seconds_until_given_up(PACE_KIB_S + 1), 1000);
}

static void a_peer_that_reads_more_slowly_is_given_up(void **state)
{
    (void)state;
    assert_int_in_range(seconds_until_given_up(PACE_KIB_S / 2), 150, 200);
}

static void a_peer_that_stops_is_given_up_after_one_patience(void **state)
{
    (void)state;
    assert_int_in_range(seconds_until_given_up(0), 70, 100);
}

static void the_wait_goes_on_for_a_peer_that_took_something_meanwhile(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    pass_ms(slow.c.outbox, PATIENCE_MS + 1000); /* looked at late */
    take_kib(slow.c.outbox, 110 * PACE_KIB_S);
    assert_false(end(&me));
    assert_true(begin(&me));
    assert_false(end(&me));
}

static void all_that_are_congested_are_charged_at_once(void **state)
{
    (void)state;
    struct unit_held second;
    unit_held_start(&second);
    fill(9);
    unit_held_fill(&second, 9, 10);
    assert_true(begin(&me)); /* for the first */
    pressure_charge(second.c.outbox);
    pass_ms(slow.c.outbox, PATIENCE_MS);
    pass_ms(second.c.outbox, PATIENCE_MS);
    assert_true(end(&me));
    assert_int_equal(pressure_begin(second.c.outbox, second.gen, me.outbox, false), 0);
    assert_true(is_stalled(second.c.outbox));
    unit_held_stop(&second);
}

static void an_outbox_under_a_quarter_is_not_charged(void **state)
{
    (void)state;
    fill(3);
    pressure_charge(slow.c.outbox);
    pass_ms(slow.c.outbox, PATIENCE_MS);
    for (int i = 3; i < 9; i++)
        unit_put(slow.c.outbox, "x");
    assert_true(begin(&me));
    assert_false(end(&me));
}

static void the_keeper_charges_those_whom_nobody_waits_for(void **state)
{
    (void)state;
    int64_t now = clock_ms();
    fill(9);
    outbox_tick(slow.c.outbox, now);
    outbox_tick(slow.c.outbox, now + PATIENCE_MS / 4 * 3);
    assert_false(is_stalled(slow.c.outbox));
    outbox_tick(slow.c.outbox, now + PATIENCE_MS);
    assert_true(is_stalled(slow.c.outbox));
    assert_false(begin(&me));
}

static void the_keeper_charges_nobody_who_reads_at_the_pace(void **state)
{
    (void)state;
    int64_t now = clock_ms();
    fill(9);
    for (int i = 0; i < 1000; i++) {
        take_kib(slow.c.outbox, PACE_KIB_S / 4);
        outbox_tick(slow.c.outbox, now += 250);
    }
    assert_false(is_stalled(slow.c.outbox));
}

static void an_impatient_room_waits_briefly(void **state)
{
    (void)state;
    fill(9);
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, true);
    assert_true(until > 0 && until <= clock_ms() + PATIENCE_MS / 16);
    pass_ms(slow.c.outbox, PATIENCE_MS / 16);
    assert_true(pressure_end(slow.c.outbox, slow.gen, me.outbox, true));
    assert_true(is_stalled(slow.c.outbox));
}

static void an_impatient_room_waits_longer_for_those_who_are_known_to_come_back(void **state)
{
    (void)state;
    fill(9);
    assert_true(begin(&me));
    pass_ms(slow.c.outbox, 40000);
    take_kib(slow.c.outbox, 40 * (PACE_KIB_S + 1)); /* a lull, and all of it made up for */
    assert_false(end(&me));
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, true);
    assert_true(until >= clock_ms() + 50000 && until <= clock_ms() + 70000);
    pass_ms(slow.c.outbox, 45000);
    assert_false(pressure_end(slow.c.outbox, slow.gen, me.outbox, true));
}

static void patience_never_exceeds_its_limit(void **state)
{
    (void)state;
    fill(9);
    pass_ms(slow.c.outbox, 100LL * PATIENCE_MS);
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, false);
    assert_true(until <= clock_ms() + PATIENCE_MS);
    end(&me);
}

static void a_wait_that_runs_out_by_the_clock_stalls(void **state)
{
    (void)state;
    unit_stream_release(&slow.us);
    unit_client_end(&slow.c, CLOSE_EOF);
    limit_patience(20);
    unit_held_open(&slow);
    fill(9);
    clear_notifier(&me.notifier);
    int64_t until = pressure_begin(slow.c.outbox, slow.gen, me.outbox, false);
    assert_true(until > 0);
    assert_false(notifier_wait(&me.notifier, until));
    end(&me);
    assert_true(slow.c.outbox->patience.stalled);
    assert_false(begin(&me));
}

static void with_patience_zero_nobody_waits(void **state)
{
    (void)state;
    unit_stream_release(&slow.us);
    unit_client_end(&slow.c, CLOSE_EOF);
    limit_patience(0);
    unit_held_open(&slow);
    fill(9);
    assert_false(begin(&me));
}

static void an_own_outbox_presses_only_on_its_reader(void **state)
{
    (void)state;
    post_self(slow.c.outbox);
    fill(9);
    assert_true(pressure_own_begins(slow.c.outbox));
    assert_null(post_pressure().other);
}

static void an_own_outbox_always_makes_its_reader_wait(void **state)
{
    (void)state;
    fill(9);
    run_out_of_patience(); /* stalled: others no longer wait */
    post_self(slow.c.outbox);
    unit_put(slow.c.outbox, "x");
    assert_true(pressure_own_begins(slow.c.outbox));
    assert_true(pressure_own(slow.c.outbox));
    clear_notifier(&slow.c.notifier);
    write_some(5);
    assert_true(pressure_own(slow.c.outbox));
    assert_false(notifier_wait(&slow.c.notifier, 0));
    unit_stream_release(&slow.us);
    assert_true(notifier_wait(&slow.c.notifier, clock_ms() + 10000));
    assert_false(pressure_own(slow.c.outbox));
}

static void a_close_ends_the_wait_for_the_own_outbox(void **state)
{
    (void)state;
    fill(9);
    assert_true(pressure_own(slow.c.outbox));
    clear_notifier(&slow.c.notifier);
    outbox_close(slow.c.outbox, CLOSE_KICK, NULL);
    assert_true(notifier_wait(&slow.c.notifier, 0));
    assert_false(pressure_own(slow.c.outbox));
}

static void the_fullest_pressing_outbox_is_waited_for(void **state)
{
    (void)state;
    struct unit_held second;
    unit_held_start(&second);
    fill(9);
    unit_held_fill(&second, 11, 10);
    unit_put(slow.c.outbox, "x");
    struct post_pressure p = post_pressure();
    assert_ptr_equal(p.other, second.c.outbox);
    assert_int_equal(p.fill, 11 * 1000 / ENTRIES);
    unit_put(slow.c.outbox, "x");
    assert_ptr_equal(post_pressure().other, slow.c.outbox);
    unit_held_stop(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_put_that_leaves_it_at_half_meets_no_pressure),
        TEST(a_put_that_takes_it_over_half_meets_pressure),
        TEST(half_of_the_bytes_presses_as_well),
        TEST(the_wait_ends_under_a_quarter_and_not_before),
        TEST(all_waiters_are_notified),
        TEST(a_waiter_that_ended_its_wait_is_not_notified),
        TEST(an_outbox_that_is_read_makes_nobody_wait),
        TEST(a_close_ends_the_wait),
        TEST(a_wait_does_not_extend_to_the_next_life),
        TEST(the_wait_lasts_no_longer_than_the_patience_that_is_left),
        TEST(two_simultaneous_waiters_cost_patience_once),
        TEST(without_patience_an_outbox_is_stalled_and_makes_nobody_wait),
        TEST(a_stalled_outbox_fills_and_is_closed_as_too_slow),
        TEST(an_outbox_stays_stalled_until_under_a_quarter),
        TEST(patience_refills_at_a_tenth_of_the_time),
        TEST(what_the_peer_takes_earns_patience_back),
        TEST(a_peer_that_reads_at_the_pace_is_waited_for_as_long_as_it_takes),
        TEST(a_peer_that_reads_more_slowly_is_given_up),
        TEST(a_peer_that_stops_is_given_up_after_one_patience),
        TEST(the_wait_goes_on_for_a_peer_that_took_something_meanwhile),
        TEST(all_that_are_congested_are_charged_at_once),
        TEST(an_outbox_under_a_quarter_is_not_charged),
        TEST(the_keeper_charges_those_whom_nobody_waits_for),
        TEST(the_keeper_charges_nobody_who_reads_at_the_pace),
        TEST(an_impatient_room_waits_briefly),
        TEST(an_impatient_room_waits_longer_for_those_who_are_known_to_come_back),
        TEST(patience_never_exceeds_its_limit),
        TEST(a_wait_that_runs_out_by_the_clock_stalls),
        TEST(with_patience_zero_nobody_waits),
        TEST(an_own_outbox_presses_only_on_its_reader),
        TEST(an_own_outbox_always_makes_its_reader_wait),
        TEST(a_close_ends_the_wait_for_the_own_outbox),
        TEST(the_fullest_pressing_outbox_is_waited_for),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
