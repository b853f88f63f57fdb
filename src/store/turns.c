/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: a job's turn is one more than that of the last job of its address, and never one that has passed. So an
 * address that comes anew neither waits for the many jobs of another nor overtakes those whose turn has come.
 */
#include "config.h"

#include "store/turns.h"

#include <string.h>

static bool is_same(const struct addr *a, const struct addr *b)
{
    return a == b || (a && b && memcmp(&a->key, &b->key, sizeof a->key) == 0);
}

void turns_add(struct turns *t, struct store_job *job)
{
    struct store_job **at = &t->first;
    job->turn = t->now + 1;
    for (const struct store_job *j = t->first; j; j = j->next)
        if (is_same(j->from, job->from))
            job->turn = j->turn + 1;
    while (*at && (*at)->turn <= job->turn)
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    t->n++;
}

struct store_job *turns_take(struct turns *t)
{
    struct store_job *job = t->first;
    if (job) {
        t->first = job->next;
        t->now = job->turn;
        t->n--;
    }
    return job;
}

void turns_remove(struct turns *t, const struct store_job *job)
{
    for (struct store_job **at = &t->first; *at; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            t->n--;
            return;
        }
}
