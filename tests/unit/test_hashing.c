/* SPDX-License-Identifier: ISC */
/* Turns at hashing: a limited number at once, addresses in turn, and every wait is bounded. Nothing here is timed: each
 * request has a thread of its own, which reports when it is queued and when its turn begins. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/panic.h"
#include "chat/hashing.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#define LONG_MS 20000 /* longer than any wait here */

struct requester {
    struct turn turn;
    struct notifier notifier;
    struct addr from;
    struct waiter waiter;
    struct thread thread;
    _Atomic bool is_queued; /* has checked whether it must end, and so is queued */
    _Atomic bool over;   /* must end */
    _Atomic bool has_begun, has_failed, may_end;
};

static struct requester g[8];

static bool look(void *arg)
{
    struct requester *one = arg;
    one->is_queued = true;
    return one->over;
}

static bool may_end(void *arg)
{
    return ((struct requester *)arg)->may_end;
}

static void visit(void *arg)
{
    struct requester *one = arg;
    if (!hashing_begin(&one->turn, &one->from, &one->waiter)) {
        one->has_failed = true;
        return;
    }
    one->has_begun = true;
    unit_wait_for(may_end, one);
    hashing_end(&one->turn);
}

static bool has_begun(void *arg)
{
    return ((struct requester *)arg)->has_begun;
}

static bool has_failed(void *arg)
{
    return ((struct requester *)arg)->has_failed;
}

static bool is_queued_or_has_begun(void *arg)
{
    return ((struct requester *)arg)->is_queued || has_begun(arg) || has_failed(arg);
}

/* Starts a request from that address; it is queued, or its turn begins. */
static void request(struct requester *one, const char *address)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET};
    memset(one, 0, sizeof *one);
    inet_pton(AF_INET, address, &((struct sockaddr_in *)&ss)->sin_addr);
    addrs_from(&one->from, &ss);
    notifier_init(&one->notifier);
    one->waiter = (struct waiter){.notifier = &one->notifier, .is_over = look, .arg = one};
    assert_int_equal(thread_start(&one->thread, "requester", 64 * 1024, visit, one), 0);
    unit_until(is_queued_or_has_begun, one);
}

/* Its turn begins; it ends the turn. */
static void finish_turn(struct requester *one)
{
    unit_until(has_begun, one);
    one->may_end = true;
    thread_join(&one->thread);
    notifier_fini(&one->notifier);
}

/* It is refused. */
static void expect_refused(struct requester *one)
{
    unit_until(has_failed, one);
    thread_join(&one->thread);
    notifier_fini(&one->notifier);
}

static void a_limited_number_hash_and_the_next_when_one_ends(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 2);
    for (int i = 0; i < 4; i++)
        request(&g[i], "192.0.2.1");
    assert_true(g[0].has_begun && g[1].has_begun);
    assert_false(g[2].has_begun || g[3].has_begun);
    finish_turn(&g[1]);
    unit_until(has_begun, &g[2]);
    assert_false(g[3].has_begun);
    finish_turn(&g[0]);
    finish_turn(&g[2]);
    finish_turn(&g[3]);
}

static void requests_of_one_address_keep_their_order(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    for (int i = 0; i < 6; i++)
        request(&g[i], "192.0.2.1");
    for (int i = 0; i < 6; i++) {
        unit_until(has_begun, &g[i]);
        for (int later = i + 1; later < 6; later++)
            assert_false(g[later].has_begun);
        finish_turn(&g[i]);
    }
}

static void an_address_with_many_requests_takes_turns_with_others(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    for (int i = 0; i < 5; i++)
        request(&g[i], "192.0.2.1"); /* one is hashing, and four rounds wait */
    request(&g[5], "192.0.2.2");
    request(&g[6], "192.0.2.2");
    request(&g[7], "192.0.2.3");
    static const int order[] = {0, 1, 5, 7, 2, 6, 3, 4};
    for (int i = 0; i < 8; i++) {
        unit_until(has_begun, &g[order[i]]);
        for (int later = i + 1; later < 8; later++)
            assert_false(g[order[later]].has_begun);
        finish_turn(&g[order[i]]);
    }
}

static void a_request_without_a_turn_in_time_is_refused_and_leaves_no_gap(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    request(&g[0], "192.0.2.1");
    hashing_configure(0, 1);
    request(&g[1], "192.0.2.1");
    expect_refused(&g[1]);
    hashing_configure(LONG_MS, 1);
    request(&g[2], "192.0.2.1");
    finish_turn(&g[0]);
    finish_turn(&g[2]);
    hashing_configure(0, 1); /* a request that need not wait passes whatever the bound */
    request(&g[3], "192.0.2.1");
    finish_turn(&g[3]);
}

static void a_request_of_a_session_that_ends_is_refused(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    request(&g[0], "192.0.2.1");
    request(&g[1], "192.0.2.1");
    request(&g[2], "192.0.2.1");
    g[1].over = true;
    notifier_notify(&g[1].notifier);
    expect_refused(&g[1]);
    finish_turn(&g[0]);
    finish_turn(&g[2]);
}

static void a_raised_limit_applies_from_the_next_request(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    request(&g[0], "192.0.2.1");
    request(&g[1], "192.0.2.1");
    hashing_configure(LONG_MS, 3);
    request(&g[2], "192.0.2.1");
    unit_until(has_begun, &g[1]);
    unit_until(has_begun, &g[2]);
    for (int i = 0; i < 3; i++)
        finish_turn(&g[i]);
}

static void a_password_is_checked_against_its_hash(void **state)
{
    char hash[SECRET_HASH];
    struct notifier notifier;
    struct waiter w = {.notifier = &notifier};
    (void)state;
    if (!secret_available())
        skip();
    hashing_configure(LONG_MS, 1);
    secret_configure(64, 1);
    notifier_init(&notifier);
    assert_int_equal(hashing_make(hash, "open sesame", NULL, &w), HASHING_DONE);
    assert_int_equal(hashing_check(hash, "open sesame", NULL, &w), HASHING_DONE);
    assert_int_equal(hashing_check(hash, "open barley", NULL, &w), HASHING_WRONG);
    hashing_configure(0, 0); /* no turns at all */
    assert_int_equal(hashing_check(hash, "open sesame", NULL, &w), HASHING_BUSY);
    assert_int_equal(hashing_make(hash, "open sesame", NULL, &w), HASHING_BUSY);
    notifier_fini(&notifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limited_number_hash_and_the_next_when_one_ends),
        cmocka_unit_test(requests_of_one_address_keep_their_order),
        cmocka_unit_test(an_address_with_many_requests_takes_turns_with_others),
        cmocka_unit_test(a_request_without_a_turn_in_time_is_refused_and_leaves_no_gap),
        cmocka_unit_test(a_request_of_a_session_that_ends_is_refused),
        cmocka_unit_test(a_raised_limit_applies_from_the_next_request),
        cmocka_unit_test(a_password_is_checked_against_its_hash),
    };
    alarm(300);
    must(secret_start() == 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
