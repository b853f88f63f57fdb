/* SPDX-License-Identifier: ISC */
/* The TLS stream over a pipe in memory that cuts anywhere, in both versions. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/tls.h"
#include "tests/lib/memory_peer.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const versions[] = {"1.2", "1.3"};
#define EACH_VERSION(v) for (int v = 0; v < 2; v++)

static struct memory_peer mp;

static void open_peer(const char *version, uint64_t seed)
{
    memory_peer_init(&mp, version, seed);
    assert_true(memory_peer_shake(&mp));
    assert_string_equal(stream_security(mp.top)->version, strcmp(version, "1.2") == 0 ? "TLSv1.2" : "TLSv1.3");
}

static char *random_text(uint64_t *seed, size_t n)
{
    char *text = malloc(n + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)unit_random(seed);
    return text;
}

/* Writes all of it, by whichever call; `whole` checks the promise of a write that returns. */
static void write_all(const char *text, size_t n, uint64_t *seed)
{
    size_t at = 0, tries = 0;
    while (at < n) {
        size_t part = (n - at) / 3;
        struct iovec iov[2] = {{(void *)(text + at), part}, {(void *)(text + at + part), n - at - part}};
        bool block = ++tries > 50 || unit_random(seed) % 2;
        ssize_t wrote = block ? stream_write(mp.top, iov, 2) : stream_try_write(mp.top, iov, 2);
        if (wrote < 0)
            assert_int_equal(errno, EAGAIN);
        else
            assert_false(stream_holds(mp.top)); /* counted only when nothing of it waits inside */
        at += wrote > 0 ? (size_t)wrote : 0;
    }
}

static void what_is_written_is_read_however_it_is_cut(void **state)
{
    (void)state;
    EACH_VERSION(v) {
        uint64_t seed = 7;
        open_peer(versions[v], 1);
        for (int round = 0; round < 60; round++) {
            size_t n = unit_random(&seed) % (round % 5 ? 400 : 40000) + 1;
            char *text = random_text(&seed, n);
            mp.most = round % 3 ? 1 + unit_random(&seed) % 40 : 20000;
            buf_clear(&mp.heard);
            write_all(text, n, &seed);
            memory_peer_read(&mp, mp.to_peer.len);
            assert_int_equal(mp.heard.len, n);
            assert_memory_equal(mp.heard.data, text, n);
            free(text);
        }
        memory_peer_fini(&mp);
    }
}

static void what_the_peer_says_is_read_however_it_is_cut(void **state)
{
    (void)state;
    EACH_VERSION(v) {
        uint64_t seed = 9;
        open_peer(versions[v], 2);
        for (int round = 0; round < 60; round++) {
            size_t n = unit_random(&seed) % (round % 5 ? 400 : 16000) + 2, at = 0;
            char *text = random_text(&seed, n), *got = malloc(n);
            mp.most = round % 3 ? 1 + unit_random(&seed) % 40 : 20000;
            memory_peer_say(&mp, text, n / 2); /* in two records, which may come together */
            memory_peer_say(&mp, text + n / 2, n - n / 2);
            while (at < n) { /* into whatever space there is */
                size_t space = unit_random(&seed) % 50 ? unit_random(&seed) % 300 + 1 : 16384;
                ssize_t more = stream_read(mp.top, got + at, space < n - at ? space : n - at);
                assert_true(more > 0);
                at += (size_t)more;
            }
            assert_memory_equal(got, text, n);
            free(text);
            free(got);
        }
        memory_peer_fini(&mp);
    }
}

static void one_read_takes_several_records(void **state)
{
    char got[64];
    (void)state;
    open_peer("1.3", 3);
    mp.never_cuts = true;
    for (int i = 0; i < 3; i++)
        memory_peer_say(&mp, "line\n", 5);
    assert_int_equal(stream_read(mp.top, got, sizeof got), 15);
    assert_memory_equal(got, "line\nline\nline\n", 15);
    memory_peer_fini(&mp);
}

/* The peer can read exactly as much text as the stream says has arrived, at each byte that may be acknowledged. */
static void what_is_acknowledged_is_what_the_peer_can_read(void **state)
{
    (void)state;
    EACH_VERSION(v) {
        uint64_t seed = 11, acked;
        size_t written = 0;
        open_peer(versions[v], 3);
        buf_clear(&mp.heard);
        size_t from = mp.to_peer.len;
        mp.acked = from;
        assert_true(stream_acknowledged(mp.top, &acked));
        assert_int_equal(acked, 0);
        for (int i = 0; i < 40; i++) {
            char byte[8], *text = random_text(&seed, 500);
            size_t n = unit_random(&seed) % 500 + 1;
            if (v && i % 8 == 3 && i < 40) { /* the answer is between two records */
                memory_peer_update_key(&mp);
                memory_peer_say(&mp, "x", 1);
                assert_int_equal(stream_read(mp.top, byte, sizeof byte), 1);
            }
            struct iovec iov = {text, n};
            while (stream_write(mp.top, &iov, 1) < 0)
                ;
            written += n;
            free(text);
        }
        for (size_t at = from; at <= mp.to_peer.len; at++) {
            memory_peer_read(&mp, at);
            mp.acked = at;
            assert_true(stream_acknowledged(mp.top, &acked));
            assert_int_equal(acked, mp.heard.len);
        }
        assert_int_equal(acked, written);
        memory_peer_fini(&mp);
    }
}

static void a_poster_does_not_encrypt_a_long_text(void **state)
{
    static char text[32768];
    struct iovec iov = {text, sizeof text};
    (void)state;
    open_peer("1.3", 4);
    mp.most = 100000;
    size_t before = mp.to_peer.len;
    assert_int_equal(stream_try_write(mp.top, &iov, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(mp.to_peer.len, before);
    assert_int_equal(stream_write(mp.top, &iov, 1), 16384); /* a record at a time */
    memory_peer_fini(&mp);
}

static void a_key_update_is_answered_and_text_goes_on(void **state)
{
    char text[16];
    struct iovec iov = {(char *)"after", 5};
    (void)state;
    open_peer("1.3", 5);
    memory_peer_update_key(&mp);
    memory_peer_say(&mp, "before", 6);
    mp.most = 20000;
    for (size_t n = 0; n < 6;)
        n += (size_t)stream_read(mp.top, text + n, sizeof text - n);
    assert_memory_equal(text, "before", 6);
    buf_clear(&mp.heard);
    size_t sent = mp.to_peer.len;
    assert_int_equal(stream_write(mp.top, &iov, 1), 5);
    memory_peer_read(&mp, mp.to_peer.len);
    assert_int_equal(mp.heard.len, 5);
    assert_memory_equal(mp.heard.data, "after", 5);
    assert_true(mp.to_peer.len - sent > 2 * 22 + 5 + 4); /* two records: the answer went ahead of the text */
    memory_peer_fini(&mp);
}

/* Reads until there is an error, and returns the reason. */
static struct stream_failure read_to_failure(void)
{
    char text[4096];
    ssize_t n;
    while ((n = stream_read(mp.top, text, sizeof text)) > 0)
        ;
    assert_int_equal(n, -1);
    assert_int_equal(errno, EPROTO);
    return stream_failure(mp.top);
}

static void a_storm_of_key_updates_ends_the_connection(void **state)
{
    (void)state;
    open_peer("1.3", 6);
    mp.most = 20000;
    for (int i = 0; i < 40; i++) {
        memory_peer_update_key(&mp);
        memory_peer_say(&mp, "x", 1); /* text between them does not help */
    }
    struct stream_failure why = read_to_failure();
    assert_int_equal(why.reason, CLOSE_TLS);
    assert_string_equal(why.detail, "too many handshake messages");
    memory_peer_fini(&mp);
}

static void garbage_ends_the_connection_and_the_peer_is_told(void **state)
{
    static const char garbage[] = "\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef";
    (void)state;
    EACH_VERSION(v) {
        open_peer(versions[v], 7);
        buf_add(&mp.to_chatd, garbage, sizeof garbage - 1);
        size_t before = mp.to_peer.len;
        struct stream_failure why = read_to_failure();
        assert_int_equal(why.reason, CLOSE_TLS);
        assert_string_not_equal(why.detail, "unknown error");
        assert_true(stream_holds(mp.top));
        assert_int_equal(stream_push(mp.top, true), 0);
        assert_true(mp.to_peer.len > before); /* an alert */
        memory_peer_fini(&mp);
    }
}

static void text_in_front_of_an_error_is_read_first(void **state)
{
    static const char garbage[] = "\x17\x03\x03\x00\x20" "0123456789abcdef0123456789abcdef";
    char text[64];
    (void)state;
    EACH_VERSION(v) {
        open_peer(versions[v], 16);
        mp.never_cuts = true;
        memory_peer_say(&mp, "QUIT\n", 5);
        buf_add(&mp.to_chatd, garbage, sizeof garbage - 1);
        assert_int_equal(stream_read(mp.top, text, sizeof text), 5);
        assert_memory_equal(text, "QUIT\n", 5);
        assert_int_equal(read_to_failure().reason, CLOSE_TLS);
        memory_peer_fini(&mp);
    }
}

static void a_handshake_without_an_end_ends_the_connection(void **state)
{
    static char record[5 + 16384] = "\x16\x03\x01\x40\x00";
    (void)state;
    memory_peer_init(&mp, "1.3", 8);
    mp.idle = NULL;
    mp.most = 20000;
    record[5] = 1; /* a ClientHello of 128 KiB */
    record[6] = 2;
    for (int i = 0; i < 8; i++)
        buf_add(&mp.to_chatd, record, sizeof record);
    struct stream_failure why = read_to_failure();
    assert_int_equal(why.reason, CLOSE_HANDSHAKE);
    memory_peer_fini(&mp);
}

static void plain_text_is_answered_in_plain_text(void **state)
{
    char text[16];
    struct iovec iov = {(char *)"ERROR\r\n", 7};
    (void)state;
    memory_peer_init(&mp, "1.3", 9);
    mp.idle = NULL;
    mp.most = 20000;
    buf_str(&mp.to_chatd, "USERNAME alice\n");
    assert_int_equal(stream_read(mp.top, text, sizeof text), -1);
    assert_int_equal(stream_failure(mp.top).reason, CLOSE_PLAIN_ON_TLS);
    assert_null(stream_security(mp.top));
    for (size_t n = 0; n < 7;) {
        struct iovec rest = {(char *)iov.iov_base + n, 7 - n};
        n += (size_t)stream_write(mp.top, &rest, 1);
    }
    assert_string_equal(buf_text(&mp.to_peer), "ERROR\r\n");
    memory_peer_fini(&mp);
}

static void both_ends_say_that_they_end(void **state)
{
    char text[16];
    struct iovec iov = {(char *)"last words", 10};
    (void)state;
    EACH_VERSION(v) {
        open_peer(versions[v], 10);
        mp.most = 20000;
        memory_peer_say(&mp, "bye", 3);
        memory_peer_end(&mp);
        size_t n = 0;
        while (n < 3)
            n += (size_t)stream_read(mp.top, text + n, sizeof text - n);
        assert_int_equal(stream_read(mp.top, text, sizeof text), 0);
        buf_clear(&mp.heard);
        for (n = 0; n < 10;) { /* the peer may still read */
            struct iovec rest = {(char *)iov.iov_base + n, 10 - n};
            n += (size_t)stream_write(mp.top, &rest, 1);
        }
        mp.never_full = true;
        stream_finish(mp.top, CLOSE_QUIT);
        memory_peer_read(&mp, mp.to_peer.len);
        assert_int_equal(mp.heard.len, 10);
        assert_true(mp.peer_ended);
        memory_peer_fini(&mp);
    }
}

static void an_end_without_a_word_is_an_end(void **state)
{
    char text[16];
    (void)state;
    open_peer("1.3", 11);
    mp.idle = NULL;
    assert_int_equal(stream_read(mp.top, text, sizeof text), 0);
    memory_peer_fini(&mp);
}

static void a_late_handshake_is_shut(void **state)
{
    char text[16];
    (void)state;
    memory_peer_init(&mp, "1.3", 12);
    mp.idle = NULL;
    stream_tick(mp.top, clock_ms());
    assert_int_equal(mp.shuts, 0);
    stream_tick(mp.top, clock_ms() + 60001);
    assert_int_equal(mp.shuts, 1);
    stream_tick(mp.top, clock_ms() + 60002);
    assert_int_equal(mp.shuts, 1);
    assert_int_equal(stream_read(mp.top, text, sizeof text), -1);
    assert_string_equal(stream_failure(mp.top).detail, "time limit reached (tls.handshake_s)");
    memory_peer_fini(&mp);
    open_peer("1.3", 13); /* one that is over is not */
    stream_tick(mp.top, clock_ms() + 60001);
    assert_int_equal(mp.shuts, 0);
    memory_peer_fini(&mp);
}

static void a_ticked_stream_goes_on(void **state)
{
    char text[16];
    (void)state;
    EACH_VERSION(v) {
        open_peer(versions[v], 14);
        for (int i = 0; i < 200; i++) { /* buffers are freed between, and within, records */
            memory_peer_say(&mp, "text", 4);
            for (size_t n = 0; n < 4;) {
                n += (size_t)stream_read(mp.top, text + n, sizeof text - n);
                stream_tick(mp.top, clock_ms());
                stream_tick(mp.top, clock_ms());
            }
            assert_memory_equal(text, "text", 4);
        }
        memory_peer_fini(&mp);
    }
}

static void before_the_handshake_nothing_is_written(void **state)
{
    struct iovec iov = {(char *)"too early", 9};
    (void)state;
    memory_peer_init(&mp, "1.3", 15);
    assert_int_equal(stream_try_write(mp.top, &iov, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_null(stream_security(mp.top));
    stream_shut(mp.top, STREAM_SHUT_BOTH);
    assert_int_equal(stream_write(mp.top, &iov, 1), -1); /* and it does not wait for one that will not come */
    assert_int_equal(errno, EPIPE);
    assert_int_equal(mp.to_peer.len, 0);
    memory_peer_fini(&mp);
}

static int end(void **state)
{
    (void)state;
    memory_peer_no_keys();
    return 0;
}

static int begin(void **state)
{
    (void)state;
    memory_peer_keys(60000, false);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_however_it_is_cut),
        cmocka_unit_test(what_the_peer_says_is_read_however_it_is_cut),
        cmocka_unit_test(one_read_takes_several_records),
        cmocka_unit_test(what_is_acknowledged_is_what_the_peer_can_read),
        cmocka_unit_test(a_poster_does_not_encrypt_a_long_text),
        cmocka_unit_test(a_key_update_is_answered_and_text_goes_on),
        cmocka_unit_test(a_storm_of_key_updates_ends_the_connection),
        cmocka_unit_test(garbage_ends_the_connection_and_the_peer_is_told),
        cmocka_unit_test(text_in_front_of_an_error_is_read_first),
        cmocka_unit_test(a_handshake_without_an_end_ends_the_connection),
        cmocka_unit_test(plain_text_is_answered_in_plain_text),
        cmocka_unit_test(both_ends_say_that_they_end),
        cmocka_unit_test(an_end_without_a_word_is_an_end),
        cmocka_unit_test(a_late_handshake_is_shut),
        cmocka_unit_test(a_ticked_stream_goes_on),
        cmocka_unit_test(before_the_handshake_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
