/* SPDX-License-Identifier: ISC */
/* From rows of the configuration to listeners. What the console reads stays as it is after ports_open. */
#include "config.h"

#include "ports.h"

#include "base/log.h"
#include "chat/bans.h"
#include "net/stream_ws.h"
#include "net/tls.h"
#include "serve/protocol.h"
#include "serve/protocols.h"

#include <stdio.h>
#include <string.h>

#define LAYERS 5 /* with the NULL at the end */

static struct port {
    struct conf_listener conf;
    struct listener *listener;
    int number;              /* of the port: chosen by the system if the configuration says 0 */
    struct msg *full, *many; /* owns: what a refused connection is told, or NULL */
    const struct stream_layer *layers[LAYERS];
} ports[CONF_LISTENERS];
static int port_count;

static bool is_plain(const struct port *p)
{
    return !p->layers[0] || p->layers[0] == &stream_ws;
}

/* A refused connection has no streams yet: the words go out as they are. */
static void set_refusals(struct port *p, const struct protocol *protocol)
{
    if (p->conf.tls) {
        p->full = tls_refusal(TLS_REFUSED_FULL);
        p->many = tls_refusal(TLS_REFUSED_ADDRESS);
    } else if (is_plain(p) && protocol->refusal) {
        p->full = protocol->refusal(&(struct refusal){.error = ERROR_FULL});
        p->many = protocol->refusal(&(struct refusal){.error = ERROR_TOO_MANY_CONNECTIONS});
    }
}

/* Here as well the words go out as they are. */
static bool admits(const void *arg, const struct addr *peer, struct msg **last_words)
{
    const struct port *p = arg;
    const struct protocol *protocol = protocols_named(p->conf.protocol);
    struct refusal no = {0};
    if (bans_admit(BAN_KIND_BAN, &(struct bans_subject){.address = &peer->key}, &no))
        return true;
    if (p->conf.tls)
        *last_words = tls_refusal(TLS_REFUSED_ADDRESS);
    else if (is_plain(p) && protocol->refusal)
        *last_words = protocol->refusal(&no);
    buf_fini(&no.reason);
    return false;
}

static void set_layers(struct port *p, const struct stream_layer *const *layers)
{
    int n = 0;
    for (; layers && layers[n] && n < LAYERS - 3; n++)
        p->layers[n] = layers[n];
    if (p->conf.tls)
        p->layers[n++] = &stream_tls;
    if (protocols_named(p->conf.protocol)->may_begin_websocket)
        p->layers[n++] = &stream_ws;
    p->layers[n] = NULL;
}

static int open_port(struct port *p, const struct conf *c, char error[LISTENER_ERROR])
{
    const struct protocol *protocol = protocols_named(p->conf.protocol);
    struct listener_config lc = {
        .port = p->conf.port,
        .backlog = c->sockets_backlog,
        .send_buffer = c->sockets_send_buffer_bytes,
        .receive_buffer = c->sockets_receive_buffer_bytes,
        .keepalive_idle_s = c->sockets_keepalive_idle_s,
        .keepalive_interval_s = c->sockets_keepalive_interval_s,
        .keepalive_count = c->sockets_keepalive_count,
        .user_timeout_ms = c->sockets_user_timeout_s * 1000,
        .layers = p->layers,
        .has_proxies = protocol->may_begin_websocket,
        .via = protocol,
        .admits = admits,
        .admits_arg = p,
    };
    set_refusals(p, protocol);
    lc.last_words_full = p->full;
    lc.last_words_many = p->many;
    snprintf(lc.address, sizeof lc.address, "%s", p->conf.address);
    p->listener = listener_open(&lc, error);
    p->number = p->listener ? listener_port(p->listener) : 0;
    return p->listener ? 0 : -1;
}

static void forget_port(struct port *p)
{
    if (p->full)
        msg_unref(p->full);
    if (p->many)
        msg_unref(p->many);
    *p = (struct port){.listener = NULL};
}

int ports_open(const struct conf *c, const struct stream_layer *const *layers, char error[LISTENER_ERROR])
{
    port_count = 0;
    for (int i = 0; i < c->listener_count; i++) {
        struct port *p = &ports[port_count];
        *p = (struct port){.conf = c->listeners[i]};
        set_layers(p, layers);
        if (open_port(p, c, error) == 0) {
            port_count++;
            continue;
        }
        forget_port(p);
        if (i < c->listener_count - c->optional_listeners)
            return -1;
        log_warn("not_listening", "protocol=%s error=\"%s\" hint=\"listeners in chatd.conf choose another port\"",
                 c->listeners[i].protocol, error);
    }
    return 0;
}

int ports_start(void)
{
    for (int i = 0; i < port_count; i++)
        if (listener_start(ports[i].listener) != 0)
            return -1;
    return 0;
}

/* How a person who reads it gets there. */
static void print_irc(const struct conf_listener *l, int port)
{
    printf("IRC on port %d%s%s\n", port, strcmp(l->address, "*") == 0 ? "" : " of ",
           strcmp(l->address, "*") == 0 ? "" : l->address);
}

static void print_page(const struct conf_listener *l, int port)
{
    bool is_all = strcmp(l->address, "*") == 0, is_v6 = strchr(l->address, ':') != NULL;
    printf("Page for browsers at %s://%s%s%s:%d/\n", l->tls ? "https" : "http", is_v6 ? "[" : "",
           is_all ? "localhost" : l->address, is_v6 ? "]" : "", port);
}

void ports_announce(void)
{
    for (int i = 0; i < port_count; i++) {
        const struct conf_listener *l = &ports[i].conf;
        int port = ports[i].number;
        if (protocols_named(l->protocol)->may_begin_websocket)
            print_page(l, port);
        else if (strcmp(l->protocol, "irc") == 0)
            print_irc(l, port);
        else
            printf("Chat server started on port %d%s\n", port, l->tls ? " (TLS)" : "");
        log_info("listening", "address=%s port=%d protocol=%s tls=%s", l->address, port, l->protocol,
                 l->tls ? "yes" : "no");
    }
}

void ports_with_tls(struct buf *out)
{
    for (int i = 0; i < port_count; i++) {
        const struct conf_listener *l = &ports[i].conf;
        if (l->tls)
            buf_printf(out, "%s%s:%d %s", out->len ? ", " : "", l->address, ports[i].number, l->protocol);
    }
}

int ports_irc_with_tls(void)
{
    for (int i = 0; i < port_count; i++)
        if (ports[i].conf.tls && strcmp(ports[i].conf.protocol, "irc") == 0)
            return ports[i].number;
    return 0;
}

void ports_close(void)
{
    for (int i = 0; i < port_count; i++)
        listener_close(&ports[i].listener);
}

void ports_free(void)
{
    for (int i = 0; i < port_count; i++)
        forget_port(&ports[i]);
}
