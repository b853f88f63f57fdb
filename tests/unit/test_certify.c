/* SPDX-License-Identifier: ISC */
/*
 * Client certificates of accounts, with a real store: what is confirmed is on disk and stays, what was revoked opens
 * nothing, and of changes in one transaction each sees those before it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread.h"
#include "chat/certify.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};
static struct unit_job gate;
static struct proof alice, bob; /* as a session has them that has just logged in */

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    accounts_configure(1000);
    certify_configure(3);
    unit_house_start();
    alice = (struct proof){.account = unit_house_account("alice", &notifier)};
    bob = (struct proof){.account = unit_house_account("bob", &notifier)};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    notifier_fini(&notifier);
    return 0;
}

/* A fingerprint: these digits, and then zeros. */
static const char *print(char text[FINGERPRINT_SIZE], const char *digits)
{
    snprintf(text, FINGERPRINT_SIZE, "%s%0*d", digits, (int)(FINGERPRINT_SIZE - 1 - strlen(digits)), 0);
    return text;
}

static enum certify_result add(const struct proof *p, const char *digits)
{
    char text[FINGERPRINT_SIZE];
    return certify_add(p, print(text, digits), &waiter);
}

static enum certify_result del(struct proof *p, const char *beginning)
{
    char text[FINGERPRINT_SIZE];
    snprintf(text, sizeof text, "%s", beginning);
    return certify_remove(p, text, &waiter);
}

static bool has(const struct proof *p, const char *digits)
{
    char text[FINGERPRINT_SIZE];
    return accounts_has_certificate(p->account, print(text, digits));
}

/* The copy of an account that is made when its certificate has been found. */
static struct account proved(const struct proof *p, const char *fingerprint)
{
    struct account a;
    assert_true(accounts_by_id(p->account, &a));
    a.proved_by = PROOF_CERTIFICATE;
    a.certificate = fingerprint;
    return a;
}

/* The fingerprints of an account begin with these digits, two of each. */
static void assert_list(const struct proof *p, const char *want)
{
    struct fingerprints list;
    char found[64] = "";
    accounts_certificates(p->account, &list);
    for (int i = 0; i < list.n; i++)
        strncat(found, list.v[i].text, 2);
    fingerprints_fini(&list);
    assert_string_equal(found, want);
}

/* ---- one after the other ---- */

static void a_certificate_opens_the_accounts_it_was_added_to(void **state)
{
    (void)state;
    assert_int_equal(add(&alice, "a1"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a2"), CERTIFY_DONE);
    assert_int_equal(add(&bob, "a2"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a1"), CERTIFY_THERE);
    for (int i = 0; i < 2; i++) {
        assert_true(has(&alice, "a1") && has(&alice, "a2") && has(&bob, "a2"));
        assert_false(has(&bob, "a1"));
        assert_false(accounts_has_certificate(alice.account, ""));
        assert_false(accounts_has_certificate(4711, ""));
        assert_list(&alice, "a1a2");
        assert_list(&bob, "a2");
        unit_house_restart();
    }
}

static void a_certificate_is_removed_by_its_beginning_and_stays_removed(void **state)
{
    char text[FINGERPRINT_SIZE] = "abcdef019", whole[FINGERPRINT_SIZE];
    (void)state;
    add(&alice, "abcdef0123");
    add(&alice, "abcdef0199");
    add(&bob, "abcdef0199");
    assert_int_equal(del(&alice, "abcdef01"), CERTIFY_AMBIGUOUS);
    assert_int_equal(del(&alice, "abcdef02"), CERTIFY_NOT_FOUND);
    assert_int_equal(alice.era, 0);
    assert_int_equal(certify_remove(&alice, text, &waiter), CERTIFY_DONE);
    assert_string_equal(text, print(whole, "abcdef0199"));
    assert_int_equal(alice.era, 1);
    for (int i = 0; i < 2; i++) {
        assert_false(has(&alice, "abcdef0199"));
        assert_true(has(&alice, "abcdef0123") && has(&bob, "abcdef0199"));
        unit_house_restart();
    }
    assert_int_equal(del(&alice, text), CERTIFY_NOT_FOUND);
    assert_int_equal(del(&alice, "abcdef01"), CERTIFY_DONE); /* now it is the only one, in the era that it began */
    assert_int_equal(alice.era, 2);
}

static void an_account_has_no_more_than_its_limit(void **state)
{
    (void)state;
    assert_int_equal(add(&alice, "a1"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a2"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a3"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a4"), CERTIFY_FULL);
    assert_int_equal(add(&alice, "a3"), CERTIFY_THERE);
    assert_int_equal(add(&bob, "a4"), CERTIFY_DONE);
    assert_false(has(&alice, "a4"));
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_DONE);
    assert_int_equal(add(&alice, "a4"), CERTIFY_DONE);
    assert_list(&alice, "a2a3a4");
}

static void a_new_password_removes_the_certificates(void **state)
{
    (void)state;
    add(&alice, "a1");
    add(&alice, "a2");
    add(&bob, "a1");
    assert_int_equal(accounts_set_hash(alice.account, "not the hash", "new", &waiter), ACCOUNTS_OUTDATED);
    assert_list(&alice, "a1a2");
    assert_int_equal(accounts_set_hash(alice.account, NULL, "new", &waiter), ACCOUNTS_DONE);
    for (int i = 0; i < 2; i++) {
        assert_list(&alice, "");
        assert_list(&bob, "a1");
        assert_int_equal(unit_house_number("SELECT count(*) FROM certificate"), 1);
        unit_house_restart();
    }
}

static void a_lock_keeps_the_certificates_and_removal_takes_them_along(void **state)
{
    (void)state;
    add(&alice, "a1");
    assert_int_equal(accounts_set_locked(alice.account, true, &waiter), ACCOUNTS_DONE);
    assert_list(&alice, "a1");
    assert_int_equal(accounts_remove(alice.account, NULL, &waiter), ACCOUNTS_DONE);
    assert_list(&alice, "");
    assert_int_equal(unit_house_number("SELECT count(*) FROM certificate"), 0);
    assert_int_equal(add(&alice, "a1"), CERTIFY_UNKNOWN);
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_UNKNOWN);
}

static void a_session_whose_proof_was_revoked_changes_nothing(void **state)
{
    (void)state;
    struct proof old = alice;
    add(&alice, "a1");
    add(&alice, "a2");
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_DONE);
    assert_int_equal(add(&old, "a3"), CERTIFY_OUTDATED);
    assert_int_equal(del(&old, "a2000000"), CERTIFY_OUTDATED);
    assert_int_equal(add(&alice, "a3"), CERTIFY_DONE);
    assert_int_equal(accounts_set_hash(alice.account, NULL, "new", &waiter), ACCOUNTS_DONE);
    assert_int_equal(add(&alice, "a4"), CERTIFY_OUTDATED);
    alice.era++;
    assert_int_equal(accounts_set_locked(alice.account, true, &waiter), ACCOUNTS_DONE);
    assert_int_equal(accounts_set_locked(alice.account, false, &waiter), ACCOUNTS_DONE);
    assert_int_equal(add(&alice, "a4"), CERTIFY_OUTDATED);
    unit_house_restart();
    assert_int_equal(add(&alice, "a4"), CERTIFY_OUTDATED);
    struct account a;
    assert_true(accounts_find("alice", &a));
    alice.era = a.era;
    assert_int_equal(add(&alice, "a4"), CERTIFY_DONE);
    assert_list(&alice, "a4");
}

/* ---- who may have a name ---- */

static void a_name_is_given_only_for_a_certificate_that_still_opens_it(void **state)
{
    char text[FINGERPRINT_SIZE];
    (void)state;
    add(&alice, "a1");
    add(&alice, "a2");
    struct account a = proved(&alice, print(text, "a1"));
    assert_true(accounts_admits("ALICE", &a));
    assert_false(accounts_admits("bob", &a));
    assert_int_equal(del(&alice, "a2000000"), CERTIFY_DONE);
    assert_true(accounts_admits("alice", &a)); /* another one was removed */
    assert_int_equal(accounts_set_locked(alice.account, true, &waiter), ACCOUNTS_DONE);
    assert_false(accounts_admits("alice", &a));
    assert_int_equal(accounts_set_locked(alice.account, false, &waiter), ACCOUNTS_DONE);
    assert_true(accounts_admits("alice", &a));
    assert_int_equal(accounts_set_hash(alice.account, NULL, "new", &waiter), ACCOUNTS_DONE);
    assert_false(accounts_admits("alice", &a));
    alice.era = 3;
    assert_int_equal(add(&alice, "a1"), CERTIFY_DONE);
    assert_true(accounts_admits("alice", &a));
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_DONE);
    assert_false(accounts_admits("alice", &a));
}

static void a_password_holds_over_a_removed_certificate_and_a_token_does_not(void **state)
{
    struct account by_password, by_token;
    (void)state;
    add(&alice, "a1");
    assert_true(accounts_by_id(alice.account, &by_password));
    by_token = by_password;
    by_token.proved_by = PROOF_TOKEN;
    assert_true(accounts_admits("alice", &by_password) && accounts_admits("alice", &by_token));
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_DONE);
    assert_true(accounts_admits("alice", &by_password));
    assert_false(accounts_admits("alice", &by_token));
}

/* ---- several in one transaction ---- */

struct requester {
    const struct proof *proof;
    const char *digits;
    enum certify_result result;
    enum accounts_change changed;
    struct notifier notifier;
    struct thread thread;
};

static void request_add(void *arg)
{
    struct requester *r = arg;
    struct waiter w = {.notifier = &r->notifier};
    char text[FINGERPRINT_SIZE];
    r->result = certify_add(r->proof, print(text, r->digits), &w);
}

static void request_del(void *arg)
{
    struct requester *r = arg;
    struct waiter w = {.notifier = &r->notifier};
    struct proof proof = *r->proof;
    char text[FINGERPRINT_SIZE];
    r->result = certify_remove(&proof, (char *)print(text, r->digits), &w);
}

static void request_passwd(void *arg)
{
    struct requester *r = arg;
    struct waiter w = {.notifier = &r->notifier};
    r->changed = accounts_set_hash(r->proof->account, NULL, "new", &w);
}

static bool has_queued(void *arg)
{
    return store_status().queued >= *(const int *)arg;
}

/* Starts it, and waits until its job waits for the store, behind all that waited before. The store is blocked. */
static void start(struct requester *r, void (*request)(void *arg))
{
    int queued = store_status().queued + 1;
    notifier_init(&r->notifier);
    assert_int_equal(thread_start(&r->thread, "requester", 256 * 1024, request, r), 0);
    unit_until(has_queued, &queued);
}

static void end(struct requester *r)
{
    thread_join(&r->thread);
    unit_house_settle(); /* the store has notified it */
    notifier_fini(&r->notifier);
}

static void hold_store(void)
{
    unit_job_init(&gate, false);
    unit_job_block(&gate);
}

static void release_store(void)
{
    unit_job_release(&gate);
    unit_job_wait_done(&gate);
}

static void what_comes_behind_a_new_password_in_one_transaction_is_refused(void **state)
{
    (void)state;
    struct requester first = {.proof = &alice, .digits = "a1"}, operator = {.proof = &alice};
    struct requester thief = {.proof = &alice, .digits = "a2"};
    hold_store();
    start(&first, request_add);
    start(&operator, request_passwd);
    start(&thief, request_add);
    release_store();
    end(&first);
    end(&operator);
    end(&thief);
    assert_int_equal(first.result, CERTIFY_DONE);
    assert_int_equal(operator.changed, ACCOUNTS_DONE);
    assert_int_equal(thief.result, CERTIFY_OUTDATED);
    for (int i = 0; i < 2; i++) {
        assert_list(&alice, "");
        unit_house_restart();
    }
}

static void the_limit_holds_even_within_one_transaction(void **state)
{
    (void)state;
    struct requester first = {.proof = &alice, .digits = "a1"}, second = {.proof = &alice, .digits = "a2"};
    struct requester again = {.proof = &alice, .digits = "a1"};
    certify_configure(1);
    hold_store();
    start(&first, request_add);
    start(&second, request_add);
    start(&again, request_add);
    release_store();
    end(&first);
    end(&second);
    end(&again);
    assert_int_equal(first.result, CERTIFY_DONE);
    assert_int_equal(second.result, CERTIFY_FULL);
    assert_int_equal(again.result, CERTIFY_THERE);
    assert_list(&alice, "a1");
}

static void what_comes_behind_a_removal_in_one_transaction_is_refused(void **state)
{
    (void)state;
    struct requester owner = {.proof = &alice, .digits = "a1"}, thief = {.proof = &alice, .digits = "a2"};
    add(&alice, "a1");
    hold_store();
    start(&owner, request_del);
    start(&thief, request_add);
    release_store();
    end(&owner);
    end(&thief);
    assert_int_equal(owner.result, CERTIFY_DONE);
    assert_int_equal(thief.result, CERTIFY_OUTDATED);
    assert_list(&alice, "");
}

/* ---- a store that fails, and an edited file ---- */

static void a_failed_store_changes_nothing(void **state)
{
    (void)state;
    add(&alice, "a1");
    unit_house_break();
    assert_int_equal(add(&alice, "a2"), CERTIFY_STORAGE);
    assert_int_equal(del(&alice, "a1000000"), CERTIFY_STORAGE);
    assert_int_equal(alice.era, 0);
    assert_list(&alice, "a1"); /* and opens the account meanwhile */
    unit_house_repair();
    assert_int_equal(add(&alice, "a2"), CERTIFY_DONE);
    assert_list(&alice, "a1a2");
}

static void an_invalid_row_is_skipped(void **state)
{
    (void)state;
    add(&alice, "a1");
    unit_house_restart_with("INSERT INTO certificate SELECT id, hex(zeroblob(31)) || 'FF', 1 FROM account;"
                            "INSERT INTO certificate SELECT id, printf('%064d', 7), 2 FROM account");
    assert_list(&alice, "00a1");
    assert_list(&bob, "00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_certificate_opens_the_accounts_it_was_added_to),
        TEST(a_certificate_is_removed_by_its_beginning_and_stays_removed),
        TEST(an_account_has_no_more_than_its_limit),
        TEST(a_new_password_removes_the_certificates),
        TEST(a_lock_keeps_the_certificates_and_removal_takes_them_along),
        TEST(a_session_whose_proof_was_revoked_changes_nothing),
        TEST(a_name_is_given_only_for_a_certificate_that_still_opens_it),
        TEST(a_password_holds_over_a_removed_certificate_and_a_token_does_not),
        TEST(what_comes_behind_a_new_password_in_one_transaction_is_refused),
        TEST(the_limit_holds_even_within_one_transaction),
        TEST(what_comes_behind_a_removal_in_one_transaction_is_refused),
        TEST(a_failed_store_changes_nothing),
        TEST(an_invalid_row_is_skipped),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
