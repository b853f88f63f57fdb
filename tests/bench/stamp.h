/* SPDX-License-Identifier: ISC */
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A numbered text: `=`, then in hexadecimal its room and sender (8 digits), its number with that sender (8) and when it
 * was due (16), then dots up to the wanted length. All places are fixed, so that it is read in a few steps.
 */
#define STAMP_LEAST 33
#define STAMP_MOST 4000
#define STAMP_ROOMS 65536   /* maximum of rooms, and of senders in one */
#define STAMP_MARK '='

struct stamp {
    unsigned room, sender;
    uint32_t number;
    int64_t sent_ns;
};

/* Writes `len` bytes, STAMP_LEAST to STAMP_MOST, without a terminator. */
void stamp_write(char *text, size_t len, const struct stamp *st);

/* False if the text was not written by stamp_write, or its filling has changed. The numbers may still be wrong. */
bool stamp_read(const char *text, size_t len, struct stamp *st);

#endif
