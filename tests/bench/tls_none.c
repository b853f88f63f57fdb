/* SPDX-License-Identifier: ISC */
/* Without OpenSSL --tls is refused, so there is no connection that the other calls could be for. */
#include "config.h"

#include "tests/bench/tls.h"

#include "base/panic.h"

#include <stdio.h>

bool tls_init(const char *version)
{
    (void)version;
    fprintf(stderr, "chatload: built without OpenSSL, so there is no --tls; configure --with-openssl=yes says what is "
                    "missing\n");
    return false;
}

void tls_fini(void)
{
}

struct tls *tls_start(int fd)
{
    (void)fd;
    must(!"reached");
    return NULL;
}

void tls_free(struct tls *t)
{
    must(!t);
}

enum tls_step tls_handshake(struct tls *t)
{
    must(!t);
    return TLS_FAILED;
}

bool tls_has_input(const struct tls *t)
{
    must(!t);
    return false;
}

ssize_t tls_read(struct tls *t, char *to, size_t size)
{
    (void)to;
    (void)size;
    must(!t);
    return -1;
}

ssize_t tls_write(struct tls *t, const char *from, size_t n)
{
    (void)from;
    (void)n;
    must(!t);
    return -1;
}

const char *tls_error(void)
{
    return "";
}

void tls_describe(const struct tls *t, char *to, size_t size)
{
    must(!t && size);
    *to = '\0';
}
