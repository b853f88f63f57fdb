/* SPDX-License-Identifier: ISC */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Passwords and random secrets, by libsodium: argon2id (RFC 9106) for what people choose, a keyless BLAKE2b digest for
 * what is random already. In a build without libsodium secret_available() is false and nothing else here may be called
 * but secret_start, secret_configure and secret_wipe. Any thread.
 */
#define SECRET_HASH 128  /* bytes of a hash as text, with its NUL */
#define SECRET_TEXT 44   /* bytes of a random secret as text, with its NUL */
#define SECRET_DIGEST 32 /* bytes */

bool secret_available(void);

/* Once, before any of the others. 0, or -1: there is no randomness to be had. */
int secret_start(void);

/* What hashing a new password costs: memory in KiB (at least 8), and how often it is gone through. */
void secret_configure(int memory_kib, int passes);

/* Hashes a password. Blocks for as long as the cost says. False: there is not so much memory. */
bool secret_hash(char out[SECRET_HASH], const char *password);

/* Holds a password against a hash; blocks as long. */
enum secret_verdict { SECRET_RIGHT, SECRET_WRONG, SECRET_NO_MEMORY };
enum secret_verdict secret_verify(const char *hash, const char *password);

/* 32 random bytes, in the letters of base64url (RFC 4648, section 5). */
void secret_new(char out[SECRET_TEXT]);

/* What is kept of such a text. */
void secret_digest(unsigned char out[SECRET_DIGEST], const char *text);

/* Overwrites, whatever the compiler thinks of it. */
void secret_wipe(void *data, size_t size);

#endif
