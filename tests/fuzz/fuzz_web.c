/* SPDX-License-Identifier: ISC */
/*
 * What a browser's side may send: heads of requests (proto/http.h), and frames (net/stream_ws.h). Aborts when a promise
 * is broken. `make fuzz` builds it for libFuzzer, with clang; `make check` runs it over inputs of a generator with a
 * fixed seed.
 *
 * The first byte of an input says which of both it is, and how it is cut into reads.
 */
#include "config.h"

#include "base/buf.h"
#include "base/panic.h"
#include "net/proxies.h"
#include "net/stream_ws.h"
#include "proto/http.h"
#include "tests/fuzz/generate.h"
#include "tests/lib/client_ws.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

#define HELD_MOST 65536 /* far more than a peer may have chatd hold */

static struct {
    struct stream base; /* first */
    const uint8_t *in;
    size_t in_n, most;
    struct buf out;
} below;

static ssize_t read_input(struct stream *st, void *data, size_t size)
{
    size_t n = below.in_n < size ? below.in_n : size;
    (void)st;
    n = n < below.most ? n : below.most;
    if (n)
        memcpy(data, below.in, n);
    below.in += n;
    below.in_n -= n;
    return (ssize_t)n;
}

static ssize_t write_output(struct stream *st, const struct iovec *iov, int count)
{
    (void)st;
    (void)count;
    buf_add(&below.out, iov->iov_base, iov->iov_len);
    return (ssize_t)iov->iov_len;
}

static void shut(struct stream *st, enum stream_shut how)
{
    (void)st;
    (void)how;
}

static const struct stream_ops ops = {.read = read_input, .write = write_output, .try_write = write_output, .shut = shut};

static void fuzz_frames(const uint8_t *data, size_t size, size_t most, enum frame_form form)
{
    static const struct stream_layer *const layers[] = {&stream_ws, NULL};
    static const char response[] = "101\r\n\r\n";
    struct client_ws client = {.form = form};
    struct buf heard = {0};
    char text[64], line[] = "a line\r\n";
    struct iovec iov = {line, sizeof line - 1};
    ssize_t n;
    size_t rest = size < 20 ? size : 20;
    below.base = (struct stream){.ops = &ops};
    below.in = data + rest;
    below.in_n = size - rest;
    below.most = most;
    struct stream *top = stream_stack(&below.base, layers);
    stream_ws_begin(top, form, response, sizeof response - 1, data, rest);
    while ((n = stream_read(top, text, sizeof text)) > 0)
        must(n <= (ssize_t)sizeof text);
    must((n < 0) == (stream_failure(top).reason == CLOSE_WEBSOCKET));
    (void)stream_write(top, &iov, 1);
    must(stream_push(top, true) == 0);
    stream_finish(top, CLOSE_QUIT);
    must(below.out.len < HELD_MOST + size);
    /* whatever came, what goes out are frames of a server */
    must(client_ws_decode(&client, below.out.data + sizeof response - 1, below.out.len - (sizeof response - 1), &heard));
    must(!client.raw.len && client.code);
    stream_close(top);
    buf_fini(&below.out);
    buf_fini(&client.raw);
    buf_fini(&client.pongs);
    buf_fini(&heard);
}

/* A client is never a trusted proxy, and is written as an address. */
static void check_forwarded(const char *list)
{
    static const char networks[] = "127.0.0.0/8 10.0.0.0/8 2001:db8::/33";
    struct addr client = {0};
    const char *bad;
    must(proxies_trust(networks, &bad));
    if (proxies_client(list, &client) == PROXIES_FOUND) {
        must(*client.text && strncmp(client.text, "10.", 3) != 0 && strncmp(client.text, "127.", 4) != 0);
        must(strspn(client.text, "[]0123456789abcdef:.") == strlen(client.text));
    } else {
        must(!*client.text);
    }
    (void)proxies_are_valid(list, &bad);
}

static void fuzz_head(const uint8_t *data, size_t size)
{
    struct http_request rq = {0};
    int result = 0;
    for (size_t at = 0; at < size && result == 0;) {
        static char line[20000];
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t n = (lf ? (size_t)(lf - data) : size) - at;
        n = n < sizeof line - 1 ? n : sizeof line - 1;
        memcpy(line, data + at, n);
        line[n] = '\0';
        result = http_take_line(&rq, line, n);
        at += n + 1;
    }
    must(result == 0 || result == 200 || strcmp(http_reason(result), "Error") != 0);
    must(memchr(rq.target, '\0', sizeof rq.target) && memchr(rq.host, '\0', sizeof rq.host));
    must(memchr(rq.origin, '\0', sizeof rq.origin) && memchr(rq.key, '\0', sizeof rq.key));
    must(memchr(rq.offers, '\0', sizeof rq.offers));
    must(memchr(rq.forwarded, '\0', sizeof rq.forwarded) && (rq.has_proto || !rq.is_https));
    check_forwarded(rq.forwarded);
    must(result != 200 || (*rq.target == '/' && rq.method != HTTP_OTHER && !rq.has_body));
    (void)http_is_near_name(rq.host);
    (void)http_is_listed(rq.host, "chat.example other");
    (void)http_is_own_origin(rq.origin, rq.host, "https://chat.example");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum frame_form forms[] = {FRAME_LINES, FRAME_LINES, FRAME_TEXT_LINE, FRAME_BINARY_LINE};
    if (!size)
        return 0;
    if (data[0] & 1)
        fuzz_head(data + 1, size - 1);
    else
        fuzz_frames(data + 1, size - 1, (size_t)(data[0] >> 1 & 31) + 1, forms[data[0] >> 6]);
    return 0;
}

#ifndef LIBFUZZER

/* Frames and headers with a mistake here and there. */
static void make_input(struct buf *input, uint64_t *seed)
{
    static const char *const words[] = {"GET / HTTP/1.1\n", "Host: a\n", "Host: [::1]:1\n", "Origin: http://a\n", "\n",
                                        "Upgrade: websocket\n", "X-Forwarded-For: ", "192.0.2.1, ",
                                        "10.1.2.3", "[2001:db8:8000::1]:80, ", "::ffff:127.0.0.1", "unknown,",
                                        "X-Forwarded-Proto: https\n", "Connection: upgrade, close\n", "Sec-WebSocket-Protocol: chatd, x\n", "Content-Length: 0\n",
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n", ": ", " ", "HEAD "};
    static const unsigned char firsts[] = {0x81, 0x81, 0x81, 0x01, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x82, 0xc1};
    char text[200];
    bool is_head = unit_random(seed) % 3 == 0;
    buf_char(input, (char)(unit_random(seed) << 1 | is_head));
    for (size_t i = unit_random(seed) % 12; i; i--) {
        size_t n = unit_random(seed) % sizeof text;
        memset(text, "a\n\xc3"[unit_random(seed) % 3], sizeof text);
        if (is_head)
            buf_str(input, words[unit_random(seed) % (sizeof words / sizeof words[0])]);
        else
            client_ws_add_frame(input, firsts[unit_random(seed) % sizeof firsts], text, n);
    }
    if (unit_random(seed) % 2)
        input->data[unit_random(seed) % input->len] ^= (char)(1 << unit_random(seed) % 8);
}

int main(void)
{
    enum { INPUTS = 20000 };
    uint64_t seed = 6455;
    replay("web");
    for (int i = 0; i < INPUTS; i++) {
        struct buf input = {0};
        make_input(&input, &seed);
        LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.len);
        buf_fini(&input);
    }
    return 0;
}

#endif
