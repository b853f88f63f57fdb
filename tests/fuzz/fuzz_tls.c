/* SPDX-License-Identifier: ISC */
/*
 * The state of a TLS stream: each input is a list of steps of a client, of the threads of chatd, and of what happens to
 * the bytes on their way. Aborts when a promise is broken. `make fuzz` builds it for libFuzzer, with clang; `make check`
 * runs it over inputs of a generator with a fixed seed.
 *
 * The first byte says which version of TLS is spoken, and whether there is a handshake before the steps.
 */
#include "config.h"

#include "base/clock.h"
#include "base/panic.h"
#include "net/tls.h"
#include "tests/fuzz/generate.h"
#include "tests/lib/memory_peer.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HELD_MOST (1024 * 1024) /* far more than a peer may have chatd hold */

static struct memory_peer mp;
static bool over;      /* a read has failed or ended */
static size_t written; /* text that was reported as written */
static size_t waiting; /* text of the write that was not, which has to be repeated */

/* One read, which never waits: where the pipe is empty the input has ended. */
static void read_some(size_t size)
{
    char text[4096];
    if (over)
        return;
    ssize_t n = stream_read(mp.top, text, size % sizeof text + 1);
    over = n <= 0;
    must(n <= (ssize_t)(size % sizeof text + 1));
    for (ssize_t i = 0; i < n; i++)
        must(text[i] == 'c'); /* nothing that the client has not said */
    if (n < 0)
        must(stream_failure(mp.top).reason != CLOSE_OPEN);
}

static void write_some(size_t size, bool block)
{
    static char text[8192];
    memset(text, 's', sizeof text);
    size = waiting ? waiting : size % sizeof text + 1;
    struct iovec iov[2] = {{text, size / 2}, {text, size - size / 2}};
    if (block && !stream_security(mp.top))
        return; /* it would wait for a handshake that only this thread can make */
    ssize_t n = block ? stream_write(mp.top, iov, 2) : stream_try_write(mp.top, iov, 2);
    must(n != 0 && n <= (ssize_t)size);
    waiting = n < 0 && errno == EAGAIN ? size : 0;
    written += n > 0 ? (size_t)n : 0;
}

/* What is acknowledged is never more than was written and than the client can read of so many bytes. */
static void acknowledge(size_t n)
{
    uint64_t acked, more;
    mp.acked += n % (mp.to_peer.len - mp.acked + 1);
    must(stream_acknowledged(mp.top, &acked));
    must(acked <= written + waiting);
    must(stream_acknowledged(mp.top, &more) && more == acked);
}

static void damage(size_t n)
{
    if (mp.to_chatd.len)
        mp.to_chatd.data[n % mp.to_chatd.len] ^= (char)(1 << n % 8);
}

static void drop(size_t n)
{
    mp.to_chatd.len -= n % (mp.to_chatd.len + 1);
}

/* Sends again what is on its way. */
static void repeat(size_t n)
{
    struct buf again = {0};
    buf_add(&again, mp.to_chatd.data, n % (mp.to_chatd.len + 1));
    buf_add(&mp.to_chatd, again.data, again.len);
    buf_fini(&again);
}

static void say(size_t n)
{
    static char text[20000];
    memset(text, 'c', sizeof text);
    (void)memory_peer_try_say(&mp, text, n * 67 % sizeof text + 1);
}

static void step(unsigned what, size_t n)
{
    switch (what % 16) {
    case 0:
    case 1: say(n); break;
    case 2: (void)memory_peer_try_update_key(&mp); break;
    case 3: memory_peer_end(&mp); break;
    case 4: damage(n); break;
    case 5: drop(n); break;
    case 6: repeat(n); break;
    case 7: buf_add(&mp.to_chatd, &(char){(char)n}, 1); break;
    case 8:
    case 9: read_some(n * 31); break;
    case 10: write_some(n * 53, false); break;
    case 11: write_some(n * 53, true); break;
    case 12: (void)stream_push(mp.top, n % 2); break;
    case 13: stream_tick(mp.top, clock_ms() + (n == 255 ? 3600000 : 0)); break;
    case 14: acknowledge(n); break;
    case 15: memory_peer_read(&mp, mp.to_peer.len); break;
    }
    must(mp.to_peer.len < HELD_MOST + written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_keys;
    if (!has_keys)
        memory_peer_keys(60000, true);
    has_keys = true;
    if (!size)
        return 0;
    memory_peer_init(&mp, data[0] & 1 ? "1.3" : "1.2", data[0]);
    over = false;
    written = waiting = 0;
    if (data[0] & 2)
        must(memory_peer_shake(&mp));
    else
        memory_peer_read(&mp, 0); /* its ClientHello is on its way */
    mp.most = data[0] & 4 ? 7 : 2000;
    mp.idle = NULL;
    for (size_t i = 1; i + 1 < size && i < 400; i += 2)
        step(data[i], data[i + 1]);
    stream_finish(mp.top, CLOSE_QUIT);
    stream_linger(mp.top, 0);
    memory_peer_fini(&mp);
    return 0;
}

#ifndef LIBFUZZER

int main(void)
{
    enum { INPUTS = 1500 };
    uint64_t seed = 20;
    replay("tls");
    for (int i = 0; i < INPUTS; i++) {
        uint8_t input[200];
        size_t n = unit_random(&seed) % sizeof input;
        for (size_t k = 0; k < n; k++)
            input[k] = (uint8_t)unit_random(&seed);
        if (n)
            input[0] = (uint8_t)(input[0] | (i % 4 ? 2 : 0));
        LLVMFuzzerTestOneInput(input, n);
    }
    memory_peer_no_keys();
    return 0;
}

#endif
