/* SPDX-License-Identifier: ISC */
/* The keeper: it makes pairs, ticks, closes outboxes whose oldest entry is too old, and flushes what a tick posts. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/keeper.h"
#include "net/pool.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    _Atomic int ticks;
    _Atomic int64_t last_ms;
    _Atomic bool late;             /* a tick had an earlier time than the last */
    struct outbox *_Atomic notify; /* the next tick puts into it */
    _Atomic int reason;            /* why the last session ended */
} seen;

static void tick(int64_t now_ms)
{
    if (now_ms < seen.last_ms)
        seen.late = true;
    seen.last_ms = now_ms;
    struct outbox *ob = seen.notify;
    seen.notify = NULL;
    if (ob)
        unit_put(ob, "tick");
    seen.ticks++;
}

static void prepare(struct pair *p)
{
    (void)p;
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

/* Waits for the end and puts nothing. */
static void serve(struct pair *p)
{
    char c;
    while (stream_read(p->stream, &c, 1) > 0)
        ;
    outbox_close(p->outbox, CLOSE_EOF, NULL);
    seen.reason = outbox_reason(p->outbox);
    pool_leave(p);
    outbox_finish(p->outbox, NULL);
    if (!notifier_wait_for(&p->notifier, clock_ms() + 1, is_drained, p->outbox)) {
        outbox_abandon(p->outbox);
        notifier_wait_for(&p->notifier, INT64_MAX, is_drained, p->outbox);
    }
}

static int set_up(void **state)
{
    struct pool_config pc = {20, 1, 5, prepare, prepare, serve};
    int committed;
    (void)state;
    memset(&seen, 0, sizeof seen);
    log_configure(LOG_ERROR, true);
    unit_limits(UNIT_WIDE);
    pool_open(&pc);
    return pool_start(&committed) != 0 || keeper_start(tick) != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    pool_close_all();
    pool_wait_empty();
    keeper_stop();
    pool_stop();
    return 0;
}

static bool has_pairs(void *arg)
{
    return pool_counts().idle >= *(int *)arg;
}

static bool has_ticked(void *arg)
{
    return seen.ticks >= *(int *)arg;
}

static void the_keeper_makes_spare_pairs_and_ticks(void **state)
{
    (void)state;
    int want = 5, ticks = 3;
    unit_until(has_pairs, &want);
    unit_until(has_ticked, &ticks);
    assert_false(seen.late);
    assert_true(seen.last_ms <= clock_ms());
}

static void note_outbox(struct pair *p, void *arg)
{
    struct pool_client c;
    if (pool_client(p, &c))
        *(struct outbox **)arg = p->outbox;
}

static int come(struct outbox **ob)
{
    int fd[2];
    unit_socketpair(fd);
    struct arrival a = {.fd = fd[0], .peer = {.exempt = true}};
    assert_int_equal(pool_take(&a), POOL_GIVEN);
    pool_each(note_outbox, ob);
    assert_non_null(*ob);
    return fd[1];
}

static bool is_open(void *arg)
{
    return outbox_load(arg).open;
}

static bool is_closed(void *arg)
{
    (void)arg;
    return pool_counts().clients == 0;
}

static void the_keeper_flushes_what_a_tick_posts(void **state)
{
    (void)state;
    char got[5] = "";
    struct outbox *ob = NULL;
    int fd = come(&ob);
    unit_until(is_open, ob);
    seen.notify = ob;
    unit_read(fd, got, 4);
    assert_string_equal(got, "tick");
    close(fd);
}

static void a_reader_that_lets_its_entries_grow_old_is_closed_as_slow(void **state)
{
    (void)state;
    struct outbox *ob = NULL;
    struct outbox_limits l = UNIT_WIDE;
    int fd = come(&ob);
    unit_until(is_open, ob);
    l.age_ms = 1;
    unit_limits(l);
    unit_put_size(ob, 4 << 20, false); /* more than any socket accepts */
    post_flush();
    unit_until(is_closed, NULL);
    assert_int_equal(seen.reason, CLOSE_SLOW);
    close(fd);
}

static void a_reader_that_reads_is_left_alone(void **state)
{
    (void)state;
    struct outbox *ob = NULL;
    int fd = come(&ob), ticks = seen.ticks + 3;
    unit_until(is_open, ob);
    unit_until(has_ticked, &ticks);
    assert_int_equal(outbox_reason(ob), CLOSE_OPEN);
    close(fd);
    unit_until(is_closed, NULL);
    assert_int_equal(seen.reason, CLOSE_EOF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(the_keeper_makes_spare_pairs_and_ticks),
        TEST(the_keeper_flushes_what_a_tick_posts),
        TEST(a_reader_that_lets_its_entries_grow_old_is_closed_as_slow),
        TEST(a_reader_that_reads_is_left_alone),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
