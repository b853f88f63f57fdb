/* SPDX-License-Identifier: ISC */
/* Shared messages: copied once, counted, and freed with the last reference, as the leak checker proves. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread.h"
#include "net/msg.h"

#include <string.h>
#include <unistd.h>

static void a_message_is_a_copy(void **state)
{
    (void)state;
    char data[] = "he\0llo";
    struct msg *m = msg_new(data, 6);
    memset(data, 'x', sizeof data);
    assert_int_equal(m->len, 6);
    assert_memory_equal(m->data, "he\0llo", 6);
    msg_unref(m);
}

static void each_reference_counts_once(void **state)
{
    (void)state;
    struct msg *m = msg_new("x", 1);
    assert_int_equal(m->refs, 1);
    assert_ptr_equal(msg_ref(m), m);
    assert_int_equal(m->refs, 2);
    msg_unref(m);
    assert_int_equal(m->refs, 1);
    assert_int_equal(m->data[0], 'x');
    msg_unref(m);
}

#define THREADS 4
#define ROUNDS 5000

static void ref_and_unref(void *arg)
{
    struct msg *m = arg;
    for (int i = 0; i < ROUNDS; i++)
        msg_unref(msg_ref(m));
    msg_unref(m);
}

static void many_threads_can_share_one_message(void **state)
{
    (void)state;
    struct thread t[THREADS];
    struct msg *m = msg_new("shared", 6);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(thread_start(&t[i], "holder", 64 * 1024, ref_and_unref, msg_ref(m)), 0);
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    assert_int_equal(m->refs, 1);
    assert_memory_equal(m->data, "shared", 6);
    msg_unref(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_a_copy),
        cmocka_unit_test(each_reference_counts_once),
        cmocka_unit_test(many_threads_can_share_one_message),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
