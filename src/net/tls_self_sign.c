/* SPDX-License-Identifier: ISC */
/* A certificate for a network without a certificate authority: its users compare the fingerprint once. */
#include "config.h"

#include "net/tls.h"

#include "base/panic.h"
#include "net/tls_keys.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define BACKDATED_S 3600 /* for clocks that are a little behind */

/* `DNS:a,IP:b`: as OpenSSL reads the names of a certificate (x509v3_config(5)). False: a host cannot stand there. */
static bool list_names(char *const *hosts, struct buf *names, struct buf *error)
{
    unsigned char bytes[16];
    for (; *hosts; hosts++) {
        bool is_address = inet_pton(AF_INET, *hosts, bytes) == 1 || inet_pton(AF_INET6, *hosts, bytes) == 1;
        size_t n = strlen(*hosts);
        if (!is_address && (!n || n > 253 || strspn(*hosts, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                     "0123456789.-*_") != n)) {
            buf_printf(error, "not the name or address of a host: %s", *hosts);
            return false;
        }
        buf_printf(names, "%s%s:%s", names->len ? "," : "", is_address ? "IP" : "DNS", *hosts);
    }
    return true;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool good = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool fill_in(X509 *x, const char *first, const char *names, int days)
{
    unsigned char serial[16];
    BIGNUM *n = RAND_bytes(serial, sizeof serial) == 1 ? BN_bin2bn(serial, sizeof serial, NULL) : NULL;
    X509_NAME *subject = X509_get_subject_name(x);
    /* Who signed it is only for people to read; clients compare all the names. */
    const char *common = strlen(first) <= ub_common_name ? first : "chatd";
    const unsigned char *cn = (const unsigned char *)common;
    bool good = n && BN_clear_bit(n, 127) + 1 && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) &&
                X509_set_version(x, X509_VERSION_3) == 1 && X509_gmtime_adj(X509_getm_notBefore(x), -BACKDATED_S) &&
                X509_time_adj_ex(X509_getm_notAfter(x), days, 0, NULL) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, cn, -1, -1, 0) == 1 &&
                X509_set_issuer_name(x, subject) == 1 && add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(x, NID_key_usage, "critical,digitalSignature") &&
                add_extension(x, NID_ext_key_usage, "serverAuth") && add_extension(x, NID_subject_alt_name, names);
    BN_free(n);
    return good;
}

static void take_text(BIO *from, struct buf *to)
{
    char *data;
    long n = BIO_get_mem_data(from, &data);
    buf_add(to, data, n > 0 ? (size_t)n : 0);
}

static bool write_pem(X509 *x, EVP_PKEY *key, struct tls_self_signed *out)
{
    BIO *certificate = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_secmem());
    bool good = certificate && secret && PEM_write_bio_X509(certificate, x) == 1 &&
                PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (good) {
        take_text(certificate, &out->certificate);
        take_text(secret, &out->key);
    }
    BIO_free(certificate);
    BIO_free(secret);
    return good;
}

int tls_self_sign(char *const *hosts, int days, struct tls_self_signed *out, struct buf *error)
{
    struct buf names = {0};
    *out = (struct tls_self_signed){0};
    if (!list_names(hosts, &names, error)) {
        buf_fini(&names);
        return -1;
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    bool good = key && x && X509_set_pubkey(x, key) == 1 && fill_in(x, *hosts, buf_text(&names), days) &&
                X509_sign(x, key, EVP_sha256()) > 0 && write_pem(x, key, out);
    if (good)
        tls_fingerprint(x, out->fingerprint);
    else
        buf_printf(error, "cannot make a certificate: %s", tls_error());
    X509_free(x);
    EVP_PKEY_free(key);
    buf_fini(&names);
    return good ? 0 : -1;
}
