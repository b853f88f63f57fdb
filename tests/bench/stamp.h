/* SPDX-License-Identifier: ISC */
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A numbered text: `=`, then in hexadecimal who said it (8 digits: room and sender), its number with that sender (8)
 * and when it was due (16), then dots up to the wanted length. Fixed places, so that it is read in a few steps.
 */
#define STAMP_LEAST 33
#define STAMP_MOST 4000
#define STAMP_ROOMS 65536   /* most rooms, and most senders in one */
#define STAMP_MARK '='

struct stamp {
    unsigned room, sender;
    uint32_t number;
    int64_t sent_ns;
};

/* Writes `len` bytes, STAMP_LEAST to STAMP_MOST, without an end. */
void stamp_write(char *text, size_t len, const struct stamp *st);

/* False if the text is none of ours, or its filling is not as it was written. The four numbers may still be wrong. */
bool stamp_read(const char *text, size_t len, struct stamp *st);

#endif
