/* SPDX-License-Identifier: ISC */
/*
 * Watched names: what a watcher is told and answered is in the order in which the name was taken and given back,
 * whichever threads do that; and a watcher may end at any time.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lock.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "net/post.h"
#include "proto/irc.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ONLINE ":chatd 730 * :"
#define OFFLINE ":chatd 731 * :"

static struct unit_member watcher, bob;

static bool claim(struct member *m, const char *name)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = name};
    return users_claim(m, &(struct claim){.name = name, .answer = &welcome});
}

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    accounts_start();
    users_start();
    unit_member_start(&watcher, "watcher", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    watcher.member.form = FORM_IRC;
    assert_true(claim(&watcher.member, "watcher"));
    unit_member_clear(&watcher);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_release(&watcher.member);
    users_release(&bob.member);
    unit_member_stop(&watcher);
    unit_member_stop(&bob);
    assert_int_equal(users_watched_count(), 0);
    users_stop();
    accounts_stop();
    return 0;
}

static void answer_nothing(void *arg)
{
    (void)arg;
}

static struct users_watched watch(struct member *m, const char *name, int most)
{
    struct users_watched v = {.is_online = false};
    memcpy(v.name, name, strlen(name) + 1);
    users_watch(m, &(struct users_watching){.v = &v, .n = 1, .most = most, .answer = answer_nothing});
    return v;
}

static void a_watcher_is_told_and_each_change_once(void **state)
{
    struct users_watched v = watch(&watcher.member, "BOB", 9);
    (void)state;
    assert_false(v.is_online);
    assert_string_equal(v.name, "BOB");
    assert_true(claim(&bob.member, "Bob"));
    unit_member_hears(&watcher, ONLINE "Bob!chat@guest-Bob\n");
    v = watch(&watcher.member, "bob", 9);
    assert_true(v.is_online);
    assert_string_equal(v.name, "Bob");
    users_release(&bob.member);
    users_release(&bob.member);
    unit_member_hears(&watcher, OFFLINE "Bob\n");
    users_unwatch(&watcher.member, "bOb");
    assert_true(claim(&bob.member, "bob"));
    unit_member_hears(&watcher, "");
}

static void a_new_name_is_another_one_but_not_in_another_case(void **state)
{
    (void)state;
    assert_true(claim(&bob.member, "bob"));
    watch(&watcher.member, "bob", 9);
    watch(&watcher.member, "ann", 9);
    assert_true(claim(&bob.member, "BOB"));
    unit_member_hears(&watcher, "");
    assert_true(claim(&bob.member, "ann"));
    unit_member_hears(&watcher, OFFLINE "BOB\n" ONLINE "ann!chat@guest-ann\n");
    users_renamed(&bob.member);
    unit_member_hears(&watcher, "");
}

static void the_most_is_kept_to(void **state)
{
    struct users_watched *v;
    (void)state;
    assert_false(watch(&watcher.member, "one", 2).is_refused);
    assert_false(watch(&watcher.member, "two", 2).is_refused);
    assert_true(watch(&watcher.member, "three", 2).is_refused);
    assert_false(watch(&watcher.member, "ONE", 1).is_refused); /* it is watched already */
    assert_int_equal(users_watched_count(), 2);
    assert_int_equal(users_watched(&watcher.member, &v), 2);
    assert_string_equal(v[0].name, "one");
    assert_string_equal(v[1].name, "two");
    free(v);
    users_unwatch_all(&watcher.member);
    assert_int_equal(users_watched(&watcher.member, &v), 0);
    free(v);
}

/* Nobody reads what it is told. */
static void a_watcher_that_stops_delays_nobody(void **state)
{
    (void)state;
    unit_limits(UNIT_TIGHT);
    watch(&watcher.member, "bob", 9);
    while (outbox_reason(watcher.client.outbox) == CLOSE_OPEN) {
        assert_true(claim(&bob.member, "bob"));
        users_release(&bob.member);
        unit_member_clear(&bob);
    }
    assert_int_equal(outbox_reason(watcher.client.outbox), CLOSE_SLOW);
    assert_true(claim(&bob.member, "bob")); /* it is in the table until it has gone */
    outbox_finish(watcher.client.outbox, NULL);
    outbox_abandon(watcher.client.outbox);
}

/* ---- with threads ---- */

#define RIVALS 2
#define ROUNDS 300
#define PASSERS 2

static _Atomic int rivals_left;

/* A member without a client: entries put for it are discarded. */
struct other {
    struct member m;
    struct outbox *outbox;
    struct notifier notifier;
    struct thread thread;
};

static struct other others[RIVALS + PASSERS];

/* Takes the name and gives it back, in all rounds. */
static void come_and_go(void *arg)
{
    struct other *o = arg;
    for (int n = 0; n < ROUNDS;) {
        if (claim(&o->m, "prize")) {
            n++;
            sched_yield();
            users_release(&o->m);
        }
        post_flush();
        sched_yield();
    }
    rivals_left--;
}

/* Watches the name, and ends while it may be told of it. */
static void pass_by(void *arg)
{
    struct other *o = arg;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "passer%d", (int)(o - others));
    while (rivals_left) {
        claim(&o->m, name);
        watch(&o->m, "prize", 9);
        sched_yield();
        users_release(&o->m);
        post_flush();
    }
}

static void start_others(void)
{
    rivals_left = RIVALS;
    for (int i = 0; i < RIVALS + PASSERS; i++) {
        struct other *o = &others[i];
        notifier_init(&o->notifier);
        o->outbox = outbox_new(&o->notifier);
        o->m = (struct member){.outbox = o->outbox, .notifier = &o->notifier, .form = FORM_IRC, .id = unit_gen()};
    }
    for (int i = 0; i < RIVALS + PASSERS; i++)
        assert_int_equal(thread_start(&others[i].thread, "other", 64 * 1024, i < RIVALS ? come_and_go : pass_by,
                                      &others[i]), 0);
}

static void end_others(void)
{
    for (int i = 0; i < RIVALS + PASSERS; i++)
        thread_join(&others[i].thread);
    for (int i = 0; i < RIVALS + PASSERS; i++) {
        outbox_free(&others[i].outbox);
        notifier_fini(&others[i].notifier);
    }
}

static void answer_state(void *arg)
{
    const struct users_watched *v = arg;
    lock_assert_held(LOCK_WATCHES); /* so nothing is told before the answer is put */
    unit_put(watcher.client.outbox, v->is_online ? "is online\r\n" : "is offline\r\n");
}

/* Whoever comes is told of by 730, whoever goes by 731, in turn; an answer says the same as what was told last. */
static int check_order(const char *line)
{
    int answers = 0;
    bool is_known = false, is_online = false;
    for (const char *end; (end = strstr(line, "\r\n")); line = end + 2) {
        bool is_answer = strncmp(line, "is ", 3) == 0;
        bool says_online = strncmp(line, "is online", 9) == 0 || strncmp(line, ONLINE, strlen(ONLINE)) == 0;
        if (is_known)
            assert_int_equal(says_online, is_answer ? is_online : !is_online);
        is_known = true;
        is_online = says_online;
        answers += is_answer;
    }
    assert_false(is_online);
    return answers;
}

static void what_is_told_and_answered_is_in_order(void **state)
{
    struct buf heard = {0}, all = {0};
    int asked = 0;
    (void)state;
    start_others();
    for (bool is_over = false; !is_over; asked++) {
        struct users_watched v = {.name = "prize"};
        is_over = !rivals_left;
        users_watch(&watcher.member, &(struct users_watching){.v = &v, .n = 1, .most = 1, .answer = answer_state,
                                                              .arg = &v});
        buf_str(&all, unit_client_heard(&watcher.client, &heard));
    }
    end_others();
    assert_int_equal(check_order(buf_text(&all)), asked);
    buf_fini(&heard);
    buf_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_watcher_is_told_and_each_change_once),
        TEST(a_new_name_is_another_one_but_not_in_another_case),
        TEST(the_most_is_kept_to),
        TEST(a_watcher_that_stops_delays_nobody),
        TEST(what_is_told_and_answered_is_in_order),
    };
    alarm(120);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
