/* SPDX-License-Identifier: ISC */
/*
 * Logins that a test over loopback cannot reach: passwords that crossed foreign networks, and changes between the check
 * of an account and the claim of its name. The session has no reader: the test acts as it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/panic.h"
#include "chat/certify.h"
#include "chat/hashing.h"
#include "chat/users.h"
#include "net/post.h"
#include "proto/native.h"
#include "serve/certificate.h"
#include "serve/identify.h"
#include "serve/login.h"
#include "serve/native/native_protocol.h"
#include "serve/registration.h"
#include "serve/throttle.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct pair pair;
static struct session *s;
static struct unit_stream us;
static struct unit_member guest;
static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};

static void set_address(const char *host)
{
    struct sockaddr_storage ss = {.ss_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, host, &((struct sockaddr_in *)&ss)->sin_addr), 1);
    addrs_from(&pair.arrival.peer, &ss);
}

static void write_loop(void *arg)
{
    (void)arg;
    while (outbox_take(pair.outbox))
        outbox_write(pair.outbox);
}

static bool is_written(void *arg)
{
    (void)arg;
    return outbox_load(pair.outbox).entries == 0;
}

static bool is_drained(void *arg)
{
    (void)arg;
    return outbox_is_drained(pair.outbox);
}

static int set_up(void **state)
{
    (void)state;
    unit_house_start();
    notifier_init(&notifier);
    notifier_init(&pair.notifier);
    pair.outbox = outbox_new(&pair.notifier);
    unit_stream_init(&us);
    outbox_open(pair.outbox, &us.base, unit_gen());
    assert_int_equal(thread_start(&pair.writer, "writer", 64 * 1024, write_loop, NULL), 0);
    pair.stream = &us.base;
    session_prepare(&pair);
    s = pair.user;
    unit_member_start(&guest, "carol", unit_gen());
    s->member.form = FORM_NATIVE;
    s->protocol = &native_protocol;
    set_address("127.0.0.1");
    login_configure(&(struct login_rules){.registration = REGISTRATION_OPEN, .password_min_bytes = 8});
    accounts_configure(1000);
    throttle_configure(10, 60);
    hashing_configure(10000, 1);
    secret_configure(8, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    post_flush();
    users_release(&s->member);
    users_release(&guest.member);
    session_release(&pair);
    unit_house_stop();
    unit_member_stop(&guest);
    outbox_close(pair.outbox, CLOSE_GONE, NULL);
    outbox_finish(pair.outbox, NULL);
    outbox_end_tail(pair.outbox, &(struct tail_rest){0});
    unit_until(is_drained, NULL);
    outbox_detach(pair.outbox);
    outbox_retire(pair.outbox);
    thread_join(&pair.writer);
    outbox_free(&pair.outbox);
    notifier_fini(&pair.notifier);
    notifier_fini(&notifier);
    unit_stream_fini(&us);
    return 0;
}

/* The session received exactly this line since the last look. */
static void hears(const char *line)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s\r\n", line);
    post_flush();
    unit_until(is_written, NULL);
    unit_stream_wrote(&us, whole);
    buf_clear(&us.out);
}

/* Reports a refusal to the session, as the commands do. */
static bool told(bool done, struct refusal *no)
{
    if (!done)
        session_refuse(s, no);
    return done;
}

static bool prove(const struct account *a, const char *password)
{
    struct refusal no = {0};
    return told(login_prove(s, a, password, &no), &no);
}

static bool may_choose(const char *password)
{
    struct refusal no = {0};
    return told(login_may_choose(s, password, &no), &no);
}

static bool take_name(const char *name, const struct account *proved)
{
    struct refusal no = {0};
    return told(login_take_name(s, name, proved, EVENT_WELCOME, &no), &no);
}

static struct account make(const char *name, const char *password)
{
    struct account a;
    char hash[SECRET_HASH];
    assert_true(secret_hash(hash, password));
    assert_int_equal(accounts_add(&(struct accounts_new){.name = name, .hash = hash, .seen_from = ""}, &waiter),
                     ACCOUNTS_DONE);
    assert_true(accounts_find(name, &a));
    return a;
}

/* ---- addresses ---- */

static void a_password_that_crossed_foreign_networks_is_not_checked(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    set_address("192.0.2.1");
    assert_false(prove(&a, "secret-of-alice"));
    hears("ERROR Passwords need a secure connection");
    assert_false(may_choose("secret-of-alice"));
    hears("ERROR Passwords need a secure connection");
    set_address("10.0.0.1");
    assert_true(prove(&a, "secret-of-alice"));
    assert_true(may_choose("secret-of-alice"));
}

static const struct stream_security *secure(struct stream *st)
{
    static const struct stream_security security = {.version = "version", .cipher = "cipher"};
    (void)st;
    return &security;
}

static void over_a_secure_stream_a_password_may_come_from_anywhere(void **state)
{
    static struct stream_ops ops;
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    set_address("192.0.2.1");
    ops = *us.base.ops;
    ops.security = secure;
    us.base.ops = &ops;
    assert_true(prove(&a, "secret-of-alice"));
    assert_true(may_choose("secret-of-alice"));
}

static void the_operator_can_allow_passwords_from_foreign_networks(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    login_configure(&(struct login_rules){.plaintext = true, .password_min_bytes = 8});
    set_address("192.0.2.1");
    assert_true(prove(&a, "secret-of-alice"));
    assert_true(may_choose("secret-of-alice"));
}

/* ---- ownership of names ---- */

static void a_reserved_name_is_given_to_nobody(void **state)
{
    (void)state;
    struct account a = make("NickServ", "secret-of-nickserv"); /* from a time when it was not reserved */
    assert_false(take_name("Server", NULL));
    hears("ERROR Username reserved");
    assert_false(take_name("nickserv", &a));
    hears("ERROR Username reserved");
    assert_string_equal(s->member.name, "");
}

static void a_name_that_another_account_owns_is_given_to_nobody_else(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    make("bob", "secret-of-bob");
    assert_false(take_name("bob", &a));
    hears("ERROR Username taken");
    assert_string_equal(s->member.name, "");
    assert_true(take_name("alice", &a));
    hears("OK Welcome, alice!");
}

static void a_user_who_is_logged_in_gets_a_name_without_an_owner_only_if_it_is_free(void **state)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = "carol"};
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    assert_true(users_claim(&guest.member, &(struct claim){.name = "carol", .answer = &welcome}));
    assert_false(take_name("carol", &a));
    hears("ERROR Username taken");
    unit_member_hears(&guest, "OK Welcome, carol!\n");
    assert_int_equal(outbox_reason(guest.member.outbox), CLOSE_OPEN);
    assert_true(take_name("dave", &a));
    hears("OK Welcome, dave!");
    assert_int_equal(s->member.account, a.id);
}

static void a_session_with_a_name_has_no_deadline(void **state)
{
    (void)state;
    session_set_deadline(s, clock_ms() + 60000, CLOSE_LOGIN);
    assert_true(take_name("alice", NULL));
    hears("OK Welcome, alice!");
    assert_true(s->deadline_ms == INT64_MAX);
}

/* ---- changes in between ---- */

static void a_login_is_recorded_as_last_seen_and_welcomed(void **state)
{
    (void)state;
    struct account a = make("Alice", "secret-of-alice");
    take_name("alice", NULL);
    hears("ERROR Password required");
    assert_string_equal(s->member.name, "");
    assert_true(prove(&a, "secret-of-alice"));
    take_name(a.name, &a);
    hears("OK Welcome, Alice!");
    assert_int_equal(s->member.account, a.id);
    assert_true(accounts_find("alice", &a));
    assert_string_equal(a.seen_from, "127.0.0.1");
}

static void a_proof_that_no_longer_holds_gives_no_name(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    assert_int_equal(accounts_set_locked(a.id, true, &waiter), ACCOUNTS_DONE);
    take_name(a.name, &a);
    hears("ERROR Account locked");
    assert_int_equal(accounts_set_locked(a.id, false, &waiter), ACCOUNTS_DONE);
    assert_int_equal(accounts_set_hash(a.id, NULL, "another", &waiter), ACCOUNTS_DONE);
    take_name(a.name, &a);
    hears("ERROR Wrong password");
    assert_int_equal(accounts_remove(a.id, NULL, &waiter), ACCOUNTS_DONE);
    take_name(a.name, &a);
    hears("ERROR Not registered");
    make("alice", "of another alice");
    take_name(a.name, &a);
    hears("ERROR Not registered");
    assert_string_equal(s->member.name, "");
    assert_int_equal(s->member.account, 0);
    assert_false(s->member.listed);
}

static bool log_in(const struct account *proved)
{
    struct refusal no = {0};
    return told(identify(s, proved, &no), &no);
}

static void a_proof_that_no_longer_holds_logs_nobody_in(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    take_name("ivan", NULL);
    hears("OK Welcome, ivan!");
    assert_int_equal(accounts_set_locked(a.id, true, &waiter), ACCOUNTS_DONE);
    log_in(&a);
    hears("ERROR Account locked");
    assert_int_equal(accounts_set_locked(a.id, false, &waiter), ACCOUNTS_DONE);
    assert_int_equal(accounts_set_hash(a.id, NULL, "another", &waiter), ACCOUNTS_DONE);
    log_in(&a);
    hears("ERROR Wrong password");
    assert_int_equal(s->member.account, 0);
    assert_true(accounts_find("alice", &a));
    assert_true(log_in(&a));
    assert_int_equal(s->member.account, a.id);
    assert_int_equal(s->era, a.era);
    assert_string_equal(s->member.name, "ivan");
    assert_int_equal(accounts_remove(a.id, NULL, &waiter), ACCOUNTS_DONE); /* it stays, as it is the one of its name */
    assert_int_equal(s->member.account, 0);
    log_in(&a);
    hears("ERROR Not registered");
}

/* ---- certificates ---- */

#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* An account, and a session over a connection with its certificate. */
static struct account make_with_certificate(void)
{
    struct account a = make("alice", "secret-of-alice");
    memcpy(s->security.fingerprint, FINGERPRINT, sizeof FINGERPRINT);
    assert_int_equal(certify_add(&(struct proof){.account = a.id}, FINGERPRINT, &waiter), CERTIFY_DONE);
    return a;
}

static void remove_certificate(int64_t account, int64_t era)
{
    char fingerprint[FINGERPRINT_SIZE] = FINGERPRINT;
    struct proof proof = {account, era};
    assert_int_equal(certify_remove(&proof, fingerprint, &waiter), CERTIFY_DONE);
}

static bool prove_by_certificate(struct account *a)
{
    struct refusal no = {0};
    return told(certificate_prove(s, a, &no), &no);
}

static bool add_certificate(void)
{
    char fingerprint[FINGERPRINT_SIZE];
    struct refusal no = {0};
    return told(certificate_add(s, fingerprint, &no), &no);
}

static void a_certificate_gives_the_name_of_its_account(void **state)
{
    (void)state;
    struct account a = make_with_certificate(), b = make("bob", "secret-of-bob");
    assert_false(prove_by_certificate(&b));
    hears("ERROR Password required");
    assert_true(prove_by_certificate(&a));
    assert_true(take_name(a.name, &a));
    hears("OK Welcome, alice!");
    assert_true(s->by_certificate);
    assert_int_equal(s->member.account, a.id);
}

static void a_certificate_that_no_longer_opens_the_account_gives_no_name(void **state)
{
    (void)state;
    struct account a = make_with_certificate();
    assert_true(prove_by_certificate(&a));
    remove_certificate(a.id, 0);
    take_name(a.name, &a);
    hears("ERROR Password required");
    assert_int_equal(certify_add(&(struct proof){a.id, 1}, FINGERPRINT, &waiter), CERTIFY_DONE);
    assert_int_equal(accounts_set_locked(a.id, true, &waiter), ACCOUNTS_DONE);
    take_name(a.name, &a);
    hears("ERROR Account locked");
    assert_int_equal(accounts_set_locked(a.id, false, &waiter), ACCOUNTS_DONE);
    assert_int_equal(accounts_set_hash(a.id, NULL, "another", &waiter), ACCOUNTS_DONE);
    take_name(a.name, &a);
    hears("ERROR Password required");
    assert_string_equal(s->member.name, "");
    assert_int_equal(s->member.account, 0);
    assert_false(s->by_certificate || s->member.listed);
}

static bool is_replaced(void *arg)
{
    (void)arg;
    return outbox_reason(guest.member.outbox) == CLOSE_REPLACED;
}

/* While the session waits for the name, which the guest does not give back. */
static void remove_meanwhile(void *arg)
{
    char fingerprint[FINGERPRINT_SIZE] = FINGERPRINT;
    struct notifier n;
    struct proof proof = {.account = *(const int64_t *)arg};
    must(unit_wait_for(is_replaced, NULL));
    notifier_init(&n);
    must(certify_remove(&proof, fingerprint, &(struct waiter){.notifier = &n}) == CERTIFY_DONE);
    unit_house_settle();
    notifier_fini(&n);
}

static void a_certificate_that_is_removed_during_the_wait_for_the_name_gives_no_name(void **state)
{
    struct thread remover;
    struct event welcome = {.kind = EVENT_WELCOME, .name = "alice"};
    (void)state;
    struct account a = make_with_certificate();
    users_configure(1);
    guest.member.account = a.id;
    assert_true(users_claim(&guest.member, &(struct claim){.name = "alice", .answer = &welcome}));
    assert_true(prove_by_certificate(&a));
    assert_int_equal(thread_start(&remover, "remover", 256 * 1024, remove_meanwhile, &a.id), 0);
    assert_false(take_name(a.name, &a)); /* it would be waited for up to 5 seconds */
    thread_join(&remover);
    users_release(&guest.member);
    hears("ERROR Password required");
    assert_false(take_name(a.name, &a));
    hears("ERROR Password required");
    users_configure(10);
}

static void a_password_that_was_checked_holds_though_a_certificate_was_removed(void **state)
{
    (void)state;
    struct account a = make_with_certificate();
    assert_true(prove(&a, "secret-of-alice"));
    remove_certificate(a.id, 0);
    assert_true(take_name(a.name, &a));
    hears("OK Welcome, alice!");
    assert_false(s->by_certificate);
}

static void what_was_revoked_binds_the_session_until_it_sets_a_password(void **state)
{
    struct refusal no = {0};
    (void)state;
    struct account a = make_with_certificate();
    assert_true(prove(&a, "secret-of-alice"));
    assert_true(take_name(a.name, &a));
    hears("OK Welcome, alice!");
    assert_int_equal(accounts_set_hash(a.id, NULL, a.hash, &waiter), ACCOUNTS_DONE); /* the operator */
    assert_false(add_certificate());
    hears("ERROR Log in again first");
    assert_true(registration_set_password(s, "secret-of-alice", "secret-of-carol", &no));
    assert_int_equal(s->era, 2);
    assert_true(add_certificate());
    assert_int_equal(accounts_set_hash(a.id, NULL, "another", &waiter), ACCOUNTS_DONE);
    login_renew(s, "not the hash that is set now");
    assert_false(add_certificate());
    hears("ERROR Log in again first");
}

/* ---- the login throttle ---- */

static void an_unchecked_password_does_not_count_as_a_failed_login(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    throttle_configure(1, 86400);
    hashing_configure(0, 0); /* no turns at all */
    for (int i = 0; i < 3; i++) {
        assert_false(prove(&a, "guess"));
        hears("ERROR Busy, try again");
    }
    hashing_configure(10000, 1);
    assert_true(prove(&a, "secret-of-alice"));
    assert_false(prove(&a, "guess"));
    hears("ERROR Wrong password");
    assert_false(prove(&a, "secret-of-alice"));
    post_flush();
    unit_until(is_written, NULL);
    const char *start = "ERROR Too many wrong passwords, try again in ";
    assert_memory_equal(buf_text(&us.out), start, strlen(start));
}

static void only_the_right_password_shows_that_an_account_is_locked(void **state)
{
    (void)state;
    struct account a = make("alice", "secret-of-alice");
    a.locked = true;
    assert_false(prove(&a, "guess"));
    hears("ERROR Wrong password");
    assert_false(prove(&a, "secret-of-alice"));
    hears("ERROR Account locked");
}

static void a_rule_is_parsed_by_its_name(void **state)
{
    (void)state;
    assert_int_equal(login_registration_named("open"), REGISTRATION_OPEN);
    assert_int_equal(login_registration_named("invite"), REGISTRATION_INVITE);
    assert_int_equal(login_registration_named("closed"), REGISTRATION_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_password_that_crossed_foreign_networks_is_not_checked),
        TEST(over_a_secure_stream_a_password_may_come_from_anywhere),
        TEST(the_operator_can_allow_passwords_from_foreign_networks),
        TEST(a_reserved_name_is_given_to_nobody),
        TEST(a_name_that_another_account_owns_is_given_to_nobody_else),
        TEST(a_user_who_is_logged_in_gets_a_name_without_an_owner_only_if_it_is_free),
        TEST(a_session_with_a_name_has_no_deadline),
        TEST(a_login_is_recorded_as_last_seen_and_welcomed),
        TEST(a_proof_that_no_longer_holds_gives_no_name),
        TEST(a_proof_that_no_longer_holds_logs_nobody_in),
        TEST(a_certificate_gives_the_name_of_its_account),
        TEST(a_certificate_that_no_longer_opens_the_account_gives_no_name),
        TEST(a_certificate_that_is_removed_during_the_wait_for_the_name_gives_no_name),
        TEST(a_password_that_was_checked_holds_though_a_certificate_was_removed),
        TEST(what_was_revoked_binds_the_session_until_it_sets_a_password),
        TEST(an_unchecked_password_does_not_count_as_a_failed_login),
        TEST(only_the_right_password_shows_that_an_account_is_locked),
        TEST(a_rule_is_parsed_by_its_name),
    };
    alarm(300);
    must(secret_start() == 0);
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
