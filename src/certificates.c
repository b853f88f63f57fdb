/* SPDX-License-Identifier: ISC */
/* All or nothing: files are read into new keys, which replace those in force only if there is no mistake in any. */
#include "config.h"

#include "certificates.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void certificates_each_line(const struct buf *text, void (*fn)(const char *line, void *arg), void *arg)
{
    for (const char *at = buf_text(text); *at;) {
        size_t n = strcspn(at, "\n");
        char *line = strndup(at, n);
        if (line)
            fn(line, arg);
        free(line);
        at += n + (at[n] == '\n');
    }
}

static void log_warning(const char *line, void *arg)
{
    char quoted[LOG_QUOTED];
    (void)arg;
    log_warn("certificate", "warning=%s", log_quote(line, quoted));
}

int certificates_load(const struct conf *c, struct certificates *loaded, struct buf *errors)
{
    struct tls_pair pairs[CONF_CERTIFICATES];
    struct tls_config config = {
        .pairs = pairs,
        .count = c->certificate_count,
        .only_1_3 = strcmp(c->tls_min_version, "1.3") == 0,
        .ciphers = c->tls_ciphers,
        .ciphersuites = c->tls_ciphersuites,
        .handshake_ms = c->tls_handshake_s * 1000,
        .client_certificates = strcmp(c->tls_client_certificates, "optional") == 0,
    };
    for (int i = 0; i < c->certificate_count; i++)
        pairs[i] = (struct tls_pair){c->certificates[i].certificate, c->certificates[i].key, c->certificates[i].where};
    if (!config.count)
        return 0;
    loaded->keys = tls_load(&config, errors, &loaded->warnings);
    return loaded->keys ? 0 : -1;
}

bool certificates_use(struct certificates *loaded)
{
    struct tls_keys *keys = loaded->keys;
    loaded->keys = NULL;
    certificates_each_line(&loaded->warnings, log_warning, NULL);
    return keys && tls_use(keys);
}

void certificates_fini(struct certificates *loaded)
{
    tls_free(&loaded->keys);
    buf_fini(&loaded->warnings);
}

/* ---- reminders ---- */

static void remind(const struct tls_view *view, void *arg)
{
    char ends[CLOCK_TEXT], file[LOG_QUOTED];
    int64_t left_ms = view->ends_ms - clock_wall_ms();
    (void)arg;
    if (left_ms < TLS_ENDS_SOON_MS)
        log_warn("certificate_ends", "file=%s ends=%s days_left=%lld hint=\"renew it, then chatctl reload\"",
                 log_quote(view->file, file), clock_text(view->ends_ms, ends),
                 tls_days_left(view->ends_ms));
}

void certificates_remind(int64_t now_ms)
{
    static int64_t next_ms; /* the keeper's. At the start the warnings of certificates_load say the same. */
    if (next_ms && now_ms >= next_ms)
        tls_each(remind, NULL);
    if (!next_ms || now_ms >= next_ms)
        next_ms = now_ms + CLOCK_DAY_MS;
}
