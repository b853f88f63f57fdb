/* SPDX-License-Identifier: ISC */
/* Who says nothing gets nc on all addresses, and a page that only users of the same machine can open. */
#include "config.h"

#include "conf_choose.h"

#include "conf_file.h"
#include "net/stream_ws.h"

#include <unistd.h>

#define PAGE_PORT 9980 /* of the page that nobody asked for */

const char *conf_chosen_file(const struct server_options *o)
{
    if (o->conf_file)
        return o->conf_file;
    return access(CONF_INSTALLED, F_OK) == 0 ? CONF_INSTALLED : NULL;
}

/* The page of --http; or the one that only this machine's users see, if nobody has said where chatd listens. */
static int add_page(const struct server_options *o, struct conf *c, bool is_asked_for, struct buf *errors)
{
    if (o->web_port >= 0 && !stream_ws_available()) {
        buf_str(errors, "chatd: --http needs a chatd that was built with libwslay and OpenSSL\n");
        return -1;
    }
    if (o->web_port >= 0 && !conf_add_page(c, "*", o->web_port)) {
        buf_printf(errors, "chatd: --http: the configuration has %d listeners already\n", CONF_LISTENERS);
        return -1;
    }
    if (o->web_port < 0 && !is_asked_for && stream_ws_available())
        c->has_optional_page = conf_add_page(c, "127.0.0.1", PAGE_PORT);
    return 0;
}

int conf_choose(const struct server_options *o, struct conf *c, struct buf *errors)
{
    const char *file = conf_chosen_file(o);
    if (file) {
        if (conf_file_load(c, file, errors) != 0)
            return -1;
    } else {
        conf_defaults(c);
    }
    bool is_asked_for = o->port >= 0 || *c->listeners[0].where; /* and not the listener that chatd has by default */
    if (o->port >= 0) {
        conf_default_listener(&c->listeners[0]);
        c->listeners[0].port = o->port;
        c->listener_count = 1;
    }
    return add_page(o, c, is_asked_for, errors);
}
