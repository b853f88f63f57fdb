/* SPDX-License-Identifier: ISC */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Threads with a name and a stack of a given size. */
struct thread {
    pthread_t id;
};

typedef void thread_fn(void *arg);

/* Starts a thread that calls fn(arg). `name` is shown by ps and gdb (the first 15 bytes). `stack_bytes` is the whole
 * stack; it is raised to the system's minimum, and in sanitizer builds. 0, or -1 with errno (EAGAIN: the system has no
 * more threads). Any thread. */
int thread_start(struct thread *t, const char *name, size_t stack_bytes, thread_fn *fn, void *arg);

/* Lowers the priority of the calling thread by `nice` steps (setpriority(2)). Has an effect on Linux only; elsewhere
 * priorities belong to whole processes. */
void thread_lower_priority(int nice);

/* Waits until the thread has ended. Blocks; once for each started thread. */
void thread_join(struct thread *t);

#endif
