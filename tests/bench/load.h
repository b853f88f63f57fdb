/* SPDX-License-Identifier: ISC */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "tests/bench/check.h"
#include "tests/bench/hist.h"
#include "tests/bench/proc.h"
#include "tests/bench/proto.h"

#include <netinet/in.h>

#define ASKERS 4     /* connections that send queries, with --ask */
#define PACED_MOST 8 /* clients that read at a pace, with --paced */

/* The options of a run. Exactly one of window, rate and burst is more than 0. */
struct load_options {
    const struct proto *proto;
    struct sockaddr_in server;
    int clients, rooms, senders; /* readers, spread evenly over the rooms; the first `senders` of them also talk */
    int length;                  /* bytes of a text */
    int window, rate, burst;
    int duration_s, warmup_s;
    int stopped; /* additional clients that never read once they have joined */
    int stopped_kib; /* instead they read so many KiB a second; 0: nothing */
    int paced;       /* additional clients of the first room that read at a pace, and must miss nothing all the same */
    int paced_kib[PACED_MOST]; /* KiB a second of each */
    int loud;    /* texts per second in an extra room for the stopped clients; 0: they are in the first room */
    int ask;     /* queries per second, HISTORY and SEARCH in turn; 0: none */
    bool hello;  /* every sender sends one text before memory is measured and the load begins */
    bool storm;  /* all logins begin at once */
    int at_once; /* logins in progress at a time */
    bool tls, ws;
    const char *tls_version; /* NULL: the highest */
    int first; /* clients and rooms are named after numbers from here on */
    int login_timeout_s;
    int pid; /* of the server, 0 if unknown */
    int seed;
};

/* Last words and errors from the server, with their counts. */
#define WORDS_KINDS 8

struct words {
    struct {
        char text[80];
        int count;
    } kinds[WORDS_KINDS];
    int n;
};

/* The result. "Measured" is the time from the end of the warm-up until the last text was sent (with a burst: arrived).
 */
struct load_result {
    bool is_complete; /* all clients logged in, and the load ran to its end */
    int entered;
    int64_t login_ns; /* until all were logged in */
    struct hist login;
    int64_t login_own_cpu_ns, login_server_cpu_ns; /* until then; of the server -1: unknown */
    int handshakes;        /* completed, of TLS */
    int64_t handshakes_ns; /* from the first connect to the last of them */
    char tls[80];          /* version and cipher of the first */
    int64_t measured_ns;
    uint64_t said, delivered; /* measured, without the loud room */
    struct hist latency;      /* of texts that were due in the measured time, whenever they arrived */
    struct hist late;         /* with a rate: how much later than due texts were sent */
    int64_t own_cpu_ns, own_wait_ns;
    int64_t server_cpu_ns; /* measured; -1: unknown, as below */
    int64_t machine_cpu_ns; /* measured: of the whole machine */
    int64_t switches;
    uint64_t all_delivered; /* from the warm-up to the end, with the loud room: the base of .switches */
    struct proc_memory memory_before, memory_in, memory_after; /* zero: unknown */
    struct check_totals check;
    uint64_t strays; /* texts from before the load */
    struct hist history, search; /* of queries, from when they were due to the end of their answer */
    uint64_t part, unasked;      /* incomplete answers; queries for which no asker was free */
    int closed, stopped_closed;
    int64_t dips_ns, longest_dip_ns; /* measured: time with less than half of the usual throughput */
    struct words closed_words, stopped_words, complaints;
};

/* The number of all connections. */
static inline int load_connections(const struct load_options *o)
{
    return o->clients + o->paced + o->stopped + (o->loud > 0) + (o->ask > 0) * ASKERS;
}

/* Runs the load. False only if it could not start; the reason is on standard error. */
bool load_run(const struct load_options *o, struct load_result *r);

/* Ends the run early. Safe in a signal handler. */
void load_stop(void);

#endif
