/* SPDX-License-Identifier: ISC */
/*
 * The handshake has proved that the client owns the key of its certificate, and nothing else: anybody can make one. So
 * a certificate is known by its fingerprint, and is worth what the account that it was added to is worth.
 */
#include "config.h"

#include "serve/certificate.h"

#include "base/log.h"
#include "chat/certify.h"
#include "serve/login.h"

#include <string.h>

_Static_assert(FINGERPRINT_SIZE == STREAM_FINGERPRINT, "one size of a fingerprint");

bool certificate_prove(struct session *s, struct account *a, struct refusal *no)
{
    const char *fingerprint = s->security.fingerprint;
    if (!*fingerprint || !accounts_has_certificate(a->id, fingerprint))
        return refusal_set(no, ERROR_PASSWORD_REQUIRED);
    if (a->locked)
        return refusal_set(no, ERROR_LOCKED);
    a->proved_by = PROOF_CERTIFICATE;
    a->certificate = fingerprint;
    return true;
}

/* A copy of the account that the session is logged in to. */
static bool find_own(struct session *s, struct account *own, struct refusal *no)
{
    if (!secret_available())
        return refusal_set(no, ERROR_NO_ACCOUNTS);
    return accounts_by_id(s->member.account, own) || refusal_set(no, ERROR_NOT_REGISTERED);
}

/* `change` is its name in the log. */
static bool finish(struct session *s, enum certify_result result, const char *change, const char *fingerprint,
                   struct refusal *no)
{
    static const enum error_code errors[] = {
        [CERTIFY_DONE] = ERROR_NONE,
        [CERTIFY_STORAGE] = ERROR_STORAGE,
        [CERTIFY_UNKNOWN] = ERROR_NOT_REGISTERED,
        [CERTIFY_OUTDATED] = ERROR_OUTDATED,
        [CERTIFY_THERE] = ERROR_NONE,
        [CERTIFY_FULL] = ERROR_TOO_MANY_CERTIFICATES,
        [CERTIFY_NOT_FOUND] = ERROR_CERTIFICATE_NOT_FOUND,
        [CERTIFY_AMBIGUOUS] = ERROR_AMBIGUOUS_FINGERPRINT,
    };
    struct account own;
    no->error = errors[result];
    if (result == CERTIFY_DONE && accounts_by_id(s->member.account, &own))
        log_peer(LOG_INFO, change, "id=%llu account=%s fingerprint=%s", (unsigned long long)s->member.id, own.name,
                 fingerprint);
    return no->error == ERROR_NONE;
}

bool certificate_add(struct session *s, char fingerprint[FINGERPRINT_SIZE], struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct proof proof = login_proof(s);
    struct account own;
    if (!find_own(s, &own, no))
        return false;
    if (!*s->security.fingerprint)
        return refusal_set(no, ERROR_NO_CERTIFICATE);
    memcpy(fingerprint, s->security.fingerprint, FINGERPRINT_SIZE);
    return finish(s, certify_add(&proof, fingerprint, &w), "certificate_added", fingerprint, no);
}

bool certificate_remove(struct session *s, const char *text, char fingerprint[FINGERPRINT_SIZE], struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct proof proof = login_proof(s);
    struct account own;
    if (!find_own(s, &own, no))
        return false;
    if (!fingerprint_parse(fingerprint, text))
        return refusal_set(no, ERROR_BAD_FINGERPRINT);
    enum certify_result result = certify_remove(&proof, fingerprint, &w);
    bool was_proof = s->by_certificate && strcmp(fingerprint, s->security.fingerprint) == 0;
    if (result == CERTIFY_DONE && !was_proof)
        s->era = proof.era; /* what this session has proved holds in the new era, too */
    return finish(s, result, "certificate_removed", fingerprint, no);
}

bool certificate_each(struct session *s, void (*fn)(const struct fingerprint *f, bool in_use, void *arg), void *arg,
                      struct refusal *no)
{
    struct fingerprints list;
    struct account own;
    if (!find_own(s, &own, no))
        return false;
    accounts_certificates(own.id, &list);
    for (int i = 0; i < list.n; i++)
        fn(&list.v[i], strcmp(list.v[i].text, s->security.fingerprint) == 0, arg);
    fingerprints_fini(&list);
    return true;
}
