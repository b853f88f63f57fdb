/* SPDX-License-Identifier: ISC */
/*
 * The acceptor's loop. When descriptors or memory run out it pauses, longer each time up to a second, instead of
 * failing half a million times a second (accept(2): EMFILE, ENFILE, ENOBUFS, ENOMEM).
 */
#include "config.h"

#include "net/listener.h"

#include "base/clock.h"
#include "base/cond.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/thread.h"
#include "net/pool.h"
#include "net/proxies.h"
#include "net/refuse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_FIRST_MS 10
#define PAUSE_MOST_MS 1000

struct listener {
    struct listener_config config;
    int fd;
    int port;
    bool started;
    _Atomic bool stopping;
    struct notifier notifier; /* ends a pause */
    struct thread thread;
};

static int set_options(int fd, const struct listener_config *c)
{
    const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1},
        {SOL_SOCKET, SO_SNDBUF, c->send_buffer},
        {SOL_SOCKET, SO_RCVBUF, c->receive_buffer},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, c->keepalive_idle_s},
        {IPPROTO_TCP, TCP_KEEPINTVL, c->keepalive_interval_s},
        {IPPROTO_TCP, TCP_KEEPCNT, c->keepalive_count},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, c->user_timeout_ms},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value) != 0)
            return -1;
    return 0;
}

/* Fills ss with the address to bind. Returns its length, or 0 if the text is not a numeric address. */
static socklen_t resolve(const struct listener_config *c, int family, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof *ss);
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
    struct sockaddr_in *in = (struct sockaddr_in *)ss;
    bool any = strcmp(c->address, "*") == 0;
    if (family == AF_INET6 && (any || inet_pton(AF_INET6, c->address, &in6->sin6_addr) == 1)) {
        if (any)
            in6->sin6_addr = in6addr_any;
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)c->port);
        return sizeof *in6;
    }
    if (family == AF_INET && (any || inet_pton(AF_INET, c->address, &in->sin_addr) == 1)) {
        if (any)
            in->sin_addr.s_addr = htonl(INADDR_ANY);
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)c->port);
        return sizeof *in;
    }
    errno = EINVAL;
    return 0;
}

static int open_family(const struct listener_config *c, int family)
{
    struct sockaddr_storage ss;
    socklen_t len = resolve(c, family, &ss);
    if (!len)
        return -1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int only_v6 = strcmp(c->address, "*") != 0;
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0)
        goto failed;
    if (set_options(fd, c) != 0 || bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, c->backlog) != 0)
        goto failed;
    return fd;

failed:;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

static void explain(const struct listener_config *c, int err, char error[LISTENER_ERROR])
{
    const char *advice = "";
    if (err == EADDRINUSE)
        advice = ": another chatd, or another program, listens there; stop it or choose another port (chatd -p PORT)";
    else if (err == EACCES)
        advice = ": ports below 1024 need a privilege; choose another port (chatd -p PORT)";
    else if (err == EADDRNOTAVAIL)
        advice = ": not an address of this machine, or not up yet (systemd: After=network-online.target); see "
                 "`ip addr`, or listen on \"*\"";
    snprintf(error, LISTENER_ERROR, "cannot listen on %s port %d: %s%s", c->address, c->port,
             err == EADDRINUSE ? "the port is in use" : log_error_text(err), advice);
}

static int port_of(int fd)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;
    must(getsockname(fd, (struct sockaddr *)&ss, &len) == 0);
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

struct listener *listener_open(const struct listener_config *config, char error[LISTENER_ERROR])
{
    struct in_addr v4;
    bool is_v4 = inet_pton(AF_INET, config->address, &v4) == 1;
    int fd = is_v4 ? -1 : open_family(config, AF_INET6);
    bool without_v6 = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL || errno == EPROTONOSUPPORT;
    if (is_v4 || (fd < 0 && without_v6 && strcmp(config->address, "*") == 0))
        fd = open_family(config, AF_INET);
    if (fd < 0) {
        explain(config, errno, error);
        return NULL;
    }
    struct listener *l = panic_calloc(1, sizeof *l);
    l->config = *config;
    l->fd = fd;
    l->port = port_of(fd);
    notifier_init(&l->notifier);
    return l;
}

int listener_port(const struct listener *l)
{
    return l->port;
}

/* A trusted proxy connects for others, of whom each is asked about later. */
static bool is_admitted(const struct listener *l, int fd, const struct addr *peer)
{
    struct msg *last_words = NULL;
    if (!l->config.admits || peer->proxy || l->config.admits(l->config.admits_arg, peer, &last_words))
        return true;
    counter_add(COUNTER_REFUSED_BANNED, 1);
    log_peer_from(&peer->key, LOG_INFO, "refused", "address=%s reason=banned", peer->text);
    refuse(fd, last_words);
    if (last_words)
        msg_unref(last_words);
    return false;
}

static void welcome(struct listener *l, int fd, const struct sockaddr_storage *ss)
{
    struct arrival a = {.fd = fd, .layers = l->config.layers, .via = l->config.via};
    addrs_from(&a.peer, ss);
    a.peer.proxy = l->config.has_proxies && proxies_include(ss);
    counter_add(COUNTER_ACCEPTED, 1);
    if (!is_admitted(l, fd, &a.peer))
        return;
    if (!addrs_enter(&a.peer)) {
        counter_add(COUNTER_REFUSED_ADDRESS, 1);
        log_peer_from(&a.peer.key, LOG_INFO, "refused", "address=%s reason=too_many_connections", a.peer.text);
        refuse(fd, l->config.last_words_many);
        return;
    }
    enum pool_take result = pool_take(&a);
    if (result == POOL_GIVEN)
        return;
    addrs_leave(&a.peer);
    if (result == POOL_FULL) {
        counter_add(COUNTER_REFUSED_FULL, 1);
        log_peer_from(&a.peer.key, LOG_INFO, "refused", "address=%s reason=server_full", a.peer.text);
        refuse(fd, l->config.last_words_full);
    } else {
        close(fd);
    }
}

static bool is_shortage(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void accept_loop(void *arg)
{
    struct listener *l = arg;
    int pause_ms = PAUSE_FIRST_MS;
    while (!atomic_load(&l->stopping)) {
        struct sockaddr_storage ss;
        socklen_t len = sizeof ss;
        int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC);
        if (fd >= 0) {
            pause_ms = PAUSE_FIRST_MS;
            welcome(l, fd, &ss);
        } else if (is_shortage(errno)) {
            counter_add(COUNTER_ACCEPT_PAUSED, 1);
            log_peer(LOG_WARN, "accept_paused",
                     "error=\"%s\" pause_ms=%d hint=\"raise the limit on descriptors (ulimit -n)\"",
                     log_error_text(errno), pause_ms);
            notifier_wait(&l->notifier, clock_ms() + pause_ms);
            pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
        }
        /* any other error ends one connection (ECONNABORTED) or this thread (EINVAL after shutdown) */
    }
}

int listener_start(struct listener *l)
{
    if (thread_start(&l->thread, "accept", 128 * 1024, accept_loop, l) != 0)
        return -1;
    l->started = true;
    return 0;
}

void listener_close(struct listener **lp)
{
    struct listener *l = *lp;
    if (!l)
        return;
    atomic_store(&l->stopping, true);
    notifier_notify(&l->notifier);
    if (l->started) {
        (void)shutdown(l->fd, SHUT_RDWR);
        thread_join(&l->thread);
    }
    close(l->fd);
    notifier_fini(&l->notifier);
    free(l);
    *lp = NULL;
}
