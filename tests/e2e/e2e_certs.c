/* SPDX-License-Identifier: ISC */
/* Certificates as an operator handles them: files with mistakes, several names, renewing them, and chatctl tls. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/fixture.h"
#include "tests/lib/peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S (24 * 3600)
#define LISTENERS "listeners = ( { address = \"127.0.0.1\"; port = 0; tls = true; } );\n"

static char out[65536], err[65536];

static void assert_in(const char *where, const char *text)
{
    if (!strstr(where, text))
        fail_msg("expected \"%s\" in: %s", text, where);
}

static void assert_lines(const char *text, int wanted)
{
    int n = 0;
    for (const char *at = text; *at; at++)
        n += *at == '\n';
    if (n != wanted)
        fail_msg("%d lines, expected %d: %s", n, wanted, text);
}

/* ---- files and configurations ---- */

/* Two certificates that are in order: a and b. */
static int setup(void **state)
{
    fixture_dir(state);
    d.conf_listens = true;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = "DNS:a.example"});
    peer_write_certificate(d.dir, "b", &(struct peer_wish){.names = "DNS:*.b.example"});
    return 0;
}

/* Names files of the test, or others by their whole paths, in line 4; `more` begins line 5. */
static void write_conf(const char *certificate, const char *key, const char *more)
{
    char conf[2048], paths[2][256];
    snprintf(paths[0], sizeof paths[0], "%s%s%s", *certificate == '/' ? "" : d.dir, *certificate == '/' ? "" : "/",
             certificate);
    snprintf(paths[1], sizeof paths[1], "%s%s%s", *key == '/' ? "" : d.dir, *key == '/' ? "" : "/", key);
    snprintf(conf, sizeof conf, LISTENERS "tls = {\ncertificates = (\n{ certificate = \"%s\"; key = \"%s\"; } );\n"
             "%s };\n", paths[0], paths[1], more);
    daemon_write_conf(&d, conf);
}

static int check_conf(void)
{
    char conf[256];
    snprintf(conf, sizeof conf, "%s/chatd.conf", d.dir);
    const char *args[] = {daemon_program("CHATD"), "-t", "-c", conf, NULL};
    return daemon_run(args, out, sizeof out, err, sizeof err);
}

static int start_in_vain(void)
{
    char conf[256];
    snprintf(conf, sizeof conf, "%s/chatd.conf", d.dir);
    const char *args[] = {daemon_program("CHATD"), "-d", d.dir, "-c", conf, NULL};
    return daemon_run(args, out, sizeof out, err, sizeof err);
}

/* Both chatd -t and the start say this one line, which begins with the file and `line`. */
static void assert_refused(int line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void assert_refused(int line, const char *fmt, ...)
{
    char wanted[1024];
    size_t n = (size_t)snprintf(wanted, sizeof wanted, "%s/chatd.conf:%d: ", d.dir, line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(wanted + n, sizeof wanted - n, fmt, ap);
    va_end(ap);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(i ? start_in_vain() : check_conf(), 1);
        assert_string_equal(out, "");
        assert_lines(err, 1);
        if (strncmp(err, wanted, strlen(wanted)) != 0)
            fail_msg("expected \"%s\", got: %s", wanted, err);
    }
}

static void a_file_that_cannot_be_read_is_reported_with_its_line_key_and_path(void **state)
{
    char pipe[256];
    (void)state;
    write_conf("none.pem", "a.key", "");
    assert_refused(4, "tls.certificates.certificate: %s/none.pem: No such file or directory\n", d.dir);
    write_conf("a.pem", "none.key", "");
    assert_refused(4, "tls.certificates.key: %s/none.key: No such file or directory\n", d.dir);
    write_conf("a.pem", d.dir, "");
    assert_refused(4, "tls.certificates.key: %s: not a file\n", d.dir);
    snprintf(pipe, sizeof pipe, "%s/pipe", d.dir);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    write_conf("pipe", "a.key", ""); /* nobody writes to it, so reading would wait for ever */
    assert_refused(4, "tls.certificates.certificate: %s: not a file\n", pipe);
    write_conf("none.pem", "none.key", "");
    assert_int_equal(check_conf(), 1);
    assert_lines(err, 2); /* all mistakes at once */
}

/* Root reads every file, so this proves something only for others. */
static void a_file_that_others_own_is_reported_with_the_way_to_share_it(void **state)
{
    char path[256];
    (void)state;
    if (geteuid() == 0) {
        print_message("skipped: root reads every file\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/a.key", d.dir);
    assert_int_equal(chmod(path, 0), 0);
    write_conf("a.pem", "a.key", "");
    assert_refused(4, "tls.certificates.key: %s: Permission denied; the user that runs chatd (here ", path);
    assert_in(err, "chgrp GROUP, chmod 640");
}

static void a_file_that_is_something_else_is_reported_with_what_it_should_be(void **state)
{
    static const char no[] = "not a certificate in PEM format that OpenSSL accepts: no start line";
    char path[256];
    (void)state;
    write_conf("chatd.conf", "a.key", "");
    assert_refused(4, "tls.certificates.certificate: %s/chatd.conf: %s\n", d.dir, no);
    write_conf("a.key", "a.key", "");
    assert_refused(4, "tls.certificates.certificate: %s/a.key: %s\n", d.dir, no);
    snprintf(path, sizeof path, "%s/chatd.conf", d.dir);
    assert_int_equal(chmod(path, 0600), 0); /* else a warning would follow */
    write_conf("a.pem", "chatd.conf", "");
    assert_refused(4, "tls.certificates.key: %s: not a private key in PEM format: ", path);
    peer_write_certificate(d.dir, "pass", &(struct peer_wish){.names = "DNS:a.example", .passphrase = "sesame"});
    write_conf("pass.pem", "pass.key", "");
    assert_refused(4, "tls.certificates.key: %s/pass.key: has a passphrase, which nobody could type; make a copy "
                   "without it (openssl pkey -in %s/pass.key -out NEW)\n", d.dir, d.dir);
}

static void a_key_of_another_certificate_is_reported_whatever_its_type(void **state)
{
    static const char *const types[] = {"EC", "RSA", "ED25519"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        peer_write_certificate(d.dir, "other", &(struct peer_wish){.names = "DNS:o.example", .type = types[i]});
        write_conf("a.pem", "other.key", "");
        assert_refused(4, "tls.certificates.key: %s/other.key: not the key of the certificate in %s/a.pem; after a "
                       "renewal, use both new files\n", d.dir, d.dir);
        write_conf("other.pem", "a.key", "");
        assert_refused(4, "tls.certificates.key: %s/a.key: not the key of the certificate in %s/other.pem", d.dir,
                       d.dir);
        write_conf("other.pem", "other.key", "");
        assert_int_equal(check_conf(), 0);
        assert_string_equal(err, "");
    }
}

static void unknown_ciphers_are_reported_with_where_to_look(void **state)
{
    (void)state;
    write_conf("a.pem", "a.key", "ciphers = \"NONSENSE\";");
    assert_refused(5, "tls.ciphers: OpenSSL knows no such ciphers (got \"NONSENSE\"); see `openssl ciphers -v -s "
                   "-tls1_2`\n");
    write_conf("a.pem", "a.key", "\nciphersuites = \"TLS_NONSENSE\";");
    assert_refused(6, "tls.ciphersuites: OpenSSL knows no such ciphers (got \"TLS_NONSENSE\"); see `openssl ciphers -v "
                   "-s -tls1_3`\n");
    write_conf("a.pem", "a.key", "min_version = \"1.1\";");
    assert_refused(5, "tls.min_version: ");
}

static void a_listener_with_tls_needs_a_certificate(void **state)
{
    (void)state;
    daemon_write_conf(&d, "\n" LISTENERS);
    assert_refused(2, "listeners.tls: needs a certificate in tls.certificates (chatctl tls selfsigned makes one)\n");
}

static void write_dated(int64_t begins_s, int64_t ends_s)
{
    peer_write_certificate(d.dir, "dated", &(struct peer_wish){.names = "DNS:a.example", .begins_s = begins_s,
                                                               .ends_s = ends_s});
}

/* One warning for chatd -t, for the log of the start, and for a reload; and the certificate is used. */
static void assert_warned(const char *text)
{
    struct peer p;
    char start[512];
    snprintf(start, sizeof start, "warning: %s/chatd.conf:4: tls.certificates.", d.dir);
    assert_int_equal(check_conf(), 0);
    assert_lines(err, 1);
    assert_in(err, start);
    assert_in(err, text);
    daemon_start(&d);
    assert_true(daemon_log_has(&d, "certificate warning="));
    assert_true(daemon_log_has(&d, text));
    peer_login(&p, d.port, "1.3", "somebody");
    peer_close(&p);
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    assert_in(out, "tls.certificates");
    assert_in(out, text);
    daemon_stop(&d);
    unlink(strcat(strcpy(out, d.dir), "/log"));
}

static void what_will_soon_trouble_clients_is_warned_of(void **state)
{
    char path[256], text[512];
    (void)state;
    write_conf("dated.pem", "dated.key", "");
    write_dated(-2 * DAY_S, -DAY_S);
    assert_warned("dated.pem: ended on ");
    write_dated(-2 * DAY_S, 13 * DAY_S + 3600);
    assert_warned("dated.pem: ends in 13 days, on ");
    write_dated(DAY_S, 100 * DAY_S);
    assert_warned("dated.pem: not valid before ");
    write_dated(-DAY_S, 14 * DAY_S + 3600);
    snprintf(path, sizeof path, "%s/dated.key", d.dir);
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(text, sizeof text, "dated.key: everyone on this machine can read the key; chmod o= %s", path);
    assert_warned(text);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(check_conf(), 0);
    assert_string_equal(err, "");
}

/* ---- reload ---- */

static void use(const char *name)
{
    char from[2][256], to[2][256];
    for (int i = 0; i < 2; i++) {
        snprintf(from[i], sizeof from[i], "%s/%s.%s", d.dir, name, i ? "key" : "pem");
        snprintf(to[i], sizeof to[i], "%s/live.%s", d.dir, i ? "key" : "pem");
        (void)unlink(to[i]);
        assert_int_equal(link(from[i], to[i]), 0);
    }
}

static void start_live(void)
{
    use("a");
    write_conf("live.pem", "live.key", "");
    daemon_start(&d);
}

/* Which certificate the client was shown: 'a', 'b', or '?'. */
static char shown(struct peer *p)
{
    char seen[STREAM_FINGERPRINT], is[STREAM_FINGERPRINT];
    peer_shown(p, seen);
    for (char name[] = "a"; *name <= 'b'; ++*name) {
        peer_fingerprint(d.dir, name, is);
        if (strcmp(seen, is) == 0)
            return *name;
    }
    return '?';
}

static void assert_shown(const char *version, const char *host, char wanted)
{
    struct peer p;
    peer_connect(&p, d.port, 0);
    peer_use_tls(&p, version, host);
    assert_true(peer_shake(&p));
    assert_int_equal(shown(&p), wanted);
    peer_close(&p);
}

static void replaced_files_are_used_after_a_reload_and_live_sessions_go_on(void **state)
{
    struct peer old[2], p;
    (void)state;
    start_live();
    peer_login(&old[0], d.port, "1.2", "old2");
    peer_login(&old[1], d.port, "1.3", "old3");
    assert_int_equal(shown(&old[0]), 'a');
    use("b");
    assert_shown("1.3", NULL, 'a'); /* only a reload reads files */
    daemon_ctl_ok(&d, out, sizeof out, "--json", "reload", NULL);
    assert_in(out, "{\"key\":\"tls.certificates\",\"effect\":\"changed\"}");
    assert_true(daemon_log_has(&d, "reload key=tls.certificates effect=changed"));
    assert_shown("1.2", NULL, 'b');
    assert_shown("1.3", NULL, 'b');
    for (int i = 0; i < 2; i++) {
        peer_say(&old[i], "PING still");
        peer_expect(&old[i], "PONG still");
    }
    daemon_ctl_ok(&d, out, sizeof out, "--json", "reload", NULL);
    assert_null(strstr(out, "tls.certificates")); /* nothing has changed */
    peer_login(&p, d.port, "1.3", "new");
    peer_say(&p, "PRIVMSG old3 hello");
    peer_expect(&old[1], "PRIVMSG new hello");
    peer_close(&p);
    peer_close(&old[0]);
    peer_close(&old[1]);
}

/* Does what the operator would, and expects the refusal. */
static void assert_reload_refused(const char *text)
{
    char line[512];
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "reload", NULL), 1);
    snprintf(line, sizeof line, "chatctl: %s/chatd.conf:4: tls.certificates.key: ", d.dir);
    assert_in(out, line);
    assert_in(out, text);
    assert_lines(out, 1);
    assert_shown("1.3", NULL, 'a');
    assert_true(daemon_log_has(&d, "reload_failed mistake="));
    assert_true(daemon_log_has(&d, text));
}

static void a_reload_with_a_mistake_in_a_file_changes_nothing(void **state)
{
    char path[256];
    struct peer old;
    (void)state;
    start_live();
    peer_login(&old, d.port, "1.3", "old");
    use("b");
    snprintf(path, sizeof path, "%s/live.key", d.dir);
    assert_int_equal(unlink(path), 0);
    write_conf("live.pem", "live.key", "handshake_s = 3; }; limits = { text_bytes = 100;"); /* not done either */
    assert_reload_refused("live.key: No such file or directory");
    peer_say(&old, "PING %0200d", 7);
    peer_expect(&old, "PONG %0200d", 7);
    write_conf("live.pem", "a.key", "");
    assert_reload_refused("not the key of the certificate");
    peer_write_certificate(d.dir, "rsa", &(struct peer_wish){.names = "DNS:r.example", .type = "RSA"});
    write_conf("live.pem", "rsa.key", "");
    assert_reload_refused("not the key of the certificate");
    peer_say(&old, "PING still");
    peer_expect(&old, "PONG still");
    write_conf("b.pem", "b.key", "");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    assert_shown("1.3", NULL, 'b');
    peer_close(&old);
}

static void a_hangup_renews_certificates_as_a_reload_does(void **state)
{
    char path[256];
    (void)state;
    start_live();
    use("b");
    assert_int_equal(kill(d.pid, SIGHUP), 0);
    daemon_await_log(&d, "reload key=tls.certificates effect=changed");
    daemon_await_log(&d, "reloaded keys=1");
    assert_shown("1.3", NULL, 'b');
    snprintf(path, sizeof path, "%s/live.key", d.dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(kill(d.pid, SIGHUP), 0);
    daemon_await_log(&d, "reload_failed mistake=");
    assert_true(daemon_log_has(&d, "live.key: No such file or directory"));
    assert_shown("1.3", NULL, 'b');
}

static void a_reload_among_a_hundred_logins_costs_none_of_them(void **state)
{
    enum { MANY = 100, FIRST = 30, LAST = 70 };
    static struct peer p[MANY], half[10];
    unsigned char hello[10][2048];
    size_t n[10];
    (void)state;
    use("a");
    write_conf("live.pem", "live.key", "handshake_s = 300;"); /* a hundred logins may take long */
    daemon_start(&d);
    for (int i = 0; i < 10; i++) { /* in the middle of their handshake while all changes */
        peer_connect(&half[i], d.port, 0);
        peer_use_tls(&half[i], i % 2 ? "1.2" : "1.3", NULL);
        n[i] = peer_hello(&half[i], hello[i], sizeof hello[i]);
        peer_send_raw(&half[i], hello[i], n[i] / 2);
    }
    daemon_await(&d, "clients", 10);
    for (int i = 0; i < MANY; i++) {
        if (i == FIRST) {
            use("b");
            assert_int_equal(kill(d.pid, SIGHUP), 0);
        }
        if (i == LAST)
            daemon_await_log(&d, "reload key=tls.certificates effect=changed");
        char name[16];
        snprintf(name, sizeof name, "u%d", i);
        peer_login(&p[i], d.port, i % 2 ? "1.2" : "1.3", name);
        char is = shown(&p[i]);
        assert_true(i < FIRST ? is == 'a' : i >= LAST ? is == 'b' : is == 'a' || is == 'b');
    }
    for (int i = 0; i < 10; i++) {
        peer_send_raw(&half[i], hello[i] + n[i] / 2, n[i] - n[i] / 2);
        assert_true(peer_shake(&half[i]));
        assert_int_equal(shown(&half[i]), 'a'); /* the one in force when they came */
        peer_say(&half[i], "PING in");
        peer_expect(&half[i], "PONG in");
        peer_close(&half[i]);
    }
    for (int i = 0; i < MANY; i++) {
        peer_say(&p[i], "PING in");
        peer_expect(&p[i], "PONG in");
        peer_close(&p[i]);
    }
    assert_int_equal(daemon_status(&d, "logins"), MANY);
}

static void a_reload_changes_what_new_handshakes_may_be(void **state)
{
    struct peer old, p;
    (void)state;
    start_live();
    peer_login(&old, d.port, "1.2", "old");
    write_conf("live.pem", "live.key", "min_version = \"1.3\";");
    daemon_ctl_ok(&d, out, sizeof out, "--json", "reload", NULL);
    assert_in(out, "{\"key\":\"tls.min_version\",\"effect\":\"changed\"}");
    peer_connect(&p, d.port, 0);
    peer_use_tls(&p, "1.2", NULL);
    assert_false(peer_shake(&p));
    assert_int_equal(p.reason, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    peer_close(&p);
    assert_shown("1.3", NULL, 'a');
    peer_say(&old, "PING still");
    peer_expect(&old, "PONG still");
    write_conf("live.pem", "live.key", "ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256\"; "
               "ciphersuites = \"TLS_CHACHA20_POLY1305_SHA256\";");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
    peer_open(&p, d.port, "1.2");
    assert_string_equal(SSL_get_cipher_name(p.ssl), "ECDHE-ECDSA-AES128-GCM-SHA256");
    peer_close(&p);
    peer_open(&p, d.port, "1.3");
    assert_string_equal(SSL_get_cipher_name(p.ssl), "TLS_CHACHA20_POLY1305_SHA256");
    peer_close(&p);
    peer_close(&old);
}

static void without_certificates_those_in_use_stay_until_the_next_start(void **state)
{
    (void)state;
    start_live();
    daemon_write_conf(&d, "listeners = ( { address = \"127.0.0.1\"; port = 0; } );\n");
    daemon_ctl_ok(&d, out, sizeof out, "--json", "reload", NULL);
    assert_in(out, "{\"key\":\"tls.certificates\",\"effect\":\"needs a restart\"}");
    assert_in(out, "{\"key\":\"listeners\",\"effect\":\"needs a restart\"}");
    assert_shown("1.3", NULL, 'a');
    write_conf("b.pem", "b.key", "");
    daemon_ctl_ok(&d, out, sizeof out, "--json", "reload", NULL);
    assert_in(out, "{\"key\":\"tls.certificates\",\"effect\":\"changed\"}");
    assert_shown("1.3", NULL, 'b');
}

/* ---- several names ---- */

static void start_both(void)
{
    char conf[2048];
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; tls = true; }, "
             "{ address = \"127.0.0.1\"; port = 0; } );\n"
             "tls = { certificates = ( { certificate = \"%s/a.pem\"; key = \"%s/a.key\"; },\n"
             "{ certificate = \"%s/b.pem\"; key = \"%s/b.key\"; } ); };\n", d.dir, d.dir, d.dir, d.dir);
    fixture_start(conf);
}

static void each_name_gets_its_certificate_and_all_others_the_first(void **state)
{
    static const char *const versions[] = {"1.2", "1.3"};
    (void)state;
    start_both();
    for (int i = 0; i < 2; i++) {
        assert_shown(versions[i], "a.example", 'a');
        assert_shown(versions[i], "A.EXAMPLE", 'a');
        assert_shown(versions[i], "x.b.example", 'b');
        assert_shown(versions[i], "Y.b.example", 'b');
        assert_shown(versions[i], "b.example", 'a'); /* a wildcard stands for one label, */
        assert_shown(versions[i], "x.y.b.example", 'a'); /* no more */
        assert_shown(versions[i], "elsewhere.example", 'a');
        assert_shown(versions[i], NULL, 'a');
    }
}

/* ---- chatctl ---- */

static void tls_show_tells_what_an_operator_must_know(void **state)
{
    char text[512], fingerprint[STREAM_FINGERPRINT];
    (void)state;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = "DNS:a.example,DNS:chat.a.example,IP:192.168.1.5,"
                                       "IP:fd00::5", .begins_s = -1, .ends_s = 40 * DAY_S + 3600});
    peer_write_certificate(d.dir, "b", &(struct peer_wish){.names = "DNS:*.b.example", .issuer = "An Authority",
                                       .type = "RSA", .begins_s = -2 * DAY_S, .ends_s = -DAY_S});
    start_both();
    daemon_ctl_ok(&d, out, sizeof out, "tls", "show", NULL);
    assert_lines(out, 3); /* a heading */
    daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
    char *second = strchr(out, '\n') + 1;
    assert_in(second, "*.b.example");
    second[-1] = '\0';
    assert_in(out, "\"names\":\"a.example chat.a.example 192.168.1.5 fd00::5\"");
    assert_in(out, "\"issuer\":\"common (self-signed)\"");
    assert_in(out, "\"days_left\":40,");
    assert_in(out, "\"key\":\"EC prime256v1\"");
    snprintf(text, sizeof text, "\"listeners\":\"127.0.0.1:%d native\"", d.port);
    assert_in(out, text);
    assert_in(second, text);
    snprintf(text, sizeof text, "\"file\":\"%s/a.pem\"", d.dir);
    assert_in(out, text);
    peer_fingerprint(d.dir, "a", fingerprint);
    snprintf(text, sizeof text, "\"sha256\":\"%s\"", fingerprint);
    assert_in(out, text);
    assert_in(second, "\"names\":\"*.b.example\"");
    assert_in(second, "\"issuer\":\"An Authority\"");
    assert_in(second, "\"days_left\":0,");
    assert_in(second, "\"key\":\"RSA 2048\"");
}

/* A certificate without names is valid for its common name. */
static void tls_show_names_the_host_of_an_old_certificate(void **state)
{
    (void)state;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = NULL});
    write_conf("a.pem", "a.key", "");
    daemon_start(&d);
    daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
    assert_in(out, "\"names\":\"common\"");
}

static void tls_show_shows_the_names_of_any_alphabet(void **state)
{
    (void)state;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = "DNS:a.example", .issuer = "K\xe4se"});
    peer_write_certificate(d.dir, "b", &(struct peer_wish){.names = "DNS:b.example", .issuer = "Jam\xc3\xb3n"});
    start_both();
    daemon_ctl_ok(&d, out, sizeof out, "tls", "show", NULL);
    assert_in(out, "K\xc3\xa4se");
    assert_in(out, "Jam\xc3\xb3n");
}

static void tls_show_shows_nothing_where_there_is_none(void **state)
{
    (void)state;
    d.conf_listens = false;
    fixture_start("");
    daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
    assert_string_equal(out, "{\"end\":\"done\"}\n");
}

static void assert_mode(const char *name, mode_t mode)
{
    char path[256];
    struct stat sb;
    snprintf(path, sizeof path, "%s/%s", d.dir, name);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 07777, mode);
}

static void what_tls_selfsigned_prints_can_be_used_as_it_is(void **state)
{
    struct peer p;
    char conf[4096], seen[STREAM_FINGERPRINT];
    (void)state;
    daemon_ctl_ok(&d, out, sizeof out, "tls", "selfsigned", "chat.lan", "192.168.1.5", "::1", NULL);
    assert_mode("tls-key.pem", 0600);
    assert_mode("tls-cert.pem", 0644);
    char *from = strstr(out, "tls = {"), *to = strstr(out, "\n\nFor the people");
    assert_true(from && to);
    snprintf(conf, sizeof conf, LISTENERS "%.*s\n", (int)(to - from), from);
    fixture_start(conf);
    peer_login(&p, d.port, "1.3", "somebody");
    peer_shown(&p, seen);
    assert_in(to, seen);
    assert_int_equal(X509_check_host(SSL_get0_peer_certificate(p.ssl), "chat.lan", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(SSL_get0_peer_certificate(p.ssl), "192.168.1.5", 0), 1);
    assert_int_equal(X509_check_ip_asc(SSL_get0_peer_certificate(p.ssl), "::1", 0), 1);
    daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
    assert_in(out, "\"names\":\"chat.lan 192.168.1.5 ::1\"");
    assert_in(out, "\"issuer\":\"chat.lan (self-signed)\"");
    assert_in(out, "\"days_left\":824,");
    peer_close(&p);
}

/* As all commands of chatctl. */
static void tls_selfsigned_takes_its_words_in_any_arguments(void **state)
{
    char path[2][256];
    (void)state;
    snprintf(path[0], sizeof path[0], "%s/tls-cert.pem", d.dir);
    snprintf(path[1], sizeof path[1], "%s/tls-key.pem", d.dir);
    for (int i = 0; i < 3; i++) {
        static const char *const words[3][2] = {
            {"tls selfsigned one.example two.example", NULL}, {"tls", "selfsigned one.example two.example"},
            {"tls selfsigned one.example", "two.example"}};
        daemon_ctl_ok(&d, out, sizeof out, words[i][0], words[i][1], NULL);
        write_conf("tls-cert.pem", "tls-key.pem", "");
        daemon_start(&d);
        daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
        assert_in(out, "\"names\":\"one.example two.example\"");
        daemon_stop(&d);
        assert_int_equal(unlink(path[0]), 0);
        assert_int_equal(unlink(path[1]), 0);
    }
}

static void tls_selfsigned_takes_a_long_name(void **state)
{
    char host[256];
    (void)state;
    snprintf(host, sizeof host, "%060d.%050d.example", 1, 2); /* longer than a common name may be */
    daemon_ctl_ok(&d, out, sizeof out, "tls", "selfsigned", host, NULL);
    write_conf("tls-cert.pem", "tls-key.pem", "");
    daemon_start(&d);
    daemon_ctl_ok(&d, out, sizeof out, "--json", "tls", "show", NULL);
    assert_in(out, host);
}

static void tls_selfsigned_refuses_what_would_do_harm(void **state)
{
    static const char *const names[] = {"a/b", "a,b", "a:b", "@a", "*@a", "\xc3\xa4.example"};
    char path[256], *text = out, first[STREAM_FINGERPRINT], now[STREAM_FINGERPRINT];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(daemon_ctl(&d, out, sizeof out, "tls", "selfsigned", "good.example", names[i], NULL), 1);
        assert_in(text, "not the name or address of a host: ");
        snprintf(path, sizeof path, "%s/tls-key.pem", d.dir);
        assert_int_equal(access(path, F_OK), -1);
    }
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "tls", "selfsigned", NULL), 2);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "tls", "selfsigned", "", NULL), 2);
    daemon_ctl_ok(&d, out, sizeof out, "tls", "selfsigned", "good.example", NULL);
    peer_fingerprint(d.dir, "tls-cert", first);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "tls", "selfsigned", "good.example", NULL), 1);
    assert_in(text, "/tls-cert.pem: File exists; move the old one away first");
    snprintf(path, sizeof path, "%s/tls-cert.pem", d.dir); /* the key alone is not replaced either */
    snprintf(err, sizeof err, "%s/kept.pem", d.dir);
    assert_int_equal(rename(path, err), 0);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "tls", "selfsigned", "good.example", NULL), 1);
    assert_in(text, "/tls-key.pem: File exists; move the old one away first");
    assert_int_equal(access(path, F_OK), -1);
    peer_fingerprint(d.dir, "kept", now);
    assert_string_equal(first, now);
    write_conf("kept.pem", "tls-key.pem", "");
    assert_int_equal(check_conf(), 0); /* and it is still the key of that certificate */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_cannot_be_read_is_reported_with_its_line_key_and_path),
        TEST(a_file_that_others_own_is_reported_with_the_way_to_share_it),
        TEST(a_file_that_is_something_else_is_reported_with_what_it_should_be),
        TEST(a_key_of_another_certificate_is_reported_whatever_its_type),
        TEST(unknown_ciphers_are_reported_with_where_to_look),
        TEST(a_listener_with_tls_needs_a_certificate),
        TEST(what_will_soon_trouble_clients_is_warned_of),
        TEST(replaced_files_are_used_after_a_reload_and_live_sessions_go_on),
        TEST(a_reload_with_a_mistake_in_a_file_changes_nothing),
        TEST(a_hangup_renews_certificates_as_a_reload_does),
        TEST(a_reload_among_a_hundred_logins_costs_none_of_them),
        TEST(a_reload_changes_what_new_handshakes_may_be),
        TEST(without_certificates_those_in_use_stay_until_the_next_start),
        TEST(each_name_gets_its_certificate_and_all_others_the_first),
        TEST(tls_show_tells_what_an_operator_must_know),
        TEST(tls_show_names_the_host_of_an_old_certificate),
        TEST(tls_show_shows_the_names_of_any_alphabet),
        TEST(tls_show_shows_nothing_where_there_is_none),
        TEST(what_tls_selfsigned_prints_can_be_used_as_it_is),
        TEST(tls_selfsigned_takes_its_words_in_any_arguments),
        TEST(tls_selfsigned_takes_a_long_name),
        TEST(tls_selfsigned_refuses_what_would_do_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
