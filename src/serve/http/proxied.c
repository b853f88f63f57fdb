/* SPDX-License-Identifier: ISC */
/* Not obvious: what is near, and what is secure, holds for the whole way. So a proxy that is neither near nor reached
 * over TLS makes nobody near, and nothing secure. */
#include "config.h"

#include "serve/http/proxied.h"

#include "base/counter.h"
#include "base/log.h"
#include "net/proxies.h"
#include "serve/session.h"

#include <string.h>

static struct addr find_client(const struct session *s, const struct http_request *rq, const struct addr *proxy,
                               bool is_way_private)
{
    struct addr client = *proxy;
    char quoted[LOG_QUOTED];
    switch (proxies_client(rq->forwarded, &client)) {
    case PROXIES_FOUND:
        client.near = client.near && is_way_private;
        client.loopback = client.loopback && proxy->loopback; /* of the proxy's machine, which may be another */
        break;
    case PROXIES_INVALID:
        log_peer_from(&proxy->key, LOG_WARN, "forwarded_invalid",
                      "id=%llu address=%s value=%s hint=\"the proxy's own address counts; have it send the address of "
                      "its client in X-Forwarded-For\"",
                      (unsigned long long)s->member.id, proxy->text, log_quote(rq->forwarded, quoted));
        break;
    case PROXIES_NOBODY:
        break;
    }
    return client;
}

static void note_security(struct session *s, bool is_secure)
{
    s->is_proxied = true;
    s->is_proxied_securely = is_secure;
    s->security = (struct stream_security){0}; /* the proxy's certificate, if it has one, is not the client's */
    atomic_store(&s->tls_cipher, "-");
    atomic_store(&s->tls_version, is_secure ? "proxy" : NULL);
    atomic_store(&s->member.is_secure, is_secure);
}

bool proxied_admit(struct session *s, const struct http_request *rq, const struct addr *proxy)
{
    bool is_way_private = proxy->near || stream_security(s->pair->stream);
    struct addr client = find_client(s, rq, proxy, is_way_private);
    note_security(s, rq->is_https && is_way_private);
    if (strcmp(client.text, s->pair->arrival.peer.text) == 0)
        return true;
    if (!pool_set_peer(s->pair, &client)) {
        counter_add(COUNTER_REFUSED_ADDRESS, 1);
        log_peer_from(&client.key, LOG_INFO, "refused", "address=%s proxy=%s reason=too_many_connections", client.text,
                      proxy->text);
        return false;
    }
    session_note_peer(s);
    log_peer_from(&client.key, LOG_INFO, "proxied", "id=%llu address=%s proxy=%s secure=%s",
                  (unsigned long long)s->member.id, client.text, proxy->text, s->is_proxied_securely ? "yes" : "no");
    return true;
}
