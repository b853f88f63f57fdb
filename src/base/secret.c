/* SPDX-License-Identifier: ISC */
/* The only file that uses libsodium. Without it, secret_available() is false and nothing else in chatd changes. */
#include "config.h"

#include "base/secret.h"

#include "base/panic.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

void secret_wipe(void *data, size_t size)
{
    explicit_bzero(data, size);
}

void secret_free_buf(struct buf *b)
{
    if (b->len)
        secret_wipe(b->data, b->len);
    buf_fini(b);
}

#ifdef HAVE_SODIUM

#include <sodium.h>

_Static_assert(SECRET_HASH >= crypto_pwhash_STRBYTES, "a hash fits");

static _Atomic int memory_now = 65536, passes_now = 2;

bool secret_available(void)
{
    return true;
}

int secret_start(void)
{
    return sodium_init() < 0 ? -1 : 0;
}

void secret_configure(int memory_kib, int passes)
{
    atomic_store_explicit(&memory_now, memory_kib, memory_order_relaxed);
    atomic_store_explicit(&passes_now, passes, memory_order_relaxed);
}

bool secret_hash(char out[SECRET_HASH], const char *password)
{
    size_t memory = (size_t)atomic_load_explicit(&memory_now, memory_order_relaxed) * 1024;
    unsigned passes = (unsigned)atomic_load_explicit(&passes_now, memory_order_relaxed);
    return crypto_pwhash_str(out, password, strlen(password), passes, memory) == 0;
}

enum secret_verdict secret_verify(const char *hash, const char *password)
{
    errno = 0;
    if (crypto_pwhash_str_verify(hash, password, strlen(password)) == 0)
        return SECRET_RIGHT;
    return errno == ENOMEM ? SECRET_NO_MEMORY : SECRET_WRONG;
}

bool secret_is_hash(const char *text)
{
    static const char kind[] = crypto_pwhash_argon2id_STRPREFIX;
    return strlen(text) < SECRET_HASH && strncmp(text, kind, sizeof kind - 1) == 0 &&
           crypto_pwhash_argon2id_str_needs_rehash(text, crypto_pwhash_argon2id_OPSLIMIT_MIN,
                                                   crypto_pwhash_argon2id_MEMLIMIT_MIN) >= 0;
}

void secret_new(char out[SECRET_TEXT])
{
    unsigned char random[32];
    _Static_assert(sodium_base64_ENCODED_LEN(sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == SECRET_TEXT,
                   "a secret fits");
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(out, SECRET_TEXT, random, sizeof random, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    secret_wipe(random, sizeof random);
}

void secret_digest(unsigned char out[SECRET_DIGEST], const char *text)
{
    crypto_generichash(out, SECRET_DIGEST, (const unsigned char *)text, strlen(text), NULL, 0);
}

bool secret_decode(struct buf *out, const char *base64)
{
    size_t len = strlen(base64), n = 0;
    buf_reserve(out, len + 1);
    int result = sodium_base642bin((unsigned char *)out->data + out->len, len, base64, len, NULL, &n, NULL,
                                   sodium_base64_VARIANT_ORIGINAL);
    out->len += result == 0 ? n : 0;
    return result == 0;
}

#else

bool secret_available(void)
{
    return false;
}

int secret_start(void)
{
    return 0;
}

void secret_configure(int memory_kib, int passes)
{
    (void)memory_kib;
    (void)passes;
}

bool secret_hash(char out[SECRET_HASH], const char *password)
{
    (void)out;
    (void)password;
    must(!"no libsodium");
    return false;
}

enum secret_verdict secret_verify(const char *hash, const char *password)
{
    (void)hash;
    (void)password;
    must(!"no libsodium");
    return SECRET_WRONG;
}

bool secret_is_hash(const char *text)
{
    (void)text;
    must(!"no libsodium");
    return false;
}

void secret_new(char out[SECRET_TEXT])
{
    (void)out;
    must(!"no libsodium");
}

void secret_digest(unsigned char out[SECRET_DIGEST], const char *text)
{
    (void)out;
    (void)text;
    must(!"no libsodium");
}

bool secret_decode(struct buf *out, const char *base64)
{
    (void)out;
    (void)base64;
    return false;
}

#endif
