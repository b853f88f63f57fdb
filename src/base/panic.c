/* SPDX-License-Identifier: ISC */
/*
 * Ends the process on a bug. Works without locks and without the heap, because either may be broken, and so without the
 * log: the message goes to standard error directly.
 */
#include "config.h"

#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void abort_with(const char *line)
{
    if (write(STDERR_FILENO, line, strlen(line)) < 0) {
        /* nothing else can be done */
    }
    abort();
}

void panic(const char *file, int line, const char *fmt, ...)
{
    char what[320], msg[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(msg, sizeof msg, "chatd: bug at %.128s:%d: %s; please report this line\n", file, line, what);
    abort_with(msg);
}

static void *checked(void *p, unsigned long size)
{
    char line[96];
    if (p || !size)
        return p;
    snprintf(line, sizeof line, "chatd: out of memory: cannot allocate %lu bytes\n", size);
    abort_with(line);
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
