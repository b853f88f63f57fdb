/* SPDX-License-Identifier: ISC */
/*
 * A small table of connections that end, under one poll(2). Each is closed when its peer ends, when the peer has sent
 * 64 KiB, or after a second. When the table is full, the oldest is closed at once.
 */
#include "config.h"

#include "net/refuse.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 64
#define STAY_MS 1000
#define DROP_BYTES 65536

struct leaving {
    int fd;
    int64_t until_ms;
    size_t dropped;
};

/* Locking key: R by .lock */
static struct {
    struct lock lock;
    struct leaving v[MOST]; /* R: oldest first */
    int n;                  /* R */
    bool stopping;          /* R */
    int event_fd;
    struct thread thread;
} refused;

static void remove_locked(int i)
{
    close(refused.v[i].fd);
    refused.n--;
    memmove(&refused.v[i], &refused.v[i + 1], (size_t)(refused.n - i) * sizeof refused.v[0]);
}

void refuse(int fd, const struct msg *last_words)
{
    if (last_words && send(fd, last_words->data, last_words->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        /* nothing more can be done for this peer */
    }
    (void)shutdown(fd, SHUT_WR);
    lock_acquire(&refused.lock);
    if (refused.n == MOST)
        remove_locked(0);
    refused.v[refused.n++] = (struct leaving){fd, clock_ms() + STAY_MS, 0};
    lock_release(&refused.lock);
    eventfd_write(refused.event_fd, 1);
}

/* Reads and drops; true when the connection is to be closed now. */
static bool is_done(struct leaving *l, int64_t now)
{
    char drop[4096];
    ssize_t n;
    while ((n = recv(l->fd, drop, sizeof drop, MSG_DONTWAIT)) > 0) {
        l->dropped += (size_t)n;
        if (l->dropped > DROP_BYTES)
            return true;
    }
    return n == 0 || (errno != EAGAIN && errno != EINTR) || now >= l->until_ms;
}

static int sweep(struct pollfd p[MOST + 1], int *timeout_ms)
{
    int64_t now = clock_ms();
    int n = 0;
    p[n++] = (struct pollfd){.fd = refused.event_fd, .events = POLLIN};
    *timeout_ms = -1;
    lock_acquire(&refused.lock);
    for (int i = 0; i < refused.n;) {
        struct leaving *l = &refused.v[i];
        if (refused.stopping || is_done(l, now)) {
            remove_locked(i);
            continue;
        }
        int left_ms = (int)(l->until_ms - now);
        if (*timeout_ms < 0 || left_ms < *timeout_ms)
            *timeout_ms = left_ms;
        p[n++] = (struct pollfd){.fd = l->fd, .events = POLLIN};
        i++;
    }
    bool stop = refused.stopping;
    lock_release(&refused.lock);
    return stop ? 0 : n;
}

static void run(void *arg)
{
    (void)arg;
    struct pollfd p[MOST + 1];
    int n, timeout_ms;
    while ((n = sweep(p, &timeout_ms)) > 0) {
        poll(p, (nfds_t)n, timeout_ms);
        if (p[0].revents) {
            eventfd_t ignored;
            eventfd_read(refused.event_fd, &ignored);
        }
    }
}

int refuse_start(void)
{
    lock_init(&refused.lock, LOCK_REFUSE);
    refused.stopping = false;
    refused.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (refused.event_fd < 0)
        return -1;
    if (thread_start(&refused.thread, "refuse", 64 * 1024, run, NULL) == 0)
        return 0;
    close(refused.event_fd);
    return -1;
}

void refuse_stop(void)
{
    lock_acquire(&refused.lock);
    refused.stopping = true;
    lock_release(&refused.lock);
    eventfd_write(refused.event_fd, 1);
    thread_join(&refused.thread);
    close(refused.event_fd);
    lock_fini(&refused.lock);
}
