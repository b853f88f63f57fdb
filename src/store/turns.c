/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: what a question costs is known only afterwards. So each address, and each client of it, is expected to
 * ask for as much as the last time, a new one for next to nothing; and what a question really took is charged to them
 * when it is done. The one whose question is expected to end first, on a clock on which all ask at once, is next.
 */
#include "config.h"

#include "store/turns.h"

#include "base/panic.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define LEAST_US 100 /* what a question costs at least, so that turns alternate if all are quick */
#define KEPT 64      /* addresses that are remembered in any case until nobody asks */

/* An address, or a client of one. */
struct turns_flow {
    unsigned char key[sizeof(struct in6_addr)];
    int jobs;                   /* of it, in the queue and taken */
    int64_t next_us, cost_us;   /* when its next question begins on the clock, and what the last one took */
    int64_t now_us;             /* of an address: the clock of its clients */
    struct turns_flow *clients; /* of an address: owns */
    struct turns_flow *reads;   /* of an address: borrows: the client whose job was taken */
    UT_hash_handle hh;
};

static struct turns_flow *flow_of(struct turns_flow **table, const void *key, size_t n)
{
    unsigned char whole[sizeof(struct in6_addr)] = {0};
    struct turns_flow *f;
    memcpy(whole, key, n);
    HASH_FIND(hh, *table, whole, sizeof whole, f);
    if (f)
        return f;
    f = panic_calloc(1, sizeof *f);
    memcpy(f->key, whole, sizeof whole);
    f->cost_us = LEAST_US;
    HASH_ADD(hh, *table, key, sizeof f->key, f);
    return f;
}

/* The server's own jobs are of no address. */
static struct turns_flow *address_of(struct turns *t, const struct store_job *job)
{
    static const struct in6_addr none;
    const struct in6_addr *key = job->from ? &job->from->key : &none;
    return flow_of(&t->addresses, key, sizeof *key);
}

/* A client is known by where its address stands, which is its own. */
static struct turns_flow *client_of(struct turns_flow *address, const struct store_job *job)
{
    return flow_of(&address->clients, &job->from, sizeof job->from);
}

static int64_t expected_end(const struct turns_flow *f)
{
    return f->next_us + f->cost_us;
}

/* One more waits. Who has not asked for long gains nothing by that; and the first that waits keeps its place, however
 * much others ask meanwhile. */
static void add(struct turns_flow *f, int64_t now_us)
{
    if (!f->jobs++ && f->next_us < now_us)
        f->next_us = now_us;
}

/* Forgets those that wait for nothing and have not had more than others; `all`: and those that have. */
static void forget(struct turns_flow **table, int64_t now_us, bool all)
{
    struct turns_flow *f, *next;
    HASH_ITER(hh, *table, f, next) {
        forget(&f->clients, f->now_us, all || !f->jobs);
        if (f->jobs || (!all && f->next_us > now_us))
            continue;
        HASH_DEL(*table, f);
        free(f);
    }
}

void turns_add(struct turns *t, struct store_job *job)
{
    struct turns_flow *address = address_of(t, job);
    struct store_job **at = &t->first;
    add(client_of(address, job), address->now_us);
    add(address, t->now_us);
    while (*at)
        at = &(*at)->next;
    job->next = NULL;
    *at = job;
    t->n++;
}

static void unlink_at(struct turns *t, struct store_job **at)
{
    *at = (*at)->next;
    t->n--;
}

static void begin(const struct turns_flow *f, int64_t *now_us)
{
    if (*now_us < f->next_us)
        *now_us = f->next_us;
}

/* The clock goes on by a part for each that asks, so that those who come later and later do not keep out who waits. */
static void end(struct turns_flow *f, int64_t took_us, const struct turns_flow *all, int64_t *now_us)
{
    int asking = 0;
    for (; all; all = all->hh.next)
        asking += all->jobs > 0;
    f->cost_us = took_us > LEAST_US ? took_us : LEAST_US;
    f->next_us += f->cost_us;
    f->jobs--;
    *now_us += f->cost_us / asking;
}

struct store_job *turns_take(struct turns *t)
{
    struct turns_flow *address = NULL, *client = NULL;
    struct store_job **at = NULL, *job;
    for (job = t->first; job; job = job->next) {
        struct turns_flow *f = address_of(t, job);
        if (!address || expected_end(f) < expected_end(address))
            address = f;
    }
    if (!address)
        return NULL;
    for (struct store_job **i = &t->first; *i; i = &(*i)->next) {
        struct turns_flow *f = address_of(t, *i) == address ? client_of(address, *i) : NULL;
        if (!f || (client && expected_end(f) >= expected_end(client)))
            continue;
        client = f;
        at = i;
    }
    job = *at;
    unlink_at(t, at);
    begin(address, &t->now_us);
    begin(client, &address->now_us);
    t->reads = address;
    address->reads = client;
    return job;
}

void turns_done(struct turns *t, int64_t took_us)
{
    end(t->reads->reads, took_us, t->reads->clients, &t->reads->now_us);
    end(t->reads, took_us, t->addresses, &t->now_us);
    t->reads->reads = NULL;
    t->reads = NULL;
    if (!t->n) {
        forget(&t->addresses, t->now_us, true);
        t->now_us = 0;
    } else if (HASH_COUNT(t->addresses) > KEPT) {
        forget(&t->addresses, t->now_us, false);
    }
}

void turns_remove(struct turns *t, const struct store_job *job)
{
    for (struct store_job **at = &t->first; *at; at = &(*at)->next)
        if (*at == job) {
            unlink_at(t, at);
            struct turns_flow *address = address_of(t, job);
            client_of(address, job)->jobs--;
            address->jobs--;
            if (!t->n && !t->reads)
                forget(&t->addresses, t->now_us, true);
            return;
        }
}
