/* SPDX-License-Identifier: ISC */
/*
 * How long a speaker waits for members of its room: through the waits themselves, by the real clock, with a patience that
 * is soon spent. The test is the speaker's reader where it waits in vain, and another thread where it must not.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "net/pressure.h"
#include "serve/backpressure.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <unistd.h>

#define ENTRIES 32
#define MEMBERS 3

/* A member whose machine takes what the test says. */
struct slow {
    struct unit_held held;
    struct member member;
};

static struct pair pair;
static struct session *s;
static struct unit_client client; /* the speaker's */
static struct slow slow[MEMBERS];
static struct room *r;

static void limit(int patience_ms)
{
    unit_limits((struct outbox_limits){
        .entries = ENTRIES, .bytes = 65536, .age_ms = 30000, .patience_ms = patience_ms, .pace_kib_s = 64});
}

static void enter(struct member *m)
{
    r = rooms_get_or_make("#den", 0);
    member_add_room(m, r);
    roster_join(r, m, 0, NULL);
    post_flush();
}

static void slow_start(struct slow *sl)
{
    unit_held_start(&sl->held);
    sl->member = (struct member){.outbox = sl->held.c.outbox, .notifier = &sl->held.c.notifier, .id = sl->held.gen,
                                 .name = "slow"};
    enter(&sl->member);
}

static void leave(struct member *m)
{
    post_settle();
    roster_leave(r, m, &(struct leaving){.reason = ""});
    member_remove_room(m, r);
    rooms_release(r);
    free(m->rooms);
    m->rooms = NULL;
    post_flush();
}

static void slow_stop(struct slow *sl)
{
    unit_stream_release(&sl->held.us);
    leave(&sl->member);
    unit_held_stop(&sl->held);
}

static int set_up(void **state)
{
    (void)state;
    limit(1000);
    unit_house_start();
    unit_client_start(&client);
    pair = (struct pair){.outbox = client.outbox};
    notifier_init(&pair.notifier);
    unit_client_open(&client, unit_gen());
    session_prepare(&pair);
    s = pair.user;
    s->member.id = s->member.user_id = unit_gen();
    enter(&s->member);
    for (int i = 0; i < MEMBERS; i++)
        slow_start(&slow[i]);
    post_self(client.outbox);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    post_self(NULL);
    for (int i = 0; i < MEMBERS; i++)
        slow_stop(&slow[i]);
    leave(&s->member);
    session_release(&pair);
    unit_client_end(&client, CLOSE_EOF);
    unit_client_stop(&client);
    notifier_fini(&pair.notifier);
    unit_house_stop();
    return 0;
}

/* The writers of the slow members stop, and their outboxes fill until they are congested. */
static void congest(int members)
{
    char buf[4096];
    for (int i = 0; i < MEMBERS; i++)
        if (i < members)
            unit_stream_hold(&slow[i].held.us);
    for (int i = 0; i <= ENTRIES / 2; i++) {
        unit_say(r, &s->member, "filling");
        post_flush();
        for (int m = members; m < MEMBERS; m++)
            unit_client_wait_written(&slow[m].held.c);
        unit_client_wait_written(&client);
        while (!unit_is_silent(client.peer))
            assert_true(read(client.peer, buf, sizeof buf) > 0);
    }
    post_pressure();
}

static struct patience patience_of(int i)
{
    struct outbox *ob = slow[i].held.c.outbox;
    lock_acquire(&ob->lock);
    struct patience p = ob->patience;
    lock_release(&ob->lock);
    return p;
}

static void all_that_stopped_together_silence_the_room_once(void **state)
{
    (void)state;
    limit(200);
    congest(MEMBERS);
    uint64_t waits = counter_get(COUNTER_PRESSURE_WAITS);
    for (int i = 0; i < 2 * MEMBERS; i++) {
        assert_true(backpressure_wait_room(s, r));
        unit_say(r, &s->member, "on");
        post_flush();
        unit_client_wait_written(&client);
    }
    assert_int_equal(counter_get(COUNTER_PRESSURE_WAITS), waits + 1);
    for (int i = 0; i < MEMBERS; i++)
        assert_true(patience_of(i).stalled);
    assert_true(fanout_is_impatient(&r->fanout, clock_ms()));
    assert_false(fanout_is_impatient(&r->fanout, clock_ms() + 60000));
}

/* The others are charged while the speaker waits for one of them, so an impatient room waits for none of them. */
static void a_wait_for_one_charges_all(void **state)
{
    (void)state;
    limit(400);
    congest(MEMBERS);
    assert_true(backpressure_wait_room(s, r));
    int stalled = 0, spent = 0;
    for (int i = 0; i < MEMBERS; i++) {
        struct outbox *ob = slow[i].held.c.outbox;
        stalled += patience_of(i).stalled;
        spent += !patience_of(i).stalled && pressure_begin(ob, slow[i].held.gen, client.outbox, true) == 0;
    }
    assert_int_equal(stalled + spent, MEMBERS);
    assert_true(stalled >= 1);
}

static void a_private_wait_makes_no_room_impatient(void **state)
{
    (void)state;
    limit(20);
    congest(1);
    s->spoken_in = NULL;
    unit_put(slow[0].held.c.outbox, "in private");
    backpressure_wait(s);
    assert_true(patience_of(0).stalled);
    assert_false(fanout_is_impatient(&r->fanout, clock_ms()));
}

/* ---- who keeps reading ---- */

struct waiter_thread {
    struct thread thread;
    _Atomic bool done;
};

static void wait_in_room(void *arg)
{
    struct waiter_thread *w = arg;
    post_self(client.outbox);
    backpressure_wait_room(s, r);
    w->done = true;
}

/* The peer takes what the pace asks for, and more, until the speaker has waited for ten times the patience. */
static bool takes_on(void *arg)
{
    const int64_t *until_ms = arg;
    struct outbox *ob = slow[0].held.c.outbox;
    lock_acquire(&ob->lock);
    ob->written += 4096;
    lock_release(&ob->lock);
    return clock_ms() >= *until_ms;
}

static void a_member_who_keeps_reading_is_waited_for_as_long_as_it_takes(void **state)
{
    (void)state;
    struct waiter_thread w = {.done = false};
    limit(60);
    congest(1);
    int64_t until_ms = clock_ms() + 600;
    assert_int_equal(thread_start(&w.thread, "speaker", 128 * 1024, wait_in_room, &w), 0);
    unit_until(takes_on, &until_ms);
    assert_false(w.done);
    assert_false(patience_of(0).stalled);
    unit_stream_release(&slow[0].held.us);
    thread_join(&w.thread);
    assert_true(w.done);
    assert_false(fanout_is_impatient(&r->fanout, clock_ms()));
}

/* ---- many speakers ---- */

static bool is_done(void *arg)
{
    struct waiter_thread *w = arg;
    return w->done;
}

static bool has_waiter(void *arg)
{
    struct patience p = patience_of(0);
    (void)arg;
    return p.waiters && p.charged;
}

/* It had been under a quarter for a moment, but other speakers were quicker. */
static void a_speaker_looks_again_before_it_speaks(void **state)
{
    (void)state;
    struct waiter_thread w = {.done = false};
    limit(60000);
    slow[0].held.us.most = 0;
    congest(1);
    assert_int_equal(thread_start(&w.thread, "speaker", 128 * 1024, wait_in_room, &w), 0);
    unit_until(has_waiter, NULL);
    struct outbox *ob = slow[0].held.c.outbox;
    lock_acquire(&ob->lock);
    size_t entries = ob->entries;
    ob->entries = 0; /* all is written ... */
    outbox_relieve_locked(ob);
    must(!ob->patience.charged);
    ob->entries = entries; /* ... and as much is put before the waiter wakes */
    lock_release(&ob->lock);
    unit_until(has_waiter, NULL);
    assert_false(w.done);
    unit_stream_release(&slow[0].held.us);
    unit_until(is_done, &w);
    thread_join(&w.thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_that_stopped_together_silence_the_room_once),
        TEST(a_wait_for_one_charges_all),
        TEST(a_private_wait_makes_no_room_impatient),
        TEST(a_member_who_keeps_reading_is_waited_for_as_long_as_it_takes),
        TEST(a_speaker_looks_again_before_it_speaks),
#undef TEST
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
