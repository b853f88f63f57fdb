/* SPDX-License-Identifier: ISC */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

/*
 * Checks that stay on in release builds. They are for bugs only: nothing that a peer, the operator or the system does
 * may trigger one. Any thread, any lock.
 */

/* Writes one line to standard error and aborts. Takes no lock and allocates no memory. */
_Noreturn void panic(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Aborts unless the condition is true. */
#define must(cond)                                                                                                     \
    do {                                                                                                               \
        if (__builtin_expect(!(cond), 0))                                                                              \
            panic(__FILE__, __LINE__, "%s", #cond);                                                                    \
    } while (0)

/* Aborts unless a call that returns an error number (pthreads) returns 0. */
#define must_ok(call)                                                                                                  \
    do {                                                                                                               \
        int must_err_ = (call);                                                                                        \
        if (__builtin_expect(must_err_ != 0, 0))                                                                       \
            panic(__FILE__, __LINE__, "%s: error %d", #call, must_err_);                                               \
    } while (0)

/* malloc, calloc, realloc and strdup for objects of small, bounded size: they abort if memory runs out. The caller owns
 * the result and frees it with free(). */
void *panic_malloc(unsigned long size);
void *panic_calloc(unsigned long count, unsigned long size);
void *panic_realloc(void *old, unsigned long size);
char *panic_strdup(const char *s);

#endif
