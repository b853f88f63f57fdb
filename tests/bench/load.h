/* SPDX-License-Identifier: ISC */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tests/bench/check.h"
#include "tests/bench/hist.h"
#include "tests/bench/proc.h"
#include "tests/bench/proto.h"

#include <netinet/in.h>

#define ASKERS 4 /* connections that ask, when there is something to ask */

/* What is to be done. One of window, rate and burst is more than 0. */
struct load_options {
    const struct proto *proto;
    struct sockaddr_in server;
    int clients, rooms, senders; /* readers, spread evenly over the rooms; the first `senders` of them also talk */
    int length;                  /* bytes of a text */
    int window, rate, burst;
    int duration_s, warmup_s;
    int stopped; /* more clients, that never read once they are in */
    int loud;    /* texts a second in a room of its own, where the stopped ones sit; 0: they sit in the first room */
    int ask;     /* questions a second to the history, HISTORY and SEARCH in turn; 0: none */
    bool hello;  /* everyone talks once before memory is measured and the load begins */
    int at_once; /* connections on their way at a time */
    int login_timeout_s;
    int pid; /* of the server, 0 if unknown */
    int seed;
};

/* Words of the server, and how often they came. */
#define WORDS_KINDS 8

struct words {
    struct {
        char text[80];
        int count;
    } kinds[WORDS_KINDS];
    int n;
};

/* What came of it. "Measured" is the time after the warm-up until the last text was sent (with a burst: arrived). */
struct load_result {
    bool is_complete; /* everyone got in, and the load was carried out to its end */
    int entered;
    int64_t login_ns; /* until all were in */
    struct hist login;
    int64_t measured_ns;
    uint64_t said, delivered; /* measured; the loud room not counted */
    struct hist latency;      /* of texts that were due in the measured time, whenever they came */
    struct hist late;         /* how much later than due we sent, with a rate */
    int64_t own_cpu_ns, own_wait_ns;
    int64_t server_cpu_ns; /* measured; -1: unknown, like the next */
    int64_t machine_cpu_ns; /* measured: of all that ran on this machine */
    int64_t switches;
    uint64_t all_delivered; /* from the warm-up to the last, with the loud room: what the switches were for */
    struct proc_memory memory_before, memory_in, memory_after; /* zero: unknown */
    struct check_totals check;
    uint64_t strays; /* texts from before the load */
    struct hist history, search; /* of questions, from when they were due to the end of their answer */
    uint64_t part, unasked;      /* answers that are not whole; questions for which no asker was free */
    int closed, stopped_closed;
    struct words closed_words, stopped_words, complaints;
};

/* All connections. */
static inline int load_connections(const struct load_options *o)
{
    return o->clients + o->stopped + (o->loud > 0) + (o->ask > 0) * ASKERS;
}

/* Carries the load out. False only if nothing could be begun, with the reason on standard error. */
bool load_run(const struct load_options *o, struct load_result *r);

/* From a signal handler: come to the end soon. */
void load_stop(void);

#endif
