/* SPDX-License-Identifier: ISC */
/* A WebSocket stream over a pipe in memory that cuts what passes at any byte. The test is reader and drainer in turn. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/close.h"
#include "net/stream_ws.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <string.h>

#define FIN_TEXT 0x81
#define RESPONSE "HTTP/1.1 101 Switching Protocols\r\n\r\n"

static struct pipe {
    struct stream base; /* first */
    struct buf in, out; /* to chatd, to the client */
    size_t taken;
    size_t space;       /* of a write that may not block */
    size_t acked;
    uint64_t seed;
    bool never_cuts;
} below;
static struct stream *top;
static struct client_ws client;
static struct buf heard;
static size_t seen;

static ssize_t pipe_read(struct stream *st, void *data, size_t size)
{
    size_t left = below.in.len - below.taken;
    size_t n = left < size ? left : size;
    (void)st;
    if (n && !below.never_cuts)
        n = unit_random(&below.seed) % n + 1;
    if (n)
        memcpy(data, below.in.data + below.taken, n);
    below.taken += n;
    return (ssize_t)n;
}

static ssize_t add(const struct iovec *iov, int count, size_t most)
{
    size_t done = 0;
    for (int i = 0; i < count && done < most; i++) {
        size_t n = iov[i].iov_len < most - done ? iov[i].iov_len : most - done;
        buf_add(&below.out, iov[i].iov_base, n);
        done += n;
    }
    return (ssize_t)done;
}

static ssize_t pipe_write(struct stream *st, const struct iovec *iov, int count)
{
    (void)st;
    return add(iov, count, below.never_cuts ? SIZE_MAX : unit_random(&below.seed) % 50 + 1);
}

static ssize_t pipe_try_write(struct stream *st, const struct iovec *iov, int count)
{
    (void)st;
    if (!below.space) {
        errno = EAGAIN;
        return -1;
    }
    ssize_t n = add(iov, count, below.space);
    below.space -= (size_t)n;
    return n;
}

static void pipe_shut(struct stream *st, enum stream_shut how)
{
    (void)st;
    (void)how;
}

static bool pipe_acknowledged(struct stream *st, uint64_t *bytes)
{
    (void)st;
    *bytes = below.acked;
    return true;
}

static const struct stream_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .try_write = pipe_try_write,
    .shut = pipe_shut,
    .acknowledged = pipe_acknowledged,
};

static int set_up(void **state)
{
    static const struct stream_layer *const layers[] = {&stream_ws, NULL};
    (void)state;
    below = (struct pipe){.base = {.ops = &pipe_ops}, .seed = 13};
    client = (struct client_ws){0};
    heard = (struct buf){0};
    seen = 0;
    top = stream_stack(&below.base, layers);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stream_close(top);
    buf_fini(&below.in);
    buf_fini(&below.out);
    buf_fini(&client.raw);
    buf_fini(&client.rest);
    buf_fini(&heard);
    return 0;
}

static void begin(void)
{
    stream_ws_begin(top, RESPONSE, sizeof RESPONSE - 1, NULL, 0);
    assert_int_equal(stream_push(top, true), 0);
    assert_int_equal(below.out.len, sizeof RESPONSE - 1);
    seen = below.out.len;
}

/* The client reads what chatd has sent. */
static void listen_in(void)
{
    assert_true(client_ws_decode(&client, below.out.data + seen, below.out.len - seen, &heard));
    seen = below.out.len;
}

static void write_all(const char *text)
{
    size_t n = strlen(text);
    for (size_t at = 0; at < n;) {
        struct iovec iov = {(char *)(uintptr_t)text + at, n - at};
        ssize_t wrote = stream_write(top, &iov, 1);
        assert_true(wrote > 0);
        at += (size_t)wrote;
    }
}

/* All that chatd can read. */
static void read_all(struct buf *text)
{
    char data[7];
    ssize_t n;
    while ((n = stream_read(top, data, sizeof data)) > 0)
        buf_add(text, data, (size_t)n);
}

static void expect_read(const char *want)
{
    struct buf text = {0};
    read_all(&text);
    assert_string_equal(buf_text(&text), want);
    buf_fini(&text);
}

static void bytes_pass_as_they_are_until_it_begins(void **state)
{
    (void)state;
    buf_str(&below.in, "GET /ws HTTP/1.1\r\n\r\n");
    expect_read("GET /ws HTTP/1.1\r\n\r\n");
    write_all("HTTP/1.1 404 Not Found\r\n\r\n");
    assert_string_equal(buf_text(&below.out), "HTTP/1.1 404 Not Found\r\n\r\n");
    stream_finish(top, CLOSE_QUIT);
    assert_int_equal(below.out.len, 26);
    assert_true(stream_ws_can_begin(top));
}

static void messages_become_lines_however_they_are_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        tear_down(NULL);
        set_up(NULL);
        below.seed = (uint64_t)i + 1;
        begin();
        client_ws_add_frame(&below.in, FIN_TEXT, "one", 3);
        client_ws_add_frame(&below.in, FIN_TEXT, "two\r\nthree\n", 11);
        client_ws_add_frame(&below.in, 0x01, "fo", 2);
        client_ws_add_frame(&below.in, 0x89, "ping", 4);
        client_ws_add_frame(&below.in, 0x00, "u\xc3", 2);
        client_ws_add_frame(&below.in, 0x80, "\xa4r", 2);
        client_ws_add_frame(&below.in, FIN_TEXT, "", 0);
        client_ws_add_frame(&below.in, FIN_TEXT, "\n", 1);
        expect_read("one\ntwo\r\nthree\nfou\xc3\xa4r\n\n");
        assert_int_equal(stream_push(top, true), 0);
        assert_int_equal(below.out.len, seen + 6); /* the pong */
    }
}

static void what_came_behind_the_request_is_the_first_frame(void **state)
{
    struct buf rest = {0};
    (void)state;
    client_ws_add_frame(&rest, FIN_TEXT, "early", 5);
    stream_ws_begin(top, RESPONSE, sizeof RESPONSE - 1, rest.data, 4);
    buf_add(&below.in, rest.data + 4, rest.len - 4);
    buf_fini(&rest);
    expect_read("early\n");
}

static void frames_hold_whole_lines(void **state)
{
    struct buf text = {0};
    (void)state;
    begin();
    while (text.len < 200000)
        buf_printf(&text, "a line of some length, number %zu\r\n", text.len);
    for (int i = 0; i < 70000; i++)
        buf_char(&text, 'x'); /* longer than any frame would be */
    buf_str(&text, "\r\nend\r\n");
    write_all(buf_text(&text));
    listen_in(); /* it fails if a frame does not end with a line */
    assert_int_equal(heard.len, text.len);
    assert_memory_equal(heard.data, text.data, text.len);
    buf_fini(&text);
}

static void small_parts_travel_in_one_frame(void **state)
{
    char a[] = "a\r\n", b[] = "b\r\n", c[] = "c\r\n";
    struct iovec iov[3] = {{a, 3}, {b, 3}, {c, 3}};
    (void)state;
    begin();
    assert_int_equal(stream_write(top, iov, 3), 9);
    assert_int_equal(below.out.len - seen, 2 + 9);
}

static void a_write_counts_when_its_frame_is_sent_whole(void **state)
{
    char hello[] = "hello\r\n";
    struct iovec iov = {hello, 7};
    uint64_t acked;
    (void)state;
    begin();
    for (int i = 0; i < 8; i++) {
        below.space = 1;
        assert_int_equal(stream_try_write(top, &iov, 1), -1);
        assert_int_equal(errno, EAGAIN);
        assert_true(stream_holds(top));
    }
    below.space = 1;
    assert_int_equal(stream_try_write(top, &iov, 1), 7);
    assert_false(stream_holds(top));
    for (below.acked = seen; below.acked < below.out.len; below.acked++) {
        assert_true(stream_acknowledged(top, &acked));
        assert_int_equal(acked, 0);
    }
    assert_true(stream_acknowledged(top, &acked));
    assert_int_equal(acked, 7);
}

static void what_was_sent_before_it_began_counts(void **state)
{
    uint64_t acked;
    (void)state;
    write_all("before\r\n");
    below.acked = 8;
    assert_true(stream_acknowledged(top, &acked) && acked == 8);
    stream_ws_begin(top, RESPONSE, sizeof RESPONSE - 1, NULL, 0);
    write_all("after\r\n");
    below.acked = below.out.len - 1;
    assert_true(stream_acknowledged(top, &acked) && acked == 8);
    below.acked = below.out.len;
    assert_true(stream_acknowledged(top, &acked) && acked == 15);
}

static void expect_code(int code)
{
    assert_int_equal(stream_push(top, true), 0);
    listen_in();
    if (client.code != code)
        fail_msg("closed with %d instead of %d", client.code, code);
}

static void what_is_against_the_rules_ends_it_with_a_code(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        int code;
    } raw[] = {
        {"\x81\x01x", 3, 1002},                     /* no mask */
        {"\xc1\x81\0\0\0\0x", 7, 1002},             /* a reserved bit */
        {"\x83\x81\0\0\0\0x", 7, 1002},             /* an unknown opcode */
        {"\x80\x81\0\0\0\0x", 7, 1002},             /* goes on with nothing */
        {"\x09\x81\0\0\0\0x", 7, 1002},             /* a ping in pieces */
        {"\x89\xfe\0\x7e\0\0\0\0", 8, 1002},        /* a ping of 126 bytes */
        {"\x82\x81\0\0\0\0x", 7, 1003},             /* binary */
        {"\x81\x82\0\0\0\0\xc0\xaf", 8, 1007},      /* not UTF-8 */
        {"\x81\x81\0\0\0\0\xc3", 7, 1007},          /* half a character */
        {"\x81\xff\0\0\0\0\0\1\0\1\0\0\0\0", 14, 1009}, /* 65,537 bytes */
        {"\x88\x81\0\0\0\0x", 7, 1002},             /* a Close of one byte */
        {"\x88\x82\0\0\0\0\3\xe8", 8, 1000},        /* a Close is answered */
    };
    (void)state;
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
        char data[10], late[] = "late\r\n";
        struct iovec iov = {late, 6};
        tear_down(NULL);
        set_up(NULL);
        begin();
        buf_add(&below.in, raw[i].bytes, raw[i].n);
        client_ws_add_frame(&below.in, FIN_TEXT, "more", 4);
        ssize_t n;
        while ((n = stream_read(top, data, sizeof data)) > 0)
            assert_null(memchr(data, '\n', (size_t)n)); /* no line of it is complete */
        if (n != (raw[i].code == 1000 ? 0 : -1))
            fail_msg("row %zu: %zd was read", i, n);
        assert_int_equal(stream_failure(top).reason, raw[i].code == 1000 ? CLOSE_GONE : CLOSE_WEBSOCKET);
        assert_int_equal(stream_write(top, &iov, 1), -1); /* nothing follows a Close frame */
        stream_finish(top, CLOSE_QUIT);
        expect_code(raw[i].code);
    }
}

static void fragments_are_as_long_as_a_message_may_be(void **state)
{
    static char part[8192];
    char data[4096];
    ssize_t n;
    (void)state;
    begin();
    below.never_cuts = true;
    memset(part, 'x', sizeof part);
    client_ws_add_frame(&below.in, 0x01, part, sizeof part);
    for (int i = 0; i < 8; i++)
        client_ws_add_frame(&below.in, 0x00, part, sizeof part);
    while ((n = stream_read(top, data, sizeof data)) > 0)
        ;
    assert_int_equal(n, -1);
    expect_code(1009);
}

static void pings_and_empty_fragments_are_bounded(void **state)
{
    char data[10];
    (void)state;
    begin();
    for (int i = 0; i < 100; i++)
        client_ws_add_frame(&below.in, 0x89, "", 0);
    assert_int_equal(stream_read(top, data, sizeof data), -1);
    expect_code(1008);
    tear_down(NULL);
    set_up(NULL);
    begin();
    client_ws_add_frame(&below.in, 0x01, "", 0);
    while (below.in.len < 200000)
        client_ws_add_frame(&below.in, 0x00, "", 0);
    assert_int_equal(stream_read(top, data, sizeof data), -1);
    expect_code(1008);
}

static void a_reason_has_its_code(void **state)
{
    static const struct {
        enum close_reason reason;
        int code;
    } rows[] = {{CLOSE_QUIT, 1000}, {CLOSE_STOP, 1001}, {CLOSE_FLOOD, 1008}, {CLOSE_KICK, 1008}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tear_down(NULL);
        set_up(NULL);
        begin();
        below.space = 1000;
        stream_finish(top, rows[i].reason);
        expect_code(rows[i].code);
    }
}

static void a_quiet_client_is_pinged(void **state)
{
    (void)state;
    begin();
    int64_t now_ms = clock_ms();
    stream_tick(top, now_ms + 20000);
    assert_false(stream_holds(top));
    stream_tick(top, now_ms + 31000);
    assert_true(stream_holds(top));
    stream_tick(top, now_ms + 32000);
    assert_int_equal(stream_push(top, true), 0);
    listen_in();
    assert_int_equal(client.pings, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(bytes_pass_as_they_are_until_it_begins),
        TEST(messages_become_lines_however_they_are_cut),
        TEST(what_came_behind_the_request_is_the_first_frame),
        TEST(frames_hold_whole_lines),
        TEST(small_parts_travel_in_one_frame),
        TEST(a_write_counts_when_its_frame_is_sent_whole),
        TEST(what_was_sent_before_it_began_counts),
        TEST(what_is_against_the_rules_ends_it_with_a_code),
        TEST(fragments_are_as_long_as_a_message_may_be),
        TEST(pings_and_empty_fragments_are_bounded),
        TEST(a_reason_has_its_code),
        TEST(a_quiet_client_is_pinged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
