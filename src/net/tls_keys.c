/* SPDX-License-Identifier: ISC */
/*
 * From files to what OpenSSL needs for a connection, and which of the certificates a client gets: the first whose names
 * match the one that it asked for (SNI, RFC 6066 section 3), else the first. What all connections have in common is set
 * here: no renegotiation, no compression, no session tickets or cache. So every connection proves everything anew, and
 * nothing that is remembered has to be protected.
 */
#include "config.h"

#include "net/tls_keys.h"

#include "base/lock.h"
#include "base/panic.h"
#include "net/tls_memory.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define CLIENT_CHAIN_BYTES 32768 /* what a client may send as its certificates */

/* Locking key: C by .lock */
static struct {
    struct lock lock;
    struct tls_keys *keys; /* C: owns a reference */
} current = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_CERTIFICATES}};

bool tls_available(void)
{
    return true;
}

static const char *reason_of(unsigned long code)
{
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return text ? text : "unknown error";
}

/* OpenSSL 3.2 and later add one that says nothing to each error of a record. */
static bool is_vague(unsigned long code)
{
#ifdef SSL_R_RECORD_LAYER_FAILURE
    return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_RECORD_LAYER_FAILURE;
#else
    return code == 0;
#endif
}

const char *tls_error(void)
{
    unsigned long next, code = 0;
    while ((next = ERR_get_error()) != 0)
        code = code && is_vague(next) ? code : next;
    return reason_of(code);
}

/* ---- references ---- */

void tls_keys_unref(struct tls_keys *keys)
{
    if (atomic_fetch_sub_explicit(&keys->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int i = 0; i < keys->count; i++) {
        SSL_CTX_free(keys->v[i].ctx);
        free(keys->v[i].file);
    }
    free(keys);
}

void tls_free(struct tls_keys **keys)
{
    if (*keys)
        tls_keys_unref(*keys);
    *keys = NULL;
}

struct tls_keys *tls_keys_current(void)
{
    lock_acquire(&current.lock);
    struct tls_keys *keys = current.keys;
    must(keys);
    atomic_fetch_add_explicit(&keys->refs, 1, memory_order_relaxed);
    lock_release(&current.lock);
    return keys;
}

static bool is_same(const struct tls_keys *a, const struct tls_keys *b)
{
    if (!a || !b || a->count != b->count)
        return a == b;
    for (int i = 0; i < a->count; i++)
        if (X509_cmp(a->v[i].leaf, b->v[i].leaf) != 0)
            return false;
    return true;
}

bool tls_use(struct tls_keys *keys)
{
    lock_acquire(&current.lock);
    struct tls_keys *former = current.keys;
    bool differs = !is_same(former, keys);
    current.keys = keys;
    lock_release(&current.lock);
    tls_free(&former);
    return differs;
}

/* ---- contexts ---- */

/* A key with a passphrase cannot be used: nobody is there to type it. `arg`: a bool, that it has one. */
static int no_passphrase(char *buf, int size, int for_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)for_writing;
    *(bool *)arg = true;
    return -1;
}

/* Any certificate will do: which accounts it opens is looked up by its fingerprint, and the handshake proves that the
 * client has its key. */
static int accept_certificate(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

static int choose_certificate(SSL *ssl, int *alert, void *arg)
{
    const struct tls_keys *keys = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    if (!name)
        return SSL_TLSEXT_ERR_NOACK;
    for (int i = 0; i < keys->count; i++)
        if (X509_check_host(keys->v[i].leaf, name, 0, 0, NULL) == 1) {
            SSL_set_SSL_CTX(ssl, keys->v[i].ctx);
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_NOACK;
}

/* Every way into OpenSSL begins here. */
static SSL_CTX *bare_context(void)
{
    tls_memory_init();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    must(ctx);
    return ctx;
}

static SSL_CTX *new_context(const struct tls_config *config, struct tls_keys *keys)
{
    static const unsigned char session_context[] = "chatd";
    SSL_CTX *ctx = bare_context();
    SSL_CTX_set_min_proto_version(ctx, config->only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1);
    SSL_CTX_set_tlsext_servername_callback(ctx, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(ctx, keys);
    if (config->client_certificates) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(ctx, accept_certificate, NULL);
        SSL_CTX_set_max_cert_list(ctx, CLIENT_CHAIN_BYTES);
    }
    return ctx;
}

static bool set_ciphers(SSL_CTX *ctx, const char *list, bool is_1_3)
{
    return !*list || (is_1_3 ? SSL_CTX_set_ciphersuites(ctx, list) : SSL_CTX_set_cipher_list(ctx, list)) == 1;
}

bool tls_knows_ciphers(const char *list, bool is_1_3)
{
    SSL_CTX *ctx = bare_context();
    bool knows = set_ciphers(ctx, list, is_1_3);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return knows;
}

/* ---- loading ---- */

/* A key of the same type as the certificate is compared with it when it is read; one of another type is not. */
static bool use_key(SSL_CTX *ctx, const char *path, bool *has_passphrase)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, has_passphrase);
    return SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1;
}

static bool is_mismatch(int reason)
{
    return reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH ||
           reason == SSL_R_NO_CERTIFICATE_ASSIGNED;
}

/* Why a file could not be used: the first error, because the last only says "PEM lib". */
static const char *file_error(void)
{
    return reason_of(ERR_peek_error());
}

static bool load_pair(SSL_CTX *ctx, const struct tls_pair *pair, struct buf *errors)
{
    bool has_passphrase = false;
    if (SSL_CTX_use_certificate_chain_file(ctx, pair->certificate) != 1)
        buf_printf(errors, "%s: tls.certificates.certificate: %s: not a certificate in PEM format that OpenSSL "
                   "accepts: %s\n", pair->where, pair->certificate, file_error());
    else if (use_key(ctx, pair->key, &has_passphrase))
        return true;
    else if (is_mismatch(ERR_GET_REASON(ERR_peek_last_error())))
        buf_printf(errors, "%s: tls.certificates.key: %s: not the key of the certificate in %s; after a renewal, use "
                   "both new files\n", pair->where, pair->key, pair->certificate);
    else if (has_passphrase)
        buf_printf(errors, "%s: tls.certificates.key: %s: has a passphrase, which nobody could type; make a copy "
                   "without it (openssl pkey -in %s -out NEW)\n", pair->where, pair->key, pair->key);
    else
        buf_printf(errors, "%s: tls.certificates.key: %s: not a private key in PEM format: %s\n", pair->where,
                   pair->key, file_error());
    ERR_clear_error();
    return false;
}

static void load_entry(const struct tls_config *config, int i, struct tls_keys *keys, struct buf *errors)
{
    const struct tls_pair *pair = &config->pairs[i];
    struct tls_entry *entry = &keys->v[i];
    entry->ctx = new_context(config, keys);
    entry->file = panic_strdup(pair->certificate);
    must(set_ciphers(entry->ctx, config->ciphers, false) && set_ciphers(entry->ctx, config->ciphersuites, true));
    if (load_pair(entry->ctx, pair, errors))
        entry->leaf = SSL_CTX_get0_certificate(entry->ctx);
}

struct tls_keys *tls_load(const struct tls_config *config, struct buf *errors, struct buf *warnings)
{
    struct tls_keys *keys = panic_calloc(1, sizeof *keys + (size_t)config->count * sizeof keys->v[0]);
    size_t before = errors->len;
    keys->refs = 1;
    keys->count = config->count;
    keys->handshake_ms = config->handshake_ms;
    for (int i = 0; i < config->count; i++)
        if (tls_check_files(&config->pairs[i], errors, warnings))
            load_entry(config, i, keys, errors);
    for (int i = 0; i < config->count && errors->len == before; i++)
        tls_check_dates(&keys->v[i], config->pairs[i].where, warnings);
    if (errors->len != before)
        tls_free(&keys);
    return keys;
}

void tls_each(void (*fn)(const struct tls_view *view, void *arg), void *arg)
{
    struct tls_view_texts texts = {0};
    struct tls_view view;
    lock_acquire(&current.lock);
    struct tls_keys *keys = current.keys;
    if (keys)
        atomic_fetch_add_explicit(&keys->refs, 1, memory_order_relaxed);
    lock_release(&current.lock);
    for (int i = 0; keys && i < keys->count; i++) {
        tls_view_of(&keys->v[i], &view, &texts);
        fn(&view, arg);
    }
    tls_free(&keys);
    buf_fini(&texts.names);
    buf_fini(&texts.issuer);
    buf_fini(&texts.key_type);
}
