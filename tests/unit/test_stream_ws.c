/* SPDX-License-Identifier: ISC */
/* A WebSocket stream over a pipe in memory that cuts what passes at any byte. The test is reader and drainer in
 * turn. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/close.h"
#include "net/frame.h"
#include "net/stream_ws.h"
#include "net/ws_reader.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <string.h>

#define FIN_TEXT 0x81
#define TEN "1234567890"
#define LONG120 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG125 LONG120 "12345"
#define RESPONSE "HTTP/1.1 101 Switching Protocols\r\n\r\n"

static struct pipe {
    struct stream base; /* first */
    struct buf in, out; /* to chatd, to the client */
    size_t taken;
    size_t space;       /* of a write that may not block */
    size_t acked;
    uint64_t seed;
    enum { CUTS_AT_RANDOM, CUTS_NEVER, CUTS_EVERYWHERE } cuts; /* of what is read */
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
    if (n && below.cuts == CUTS_AT_RANDOM)
        n = unit_random(&below.seed) % n + 1;
    if (n && below.cuts == CUTS_EVERYWHERE)
        n = 1;
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
    return add(iov, count, below.cuts == CUTS_NEVER ? SIZE_MAX : unit_random(&below.seed) % 50 + 1);
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
    buf_fini(&client.pongs);
    buf_fini(&heard);
    return 0;
}

static void begin_as(enum frame_form form)
{
    client.form = form;
    stream_ws_begin(top, form, RESPONSE, sizeof RESPONSE - 1, NULL, 0);
    assert_int_equal(stream_push(top, true), 0);
    assert_int_equal(below.out.len, sizeof RESPONSE - 1);
    seen = below.out.len;
}

static void begin(void)
{
    begin_as(FRAME_LINES);
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
    stream_ws_begin(top, FRAME_LINES, RESPONSE, sizeof RESPONSE - 1, rest.data, 4);
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
    stream_ws_begin(top, FRAME_LINES, RESPONSE, sizeof RESPONSE - 1, NULL, 0);
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
    below.cuts = CUTS_NEVER;
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

/* ---- every rule of RFC 6455 for what a client sends, whole, cut at random, and byte by byte ---- */

#define TEXT 0x81, /* a whole message; and the beginning, middle and end of one in pieces */
#define BEGIN 0x01,
#define MIDDLE 0x00,
#define END 0x80,
#define CLOSE 0x88,
#define PING 0x89,
#define PONG 0x8a,
#define BYTES(literal) literal, sizeof literal - 1

static const struct rule {
    struct {
        int first;        /* byte of the frame */
        const char *data; /* NULL: no further frame */
        size_t n;
    } frames[6];
    const char *lines; /* that are read */
    int code;          /* of the Close frame that chatd sends; 0: it stays open */
    const char *pongs;
} rules[] = {
    /* texts, short */
    {{{TEXT BYTES("")}, {TEXT BYTES("hi")}}, "hi\n", 0, ""},
    {{{TEXT BYTES("hi")}, {TEXT BYTES("there")}}, "hi\nthere\n", 0, ""},
    {{{TEXT BYTES(LONG125)}}, LONG125 "\n", 0, ""},
    {{{TEXT BYTES(LONG125 "6")}}, LONG125 "6\n", 0, ""},
    {{{TEXT BYTES(LONG125 "67")}}, LONG125 "67\n", 0, ""},
    /* binary */
    {{{0x82, BYTES("hi")}}, "", 1003, ""},
    {{{0x82, BYTES("")}}, "", 1003, ""},
    {{{0x02, BYTES("h")}, {END BYTES("i")}}, "", 1003, ""},
    /* pings, and pongs that nobody asked for */
    {{{PING BYTES("")}}, "", 0, "|"},
    {{{PING BYTES("Hello")}}, "", 0, "Hello|"},
    {{{PING BYTES("\x01\xff\xfe\xfd\xfc\xfb\x80\xfe")}}, "", 0, "\x01\xff\xfe\xfd\xfc\xfb\x80\xfe|"},
    {{{PING BYTES(LONG125)}}, "", 0, LONG125 "|"},
    {{{PING BYTES(LONG125 "6")}}, "", 1002, ""},
    {{{PONG BYTES("")}, {TEXT BYTES("hi")}}, "hi\n", 0, ""},
    {{{PONG BYTES("unasked")}, {PING BYTES("asked")}}, "", 0, "asked|"},
    {{{PONG BYTES(LONG125 "6")}}, "", 1002, ""},
    {{{PING BYTES("1")}, {PING BYTES("2")}, {PING BYTES("3")}, {PING BYTES("4")}, {PING BYTES("5")}}, "", 0,
     "1|2|3|4|5|"},
    /* reserved bits */
    {{{0xc1, BYTES("hi")}}, "", 1002, ""},
    {{{0xa1, BYTES("hi")}}, "", 1002, ""},
    {{{0x91, BYTES("hi")}}, "", 1002, ""},
    {{{0xf1, BYTES("hi")}}, "", 1002, ""},
    {{{0xb1, BYTES("")}}, "", 1002, ""},
    {{{TEXT BYTES("hi")}, {0xc1, BYTES("no")}, {PING BYTES("")}}, "hi\n", 1002, ""},
    {{{0xc9, BYTES("ping")}}, "", 1002, ""},
    {{{0xf8, BYTES("\x03\xe8")}}, "", 1002, ""},
    {{{BEGIN BYTES("h")}, {0xc0, BYTES("i")}}, "", 1002, ""},
    /* reserved opcodes, alone and behind a text */
    {{{0x83, BYTES("")}}, "", 1002, ""},
    {{{0x84, BYTES("x")}}, "", 1002, ""},
    {{{TEXT BYTES("hi")}, {0x85, BYTES("x")}, {PING BYTES("")}}, "hi\n", 1002, ""},
    {{{0x86, BYTES("x")}}, "", 1002, ""},
    {{{0x87, BYTES("x")}}, "", 1002, ""},
    {{{0x8b, BYTES("")}}, "", 1002, ""},
    {{{0x8c, BYTES("x")}}, "", 1002, ""},
    {{{TEXT BYTES("hi")}, {0x8d, BYTES("x")}, {PING BYTES("")}}, "hi\n", 1002, ""},
    {{{0x8e, BYTES("x")}}, "", 1002, ""},
    {{{0x8f, BYTES("x")}}, "", 1002, ""},
    /* pieces */
    {{{0x09, BYTES("pi")}, {END BYTES("ng")}}, "", 1002, ""},
    {{{0x0a, BYTES("po")}, {END BYTES("ng")}}, "", 1002, ""},
    {{{0x08, BYTES("\x03")}, {END BYTES("\xe8")}}, "", 1002, ""},
    {{{BEGIN BYTES("fir")}, {END BYTES("st")}}, "first\n", 0, ""},
    {{{BEGIN BYTES("fir")}, {PING BYTES("now")}, {END BYTES("st")}}, "first\n", 0, "now|"},
    {{{BEGIN BYTES("a")}, {PING BYTES("1")}, {MIDDLE BYTES("b")}, {PING BYTES("2")}, {END BYTES("c")}}, "abc\n", 0,
     "1|2|"},
    {{{BEGIN BYTES("")}, {MIDDLE BYTES("")}, {END BYTES("")}, {TEXT BYTES("x")}}, "x\n", 0, ""},
    {{{BEGIN BYTES("")}, {MIDDLE BYTES("middle")}, {END BYTES("")}}, "middle\n", 0, ""},
    {{{END BYTES("nothing before")}}, "", 1002, ""},
    {{{MIDDLE BYTES("nothing before")}, {END BYTES("")}}, "", 1002, ""},
    {{{BEGIN BYTES("a")}, {END BYTES("b")}, {END BYTES("c")}}, "ab\n", 1002, ""},
    {{{BEGIN BYTES("a")}, {TEXT BYTES("b")}}, "", 1002, ""},
    {{{BEGIN BYTES("a")}, {BEGIN BYTES("b")}, {END BYTES("c")}}, "", 1002, ""},
    /* UTF-8: what is text, also cut within a character */
    {{{TEXT BYTES("Hello-µ@ßöäüàá-UTF-8!!")}}, "Hello-µ@ßöäüàá-UTF-8!!\n", 0, ""},
    {{{BEGIN BYTES("\xce")}, {MIDDLE BYTES("\xba\xe1")}, {MIDDLE BYTES("\xbd")}, {END BYTES("\xb9")}},
     "\xce\xba\xe1\xbd\xb9\n", 0, ""},
    {{{TEXT BYTES("\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf")}},
     "\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xef\xbf\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\n", 0, ""},
    {{{TEXT BYTES("\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd \xef\xbf\xbe \xf0\x9f\xbf\xbe")}},
     "\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbd \xef\xbf\xbe \xf0\x9f\xbf\xbe\n", 0, ""},
    /* and what is not: the first and last of each length beyond it, lone and missing bytes, overlong, surrogates */
    {{{TEXT BYTES("\xf8\x88\x80\x80\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xfc\x84\x80\x80\x80\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xf4\x90\x80\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xf7\xbf\xbf\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xc3 ")}}, "", 1007, ""},
    {{{TEXT BYTES("\xe1\x80 ")}}, "", 1007, ""},
    {{{TEXT BYTES("\xf0\x90\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xfe")}}, "", 1007, ""},
    {{{TEXT BYTES("\xff")}}, "", 1007, ""},
    {{{TEXT BYTES("\xc0\xaf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xe0\x80\xaf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xf0\x80\x80\xaf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xc1\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xe0\x9f\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xf0\x8f\xbf\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xc0\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xed\xa0\x80")}}, "", 1007, ""},
    {{{TEXT BYTES("\xed\xbf\xbf")}}, "", 1007, ""},
    {{{TEXT BYTES("\xed\xa0\x80\xed\xb0\x80")}}, "", 1007, ""},
    {{{BEGIN BYTES("\xce\xba")}, {MIDDLE BYTES("\xed\xa0\x80")}, {END BYTES("x")}}, "", 1007, ""},
    {{{BEGIN BYTES("\xf4")}, {MIDDLE BYTES("\x90")}, {PING BYTES("late")}}, "", 1007, ""}, /* at once, not at its end */
    /* Close: what follows it is not read */
    {{{TEXT BYTES("hi")}, {CLOSE BYTES("\x03\xe8")}}, "hi\n", 1000, ""},
    {{{CLOSE BYTES("\x03\xe8")}, {CLOSE BYTES("\x03\xe8")}}, "", 1000, ""},
    {{{CLOSE BYTES("\x03\xe8")}, {PING BYTES("late")}}, "", 1000, ""},
    {{{CLOSE BYTES("\x03\xe8")}, {TEXT BYTES("late")}}, "", 1000, ""},
    {{{BEGIN BYTES("half")}, {CLOSE BYTES("\x03\xe8")}, {END BYTES("late")}}, "", 1000, ""},
    {{{CLOSE BYTES("")}}, "", 1005, ""},
    {{{CLOSE BYTES("x")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xe8" "bye")}}, "", 1000, ""},
    {{{CLOSE BYTES("\x03\xe8" LONG120 "123")}}, "", 1000, ""},
    {{{CLOSE BYTES("\x03\xe8" LONG125)}}, "", 1002, ""},
    /* codes that a client may give; and some that it may not */
    {{{CLOSE BYTES("\x03\xe9")}}, "", 1001, ""},
    {{{CLOSE BYTES("\x03\xea")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xeb")}}, "", 1003, ""},
    {{{CLOSE BYTES("\x03\xef")}}, "", 1007, ""},
    {{{CLOSE BYTES("\x03\xf0")}}, "", 1008, ""},
    {{{CLOSE BYTES("\x03\xf1")}}, "", 1009, ""},
    {{{CLOSE BYTES("\x03\xf2")}}, "", 1010, ""},
    {{{CLOSE BYTES("\x03\xf3")}}, "", 1011, ""},
    {{{CLOSE BYTES("\x0b\xb8")}}, "", 3000, ""},
    {{{CLOSE BYTES("\x0f\x9f")}}, "", 3999, ""},
    {{{CLOSE BYTES("\x0f\xa0")}}, "", 4000, ""},
    {{{CLOSE BYTES("\x13\x87")}}, "", 4999, ""},
    {{{CLOSE BYTES("\x00\x00")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xe7")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xec")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xed")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xee")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x03\xf8")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x04\x4c")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x07\xd0")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x0b\xb7")}}, "", 1002, ""},
    {{{CLOSE BYTES("\x13\x88")}}, "", 1002, ""},
    {{{CLOSE BYTES("\xff\xff")}}, "", 1002, ""},
};

static void try_rule(const struct rule *r, size_t number, int cuts)
{
    struct buf text = {0};
    tear_down(NULL);
    set_up(NULL);
    begin();
    below.cuts = cuts;
    below.seed = number + 1;
    for (size_t i = 0; i < sizeof r->frames / sizeof r->frames[0] && r->frames[i].data; i++)
        client_ws_add_frame(&below.in, r->frames[i].first, r->frames[i].data, r->frames[i].n);
    read_all(&text);
    assert_int_equal(stream_push(top, true), 0);
    listen_in();
    const char *end = strrchr(buf_text(&text), '\n'); /* what comes behind it never becomes a line */
    size_t n = end ? (size_t)(end + 1 - text.data) : 0;
    bool same = n == strlen(r->lines) && memcmp(buf_text(&text), r->lines, n) == 0 && client.code == r->code &&
                strcmp(buf_text(&client.pongs), r->pongs) == 0;
    if (!same)
        fail_msg("rule %zu, cuts %d: read \"%s\", closed with %d instead of %d, pongs \"%s\"", number, cuts, buf_text(&text),
                 client.code, r->code, buf_text(&client.pongs));
    buf_fini(&text);
}

static void each_rule_for_clients_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        for (int cuts = CUTS_AT_RANDOM; cuts <= CUTS_EVERYWHERE; cuts++)
            try_rule(&rules[i], i, cuts);
}

/* libwslay looks at the reason of a Close only where it arrives in one piece; the connection ends in any case. */
static void a_reason_that_is_no_text_is_refused(void **state)
{
    static const struct rule rule = {{{CLOSE BYTES("\x03\xe8\xce\xba\xed\xa0\x80")}}, "", 1007, ""};
    (void)state;
    try_rule(&rule, 0, CUTS_NEVER);
}

/* A message may have 64 KiB, in one frame or in many. */
static void a_long_message_arrives_in_any_pieces(void **state)
{
    static const size_t pieces[] = {65536, 32768, 16384, 4096, 1300, 997, 64};
    static char text[65536];
    (void)state;
    memset(text, '*', sizeof text);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct buf got = {0};
        tear_down(NULL);
        set_up(NULL);
        begin();
        below.cuts = i % 2 ? CUTS_NEVER : CUTS_AT_RANDOM;
        for (size_t at = 0, n; at < sizeof text; at += n) {
            n = sizeof text - at < pieces[i] ? sizeof text - at : pieces[i];
            client_ws_add_frame(&below.in, (at ? 0x00 : 0x01) | (at + n == sizeof text ? 0x80 : 0), text + at, n);
        }
        read_all(&got);
        assert_int_equal(got.len, sizeof text + 1);
        buf_fini(&got);
        listen_in();
        assert_int_equal(client.code, 0);
    }
}

/* ---- one line a message ---- */

static const struct {
    enum frame_form form;
    int first, begins; /* of a message, and of one in pieces */
} one_line[] = {{FRAME_TEXT_LINE, 0x81, 0x01}, {FRAME_BINARY_LINE, 0x82, 0x02}};
#define FORMS_OF_ONE_LINE (sizeof one_line / sizeof one_line[0])

static void each_line_travels_in_a_message_without_its_end(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMS_OF_ONE_LINE; f++) {
        char a[] = "one\r\n\r\n", b[] = "two\r\nthree\n", c[] = "four\r\n";
        struct iovec iov[3] = {{a, 7}, {b, 11}, {c, 6}};
        tear_down(NULL);
        set_up(NULL);
        begin_as(one_line[f].form);
        assert_int_equal(stream_write(top, iov, 3), 24);
        listen_in(); /* it fails if a frame is of the other kind, or has an end of a line in it */
        assert_string_equal(buf_text(&heard), "one\r\n\r\ntwo\r\nthree\r\nfour\r\n");
    }
}

static void space_for_messages_is_known_before(void **state)
{
    struct buf text = {0};
    (void)state;
    for (size_t n = 0; n < 150; n++) {
        buf_printf(&text, "%.*s%s", (int)n, LONG125 LONG125, n % 2 ? "\r\n" : "\n");
        struct iovec iov[2] = {{text.data, text.len}, {text.data, text.len}};
        tear_down(NULL);
        set_up(NULL);
        begin_as(FRAME_TEXT_LINE);
        below.cuts = CUTS_NEVER;
        assert_int_equal(stream_write(top, iov, 1), text.len);
        assert_int_equal(frame_wire_bytes(iov, text.len), below.out.len - seen);
        assert_int_equal(frame_wire_bytes(iov, 2 * text.len), 2 * (below.out.len - seen));
    }
    buf_fini(&text);
}

static void lines_of_any_length_are_messages(void **state)
{
    struct buf text = {0};
    for (size_t n = 0; n < 300; n++) {
        for (size_t i = 0; i < n; i++)
            buf_char(&text, (char)('a' + i % 26));
        buf_str(&text, "\r\n");
    }
    for (int i = 0; i < 70000; i++)
        buf_char(&text, 'x');
    buf_str(&text, "\r\nend\r\n");
    (void)state;
    for (size_t f = 0; f < FORMS_OF_ONE_LINE; f++) {
        tear_down(NULL);
        set_up(NULL);
        begin_as(one_line[f].form);
        write_all(buf_text(&text));
        listen_in();
        assert_int_equal(heard.len, text.len);
        assert_memory_equal(heard.data, text.data, text.len);
    }
    buf_fini(&text);
}

static void each_message_of_a_write_counts_when_it_has_arrived(void **state)
{
    char lines[] = "one\r\nthree\r\n\r\n"; /* in frames of 5, 7 and 2 bytes */
    struct iovec iov = {lines, 14};
    uint64_t acked;
    (void)state;
    begin_as(FRAME_TEXT_LINE);
    below.space = 13;
    assert_int_equal(stream_try_write(top, &iov, 1), -1);
    assert_true(stream_holds(top));
    below.space = 1;
    assert_int_equal(stream_try_write(top, &iov, 1), 14);
    assert_false(stream_holds(top));
    for (size_t i = 0; i <= 14; i++) {
        below.acked = seen + i;
        assert_true(stream_acknowledged(top, &acked));
        assert_int_equal(acked, i < 5 ? 0 : i < 12 ? 5 : i < 14 ? 12 : 14);
    }
}

static void a_message_is_one_line_however_it_is_cut(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        int first = one_line[i % 2].first, begins = one_line[i % 2].begins;
        tear_down(NULL);
        set_up(NULL);
        below.seed = (uint64_t)i + 1;
        begin_as(one_line[i % 2].form);
        client_ws_add_frame(&below.in, first, "one", 3);
        client_ws_add_frame(&below.in, first, "two\r\n", 5);
        client_ws_add_frame(&below.in, first, "three\n", 6);
        client_ws_add_frame(&below.in, begins, "fo", 2);
        client_ws_add_frame(&below.in, 0x89, "ping", 4);
        client_ws_add_frame(&below.in, 0x00, "u\xc3", 2);
        client_ws_add_frame(&below.in, 0x00, "\xa4r\r", 3);
        client_ws_add_frame(&below.in, 0x80, "\n", 1);
        client_ws_add_frame(&below.in, first, "", 0);
        client_ws_add_frame(&below.in, first, "\r\n", 2);
        client_ws_add_frame(&below.in, first, "five", 4);
        expect_read("one\ntwo\nthree\nfou\xc3\xa4r\n\nfive\n");
        assert_int_equal(stream_push(top, true), 0);
        assert_int_equal(below.out.len, seen + 6); /* the pong */
    }
}

static void a_message_of_several_lines_ends_it(void **state)
{
    static const char *const parts[][3] = {
        {"one\ntwo"}, {"one\r\ntwo"}, {"one\rtwo"}, {"one\r\n\r\ntwo\r\n"}, {"\none"},
        {"one\n", "two"}, {"one\r", "\ntwo"}, {"one", "\r\n", "two"}, {"\r", "\n", "two"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] * FORMS_OF_ONE_LINE; i++) {
        const char *const *part = parts[i / FORMS_OF_ONE_LINE];
        size_t f = i % FORMS_OF_ONE_LINE;
        struct buf text = {0};
        tear_down(NULL);
        set_up(NULL);
        begin_as(one_line[f].form);
        for (int j = 0; j < 3 && part[j]; j++)
            client_ws_add_frame(&below.in, (j ? 0 : one_line[f].begins) | (j == 2 || !part[j + 1] ? 0x80 : 0), part[j],
                                strlen(part[j]));
        client_ws_add_frame(&below.in, one_line[f].first, "late", 4);
        read_all(&text);
        assert_null(strchr(buf_text(&text), '\n')); /* no line of it is complete */
        buf_fini(&text);
        assert_int_equal(stream_failure(top).reason, CLOSE_WEBSOCKET);
        expect_code(1008);
    }
}

static void text_is_text_and_binary_is_any_bytes(void **state)
{
    (void)state;
    begin_as(FRAME_BINARY_LINE);
    client_ws_add_frame(&below.in, 0x82, "caf\xe9", 4);
    expect_read("caf\xe9\n");
    client_ws_add_frame(&below.in, 0x81, "text", 4);
    expect_read("");
    expect_code(1003);
    tear_down(NULL);
    set_up(NULL);
    begin_as(FRAME_TEXT_LINE);
    client_ws_add_frame(&below.in, 0x82, "binary", 6);
    expect_read("");
    expect_code(1003);
    tear_down(NULL);
    set_up(NULL);
    begin_as(FRAME_TEXT_LINE);
    client_ws_add_frame(&below.in, 0x81, "\xff", 1);
    expect_read("");
    expect_code(1007);
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

/* The client sends a part of its bytes, and what is read so far is expected. */
static void use_part(struct ws_reader *r, const struct buf *wire, size_t from, size_t to, const char *want)
{
    char text[100];
    ws_reader_use(r, wire->data + from, to - from);
    size_t n = ws_reader_take(r, text, sizeof text - 1);
    text[n] = '\0';
    assert_string_equal(text, want);
}

static void memory_for_reading_is_held_only_within_a_message(void **state)
{
    struct ws_reader r = {0};
    struct buf wire = {0};
    (void)state;
    ws_reader_init(&r, FRAME_LINES);
    client_ws_add_frame(&wire, FIN_TEXT, "one", 3);
    size_t second = wire.len;
    client_ws_add_frame(&wire, 0x01, "t\xc3", 2);
    size_t third = wire.len;
    client_ws_add_frame(&wire, 0x89, "", 0);
    size_t fourth = wire.len;
    client_ws_add_frame(&wire, 0x80, "\xb6", 1);
    use_part(&r, &wire, 0, 1, "");
    assert_non_null(r.ctx);
    use_part(&r, &wire, 1, second - 1, "on");
    assert_non_null(r.ctx);
    use_part(&r, &wire, second - 1, second, "e\n");
    assert_null(r.ctx);
    use_part(&r, &wire, second, third, "t\xc3");
    use_part(&r, &wire, third, fourth, "");
    assert_non_null(r.ctx);
    use_part(&r, &wire, fourth, wire.len, "\xb6\n");
    assert_null(r.ctx);
    assert_null(r.wrong);
    ws_reader_fini(&r);
    buf_fini(&wire);
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
        TEST(each_rule_for_clients_is_kept),
        TEST(a_reason_that_is_no_text_is_refused),
        TEST(a_long_message_arrives_in_any_pieces),
        TEST(each_line_travels_in_a_message_without_its_end),
        TEST(space_for_messages_is_known_before),
        TEST(lines_of_any_length_are_messages),
        TEST(each_message_of_a_write_counts_when_it_has_arrived),
        TEST(a_message_is_one_line_however_it_is_cut),
        TEST(a_message_of_several_lines_ends_it),
        TEST(text_is_text_and_binary_is_any_bytes),
        TEST(a_reason_has_its_code),
        TEST(a_quiet_client_is_pinged),
        TEST(memory_for_reading_is_held_only_within_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
