/* SPDX-License-Identifier: ISC */
/*
 * The prethreaded pool over local sockets: pairs exist before their clients, no client is refused below the maximum, a
 * pair serves one client after the other, and everything ends in order. A thread of the test maintains the pool, as the
 * keeper does; each client is served by an echo.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "net/pool.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    _Atomic int prepared, released, served, ended;
    _Atomic bool stop_maintaining;
    bool is_maintained;
    struct thread maintainer;
} seen;

static void prepare(struct pair *p)
{
    seen.prepared++;
    p->user = &seen;
}

static void release(struct pair *p)
{
    seen.released += p->user == &seen;
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

/* An echo; "q" ends it from the server's side. */
static void serve(struct pair *p)
{
    struct outbox *ob = p->outbox;
    char data[256];
    seen.served++;
    while (outbox_reason(ob) == CLOSE_OPEN) {
        ssize_t n = stream_read(p->stream, data, sizeof data);
        if (n <= 0 || data[0] == 'q') {
            outbox_close(ob, n <= 0 ? CLOSE_EOF : CLOSE_QUIT, NULL);
            break;
        }
        struct msg *m = msg_new(data, (size_t)n);
        outbox_put(ob, m);
        msg_unref(m);
        post_flush();
    }
    pool_leave(p);
    seen.ended++;
    outbox_finish(ob, msg_new("bye", 3));
    if (!notifier_wait_for(&p->notifier, clock_ms() + 5000, is_drained, ob)) {
        outbox_abandon(ob);
        notifier_wait_for(&p->notifier, INT64_MAX, is_drained, ob);
    }
}

static void maintain(void *arg)
{
    (void)arg;
    while (!seen.stop_maintaining)
        pool_maintain(clock_ms() + 20);
}

static int start_pool(int max, int prespawn, int spare, int *committed)
{
    struct pool_config c = {max, prespawn, spare, prepare, release, serve};
    memset(&seen, 0, sizeof seen);
    log_configure(LOG_ERROR, true);
    outbox_set_carry(true);
    unit_limits(UNIT_WIDE);
    pool_open(&c);
    return pool_start(committed);
}

static bool start_maintaining(void)
{
    seen.is_maintained = thread_start(&seen.maintainer, "maintainer", 128 * 1024, maintain, NULL) == 0;
    return seen.is_maintained;
}

static void start(int max, int prespawn, int spare)
{
    int committed = 0;
    assert_int_equal(start_pool(max, prespawn, spare, &committed), 0);
    assert_int_equal(committed, prespawn < max ? prespawn : max);
    assert_true(start_maintaining());
}

static void stop_pool(void)
{
    pool_close_all();
    pool_wait_empty();
    if (seen.is_maintained) {
        seen.stop_maintaining = true;
        thread_join(&seen.maintainer);
    }
    pool_stop();
}

static void stop_all(void)
{
    int pairs = pool_counts().pairs;
    stop_pool();
    assert_true(seen.prepared >= pairs); /* the maintainer may just have made another one */
    assert_int_equal(seen.released, seen.prepared);
    assert_int_equal(seen.served, seen.ended);
}

/* Passes one end to the pool. Returns the other, or -1 if it was not accepted. Any thread. */
static int connect_client(enum pool_take *result)
{
    int fd[2] = {-1, -1};
    struct arrival a = {.peer = {.exempt = true}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
        return -1;
    a.fd = fd[0];
    snprintf(a.peer.text, sizeof a.peer.text, "192.0.2.1:4711");
    *result = pool_take(&a);
    if (*result == POOL_GIVEN)
        return fd[1];
    close(fd[0]);
    close(fd[1]);
    return -1;
}

static int enter(void)
{
    enum pool_take result;
    int fd = connect_client(&result);
    assert_int_equal(result, POOL_GIVEN);
    assert_true(fd >= 0);
    return fd;
}

static enum pool_take refused(void)
{
    enum pool_take result;
    assert_int_equal(connect_client(&result), -1);
    return result;
}

static void check_echo(int fd)
{
    char got[6] = "";
    unit_write(fd, "hello", 5);
    unit_read(fd, got, 5);
    assert_string_equal(got, "hello");
}

static void leave(int fd)
{
    struct buf rest = {0};
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    unit_read_end(fd, &rest);
    assert_string_equal(buf_text(&rest), "bye");
    buf_fini(&rest);
    close(fd);
}

static bool has_idle(void *arg)
{
    return pool_counts().idle >= *(int *)arg;
}

static bool has_no_clients(void *arg)
{
    (void)arg;
    return pool_counts().clients == 0;
}

/* ---- pairs ---- */

static void pairs_are_made_before_any_client_connects(void **state)
{
    (void)state;
    start(10, 4, 2);
    struct pool_counts c = pool_counts();
    assert_int_equal(c.pairs, 4);
    assert_int_equal(c.idle, 4);
    assert_int_equal(c.clients, 0);
    stop_all();
}

static void at_most_as_many_pairs_as_clients_are_made(void **state)
{
    (void)state;
    int committed = 0;
    assert_int_equal(start_pool(3, 100, 2, &committed), 0);
    assert_int_equal(committed, 3);
    stop_all();
}

static void idle_pairs_are_kept_ready_ahead_of_need(void **state)
{
    (void)state;
    int fd[4], want = 3;
    start(20, 1, 3);
    unit_until(has_idle, &want);
    assert_int_equal(pool_counts().pairs, 3);
    for (int i = 0; i < 4; i++)
        fd[i] = enter();
    unit_until(has_idle, &want);
    struct pool_counts c = pool_counts();
    assert_int_equal(c.clients, 4);
    assert_true(c.pairs >= 7 && c.pairs <= 20);
    for (int i = 0; i < 4; i++) {
        check_echo(fd[i]);
        leave(fd[i]);
    }
    stop_all();
}

static void one_pair_serves_one_client_after_the_other(void **state)
{
    (void)state;
    start(1, 1, 1);
    for (int i = 0; i < 50; i++) {
        int fd = enter();
        check_echo(fd);
        leave(fd);
        unit_until(has_no_clients, NULL);
    }
    assert_int_equal(seen.served, 50);
    assert_true(seen.prepared <= 2); /* one, and a spare while it lingers */
    stop_all();
}

/* ---- the maximum ---- */

static void the_pool_is_full_only_at_the_maximum(void **state)
{
    (void)state;
    start(2, 2, 1);
    int a = enter(), b = enter();
    assert_int_equal(refused(), POOL_FULL);
    assert_int_equal(refused(), POOL_FULL);
    check_echo(a);
    check_echo(b);
    leave(a);
    int c = enter(); /* a client that has read the last words has left */
    assert_int_equal(refused(), POOL_FULL);
    check_echo(c);
    leave(b);
    leave(c);
    stop_all();
}

static void a_lingering_connection_takes_no_place(void **state)
{
    (void)state;
    start(1, 1, 1);
    for (int i = 0; i < 2; i++) {
        char got[4] = "";
        int fd = enter();
        unit_write(fd, "q", 1);
        unit_read(fd, got, 3); /* its pair now waits for our end, which stays open */
        assert_string_equal(got, "bye");
        int next = enter();
        check_echo(next);
        leave(next);
        close(fd);
    }
    stop_all();
}

static void a_lowered_maximum_closes_nobody(void **state)
{
    (void)state;
    start(3, 3, 1);
    int a = enter(), b = enter(), c = enter();
    pool_configure(1, 1);
    check_echo(a);
    check_echo(b);
    check_echo(c);
    leave(a);
    leave(b);
    assert_int_equal(refused(), POOL_FULL); /* one is left, and that is the maximum */
    leave(c);
    a = enter();
    leave(a);
    stop_all();
}

static void a_raised_maximum_applies_at_once(void **state)
{
    (void)state;
    start(1, 1, 1);
    int a = enter();
    assert_int_equal(refused(), POOL_FULL);
    pool_configure(3, 1);
    int b = enter(), c = enter();
    check_echo(b);
    check_echo(c);
    leave(a);
    leave(b);
    leave(c);
    stop_all();
}

/* ---- storms ---- */

#define ACCEPTORS 4
#define EACH 30

struct acceptor {
    int fd[EACH], given;
    struct thread thread;
};

static void accept_many(void *arg)
{
    struct acceptor *a = arg;
    for (int i = 0; i < EACH; i++) {
        enum pool_take result = POOL_FULL;
        a->fd[i] = connect_client(&result);
        a->given += result == POOL_GIVEN;
    }
}

static void a_storm_below_the_maximum_refuses_nobody(void **state)
{
    (void)state;
    static struct acceptor a[ACCEPTORS];
    memset(a, 0, sizeof a);
    start(ACCEPTORS * EACH, 1, 1);
    for (int i = 0; i < ACCEPTORS; i++)
        assert_int_equal(thread_start(&a[i].thread, "acceptor", 64 * 1024, accept_many, &a[i]), 0);
    for (int i = 0; i < ACCEPTORS; i++) {
        thread_join(&a[i].thread);
        assert_int_equal(a[i].given, EACH);
    }
    assert_int_equal(pool_counts().clients, ACCEPTORS * EACH);
    assert_int_equal(refused(), POOL_FULL);
    for (int i = 0; i < ACCEPTORS; i++)
        for (int k = 0; k < EACH; k++) {
            check_echo(a[i].fd[k]);
            leave(a[i].fd[k]);
        }
    stop_all();
}

static void connect_and_leave(void *arg)
{
    struct acceptor *a = arg;
    for (int i = 0; i < EACH; i++) {
        enum pool_take result = POOL_FULL;
        int fd = connect_client(&result);
        a->given += result == POOL_GIVEN;
        if (fd >= 0)
            close(fd);
    }
}

static void connecting_and_leaving_leaks_nothing(void **state)
{
    (void)state;
    static struct acceptor a[ACCEPTORS];
    memset(a, 0, sizeof a);
    start(2000, 2, 2);
    for (int i = 0; i < ACCEPTORS; i++)
        assert_int_equal(thread_start(&a[i].thread, "acceptor", 64 * 1024, connect_and_leave, &a[i]), 0);
    for (int i = 0; i < ACCEPTORS; i++) {
        thread_join(&a[i].thread);
        assert_int_equal(a[i].given, EACH);
    }
    unit_until(has_no_clients, NULL);
    assert_int_equal(seen.served, ACCEPTORS * EACH);
    int all = pool_counts().pairs;
    unit_until(has_idle, &all);
    stop_all();
}

/* ---- the clients ---- */

struct look {
    int pairs, served;
    struct pool_client client;
    struct pair *pair;
};

static void look_at(struct pair *p, void *arg)
{
    struct look *l = arg;
    struct pool_client c;
    l->pairs++;
    if (!pool_client(p, &c))
        return;
    l->served++;
    l->client = c;
    l->pair = p;
}

static struct look look(void)
{
    struct look l = {0};
    pool_each(look_at, &l);
    return l;
}

static void each_client_has_an_id_of_its_own(void **state)
{
    (void)state;
    uint64_t last = 0;
    start(1, 1, 1);
    for (int i = 0; i < 5; i++) {
        int64_t before = clock_ms();
        int fd = enter();
        struct look l = look();
        assert_int_equal(l.served, 1);
        assert_true(l.client.id > last);
        assert_true(l.client.since_ms >= before && l.client.since_ms <= clock_ms());
        assert_string_equal(l.client.address, "192.0.2.1:4711");
        last = l.client.id;
        check_echo(fd);
        assert_int_equal(outbox_load(l.pair->outbox).gen, last);
        leave(fd);
        unit_until(has_no_clients, NULL);
        assert_int_equal(look().served, 0);
    }
    stop_all();
}

static void the_end_of_a_client_can_be_waited_for(void **state)
{
    (void)state;
    start(2, 2, 1);
    int fd = enter();
    uint64_t id = look().client.id;
    assert_true(pool_wait_gone(id + 1000, 0)); /* an unknown client counts as gone */
    assert_false(pool_wait_gone(id, clock_ms()));
    check_echo(fd);
    assert_true(outbox_close_gen(look().pair->outbox, id, CLOSE_KICK, NULL));
    assert_true(pool_wait_gone(id, clock_ms() + 10000));
    assert_int_equal(pool_counts().clients, 0);
    unit_read_end(fd, NULL);
    close(fd);
    stop_all();
}

/* ---- the end ---- */

static void a_stop_closes_all_clients_and_admits_none(void **state)
{
    (void)state;
    int fd[5];
    start(10, 5, 1);
    for (int i = 0; i < 5; i++) {
        fd[i] = enter();
        check_echo(fd[i]);
    }
    pool_close_all();
    assert_int_equal(refused(), POOL_STOPPING);
    for (int i = 0; i < 5; i++) {
        struct buf words = {0};
        unit_read_end(fd[i], &words);
        assert_string_equal(buf_text(&words), "bye");
        buf_fini(&words);
    }
    pool_wait_empty();
    assert_int_equal(pool_counts().clients, 0);
    for (int i = 0; i < 5; i++)
        close(fd[i]);
    stop_all();
}

static void a_stop_closes_a_client_that_has_just_connected(void **state)
{
    (void)state;
    for (int round = 0; round < 30; round++) {
        start(2, 2, 1);
        int a = enter(), b = enter(); /* their readers may not have begun yet */
        pool_close_all();
        pool_wait_empty();
        unit_read_end(a, NULL);
        unit_read_end(b, NULL);
        close(a);
        close(b);
        stop_all();
    }
}

static void wait_for_a_pair(void *arg)
{
    connect_client(arg);
}

static void a_stop_releases_an_acceptor_that_waits_for_a_pair(void **state)
{
    (void)state;
    struct thread t;
    enum pool_take result = POOL_GIVEN;
    int committed = 0;
    assert_int_equal(start_pool(5, 1, 1, &committed), 0); /* not maintained: no second pair is made */
    int fd = enter();
    assert_int_equal(thread_start(&t, "acceptor", 64 * 1024, wait_for_a_pair, &result), 0);
    check_echo(fd);
    pool_close_all();
    thread_join(&t);
    assert_int_equal(result, POOL_STOPPING);
    unit_read_end(fd, NULL);
    close(fd);
    stop_all();
}

/* ---- without threads ---- */

/* In a child without privileges. Returns 42 on success, else the number of the step. */
static int run_out_of_threads(void *arg)
{
    struct rlimit none = {0}, old;
    enum pool_take result;
    int committed = 0, fd[2];
    (void)arg;
    if (start_pool(10, 2, 1, &committed) != 0 || committed != 2 || !start_maintaining())
        return 1;
    if (getrlimit(RLIMIT_NPROC, &old) != 0)
        return 2;
    none.rlim_max = old.rlim_max;
    if (setrlimit(RLIMIT_NPROC, &none) != 0)
        return 3;
    uint64_t failed = counter_get(COUNTER_SPAWN_FAILED);
    for (int i = 0; i < 2; i++)
        if ((fd[i] = connect_client(&result)) < 0)
            return 4;
    if (connect_client(&result) >= 0 || result != POOL_FULL) /* none idle, and none can be made */
        return 5;
    while (counter_get(COUNTER_SPAWN_FAILED) == failed) /* counted after the waiting acceptors were told */
        sched_yield();
    int pairs = pool_counts().pairs; /* complete pairs or none */
    if (setrlimit(RLIMIT_NPROC, &old) != 0)
        return 6;
    while (pool_counts().pairs == pairs) /* after its pause the keeper tries again */
        sched_yield();
    int third = connect_client(&result);
    if (third < 0)
        return 7;
    close(third);
    close(fd[0]);
    close(fd[1]);
    stop_pool();
    return seen.prepared > seen.released || seen.released < 3 ? 8 : 42;
}

static void without_new_threads_the_pool_is_full_and_recovers(void **state)
{
    (void)state;
    assert_int_equal(unit_unprivileged(NULL, run_out_of_threads, NULL), 42);
}

static int start_without_threads(void *arg)
{
    struct rlimit none = {0};
    int committed = -1;
    (void)arg;
    if (getrlimit(RLIMIT_NPROC, &none) != 0)
        return 1;
    none.rlim_cur = 0;
    if (setrlimit(RLIMIT_NPROC, &none) != 0)
        return 2;
    if (start_pool(10, 2, 1, &committed) == 0)
        return 3;
    return errno == EAGAIN && committed == 0 && seen.prepared == 1 && seen.released == 1 ? 42 : 4;
}

static void a_pool_that_cannot_make_a_pair_does_not_start(void **state)
{
    (void)state;
    assert_int_equal(unit_unprivileged(NULL, start_without_threads, NULL), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_new_threads_the_pool_is_full_and_recovers),
        cmocka_unit_test(a_pool_that_cannot_make_a_pair_does_not_start),
        cmocka_unit_test(pairs_are_made_before_any_client_connects),
        cmocka_unit_test(at_most_as_many_pairs_as_clients_are_made),
        cmocka_unit_test(idle_pairs_are_kept_ready_ahead_of_need),
        cmocka_unit_test(one_pair_serves_one_client_after_the_other),
        cmocka_unit_test(the_pool_is_full_only_at_the_maximum),
        cmocka_unit_test(a_lingering_connection_takes_no_place),
        cmocka_unit_test(a_lowered_maximum_closes_nobody),
        cmocka_unit_test(a_raised_maximum_applies_at_once),
        cmocka_unit_test(a_storm_below_the_maximum_refuses_nobody),
        cmocka_unit_test(connecting_and_leaving_leaks_nothing),
        cmocka_unit_test(each_client_has_an_id_of_its_own),
        cmocka_unit_test(the_end_of_a_client_can_be_waited_for),
        cmocka_unit_test(a_stop_closes_all_clients_and_admits_none),
        cmocka_unit_test(a_stop_closes_a_client_that_has_just_connected),
        cmocka_unit_test(a_stop_releases_an_acceptor_that_waits_for_a_pair),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
