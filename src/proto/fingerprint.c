/* SPDX-License-Identifier: ISC */
/* Reads fingerprints. */
#include "config.h"

#include "proto/fingerprint.h"

#include <stddef.h>
#include <string.h>

#define DIGITS "0123456789abcdef"

/* The digit in lower case, or 0. */
static char digit_of(char c)
{
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    return lower && strchr(DIGITS, lower) ? lower : '\0';
}

bool fingerprint_parse(char out[FINGERPRINT_SIZE], const char *text)
{
    size_t n = 0;
    for (const char *t = text; *t; t++) {
        char digit = digit_of(*t);
        if (digit && n < FINGERPRINT_SIZE - 1)
            out[n++] = digit;
        else if (*t != ':' || n == 0 || n % 2 != 0 || t[-1] == ':')
            return false;
    }
    out[n] = '\0';
    return n >= FINGERPRINT_LEAST;
}

bool fingerprint_is_whole(const char *text)
{
    return strlen(text) == FINGERPRINT_SIZE - 1 && strspn(text, DIGITS) == FINGERPRINT_SIZE - 1;
}
