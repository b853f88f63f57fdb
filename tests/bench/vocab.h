/* SPDX-License-Identifier: ISC */
#ifndef BENCH_VOCAB_H
#define BENCH_VOCAB_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* 50,000 made-up words, as unevenly distributed as those of a language, shared by the program that fills a database and
 * the one that searches it. */
#define VOCAB_WORDS 50000

/* Pseudo-random numbers, the same in each run. */
uint32_t vocab_random(uint64_t *state);

/* Adds the word of this rank; 0 is the most frequent. */
void vocab_word(struct buf *out, int rank);
/* A random rank; lower ones are more frequent. */
int vocab_rank(uint64_t *state);
/* Adds a text of 3 to 14 words; one in fifty is in Chinese characters. */
void vocab_text(struct buf *out, uint64_t *state);

#endif
