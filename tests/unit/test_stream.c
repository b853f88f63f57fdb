/* SPDX-License-Identifier: ISC */
/* Stacks of streams that record their calls, and the stream of tests/lib/stream_rot13.h. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/lock.h"
#include "net/stream.h"
#include "tests/lib/stream_rot13.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct buf trace;
static bool below_holds, above_holds;

struct noting {
    struct stream base;
    char name;
    int closes;
};

static void note(struct stream *st, const char *what)
{
    buf_printf(&trace, "%c.%s ", ((struct noting *)st)->name, what);
}

static ssize_t note_read(struct stream *st, void *data, size_t size)
{
    (void)data;
    (void)size;
    note(st, "read");
    return st->below ? stream_read(st->below, data, size) : 0;
}

static ssize_t note_write(struct stream *st, const struct iovec *iov, int count)
{
    note(st, "write");
    return st->below ? stream_write(st->below, iov, count) : (ssize_t)iov->iov_len;
}

static int note_push(struct stream *st, bool block)
{
    note(st, block ? "push" : "try-push");
    if (((struct noting *)st)->name == 'l' && below_holds && !block) {
        errno = EAGAIN;
        return -1;
    }
    return 0;
}

static bool note_holds(struct stream *st)
{
    return ((struct noting *)st)->name == 'l' ? below_holds : above_holds;
}

static void note_tick(struct stream *st, int64_t now_ms)
{
    (void)now_ms;
    note(st, "tick");
}

static void note_shut(struct stream *st, enum stream_shut how)
{
    note(st, how == STREAM_SHUT_READ ? "shut-read" : "shut-both");
}

static bool note_has_ended(struct stream *st)
{
    note(st, "has_ended");
    return true;
}

static bool note_acknowledged(struct stream *st, uint64_t *bytes)
{
    note(st, "acknowledged");
    *bytes = 7;
    return true;
}

static void note_linger(struct stream *st, int64_t until_ms)
{
    (void)until_ms;
    note(st, "linger");
}

static void note_close(struct stream *st)
{
    note(st, "close");
    ((struct noting *)st)->closes++;
}

static const struct stream_security *note_security(struct stream *st)
{
    static const struct stream_security security = {.version = "version", .cipher = "cipher"};
    (void)st;
    return &security;
}

static struct stream_failure note_failure(struct stream *st)
{
    (void)st;
    return (struct stream_failure){CLOSE_TLS, "detail"};
}

static const struct stream_ops bottom_ops = {
    .read = note_read,
    .write = note_write,
    .shut = note_shut,
    .has_ended = note_has_ended,
    .acknowledged = note_acknowledged,
    .linger = note_linger,
    .close = note_close,
};
static const struct stream_ops lower_ops = {
    .read = note_read,
    .write = note_write,
    .push = note_push,
    .holds = note_holds,
    .tick = note_tick,
    .close = note_close,
    .security = note_security,
    .failure = note_failure,
};
static const struct stream_ops upper_ops = {
    .read = note_read, .write = note_write, .push = note_push, .holds = note_holds, .tick = note_tick,
};

/* Each stands on a finished one, and knows its own layer. */
static void take_name(struct stream *st, const struct stream_layer *layer)
{
    if (*layer->name == 'u')
        assert_int_equal(((struct noting *)st->below)->name, 'l');
    ((struct noting *)st)->name = *layer->name;
}

static const struct stream_layer lower = {"lower", sizeof(struct noting), &lower_ops, take_name};
static const struct stream_layer upper = {"upper", sizeof(struct noting), &upper_ops, take_name};
static const struct stream_layer *const both[] = {&lower, &upper, NULL};

static struct noting bottom;

static int set_up(void **state)
{
    (void)state;
    bottom = (struct noting){.base = {.ops = &bottom_ops}, .name = 'b'};
    below_holds = above_holds = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buf_fini(&trace);
    return 0;
}

static void traced(const char *text)
{
    assert_string_equal(buf_text(&trace), text);
    buf_clear(&trace);
}

static void without_layers_the_bottom_is_the_top(void **state)
{
    (void)state;
    const struct stream_layer *const none[] = {NULL};
    assert_ptr_equal(stream_stack(&bottom.base, NULL), &bottom.base);
    assert_ptr_equal(stream_stack(&bottom.base, none), &bottom.base);
    assert_false(stream_holds(&bottom.base));
    assert_int_equal(stream_push(&bottom.base, true), 0);
    stream_tick(&bottom.base, 0);
    assert_null(stream_security(&bottom.base));
    assert_int_equal(stream_failure(&bottom.base).reason, CLOSE_GONE);
    stream_close(&bottom.base);
    traced("b.close ");
}

static void a_call_goes_to_the_highest_layer_that_implements_it(void **state)
{
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    uint64_t acked;
    (void)state;
    struct stream *top = stream_stack(&bottom.base, both);
    assert_int_equal(stream_read(top, &byte, 1), 0);
    traced("u.read l.read b.read ");
    assert_int_equal(stream_write(top, &iov, 1), 1);
    traced("u.write l.write b.write ");
    stream_shut(top, STREAM_SHUT_READ);
    stream_shut(top, STREAM_SHUT_BOTH);
    traced("b.shut-read b.shut-both ");
    assert_true(stream_has_ended(top));
    stream_linger(top, 0);
    traced("b.has_ended b.linger ");
    assert_false(stream_acknowledged(top, &acked)); /* never passed to the stream below, which counts other bytes */
    traced("");
    assert_string_equal(stream_security(top)->version, "version");
    assert_int_equal(stream_failure(top).reason, CLOSE_TLS);
    assert_string_equal(stream_failure(top).detail, "detail");
    assert_false(stream_can_try(top));
    stream_close(top); /* frees both, as the leak checker proves */
    traced("l.close b.close ");
    assert_int_equal(bottom.closes, 1);
}

static void a_push_begins_at_the_bottom_and_stops_at_a_failure(void **state)
{
    (void)state;
    struct stream *top = stream_stack(&bottom.base, both);
    assert_int_equal(stream_push(top, true), 0);
    traced("l.push u.push ");
    below_holds = true;
    assert_int_equal(stream_push(top, false), -1);
    assert_int_equal(errno, EAGAIN);
    traced("l.try-push ");
    stream_close(top);
}

static void any_layer_can_hold_and_all_are_ticked(void **state)
{
    (void)state;
    struct stream *top = stream_stack(&bottom.base, both);
    assert_false(stream_holds(top));
    below_holds = true;
    assert_true(stream_holds(top));
    below_holds = false;
    above_holds = true;
    assert_true(stream_holds(top));
    stream_tick(top, 0);
    traced("u.tick l.tick ");
    stream_close(top);
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void every_layer_can_poke_until_it_is_cleared(void **state)
{
    int pokes = 0;
    (void)state;
    struct stream *top = stream_stack(&bottom.base, both);
    stream_poke(top);
    stream_set_poke(top, count, &pokes);
    stream_poke(top);
    stream_poke(top->below);
    assert_int_equal(pokes, 2);
    stream_set_poke(top, NULL, NULL);
    stream_poke(top->below);
    assert_int_equal(pokes, 2);
    stream_close(top);
}

/* ---- calls that may block ---- */

static void under_a_hot_lock(void (*call)(void))
{
    struct lock l;
    lock_init(&l, LOCK_OUTBOX);
    lock_acquire(&l);
    call();
}

static void read_it(void)
{
    char byte;
    stream_read(&bottom.base, &byte, 1);
}

static void write_it(void)
{
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    stream_write(&bottom.base, &iov, 1);
}

static void linger_it(void)
{
    stream_linger(&bottom.base, 0);
}

static void push_it(void)
{
    stream_push(stream_stack(&bottom.base, both), true);
}

static void do_under_a_hot_lock(void *arg)
{
    under_a_hot_lock(*(void (**)(void))arg);
}

static void do_it(void *arg)
{
    (*(void (**)(void))arg)();
}

static void nothing_that_may_block_is_called_under_a_hot_lock(void **state)
{
    static void (*calls[])(void) = {read_it, write_it, linger_it, push_it};
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        assert_false(unit_aborts(do_it, &calls[i]));
        assert_true(unit_aborts(do_under_a_hot_lock, &calls[i]));
    }
}

/* ---- the test stream ---- */

static void the_test_stream_writes_each_byte_once_however_it_is_split(void **state)
{
    static const struct stream_layer *const layers[] = {&stream_rot13, &stream_rot13, NULL};
    struct unit_stream us;
    struct buf want = {0};
    char text[3 * ROT13_PIECE];
    uint64_t seed = 7;
    (void)state;
    unit_stream_init(&us);
    unit_stream_offer_try(&us);
    us.most = 1000;
    struct stream *top = stream_stack(&us.base, layers); /* rotated twice, it is the plain text */
    for (int i = 0; i < 2000; i++) {
        size_t n = 1 + unit_random(&seed) % (i % 50 ? 100 : sizeof text);
        bool block = unit_random(&seed) % 3 == 0;
        for (size_t k = 0; k < n; k++)
            text[k] = (char)(' ' + unit_random(&seed) % 95);
        buf_add(&want, text, n);
        for (size_t at = 0; at < n;) {
            struct iovec iov[2] = {{text + at, (n - at) / 2}, {text + at + (n - at) / 2, n - at - (n - at) / 2}};
            us.full = unit_random(&seed) % 2;
            size_t before = us.out.len;
            ssize_t got = block ? stream_write(top, iov, 2) : stream_try_write(top, iov, 2);
            if (got < 0) {
                assert_int_equal(errno, EAGAIN);
                assert_true(us.full || us.out.len > before || stream_holds(top));
                block = unit_random(&seed) % 2;
                continue;
            }
            assert_false(stream_holds(top)); /* a count is returned only when everything was passed down */
            at += (size_t)got;
        }
    }
    assert_int_equal(us.out.len, want.len);
    assert_memory_equal(us.out.data, want.data, want.len);
    stream_close(top);
    unit_stream_fini(&us);
    buf_fini(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(without_layers_the_bottom_is_the_top),
        TEST(a_call_goes_to_the_highest_layer_that_implements_it),
        TEST(a_push_begins_at_the_bottom_and_stops_at_a_failure),
        TEST(any_layer_can_hold_and_all_are_ticked),
        TEST(every_layer_can_poke_until_it_is_cleared),
        TEST(nothing_that_may_block_is_called_under_a_hot_lock),
        TEST(the_test_stream_writes_each_byte_once_however_it_is_split),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
