/* SPDX-License-Identifier: ISC */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Threads with a name and a stack of a stated size. */
struct thread {
    pthread_t id;
};

typedef void thread_fn(void *arg);

/* Starts fn(arg). `name` shows in ps and gdb (15 bytes are kept); `stack_bytes` is the whole stack, and is made
 * larger in sanitizer builds. 0, or -1 with errno (EAGAIN: the machine has no more threads to give). */
int thread_start(struct thread *t, const char *name, size_t stack_bytes, thread_fn *fn, void *arg);

/* Lets others run before the calling thread, `nice` steps (setpriority(2)) below what the process has; where the system
 * knows only priorities of whole processes it does nothing. */
void thread_lower_priority(int nice);

/* Waits for its end. Blocks; once per started thread. */
void thread_join(struct thread *t);

#endif
