/* SPDX-License-Identifier: ISC */
/*
 * Logins: connect, with TLS do its handshake, log in, join the room. A limited number is in progress at a time; each
 * that completes starts the next. A client that is to stop reading leaves the epoll set as soon as it has joined.
 */
#include "config.h"

#include "tests/bench/engine.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define PORTS_A_SOURCE 20000 /* fewer than Linux allows for one address by default */

/* The system's choice for the first 20,000 clients, then 127.0.1.1, 127.0.1.2 and so on. */
static struct in_addr source(const struct engine *e, int index)
{
    struct in_addr none = {0}, more = {htonl(0x7f000100u + (unsigned)(index / PORTS_A_SOURCE))};
    bool is_loopback = ntohl(e->o->server.sin_addr.s_addr) >> 24 == 127;
    return index < PORTS_A_SOURCE || !is_loopback ? none : more;
}

static void begin(struct engine *e, struct client *c)
{
    int index = (int)(c - e->clients);
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    c->began_ns = e->now_ns;
    c->wants_out = true;
    int buffer = c->kib_s ? paced_buffer(c) : c->member == CLIENT_STOPS ? CLIENT_SMALL_BUFFER : 0;
    if (client_connect(c, &e->o->server, source(e, index), buffer) != 0 ||
        epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
        perror("chatload: connect");
        e->failed++;
        client_close(c);
    }
}

void login_more(struct engine *e)
{
    while (e->begun < e->client_count && e->begun - e->entered - e->failed < e->o->at_once)
        begin(e, &e->clients[e->begun++]);
}

bool login_is_over(const struct engine *e)
{
    return e->entered + e->failed == e->client_count;
}

static void say_name(struct engine *e, struct client *c)
{
    char name[16];
    snprintf(name, sizeof name, "b%06d", e->o->first + (int)(c - e->clients));
    e->proto->login(&c->out, name);
}

/* The server speaks before TLS begins. */
static bool greets_in_the_clear(const struct engine *e)
{
    return e->proto->greets && !e->o->ws;
}

/* The client may speak the protocol. */
static void begin_greeting(struct engine *e, struct client *c)
{
    c->state = CLIENT_GREETING;
    if (e->o->ws) {
        c->ws = ws_new(&e->proto->ws);
        engine_mark(e, c);
    }
    if (e->proto->is_mute) {
        login_done(e, c);
    } else if (!e->proto->greets) {
        say_name(e, c);
        engine_mark(e, c);
    }
}

void login_connected(struct engine *e, struct client *c)
{
    int error = client_connected(c);
    if (error) {
        engine_lose(e, c, strerror(error));
        return;
    }
    engine_watch(e, c, false);
    if (e->o->tls && !greets_in_the_clear(e))
        login_shake(e, c);
    else
        begin_greeting(e, c);
}

static void note_handshake(struct engine *e, const struct client *c)
{
    struct load_result *r = e->result;
    if (!r->handshakes++)
        tls_describe(c->tls, r->tls, sizeof r->tls);
    e->now_ns = engine_clock(); /* earlier handshakes of this turn took long */
    r->handshakes_ns = e->now_ns - e->login_ns;
}

void login_shake(struct engine *e, struct client *c)
{
    if (!c->tls)
        c->tls = tls_start(c->fd);
    c->state = CLIENT_SHAKING;
    switch (tls_handshake(c->tls)) {
    case TLS_WAITS: break;
    case TLS_FAILED: engine_lose(e, c, tls_error()); break;
    case TLS_DONE:
        note_handshake(e, c);
        if (greets_in_the_clear(e))
            login_welcome(e, c);
        else
            begin_greeting(e, c);
        break;
    }
}

void login_welcome(struct engine *e, struct client *c)
{
    if (greets_in_the_clear(e) && e->o->tls && !c->tls) {
        login_shake(e, c);
        return;
    }
    if (e->proto->greets)
        say_name(e, c);
    c->state = CLIENT_JOINING;
    e->proto->join(&c->out, e->rooms[c->room].name);
    engine_mark(e, c);
}

void login_done(struct engine *e, struct client *c)
{
    c->state = CLIENT_IN;
    e->entered++;
    hist_add(&e->result->login, e->now_ns - c->began_ns);
    if (e->proto->is_mute)
        client_close(c);
    else if (c->kib_s)
        paced_begin(e, c);
    else if (c->member == CLIENT_STOPS)
        epoll_ctl(e->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    login_more(e);
}
