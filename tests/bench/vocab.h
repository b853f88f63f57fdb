/* SPDX-License-Identifier: ISC */
#ifndef BENCH_VOCAB_H
#define BENCH_VOCAB_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* Made-up words, the same for who fills a database and for who searches it: 50,000 of them, as unevenly frequent as those of
 * a language. */
#define VOCAB_WORDS 50000

/* Random numbers that are the same in each run. */
uint32_t vocab_random(uint64_t *state);

/* Adds the word of that rank; 0 is the most frequent. */
void vocab_word(struct buf *out, int rank);
/* A rank, the lower the more often. */
int vocab_rank(uint64_t *state);
/* Adds a text of 3 to 14 words; one of fifty is in Chinese characters. */
void vocab_text(struct buf *out, uint64_t *state);

#endif
