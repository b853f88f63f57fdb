/* SPDX-License-Identifier: ISC */
#ifndef CHAT_FINGERPRINTS_H
#define CHAT_FINGERPRINTS_H

#include "proto/fingerprint.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The client certificates of one account, by their fingerprints, in the order in which they were added. Plain data,
 * under the lock of its owner.
 */
struct fingerprint {
    char text[FINGERPRINT_SIZE];
    int64_t added_ms; /* wall clock */
};

/* Zero-initialise; fingerprints_fini frees. */
struct fingerprints {
    struct fingerprint *v; /* owns */
    int n;
};

bool fingerprints_have(const struct fingerprints *list, const char *text);
/* Has no effect if the list has it. */
void fingerprints_add(struct fingerprints *list, const struct fingerprint *f);
/* Has no effect if the list does not have it. */
void fingerprints_remove(struct fingerprints *list, const char *text);
void fingerprints_copy(struct fingerprints *to, const struct fingerprints *from);
/* Removes all. */
void fingerprints_fini(struct fingerprints *list);

#endif
