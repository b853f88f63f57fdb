/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include "base/buf.h"
#include "base/panic.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_LEAST 10    /* files of a corpus */
#define REPLAY_MOST 32768 /* bytes of one */

/* A fuzz target: aborts when a promise is broken. libFuzzer calls it, with -DLIBFUZZER; without, generate calls it with
 * inputs of its own, so that `make check` runs it with any compiler. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the target over the committed inputs, tests/fuzz/corpus/TARGET/. There must be some. */
static inline void replay(const char *target)
{
    const char *src = getenv("SRCDIR");
    char path[1000];
    static char data[REPLAY_MOST];
    struct dirent *entry;
    int inputs = 0;
    snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", src ? src : ".", target);
    DIR *dir = opendir(path);
    if (!dir) {
        fprintf(stderr, "%s: %s; SRCDIR must be the source tree\n", path, strerror(errno));
        exit(1);
    }
    while ((entry = readdir(dir))) {
        if (*entry->d_name == '.')
            continue;
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s/%s", src ? src : ".", target, entry->d_name);
        FILE *f = fopen(path, "rb");
        must(f != NULL);
        size_t n = fread(data, 1, sizeof data, f);
        must(n < sizeof data && !ferror(f) && fclose(f) == 0);
        printf("%s\n", path); /* for who looks at a crash: it is the last line */
        fflush(stdout);
        LLVMFuzzerTestOneInput((const uint8_t *)data, n);
        inputs++;
    }
    closedir(dir);
    must(inputs >= REPLAY_LEAST);
}

/* Runs the target over so many inputs, made of up to `most` of the words and of single bytes; the same ones each time. */
static inline int generate(const char *const words[], size_t count, int inputs, int most)
{
    uint32_t x = 2463534242; /* xorshift, Marsaglia 2003 */
    for (int i = 0; i < inputs; i++) {
        struct buf in = {0};
        int parts = i % most + 1;
        for (int k = 0; k < parts; k++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            if (x % 8)
                buf_str(&in, words[(x >> 8) % count]);
            else
                buf_add(&in, &(char){(char)(x >> 8)}, 1);
        }
        LLVMFuzzerTestOneInput((const uint8_t *)in.data, in.len);
        buf_fini(&in);
    }
    return 0;
}

#endif
