/* SPDX-License-Identifier: ISC */
/*
 * Queries beside the talk: HISTORY and SEARCH alternate at a fixed rate, over a few connections in turn. A query is
 * timed from when it was due to the last line of its answer.
 */
#include "config.h"

#include "tests/bench/engine.h"
#include "tests/bench/vocab.h"

#include <stdio.h>

static void put_history(struct buf *out, struct asks *a, int rooms)
{
    unsigned room = vocab_random(&a->random) % (unsigned)rooms;
    switch (vocab_random(&a->random) % 3) {
    case 0: buf_printf(out, "HISTORY #b%u\r\n", room); break;
    case 1: buf_printf(out, "HISTORY #b%u 100 SINCE %ud\r\n", room, 1 + vocab_random(&a->random) % 300); break;
    default: buf_printf(out, "HISTORY #b%u 20\r\n", room); break;
    }
}

/* One word, two, a prefix, in a room, by a user, in Chinese characters; frequent words and rare ones. */
static void put_search(struct buf *out, struct asks *a, int rooms)
{
    unsigned what = vocab_random(&a->random) % 7, room = vocab_random(&a->random) % (unsigned)rooms;
    buf_str(out, "SEARCH ");
    if (what == 0)
        buf_printf(out, "in:#b%u ", room);
    if (what == 1)
        buf_printf(out, "from:b%06u ", vocab_random(&a->random) % 1000);
    if (what == 2)
        buf_printf(out, "after:%ud ", 1 + vocab_random(&a->random) % 300);
    if (what == 3) {
        vocab_word(out, vocab_rank(&a->random));
        buf_char(out, ' ');
    }
    if (what == 4)
        buf_str(out, "\xe4\xb8\x80\xe4\xb8\x83"); /* two of the most frequent ones, adjacent */
    else
        vocab_word(out, vocab_rank(&a->random));
    buf_str(out, what == 5 ? "*\r\n" : "\r\n");
}

void ask_pace(struct engine *e)
{
    struct asks *a = &e->asks;
    int64_t at_ns;
    while ((at_ns = traffic_due_ns(&a->pacer)) <= e->now_ns) {
        struct asker *k = &a->askers[a->pacer.said % ASKERS];
        struct client *c = &e->clients[a->first + a->pacer.said % ASKERS];
        bool is_search = a->pacer.said++ % 2;
        if (c->state != CLIENT_IN || k->n == ASKER_OPEN) {
            e->result->unasked++;
            continue;
        }
        int i = (k->at + k->n++) % ASKER_OPEN;
        k->due_ns[i] = at_ns;
        k->is_search[i] = is_search;
        (is_search ? put_search : put_history)(&c->out, a, e->o->rooms);
        engine_mark(e, c);
    }
}

void ask_answered(struct engine *e, const struct client *c, const struct frame *f)
{
    struct asker *k = &e->asks.askers[c - e->clients - e->asks.first];
    if (!k->n)
        return;
    int64_t due_ns = k->due_ns[k->at];
    bool is_search = k->is_search[k->at];
    k->at = (k->at + 1) % ASKER_OPEN;
    k->n--;
    if (due_ns < e->measure_ns)
        return;
    hist_add(is_search ? &e->result->search : &e->result->history, e->now_ns - due_ns);
    e->result->part += f->kind == FRAME_PART_ANSWER;
}
