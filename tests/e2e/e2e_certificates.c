/* SPDX-License-Identifier: ISC */
/* Client certificates in place of passwords, as seen by their owners, by a thief and by the operator. */
#include "config.h"

#include "base/secret.h"
#include "tests/lib/fixture.h"
#include "tests/lib/peer.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUIRED "ERROR Password required"
#define WELCOME "OK Welcome, alice!"

static char out[65536];
static struct tls_self_signed laptop, phone, server; /* the server's own, and two of clients */
static struct peer a, b;

static void write_file(const char *name, const struct buf *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", d.dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text->data, 1, text->len, f), text->len);
    assert_int_equal(fclose(f), 0);
}

/* A chatd with a port for TLS, which is d.port, and one for plain text. */
static void start(const char *accounts, const char *client_certificates)
{
    char conf[2048];
    daemon_init(&d, NULL);
    d.conf_listens = true;
    write_file("tls-cert.pem", &server.certificate);
    write_file("tls-key.pem", &server.key);
    snprintf(conf, sizeof conf,
             "listeners = ( { address = \"127.0.0.1\"; port = 0; tls = true; },"
             " { address = \"127.0.0.1\"; port = 0; } );"
             "tls = { client_certificates = \"%s\"; certificates = ("
             " { certificate = \"%s/tls-cert.pem\"; key = \"%s/tls-key.pem\"; } ); };"
             "accounts = { hash_memory_kib = 64; hash_passes = 1; %s };",
             client_certificates, d.dir, d.dir, accounts);
    daemon_write_conf(&d, conf);
    daemon_start(&d);
}

static int set_up_one_session(void **state)
{
    (void)state;
    start("sessions = 1;", "optional");
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    start("", "optional");
    return 0;
}

/* The port without TLS, from the log: the last one that was opened. */
static struct daemon plain(void)
{
    struct daemon other = d;
    char path[256], line[1024];
    snprintf(path, sizeof path, "%s/log", d.dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    other.port = 0;
    while (fgets(line, sizeof line, f)) {
        const char *port = strstr(line, "tls=no") ? strstr(line, " port=") : NULL;
        if (port)
            other.port = atoi(port + strlen(" port="));
    }
    fclose(f);
    assert_true(other.port > 0);
    return other;
}

/* Connects with this certificate, or none, and sends USERNAME with these arguments; the connection stays open. */
/* `own`: the client's certificate; NULL: none. */
static void open_peer(struct peer *p, const struct tls_self_signed *own)
{
    peer_connect(p, d.port, 0);
    peer_use_tls(p, NULL, NULL);
    if (own)
        peer_use_certificate(p, own);
    assert_true(peer_shake(p));
}

static void try_login(struct peer *p, const struct tls_self_signed *own, const char *arguments, const char *answer)
{
    open_peer(p, own);
    peer_say(p, "USERNAME %s", arguments);
    peer_expect(p, "%s", answer);
}

/* The same on a connection of its own, which is closed. */
static void expect_login(const struct tls_self_signed *own, const char *arguments, const char *answer)
{
    static struct peer p;
    try_login(&p, own, arguments, answer);
    peer_close(&p);
}

static void add(struct peer *p, const struct tls_self_signed *own)
{
    peer_say(p, "CERT ADD");
    peer_expect(p, "OK Added certificate %s", own->fingerprint);
}

static void del(struct peer *p, const struct tls_self_signed *own)
{
    peer_say(p, "CERT DEL %s", own->fingerprint);
    peer_expect(p, "OK Removed certificate %s", own->fingerprint);
}

static void take_token(struct peer *p, char token[128])
{
    peer_say(p, "TOKEN");
    if (sscanf(peer_line(p), "OK Token %127s", token) != 1)
        fail_msg("not a token: %s", p->line);
}

static void expect_resume(const char *token, const char *answer)
{
    static struct peer p;
    open_peer(&p, NULL);
    peer_say(&p, "RESUME %s", token);
    peer_expect(&p, "%s", answer);
    peer_close(&p);
}

/* The account is registered over the connection `p`, which has the certificate, and has that certificate. */
static void register_with(struct peer *p, const struct tls_self_signed *own, const char *name)
{
    open_peer(p, own);
    peer_say(p, "USERNAME %s", name);
    peer_expect(p, "OK Welcome, %s!", name);
    peer_say(p, "REGISTER password");
    peer_expect(p, "OK Registered %s", name);
    add(p, own);
}

static int ask_ctl(const char *input, const char *verb)
{
    return daemon_ctl_input(&d, input, out, sizeof out, "user", verb, "alice", NULL);
}

static void assert_shown(const char *text)
{
    daemon_ctl_ok(&d, out, sizeof out, "--json", "user", "show", "alice", NULL);
    if (!strstr(out, text))
        fail_msg("expected %s in: %s", text, out);
}

/* ---- the owner ---- */

static void the_owner_of_a_certificate_needs_no_password(void **state)
{
    char line[256];
    (void)state;
    register_with(&a, &laptop, "alice");
    snprintf(line, sizeof line, "certificate_added id=1 account=alice fingerprint=%s", laptop.fingerprint);
    daemon_await_log(&d, line);
    try_login(&b, &laptop, "ALICE", WELCOME);
    peer_expect(&a, "ERROR Replaced by a new login"); /* as by a password */
    assert_int_equal(peer_end(&a), PEER_NOTIFIED);
    peer_close(&a);
    assert_int_equal(daemon_status(&d, "logins_certificate"), 1);
    daemon_await_log(&d, "named id=2 name=alice account=1 by=certificate");
    peer_ask(&b, "SEEN alice", "SEEN alice now");
    peer_ask(&b, "PASSWD wrong another-password", "ERROR Wrong password"); /* it is not the password */
    peer_close(&b);
    daemon_stop(&d);
    daemon_start(&d);
    expect_login(&laptop, "alice", WELCOME);
    daemon_kill(&d);
    daemon_start(&d);
    expect_login(&laptop, "alice", WELCOME);
}

static void only_a_certificate_of_the_account_opens_it(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    expect_login(&phone, "alice", REQUIRED);
    expect_login(NULL, "alice", REQUIRED);
    expect_login(&laptop, "bob", "OK Welcome, bob!"); /* nobody owns it */
    expect_login(&laptop, "alice wrong", "ERROR Wrong password"); /* a password that is given decides */
    expect_login(&phone, "alice password", WELCOME);
    struct daemon p = plain();
    struct client c;
    client_open(&c, &p);
    client_ask(&c, "USERNAME alice", REQUIRED);
    client_ask(&c, "USERNAME alice password", WELCOME);
    client_ask(&c, "CERT ADD", "ERROR No certificate in use (connect over TLS with a client certificate)");
    client_close(&c);
    try_login(&a, &phone, "alice", REQUIRED);
    peer_ask(&a, "USERNAME alice password", WELCOME); /* the session can go on */
    peer_close(&a);
    assert_int_equal(daemon_status(&d, "logins_certificate"), 0);
}

static void a_certificate_may_open_several_accounts(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    register_with(&a, &laptop, "bob");
    peer_close(&a);
    try_login(&a, &laptop, "alice", WELCOME);
    try_login(&b, &laptop, "bob", "OK Welcome, bob!");
    del(&a, &laptop);
    peer_ask(&b, "PING", "PONG");
    expect_login(&laptop, "alice", REQUIRED);
    peer_close(&a);
    peer_close(&b);
    expect_login(&laptop, "bob", "OK Welcome, bob!");
}

/* The next line lists this certificate, followed by ` in use` or nothing. */
static void expect_listed(struct peer *p, const struct tls_self_signed *own, const char *in_use)
{
    char fingerprint[80], time[40], rest[40] = "";
    if (sscanf(peer_line(p), "CERT %79s %39[0-9TZ:.-]%39[^\n]", fingerprint, time, rest) < 2)
        fail_msg("not a certificate: %s", p->line);
    assert_string_equal(fingerprint, own->fingerprint);
    assert_int_equal(strlen(time), strlen("2026-11-26T08:15:30.120Z"));
    assert_string_equal(rest, in_use);
}

static void certificates_are_listed_and_removed_by_their_beginning(void **state)
{
    char beginning[32], whole[128] = "";
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    try_login(&a, &phone, "alice password", WELCOME);
    add(&a, &phone);
    add(&a, &phone); /* again: it is there */
    for (int i = 0; i < 2; i++) {
        peer_say(&a, i ? "/cert list" : "CERT");
        expect_listed(&a, &laptop, "");
        expect_listed(&a, &phone, " in use");
        peer_expect(&a, "OK 2 certificates");
    }
    assert_shown("\"certificates\":2");
    peer_ask(&a, "CERT DEL", "ERROR Usage: CERT [ADD | DEL <fingerprint> | LIST]");
    peer_ask(&a, "CERT ADD it", "ERROR Usage: CERT [ADD | DEL <fingerprint> | LIST]");
    peer_ask(&a, "CERT all", "ERROR Usage: CERT [ADD | DEL <fingerprint> | LIST]");
    peer_ask(&a, "CERT DEL 123456", "ERROR Invalid fingerprint (at least 8 hexadecimal digits)");
    peer_ask(&a, "CERT DEL not-a-fingerprint", "ERROR Invalid fingerprint (at least 8 hexadecimal digits)");
    peer_say(&a, "CERT DEL %.12s0000", laptop.fingerprint);
    peer_expect(&a, "ERROR Certificate not found (try CERT)");
    snprintf(beginning, sizeof beginning, "%.12s", laptop.fingerprint);
    peer_say(&a, "CERT DEL %s", beginning);
    peer_expect(&a, "OK Removed certificate %s", laptop.fingerprint);
    daemon_await_log(&d, "certificate_removed id=2 account=alice fingerprint=");
    for (int i = 0; phone.fingerprint[i]; i += 2) { /* as openssl prints it */
        size_t n = strlen(whole);
        snprintf(whole + n, sizeof whole - n, "%s%c%c", i ? ":" : "", phone.fingerprint[i], phone.fingerprint[i + 1]);
    }
    for (char *p = whole; *p; p++)
        *p = *p >= 'a' && *p <= 'f' ? (char)(*p - 'a' + 'A') : *p;
    peer_say(&a, "CERT DEL %s", whole);
    peer_expect(&a, "OK Removed certificate %s", phone.fingerprint);
    peer_ask(&a, "CERT", "OK 0 certificates");
    assert_shown("\"certificates\":0");
    peer_close(&a);
    expect_login(&laptop, "alice", REQUIRED);
    expect_login(&phone, "alice", REQUIRED);
}

/* Two that begin alike cannot be made by chance: the test edits the database. */
static void an_ambiguous_beginning_removes_nothing(void **state)
{
    char sql[256], last = laptop.fingerprint[63];
    (void)state;
    snprintf(sql, sizeof sql, "INSERT INTO certificate SELECT account, '%.63s%c', 1 FROM certificate",
             laptop.fingerprint, last == '0' ? '1' : '0');
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    daemon_stop(&d);
    daemon_sql(&d, sql);
    daemon_start(&d);
    try_login(&a, &laptop, "alice", WELCOME);
    peer_say(&a, "CERT DEL %.63s", laptop.fingerprint);
    peer_expect(&a, "ERROR Several certificates begin so; give more digits");
    del(&a, &laptop);
    peer_say(&a, "CERT");
    peer_line(&a);
    peer_expect(&a, "OK 1 certificates");
    peer_close(&a);
}

static void an_account_has_no_more_certificates_than_its_limit(void **state)
{
    (void)state;
    daemon_fini(&d);
    start("certificates = 1;", "optional");
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    try_login(&a, &phone, "alice password", WELCOME);
    peer_ask(&a, "CERT ADD", "ERROR Too many certificates (CERT DEL <fingerprint>)");
    del(&a, &laptop);
    add(&a, &phone);
    peer_close(&a);
    expect_login(&phone, "alice", WELCOME);
    expect_login(&laptop, "alice", REQUIRED);
}

static void what_is_missing_for_a_certificate_is_told(void **state)
{
    static const char none[] = "ERROR No certificate in use (connect over TLS with a client certificate)";
    (void)state;
    try_login(&a, &laptop, "alice", WELCOME);
    peer_ask(&a, "CERT", "ERROR Not registered");
    peer_ask(&a, "CERT ADD", "ERROR Not registered");
    peer_ask(&a, "CERT DEL 0123456789abcdef", "ERROR Not registered");
    peer_ask(&a, "REGISTER password", "OK Registered alice");
    peer_close(&a);
    try_login(&a, NULL, "alice password", WELCOME);
    peer_ask(&a, "CERT ADD", none);
    peer_close(&a);
    daemon_fini(&d);
    start("", "off");
    try_login(&a, &laptop, "alice", WELCOME);
    peer_ask(&a, "REGISTER password", "OK Registered alice");
    peer_ask(&a, "CERT ADD", none);
    peer_close(&a);
}

static void a_change_that_cannot_be_written_is_refused(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    struct sqlite3 *db = daemon_lock_database(&d);
    peer_say(&a, "CERT DEL %s", laptop.fingerprint);
    peer_expect(&a, "ERROR Storage unavailable");
    peer_close(&a);
    try_login(&a, &laptop, "alice", WELCOME); /* what is in memory needs no disk */
    daemon_unlock_database(db);
    daemon_await_log(&d, "store_recovered");
    del(&a, &laptop);
    peer_close(&a);
    expect_login(&laptop, "alice", REQUIRED);
}

/* ---- revoking ---- */

static void a_removed_certificate_takes_the_tokens_along_and_ends_no_session(void **state)
{
    char token[128], mine[128];
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    try_login(&b, &laptop, "alice", WELCOME); /* a thief with the laptop */
    take_token(&b, token);
    try_login(&a, &phone, "alice password", WELCOME);
    peer_expect(&b, "ERROR Replaced by a new login");
    peer_close(&b);
    take_token(&a, mine);
    del(&a, &laptop);
    peer_ask(&a, "PING", "PONG");
    expect_login(&laptop, "alice", REQUIRED);
    expect_resume(token, "ERROR Token not valid");
    expect_resume(mine, "ERROR Token not valid");
    peer_ask(&a, "PING", "PONG");
    add(&a, &phone); /* what this session has proved still holds */
    take_token(&a, mine);
    expect_resume(mine, "OK Welcome back, alice!");
    peer_close(&a);
}

/* A thief who has it may be the one who removes it. */
static void a_session_by_a_certificate_that_was_removed_gets_no_new_rights(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    try_login(&a, &laptop, "alice", WELCOME);
    add(&a, &laptop); /* so far it may */
    del(&a, &laptop);
    peer_ask(&a, "CERT ADD", "ERROR Log in again first");
    peer_ask(&a, "TOKEN", "ERROR Log in again first");
    peer_ask(&a, "CERT DEL 0123456789abcdef", "ERROR Log in again first");
    peer_ask(&a, "CERT", "OK 0 certificates");
    peer_ask(&a, "PASSWD password another-password", "OK Password changed"); /* that proves it anew */
    add(&a, &laptop);
    peer_close(&a);
    expect_login(&laptop, "alice", WELCOME);
}

static void a_new_password_removes_all_certificates(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_close(&a);
    try_login(&a, &phone, "alice password", WELCOME);
    add(&a, &phone);
    peer_ask(&a, "PASSWD password another-password", "OK Password changed");
    peer_ask(&a, "CERT", "OK 0 certificates");
    expect_login(&laptop, "alice", REQUIRED);
    expect_login(&phone, "alice", REQUIRED);
    add(&a, &phone); /* whoever set the password need not log in again */
    peer_close(&a);
    daemon_stop(&d);
    daemon_start(&d);
    expect_login(&laptop, "alice", REQUIRED);
    expect_login(&phone, "alice", WELCOME);
}

static void a_password_of_the_operator_removes_them_and_ends_the_session(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    assert_int_equal(ask_ctl("another-password\n", "passwd"), 0);
    peer_expect(&a, "ERROR New password set by the operator");
    assert_int_equal(peer_end(&a), PEER_NOTIFIED);
    peer_close(&a);
    expect_login(&laptop, "alice", REQUIRED);
    try_login(&a, &laptop, "alice another-password", WELCOME);
    add(&a, &laptop);
    peer_close(&a);
    expect_login(&laptop, "alice", WELCOME);
}

static void a_locked_account_is_opened_by_no_certificate_and_keeps_it(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    daemon_ctl_ok(&d, out, sizeof out, "user", "lock", "alice", NULL);
    peer_expect(&a, "ERROR Account locked");
    assert_int_equal(peer_end(&a), PEER_NOTIFIED);
    peer_close(&a);
    expect_login(&laptop, "alice", "ERROR Account locked");
    expect_login(&phone, "alice", REQUIRED); /* only its own certificate shows that it is locked */
    assert_shown("\"certificates\":1");
    daemon_ctl_ok(&d, out, sizeof out, "user", "unlock", "alice", NULL);
    expect_login(&laptop, "alice", WELCOME);
}

static void a_removed_account_leaves_no_certificate_behind(void **state)
{
    (void)state;
    register_with(&a, &laptop, "alice");
    peer_ask(&a, "UNREGISTER password", "OK Unregistered alice");
    peer_ask(&a, "CERT", "ERROR Not registered");
    peer_ask(&a, "REGISTER password", "OK Registered alice");
    peer_ask(&a, "CERT", "OK 0 certificates");
    add(&a, &laptop);
    peer_close(&a);
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "alice", NULL);
    assert_int_equal(ask_ctl("password\n", "add"), 0);
    expect_login(&laptop, "alice", REQUIRED);
}

static bool make(const char *name, struct tls_self_signed *made)
{
    struct buf error = {0};
    char *const hosts[] = {(char *)name, NULL};
    bool good = tls_self_sign(hosts, 10, made, &error) == 0;
    buf_fini(&error);
    return good;
}

static void drop(struct tls_self_signed *made)
{
    buf_fini(&made->certificate);
    buf_fini(&made->key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ONE_SESSION(name) cmocka_unit_test_setup_teardown(name, set_up_one_session, fixture_down)
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
        ONE_SESSION(the_owner_of_a_certificate_needs_no_password),
        TEST(only_a_certificate_of_the_account_opens_it),
        TEST(a_certificate_may_open_several_accounts),
        TEST(certificates_are_listed_and_removed_by_their_beginning),
        TEST(an_ambiguous_beginning_removes_nothing),
        TEST(an_account_has_no_more_certificates_than_its_limit),
        TEST(what_is_missing_for_a_certificate_is_told),
        TEST(a_change_that_cannot_be_written_is_refused),
        ONE_SESSION(a_removed_certificate_takes_the_tokens_along_and_ends_no_session),
        TEST(a_session_by_a_certificate_that_was_removed_gets_no_new_rights),
        TEST(a_new_password_removes_all_certificates),
        TEST(a_password_of_the_operator_removes_them_and_ends_the_session),
        TEST(a_locked_account_is_opened_by_no_certificate_and_keeps_it),
        TEST(a_removed_account_leaves_no_certificate_behind),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    if (!make("localhost", &server) || !make("laptop", &laptop) || !make("phone", &phone))
        return 1;
    alarm(300);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    drop(&server);
    drop(&laptop);
    drop(&phone);
    return failed;
}
