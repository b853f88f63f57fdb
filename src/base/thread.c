/* SPDX-License-Identifier: ISC */
/*
 * Stack sizes are explicit: at two threads for each client, the default of 8 MiB would fill the address space of a
 * small machine. Thread-local variables live in the stack too, so keep them small.
 */
#include "config.h"

#include "base/thread.h"

#include "base/panic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_FACTOR 8
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_FACTOR 8
#endif
#endif
#ifndef STACK_FACTOR
#define STACK_FACTOR 1
#endif

struct start {
    thread_fn *fn;
    void *arg;
    char name[16];
};

static void *run(void *p)
{
    struct start s = *(struct start *)p;
    free(p);
#ifdef HAVE_PTHREAD_SETNAME_NP
    pthread_setname_np(pthread_self(), s.name);
#endif
    s.fn(s.arg);
    return NULL;
}

int thread_start(struct thread *t, const char *name, size_t stack_bytes, thread_fn *fn, void *arg)
{
    struct start *s = panic_malloc(sizeof *s);
    s->fn = fn;
    s->arg = arg;
    snprintf(s->name, sizeof s->name, "%s", name);

    pthread_attr_t attr;
    must_ok(pthread_attr_init(&attr));
    long smallest = sysconf(_SC_THREAD_STACK_MIN); /* 128 KiB on 64-bit ARM */
    if (smallest > 0 && stack_bytes < (size_t)smallest)
        stack_bytes = (size_t)smallest;
    must_ok(pthread_attr_setstacksize(&attr, stack_bytes * STACK_FACTOR));
    int err = pthread_create(&t->id, &attr, run, s);
    must_ok(pthread_attr_destroy(&attr));
    if (err) {
        free(s);
        errno = err;
        return -1;
    }
    return 0;
}

void thread_lower_priority(int nice)
{
#ifdef __linux__
    id_t self = (id_t)syscall(SYS_gettid);
    errno = 0;
    int now = getpriority(PRIO_PROCESS, self);
    if (now != -1 || errno == 0)
        (void)setpriority(PRIO_PROCESS, self, now + nice);
#else
    (void)nice;
#endif
}

void thread_join(struct thread *t)
{
    must_ok(pthread_join(t->id, NULL));
}
