/* SPDX-License-Identifier: ISC */
/* Options, roles and bans on disk: what is written, replaced and loaded again, and that nothing is written for an
 * unknown room or account. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store_rules.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RUDE "'); DROP TABLE room; -- \" %s \xc3\xa9"

static sqlite3 *db;
static bool there;

/* Two rooms, two accounts. */
static int set_up(void **state)
{
    (void)state;
    db = unit_db_open();
    unit_db_exec(db, "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#b', '#b', 0, 0), ('#a', '#A', 0, 0)");
    unit_db_accounts(db);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_db_close(db);
    return 0;
}

static char seen[4096];

static void note_option(const char *room, const char *option, const char *value, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &db);
    snprintf(seen + n, sizeof seen - n, "%s %s=%s\n", room, option, value);
}

static void note_role(const char *room, int64_t account, int role, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &db);
    snprintf(seen + n, sizeof seen - n, "%s %d is %d\n", room, (int)account, role);
}

static void note_ban(const char *room, const struct ban_row *row, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &db);
    snprintf(seen + n, sizeof seen - n, "%s %d %s: %d %s %s until %d, %s by %s\n", room, row->kind, row->shown,
             (int)row->account, row->name, row->host, (int)row->until_ms, row->reason, row->by);
}

static const struct rules_loader loader = {note_option, note_role, note_ban};

static void expect(const char *want)
{
    *seen = '\0';
    assert_int_equal(store_rules_load(db, &loader, &db), SQLITE_OK);
    assert_string_equal(seen, want);
}

static void set(const char *room, const char *option, const char *value)
{
    there = false;
    assert_int_equal(store_rules_option(db, room, option, value, &there), SQLITE_OK);
    assert_true(there);
}

static void give(const char *room, int64_t account, int role)
{
    there = false;
    assert_int_equal(store_rules_role(db, room, account, role, &there), SQLITE_OK);
    assert_true(there);
}

static struct ban_row against(int kind, const char *shown, int64_t until_ms)
{
    return (struct ban_row){.kind = kind, .shown = shown, .name = "", .host = "", .until_ms = until_ms, .reason = "",
                                 .by = "op"};
}

static void write_ban(const char *room, struct ban_row row, int64_t now_ms)
{
    there = false;
    assert_int_equal(store_rules_ban(db, room, &row, now_ms, &there), SQLITE_OK);
    assert_true(there);
}

static void an_option_is_written_replaced_and_removed(void **state)
{
    (void)state;
    expect("");
    set("#a", "slow", "30");
    set("#b", "slow", "60");
    set("#a", "key", RUDE);
    expect("#a key=" RUDE "\n#a slow=30\n#b slow=60\n");
    set("#a", "slow", "5");
    expect("#a key=" RUDE "\n#a slow=5\n#b slow=60\n");
    set("#a", "slow", NULL);
    set("#a", "slow", NULL); /* it already has the default */
    expect("#a key=" RUDE "\n#b slow=60\n");
}

static void a_role_is_given_changed_and_removed(void **state)
{
    (void)state;
    give("#a", 8, 1);
    give("#b", 7, 4);
    give("#a", 7, 3);
    expect("#a 7 is 3\n#a 8 is 1\n#b 7 is 4\n");
    give("#a", 7, 2);
    give("#a", 8, 0);
    give("#a", 8, 0);
    expect("#a 7 is 2\n#b 7 is 4\n");
}

static void a_ban_is_written_with_all_its_fields(void **state)
{
    (void)state;
    write_ban("#b", (struct ban_row){1, "Bob", 8, "bob", "192.0.2.7", 9000, "spam", "Alice"}, 0);
    write_ban("#a", (struct ban_row){2, RUDE, 0, RUDE, RUDE, 0, RUDE, RUDE}, 0);
    expect("#a 2 " RUDE ": 0 " RUDE " " RUDE " until 0, " RUDE " by " RUDE "\n"
           "#b 1 Bob: 8 bob 192.0.2.7 until 9000, spam by Alice\n");
}

static void a_ban_replaces_one_of_its_kind_with_the_same_shown_target(void **state)
{
    (void)state;
    write_ban("#a", against(1, "Bob", 5000), 0);
    write_ban("#a", against(2, "Bob", 0), 0);
    write_ban("#b", against(1, "Bob", 6000), 0);
    write_ban("#a", against(1, "bOB", 7000), 0);
    expect("#a 1 bOB: 0   until 7000,  by op\n#a 2 Bob: 0   until 0,  by op\n#b 1 Bob: 0   until 6000,  by op\n");
}

static void a_new_ban_deletes_the_expired_ones_of_its_room(void **state)
{
    (void)state;
    write_ban("#a", against(1, "a", 999), 0);
    write_ban("#a", against(2, "b", 1000), 0);
    write_ban("#a", against(1, "c", 1001), 0);
    write_ban("#a", against(1, "d", 0), 0);
    write_ban("#b", against(1, "a", 999), 0);
    write_ban("#a", against(1, "e", 2000), 1000);
    expect("#a 1 c: 0   until 1001,  by op\n#a 1 d: 0   until 0,  by op\n#a 1 e: 0   until 2000,  by op\n"
           "#b 1 a: 0   until 999,  by op\n");
}

static void only_the_lifted_ban_is_deleted(void **state)
{
    (void)state;
    write_ban("#a", against(1, "Bob", 0), 0);
    write_ban("#a", against(2, "Bob", 0), 0);
    write_ban("#a", against(1, "Bobby", 0), 0);
    write_ban("#b", against(1, "Bob", 0), 0);
    assert_int_equal(store_rules_unban(db, "#a", 1, "BOB"), SQLITE_OK);
    assert_int_equal(store_rules_unban(db, "#a", 1, "BOB"), SQLITE_OK); /* unknown: no error */
    expect("#a 1 Bobby: 0   until 0,  by op\n#a 2 Bob: 0   until 0,  by op\n#b 1 Bob: 0   until 0,  by op\n");
}

static struct ban_row against_account(int kind, const char *shown, int64_t account)
{
    struct ban_row row = against(kind, shown, 0);
    row.account = account;
    return row;
}

static void a_ban_replaces_one_of_its_kind_for_the_same_account(void **state)
{
    (void)state;
    write_ban("#a", against(1, "guest", 0), 0);
    write_ban("#a", against_account(1, "bob", 8), 0);
    write_ban("#a", against_account(2, "bob", 8), 0);
    write_ban("#b", against_account(1, "bob", 8), 0);
    write_ban("#a", against_account(1, "carol", 9), 0);
    write_ban("#a", against_account(1, "robert", 8), 0);
    write_ban("#a", against(1, "other", 0), 0);
    expect("#a 1 carol: 9   until 0,  by op\n#a 1 guest: 0   until 0,  by op\n#a 1 other: 0   until 0,  by op\n"
           "#a 1 robert: 8   until 0,  by op\n#a 2 bob: 8   until 0,  by op\n#b 1 bob: 8   until 0,  by op\n");
}

static void lifting_a_ban_deletes_duplicates_for_the_same_account(void **state)
{
    (void)state;
    unit_db_exec(db, "INSERT INTO room_sanction (room, kind, shown, account) VALUES ('#a', 1, 'bob', 8),"
                     " ('#a', 1, 'robert', 8), ('#a', 2, 'robert', 8), ('#b', 1, 'robert', 8), ('#a', 1, 'guest', 0),"
                     " ('#a', 1, 'other', 0)");
    assert_int_equal(store_rules_unban(db, "#a", 1, "BOB"), SQLITE_OK);
    assert_int_equal(store_rules_unban(db, "#a", 1, "guest"), SQLITE_OK);
    expect("#a 1 other: 0   until 0,  by \n#a 2 robert: 8   until 0,  by \n#b 1 robert: 8   until 0,  by \n");
}

static void nothing_is_written_for_an_unknown_room(void **state)
{
    struct ban_row row = against(1, "Bob", 0);
    (void)state;
    there = true;
    assert_int_equal(store_rules_option(db, "#c", "slow", "30", &there), SQLITE_OK);
    assert_false(there);
    there = true;
    assert_int_equal(store_rules_role(db, "#c", 7, 3, &there), SQLITE_OK);
    assert_false(there);
    there = true;
    assert_int_equal(store_rules_ban(db, "#c", &row, 0, &there), SQLITE_OK);
    assert_false(there);
    assert_int_equal(store_rules_option(db, "#c", "slow", NULL, &there), SQLITE_OK);
    assert_int_equal(store_rules_role(db, "#c", 7, 0, &there), SQLITE_OK);
    assert_int_equal(store_rules_unban(db, "#c", 1, "Bob"), SQLITE_OK);
    expect("");
}

static void no_role_is_written_for_an_unknown_account(void **state)
{
    (void)state;
    there = true;
    assert_int_equal(store_rules_role(db, "#a", 9, 3, &there), SQLITE_OK);
    assert_false(there);
    expect("");
}

static void rules_are_deleted_with_their_room(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *room = i ? "#b" : "#a";
        set(room, "slow", "30");
        give(room, 7, 4);
        write_ban(room, against(1, "Bob", 0), 0);
    }
    unit_db_exec(db, "DELETE FROM room WHERE key = '#a'");
    expect("#b slow=30\n#b 7 is 4\n#b 1 Bob: 0   until 0,  by op\n");
}

static void roles_but_no_bans_are_deleted_with_their_account(void **state)
{
    struct ban_row row = against(1, "Alice", 0);
    (void)state;
    row.account = 7;
    give("#a", 7, 4);
    give("#a", 8, 3);
    write_ban("#a", row, 0);
    unit_db_exec(db, "DELETE FROM account WHERE id = 7");
    expect("#a 8 is 3\n#a 1 Alice: 7   until 0,  by op\n");
}

static void a_refused_write_is_reported_and_clears_there(void **state)
{
    struct ban_row row = against(1, "Bob", 0);
    (void)state;
    unit_db_exec(db, "PRAGMA query_only = ON");
    there = true;
    assert_int_equal(store_rules_option(db, "#a", "slow", "30", &there), SQLITE_READONLY);
    assert_false(there);
    there = true;
    assert_int_equal(store_rules_role(db, "#a", 7, 3, &there), SQLITE_READONLY);
    assert_false(there);
    assert_int_equal(store_rules_option(db, "#a", "slow", NULL, &there), SQLITE_READONLY);
    assert_int_equal(store_rules_role(db, "#a", 7, 0, &there), SQLITE_READONLY);
    assert_int_equal(store_rules_ban(db, "#a", &row, 0, &there), SQLITE_READONLY);
    assert_int_equal(store_rules_unban(db, "#a", 1, "Bob"), SQLITE_READONLY);
}

static void a_database_error_is_reported(void **state)
{
    static const char *const tables[] = {"room_option", "room_role", "room_sanction"};
    struct ban_row row = against(1, "Bob", 0);
    (void)state;
    for (int i = 2; i >= 0; i--) {
        char sql[64];
        snprintf(sql, sizeof sql, "DROP TABLE %s", tables[i]);
        unit_db_exec(db, sql);
        assert_int_equal(store_rules_load(db, &loader, &db), SQLITE_ERROR);
    }
    assert_int_equal(store_rules_option(db, "#a", "slow", "30", &there), SQLITE_ERROR);
    assert_int_equal(store_rules_role(db, "#a", 7, 3, &there), SQLITE_ERROR);
    assert_int_equal(store_rules_ban(db, "#a", &row, 0, &there), SQLITE_ERROR);
    assert_int_equal(store_rules_unban(db, "#a", 1, "Bob"), SQLITE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_option_is_written_replaced_and_removed),
        TEST(a_role_is_given_changed_and_removed),
        TEST(a_ban_is_written_with_all_its_fields),
        TEST(a_ban_replaces_one_of_its_kind_with_the_same_shown_target),
        TEST(a_new_ban_deletes_the_expired_ones_of_its_room),
        TEST(only_the_lifted_ban_is_deleted),
        TEST(a_ban_replaces_one_of_its_kind_for_the_same_account),
        TEST(lifting_a_ban_deletes_duplicates_for_the_same_account),
        TEST(nothing_is_written_for_an_unknown_room),
        TEST(no_role_is_written_for_an_unknown_account),
        TEST(rules_are_deleted_with_their_room),
        TEST(roles_but_no_bans_are_deleted_with_their_account),
        TEST(a_refused_write_is_reported_and_clears_there),
        TEST(a_database_error_is_reported),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
