/* SPDX-License-Identifier: ISC */
/* Who says nothing gets nc on all addresses, and a page and IRC that only users of the same machine can reach. */
#include "config.h"

#include "conf_choose.h"

#include "base/conf_text.h"
#include "conf_file.h"
#include "net/stream_ws.h"

#include <arpa/inet.h>
#include <string.h>

/* Of what nobody asked for. */
#define PAGE_PORT 9980
#define IRC_PORT 6667

const char *conf_chosen_file(const struct server_options *o)
{
    if (o->conf_file)
        return o->conf_file;
    return conf_text_exists(o->installed) ? o->installed : NULL;
}

void conf_keep_file(struct server_options *o)
{
    o->conf_file = conf_chosen_file(o);
}

/* ---- listeners that cannot be open together ---- */

/* The text of an address as bytes; the family, 0 for *. */
static int read_address(const char *text, unsigned char bytes[16], bool *is_any)
{
    static const unsigned char zero[16];
    int family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : 0;
    *is_any = !family || memcmp(bytes, zero, family == AF_INET ? 4 : 16) == 0;
    return family;
}

static bool is_same_port(const struct conf_listener *a, const struct conf_listener *b)
{
    unsigned char x[16], y[16];
    bool x_any, y_any;
    if (a->port != b->port || !a->port)
        return false;
    int fx = read_address(a->address, x, &x_any), fy = read_address(b->address, y, &y_any);
    if (!fx || !fy) /* * is both families */
        return true;
    return fx == fy && (x_any || y_any || memcmp(x, y, fx == AF_INET ? 4 : 16) == 0);
}

/* Reports that the last listener has the port of an earlier one; `arg`: the argument that it is from, or NULL. */
static int refuse_same_port(const struct conf *c, const char *arg, struct buf *errors)
{
    const struct conf_listener *last = &c->listeners[c->listener_count - 1], *l = c->listeners;
    while (l < last && !is_same_port(l, last))
        l++;
    if (l == last)
        return 0;
    buf_printf(errors, "%s%s: port %d of %s is taken by the listener %s%s\n", arg ? "chatd: " : last->where,
               arg ? arg : ": listeners.port", last->port, last->address, *l->where ? "at " : "for nc (-p)", l->where);
    return -1;
}

static int refuse_same_ports(struct conf *c, struct buf *errors)
{
    int result = 0, n = c->listener_count;
    for (c->listener_count = 2; c->listener_count <= n; c->listener_count++)
        result |= refuse_same_port(c, NULL, errors);
    c->listener_count = n;
    return result;
}

/* What only this machine's users can reach. */
static void add_optional(struct conf *c, const char *protocol, int port)
{
    c->optional_listeners += conf_add_listener(c, protocol, "127.0.0.1", port);
}

/* The page of --http; or, if nobody has said where chatd listens, a page and IRC on this machine. */
static int add_more(const struct server_options *o, struct conf *c, bool is_asked_for, struct buf *errors)
{
    if (o->web_port >= 0) {
        if (!stream_ws_available()) {
            buf_str(errors, "chatd: --http needs a chatd that was built with libwslay and OpenSSL\n");
            return -1;
        }
        if (!conf_add_listener(c, "http", "*", o->web_port)) {
            buf_printf(errors, "chatd: --http: the configuration has %d listeners already\n", CONF_LISTENERS);
            return -1;
        }
        return refuse_same_port(c, "--http", errors);
    }
    if (!is_asked_for && stream_ws_available())
        add_optional(c, "http", PAGE_PORT);
    if (!is_asked_for)
        add_optional(c, "irc", IRC_PORT);
    return 0;
}

int conf_choose(const struct server_options *o, struct conf *c, struct buf *errors)
{
    const char *file = conf_chosen_file(o);
    if (!file)
        conf_defaults(c);
    else if (conf_file_load(c, file, errors) != 0)
        return -1;
    bool is_asked_for = o->port >= 0 || *c->listeners[0].where; /* and not the listener that chatd has by default */
    if (o->port >= 0) {
        conf_default_listener(&c->listeners[0]);
        c->listeners[0].port = o->port;
        c->listener_count = 1;
    }
    int result = refuse_same_ports(c, errors);
    return add_more(o, c, is_asked_for, errors) == 0 ? result : -1;
}
