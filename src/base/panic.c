/* SPDX-License-Identifier: ISC */
/*
 * The end of a bug. Everything here works without locks and without the heap, because it may be called while
 * either is broken; the message goes straight to standard error.
 */
#include "config.h"

#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void panic(const char *file, int line, const char *fmt, ...)
{
    char msg[512];
    int n = snprintf(msg, sizeof msg, "chatd: bug at %s:%d: ", file, line);
    va_list ap;
    va_start(ap, fmt);
    n += vsnprintf(msg + n, sizeof msg - (size_t)n - 1, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof msg - 2)
        n = (int)sizeof msg - 2;
    msg[n++] = '\n';
    if (write(STDERR_FILENO, msg, (size_t)n) < 0) {
        /* nobody is left to tell */
    }
    abort();
}

static void *checked(void *p, unsigned long size)
{
    if (!p && size)
        panic(__FILE__, __LINE__, "out of memory for %lu bytes", size);
    return p;
}

void *panic_malloc(unsigned long size)
{
    return checked(malloc(size), size);
}

void *panic_calloc(unsigned long count, unsigned long size)
{
    return checked(calloc(count, size), count * size);
}

void *panic_realloc(void *old, unsigned long size)
{
    return checked(realloc(old, size), size);
}

char *panic_strdup(const char *s)
{
    unsigned long n = strlen(s) + 1;
    return memcpy(panic_malloc(n), s, n);
}
