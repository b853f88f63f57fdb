/* SPDX-License-Identifier: ISC */
/*
 * floor: the least a delivery can cost. One thread sends the same bytes to each of N loopback TCP connections, one
 * send(2) for each batch; another drains them with epoll. The CPU time of the sending thread is a lower bound for any
 * server that passes the same batches to sockets: it parses nothing, looks nothing up and shares nothing. With several
 * rooms of N, each round is for the next room, so that its sockets are as cold as in a server.
 *
 * Paced, the receiver sleeps before each round, and each send may have to wake it, as in a room with normal talk.
 * Unpaced, the sockets always hold something.
 */
#include "config.h"

#include "base/panic.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RUN_NS 2000000000LL
#define SECOND 1000000000LL

static int receivers = 100, bytes = 83, rooms = 1, rate = 500;
static int *senders; /* owns; descriptors */
static int epoll_fd;
static _Atomic uint64_t drained;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return ts.tv_sec * SECOND + ts.tv_nsec;
}

static void connect_all(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, len) != 0 || listen(listener, 128) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        fail("floor: listen");
    senders = panic_calloc((unsigned long)receivers * (unsigned long)rooms, sizeof *senders);
    for (int i = 0; i < receivers * rooms; i++) {
        int out = socket(AF_INET, SOCK_STREAM, 0);
        if (out < 0 || connect(out, (struct sockaddr *)&at, sizeof at) != 0)
            fail("floor: connect");
        int in = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        struct epoll_event ev = {.events = EPOLLIN, .data.fd = in};
        if (in < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, in, &ev) != 0)
            fail("floor: accept");
        setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        senders[i] = out;
    }
    close(listener);
}

/* Runs until the process ends. */
static void *drain(void *arg)
{
    static char data[256 * 1024];
    struct epoll_event events[256];
    (void)arg;
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < n; i++) {
            ssize_t got = recv(events[i].data.fd, data, sizeof data, 0);
            if (got > 0)
                atomic_fetch_add_explicit(&drained, (uint64_t)got, memory_order_relaxed);
        }
    }
    return NULL;
}

static void pace(int64_t start_ns, uint64_t round)
{
    int64_t at_ns = start_ns + (int64_t)round * (SECOND / rate);
    struct timespec ts = {at_ns / SECOND, at_ns % SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static void measure(int batch, bool paced)
{
    size_t size = (size_t)batch * (size_t)bytes;
    char *data = panic_malloc(size);
    memset(data, '.', size);
    uint64_t rounds = 0, before = atomic_load(&drained);
    int64_t start_ns = now(CLOCK_MONOTONIC), cpu_ns = now(CLOCK_THREAD_CPUTIME_ID), end_ns;
    do {
        if (paced)
            pace(start_ns, rounds);
        const int *room = &senders[rounds % (uint64_t)rooms * (uint64_t)receivers];
        for (int i = 0; i < receivers; i++)
            if (send(room[i], data, size, MSG_NOSIGNAL) != (ssize_t)size)
                fail("floor: send");
        rounds++;
    } while ((end_ns = now(CLOCK_MONOTONIC)) - start_ns < RUN_NS);
    cpu_ns = now(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
    uint64_t sent = rounds * (uint64_t)receivers * size;
    while (atomic_load(&drained) - before < sent)
        usleep(1000);
    double deliveries = (double)rounds * receivers * batch;
    char pace_text[16];
    snprintf(pace_text, sizeof pace_text, paced ? "%d/s" : "flat out", rate);
    printf("%5d  %8s  %14.3f  %15.0f\n", batch, pace_text, (double)cpu_ns / 1e3 / deliveries,
           deliveries / ((double)(end_ns - start_ns) / 1e9));
    free(data);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    struct rlimit rl;
    int *const numbers[] = {&receivers, &bytes, &rooms, &rate};
    const int most[] = {100000, 65536, 1000, 1000000};
    bool ok = argc <= 5;
    for (int i = 1; ok && i < argc; i++) {
        *numbers[i - 1] = atoi(argv[i]);
        ok = *numbers[i - 1] >= 1 && *numbers[i - 1] <= most[i - 1];
    }
    if (!ok || receivers * (int64_t)rooms > most[0]) {
        fprintf(stderr,
                "usage: floor [RECEIVERS [BYTES [ROOMS [RATE]]]]\n"
                "  RECEIVERS in each room (100), BYTES a message (83: a line with a text of 64), ROOMS (1) in turn,\n"
                "  RATE of messages a second in all where it is paced (500)\n");
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < rl.rlim_max) {
        rl.rlim_cur = rl.rlim_max;
        setrlimit(RLIMIT_NOFILE, &rl);
    }
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        fail("floor: epoll");
    connect_all();
    must_ok(pthread_create(&thread, NULL, drain, NULL));
    printf("%d rooms of %d receivers, %d bytes a message\n", rooms, receivers, bytes);
    printf("batch      pace  µs CPU/message  messages/s\n");
    measure(1, true);
    measure(1, false);
    measure(8, false);
    measure(64, false);
    return 0;
}
