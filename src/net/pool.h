/* SPDX-License-Identifier: ISC */
#ifndef NET_POOL_H
#define NET_POOL_H

#include "base/thread.h"
#include "net/addrs.h"
#include "net/outbox.h"
#include "net/stream.h"
#include "net/stream_tcp.h"

/*
 * The prethreaded pool. A pair is a reader and a writer thread with their outbox. It is made before its client
 * connects and never freed while chatd runs; it serves one client after the other. The reader runs `serve` for each
 * client; the writer drains the outbox and does nothing else.
 *
 * Locking key: P by the pool's lock · R the pair's reader only · c constant once made
 */
#define POOL_READER_STACK_BYTES (128 * 1024)
#define POOL_WRITER_STACK_BYTES (64 * 1024)

struct arrival {
    int fd; /* owned by the arrival's holder */
    struct addr peer;
    const struct stream_layer *const *layers; /* borrows; as in struct listener_config */
    const void *via;                          /* for `serve`: the listener's struct protocol */
};

struct pair {
    void *user;               /* c: made by `prepare` */
    struct notifier notifier; /* wakes the reader */
    struct outbox *outbox;    /* c: owns */
    struct stream *stream;    /* R, and the drainer by the outbox: owns; the top of the stack, NULL without a client */
    struct stream_tcp tcp;    /* the bottom of the stack */
    struct arrival arrival;   /* P, R may read */
    uint64_t id;              /* P, R may read: the client's id, counted from 1 */
    int64_t since_ms;         /* P, R may read: clock_ms() of the arrival */
    struct thread reader, writer;
    struct cond go;         /* the reader waits for a client here */
    bool assigned;          /* P: the reader is to start */
    bool busy;              /* P: it has a client */
    struct pair *next_idle; /* P */
};

struct pool_config {
    int max;      /* most clients at a time */
    int prespawn; /* pairs made by pool_start */
    int spare;    /* idle pairs that the keeper keeps ready */
    void (*prepare)(struct pair *p); /* once for each new pair, from the thread that makes it */
    void (*release)(struct pair *p); /* once for each pair, at pool_stop */
    void (*serve)(struct pair *p);   /* reader thread, once for each client, with the outbox open; returns with it
                                        closed, finished and drained, and after pool_leave */
};

/* Before all other calls, and before the threads that make them. There are no pairs yet: pool_take waits for one. */
void pool_open(const struct pool_config *config);

/* Makes the first pairs, beside those that the keeper has made meanwhile; sets *made to the number of all. Returns 0,
 * or -1 with errno if there is not even one. */
int pool_start(int *made);

/* New limits for a running pool; no client is closed. Any thread. */
void pool_configure(int max, int spare);

enum pool_take { POOL_GIVEN, POOL_FULL, POOL_STOPPING };

/* Acceptor: hands the arrival to an idle pair. Below the maximum it waits until there is one; POOL_FULL only at the
 * maximum, or if no thread can be made. The descriptor stays the caller's unless POOL_GIVEN. Blocks. */
enum pool_take pool_take(const struct arrival *a);

/* Keeper: until clock_ms() reaches until_ms, waits for a need of pairs and makes them. Blocks. */
void pool_maintain(int64_t until_ms);

/* Reader, from `serve`, before the last words: the client no longer counts, so a peer that reads them, or sees the
 * connection end, finds a place free. The connection counts for its address until its socket is closed. */
void pool_leave(struct pair *p);

/* Reader, from `serve`: the client has another address than the connection comes from, and counts for it from now on.
 * False, and nothing is changed: that address has as many connections as it may. */
bool pool_set_peer(struct pair *p, const struct addr *peer);

/* Calls fn for each pair that exists, idle ones too. Any thread; the caller may hold only locks that rank before
 * OUTBOX. */
void pool_each(void (*fn)(struct pair *p, void *arg), void *arg);

struct pool_counts {
    int pairs, idle, clients;
};
struct pool_counts pool_counts(void);

/* Copies which client a pair serves. False: it serves none. Any thread. */
struct pool_client {
    uint64_t id;
    int64_t since_ms; /* clock_ms() of the arrival */
    char address[ADDRS_TEXT];
    struct in6_addr key; /* the same as addresses are counted */
};
bool pool_client(struct pair *p, struct pool_client *out);

/* Blocks until the client with that id has left (true), or until clock_ms() reaches until_ms (false). */
bool pool_wait_gone(uint64_t id, int64_t until_ms);

/* To stop, in this order, after the listeners: closes every outbox as CLOSE_STOP and accepts no client any more;
 * waits until all sessions have ended; ends the threads. */
void pool_close_all(void);
void pool_wait_empty(void);
void pool_stop(void);

#endif
