/* SPDX-License-Identifier: ISC */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Passwords and random secrets, by libsodium: argon2id (RFC 9106) for passwords that people choose, a keyless BLAKE2b
 * digest for secrets that are random already. In a build without libsodium secret_available() is false, and only
 * secret_start, secret_configure and secret_wipe may be called besides. Any thread.
 */
#define SECRET_HASH 128  /* bytes of a hash as text, with its NUL */
#define SECRET_TEXT 44   /* bytes of a random secret as text, with its NUL */
#define SECRET_DIGEST 32 /* bytes */

/* True in a build with libsodium. */
bool secret_available(void);

/* Once, before the calls below. 0, or -1 if random data cannot be read. */
int secret_start(void);

/* Sets the cost of hashing a new password: memory in KiB (at least 8), and the number of passes over it. */
void secret_configure(int memory_kib, int passes);

/* Hashes a password. Uses as much memory and processor time as configured. False if there is not enough memory. */
bool secret_hash(char out[SECRET_HASH], const char *password);

/* Checks a password against a hash, at the cost that was configured when the hash was made. */
enum secret_verdict { SECRET_RIGHT, SECRET_WRONG, SECRET_NO_MEMORY };
enum secret_verdict secret_verify(const char *hash, const char *password);

/* True for a hash as secret_hash makes it: argon2id, that fits into SECRET_HASH. */
bool secret_is_hash(const char *text);

/* Makes a secret: 32 random bytes as base64url (RFC 4648, section 5), without padding. */
void secret_new(char out[SECRET_TEXT]);

/* The digest of such a secret, which is stored instead of it. */
void secret_digest(unsigned char out[SECRET_DIGEST], const char *text);

/* Appends what the text is the base64 of (RFC 4648, section 4). False: it is not base64; or libsodium is missing. */
bool secret_decode(struct buf *out, const char *base64);

/* Overwrites memory with zeros; the compiler does not optimise it away. */
void secret_wipe(void *data, size_t size);

/* Overwrites what the buffer holds, and frees it. */
void secret_free_buf(struct buf *b);

#endif
