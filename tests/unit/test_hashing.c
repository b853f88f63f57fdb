/* SPDX-License-Identifier: ISC */
/* Turns at hashing: so many at once, each address in its turn, and nobody waits for ever. Nothing here is timed: each
 * who asks has a thread of its own, which says when it stands in line and when it is let in. */
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

struct guest {
    struct turn turn;
    struct notifier notifier;
    struct addr from;
    struct waiter waiter;
    struct thread thread;
    _Atomic bool stands; /* has looked whether it has to end, and so is in line */
    _Atomic bool over;   /* has to end */
    _Atomic bool has_begun, has_failed, may_end;
};

static struct guest g[8];

static bool look(void *arg)
{
    struct guest *one = arg;
    one->stands = true;
    return one->over;
}

static bool may_end(void *arg)
{
    return ((struct guest *)arg)->may_end;
}

static void visit(void *arg)
{
    struct guest *one = arg;
    if (!hashing_begin(&one->turn, &one->from, &one->waiter)) {
        one->has_failed = true;
        return;
    }
    one->has_begun = true;
    unit_comes(may_end, one);
    hashing_end(&one->turn);
}

static bool has_begun(void *arg)
{
    return ((struct guest *)arg)->has_begun;
}

static bool has_failed(void *arg)
{
    return ((struct guest *)arg)->has_failed;
}

static bool stands_or_has_begun(void *arg)
{
    return ((struct guest *)arg)->stands || has_begun(arg) || has_failed(arg);
}

/* One more comes, from that address, and stands in line or is let in. */
static void come(struct guest *one, const char *address)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET};
    memset(one, 0, sizeof *one);
    inet_pton(AF_INET, address, &((struct sockaddr_in *)&ss)->sin_addr);
    addrs_from(&one->from, &ss);
    notifier_init(&one->notifier);
    one->waiter = (struct waiter){&one->notifier, look, one};
    assert_int_equal(thread_start(&one->thread, "guest", 64 * 1024, visit, one), 0);
    unit_until(stands_or_has_begun, one);
}

/* It is let in, ends its turn, and goes. */
static void serve(struct guest *one)
{
    unit_until(has_begun, one);
    one->may_end = true;
    thread_join(&one->thread);
    notifier_fini(&one->notifier);
}

/* It is turned away. */
static void turn_away(struct guest *one)
{
    unit_until(has_failed, one);
    thread_join(&one->thread);
    notifier_fini(&one->notifier);
}

static void so_many_are_at_work_and_the_next_when_one_ends(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 2);
    for (int i = 0; i < 4; i++)
        come(&g[i], "192.0.2.1");
    assert_true(g[0].has_begun && g[1].has_begun);
    assert_false(g[2].has_begun || g[3].has_begun);
    serve(&g[1]);
    unit_until(has_begun, &g[2]);
    assert_false(g[3].has_begun);
    serve(&g[0]);
    serve(&g[2]);
    serve(&g[3]);
}

static void those_of_one_address_come_in_their_order(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    for (int i = 0; i < 6; i++)
        come(&g[i], "192.0.2.1");
    for (int i = 0; i < 6; i++) {
        unit_until(has_begun, &g[i]);
        for (int later = i + 1; later < 6; later++)
            assert_false(g[later].has_begun);
        serve(&g[i]);
    }
}

static void who_asks_for_many_lets_others_in_between(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    for (int i = 0; i < 5; i++)
        come(&g[i], "192.0.2.1"); /* one at work, and four rounds */
    come(&g[5], "192.0.2.2");
    come(&g[6], "192.0.2.2");
    come(&g[7], "192.0.2.3");
    static const int order[] = {0, 1, 5, 7, 2, 6, 3, 4};
    for (int i = 0; i < 8; i++) {
        unit_until(has_begun, &g[order[i]]);
        for (int later = i + 1; later < 8; later++)
            assert_false(g[order[later]].has_begun);
        serve(&g[order[i]]);
    }
}

static void who_gets_no_turn_in_time_is_turned_away_and_leaves_no_gap(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    come(&g[0], "192.0.2.1");
    hashing_configure(0, 1);
    come(&g[1], "192.0.2.1");
    turn_away(&g[1]);
    hashing_configure(LONG_MS, 1);
    come(&g[2], "192.0.2.1");
    serve(&g[0]);
    serve(&g[2]);
    hashing_configure(0, 1); /* who need not wait is let in whatever the bound */
    come(&g[3], "192.0.2.1");
    serve(&g[3]);
}

static void who_has_to_end_is_turned_away(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    come(&g[0], "192.0.2.1");
    come(&g[1], "192.0.2.1");
    come(&g[2], "192.0.2.1");
    g[1].over = true;
    notifier_notify(&g[1].notifier);
    turn_away(&g[1]);
    serve(&g[0]);
    serve(&g[2]);
}

static void more_at_once_is_in_force_with_the_next_who_comes(void **state)
{
    (void)state;
    hashing_configure(LONG_MS, 1);
    come(&g[0], "192.0.2.1");
    come(&g[1], "192.0.2.1");
    hashing_configure(LONG_MS, 3);
    come(&g[2], "192.0.2.1");
    unit_until(has_begun, &g[1]);
    unit_until(has_begun, &g[2]);
    for (int i = 0; i < 3; i++)
        serve(&g[i]);
}

static void a_password_is_held_against_its_hash(void **state)
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
    hashing_configure(0, 0); /* nobody at all */
    assert_int_equal(hashing_check(hash, "open sesame", NULL, &w), HASHING_BUSY);
    assert_int_equal(hashing_make(hash, "open sesame", NULL, &w), HASHING_BUSY);
    notifier_fini(&notifier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_are_at_work_and_the_next_when_one_ends),
        cmocka_unit_test(those_of_one_address_come_in_their_order),
        cmocka_unit_test(who_asks_for_many_lets_others_in_between),
        cmocka_unit_test(who_gets_no_turn_in_time_is_turned_away_and_leaves_no_gap),
        cmocka_unit_test(who_has_to_end_is_turned_away),
        cmocka_unit_test(more_at_once_is_in_force_with_the_next_who_comes),
        cmocka_unit_test(a_password_is_held_against_its_hash),
    };
    alarm(60);
    must(secret_start() == 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
