/* SPDX-License-Identifier: ISC */
/*
 * Accounts with a real store: a confirmed change is on disk and stays, a refused one changes nothing, and the time a
 * user was last seen is written in the background. Jobs of the test hold the store or make it fail.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "base/counter.h"
#include "chat/unused.h"
#include "tests/lib/unit.h"

#include <string.h>
#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};
static struct unit_job gate, breaker;
static struct unit_member alice;

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    accounts_configure(1000);
    unit_house_start();
    unit_member_start(&alice, "Alice", unit_gen());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_release(&alice.member);
    unit_house_stop(); /* before the outboxes: the store thread closes some */
    unit_member_stop(&alice);
    notifier_fini(&notifier);
    return 0;
}

static enum accounts_change add(const char *name, const char *hash)
{
    return accounts_add(&(struct accounts_new){.name = name, .hash = hash, .seen_from = "192.0.2.1"}, &waiter);
}

/* The account, which must exist. */
static struct account get(const char *name)
{
    struct account a;
    if (!accounts_find(name, &a))
        fail_msg("unknown account %s", name);
    return a;
}

static void count_one(const struct account *a, void *arg)
{
    int *n = arg;
    (void)a;
    ++*n;
}

static int count(void)
{
    int n = 0;
    accounts_each(count_one, &n);
    return n;
}

static bool is_there(const char *name)
{
    struct account a;
    return accounts_find(name, &a);
}

static bool may_have(void *arg)
{
    return accounts_admits(alice.member.name, arg);
}

/* As serve/login.c does. */
static bool claim(struct account *proved)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = alice.member.name};
    alice.member.account = proved ? proved->id : 0;
    return users_claim(&alice.member,
                       &(struct claim){.name = alice.member.name, .answer = &welcome, .may = may_have, .arg = proved});
}

/* A thread that requests a change while the store is busy. */
struct requester {
    const char *name, *proved, *hash, *invitation;
    int64_t id;
    enum accounts_change (*request)(struct requester *a);
    struct notifier notifier;
    struct waiter waiter;
    enum accounts_change result;
    struct thread thread;
};

static enum accounts_change request_add(struct requester *a)
{
    struct accounts_new n = {.name = a->name, .hash = a->hash, .seen_from = "", .invitation = a->invitation};
    return accounts_add(&n, &a->waiter);
}

static enum accounts_change request_set(struct requester *a)
{
    return accounts_set_hash(a->id, a->proved, a->hash, &a->waiter);
}

static enum accounts_change request_remove(struct requester *a)
{
    return accounts_remove(a->id, a->proved, &a->waiter);
}

static void run_requester(void *arg)
{
    struct requester *a = arg;
    a->result = a->request(a);
}

static bool has_queued(void *arg)
{
    return store_status().queued >= *(const int *)arg;
}

/* Starts it, and waits until its job waits for the store, behind all that waited before. The store is blocked. */
static void start(struct requester *a, enum accounts_change (*request)(struct requester *a))
{
    int queued = store_status().queued + 1;
    a->request = request;
    notifier_init(&a->notifier);
    a->waiter.notifier = &a->notifier;
    assert_int_equal(thread_start(&a->thread, "requester", 256 * 1024, run_requester, a), 0);
    unit_until(has_queued, &queued);
}

static enum accounts_change result_of(struct requester *a)
{
    thread_join(&a->thread);
    unit_house_settle(); /* the store has notified it */
    notifier_fini(&a->notifier);
    return a->result;
}

/* Holds the store until release_store. */
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

/* ---- adding ---- */

static void a_confirmed_account_survives_a_restart(void **state)
{
    (void)state;
    assert_false(is_there("alice"));
    assert_int_equal(add("Alice", "hash of alice"), ACCOUNTS_DONE);
    struct account a = get("aLICE");
    assert_string_equal(a.name, "Alice");
    assert_true(a.id > 0 && a.created_ms > 0 && !a.locked);
    unit_house_restart();
    struct account b = get("alice");
    assert_int_equal(b.id, a.id);
    assert_string_equal(b.name, "Alice");
    assert_string_equal(b.hash, "hash of alice");
    assert_string_equal(b.seen_from, "192.0.2.1");
    assert_int_equal(b.created_ms, a.created_ms);
    assert_true(accounts_by_id(a.id, &b));
    assert_int_equal(count(), 1);
}

static void a_name_is_registered_once_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(add("Alice", "first"), ACCOUNTS_DONE);
    assert_int_equal(add("ALICE", "second"), ACCOUNTS_EXISTS);
    assert_string_equal(get("alice").hash, "first");
    assert_int_equal(count(), 1);
}

static void of_two_registrations_in_one_transaction_the_first_succeeds(void **state)
{
    (void)state;
    struct requester first = {.name = "Alice", .hash = "first"}, second = {.name = "alice", .hash = "second"};
    hold_store();
    start(&first, request_add);
    start(&second, request_add);
    release_store();
    assert_int_equal(result_of(&first), ACCOUNTS_DONE);
    assert_int_equal(result_of(&second), ACCOUNTS_EXISTS);
    assert_string_equal(get("alice").hash, "first");
}

static void the_account_limit_holds_even_within_one_transaction(void **state)
{
    (void)state;
    struct requester first = {.name = "one", .hash = "x"}, second = {.name = "two", .hash = "x"};
    accounts_configure(1);
    hold_store();
    start(&first, request_add);
    start(&second, request_add);
    release_store();
    assert_int_equal(result_of(&first), ACCOUNTS_DONE);
    assert_int_equal(result_of(&second), ACCOUNTS_FULL);
    assert_int_equal(count(), 1);
    assert_int_equal(accounts_remove(get("one").id, NULL, &waiter), ACCOUNTS_DONE);
    assert_int_equal(add("two", "x"), ACCOUNTS_DONE);
}

static void an_account_id_is_never_reused(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    int64_t id = get("alice").id;
    assert_int_equal(accounts_remove(id, NULL, &waiter), ACCOUNTS_DONE);
    unit_house_restart();
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    assert_true(get("alice").id > id);
}

static void a_request_refused_by_a_failing_disk_changes_nothing(void **state)
{
    (void)state;
    struct requester adds = {.name = "alice", .hash = "x"};
    hold_store();
    start(&adds, request_add);
    unit_job_init(&breaker, true);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    release_store();
    assert_int_equal(result_of(&adds), ACCOUNTS_STORAGE);
    assert_false(is_there("alice"));
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE); /* and the store works again */
}

/* ---- changing ---- */

static void a_password_or_lock_is_changed_on_disk_and_in_memory(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "first"), ACCOUNTS_DONE);
    int64_t id = get("alice").id;
    assert_int_equal(accounts_set_hash(id, "first", "second", &waiter), ACCOUNTS_DONE);
    assert_string_equal(get("alice").hash, "second");
    assert_int_equal(accounts_set_locked(id, true, &waiter), ACCOUNTS_DONE);
    assert_true(get("alice").locked);
    unit_house_restart();
    assert_string_equal(get("alice").hash, "second");
    assert_true(get("alice").locked);
    assert_int_equal(accounts_set_locked(id, false, &waiter), ACCOUNTS_DONE);
    assert_false(get("alice").locked);
}

static void an_outdated_proof_of_a_password_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "stolen"), ACCOUNTS_DONE);
    int64_t id = get("alice").id;
    struct requester operator = {.id = id, .hash = "new"};
    struct requester thief = {.id = id, .proved = "stolen", .hash = "the thief's"},
                     spoiler = {.id = id, .proved = "stolen"};
    hold_store();
    start(&operator, request_set);
    start(&thief, request_set);
    start(&spoiler, request_remove);
    release_store();
    assert_int_equal(result_of(&operator), ACCOUNTS_DONE);
    assert_int_equal(result_of(&thief), ACCOUNTS_OUTDATED);
    assert_int_equal(result_of(&spoiler), ACCOUNTS_OUTDATED);
    assert_string_equal(get("alice").hash, "new");
    unit_house_restart();
    assert_string_equal(get("alice").hash, "new");
}

static void a_removed_account_is_gone_and_its_session_loses_it(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    struct account a = get("alice");
    assert_true(claim(&a));
    assert_int_equal(alice.member.account, a.id);
    assert_int_equal(accounts_remove(a.id, "x", &waiter), ACCOUNTS_DONE);
    assert_false(is_there("alice"));
    assert_false(accounts_by_id(a.id, &a));
    assert_int_equal(alice.member.account, 0);
    assert_true(alice.member.listed); /* she keeps the name while she is online */
    assert_int_equal(accounts_set_locked(a.id, true, &waiter), ACCOUNTS_UNKNOWN);
    assert_int_equal(accounts_set_hash(a.id, NULL, "y", &waiter), ACCOUNTS_UNKNOWN);
    assert_int_equal(accounts_remove(a.id, NULL, &waiter), ACCOUNTS_UNKNOWN);
    unit_house_restart();
    assert_false(is_there("alice"));
}

/* ---- who may have a name ---- */

static void a_name_is_given_only_for_a_proof_that_still_holds(void **state)
{
    (void)state;
    assert_true(accounts_admits("alice", NULL));
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    struct account a = get("alice");
    assert_false(accounts_admits("ALICE", NULL));
    assert_true(accounts_admits("ALICE", &a));
    assert_int_equal(accounts_set_locked(a.id, true, &waiter), ACCOUNTS_DONE);
    assert_false(accounts_admits("alice", &a));
    assert_int_equal(accounts_set_locked(a.id, false, &waiter), ACCOUNTS_DONE);
    assert_int_equal(accounts_set_hash(a.id, NULL, "y", &waiter), ACCOUNTS_DONE);
    assert_false(accounts_admits("alice", &a));
    assert_int_equal(accounts_remove(a.id, NULL, &waiter), ACCOUNTS_DONE);
    assert_false(accounts_admits("alice", &a));
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE); /* another account */
    assert_false(accounts_admits("alice", &a));
}

static void a_user_who_registers_is_logged_in_before_any_later_change(void **state)
{
    (void)state;
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_LOCKED};
    struct accounts_new n = {.name = "alice", .hash = "x", .seen_from = "", .owner = &alice.member.account};
    struct requester remover = {.id = 1};
    assert_true(claim(NULL));
    assert_int_equal(accounts_add(&n, &waiter), ACCOUNTS_DONE);
    assert_int_equal(alice.member.account, get("alice").id);
    remover.id = get("alice").id;
    hold_store();
    start(&remover, request_remove);
    release_store();
    assert_int_equal(result_of(&remover), ACCOUNTS_DONE);
    assert_int_equal(alice.member.account, 0);
    assert_int_equal(accounts_add(&n, &waiter), ACCOUNTS_DONE);
    users_close_account(get("alice").id, CLOSE_LOCKED, &words);
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_LOCKED);
}

static void a_client_that_takes_a_name_while_the_operator_registers_it_is_kicked(void **state)
{
    (void)state;
    assert_true(claim(NULL));
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_KICK);
    outbox_finish(alice.member.outbox, NULL);
    unit_member_hears(&alice, "OK Welcome, Alice!\nERROR Name registered by the operator\n");
}

/* ---- invitations ---- */

static enum accounts_change add_invited(const char *name, const char *code)
{
    return accounts_add(&(struct accounts_new){.name = name, .hash = "x", .seen_from = "", .invitation = code},
                        &waiter);
}

static void an_invitation_is_valid_for_one_account(void **state)
{
    char code[SECRET_TEXT];
    (void)state;
    if (!secret_available())
        skip();
    assert_int_equal(accounts_invite(code, clock_wall_ms() + 60000, &waiter), ACCOUNTS_DONE);
    unit_house_restart();
    assert_int_equal(unit_house_number("SELECT count(*) FROM invitation"), 1);
    assert_int_equal(add_invited("alice", "no such code"), ACCOUNTS_NOT_INVITED);
    assert_false(is_there("alice"));
    assert_int_equal(unit_house_number("SELECT count(*) FROM account"), 0);
    assert_int_equal(add_invited("alice", code), ACCOUNTS_DONE);
    assert_int_equal(add_invited("bob", code), ACCOUNTS_NOT_INVITED);
    assert_int_equal(unit_house_number("SELECT count(*) FROM invitation"), 0);
    assert_int_equal(count(), 1);
}

static void an_invitation_is_not_spent_when_registration_fails(void **state)
{
    char code[SECRET_TEXT];
    (void)state;
    if (!secret_available())
        skip();
    assert_int_equal(accounts_invite(code, clock_wall_ms() + 60000, &waiter), ACCOUNTS_DONE);
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    assert_int_equal(add_invited("alice", code), ACCOUNTS_EXISTS);
    accounts_configure(1);
    assert_int_equal(add_invited("bob", code), ACCOUNTS_FULL);
    accounts_configure(2);
    assert_int_equal(add_invited("bob", code), ACCOUNTS_DONE);
}

static void of_two_uses_of_an_invitation_in_one_transaction_one_succeeds(void **state)
{
    char code[SECRET_TEXT];
    (void)state;
    if (!secret_available())
        skip();
    assert_int_equal(accounts_invite(code, clock_wall_ms() + 60000, &waiter), ACCOUNTS_DONE);
    struct requester first = {.name = "one", .hash = "x", .invitation = code};
    struct requester second = {.name = "two", .hash = "x", .invitation = code};
    hold_store();
    start(&first, request_add);
    start(&second, request_add);
    release_store();
    assert_int_equal(result_of(&first), ACCOUNTS_DONE);
    assert_int_equal(result_of(&second), ACCOUNTS_NOT_INVITED);
    assert_false(is_there("two"));
}

static void an_expired_invitation_is_invalid_and_is_deleted(void **state)
{
    char old[SECRET_TEXT], code[SECRET_TEXT];
    (void)state;
    if (!secret_available())
        skip();
    assert_int_equal(accounts_invite(old, clock_wall_ms() - 60000, &waiter), ACCOUNTS_DONE);
    assert_int_equal(add_invited("alice", old), ACCOUNTS_NOT_INVITED);
    assert_int_equal(accounts_invite(code, clock_wall_ms() + 60000, &waiter), ACCOUNTS_DONE);
    assert_int_equal(unit_house_number("SELECT count(*) FROM invitation"), 1);
    assert_string_not_equal(old, code);
}

/* ---- disuse ---- */

static void an_account_that_was_never_used_again_expires(void **state)
{
    static const char rows[] =
        "INSERT INTO account (key, name, hash, created_ms, seen_ms, locked)"
        " SELECT key, key, 'x', (unixepoch() - made * 86400) * 1000,"
        " iif(seen > made, 0, (unixepoch() - seen * 86400) * 1000 + 60000), locked"
        " FROM (SELECT 'taken' AS key, 91 AS made, 91 AS seen, 0 AS locked UNION ALL SELECT 'used', 91, 89, 0"
        " UNION ALL SELECT 'locked', 91, 91, 1 UNION ALL SELECT 'added', 91, 100, 0"
        " UNION ALL SELECT 'online', 91, 91, 0 UNION ALL SELECT 'young', 89, 89, 0)";
    uint64_t expired = counter_get(COUNTER_ACCOUNTS_EXPIRED);
    (void)state;
    unit_house_restart_with(rows);
    struct account online = get("online");
    assert_true(claim(&online));
    unused_configure(0);
    unused_clean_up();
    unit_house_settle();
    assert_true(is_there("taken"));
    unused_configure(90);
    unused_clean_up();
    unit_house_settle();
    assert_false(is_there("taken"));
    assert_int_equal(unit_house_number("SELECT count(*) FROM account WHERE key = 'taken'"), 0);
    assert_true(is_there("used") && is_there("locked") && is_there("added") && is_there("online") && is_there("young"));
    assert_int_equal(counter_get(COUNTER_ACCOUNTS_EXPIRED), expired + 1);
    unused_configure(0);
}

/* ---- loading ---- */

static void an_invalid_row_is_skipped_and_stays(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    unit_house_restart_with("INSERT INTO account (key, name, hash, created_ms, seen_ms) VALUES"
                            " ('bad name', 'bad name', 'x', 1, 1), ('bob', 'carol', 'x', 1, 1), ('', '', 'x', 1, 1),"
                            " ('long', 'long', hex(zeroblob(100)), 1, 1)");
    assert_int_equal(count(), 1);
    assert_true(is_there("alice"));
    assert_int_equal(unit_house_number("SELECT count(*) FROM account"), 5);
    assert_int_equal(add("bob", "x"), ACCOUNTS_EXISTS); /* the row cannot be taken over */
}

static void look_at(const struct account *a, void *arg)
{
    strcat(arg, a->name);
    assert_true(is_there(a->name)); /* no lock is held */
}

static void each_account_is_listed_once(void **state)
{
    char seen[64] = "";
    (void)state;
    assert_int_equal(add("carol", "x"), ACCOUNTS_DONE);
    assert_int_equal(add("alice", "x"), ACCOUNTS_DONE);
    assert_int_equal(add("bob", "x"), ACCOUNTS_DONE);
    accounts_each(look_at, seen);
    assert_string_equal(seen, "carolalicebob");
}

/* ---- when they were seen ---- */

static void time_and_address_last_seen_survive_a_restart(void **state)
{
    (void)state;
    assert_int_equal(add("Alice", "hash"), ACCOUNTS_DONE);
    struct account a = get("alice");
    accounts_note_seen(a.id, "198.51.100.7");
    assert_string_equal(get("alice").seen_from, "198.51.100.7"); /* at once */
    accounts_note_seen(a.id, NULL); /* at the end of the session: keeps the address */
    assert_string_equal(get("alice").seen_from, "198.51.100.7");
    accounts_tick();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM account WHERE seen_from = '198.51.100.7'"), 1);
    int64_t seen_ms = get("alice").seen_ms;
    assert_true(seen_ms >= a.seen_ms);
    unit_house_restart();
    assert_int_equal(get("alice").seen_ms, seen_ms);
    assert_string_equal(get("alice").seen_from, "198.51.100.7");
}

static void a_late_note_of_last_seen_is_written_before_the_stop(void **state)
{
    (void)state;
    assert_int_equal(add("alice", "hash"), ACCOUNTS_DONE);
    int64_t id = get("alice").id;
    hold_store();
    accounts_note_seen(id, "first");
    accounts_tick();
    unit_job_init(&breaker, false);
    breaker.held = true;
    store_put(&breaker.job); /* in the same transaction, after it */
    unit_job_release(&gate);
    unit_job_wait_inside(&breaker);
    accounts_note_seen(id, "second"); /* a user leaves during the stop */
    accounts_tick();                  /* the last tick before the stop */
    unit_job_release(&breaker);
    unit_job_wait_done(&breaker);
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM account WHERE seen_from = 'second'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_confirmed_account_survives_a_restart),
        TEST(a_name_is_registered_once_in_any_case),
        TEST(of_two_registrations_in_one_transaction_the_first_succeeds),
        TEST(the_account_limit_holds_even_within_one_transaction),
        TEST(an_account_id_is_never_reused),
        TEST(a_request_refused_by_a_failing_disk_changes_nothing),
        TEST(a_password_or_lock_is_changed_on_disk_and_in_memory),
        TEST(an_outdated_proof_of_a_password_changes_nothing),
        TEST(a_removed_account_is_gone_and_its_session_loses_it),
        TEST(a_name_is_given_only_for_a_proof_that_still_holds),
        TEST(a_user_who_registers_is_logged_in_before_any_later_change),
        TEST(a_client_that_takes_a_name_while_the_operator_registers_it_is_kicked),
        TEST(an_invitation_is_valid_for_one_account),
        TEST(an_invitation_is_not_spent_when_registration_fails),
        TEST(of_two_uses_of_an_invitation_in_one_transaction_one_succeeds),
        TEST(an_expired_invitation_is_invalid_and_is_deleted),
        TEST(an_account_that_was_never_used_again_expires),
        TEST(an_invalid_row_is_skipped_and_stays),
        TEST(each_account_is_listed_once),
        TEST(time_and_address_last_seen_survive_a_restart),
        TEST(a_late_note_of_last_seen_is_written_before_the_stop),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
