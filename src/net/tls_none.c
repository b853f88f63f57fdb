/* SPDX-License-Identifier: ISC */
/* For a chatd without OpenSSL: no listener may have TLS, so nothing here is reached but by a mistake. */
#include "config.h"

#include "net/tls.h"

#include "base/panic.h"

const struct stream_layer stream_tls = {.name = "tls"};

bool tls_available(void)
{
    return false;
}

struct tls_keys *tls_load(const struct tls_config *config, struct buf *errors, struct buf *warnings)
{
    (void)warnings;
    buf_printf(errors, "%s: tls.certificates: this chatd was built without OpenSSL (Debian: libssl-dev)\n",
               config->pairs[0].where);
    return NULL;
}

void tls_free(struct tls_keys **keys)
{
    must(!*keys);
}

bool tls_use(struct tls_keys *keys)
{
    must(!keys);
    return false;
}

bool tls_knows_ciphers(const char *list, bool is_1_3)
{
    (void)list;
    (void)is_1_3;
    return true;
}

void tls_each(void (*fn)(const struct tls_view *view, void *arg), void *arg)
{
    (void)fn;
    (void)arg;
}

struct msg *tls_refusal(enum tls_refusal why)
{
    (void)why;
    return NULL;
}

int tls_self_sign(char *const *hosts, int days, struct tls_self_signed *out, struct buf *error)
{
    (void)hosts;
    (void)days;
    (void)out;
    buf_str(error, "this chatctl was built without OpenSSL (Debian: libssl-dev)");
    return -1;
}
