/* SPDX-License-Identifier: ISC */
#ifndef TESTS_FUZZ_GENERATE_H
#define TESTS_FUZZ_GENERATE_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

/* A fuzz target: aborts when a promise is broken. libFuzzer calls it, with -DLIBFUZZER; without, generate calls it with
 * inputs of its own, so that `make check` runs it with any compiler. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
