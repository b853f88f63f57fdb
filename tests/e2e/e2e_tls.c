/* SPDX-License-Identifier: ISC */
/* TLS as its clients and their neighbours see it: wrong ports, refusals, handshakes that never end, and every way in
 * which a connection ends. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"
#include "tests/lib/peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LATE "detail=\"time limit reached (tls.handshake_s)\""
#define AWAY "detail=\"the client went away\""

static const char *const versions[] = {"1.2", "1.3"};

static char out[65536];

static void assert_has(const char *text)
{
    if (!strstr(out, text))
        fail_msg("expected \"%s\" in: %s", text, out);
}

static int setup(void **state)
{
    fixture_dir(state);
    d.conf_listens = true;
    peer_write_certificate(d.dir, "a", &(struct peer_wish){.names = "DNS:a.example"});
    return 0;
}

/* A chatd with TLS on d.port and without on d.port2. `tls` stands in the section tls, `more` behind it. */
static void conf_with(char conf[2048], const char *tls, const char *more)
{
    snprintf(conf, 2048, "listeners = ( { address = \"127.0.0.1\"; port = 0; tls = true; }, "
             "{ address = \"127.0.0.1\"; port = 0; } );\n"
             "tls = { certificates = ( { certificate = \"%s/a.pem\"; key = \"%s/a.key\"; } ); %s };\n%s\n",
             d.dir, d.dir, tls, more);
}

static void start(const char *tls, const char *more)
{
    char conf[2048];
    conf_with(conf, tls, more);
    fixture_start(conf);
    assert_true(d.port2 > 0);
}

/* A time limit that is short for a test begins when those have come who must not reach it, however busy the machine. */
static void reload(const char *tls, const char *more)
{
    char conf[2048], answer[4096];
    conf_with(conf, tls, more);
    daemon_write_conf(&d, conf);
    daemon_ctl_ok(&d, answer, sizeof answer, "reload", NULL);
}

static void expect_talk(struct peer *from, struct peer *to, const char *name)
{
    static int count;
    peer_say(from, "SAY hall %d", ++count);
    peer_skip_to(to, "ROOM #hall %s %d", name, count);
}

/* ---- the wrong port ---- */

static void plain_text_on_a_port_with_tls_is_told_so_in_the_clear(void **state)
{
    static char much[30000];
    struct peer p;
    (void)state;
    start("", "");
    memset(much, 'x', sizeof much - 1);
    const char *const first[] = {"USERNAME alice", "GET / HTTP/1.1\r\n\r", "", much};
    for (int i = 0; i < 4; i++) {
        peer_connect(&p, d.port, 0);
        peer_send_raw(&p, first[i], strlen(first[i]));
        peer_send_raw(&p, "\n", 1);
        peer_expect(&p, "ERROR This port needs TLS");
        assert_int_equal(peer_end(&p), PEER_CUT);
        peer_close(&p);
        daemon_await(&d, "closed_plain_on_tls_port", i + 1);
    }
    daemon_await_log(&d, " reason=plain_on_tls_port");
    daemon_await(&d, "clients", 0);
    assert_int_equal(daemon_status(&d, "lines"), 0);
}

static void tls_on_a_port_without_it_is_closed_at_once(void **state)
{
    struct peer p;
    (void)state;
    start("", "");
    for (int i = 0; i < 2; i++) {
        peer_connect(&p, d.port2, 0);
        peer_use_tls(&p, versions[i], NULL);
        assert_false(peer_shake(&p));
        assert_int_equal(p.reason, 0);
        peer_close(&p);
        daemon_await(&d, "closed_tls_on_plain_port", i + 1);
    }
    daemon_await_log(&d, " reason=tls_on_plain_port");
}

/* ---- handshakes that fail ---- */

static void assert_no_handshake(const char *version, int reason, long count, const char *detail)
{
    struct peer p;
    peer_connect(&p, d.port, 0);
    peer_use_tls(&p, version, NULL);
    assert_false(peer_shake(&p));
    assert_int_equal(p.reason, reason);
    peer_close(&p);
    daemon_await(&d, "closed_tls_handshake", count);
    daemon_await_log(&d, detail);
}

static void a_version_that_is_too_old_is_refused_with_an_alert(void **state)
{
    struct peer p;
    (void)state;
    start("min_version = \"1.3\";", "");
    assert_no_handshake("1.1", SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, 1, "detail=\"unsupported protocol\"");
    assert_no_handshake("1.2", SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, 2, "detail=\"unsupported protocol\"");
    peer_login(&p, d.port, "1.3", "alice");
    peer_close(&p);
}

static void tls_1_1_is_refused_by_default(void **state)
{
    struct peer p;
    (void)state;
    start("", "");
    assert_no_handshake("1.1", SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, 1, "detail=\"unsupported protocol\"");
    for (int i = 0; i < 2; i++) {
        peer_login(&p, d.port, versions[i], "alice");
        peer_close(&p);
    }
    assert_int_equal(daemon_status(&d, "tls_handshakes"), 2);
}

static void a_failed_handshake_is_logged_with_its_reason(void **state)
{
    struct peer p;
    (void)state;
    start("ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256\";", "");
    peer_connect(&p, d.port, 0);
    peer_use_tls(&p, "1.2", NULL);
    assert_int_equal(SSL_set_cipher_list(p.ssl, "ECDHE-ECDSA-AES256-GCM-SHA384"), 1);
    assert_false(peer_shake(&p));
    assert_int_equal(p.reason, SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    peer_close(&p);
    daemon_await_log(&d, "detail=\"no shared cipher\"");
    for (int i = 0; i < 2; i++) {
        peer_connect(&p, d.port, 0);
        peer_use_tls(&p, versions[i], NULL);
        SSL_set_verify(p.ssl, SSL_VERIFY_PEER, NULL); /* the client trusts nobody */
        assert_false(peer_shake(&p));
        peer_close(&p);
        daemon_await(&d, "closed_tls_handshake", i + 2);
    }
    daemon_await_log(&d, "detail=\"tlsv1 alert unknown ca\"");
    daemon_await(&d, "clients", 0);
}

static void a_refused_client_sees_an_alert_before_any_handshake(void **state)
{
    static const unsigned char alert[] = {21, 3, 3, 0, 2, 2, 80}; /* fatal, internal_error */
    unsigned char seen[64];
    struct peer in, p;
    (void)state;
    start("", "clients = { max = 1; };");
    peer_login(&in, d.port, "1.3", "alice");
    for (int i = 0; i < 5; i++) {
        peer_connect(&p, d.port, 0);
        assert_int_equal(recv(p.fd, seen, sizeof seen, MSG_WAITALL), sizeof alert);
        assert_memory_equal(seen, alert, sizeof alert);
        peer_close(&p);
        peer_connect(&p, d.port, 0);
        peer_use_tls(&p, versions[i % 2], NULL);
        assert_false(peer_shake(&p));
        assert_int_equal(p.reason, SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
        peer_close(&p);
    }
    assert_int_equal(daemon_status(&d, "refused_full"), 10);
    assert_int_equal(daemon_status(&d, "tls_handshakes"), 1);
    peer_say(&in, "QUIT");
    peer_expect(&in, "OK Goodbye!");
    peer_close(&in);
    peer_login(&in, d.port, "1.3", "alice");
    peer_close(&in);
}

/* ---- handshakes that never end ---- */

enum { MANY = 300 };
static struct peer many[MANY];

/* Clients that send half of what begins a handshake and stop. */
static void begin_many(int count)
{
    unsigned char hello[2048];
    for (int i = 0; i < count; i++) {
        peer_connect(&many[i], d.port, 0);
        peer_use_tls(&many[i], versions[i % 2], NULL);
        size_t n = peer_hello(&many[i], hello, sizeof hello);
        peer_send_raw(&many[i], hello, n / 2);
    }
}

static void half_a_hello_costs_its_place_only_until_the_time_limit(void **state)
{
    struct peer alice, bob;
    long descriptors = 0, threads = 0;
    (void)state;
    start("", "clients = { prespawn = 400; };"); /* how many are needed at once, differs */
    peer_enter(&alice, d.port, "1.3", "alice", "hall");
    peer_enter(&bob, d.port2, NULL, "bob", "hall");
    reload("handshake_s = 1;", "clients = { prespawn = 400; };");
    for (int i = 0; i < 2; i++) {
        begin_many(MANY);
        expect_talk(&alice, &bob, "alice");
        expect_talk(&bob, &alice, "bob");
        for (int k = 0; k < MANY; k++) {
            expect_talk(&alice, &bob, "alice");
            assert_int_equal(peer_end(&many[k]), PEER_CUT);
            peer_close(&many[k]);
        }
        daemon_await(&d, "closed_tls_handshake", (i + 1) * MANY);
        daemon_await(&d, "clients", 2);
        daemon_await(&d, "thread_pairs_idle", daemon_status(&d, "thread_pairs") - 2);
        if (i == 0) { /* pairs of threads stay for those who come next */
            descriptors = daemon_descriptors(&d);
            threads = daemon_threads(&d);
        }
    }
    assert_int_equal(daemon_descriptors(&d), descriptors);
    assert_int_equal(daemon_threads(&d), threads);
    assert_true(daemon_log_has(&d, " reason=tls_handshake " LATE));
    assert_false(daemon_log_has(&d, " reason=tls_handshake " AWAY));
    assert_int_equal(daemon_status(&d, "tls_truncated"), 0);
    peer_close(&alice);
    peer_close(&bob);
}

/* Reads to the end, whatever comes. */
static void drain(struct peer *p)
{
    char drop[256];
    ssize_t n;
    while ((n = recv(p->fd, drop, sizeof drop, 0)) > 0)
        ;
    if (n < 0)
        assert_int_not_equal(errno, EAGAIN); /* the time of the socket is over */
    peer_close(p);
}

static void silence_and_trickles_do_not_extend_the_time_limit(void **state)
{
    enum { SLOW = 40, LONGEST = 16384 };
    int on = 1, sent = 0;
    bool open = true;
    (void)state;
    start("handshake_s = 1;", "");
    for (int i = 0; i <= SLOW; i++) {
        peer_connect(&many[i], d.port, 0);
        assert_int_equal(setsockopt(many[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
        if (i < SLOW)
            peer_send_raw(&many[i], "\x16\x03\x01\x40\x00", 5); /* a record of 16 KiB follows, */
    }
    for (; open && sent < LONGEST - 1; sent++) /* byte by byte, for as long as all are heard */
        for (int i = 0; i < SLOW; i++)
            open = send(many[i].fd, "\x01", 1, MSG_NOSIGNAL) == 1 && open;
    for (int i = 0; i <= SLOW; i++)
        drain(&many[i]);
    daemon_await(&d, "clients", 0);
    assert_int_equal(daemon_status(&d, "closed_tls_handshake"), SLOW + 1);
    assert_true(daemon_log_has(&d, " reason=tls_handshake " LATE));
}

static void who_leaves_in_the_middle_of_a_handshake_leaves_nothing_behind(void **state)
{
    unsigned char hello[2048];
    struct peer p;
    (void)state;
    start("", "");
    long descriptors = daemon_descriptors(&d);
    for (int i = 0; i < 90; i++) {
        peer_connect(&p, d.port, 0);
        peer_use_tls(&p, versions[i % 2], NULL);
        size_t n = peer_hello(&p, hello, sizeof hello);
        peer_send_raw(&p, hello, i % 3 == 0 ? n / 2 : n);
        if (i % 3 == 1) /* with the server's answer on its way, or there */
            assert_int_equal(recv(p.fd, hello, 1, 0), 1);
        if (i % 2)
            peer_reset(&p);
        else
            peer_close(&p);
    }
    daemon_await(&d, "accepted", 90);
    daemon_await(&d, "clients", 0);
    daemon_await(&d, "thread_pairs_idle", daemon_status(&d, "thread_pairs"));
    /* "gone" if the answer could not be sent any more */
    assert_int_equal(daemon_status(&d, "closed_tls_handshake") + daemon_status(&d, "closed_gone"), 90);
    assert_true(daemon_status(&d, "closed_tls_handshake") >= 30);
    assert_true(daemon_log_has(&d, " reason=tls_handshake " AWAY));
    assert_int_equal(daemon_descriptors(&d), descriptors);
    peer_connect(&p, d.port, 0); /* who has said nothing has failed at nothing */
    peer_close(&p);
    daemon_await(&d, "closed_left", 1);
}

static void a_hello_byte_by_byte_is_a_hello(void **state)
{
    unsigned char hello[2048];
    int on = 1;
    struct peer p;
    (void)state;
    start("", "");
    for (int i = 0; i < 2; i++) {
        peer_connect(&p, d.port, 0);
        assert_int_equal(setsockopt(p.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
        peer_use_tls(&p, versions[i], NULL);
        size_t n = peer_hello(&p, hello, sizeof hello);
        for (size_t at = 0; at < n; at++)
            peer_send_raw(&p, hello + at, 1);
        assert_true(peer_shake(&p));
        peer_say(&p, "USERNAME alice");
        peer_expect(&p, "OK Welcome, alice!");
        peer_close(&p);
    }
}

static void chatd_stops_at_once_with_handshakes_under_way(void **state)
{
    (void)state;
    enum { FEW = 20 }; /* lines in the log about more would be suppressed */
    start("handshake_s = 300;", "");
    begin_many(FEW);
    daemon_await(&d, "clients", FEW);
    daemon_stop(&d);
    assert_true(daemon_log_has(&d, " reason=stop"));
    assert_false(daemon_log_has(&d, AWAY)); /* they did not */
    for (int i = 0; i < FEW; i++)
        peer_close(&many[i]);
}

/* ---- what others see ---- */

static void users_and_the_operator_see_who_is_encrypted(void **state)
{
    struct peer p[2], plain;
    (void)state;
    start("ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256\"; ciphersuites = \"TLS_CHACHA20_POLY1305_SHA256\";", "");
    peer_login(&p[0], d.port, "1.2", "two");
    peer_login(&p[1], d.port, "1.3", "three");
    peer_login(&plain, d.port2, NULL, "plain");
    const char *const names[] = {"two", "three", "plain"};
    for (int i = 0; i < 3; i++) {
        peer_say(&plain, "WHOIS %s", names[i]);
        const char *line = peer_line(&plain);
        assert_non_null(line);
        assert_int_equal(strncmp(line, "WHOIS ", 6), 0);
        assert_int_equal(strstr(line, " secure") != NULL, i < 2);
    }
    daemon_ctl_ok(&d, out, sizeof out, "--json", "clients", NULL);
    assert_has("\"name\":\"two\"");
    assert_has("\"tls\":\"TLSv1.2\",\"cipher\":\"ECDHE-ECDSA-AES128-GCM-SHA256\"");
    assert_has("\"tls\":\"TLSv1.3\",\"cipher\":\"TLS_CHACHA20_POLY1305_SHA256\"");
    assert_has("\"tls\":\"-\",\"cipher\":\"-\"");
    peer_close(&p[0]);
    peer_close(&p[1]);
    peer_close(&plain);
}

/* ---- after the handshake ---- */

/* The client was closed for what it did, with this detail; alice and bob have not noticed. */
static void assert_misuse(struct peer *bad, long count, const char *detail, struct peer *alice, struct peer *bob)
{
    assert_int_not_equal(peer_end(bad), PEER_NOTIFIED);
    peer_close(bad);
    daemon_await(&d, "closed_tls_error", count);
    daemon_await_log(&d, detail);
    expect_talk(alice, bob, "alice");
    expect_talk(bob, alice, "bob");
    assert_int_equal(daemon_status(&d, "clients"), 2);
}

static void enter_both(struct peer *alice, struct peer *bob)
{
    peer_enter(alice, d.port, "1.3", "alice", "hall");
    peer_enter(bob, d.port, "1.2", "bob", "hall");
}

static void a_storm_of_key_updates_closes_its_client_only(void **state)
{
    struct peer p, alice, bob;
    (void)state;
    start("", "");
    enter_both(&alice, &bob);
    for (int i = 0; i < 2; i++) {
        int type = i ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
        peer_login(&p, d.port, "1.3", "storm");
        for (int k = 0; k < 8; k++) { /* which are no storm */
            assert_int_equal(SSL_key_update(p.ssl, type), 1);
            peer_say(&p, "PING %d", k);
            peer_expect(&p, "PONG %d", k);
        }
        for (int k = 0; k < 200 && SSL_key_update(p.ssl, type) == 1 && SSL_do_handshake(p.ssl) == 1; k++)
            ;
        assert_misuse(&p, i + 1, "reason=tls_error detail=\"too many handshake messages\"", &alice, &bob);
    }
    peer_close(&alice);
    peer_close(&bob);
}

static void an_attempt_to_renegotiate_is_refused(void **state)
{
    struct peer p, alice, bob;
    (void)state;
    start("", "");
    enter_both(&alice, &bob);
    peer_login(&p, d.port, "1.2", "again");
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    assert_false(peer_shake(&p));
    assert_int_equal(p.reason, SSL_R_NO_RENEGOTIATION);
    assert_misuse(&p, 1, "reason=tls_error detail=", &alice, &bob); /* OpenSSL's client gives up */
    assert_int_equal(daemon_status(&d, "tls_handshakes"), 3);
    peer_close(&alice);
    peer_close(&bob);
}

/* What a client of TLS 1.2 with AES-128-GCM encrypts with, RFC 5246 section 6.3: a key, and 4 bytes of the nonce. */
static void find_key(SSL *ssl, unsigned char key[16], unsigned char salt[4])
{
    static char prf[] = "SHA256";
    unsigned char master[48], block[40], seed[13 + 64] = "key expansion";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(SSL_SESSION_get_master_key(SSL_get0_session(ssl), master, sizeof master), sizeof master);
    assert_int_equal(SSL_get_server_random(ssl, seed + 13, 32) + SSL_get_client_random(ssl, seed + 45, 32), 64);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, prf, 0),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, sizeof master),
                           OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_KDF_derive(ctx, block, sizeof block, params), 1);
    memcpy(key, block, 16);
    memcpy(salt, block + 32, 4);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

#define RECORD (5 + 8 + 4 + 16)

/* A record with the beginning of a ClientHello, which OpenSSL's client would send only once: the n-th record that this
 * client sends encrypted, its Finished being the first. */
static void make_hello_record(const unsigned char key[16], const unsigned char salt[4], unsigned char n,
                              unsigned char record[RECORD])
{
    const unsigned char sequence[8] = {0, 0, 0, 0, 0, 0, 0, n}, hello[4] = {1, 0, 0, 0};
    unsigned char nonce[12], extra[13] = {0, 0, 0, 0, 0, 0, 0, n, 22, 3, 3, 0, 4};
    int size;
    memcpy(nonce, salt, 4);
    memcpy(nonce + 4, sequence, 8);
    memcpy(record, "\x16\x03\x03\x00\x1c", 5);
    memcpy(record + 5, sequence, 8);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
                EVP_EncryptUpdate(ctx, NULL, &size, extra, sizeof extra) == 1 &&
                EVP_EncryptUpdate(ctx, record + 13, &size, hello, sizeof hello) == 1 &&
                EVP_EncryptFinal_ex(ctx, record + 17, &size) == 1 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, record + 17) == 1);
    EVP_CIPHER_CTX_free(ctx);
}

static void a_storm_of_attempts_to_renegotiate_closes_its_client_only(void **state)
{
    enum { STORM = 200 };
    unsigned char key[16], salt[4], records[STORM * RECORD];
    struct peer p, alice, bob;
    (void)state;
    start("ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256\";", "");
    enter_both(&alice, &bob);
    peer_login(&p, d.port, "1.2", "storm");
    find_key(p.ssl, key, salt);
    for (int i = 0; i < STORM; i++)
        make_hello_record(key, salt, (unsigned char)(i + 2), records + i * RECORD);
    peer_send_raw(&p, records, sizeof records);
    assert_misuse(&p, 1, "reason=tls_error detail=\"too many handshake messages\"", &alice, &bob);
    peer_close(&alice);
    peer_close(&bob);
}

static void garbage_after_the_handshake_closes_its_client_with_an_alert(void **state)
{
    unsigned char record[5 + 40] = {23, 3, 3, 0, 40, 'g', 'a', 'r', 'b', 'a', 'g', 'e'};
    struct peer p, alice, bob;
    (void)state;
    start("", "");
    enter_both(&alice, &bob);
    for (int i = 0; i < 2; i++) {
        peer_login(&p, d.port, versions[i], "garbage");
        peer_send_raw(&p, record, sizeof record);
        assert_misuse(&p, 2 * i + 1, "reason=tls_error detail=\"decryption failed or bad record mac\"", &alice, &bob);
        assert_int_equal(p.reason, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
        peer_login(&p, d.port, versions[i], "garbage");
        peer_send_raw(&p, "PING plain\r\n", 12);
        assert_misuse(&p, 2 * i + 2, "reason=tls_error detail=\"wrong version number\"", &alice, &bob);
    }
    peer_close(&alice);
    peer_close(&bob);
}

static void a_session_whose_records_were_damaged_can_be_resumed(void **state)
{
    unsigned char record[5 + 40] = {23, 3, 3, 0, 40, 'd', 'a', 'm', 'a', 'g', 'e'};
    struct peer alice, bob;
    char token[128];
    (void)state;
    if (!secret_available())
        return;
    start("", "");
    peer_login(&alice, d.port, "1.3", "alice");
    peer_say(&alice, "REGISTER password");
    peer_expect(&alice, "OK Registered alice");
    peer_say(&alice, "TOKEN");
    assert_int_equal(sscanf(peer_line(&alice), "OK Token %127s", token), 1);
    peer_enter(&bob, d.port, "1.3", "bob", "den");
    peer_say(&alice, "JOIN den");
    peer_skip_to(&alice, "JOIN #den bob");
    peer_send_raw(&alice, record, sizeof record);
    daemon_await(&d, "closed_tls_error", 1);
    peer_close(&alice);
    peer_say(&bob, "still there?");
    peer_skip_to(&bob, "ROOM #den bob still there?");
    peer_open(&alice, d.port, "1.3");
    peer_say(&alice, "RESUME %s", token);
    peer_expect(&alice, "OK Welcome back, alice!");
    peer_skip_to(&alice, "ROOM #den bob still there?");
    peer_close(&alice);
    peer_close(&bob);
}

/* ---- the end ---- */

/* More answers than chatd can write at once, and then the end of the client's output. */
static void ask_much(struct peer *p)
{
    for (int i = 0; i < 50; i++)
        peer_say(p, "HELP\nPING %d", i);
}

static void expect_all(struct peer *p)
{
    for (int i = 0; i < 50; i++)
        peer_skip_to(p, "PONG %d", i);
    assert_int_equal(peer_end(p), PEER_NOTIFIED);
    peer_close(p);
}

static void who_says_that_it_ends_gets_all_answers_and_the_same_back(void **state)
{
    struct peer p;
    (void)state;
    start("", "");
    for (int i = 0; i < 2; i++) {
        peer_login(&p, d.port, versions[i], "alice");
        ask_much(&p);
        assert_int_equal(SSL_shutdown(p.ssl), 0); /* said, and not answered yet */
        expect_all(&p);
        daemon_await(&d, "closed_left", i + 1);
    }
    assert_int_equal(daemon_status(&d, "tls_truncated"), 0);
    daemon_await_log(&d, "reason=left");
}

static void an_end_without_close_notify_is_counted_and_otherwise_an_end(void **state)
{
    struct peer p;
    (void)state;
    start("", "");
    for (int i = 0; i < 2; i++) {
        peer_login(&p, d.port, versions[i], "alice");
        ask_much(&p);
        assert_int_equal(shutdown(p.fd, SHUT_WR), 0);
        expect_all(&p);
        daemon_await(&d, "closed_left", i + 1);
        assert_int_equal(daemon_status(&d, "tls_truncated"), i + 1);
    }
    assert_int_equal(daemon_status(&d, "closed_tls_error"), 0);
}

static void who_is_closed_gets_its_last_words_and_close_notify(void **state)
{
    struct peer p;
    (void)state;
    start("", "");
    for (int i = 0; i < 2; i++) {
        peer_login(&p, d.port, versions[i], "alice");
        peer_say(&p, "QUIT");
        peer_expect(&p, "OK Goodbye!");
        assert_int_equal(peer_end(&p), PEER_NOTIFIED);
        peer_close(&p);
        peer_login(&p, d.port, versions[i], "alice");
        daemon_ctl_ok(&d, out, sizeof out, "kick", "alice", NULL);
        peer_expect(&p, "ERROR Kicked: by the operator");
        assert_int_equal(peer_end(&p), PEER_NOTIFIED);
        peer_close(&p);
    }
    daemon_await(&d, "clients", 0);
    assert_int_equal(daemon_status(&d, "tls_truncated"), 0); /* the server ended it */
    peer_login(&p, d.port, "1.3", "alice");
    daemon_stop(&d);
    peer_expect(&p, "ERROR Server stopping");
    assert_int_equal(peer_end(&p), PEER_NOTIFIED);
    peer_close(&p);
}

static void a_client_that_stops_reading_is_closed_as_slow_and_costs_others_nothing(void **state)
{
    enum { WINDOW = 32, MOST = 6400 };
    struct peer stopped, alice, bob;
    int lines = 0;
    (void)state;
    start("", "outbox = { bytes = 65536; patience_ms = 50; }; sockets = { send_buffer_bytes = 8192; };");
    peer_connect(&stopped, d.port, 4096);
    peer_use_tls(&stopped, "1.3", NULL);
    assert_true(peer_shake(&stopped));
    peer_say(&stopped, "USERNAME stopped\nJOIN hall\nPING in");
    peer_skip_to(&stopped, "PONG in");
    enter_both(&alice, &bob);
    while (lines < MOST && daemon_status(&d, "closed_slow") == 0) {
        for (int i = 0; i < WINDOW; i++)
            peer_say(&alice, "%d %0200d", lines + i, 7);
        for (int i = 0; i < WINDOW; i++, lines++) {
            peer_skip_to(&alice, "ROOM #hall alice %d %0200d", lines, 7);
            peer_skip_to(&bob, "ROOM #hall alice %d %0200d", lines, 7);
        }
    }
    assert_int_equal(daemon_status(&d, "closed_slow"), 1);
    daemon_await_log(&d, "reason=slow");
    while (peer_line(&stopped)) /* all that has arrived are whole lines */
        ;
    assert_int_not_equal(stopped.reason, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    assert_int_equal(stopped.reason, 0);
    peer_close(&stopped);
    peer_say(&bob, "USERS");
    peer_skip_to(&bob, "USERLIST alice bob");
    peer_close(&alice);
    peer_close(&bob);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_down)
    alarm(900);
    const struct CMUnitTest tests[] = {
        TEST(plain_text_on_a_port_with_tls_is_told_so_in_the_clear),
        TEST(tls_on_a_port_without_it_is_closed_at_once),
        TEST(a_version_that_is_too_old_is_refused_with_an_alert),
        TEST(tls_1_1_is_refused_by_default),
        TEST(a_failed_handshake_is_logged_with_its_reason),
        TEST(a_refused_client_sees_an_alert_before_any_handshake),
        TEST(half_a_hello_costs_its_place_only_until_the_time_limit),
        TEST(silence_and_trickles_do_not_extend_the_time_limit),
        TEST(who_leaves_in_the_middle_of_a_handshake_leaves_nothing_behind),
        TEST(a_hello_byte_by_byte_is_a_hello),
        TEST(chatd_stops_at_once_with_handshakes_under_way),
        TEST(users_and_the_operator_see_who_is_encrypted),
        TEST(a_storm_of_key_updates_closes_its_client_only),
        TEST(an_attempt_to_renegotiate_is_refused),
        TEST(a_storm_of_attempts_to_renegotiate_closes_its_client_only),
        TEST(garbage_after_the_handshake_closes_its_client_with_an_alert),
        TEST(a_session_whose_records_were_damaged_can_be_resumed),
        TEST(who_says_that_it_ends_gets_all_answers_and_the_same_back),
        TEST(an_end_without_close_notify_is_counted_and_otherwise_an_end),
        TEST(who_is_closed_gets_its_last_words_and_close_notify),
        TEST(a_client_that_stops_reading_is_closed_as_slow_and_costs_others_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
