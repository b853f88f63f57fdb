/* SPDX-License-Identifier: ISC */
/*
 * Debts of a thread that has put entries: each thread has its own list, a flush pays all debts, and a thread with debts
 * aborts before a call that may block.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <unistd.h>

#define MANY 20

static void a_flush_pays_every_debt_of_the_thread(void **state)
{
    (void)state;
    static struct unit_held h[MANY];
    unit_limits(UNIT_WIDE);
    for (int i = 0; i < MANY; i++)
        unit_held_start(&h[i]);
    uint64_t wakes = counter_get(COUNTER_WAKES);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < MANY; i++)
            unit_put(h[i].c.outbox, "x");
    assert_int_equal(counter_get(COUNTER_WAKES), wakes);
    post_flush();
    post_assert_flushed();
    assert_int_equal(counter_get(COUNTER_WAKES), wakes + MANY);
    for (int i = 0; i < MANY; i++) {
        unit_client_wait_written(&h[i].c);
        unit_stream_wrote(&h[i].us, "xxx");
        unit_held_stop(&h[i]);
    }
}

static void a_flush_without_debts_wakes_nobody(void **state)
{
    (void)state;
    uint64_t wakes = counter_get(COUNTER_WAKES);
    post_flush();
    assert_int_equal(counter_get(COUNTER_WAKES), wakes);
}

static void a_list_can_be_filled_again_after_a_flush(void **state)
{
    (void)state;
    struct unit_held a, b;
    unit_limits(UNIT_WIDE);
    unit_held_start(&a);
    unit_held_start(&b);
    for (int i = 0; i < 3; i++) {
        unit_put(a.c.outbox, "a");
        unit_put(b.c.outbox, "b");
        post_flush();
        unit_client_wait_written(&a.c);
        unit_client_wait_written(&b.c);
        unit_client_wait_asleep(&a.c);
        unit_client_wait_asleep(&b.c);
    }
    unit_stream_wrote(&a.us, "aaa");
    unit_stream_wrote(&b.us, "bbb");
    unit_held_stop(&a);
    unit_held_stop(&b);
}

struct flusher {
    struct unit_held *theirs;
    struct thread thread;
};

static void put_and_flush(void *arg)
{
    struct flusher *f = arg;
    unit_put(f->theirs->c.outbox, "theirs");
    post_flush();
}

static void each_thread_pays_only_its_own_debts(void **state)
{
    (void)state;
    struct unit_held mine, theirs;
    struct flusher f = {.theirs = &theirs};
    unit_limits(UNIT_WIDE);
    unit_held_start(&mine);
    unit_held_start(&theirs);
    unit_put(mine.c.outbox, "mine");
    assert_int_equal(thread_start(&f.thread, "flusher", 64 * 1024, put_and_flush, &f), 0);
    thread_join(&f.thread);
    unit_client_wait_written(&theirs.c);
    unit_stream_wrote(&theirs.us, "theirs");
    unit_stream_wrote(&mine.us, "");
    assert_int_equal(outbox_load(mine.c.outbox).entries, 1);
    post_flush();
    unit_client_wait_written(&mine.c);
    unit_held_stop(&mine);
    unit_held_stop(&theirs);
}

/* An outbox whose writer sleeps, without a thread, since a child process has none. */
static void owe(struct unit_stream *us, struct notifier *notifier)
{
    notifier_init(notifier);
    struct outbox *ob = outbox_new(notifier);
    unit_stream_init(us);
    outbox_open(ob, &us->base, 1);
    ob->asleep = true;
    unit_put(ob, "x");
}

static void assert_with_a_debt(void *arg)
{
    struct unit_stream us;
    struct notifier notifier;
    (void)arg;
    owe(&us, &notifier);
    post_assert_flushed();
}

static void assert_after_the_flush(void *arg)
{
    struct unit_stream us;
    struct notifier notifier;
    (void)arg;
    owe(&us, &notifier);
    post_flush();
    post_assert_flushed();
}

static void read_with_a_debt(void *arg)
{
    struct unit_stream us;
    struct notifier notifier;
    struct stream_tcp st;
    int fd[2];
    char c;
    (void)arg;
    unit_socketpair(fd);
    stream_tcp_init(&st, fd[0]);
    owe(&us, &notifier);
    unit_write(fd[1], "x", 1);
    stream_read(&st.base, &c, 1);
}

static void a_thread_that_owes_a_wake_must_not_wait(void **state)
{
    (void)state;
    assert_true(unit_aborts(assert_with_a_debt, NULL));
    assert_false(unit_aborts(assert_after_the_flush, NULL));
    assert_true(unit_aborts(read_with_a_debt, NULL));
}

static void a_new_client_of_the_thread_starts_without_pressure(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    post_self(h.c.outbox);
    unit_held_fill(&h, 9, 10);
    post_self(NULL);
    struct post_pressure p = post_pressure();
    assert_null(p.other);
    unit_put(h.c.outbox, "x");
    p = post_pressure();
    assert_ptr_equal(p.other, h.c.outbox); /* a thread without an outbox has none of its own */
    unit_held_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flush_pays_every_debt_of_the_thread),
        cmocka_unit_test(a_flush_without_debts_wakes_nobody),
        cmocka_unit_test(a_list_can_be_filled_again_after_a_flush),
        cmocka_unit_test(each_thread_pays_only_its_own_debts),
        cmocka_unit_test(a_thread_that_owes_a_wake_must_not_wait),
        cmocka_unit_test(a_new_client_of_the_thread_starts_without_pressure),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
