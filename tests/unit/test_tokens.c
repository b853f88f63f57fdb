/* SPDX-License-Identifier: ISC */
/*
 * Tokens and broken sessions, with a real store: which account a token finds and until when, and that a saved session
 * is taken once. A failed store differs from an unknown token.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/tokens.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};
static int64_t alice, bob; /* accounts */

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    accounts_configure(1000);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 600});
    unit_house_start();
    alice = unit_house_account("alice", &notifier);
    bob = unit_house_account("bob", &notifier);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    notifier_fini(&notifier);
    return 0;
}

/* A token as the client knows it, and its digest. */
struct held {
    char text[SECRET_TEXT];
    struct token token;
};

static struct held make(int64_t account, const struct held *old)
{
    struct held t = {0};
    struct proof proof = {.account = account};
    assert_int_equal(tokens_make(&proof, old ? &old->token : NULL, t.text, &t.token, &waiter), TOKENS_DONE);
    return t;
}

/* The account that the token finds, or 0; this counts as use. */
static int64_t found(const struct held *t)
{
    struct token token;
    int64_t account = 0;
    enum tokens_result result = tokens_find(t->text, &token, &account, &waiter);
    assert_memory_equal(token.digest, t->token.digest, sizeof token.digest);
    assert_int_equal(result, account ? TOKENS_DONE : TOKENS_UNKNOWN);
    return account;
}

static int64_t checked(const struct held *t)
{
    int64_t account = 0;
    enum tokens_result result = tokens_check(&t->token, &account, &waiter);
    assert_int_equal(result, account ? TOKENS_DONE : TOKENS_UNKNOWN);
    return account;
}

/* Moves everything stored this far into the past. */
static void pass_seconds(long long seconds)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE token SET used_ms = used_ms - %lld, broke_ms = max(broke_ms - %lld, 0)",
             seconds * 1000, seconds * 1000);
    unit_house_restart_with(sql);
}

#define DAY 86400

/* ---- tokens ---- */

static void a_token_survives_a_restart(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), b = make(bob, NULL), c = make(alice, NULL);
    struct held none = {.text = "no such token"};
    secret_digest(none.token.digest, none.text);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(found(&a), alice);
        assert_int_equal(found(&b), bob);
        assert_int_equal(found(&c), alice);
        assert_int_equal(checked(&b), bob);
        assert_int_equal(found(&none), 0);
        assert_int_equal(checked(&none), 0);
        unit_house_restart();
    }
}

static void tokens_differ_and_only_digests_are_stored(void **state)
{
    unsigned char digest[SECRET_DIGEST];
    char sql[160];
    (void)state;
    struct held a = make(alice, NULL), b = make(alice, NULL);
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(strlen(a.text), SECRET_TEXT - 1);
    secret_digest(digest, a.text);
    assert_memory_equal(a.token.digest, digest, sizeof digest);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token WHERE length(digest) = 32"), 2);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM token WHERE instr(digest, CAST('%s' AS BLOB))", a.text);
    assert_int_equal(unit_house_number(sql), 0);
}

static void a_new_token_replaces_the_old_one(void **state)
{
    (void)state;
    struct held other = make(alice, NULL), old = make(alice, NULL), new = make(alice, &old);
    assert_int_equal(found(&old), 0);
    assert_int_equal(found(&new), alice);
    assert_int_equal(found(&other), alice);
    struct held newer = make(alice, &old); /* replaces the old one */
    assert_int_equal(found(&newer), alice);
}

static void no_token_is_stored_for_an_unknown_account(void **state)
{
    struct held a = make(alice, NULL), t;
    (void)state;
    assert_int_equal(accounts_remove(alice, NULL, &waiter), ACCOUNTS_DONE);
    assert_int_equal(tokens_make(&(struct proof){.account = alice}, NULL, t.text, &t.token, &waiter), TOKENS_UNKNOWN);
    assert_int_equal(found(&a), 0); /* deleted with its account */
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 0);
}

/* Or a session that logged in with a password that was replaced since could get back in by a token. */
static void no_token_is_made_by_a_session_whose_proof_was_revoked(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), t = {0};
    struct proof old = {.account = alice}, new = {.account = alice, .era = 1};
    assert_int_equal(accounts_set_hash(alice, NULL, "new", &waiter), ACCOUNTS_DONE);
    assert_int_equal(found(&a), 0);
    assert_int_equal(tokens_make(&old, NULL, t.text, &t.token, &waiter), TOKENS_OUTDATED);
    assert_int_equal(tokens_make(&new, NULL, t.text, &t.token, &waiter), TOKENS_DONE);
    unit_house_restart();
    assert_int_equal(found(&t), alice);
    struct held b = t;
    assert_int_equal(accounts_set_locked(alice, true, &waiter), ACCOUNTS_DONE);
    assert_int_equal(tokens_make(&new, &b.token, t.text, &t.token, &waiter), TOKENS_OUTDATED);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 0);
}

static void the_most_recently_used_tokens_of_an_account_stay(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), of_bob = make(bob, NULL);
    pass_seconds(10);
    struct held b = make(alice, NULL);
    pass_seconds(10);
    struct held c = make(alice, NULL);
    pass_seconds(10);
    assert_int_equal(checked(&a), alice); /* this counts as use too */
    struct held d = make(alice, NULL);
    assert_int_equal(found(&b), 0);
    assert_int_equal(found(&a), alice);
    assert_int_equal(found(&c), alice);
    assert_int_equal(found(&d), alice);
    assert_int_equal(found(&of_bob), bob);
    pass_seconds(10);
    tokens_configure(&(struct token_limits){.per_account = 1, .days = 30, .resume_s = 600});
    struct held e = make(alice, NULL);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 2);
    assert_int_equal(found(&e), alice);
}

static void a_token_expires_some_days_after_its_last_use(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    pass_seconds(29 * DAY);
    assert_int_equal(found(&a), alice);
    pass_seconds(29 * DAY);
    assert_int_equal(found(&a), alice);
    pass_seconds(31 * DAY);
    assert_int_equal(found(&a), 0);
    assert_int_equal(checked(&a), 0);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 32, .resume_s = 600});
    assert_int_equal(found(&a), alice);
}

/* ---- broken sessions ---- */

static const char LINES[] = "@id=1;time=x ROOM #a bob one\r\nROOM #a bob \xc3\xa9' -- \r\n";

static void add_room(struct saved_session *p, const char *key, uint64_t heard)
{
    p->rooms = panic_realloc(p->rooms, (size_t)(p->room_count + 1) * sizeof *p->rooms);
    struct saved_room *room = &p->rooms[p->room_count++];
    *room = (struct saved_room){.heard = heard};
    snprintf(room->key, sizeof room->key, "%s", key);
}

/* Saves a session that broke ago_ms ago, in three rooms. */
static void save(const struct held *t, int64_t ago_ms)
{
    struct saved_session p = {.broke_ms = clock_wall_ms() - ago_ms, .caps = 3};
    buf_add(&p.missed, LINES, sizeof LINES - 1);
    add_room(&p, "#c", 300);
    add_room(&p, "#a", (uint64_t)1 << 62);
    add_room(&p, "#b", 0);
    tokens_save(&t->token, &p);
    saved_session_fini(&p); /* it was copied */
}

static void take(const struct held *t, struct saved_session *p)
{
    assert_int_equal(tokens_take(&t->token, p, &waiter), TOKENS_DONE);
}

static void take_all(const struct held *t)
{
    struct saved_session p;
    take(t, &p);
    assert_true(p.broke_ms > 0 && p.broke_ms <= clock_wall_ms());
    assert_int_equal(p.caps, 3);
    assert_int_equal(p.missed.len, sizeof LINES - 1);
    assert_memory_equal(p.missed.data, LINES, sizeof LINES - 1);
    assert_int_equal(p.room_count, 3);
    assert_string_equal(p.rooms[0].key, "#c");
    assert_string_equal(p.rooms[1].key, "#a");
    assert_string_equal(p.rooms[2].key, "#b");
    assert_int_equal(p.rooms[0].heard, 300);
    assert_int_equal(p.rooms[1].heard, (uint64_t)1 << 62);
    assert_int_equal(p.rooms[2].heard, 0);
    saved_session_fini(&p);
}

static void take_none(const struct held *t)
{
    struct saved_session p;
    take(t, &p);
    assert_int_equal(p.broke_ms, 0);
    assert_int_equal(p.room_count, 0);
    assert_int_equal(p.missed.len, 0);
    saved_session_fini(&p);
}

static void a_saved_session_is_taken_once(void **state)
{
    (void)state;
    struct held a = make(alice, NULL), b = make(alice, NULL);
    take_none(&a);
    save(&a, 1000);
    take_none(&b);
    take_all(&a);
    take_none(&a);
    assert_int_equal(found(&a), alice); /* the token is still valid */
}

static void a_saved_session_survives_a_restart(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    save(&a, 1000);
    unit_house_restart();
    take_all(&a);
    unit_house_restart();
    take_none(&a);
}

static void what_is_no_line_or_no_capability_is_not_taken(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p;
    save(&a, 1000);
    unit_house_restart_with(
        "UPDATE token SET caps = -1, missed = CAST(char(13, 10) || 'bare' || char(10) || 'es' || char(27) || 'c' ||"
        " char(13, 10) || 'good' || char(13, 10) || 'n' || char(0) || 'l' || char(13, 10) || hex(zeroblob(9000)) ||"
        " char(13, 10) || 'end' AS BLOB)");
    take(&a, &p);
    assert_int_equal(p.caps, (1 << CAPS) - 1);
    assert_string_equal(buf_text(&p.missed), "\r\ngood\r\n");
    saved_session_fini(&p);
}

static void a_session_without_rooms_or_lines_is_saved(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    int64_t broke_ms = p.broke_ms;
    tokens_save(&a.token, &p);
    take(&a, &p);
    assert_int_equal(p.broke_ms, broke_ms);
    assert_int_equal(p.room_count, 0);
    assert_int_equal(p.missed.len, 0);
    saved_session_fini(&p);
}

static void the_last_break_is_the_one_that_counts(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    add_room(&p, "#other", 1);
    tokens_save(&a.token, &p);
    saved_session_fini(&p);
    save(&a, 1000);
    take_all(&a);
}

static void a_session_that_broke_too_long_ago_is_dropped(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    save(&a, 500000);
    take_all(&a);
    save(&a, 601000);
    take_none(&a);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 86400});
    take_none(&a);
    save(&a, 601000);
    take_all(&a);
    tokens_configure(&(struct token_limits){.per_account = 3, .days = 30, .resume_s = 0});
    save(&a, 1000);
    take_none(&a);
}

static void a_saved_session_is_deleted_with_its_token(void **state)
{
    (void)state;
    struct held old = make(alice, NULL);
    save(&old, 1000);
    struct held new = make(alice, &old);
    take_none(&new);
    take_none(&old);
    save(&old, 1000); /* too late */
    take_none(&old);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 0);
}

static void an_invalid_room_is_skipped(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    save(&a, 1000);
    unit_house_restart_with(
        "INSERT INTO token_room (digest, place, room, id) SELECT digest, column1, column2, 1 FROM token,"
        " (VALUES (-1, 'no#room'), (10, ''), (11, '#'), (12, '#two words'),"
        " (13, '#' || hex(zeroblob(100))), (14, '#' || char(10) || 'QUIT'))");
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 9);
    take_all(&a);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 0);
}

static void the_longest_room_name_is_saved(void **state)
{
    char longest[NAME_SIZE] = "#";
    (void)state;
    struct held a = make(alice, NULL);
    struct saved_session p = {.broke_ms = clock_wall_ms()};
    memset(longest + 1, 'x', NAME_LONGEST);
    add_room(&p, longest, 1);
    tokens_save(&a.token, &p);
    saved_session_fini(&p);
    take(&a, &p);
    assert_int_equal(p.room_count, 1);
    assert_string_equal(p.rooms[0].key, longest);
    saved_session_fini(&p);
}

static void ending_a_session_clears_it_and_can_be_repeated(void **state)
{
    struct saved_session p = {.broke_ms = 1, .caps = 2};
    (void)state;
    buf_str(&p.missed, "x");
    add_room(&p, "#a", 1);
    saved_session_fini(&p);
    assert_true(!p.broke_ms && !p.caps && !p.rooms && !p.room_count && !p.missed.data);
    saved_session_fini(&p);
}

/* ---- clean-up ---- */

static void expired_tokens_and_sessions_are_deleted(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    pass_seconds(31 * DAY);
    struct held b = make(bob, NULL), c = make(bob, NULL);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"),
                     3); /* expired, but stored until the clean-up */
    assert_int_equal(found(&a), 0);
    struct held d = make(alice, NULL);
    save(&b, 601000);
    save(&c, 1000);
    tokens_clean_up(); /* after the saved session */
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 3);
    assert_int_equal(unit_house_number("SELECT count(*) FROM token_room"), 3);
    take_all(&c);
    assert_int_equal(found(&b), bob);
    pass_seconds(33 * DAY);
    tokens_clean_up();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM token"), 0);
    assert_int_equal(found(&d), 0);
}

/* ---- a store that fails ---- */

static void a_failed_store_returns_nothing_and_reports_it(void **state)
{
    struct held t = {0};
    struct saved_session p;
    int64_t account = 77;
    (void)state;
    struct held a = make(alice, NULL);
    save(&a, 1000);
    unit_house_settle();
    unit_house_break();
    assert_int_equal(tokens_make(&(struct proof){.account = alice}, &a.token, t.text, &t.token, &waiter),
                     TOKENS_STORAGE);
    assert_int_equal(tokens_find(a.text, &t.token, &account, &waiter), TOKENS_STORAGE);
    assert_int_equal(tokens_check(&a.token, &account, &waiter), TOKENS_STORAGE);
    assert_int_equal(account, 77);
    assert_int_equal(tokens_take(&a.token, &p, &waiter), TOKENS_STORAGE);
    assert_true(!p.broke_ms && !p.room_count && !p.missed.len);
    unit_house_repair();
    assert_int_equal(found(&a), alice); /* it was not replaced */
    take_all(&a);
}

static void a_session_that_breaks_while_the_store_has_failed_is_saved_later(void **state)
{
    (void)state;
    struct held a = make(alice, NULL);
    unit_house_break();
    save(&a, 1000);
    unit_house_repair();
    take_all(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_token_survives_a_restart),
        TEST(tokens_differ_and_only_digests_are_stored),
        TEST(a_new_token_replaces_the_old_one),
        TEST(no_token_is_stored_for_an_unknown_account),
        TEST(no_token_is_made_by_a_session_whose_proof_was_revoked),
        TEST(the_most_recently_used_tokens_of_an_account_stay),
        TEST(a_token_expires_some_days_after_its_last_use),
        TEST(a_saved_session_is_taken_once),
        TEST(a_saved_session_survives_a_restart),
        TEST(what_is_no_line_or_no_capability_is_not_taken),
        TEST(a_session_without_rooms_or_lines_is_saved),
        TEST(the_last_break_is_the_one_that_counts),
        TEST(a_session_that_broke_too_long_ago_is_dropped),
        TEST(a_saved_session_is_deleted_with_its_token),
        TEST(an_invalid_room_is_skipped),
        TEST(the_longest_room_name_is_saved),
        TEST(ending_a_session_clears_it_and_can_be_repeated),
        TEST(expired_tokens_and_sessions_are_deleted),
        TEST(a_failed_store_returns_nothing_and_reports_it),
        TEST(a_session_that_breaks_while_the_store_has_failed_is_saved_later),
    };
    if (!secret_available())
        return 77; /* skipped: this build has no tokens */
    if (secret_start() != 0)
        return 1;
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
