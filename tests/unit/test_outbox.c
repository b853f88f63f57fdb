/* SPDX-License-Identifier: ISC */
/*
 * How entries enter and leave an outbox: one drainer, when entries stop counting, put-then-wake. Real sockets and
 * writer threads where bytes are compared; a stream that the test holds where the moment matters.
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
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool look(struct outbox *ob, const bool *flag)
{
    lock_acquire(&ob->lock);
    bool set = *flag;
    lock_release(&ob->lock);
    return set;
}

/* ---- 1: one drainer ---- */

#define POSTERS 4
#define EACH 400

struct poster {
    struct outbox *ob;
    char who;
    int taken;
    struct thread thread;
};

static void post_many(void *arg)
{
    struct poster *p = arg;
    uint64_t seed = (uint64_t)p->who;
    for (int i = 0; i < EACH; i++) {
        char line[256];
        int n = snprintf(line, sizeof line, "%c %d ", p->who, i);
        size_t pad = unit_random(&seed) % 120;
        memset(line + n, p->who, pad);
        line[n + (int)pad] = '\n';
        line[n + (int)pad + 1] = '\0';
        p->taken += unit_put(p->ob, line) != OUTBOX_CLOSED;
        if (unit_random(&seed) % 8 == 0)
            post_flush();
    }
    post_flush();
}

/* Checks that the lines are whole and, for each poster, in order. */
static void check_lines(const char *text, int next[POSTERS])
{
    while (*text) {
        char who;
        int i, at;
        assert_int_equal(sscanf(text, "%c %d %n", &who, &i, &at), 2);
        assert_int_in_range(who, 'a', 'a' + POSTERS - 1);
        assert_int_equal(i, next[who - 'a']);
        next[who - 'a']++;
        const char *end = strchr(text, '\n');
        assert_non_null(end);
        for (text += at; text < end; text++)
            assert_int_equal(*text, who);
        text = end + 1;
    }
}

static void posters_start(struct poster p[POSTERS], struct outbox *ob)
{
    for (int i = 0; i < POSTERS; i++) {
        p[i] = (struct poster){.ob = ob, .who = (char)('a' + i)};
        assert_int_equal(thread_start(&p[i].thread, "poster", 64 * 1024, post_many, &p[i]), 0);
    }
}

static void posters_join(struct poster p[POSTERS])
{
    for (int i = 0; i < POSTERS; i++) {
        thread_join(&p[i].thread);
        assert_int_equal(p[i].taken, EACH);
    }
}

static void bytes_never_interleave_however_writes_are_split(void **state)
{
    (void)state;
    struct unit_held h;
    struct poster p[POSTERS];
    int next[POSTERS] = {0};
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    h.us.most = 7;
    posters_start(p, h.c.outbox);
    posters_join(p);
    unit_client_wait_written(&h.c);
    check_lines(buf_text(&h.us.out), next);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(next[i], EACH);
    assert_int_equal(h.us.overlaps, 0);
    unit_held_stop(&h);
}

static void many_posters_reach_a_real_socket_in_order(void **state)
{
    (void)state;
    struct unit_client c;
    struct poster p[POSTERS];
    struct buf got = {0};
    int next[POSTERS] = {0};
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_client_open(&c, unit_gen());
    int small = 4096;
    assert_int_equal(setsockopt(c.tcp.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    posters_start(p, c.outbox);
    unit_client_heard(&c, &got);
    posters_join(p);
    size_t before = got.len;
    struct buf rest = {0};
    unit_client_heard(&c, &rest);
    buf_add(&got, rest.data, rest.len);
    assert_true(got.len >= before);
    check_lines(buf_text(&got), next);
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(next[i], EACH);
    buf_fini(&got);
    buf_fini(&rest);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static void entries_put_during_a_drain_need_no_further_wake(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_stream_hold(&h.us);
    unit_put(h.c.outbox, "one ");
    post_flush();
    unit_stream_wait_inside(&h.us);
    unit_put(h.c.outbox, "two ");
    uint64_t wakes = counter_get(COUNTER_WAKES);
    post_flush();
    assert_int_equal(counter_get(COUNTER_WAKES), wakes);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "one two ");
    unit_held_stop(&h);
}

static void a_close_during_a_drain_is_seen_at_its_end(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 10);
    assert_true(outbox_close(h.c.outbox, CLOSE_QUIT, NULL));
    outbox_finish(h.c.outbox, msg_new("bye", 3));
    assert_false(outbox_is_drained(h.c.outbox));
    while (notifier_wait(&h.c.notifier, 0)) /* the close notified it, and nothing has happened since */
        ;
    unit_stream_release(&h.us);
    assert_true(notifier_wait(&h.c.notifier, clock_ms() + 10000));
    assert_true(outbox_is_drained(h.c.outbox));
    unit_stream_wrote(&h.us, "xxxxxxxxxxbye");
    unit_held_stop(&h);
}

/* ---- 2: entries count until written ---- */

static void entries_count_until_they_are_written(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_held_fill(&h, 3, 100);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 3);
    assert_int_equal(load.bytes, 300);
    unit_put_size(h.c.outbox, 50, false);
    load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 4);
    assert_int_equal(load.bytes, 350);
    assert_true(load.open);
    assert_int_equal(load.gen, h.gen);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    assert_int_equal(outbox_load(h.c.outbox).bytes, 0);
    unit_held_stop(&h);
}

static void an_entry_partly_written_still_counts_whole(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    h.us.most = 150;
    unit_held_fill(&h, 3, 100);
    unit_stream_step(&h.us);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 2);
    assert_int_equal(load.bytes, 200);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    assert_int_equal(h.us.writes, 2);
    assert_int_equal(h.us.out.len, 300);
    unit_held_stop(&h);
}

/* Puts entries until the outbox closes. Returns how many were accepted. */
static int put_until_closed(struct outbox *ob, size_t size, int most)
{
    int n = 0;
    while (n < most && unit_put_size(ob, size, false) != OUTBOX_CLOSED)
        n++;
    return n;
}

static void the_last_entry_that_fits_is_accepted_and_the_next_closes_as_slow(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 1);
    uint64_t open_shuts = (uint64_t)h.us.shuts;
    assert_int_equal(put_until_closed(h.c.outbox, 1, 100), 15);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    assert_int_equal(h.us.shuts, open_shuts + 1);
    assert_int_equal(h.us.how, STREAM_SHUT_READ);
    assert_int_equal(unit_put_size(h.c.outbox, 1, false), OUTBOX_CLOSED);
    /* the queue is dropped, the writer's batch is not */
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 1);
    assert_int_equal(load.bytes, 1);
    assert_false(load.open);
    assert_true(notifier_wait(&h.c.notifier, 0));
    unit_held_stop(&h);
}

static int put_gathered(struct outbox *ob, unsigned entries)
{
    struct msg *m = msg_new_gathered("lines", 5, entries);
    int put = outbox_put(ob, m);
    msg_unref(m);
    return put;
}

static void a_message_of_many_lines_counts_for_all_of_them(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 1);
    assert_int_equal(put_gathered(h.c.outbox, 7), OUTBOX_TAKEN);
    assert_int_equal(put_gathered(h.c.outbox, 1), 9 * 1000 / 16);
    assert_int_equal(put_gathered(h.c.outbox, 7), 1000);
    assert_int_equal(outbox_load(h.c.outbox).entries, 16);
    unit_stream_step(&h.us); /* the one before them is written; they are the batch in flight */
    assert_int_equal(outbox_load(h.c.outbox).entries, 15);
    assert_int_equal(put_gathered(h.c.outbox, 2), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    assert_int_equal(outbox_load(h.c.outbox).entries, 15);
    unit_stream_fail(&h.us);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    unit_held_stop(&h);
}

static void the_byte_cap_counts_the_batch_in_flight_to_the_byte(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 8000);
    assert_int_not_equal(unit_put_size(h.c.outbox, 192, false), OUTBOX_CLOSED);
    assert_int_equal(outbox_load(h.c.outbox).bytes, 8192);
    assert_int_equal(unit_put_size(h.c.outbox, 1, false), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void an_empty_outbox_accepts_an_entry_larger_than_its_cap(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 100000);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    assert_int_equal(unit_put_size(h.c.outbox, 1, false), OUTBOX_CLOSED);
    unit_held_stop(&h);
}

static void a_filled_outbox_refuses_an_entry_larger_than_its_cap(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 1);
    assert_int_equal(unit_put_size(h.c.outbox, 8192, false), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void up_to_half_full_an_own_answer_of_any_size_is_accepted(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 8, 512); /* half of the limits, to the entry and to the byte */
    assert_int_not_equal(unit_put_size(h.c.outbox, 100000, true), OUTBOX_CLOSED);
    assert_int_equal(unit_put_size(h.c.outbox, 1, true), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void over_half_full_an_own_answer_must_fit_like_any_entry(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_TIGHT);
    unit_held_start(&h);
    unit_held_fill(&h, 9, 10);
    assert_int_not_equal(unit_put_size(h.c.outbox, 10, true), OUTBOX_CLOSED);
    assert_int_equal(unit_put_size(h.c.outbox, 8192, true), OUTBOX_CLOSED);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void an_oldest_entry_past_its_age_closes_as_slow_even_in_flight(void **state)
{
    (void)state;
    struct unit_held h;
    struct outbox_limits l = UNIT_WIDE;
    l.age_ms = 5000;
    l.patience_ms = 0;
    unit_limits(l);
    unit_held_start(&h);
    int64_t before = clock_coarse_ms();
    unit_held_fill(&h, 1, 10);
    int64_t after = clock_coarse_ms();
    outbox_tick(h.c.outbox, before + 5000);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    outbox_tick(h.c.outbox, after + 5001);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void a_young_queue_does_not_hide_an_old_batch_in_flight(void **state)
{
    (void)state;
    struct unit_held h;
    struct outbox_limits l = UNIT_WIDE;
    l.age_ms = 5000;
    l.patience_ms = 0;
    unit_limits(l);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 10);
    lock_acquire(&h.c.outbox->lock);
    int64_t flight_since = h.c.outbox->flight_since_ms -= 4000;
    lock_release(&h.c.outbox->lock);
    unit_put_size(h.c.outbox, 10, false);
    outbox_tick(h.c.outbox, flight_since + 5001);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

static void an_empty_outbox_has_no_age(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_put(h.c.outbox, "x");
    post_flush();
    unit_client_wait_written(&h.c);
    outbox_tick(h.c.outbox, clock_ms() + 1000000);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    unit_held_stop(&h);
}

static void a_queued_entry_ages_too(void **state)
{
    (void)state;
    struct unit_held h;
    struct outbox_limits l = UNIT_WIDE;
    l.patience_ms = 0;
    unit_limits(l);
    unit_held_start(&h);
    unit_put(h.c.outbox, "x"); /* not flushed: it stays queued */
    outbox_tick(h.c.outbox, clock_ms() + 30001);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_SLOW);
    unit_held_stop(&h);
}

/* An entry too old for the limit; the peer takes `kib_s` meanwhile, and the keeper looks four times a second. */
static enum close_reason age_while_it_takes(int kib_s)
{
    struct unit_held h;
    struct outbox_limits l = UNIT_WIDE;
    l.age_ms = 5000;
    unit_limits(l);
    unit_held_start(&h);
    unit_held_fill(&h, 1, 10);
    int64_t now = clock_ms() + 6000;
    for (int i = 0; i < 400; i++, now += 250) {
        lock_acquire(&h.c.outbox->lock);
        h.c.outbox->written += (uint64_t)kib_s * 256;
        lock_release(&h.c.outbox->lock);
        outbox_tick(h.c.outbox, now);
    }
    enum close_reason reason = outbox_reason(h.c.outbox);
    unit_held_stop(&h);
    return reason;
}

static void an_old_entry_closes_nobody_who_reads_at_the_pace(void **state)
{
    (void)state;
    assert_int_equal(age_while_it_takes(64), CLOSE_OPEN);
    assert_int_equal(age_while_it_takes(60), CLOSE_SLOW);
    assert_int_equal(age_while_it_takes(0), CLOSE_SLOW);
}

/* ---- 4: put, then wake ---- */

static void a_put_alone_wakes_nobody(void **state)
{
    (void)state;
    struct unit_client c;
    char got[6] = "";
    outbox_set_carry(false); /* see test_outbox_carry.c */
    unit_limits(UNIT_WIDE);
    unit_client_start(&c);
    unit_client_open(&c, unit_gen());
    unit_client_wait_asleep(&c);
    uint64_t wakes = counter_get(COUNTER_WAKES);
    unit_put(c.outbox, "hello");
    assert_true(look(c.outbox, &c.outbox->asleep));
    assert_true(look(c.outbox, &c.outbox->owed));
    assert_int_equal(counter_get(COUNTER_WAKES), wakes);
    assert_true(unit_is_silent(c.peer));
    post_flush();
    unit_read(c.peer, got, 5);
    assert_string_equal(got, "hello");
    assert_false(look(c.outbox, &c.outbox->owed));
    assert_int_equal(counter_get(COUNTER_WAKES), wakes + 1);
    outbox_set_carry(true);
    unit_client_end(&c, CLOSE_EOF);
    unit_client_stop(&c);
}

static void a_burst_costs_one_wake(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    uint64_t wakes = counter_get(COUNTER_WAKES);
    for (int i = 0; i < 1000; i++)
        unit_put(h.c.outbox, "x");
    post_flush();
    unit_client_wait_written(&h.c);
    assert_int_equal(counter_get(COUNTER_WAKES), wakes + 1);
    assert_int_equal(h.us.writes, 8); /* 128 entries per call */
    unit_held_stop(&h);
}

/* A thread that puts, and flushes when told. */
struct debtor {
    struct outbox *ob;
    _Atomic bool has_put, may_flush;
    struct thread thread;
};

static bool is_set(void *arg)
{
    return *(_Atomic bool *)arg;
}

static void put_and_owe(void *arg)
{
    struct debtor *d = arg;
    unit_put(d->ob, "debtor ");
    d->has_put = true;
    unit_wait_for(is_set, &d->may_flush);
    post_flush();
}

static void debtor_start(struct debtor *d, struct outbox *ob)
{
    *d = (struct debtor){.ob = ob};
    assert_int_equal(thread_start(&d->thread, "debtor", 64 * 1024, put_and_owe, d), 0);
    unit_until(is_set, &d->has_put);
}

static void debtor_pay(struct debtor *d)
{
    d->may_flush = true;
    thread_join(&d->thread);
}

static void exactly_one_poster_owes_the_wake(void **state)
{
    (void)state;
    struct unit_held h;
    struct debtor d;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    uint64_t wakes = counter_get(COUNTER_WAKES);
    debtor_start(&d, h.c.outbox);
    unit_put(h.c.outbox, "other ");
    post_assert_flushed(); /* this thread owes nothing */
    post_flush();
    assert_true(look(h.c.outbox, &h.c.outbox->asleep));
    assert_int_equal(counter_get(COUNTER_WAKES), wakes);
    debtor_pay(&d);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "debtor other ");
    assert_int_equal(counter_get(COUNTER_WAKES), wakes + 1);
    unit_held_stop(&h);
}

static void a_close_wakes_directly_and_leaves_the_debt_alone(void **state)
{
    (void)state;
    struct unit_held h;
    struct debtor d;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    debtor_start(&d, h.c.outbox);
    outbox_close(h.c.outbox, CLOSE_QUIT, NULL);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "debtor ");
    assert_true(look(h.c.outbox, &h.c.outbox->owed));
    unit_client_wait_asleep(&h.c);
    uint64_t wakes = counter_get(COUNTER_WAKES);
    debtor_pay(&d);
    assert_false(look(h.c.outbox, &h.c.outbox->owed));
    assert_int_equal(counter_get(COUNTER_WAKES), wakes); /* nothing was queued by then */
    unit_held_stop(&h);
}

static void an_owed_wake_survives_the_reuse_of_its_slot(void **state)
{
    (void)state;
    struct unit_held h;
    struct debtor d;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    debtor_start(&d, h.c.outbox);
    unit_client_end(&h.c, CLOSE_QUIT);
    unit_stream_wrote(&h.us, "debtor ");
    unit_held_open(&h);
    assert_true(look(h.c.outbox, &h.c.outbox->owed));
    unit_put(h.c.outbox, "next life");
    post_assert_flushed();
    assert_true(look(h.c.outbox, &h.c.outbox->asleep));
    debtor_pay(&d);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "debtor next life");
    unit_held_stop(&h);
}

/* Invariant 8 is tested in test_outbox_poke.c. */

/* ---- draining ---- */

static void an_idle_outbox_frees_the_memory_of_a_burst(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    for (int round = 0; round < 2; round++) { /* both arrays are used */
        for (int i = 0; i < 1000; i++)
            unit_put(h.c.outbox, "x");
        assert_true(h.c.outbox->queued.cap >= 1000);
        post_flush();
        unit_client_wait_written(&h.c);
        unit_client_wait_asleep(&h.c);
    }
    lock_acquire(&h.c.outbox->lock);
    size_t cap = h.c.outbox->queued.cap + h.c.outbox->flight.cap;
    lock_release(&h.c.outbox->lock);
    assert_true(cap <= 64);
    unit_held_stop(&h);
}

static void a_written_message_is_released(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    struct msg *m = msg_new("shared", 6);
    outbox_put(h.c.outbox, m);
    assert_int_equal(m->refs, 2);
    post_flush();
    unit_client_wait_written(&h.c);
    unit_client_wait_asleep(&h.c);
    assert_int_equal(m->refs, 1);
    msg_unref(m);
    unit_held_stop(&h);
}

/* Passes only lines that begin with k. */
static void keep_k(struct buf *out, const char *lines, size_t len, unsigned epoch)
{
    const char *end = lines + len;
    (void)epoch;
    while (lines < end) {
        const char *lf = memchr(lines, '\n', (size_t)(end - lines));
        size_t n = (size_t)(lf - lines) + 1;
        if (*lines == 'k')
            buf_add(out, lines, n);
        lines += n;
    }
}

static void a_filter_takes_lines_out_of_what_is_queued(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_stream_hold(&h.us);
    unit_put(h.c.outbox, "drop, but it is being written\n");
    post_flush();
    unit_stream_wait_inside(&h.us);
    unit_put(h.c.outbox, "drop\n");
    unit_put(h.c.outbox, "keep 1\n");
    struct msg *gathered = msg_new_gathered("drop\nkeep 2\ndrop\n", 17, 3);
    outbox_put(h.c.outbox, gathered);
    assert_int_equal(outbox_load(h.c.outbox).entries, 6);
    outbox_filter(h.c.outbox, keep_k);
    struct outbox_load load = outbox_load(h.c.outbox);
    assert_int_equal(load.entries, 3);
    assert_int_equal(load.bytes, 30 + 7 + 7);
    assert_int_equal(gathered->refs, 1); /* others still send it as it was */
    msg_unref(gathered);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    unit_stream_wrote(&h.us, "drop, but it is being written\nkeep 1\nkeep 2\n");
    assert_int_equal(outbox_load(h.c.outbox).entries, 0);
    unit_held_stop(&h);
}

static void a_filter_takes_lines_out_of_what_the_writer_has_taken(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_stream_hold(&h.us);
    for (int i = 0; i < 3 * OUTBOX_IOV; i++)
        unit_put(h.c.outbox, "d\n");
    post_flush();
    unit_stream_wait_inside(&h.us); /* in a call with the first of them */
    outbox_filter(h.c.outbox, keep_k);
    unit_stream_release(&h.us);
    unit_client_wait_written(&h.c);
    char wrote[2 * 2 * OUTBOX_IOV + 1] = "";
    for (int i = 0; i < 2 * OUTBOX_IOV; i++) /* the next call's stay, because it may be one that was tried before */
        memcpy(wrote + 2 * i, "d\n", 3);
    unit_stream_wrote(&h.us, wrote);
    unit_held_stop(&h);
}

static void retiring_ends_the_writer(void **state)
{
    (void)state;
    struct unit_client c;
    unit_client_start(&c);
    unit_client_wait_asleep(&c);
    unsigned rounds = c.rounds;
    unit_client_stop(&c); /* joins the writer */
    assert_int_equal(c.rounds, rounds);
}

static void the_configured_limits_apply(void **state)
{
    (void)state;
    unit_limits((struct outbox_limits){17, 8193, 1001, 7, 99});
    struct outbox_limits l = outbox_limits();
    assert_int_equal(l.entries, 17);
    assert_int_equal(l.bytes, 8193);
    assert_int_equal(l.age_ms, 1001);
    assert_int_equal(l.patience_ms, 7);
    assert_int_equal(l.pace_kib_s, 99);
}

static void a_lowered_limit_closes_nobody_until_the_next_put(void **state)
{
    (void)state;
    struct unit_held h;
    unit_limits(UNIT_WIDE);
    unit_held_start(&h);
    unit_held_fill(&h, 100, 10);
    unit_limits(UNIT_TIGHT);
    assert_int_equal(outbox_reason(h.c.outbox), CLOSE_OPEN);
    assert_int_equal(unit_put(h.c.outbox, "x"), OUTBOX_CLOSED);
    unit_held_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_never_interleave_however_writes_are_split),
        cmocka_unit_test(many_posters_reach_a_real_socket_in_order),
        cmocka_unit_test(entries_put_during_a_drain_need_no_further_wake),
        cmocka_unit_test(a_close_during_a_drain_is_seen_at_its_end),
        cmocka_unit_test(entries_count_until_they_are_written),
        cmocka_unit_test(an_entry_partly_written_still_counts_whole),
        cmocka_unit_test(the_last_entry_that_fits_is_accepted_and_the_next_closes_as_slow),
        cmocka_unit_test(a_message_of_many_lines_counts_for_all_of_them),
        cmocka_unit_test(the_byte_cap_counts_the_batch_in_flight_to_the_byte),
        cmocka_unit_test(an_empty_outbox_accepts_an_entry_larger_than_its_cap),
        cmocka_unit_test(a_filled_outbox_refuses_an_entry_larger_than_its_cap),
        cmocka_unit_test(up_to_half_full_an_own_answer_of_any_size_is_accepted),
        cmocka_unit_test(over_half_full_an_own_answer_must_fit_like_any_entry),
        cmocka_unit_test(an_oldest_entry_past_its_age_closes_as_slow_even_in_flight),
        cmocka_unit_test(a_young_queue_does_not_hide_an_old_batch_in_flight),
        cmocka_unit_test(an_empty_outbox_has_no_age),
        cmocka_unit_test(a_queued_entry_ages_too),
        cmocka_unit_test(an_old_entry_closes_nobody_who_reads_at_the_pace),
        cmocka_unit_test(a_put_alone_wakes_nobody),
        cmocka_unit_test(a_burst_costs_one_wake),
        cmocka_unit_test(exactly_one_poster_owes_the_wake),
        cmocka_unit_test(a_close_wakes_directly_and_leaves_the_debt_alone),
        cmocka_unit_test(an_owed_wake_survives_the_reuse_of_its_slot),
        cmocka_unit_test(an_idle_outbox_frees_the_memory_of_a_burst),
        cmocka_unit_test(a_written_message_is_released),
        cmocka_unit_test(a_filter_takes_lines_out_of_what_is_queued),
        cmocka_unit_test(a_filter_takes_lines_out_of_what_the_writer_has_taken),
        cmocka_unit_test(retiring_ends_the_writer),
        cmocka_unit_test(the_configured_limits_apply),
        cmocka_unit_test(a_lowered_limit_closes_nobody_until_the_next_put),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
