/* SPDX-License-Identifier: ISC */
/* Tokens and saved sessions on disk: which tokens stay, what is saved of a session, and that it is taken once. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store_tokens.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MANY 1000

static sqlite3 *db;

/* Two accounts. */
static int set_up(void **state)
{
    (void)state;
    db = unit_db_open();
    unit_db_accounts(db);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_db_close(db);
    return 0;
}

/* The digest for a letter; two digests differ in one byte in the middle, with zeros around it. */
static const void *digest(char letter)
{
    static unsigned char all[256][TOKEN_DIGEST];
    all[(unsigned char)letter][TOKEN_DIGEST / 2] = (unsigned char)letter;
    return all[(unsigned char)letter];
}

static bool add(char letter, int64_t account, int64_t now_ms, int most)
{
    bool added;
    assert_int_equal(store_tokens_add(db, digest(letter), account, now_ms, most, &added), SQLITE_OK);
    return added;
}

/* The account, or 0; this does not count as use of the token. */
static int64_t owner(char letter)
{
    sqlite3_stmt *st = NULL;
    int64_t account = 0;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT account FROM token WHERE digest = ?1", -1, &st, NULL), SQLITE_OK);
    sqlite3_bind_blob(st, 1, digest(letter), TOKEN_DIGEST, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW)
        account = sqlite3_column_int64(st, 0);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return account;
}

/* The tokens of exactly these letters exist. */
static void expect_tokens(const char *want)
{
    char found[32] = "";
    for (char letter = 'a'; letter <= 'f'; letter++)
        if (owner(letter))
            strncat(found, &letter, 1);
    assert_string_equal(found, want);
}

static int64_t find(char letter, int64_t since_ms, int64_t now_ms)
{
    int64_t account = -1;
    assert_int_equal(store_tokens_find(db, digest(letter), since_ms, now_ms, &account), SQLITE_OK);
    return account;
}

/* ---- tokens ---- */

static void a_token_finds_the_account_it_was_made_for(void **state)
{
    (void)state;
    assert_int_equal(find('a', 0, 1), 0);
    assert_true(add('a', 7, 100, MANY));
    assert_true(add('b', 8, 100, MANY));
    assert_int_equal(find('a', 0, 100), 7);
    assert_int_equal(find('b', 0, 100), 8);
    assert_int_equal(find('c', 0, 100), 0);
}

static void no_token_is_written_for_an_unknown_account(void **state)
{
    (void)state;
    assert_false(add('a', 9, 100, MANY));
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM token"), 0);
}

static void an_unused_token_expires(void **state)
{
    (void)state;
    add('a', 7, 100, MANY);
    assert_int_equal(find('a', 101, 500), 0);
    assert_int_equal(find('a', 100, 500), 7);
}

static void a_successful_lookup_counts_as_use_and_a_failed_one_does_not(void **state)
{
    (void)state;
    add('a', 7, 100, MANY);
    assert_int_equal(find('a', 101, 500), 0);
    assert_int_equal(unit_db_number(db, "SELECT used_ms FROM token"), 100);
    assert_int_equal(find('a', 100, 500), 7);
    assert_int_equal(unit_db_number(db, "SELECT used_ms FROM token"), 500);
    assert_int_equal(find('a', 500, 600), 7);
}

static void a_new_token_drops_the_least_recently_used_of_its_account(void **state)
{
    (void)state;
    add('a', 7, 100, 3);
    add('b', 7, 101, 3);
    add('c', 7, 102, 3);
    add('d', 8, 1, 3);
    assert_int_equal(find('a', 0, 103), 7);
    add('e', 7, 104, 3); /* b is the least recently used */
    expect_tokens("acde");
    add('f', 7, 105, 1); /* a lowered limit */
    expect_tokens("df");
}

static void a_new_token_does_not_affect_other_accounts(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    add('b', 8, 99, MANY);
    assert_true(add('c', 7, 200, 1));
    expect_tokens("bc");
}

static void a_removed_token_is_gone_and_the_others_stay(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    add('b', 7, 1, MANY);
    add('c', 7, 1, MANY);
    add('d', 8, 1, MANY);
    assert_int_equal(store_tokens_remove(db, digest('a')), SQLITE_OK);
    assert_int_equal(store_tokens_remove(db, digest('a')), SQLITE_OK); /* unknown: no error */
    expect_tokens("bcd");
    assert_int_equal(store_tokens_remove_all(db, 7), SQLITE_OK);
    expect_tokens("d");
}

/* ---- saved sessions ---- */

static void save(char letter, struct saved_row row, const char *const rooms[], int n)
{
    struct saved_room_row r[16];
    for (int i = 0; i < n; i++)
        r[i] = (struct saved_room_row){rooms[i], ((uint64_t)1 << 60) + (uint64_t)i};
    assert_int_equal(store_tokens_save(db, digest(letter), &row, r, n), SQLITE_OK);
}

static struct saved_row taken;
static char missed[70000], rooms_taken[256];

static void note(const struct saved_row *row, void *arg)
{
    assert_ptr_equal(arg, &db);
    assert_int_equal(taken.broke_ms, 0); /* once, and before the rooms */
    assert_string_equal(rooms_taken, "");
    assert_true(row->missed_size <= sizeof missed);
    taken = *row;
    if (row->missed_size)
        memcpy(missed, row->missed, row->missed_size);
}

static void note_room(const struct saved_room_row *row, void *arg)
{
    size_t n = strlen(rooms_taken);
    assert_ptr_equal(arg, &db);
    snprintf(rooms_taken + n, sizeof rooms_taken - n, "%s+%d ", row->room, (int)(row->id - ((uint64_t)1 << 60)));
}

/* True if a session was saved. */
static bool take(char letter, int64_t since_ms)
{
    taken = (struct saved_row){0};
    *rooms_taken = '\0';
    assert_int_equal(store_tokens_take(db, digest(letter), since_ms, note, note_room, &db), SQLITE_OK);
    return taken.broke_ms != 0;
}

static const char *const abc[] = {"#c", "#a", "#b"};

static void a_saved_session_is_taken_with_its_rooms_in_order(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    add('b', 7, 1, MANY);
    save('a', (struct saved_row){500, 0x80000001u, "one\r\n", 5}, abc, 3);
    assert_false(take('b', 0));
    assert_string_equal(rooms_taken, "");
    assert_true(take('a', 0));
    assert_int_equal(taken.broke_ms, 500);
    assert_int_equal(taken.caps, 0x80000001u);
    assert_int_equal(taken.missed_size, 5);
    assert_memory_equal(missed, "one\r\n", 5);
    assert_string_equal(rooms_taken, "#c+0 #a+1 #b+2 ");
}

static void a_saved_session_is_taken_once_and_the_token_stays(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    assert_true(take('a', 0));
    assert_false(take('a', 0));
    assert_string_equal(rooms_taken, "");
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM token_room"), 0);
    assert_int_equal(unit_db_number(db, "SELECT length(missed) + caps FROM token"), 0);
    assert_int_equal(find('a', 0, 2), 7);
}

static void a_session_that_broke_too_long_ago_is_dropped(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    assert_false(take('a', 501));
    assert_string_equal(rooms_taken, "");
    assert_false(take('a', 0));
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    assert_true(take('a', 500));
}

static void a_later_save_replaces_the_earlier_one(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    save('a', (struct saved_row){600, 2, "", 0}, abc + 1, 1);
    assert_true(take('a', 0));
    assert_int_equal(taken.broke_ms, 600);
    assert_int_equal(taken.caps, 2);
    assert_int_equal(taken.missed_size, 0);
    assert_string_equal(rooms_taken, "#a+0 ");
}

static void lines_are_restored_to_the_byte(void **state)
{
    static char lines[sizeof missed];
    uint64_t seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = (char)unit_random(&seed);
    memcpy(lines, "\0\xff\r\n'\"\0", 7);
    add('a', 7, 1, MANY);
    save('a', (struct saved_row){500, 0, lines, sizeof lines}, NULL, 0);
    assert_true(take('a', 0));
    assert_int_equal(taken.missed_size, sizeof lines);
    assert_memory_equal(missed, lines, sizeof lines);
}

static void lines_are_forgotten_and_rooms_are_not(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    assert_int_equal(store_tokens_forget_missed(db), SQLITE_OK);
    assert_true(take('a', 0));
    assert_int_equal(taken.missed_size, 0);
    assert_string_equal(rooms_taken, "#c+0 #a+1 #b+2 ");
}

static void nothing_is_saved_for_an_unknown_token(void **state)
{
    (void)state;
    save('a', (struct saved_row){500, 1, "one\r\n", 5}, abc, 3);
    assert_int_equal(unit_db_number(db, "SELECT (SELECT count(*) FROM token) + (SELECT count(*) FROM token_room)"), 0);
    assert_false(take('a', 0));
}

static void sessions_are_deleted_with_their_token_and_tokens_with_accounts(void **state)
{
    (void)state;
    for (const char *p = "abcd"; *p; p++) {
        add(*p, *p == 'd' ? 8 : 7, 1, MANY);
        save(*p, (struct saved_row){500, 1, "", 0}, abc, 3);
    }
    assert_int_equal(store_tokens_remove(db, digest('a')), SQLITE_OK);
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM token_room"), 9);
    unit_db_exec(db, "DELETE FROM account WHERE id = 7");
    expect_tokens("d");
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM token_room"), 3);
}

static void old_sessions_and_old_tokens_are_deleted_in_two_steps(void **state)
{
    (void)state;
    for (const char *p = "abc"; *p; p++) {
        add(*p, 7, *p == 'a' ? 99 : 100, MANY);
        save(*p, (struct saved_row){*p == 'b' ? 499 : 500, 1, "one\r\n", 5}, abc, 3);
    }
    add('d', 7, 100, MANY); /* its connection did not break */
    assert_int_equal(store_tokens_forget_old(db, 100, 500), SQLITE_OK);
    expect_tokens("bcd");
    assert_int_equal(unit_db_number(db, "SELECT count(*) FROM token_room"), 3);
    assert_int_equal(unit_db_number(db, "SELECT sum(length(missed)) FROM token"), 5);
    assert_false(take('b', 0));
    assert_true(take('c', 0));
    assert_string_equal(rooms_taken, "#c+0 #a+1 #b+2 ");
}

/* ---- errors ---- */

static void every_call_fails_with(int rc)
{
    static const struct saved_row row = {500, 1, "", 0};
    bool added = true;
    int64_t account = 7;
    assert_int_equal(store_tokens_add(db, digest('b'), 7, 1, MANY, &added), rc);
    assert_false(added);
    assert_int_equal(store_tokens_remove(db, digest('a')), rc);
    assert_int_equal(store_tokens_remove_all(db, 7), rc);
    assert_int_equal(store_tokens_find(db, digest('a'), 0, 1, &account), rc);
    assert_int_equal(account, 0);
    assert_int_equal(store_tokens_save(db, digest('a'), &row, NULL, 0), rc);
    assert_int_equal(store_tokens_take(db, digest('a'), 0, note, note_room, &db), rc);
    assert_int_equal(store_tokens_forget_old(db, 1, 1), rc);
}

static void a_refused_write_is_reported(void **state)
{
    (void)state;
    add('a', 7, 1, MANY);
    unit_db_exec(db, "PRAGMA query_only = ON");
    every_call_fails_with(SQLITE_READONLY);
}

static void a_database_error_is_reported(void **state)
{
    static const struct saved_row row = {500, 1, "", 0};
    static const struct saved_room_row room = {"#a", 1};
    (void)state;
    add('a', 7, 1, MANY);
    taken = (struct saved_row){0};
    *rooms_taken = '\0';
    unit_db_exec(db, "DROP TABLE token_room");
    assert_int_equal(store_tokens_save(db, digest('a'), &row, &room, 1), SQLITE_ERROR);
    assert_int_equal(store_tokens_take(db, digest('a'), 0, note, note_room, &db), SQLITE_ERROR);
    assert_int_equal(store_tokens_forget_old(db, 0, 0), SQLITE_ERROR);
    unit_db_exec(db, "DROP TABLE token");
    every_call_fails_with(SQLITE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_token_finds_the_account_it_was_made_for),
        TEST(no_token_is_written_for_an_unknown_account),
        TEST(an_unused_token_expires),
        TEST(a_successful_lookup_counts_as_use_and_a_failed_one_does_not),
        TEST(a_new_token_drops_the_least_recently_used_of_its_account),
        TEST(a_new_token_does_not_affect_other_accounts),
        TEST(a_removed_token_is_gone_and_the_others_stay),
        TEST(a_saved_session_is_taken_with_its_rooms_in_order),
        TEST(a_saved_session_is_taken_once_and_the_token_stays),
        TEST(a_session_that_broke_too_long_ago_is_dropped),
        TEST(a_later_save_replaces_the_earlier_one),
        TEST(lines_are_restored_to_the_byte),
        TEST(lines_are_forgotten_and_rooms_are_not),
        TEST(nothing_is_saved_for_an_unknown_token),
        TEST(sessions_are_deleted_with_their_token_and_tokens_with_accounts),
        TEST(old_sessions_and_old_tokens_are_deleted_in_two_steps),
        TEST(a_refused_write_is_reported),
        TEST(a_database_error_is_reported),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
