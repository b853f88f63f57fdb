/* SPDX-License-Identifier: ISC */
/* For a build without OpenSSL: no test is run over TLS. */
#include "config.h"

#include "tests/lib/client_tls.h"

struct client_tls *client_tls_new(int fd, const char *version)
{
    (void)fd;
    (void)version;
    return NULL;
}

void client_tls_free(struct client_tls **tls)
{
    (void)tls;
}

ssize_t client_tls_send(struct client_tls *tls, const void *data, size_t n)
{
    (void)tls;
    (void)data;
    (void)n;
    return -1;
}

ssize_t client_tls_receive(struct client_tls *tls, void *data, size_t n)
{
    (void)tls;
    (void)data;
    (void)n;
    return -1;
}

bool client_tls_update_key(struct client_tls *tls)
{
    (void)tls;
    return false;
}

void client_tls_end(struct client_tls *tls)
{
    (void)tls;
}

bool client_tls_write_certificate(const char *dir)
{
    (void)dir;
    return false;
}
