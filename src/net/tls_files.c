/* SPDX-License-Identifier: ISC */
/*
 * What can be said of certificate files for a person: why they cannot be read, who else can read the key, when they
 * end, for which names they are.
 */
#include "config.h"

#include "net/tls_keys.h"

#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- files ---- */

static void explain(const char *where, const char *key, const char *path, struct buf *errors)
{
    int err = errno;
    char memory[1024];
    struct passwd entry, *own = NULL;
    (void)getpwuid_r(geteuid(), &entry, memory, sizeof memory, &own);
    buf_printf(errors, "%s: tls.certificates.%s: %s: %s", where, key, path, log_error_text(err));
    if (err == EACCES)
        buf_printf(errors, "; the user that runs chatd (here %s) must be able to read the file and enter its "
                   "directories: let its group read a copy (chgrp GROUP, chmod 640), as \"CERTIFICATES\" in chatd(8) "
                   "shows for certbot", own ? own->pw_name : "this one");
    buf_str(errors, "\n");
}

/* Opens the file once. False: it cannot be read, and `errors` says why. */
static bool look(const char *where, const char *key, const char *path, struct stat *st, struct buf *errors)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode);
    if (fd < 0)
        explain(where, key, path, errors);
    else if (!good)
        buf_printf(errors, "%s: tls.certificates.%s: %s: not a file\n", where, key, path);
    if (fd >= 0)
        close(fd);
    return good;
}

bool tls_check_files(const struct tls_pair *pair, struct buf *errors, struct buf *warnings)
{
    struct stat st;
    bool good = look(pair->where, "certificate", pair->certificate, &st, errors);
    good = look(pair->where, "key", pair->key, &st, errors) && good;
    if (good && st.st_mode & S_IROTH)
        buf_printf(warnings, "%s: tls.certificates.key: %s: everyone on this machine can read the key; chmod o= %s\n",
                   pair->where, pair->key, pair->key);
    return good;
}

/* ---- dates ---- */

static int64_t wall_ms_of(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

void tls_check_dates(const struct tls_entry *entry, const char *where, struct buf *warnings)
{
    char text[CLOCK_TEXT];
    int64_t now_ms = clock_wall_ms();
    int64_t begins_ms = wall_ms_of(X509_get0_notBefore(entry->leaf));
    int64_t ends_ms = wall_ms_of(X509_get0_notAfter(entry->leaf));
    if (ends_ms <= now_ms)
        buf_printf(warnings, "%s: tls.certificates.certificate: %s: ended on %s; clients will refuse it\n", where,
                   entry->file, clock_text(ends_ms, text));
    else if (ends_ms - now_ms < TLS_ENDS_SOON_MS)
        buf_printf(warnings, "%s: tls.certificates.certificate: %s: ends in %lld days, on %s; renew it, then `chatctl "
                   "reload`\n", where, entry->file, tls_days_left(ends_ms),
                   clock_text(ends_ms, text));
    if (begins_ms > now_ms)
        buf_printf(warnings, "%s: tls.certificates.certificate: %s: not valid before %s; clients will refuse it until "
                   "then\n", where, entry->file, clock_text(begins_ms, text));
}

/* ---- a view ---- */

void tls_fingerprint(X509 *certificate, char out[STREAM_FINGERPRINT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    out[0] = '\0';
    if (X509_digest(certificate, EVP_sha256(), digest, &n) == 1)
        for (unsigned i = 0; i < n && i < STREAM_FINGERPRINT / 2; i++)
            snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* Whatever the alphabet of the certificate, the console shows UTF-8. */
static bool add_text(struct buf *to, const ASN1_STRING *text)
{
    unsigned char *utf8 = NULL;
    int n = text ? ASN1_STRING_to_UTF8(&utf8, text) : -1;
    if (n > 0)
        buf_printf(to, "%s%.*s", to->len ? " " : "", n, (const char *)utf8);
    OPENSSL_free(utf8);
    ERR_clear_error();
    return n > 0;
}

static bool add_entry(struct buf *to, const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    return at >= 0 && add_text(to, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

static void add_address(struct buf *names, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int n = ASN1_STRING_length(address);
    if ((n == 4 || n == 16) &&
        inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text))
        buf_printf(names, "%s%s", names->len ? " " : "", text);
}

/* Without names of hosts a certificate is valid for its common name. */
static void add_names(struct buf *names, X509 *certificate)
{
    bool has_host = false;
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            has_host = add_text(names, name->d.dNSName) || has_host;
        else if (name->type == GEN_IPADD)
            add_address(names, name->d.iPAddress);
    }
    if (!has_host)
        add_entry(names, X509_get_subject_name(certificate), NID_commonName);
    GENERAL_NAMES_free(all);
}

/* Its common name, else its organisation. */
static void add_issuer(struct buf *issuer, X509 *certificate)
{
    const X509_NAME *name = X509_get_issuer_name(certificate);
    if (!add_entry(issuer, name, NID_commonName) && !add_entry(issuer, name, NID_organizationName))
        buf_str(issuer, "unknown");
    if (X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0)
        buf_str(issuer, " (self-signed)");
}

static void add_key_type(struct buf *type, X509 *certificate)
{
    char group[64];
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *name = key ? EVP_PKEY_get0_type_name(key) : NULL;
    if (key && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1)
        buf_printf(type, "%s %s", name ? name : "unknown", group);
    else if (key)
        buf_printf(type, "%s %d", name ? name : "unknown", EVP_PKEY_get_bits(key));
    else
        buf_str(type, "unknown");
}

void tls_view_of(const struct tls_entry *entry, struct tls_view *view, struct tls_view_texts *texts)
{
    buf_clear(&texts->names);
    buf_clear(&texts->issuer);
    buf_clear(&texts->key_type);
    add_names(&texts->names, entry->leaf);
    add_issuer(&texts->issuer, entry->leaf);
    add_key_type(&texts->key_type, entry->leaf);
    tls_fingerprint(entry->leaf, texts->fingerprint);
    *view = (struct tls_view){
        .file = entry->file,
        .names = buf_text(&texts->names),
        .issuer = buf_text(&texts->issuer),
        .key_type = buf_text(&texts->key_type),
        .fingerprint = texts->fingerprint,
        .ends_ms = wall_ms_of(X509_get0_notAfter(entry->leaf)),
    };
}
