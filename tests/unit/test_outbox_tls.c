/* SPDX-License-Identifier: ISC */
/* An outbox over TLS over TCP, with its writer, its reader, posters, and a client that changes its keys all the time:
 * all threads at once on one connection. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/post.h"
#include "net/tls.h"
#include "tests/lib/client_tls.h"
#include "tests/lib/memory_peer.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES 3000
#define UPDATES 8 /* with the one of client_tls_send, fewer than a client may send in a second */

static struct unit_client uc;
static struct stream *top;
static int peer;
static const char *version;
static _Atomic int heard_by_chatd, heard_by_client;
static _Atomic bool client_failed, reader_failed;

/* The reader of the pair: counts what the client says. */
static void read_all(void *arg)
{
    char text[700];
    ssize_t n;
    (void)arg;
    while ((n = stream_read(top, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < n; i++)
            heard_by_chatd += text[i] == '\n';
    reader_failed = n < 0;
}

static void poll_for_input(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    poll(&p, 1, 100);
}

static void listen_on(void *arg)
{
    struct client_tls *tls = arg;
    int64_t until_ms = clock_ms() + 30000;
    char text[5000];
    while (heard_by_client < LINES && clock_ms() < until_ms) {
        ssize_t n = client_tls_receive(tls, text, sizeof text);
        if (n < 0 && errno == EAGAIN)
            poll_for_input(peer);
        else if (n <= 0)
            client_failed = true;
        if (client_failed)
            return;
        for (ssize_t i = 0; i < n; i++)
            heard_by_client += text[i] == '\n';
    }
}

static void talk(void *arg)
{
    struct client_tls *tls = arg;
    bool can = strcmp(version, "1.3") == 0;
    for (int i = 0; i < LINES; i++) {
        if (can && i % (LINES / UPDATES) == 5 && !client_tls_update_key(tls))
            client_failed = true;
        if (client_tls_send(tls, "the client says something\n", 26) < 0)
            client_failed = true;
    }
}

struct shaking {
    struct client_tls *tls;
    int fd;
};

static void shake(void *arg)
{
    struct shaking *s = arg;
    s->tls = client_tls_new(s->fd, version);
}

static void post(void *arg)
{
    (void)arg;
    for (int i = 0; i < LINES / 2; i++) {
        while (outbox_load(uc.outbox).entries > 200) {
            post_flush(); /* before any wait: this thread may owe the wake */
            sched_yield();
        }
        unit_put(uc.outbox, "chatd says something to the client\n");
        if (i % 7 == 0)
            post_flush();
    }
    post_flush();
}

static void all_threads_talk_over_one_connection(void)
{
    static const struct stream_layer *const layers[] = {&stream_tls, NULL};
    struct thread reader, listener, talker, shaker, poster[2];
    struct shaking shaking;
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    unit_client_start(&uc);
    stream_tcp_init(&uc.tcp, fd[0]);
    uc.peer = -1; /* closed below, as the streams */
    peer = shaking.fd = fd[1];
    top = stream_stack(&uc.tcp.base, layers);
    unit_client_open_over(&uc, top, 1);
    heard_by_chatd = heard_by_client = 0;
    assert_int_equal(thread_start(&reader, "reader", 131072, read_all, NULL), 0);
    assert_int_equal(thread_start(&shaker, "shaker", 262144, shake, &shaking), 0);
    thread_join(&shaker);
    assert_non_null(shaking.tls);
    assert_int_equal(thread_start(&listener, "listener", 262144, listen_on, shaking.tls), 0);
    assert_int_equal(thread_start(&talker, "talker", 262144, talk, shaking.tls), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(thread_start(&poster[i], "poster", 131072, post, NULL), 0);
    for (int i = 0; i < 2; i++)
        thread_join(&poster[i]);
    thread_join(&talker);
    thread_join(&listener);
    client_tls_end(shaking.tls);
    thread_join(&reader);
    assert_false(client_failed);
    assert_false(reader_failed);
    assert_int_equal(heard_by_chatd, LINES);
    assert_int_equal(heard_by_client, LINES);
    unit_client_end(&uc, CLOSE_EOF);
    stream_close(top);
    client_tls_free(&shaking.tls);
    unit_client_stop(&uc);
    close(fd[1]);
}

static void keys_change_in_both_directions_while_both_talk(void **state)
{
    (void)state;
    version = "1.3";
    for (int i = 0; i < 5; i++)
        all_threads_talk_over_one_connection();
}

static void both_talk_over_tls_1_2(void **state)
{
    (void)state;
    version = "1.2";
    for (int i = 0; i < 2; i++)
        all_threads_talk_over_one_connection();
}

static int begin(void **state)
{
    (void)state;
    memory_peer_keys(60000, false);
    return 0;
}

static int end(void **state)
{
    (void)state;
    memory_peer_no_keys();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_change_in_both_directions_while_both_talk),
        cmocka_unit_test(both_talk_over_tls_1_2),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
