/* SPDX-License-Identifier: ISC */
/*
 * Framing. The lines depend only on the bytes and never on how they were split: a generator makes streams, each is fed
 * whole and in many splits, and the lines are compared with those of a reader of one byte at a time.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/line.h"
#include "tests/lib/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 64 /* maximum bytes of a line, in most tests */
#define CAP_SMALL 2048
#define CAP_LARGE 16384

/* The returned starts of lines that are too long, each followed by a NUL. */
static struct buf starts;

static int forget_starts(void **state)
{
    (void)state;
    buf_fini(&starts);
    return 0;
}

/* Writes the results as text: R<bytes> for a line, L for one too long, each followed by a NUL. */
static void drain(struct line *l, size_t max, struct buf *seen)
{
    char *text;
    size_t len;
    enum line_status s;
    while ((s = line_next(l, max, &text, &len)) != LINE_NONE) {
        assert_int_equal(text[len], '\0');
        buf_char(seen, s == LINE_READY ? 'R' : 'L');
        buf_add(s == LINE_READY ? seen : &starts, text, len);
        buf_char(s == LINE_READY ? seen : &starts, '\0');
        if (s == LINE_TOO_LONG)
            buf_char(seen, '\0');
    }
}

/* Feeds a piece, in as many reads as the buffer needs. */
static void feed(struct line *l, size_t max, const char *data, size_t size, struct buf *seen)
{
    while (size) {
        char *space;
        size_t room;
        line_space(l, max, &space, &room);
        assert_true(room > 0);
        if (room > size)
            room = size;
        memcpy(space, data, room);
        line_filled(l, room);
        drain(l, max, seen);
        data += room;
        size -= room;
    }
}

static void feed_text(struct line *l, const char *text, struct buf *seen)
{
    feed(l, MAX, text, strlen(text), seen);
}

static void expect(const struct buf *seen, const char *want, size_t size)
{
    assert_int_equal(seen->len, size);
    assert_memory_equal(buf_text(seen), want, size);
}

#define EXPECT(seen, text) expect(seen, text, sizeof(text) - 1)

/* ---- the property ---- */

/* The rule of the protocol, written a second time as simply as possible. */
static void reference(size_t max, const char *data, size_t size, struct buf *seen)
{
    for (size_t at = 0; at < size;) {
        const char *lf = memchr(data + at, '\n', size - at);
        size_t len = lf ? (size_t)(lf - data) + 1 - at : size - at;
        if (lf ? len > max : len >= max) { /* without a line end, `max` bytes are already too many */
            buf_add(seen, "L", 2);
        } else if (lf) {
            size_t text = len - 1;
            if (text && data[at + text - 1] == '\r')
                text--;
            buf_char(seen, 'R');
            buf_add(seen, data + at, text);
            buf_char(seen, '\0');
        }
        at += len;
    }
}

/* Lines whose lengths are mostly near the limit, with CRs, NULs and empty lines among them. */
static void generate(struct buf *data, uint64_t *seed)
{
    static const char letters[] = "abc\r\r\0xyz \xff";
    int lines = 1 + (int)(unit_random(seed) % 12);
    while (lines--) {
        uint32_t kind = unit_random(seed) % 8;
        size_t len = kind < 4 ? unit_random(seed) % 8 : kind < 7 ? MAX - 3 + unit_random(seed) % 7 : 3 * MAX;
        while (len--)
            buf_char(data, letters[unit_random(seed) % (sizeof letters - 1)]);
        if (unit_random(seed) % 3)
            buf_char(data, '\r');
        if (lines || unit_random(seed) % 2)
            buf_char(data, '\n');
    }
}

static void check_cutting(const struct buf *data, const struct buf *want, size_t most_a_piece, uint64_t *seed)
{
    struct line l;
    struct buf seen = {0};
    line_init(&l);
    for (size_t at = 0; at < data->len;) {
        size_t piece = most_a_piece == 1 ? 1 : 1 + unit_random(seed) % most_a_piece;
        if (piece > data->len - at)
            piece = data->len - at;
        feed(&l, MAX, data->data + at, piece, &seen);
        at += piece;
    }
    assert_int_equal(seen.len, want->len);
    if (want->len)
        assert_memory_equal(seen.data, want->data, want->len);
    buf_fini(&seen);
    line_fini(&l);
}

/* The start of a first line that is too long is checked for HTTP, so it must not depend on the splits either. */
static void however_it_is_split_the_start_of_a_long_line_is_the_same(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, MAX - 1, MAX, MAX + 1, 5000};
    uint64_t seed = 3;
    for (int i = 0; i < 300; i++) {
        struct buf data = {0}, want = {0}, first = {0};
        generate(&data, &seed);
        reference(MAX, buf_text(&data), data.len, &want);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            buf_clear(&starts);
            check_cutting(&data, &want, pieces[p], &seed);
            if (p == 0)
                buf_add(&first, buf_text(&starts), starts.len);
            assert_int_equal(starts.len, first.len);
            if (first.len)
                assert_memory_equal(starts.data, first.data, first.len);
        }
        buf_fini(&data);
        buf_fini(&want);
        buf_fini(&first);
        buf_fini(&starts);
    }
}

static void however_the_bytes_are_split_the_lines_are_the_same(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 2, 3, 7, MAX - 1, MAX, MAX + 1, 5000};
    uint64_t seed = 2;
    for (int i = 0; i < 3000; i++) {
        struct buf data = {0}, want = {0};
        generate(&data, &seed);
        reference(MAX, buf_text(&data), data.len, &want);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++)
            check_cutting(&data, &want, pieces[p], &seed);
        buf_fini(&data);
        buf_fini(&want);
    }
}

static void every_single_split_gives_the_same_lines(void **state)
{
    (void)state;
    static const char stream[] =
        "one\r\n\r\n\ntwo\r\r\nthree\n0123456789012345678901234567890123456789012345678901234567"
        "890123456789\r\nfour\nunfinished";
    struct buf want = {0};
    reference(MAX, stream, sizeof stream - 1, &want);
    for (size_t cut = 0; cut < sizeof stream; cut++) {
        struct line l;
        struct buf seen = {0};
        line_init(&l);
        feed(&l, MAX, stream, cut, &seen);
        feed(&l, MAX, stream + cut, sizeof stream - 1 - cut, &seen);
        expect(&seen, want.data, want.len);
        buf_fini(&seen);
        line_fini(&l);
    }
    buf_fini(&want);
}

/* ---- limits ---- */

/* A line of `size` bytes with its end. */
static void check_size(size_t max, size_t size, const char *end, bool fits)
{
    struct line l;
    struct buf data = {0}, seen = {0}, want = {0};
    size_t text = size - strlen(end);
    line_init(&l);
    for (size_t i = 0; i < text; i++)
        buf_char(&data, 'x');
    buf_str(&data, end);
    assert_int_equal(data.len, size);
    if (fits) {
        buf_char(&want, 'R');
        buf_add(&want, data.data, text);
        buf_char(&want, '\0');
    } else {
        buf_add(&want, "L", 2);
    }
    buf_str(&data, "next\n");
    buf_add(&want, "Rnext", 6);
    for (size_t piece = 1; piece < max + 10; piece = piece * 3 + 1) {
        buf_clear(&seen);
        for (size_t at = 0; at < data.len; at += piece)
            feed(&l, max, data.data + at, data.len - at < piece ? data.len - at : piece, &seen);
        expect(&seen, want.data, want.len);
    }
    buf_fini(&data);
    buf_fini(&seen);
    buf_fini(&want);
    line_fini(&l);
}

static void a_line_may_reach_the_limit_including_its_end(void **state)
{
    (void)state;
    static const size_t limits[] = {MAX, 512, 2047, 2048, 2049, 4096, 16383, 16384, 16385, 65536};
    static const char *const ends[] = {"\n", "\r\n"};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (size_t e = 0; e < 2; e++)
            for (size_t size = limits[i] - 2; size <= limits[i] + 2; size++)
                check_size(limits[i], size, ends[e], size <= limits[i]);
}

static void a_long_line_is_reported_as_soon_as_it_passes_the_limit(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    char x[MAX];
    memset(x, 'x', sizeof x);
    line_init(&l);
    feed(&l, MAX, x, MAX - 1, &seen);
    EXPECT(&seen, "");
    feed(&l, MAX, x, 1, &seen); /* whatever follows, the line has more than MAX bytes */
    EXPECT(&seen, "L\0");
    feed(&l, MAX, x, MAX, &seen);
    feed_text(&l, "rest\nnext\n", &seen);
    EXPECT(&seen, "L\0Rnext\0");
    buf_fini(&seen);
    line_fini(&l);
}

static void an_endless_line_is_reported_once_and_takes_no_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {64 << 10, 1 << 20};
    char *x = malloc(1 << 20);
    assert_non_null(x);
    memset(x, 'x', 1 << 20);
    for (size_t i = 0; i < 2; i++) {
        struct line l;
        struct buf seen = {0};
        line_init(&l);
        feed(&l, 4096, x, sizes[i], &seen);
        EXPECT(&seen, "L\0");
        assert_true(starts.len <= CAP_LARGE);
        assert_true(l.cap <= CAP_LARGE);
        feed(&l, 4096, "end\nnext\r\n", 10, &seen);
        EXPECT(&seen, "L\0Rnext\0");
        buf_fini(&seen);
        line_fini(&l);
    }
    free(x);
}

/* ---- ends of lines ---- */

static void one_cr_before_the_lf_is_dropped_and_no_other(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    line_init(&l);
    feed_text(&l, "plain\nnet\r\ntwo\r\r\nin\rside\n\r\n\n\rfirst\n", &seen);
    EXPECT(&seen, "Rplain\0Rnet\0Rtwo\r\0Rin\rside\0R\0R\0R\rfirst\0");
    buf_fini(&seen);
    line_fini(&l);
}

static void a_cr_and_its_lf_may_arrive_separately(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    line_init(&l);
    feed_text(&l, "word\r", &seen);
    EXPECT(&seen, "");
    feed_text(&l, "\n", &seen);
    EXPECT(&seen, "Rword\0");
    buf_fini(&seen);
    line_fini(&l);
}

static void nul_bytes_pass_with_their_length(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    line_init(&l);
    feed(&l, MAX, "a\0b\n", 4, &seen);
    EXPECT(&seen, "Ra\0b\0");
    buf_fini(&seen);
    line_fini(&l);
}

/* ---- memory ---- */

static size_t read_once(struct line *l, size_t size)
{
    char *space, data[CAP_LARGE];
    size_t room, len;
    char *text;
    memset(data, 'x', sizeof data);
    for (size_t i = 99; i < sizeof data; i += 100)
        data[i] = '\n';
    line_space(l, 4096, &space, &room);
    if (size > room)
        size = room;
    memcpy(space, data, size);
    space[size - 1] = '\n';
    line_filled(l, size);
    while (line_next(l, 4096, &text, &len) != LINE_NONE)
        ;
    return size;
}

static void the_buffer_grows_while_reads_fill_it_and_shrinks_again(void **state)
{
    (void)state;
    struct line l;
    line_init(&l);
    assert_int_equal(l.cap, CAP_SMALL);
    for (int i = 0; i < 10; i++)
        read_once(&l, CAP_LARGE);
    assert_int_equal(l.cap, CAP_LARGE);
    assert_int_equal(read_once(&l, CAP_LARGE), CAP_LARGE);
    read_once(&l, 100); /* the end of a long input comes in a small piece */
    assert_int_equal(l.cap, CAP_LARGE);
    for (int i = 0; i < 5; i++)
        read_once(&l, 100);
    assert_int_equal(l.cap, CAP_SMALL);
    line_fini(&l);
}

static void the_buffer_does_not_grow_for_small_reads(void **state)
{
    (void)state;
    struct line l;
    line_init(&l);
    for (int i = 0; i < 1000; i++)
        read_once(&l, 200);
    assert_int_equal(l.cap, CAP_SMALL);
    line_fini(&l);
}

static void a_reset_forgets_the_last_client(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    char x[CAP_LARGE];
    memset(x, 'x', sizeof x);
    line_init(&l);
    feed(&l, 65536, x, sizeof x, &seen); /* half a line, in a large buffer */
    line_reset(&l);
    assert_int_equal(l.cap, CAP_SMALL);
    feed_text(&l, "new\n", &seen);
    EXPECT(&seen, "Rnew\0");
    feed(&l, MAX, x, MAX, &seen); /* now skipping */
    line_reset(&l);
    feed_text(&l, "third\n", &seen);
    EXPECT(&seen, "Rnew\0L\0Rthird\0");
    buf_fini(&seen);
    line_fini(&l);
}

struct lowering {
    size_t before, after, size;
};

static void lower_the_limit(void *arg)
{
    const struct lowering *lo = arg;
    struct line l;
    struct buf seen = {0};
    char *x = malloc(lo->size);
    memset(x, 'x', lo->size);
    line_init(&l);
    feed(&l, lo->before, x, lo->size, &seen);
    feed(&l, lo->after, "y", 1, &seen);
    line_fini(&l);
    buf_fini(&seen);
    free(x);
}

static void a_limit_lowered_within_a_line_does_no_harm(void **state)
{
    (void)state;
    struct lowering full = {65536, 512, 32768}; /* the buffer is full when the new limit comes */
    struct lowering part = {65536, 512, 20000};
    assert_false(unit_aborts(lower_the_limit, &part));
    assert_false(unit_aborts(lower_the_limit, &full));
}

static void a_limit_lowered_within_a_line_applies_to_it(void **state)
{
    (void)state;
    struct line l;
    struct buf seen = {0};
    char x[3000];
    memset(x, 'x', sizeof x);
    line_init(&l);
    feed(&l, 65536, x, sizeof x, &seen);
    EXPECT(&seen, "");
    feed(&l, 512, "y", 1, &seen);
    EXPECT(&seen, "L\0");
    feed(&l, 512, "\nnext\n", 6, &seen);
    EXPECT(&seen, "L\0Rnext\0");
    buf_fini(&seen);
    line_fini(&l);
}

/* How many times the text occurs anywhere in the buffer. */
static int count(const struct line *l, const char *text)
{
    int n = 0;
    for (size_t i = 0; i + strlen(text) <= l->cap; i++)
        n += memcmp(l->data + i, text, strlen(text)) == 0;
    return n;
}

static void put(struct line *l, const char *text)
{
    char *space;
    size_t room;
    line_space(l, MAX, &space, &room);
    assert_true(strlen(text) <= room);
    memcpy(space, text, strlen(text));
    line_filled(l, strlen(text));
}

static void a_wipe_clears_returned_bytes_and_not_unread_ones(void **state)
{
    (void)state;
    struct line l;
    char *text;
    size_t len;
    line_init(&l);
    memset(l.data, 0, l.cap);
    put(&l, "secret\nnext\nhalf");
    assert_int_equal(line_next(&l, MAX, &text, &len), LINE_READY);
    assert_int_equal(count(&l, "secret"), 1);
    line_wipe(&l);
    assert_int_equal(count(&l, "secret"), 0);
    assert_int_equal(line_next(&l, MAX, &text, &len), LINE_READY);
    assert_string_equal(text, "next");
    assert_int_equal(line_next(&l, MAX, &text, &len), LINE_NONE);
    put(&l, " a secret\nmore"); /* moves the half to the front and leaves a copy of it */
    assert_int_equal(line_next(&l, MAX, &text, &len), LINE_READY);
    assert_string_equal(text, "half a secret");
    line_wipe(&l);
    assert_int_equal(count(&l, "half"), 0);
    assert_int_equal(count(&l, "secret"), 0);
    put(&l, " to come\n");
    assert_int_equal(line_next(&l, MAX, &text, &len), LINE_READY);
    assert_string_equal(text, "more to come");
    line_wipe(&l); /* the last line */
    assert_int_equal(count(&l, "more"), 0);
    line_fini(&l);
}

static void nothing_is_left_for_the_next_client(void **state)
{
    (void)state;
    struct line l;
    line_init(&l);
    put(&l, "half a secret");
    line_reset(&l);
    assert_int_equal(count(&l, "secret"), 0);
    line_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(however_the_bytes_are_split_the_lines_are_the_same, forget_starts),
        cmocka_unit_test_teardown(however_it_is_split_the_start_of_a_long_line_is_the_same, forget_starts),
        cmocka_unit_test_teardown(every_single_split_gives_the_same_lines, forget_starts),
        cmocka_unit_test_teardown(a_line_may_reach_the_limit_including_its_end, forget_starts),
        cmocka_unit_test_teardown(a_long_line_is_reported_as_soon_as_it_passes_the_limit, forget_starts),
        cmocka_unit_test_teardown(an_endless_line_is_reported_once_and_takes_no_memory, forget_starts),
        cmocka_unit_test_teardown(one_cr_before_the_lf_is_dropped_and_no_other, forget_starts),
        cmocka_unit_test_teardown(a_cr_and_its_lf_may_arrive_separately, forget_starts),
        cmocka_unit_test_teardown(nul_bytes_pass_with_their_length, forget_starts),
        cmocka_unit_test_teardown(the_buffer_grows_while_reads_fill_it_and_shrinks_again, forget_starts),
        cmocka_unit_test_teardown(the_buffer_does_not_grow_for_small_reads, forget_starts),
        cmocka_unit_test_teardown(a_reset_forgets_the_last_client, forget_starts),
        cmocka_unit_test_teardown(a_limit_lowered_within_a_line_does_no_harm, forget_starts),
        cmocka_unit_test_teardown(a_limit_lowered_within_a_line_applies_to_it, forget_starts),
        cmocka_unit_test(a_wipe_clears_returned_bytes_and_not_unread_ones),
        cmocka_unit_test(nothing_is_left_for_the_next_client),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
