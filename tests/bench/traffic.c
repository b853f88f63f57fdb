/* SPDX-License-Identifier: ISC */
/*
 * The schedules of the traffic.
 *
 * window  closed loop: a text is in flight until its witness has seen it. The witness is the sender or, if the server
 * does not echo, the next member of the room. A text that was seen lets the room's next sender talk. rate    open loop:
 * a text is due at its time, whatever happened to earlier ones, and is stamped with that time, so a server (or
 * generator) that falls behind shows in full. burst   the first client sends that many as fast as its socket accepts
 * them.
 */
#include "config.h"

#include "tests/bench/engine.h"

#define BURST_BYTES 65536 /* prepared ahead of the socket */

static struct client *member(struct engine *e, const struct room *r, int m)
{
    return &e->clients[r->first + m * r->step];
}

static void say(struct engine *e, struct room *r, int sender, int64_t due_ns)
{
    char text[STAMP_MOST];
    size_t len = (size_t)e->o->length;
    struct client *c = member(e, r, sender);
    struct stamp st = {
        .room = (unsigned)c->room,
        .sender = (unsigned)sender,
        .number = check_number(&r->check, (unsigned)sender),
        .sent_ns = due_ns,
    };
    stamp_write(text, len, &st);
    e->proto->say(&c->out, r->name, text, len);
    e->due += (uint64_t)(r->check.members - r->gone - !e->proto->echoes);
    if (c->room != e->loud_room && due_ns >= e->measure_ns) {
        e->result->said++;
        hist_add(&e->result->late, e->now_ns - due_ns);
    }
    engine_mark(e, c);
}

/* ---- window ---- */

void traffic_fill(struct engine *e, struct room *r)
{
    int gone = 0;
    while (r->in_flight < e->o->window && gone < r->check.senders) {
        int sender = r->turn;
        r->turn = sender + 1 == r->check.senders ? 0 : sender + 1;
        if (member(e, r, sender)->state != CLIENT_IN) {
            gone++;
            continue;
        }
        gone = 0;
        r->in_flight++;
        say(e, r, sender, e->now_ns);
    }
}

void traffic_fill_all(struct engine *e)
{
    for (int i = 0; i < e->o->rooms; i++)
        traffic_fill(e, &e->rooms[i]);
}

static bool is_witness(const struct engine *e, const struct room *r, int m, int sender)
{
    return m == (e->proto->echoes ? sender : (sender + 1) % r->check.members);
}

void traffic_arrived(struct engine *e, struct room *r, const struct client *c, const struct stamp *st)
{
    e->arrived++;
    e->arrived_ns = e->now_ns;
    if (c->room == e->loud_room)
        return;
    if (e->is_measuring) {
        e->result->delivered++;
        int64_t slot = (e->now_ns - e->measure_ns) / SLOT_NS;
        if (!c->kib_s && slot < e->o->duration_s * SLOTS_A_SECOND)
            e->slots[slot]++;
    }
    if (st->sent_ns >= e->measure_ns)
        hist_add(&e->result->latency, e->now_ns - st->sent_ns);
    if (e->o->window && is_witness(e, r, c->member, (int)st->sender)) {
        r->in_flight--;
        if (e->with_window)
            traffic_fill(e, r);
    }
}

/* ---- rate ---- */

int64_t traffic_due_ns(const struct pacer *p)
{
    if (!p->rate || p->said == p->most)
        return INT64_MAX;
    return p->start_ns + p->said / p->rate * 1000000000 + p->said % p->rate * 1000000000 / p->rate;
}

int64_t traffic_next_ns(const struct engine *e)
{
    int64_t a = traffic_due_ns(&e->main), b = traffic_due_ns(&e->loud);
    int64_t c = traffic_due_ns(&e->asks.pacer), talk = a < b ? a : b;
    return talk < c ? talk : c;
}

void traffic_pace(struct engine *e)
{
    int64_t at_ns;
    while ((at_ns = traffic_due_ns(&e->main)) <= e->now_ns) {
        struct client *c = &e->clients[e->speakers[e->main.said++ % e->o->senders]];
        if (c->state == CLIENT_IN)
            say(e, &e->rooms[c->room], c->member, at_ns);
    }
    while ((at_ns = traffic_due_ns(&e->loud)) <= e->now_ns) {
        e->loud.said++;
        if (e->clients[e->o->clients].state == CLIENT_IN)
            say(e, &e->rooms[e->loud_room], 0, at_ns);
    }
}

/* ---- burst ---- */

void traffic_burst(struct engine *e, struct client *c)
{
    e->now_ns = engine_clock();
    while (e->burst_left && client_unsent(c) < BURST_BYTES) {
        e->burst_left--;
        say(e, &e->rooms[0], 0, e->now_ns);
    }
}
