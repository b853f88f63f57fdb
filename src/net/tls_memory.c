/* SPDX-License-Identifier: ISC */
/*
 * OpenSSL makes each record, and reads each, in a buffer of 16.3 KiB, and holds its handshake's messages in 21.3 KiB.
 * chatd lets it have them only while they are in use, because an idle connection should not keep them. From malloc they
 * would leave holes between what lives as long as a connection, which costs each idle client some 10 KiB; and malloc
 * takes longest for such sizes. So they are blocks of a region of their own. A few that are free keep their pages, and
 * are used again first.
 */
#include "config.h"

#include "net/tls_memory.h"

#include "base/lock.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LEAST 16384 /* a smaller piece comes from malloc */
#define BLOCK 24576 /* so does a larger one; six pages */
#define BLOCKS 4096 /* and each, when all blocks are in use. Address space only: 96 MiB */
#define WARM 64     /* free blocks that keep their pages */

/* Numbers of free blocks; the last one in is the first one out. */
struct blocks {
    unsigned v[BLOCKS], n;
};

/* Locking key: M by .lock */
static struct {
    struct lock lock;
    char *start, *end;        /* owns: the region */
    char *unused;             /* M: from here on no block was ever used */
    struct blocks warm, cold; /* M: with and without pages */
} memory = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_TLS_MEMORY}};

static bool is_block(const void *p)
{
    return (const char *)p >= memory.start && (const char *)p < memory.end;
}

static void *take_block(void)
{
    char *block = NULL;
    lock_acquire(&memory.lock);
    struct blocks *from = memory.warm.n ? &memory.warm : &memory.cold;
    if (from->n) {
        block = memory.start + (size_t)from->v[--from->n] * BLOCK;
    } else if (memory.unused < memory.end) {
        block = memory.unused;
        memory.unused += BLOCK;
    }
    lock_release(&memory.lock);
    return block;
}

static void free_block(char *block)
{
    unsigned number = (unsigned)((size_t)(block - memory.start) / BLOCK);
    lock_acquire(&memory.lock);
    struct blocks *to = memory.warm.n < WARM ? &memory.warm : &memory.cold;
    if (to == &memory.cold) { /* nobody else can get it yet */
        lock_release(&memory.lock);
        (void)madvise(block, BLOCK, MADV_DONTNEED);
        lock_acquire(&memory.lock);
    }
    to->v[to->n++] = number;
    lock_release(&memory.lock);
}

static void *get(size_t size, const char *file, int line)
{
    void *p = NULL;
    (void)file;
    (void)line;
    if (!size)
        return NULL;
    if (size > LEAST && size <= BLOCK)
        p = take_block();
    return p ? p : malloc(size);
}

static void put(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    if (p && is_block(p))
        free_block(p);
    else
        free(p);
}

static void *resize(void *p, size_t size, const char *file, int line)
{
    if (!p)
        return get(size, file, line);
    if (!size) {
        put(p, file, line);
        return NULL;
    }
    if (!is_block(p))
        return realloc(p, size);
    if (size <= BLOCK)
        return p;
    void *larger = malloc(size);
    if (larger) {
        memcpy(larger, p, BLOCK);
        free_block(p);
    }
    return larger;
}

void tls_memory_init(void)
{
    if (memory.start)
        return;
    const size_t size = (size_t)BLOCKS * BLOCK;
    void *region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return; /* a strict limit on address space: everything comes from malloc */
    memory.start = memory.unused = region;
    memory.end = memory.start + size;
    if (!CRYPTO_set_mem_functions(get, resize, put)) {
        (void)munmap(region, size);
        memory.start = memory.end = memory.unused = NULL;
    }
}
