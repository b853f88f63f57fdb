/* SPDX-License-Identifier: ISC */
#ifndef PROTO_FINGERPRINT_H
#define PROTO_FINGERPRINT_H

#include <stdbool.h>

/*
 * Fingerprints of certificates as users write them, and as chatd keeps them: SHA-256 in 64 hexadecimal digits, in lower
 * case. Pure; any thread.
 */
#define FINGERPRINT_SIZE 65 /* with its NUL */
#define FINGERPRINT_LEAST 8 /* digits of a beginning */

/* A whole fingerprint, or its beginning, as chatd keeps it. The text may be in upper case, and have a colon after each
 * two digits, as openssl prints it. False: it is neither, or too short. */
bool fingerprint_parse(char out[FINGERPRINT_SIZE], const char *text);

/* True for a whole fingerprint as chatd keeps it. */
bool fingerprint_is_whole(const char *text);

#endif
