/* SPDX-License-Identifier: ISC */
/* See the header. A word is its rank written in syllables, so frequent words are short, as in a language. */
#include "config.h"

#include "tests/bench/vocab.h"

#include <math.h>

uint32_t vocab_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

void vocab_word(struct buf *out, int rank)
{
    static const char *const syllables[] = {"an",  "the", "ri",  "so", "ka", "men", "to", "ler", "vi",
                                            "nu",  "pe",  "dor", "gi", "ha", "el",  "bo", "st",  "ju",
                                            "wen", "mo",  "quo", "fa", "zi", "yl",  "cu", "ost", "ein"};
    const int n = sizeof syllables / sizeof syllables[0];
    do {
        buf_str(out, syllables[rank % n]);
        rank = rank / n - 1;
    } while (rank >= 0);
}

int vocab_rank(uint64_t *state)
{
    double share = (double)vocab_random(state) / 2147483648.0;
    return (int)pow(VOCAB_WORDS, share) - 1;
}

/* The most common characters are as frequent as the most common words. */
static void han(struct buf *out, int rank)
{
    unsigned c = 0x4e00 + (unsigned)rank % 5000;
    const char utf8[3] = {(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))};
    buf_add(out, utf8, sizeof utf8);
}

void vocab_text(struct buf *out, uint64_t *state)
{
    bool is_han = vocab_random(state) % 50 == 0;
    int words = 3 + (int)(vocab_random(state) % 12);
    for (int i = 0; i < words; i++) {
        int rank = vocab_rank(state);
        if (is_han) {
            han(out, rank);
            continue;
        }
        if (i)
            buf_char(out, ' ');
        vocab_word(out, rank);
    }
}
