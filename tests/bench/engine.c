/* SPDX-License-Identifier: ISC */
/*
 * The loop: one epoll set, large reads, no copy of a complete frame. The clock is read once for each read, so all texts
 * of one read have the same time of arrival. Output produced while a client's input is handled is sent when that input
 * is used up, as if each client were a program of its own that answers what it has just read.
 */
#include "config.h"

#include "tests/bench/engine.h"

#include "base/panic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 256

int64_t engine_clock(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* ---- rooms and clients ---- */

static void make_rooms(struct engine *e)
{
    const struct load_options *o = e->o;
    e->loud_room = o->loud ? o->rooms : -1;
    e->room_count = o->rooms + (o->loud > 0);
    e->rooms = panic_calloc((unsigned long)e->room_count, sizeof *e->rooms);
    for (int i = 0; i < o->rooms; i++) {
        struct room *r = &e->rooms[i];
        int members = (o->clients - i + o->rooms - 1) / o->rooms + (i ? 0 : o->paced), senders = (o->senders - i + o->rooms - 1) / o->rooms;
        snprintf(r->name, sizeof r->name, "%sb%d", e->proto->prefix, o->first + i);
        r->step = o->rooms;
        r->first = i;
        check_init(&r->check, members, senders, e->proto->echoes);
    }
    if (o->loud) {
        struct room *r = &e->rooms[e->loud_room];
        snprintf(r->name, sizeof r->name, "%sloud", e->proto->prefix);
        r->step = 1;
        r->first = o->clients;
        check_init(&r->check, 1, 1, e->proto->echoes);
    }
}

static void make_clients(struct engine *e)
{
    const struct load_options *o = e->o;
    e->client_count = load_connections(o);
    e->asks = (struct asks){.first = o->clients + (o->loud > 0), .random = (uint64_t)o->seed};
    e->clients = panic_calloc((unsigned long)e->client_count, sizeof *e->clients);
    e->dirty = panic_calloc((unsigned long)e->client_count, sizeof(struct client *));
    for (int i = 0; i < e->client_count; i++) {
        struct client *c = &e->clients[i];
        c->fd = -1;
        c->room = i % o->rooms;
        c->member = i / o->rooms;
        if (i >= o->clients) {
            c->room = o->loud ? e->loud_room : 0;
            c->member = o->loud && i == o->clients ? 0 : CLIENT_STOPS;
        }
        if (i >= o->clients && i < o->clients + o->paced) { /* there is one room */
            c->member = i;
            c->kib_s = o->paced_kib[i - o->clients];
        } else if (c->member == CLIENT_STOPS) {
            c->kib_s = o->stopped_kib;
        }
        if (o->ask && i >= e->asks.first && i < e->asks.first + ASKERS) {
            c->room = i % o->rooms;
            c->member = CLIENT_ASKS;
        }
    }
}

bool engine_init(struct engine *e, const struct load_options *o, struct load_result *r)
{
    *e = (struct engine){.o = o, .proto = o->proto, .result = r};
    e->talk_ns = e->measure_ns = INT64_MAX;
    e->now_ns = engine_clock();
    e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    e->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
    if (e->epoll_fd < 0 || e->timer_fd < 0 || epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, e->timer_fd, &ev) != 0) {
        perror("chatload: epoll");
        return false;
    }
    make_rooms(e);
    make_clients(e);
    return true;
}

void engine_fini(struct engine *e)
{
    for (int i = 0; i < e->client_count; i++)
        client_fini(&e->clients[i]);
    for (int i = 0; i < e->room_count; i++)
        check_fini(&e->rooms[i].check);
    check_forget();
    free(e->clients);
    free(e->rooms);
    free(e->dirty);
    free(e->speakers);
    free(e->paced);
    free(e->slots);
    close(e->epoll_fd);
    close(e->timer_fd);
}

/* ---- one client ---- */

void engine_count_words(struct words *w, const char *text)
{
    int i = 0;
    while (i < w->n && strncmp(w->kinds[i].text, text, sizeof w->kinds[i].text - 1) != 0)
        i++;
    if (i == WORDS_KINDS)
        return;
    if (i == w->n) {
        snprintf(w->kinds[i].text, sizeof w->kinds[i].text, "%s", text);
        w->n++;
    }
    w->kinds[i].count++;
}

void engine_lose(struct engine *e, struct client *c, const char *why)
{
    if (c->state < CLIENT_IN) {
        e->failed++;
    } else if (c->member != CLIENT_STOPS) {
        e->result->closed++;
    } else {
        e->result->stopped_closed++;
        engine_count_words(&e->result->stopped_words, c->words ? c->words : why);
    }
    if (c->state == CLIENT_IN && c->member >= 0) { /* what it still misses does not arrive */
        e->rooms[c->room].gone++;
        e->due -= check_missing(&e->rooms[c->room].check, (unsigned)c->member);
    }
    if (c->member != CLIENT_STOPS || c->state < CLIENT_IN)
        engine_count_words(&e->result->closed_words, c->words ? c->words : why);
    client_close(c);
    login_more(e);
}

void engine_watch(struct engine *e, struct client *c, bool out)
{
    if (c->wants_out == out)
        return;
    c->wants_out = out;
    struct epoll_event ev = {.events = out ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    epoll_ctl(e->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

void engine_mark(struct engine *e, struct client *c)
{
    if (c->is_dirty)
        return;
    c->is_dirty = true;
    e->dirty[e->dirty_count++] = c;
}

static bool has_burst(const struct engine *e, const struct client *c)
{
    return e->burst_left && c == e->clients;
}

static void send_some(struct engine *e, struct client *c)
{
    int left = client_send(c);
    if (left < 0)
        engine_lose(e, c, "reset while sending");
    else
        engine_watch(e, c, left || has_burst(e, c));
}

static void flush(struct engine *e)
{
    for (int i = 0; i < e->dirty_count; i++) {
        struct client *c = e->dirty[i];
        c->is_dirty = false;
        if (c->fd >= 0 && c->state > CLIENT_SHAKING && !c->wants_out)
            send_some(e, c);
    }
    e->dirty_count = 0;
}

static void text_arrived(struct engine *e, struct client *c, const struct frame *f)
{
    struct stamp st;
    if (c->member < 0)
        return;
    if (f->len != (size_t)e->o->length || !stamp_read(f->text, f->len, &st) || st.room != (unsigned)c->room) {
        e->result->check.damaged++;
        return;
    }
    if (st.sent_ns < e->talk_ns) {
        e->result->strays++;
        return;
    }
    struct room *r = &e->rooms[c->room];
    if (check_arrived(&r->check, (unsigned)c->member, &st, &e->result->check))
        traffic_arrived(e, r, c, &st);
}

static void other_arrived(struct engine *e, struct client *c, const struct frame *f)
{
    switch (f->kind) {
    case FRAME_WELCOME:
        if (c->state == CLIENT_GREETING)
            login_welcome(e, c);
        break;
    case FRAME_JOINED:
        if (c->state == CLIENT_JOINING)
            login_done(e, c);
        break;
    case FRAME_ANSWER:
    case FRAME_PART_ANSWER:
        if (c->member == CLIENT_ASKS)
            ask_answered(e, c, f);
        break;
    case FRAME_PING:
        if (e->proto->pong) {
            e->proto->pong(&c->out, f);
            engine_mark(e, c);
        }
        break;
    case FRAME_ERROR:
        client_note_error(c, f->text, f->len);
        engine_count_words(&e->result->complaints, c->words);
        break;
    default: break;
    }
}

void engine_read(struct engine *e, struct client *c, size_t most)
{
    int came = client_read(c, &e->input, most);
    if (came < 0)
        engine_lose(e, c, "closed without last words");
    if (came <= 0)
        return;
    const char *p = e->input.data, *end = p + e->input.len;
    size_t length = (size_t)e->o->length;
    e->now_ns = engine_clock();
    while (p < end && c->fd >= 0) {
        struct frame f = e->proto->next(p, (size_t)(end - p), length);
        if (f.kind == FRAME_PART)
            break;
        if (f.kind == FRAME_TEXT)
            text_arrived(e, c, &f);
        else if (f.kind != FRAME_OTHER)
            other_arrived(e, c, &f);
        p += f.used;
    }
    if (c->fd >= 0)
        client_keep(c, p, (size_t)(end - p));
}

static void handle(struct engine *e, struct client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (c->state == CLIENT_CONNECTING) {
        login_connected(e, c);
        return;
    }
    if (c->state == CLIENT_SHAKING) {
        login_shake(e, c);
        if (c->fd >= 0 && tls_has_input(c->tls))
            engine_read(e, c, INPUT_SIZE);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        engine_read(e, c, INPUT_SIZE);
    if (c->fd >= 0 && events & EPOLLOUT) {
        if (has_burst(e, c))
            traffic_burst(e, c);
        send_some(e, c);
    }
}

/* ---- the loop ---- */

static void arm(struct engine *e, int64_t at_ns)
{
    if (e->armed_ns == at_ns)
        return;
    struct itimerspec its = {.it_value = {at_ns / 1000000000, at_ns % 1000000000}};
    timerfd_settime(e->timer_fd, TFD_TIMER_ABSTIME, &its, NULL);
    e->armed_ns = at_ns;
}

static void fired(struct engine *e)
{
    uint64_t times;
    if (read(e->timer_fd, &times, sizeof times) > 0)
        e->armed_ns = 0;
}

void engine_turn(struct engine *e, int64_t until_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t next_ns = traffic_next_ns(e), paced_ns = paced_next_ns(e);
    if (paced_ns < until_ns)
        until_ns = paced_ns;
    arm(e, next_ns < until_ns ? next_ns : until_ns);
    int n = epoll_wait(e->epoll_fd, events, EVENTS_AT_ONCE, -1);
    e->now_ns = engine_clock();
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr)
            handle(e, events[i].data.ptr, events[i].events);
        else
            fired(e);
        if (e->now_ns >= next_ns) {
            traffic_pace(e);
            ask_pace(e);
            next_ns = traffic_next_ns(e);
        }
        if (e->dirty_count)
            flush(e);
    }
    paced_read(e);
    traffic_pace(e);
    ask_pace(e);
    flush(e);
}
