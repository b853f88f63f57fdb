/* SPDX-License-Identifier: ISC */
/* Certificates, and what chatctl does by itself. */
#include "config.h"

#include "ctl/admin_call.h"

#include "ctl/wire.h"
#include "net/tls.h"

struct showing {
    struct buf *out;
    const char *listeners;
};

static void put_certificate(const struct tls_view *view, void *arg)
{
    const struct showing *s = arg;
    wire_open(s->out);
    wire_string(s->out, "names", view->names);
    wire_string(s->out, "issuer", view->issuer);
    wire_time(s->out, "ends", view->ends_ms);
    wire_number(s->out, "days_left", tls_days_left(view->ends_ms));
    wire_string(s->out, "key", view->key_type);
    wire_string(s->out, "listeners", s->listeners);
    wire_string(s->out, "file", view->file);
    wire_string(s->out, "sha256", view->fingerprint);
    wire_close(s->out);
}

const char *admin_tls_show(struct admin_call *c)
{
    struct buf listeners = {0};
    c->hooks->tls_listeners(&listeners);
    struct showing s = {c->out, listeners.len ? buf_text(&listeners) : "none"};
    tls_each(put_certificate, &s);
    buf_fini(&listeners);
    return NULL;
}

const char *admin_tls_selfsigned(struct admin_call *c)
{
    (void)c;
    return ADMIN_BY_CHATCTL;
}

const char *admin_hash(struct admin_call *c)
{
    (void)c;
    return ADMIN_BY_CHATCTL;
}
