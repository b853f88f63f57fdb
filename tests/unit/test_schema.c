/* SPDX-License-Identifier: ISC */
/* Migrations: each runs once, in order, and entirely or not at all; and which files are refused. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/schema.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *db;
static char why[SCHEMA_ERROR];

static int open_memory(void **state)
{
    (void)state;
    *why = '\0';
    return sqlite3_open(":memory:", &db) == SQLITE_OK ? 0 : -1;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1;
}

static void exec(const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static long long number(const char *sql)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    long long n = sqlite3_column_int64(st, 0);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return n;
}

static int newest(void)
{
    return migrations[migrations_count - 1].number;
}

static void migrations_are_numbered_without_a_gap(void **state)
{
    (void)state;
    assert_true(migrations_count > 0);
    for (unsigned i = 0; i < migrations_count; i++) {
        assert_int_equal(migrations[i].number, i + 1);
        assert_true(strlen(migrations[i].sql) > 0);
    }
}

static void a_new_file_gets_the_newest_schema_and_our_mark(void **state)
{
    (void)state;
    assert_int_equal(schema_apply(db, why), 0);
    assert_int_equal(number("PRAGMA user_version"), newest());
    assert_int_equal(number("PRAGMA application_id"), 0x63686174);
    assert_int_equal(number("SELECT count(*) FROM room"), 0);
    assert_true(sqlite3_get_autocommit(db));
}

static void applying_the_schema_again_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(schema_apply(db, why), 0);
    exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#A', 1, 2)");
    long long changes = sqlite3_total_changes(db);
    assert_int_equal(schema_apply(db, why), 0);
    assert_int_equal(sqlite3_total_changes(db), changes);
    assert_int_equal(number("SELECT count(*) FROM room"), 1);
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
    (void)state;
    char sql[64];
    assert_int_equal(schema_apply(db, why), 0);
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", newest() + 1);
    exec(sql);
    assert_int_equal(schema_apply(db, why), -1);
    assert_non_null(strstr(why, "newer"));
    assert_int_equal(number("PRAGMA user_version"), newest() + 1);
}

static void a_database_of_another_program_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const char *const others[] = {"CREATE TABLE theirs (x)", "PRAGMA user_version = 1",
                                         "PRAGMA application_id = 4711",
                                         "CREATE TABLE room (key); PRAGMA application_id = 4711"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        sqlite3_close(db);
        assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
        exec(others[i]);
        long long id = number("PRAGMA application_id"), tables = number("SELECT count(*) FROM sqlite_schema");
        assert_int_equal(schema_apply(db, why), -1);
        assert_non_null(strstr(why, "another program"));
        assert_int_equal(number("PRAGMA application_id"), id);
        assert_int_equal(number("SELECT count(*) FROM sqlite_schema"), tables);
    }
}

static void a_failed_migration_changes_nothing(void **state)
{
    (void)state;
    /* our mark without our tables, and a table in the way of the first migration's last statement */
    exec("PRAGMA application_id = 1667785076; CREATE TABLE pulse (theirs)");
    assert_int_equal(schema_apply(db, why), -1);
    assert_non_null(strstr(why, "pulse")); /* the message names what is in the way */
    assert_int_equal(number("PRAGMA user_version"), 0);
    assert_int_equal(number("SELECT count(*) FROM sqlite_schema WHERE name = 'room'"), 0);
    assert_true(sqlite3_get_autocommit(db));
}

/* An older database stays one that the older chatd can read. */
static void a_failed_migration_undoes_those_before_it(void **state)
{
    (void)state;
    exec(migrations[0].sql);
    exec("PRAGMA application_id = 1667785076; PRAGMA user_version = 1; CREATE TABLE room_size (theirs)");
    long long tables = number("SELECT count(*) FROM sqlite_schema");
    assert_int_equal(schema_apply(db, why), -1);
    assert_non_null(strstr(why, "room_size"));
    assert_int_equal(number("PRAGMA user_version"), 1);
    assert_int_equal(number("SELECT count(*) FROM sqlite_schema"), tables);
    assert_true(sqlite3_get_autocommit(db));
}

static void tables_are_strict(void **state)
{
    (void)state;
    assert_int_equal(schema_apply(db, why), 0);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#a', 'x', 2)",
                                  NULL, NULL, NULL), SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO room (key, name, created_ms, used_ms, kept) "
                                      "VALUES ('#a', '#a', 1, 2, 7)", NULL, NULL, NULL), SQLITE_CONSTRAINT);
}

/* The whole schema as one text. */
static char *schema_of(void)
{
    static char out[2][32768];
    static int turn;
    sqlite3_stmt *st;
    char *text = out[turn ^= 1];
    size_t n = 0;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", -1, &st, NULL),
                     SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        n += (size_t)snprintf(text + n, sizeof out[0] - n, "%s %s %s\n", sqlite3_column_text(st, 0),
                              sqlite3_column_text(st, 1), sqlite3_column_text(st, 2));
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return text;
}

/* Makes a database of that version, with a row in each of its tables. */
static void make_version(int version)
{
    static const char *const contents[] = {
        "INSERT INTO room (key, name, topic, created_ms, used_ms, kept) VALUES ('#a', '#A', 'tea', 1, 2, 1);"
        " INSERT INTO pulse (id, beat_ms) VALUES (1, 5)",
        "INSERT INTO message (room, id, time_ms, name, text) VALUES ('#a', 2000000, 3, 'bob', 'one'),"
        " ('#a', 2000001, 4, 'bob', 'two')",
        "INSERT INTO account (key, name, hash, created_ms, seen_ms) VALUES ('ann', 'Ann', 'h', 5, 6);"
        " INSERT INTO invitation (digest, expires_ms) VALUES (x'01', 7)",
        "INSERT INTO message (room, id, time_ms, name, text, kind) VALUES ('#a', 2000002, 5, 'bob', 'waves', 1)",
        "INSERT INTO room_option (room, option, value) VALUES ('#a', 'slow', '5');"
        " INSERT INTO room_role (room, account, role) VALUES ('#a', 1, 4);"
        " INSERT INTO room_sanction (room, kind, shown, name) VALUES ('#a', 1, 'Eve', 'eve')",
        "INSERT INTO mail (account, time_ms, name, text) VALUES (1, 8, 'bob', 'psst');"
        " INSERT INTO mark (account, room, id) VALUES (1, '#a', 2000001);"
        " INSERT INTO token (digest, account, used_ms) VALUES (x'02', 1, 9);"
        " INSERT INTO token_room (digest, place, room, id) VALUES (x'02', 0, '#a', 2000001)",
        "UPDATE search SET low = 2, high = 3",
        "UPDATE room SET topic_by = 'Ann', topic_ms = 4",
        "INSERT INTO certificate (account, fingerprint, added_ms) SELECT 1, printf('%064d', 7), 10;"
        " UPDATE account SET era = 3",
        "UPDATE mail SET kind = 1",
        "UPDATE room SET maker = '=9'; UPDATE date SET ms = 7, number_ms = 8",
        "UPDATE search SET low = 2; INSERT INTO message_times (block, least_ms, most_ms) VALUES (0, 3, 5)",
        "INSERT INTO speaker_size (room, day, name, messages, bytes) VALUES ('#a', 1, 'bob', 1, 131)",
        "INSERT INTO account (key, name, hash, created_ms, seen_ms, keeps) VALUES ('bob', 'Bob', 'h', 5, 6, 0);"
        " INSERT INTO dialogue (key, low, high, last_ms) SELECT printf('@%016x%016x', 1, id), 1, id, 8 FROM account"
        " WHERE key = 'bob'; UPDATE mail SET id = 7",
        "UPDATE mark SET read_ms = 4; UPDATE dialogue SET high_read_ms = 8",
        "INSERT INTO server_ban (kind, is_network, target, until_ms, made_ms, reason, by)"
        " VALUES (1, 0, 'eve', 0, 9, 'spam', 'op')",
    };
    char mark[96];
    assert_true(version <= (int)(sizeof contents / sizeof contents[0])); /* a new schema needs its line here */
    for (int i = 0; i < version; i++) {
        exec(migrations[i].sql);
        exec(contents[i]);
    }
    snprintf(mark, sizeof mark, "PRAGMA application_id = 1667785076; PRAGMA user_version = %d", version);
    exec(mark);
}

static void check_contents(int version)
{
    assert_int_equal(
        number("SELECT count(*) FROM room WHERE name = '#A' AND topic = 'tea' AND created_ms = 1 AND kept"), 1);
    assert_int_equal(number("SELECT count(*) FROM room WHERE topic_by = 'Ann' AND topic_ms = 4"), version >= 8);
    assert_int_equal(number("SELECT count(*) FROM room WHERE topic_by = '' AND topic_ms = 0"), version < 8);
    assert_int_equal(number("SELECT count(*) FROM message WHERE kind = 0"), version >= 2 ? 2 : 0);
    assert_int_equal(number("SELECT count(*) FROM account JOIN invitation WHERE key = 'ann'"), version >= 3);
    assert_int_equal(number("SELECT count(*) FROM message WHERE kind = 1"), version >= 4);
    assert_int_equal(number("SELECT count(*) FROM room_option JOIN room_role JOIN room_sanction"), version >= 5);
    assert_int_equal(number("SELECT count(*) FROM mail JOIN mark JOIN token JOIN token_room"), version >= 6);
    assert_int_equal(number("SELECT count(*) FROM certificate"), version >= 9);
    assert_int_equal(number("SELECT total(era) FROM account"), version >= 9 ? 3 : 0);
    assert_int_equal(number("SELECT count(*) FROM mail WHERE kind = 1"), version >= 10);
    assert_int_equal(number("SELECT count(*) FROM room WHERE maker = '=9'"), version >= 11);
    assert_int_equal(number("SELECT count(*) FROM room WHERE maker = '' AND kept"), version < 11);
    int newest_ms = version >= 6 ? 9 : version >= 3 ? 6 : version >= 2 ? 4 : 2; /* of the rows above */
    assert_int_equal(number("SELECT number_ms FROM date"), version >= 11 ? 8 : newest_ms);
    assert_int_equal(number("SELECT count(*) FROM search"), 1);
    long long n = number("SELECT coalesce(max(n), 0) FROM message"); /* everything is still to be indexed */
    assert_int_equal(number("SELECT low FROM search"), version >= 12 ? 2 : n + 1);
    assert_int_equal(number("SELECT count(*) FROM message_times"), version >= 12);
    assert_int_equal(number("SELECT total(messages) FROM room_size"), number("SELECT count(*) FROM message"));
    assert_int_equal(number("SELECT total(bytes) FROM room_size"),
                     number("SELECT total(128 + length(name) + length(text)) FROM message"));
    assert_int_equal(number("SELECT count(*) FROM speaker_size"), version >= 13);
    assert_int_equal(number("SELECT high FROM search"), n);
    assert_int_equal(number("SELECT count(*) FROM account WHERE key = 'ann' AND keeps"), version >= 3);
    assert_int_equal(number("SELECT count(*) FROM dialogue JOIN account ON high = id WHERE NOT keeps"), version >= 14);
    assert_int_equal(number("SELECT count(*) FROM mail WHERE id = 7"), version >= 14);
    assert_int_equal(number("SELECT total(read_ms) FROM mark"), version >= 15 ? 4 : 0);
    assert_int_equal(number("SELECT total(low_read_ms + high_read_ms) FROM dialogue"), version >= 15 ? 8 : 0);
    assert_int_equal(number("SELECT count(*) FROM server_ban"), version >= 16);
}

static void a_database_of_each_version_keeps_its_contents(void **state)
{
    assert_int_equal(schema_apply(db, why), 0);
    const char *want = schema_of();
    for (int version = 1; version <= newest(); version++) {
        close_memory(state);
        open_memory(state);
        make_version(version);
        assert_int_equal(schema_apply(db, why), 0);
        const char *got = schema_of();
        assert_string_equal(got, want);
        want = got; /* the two buffers alternate */
        assert_int_equal(number("PRAGMA user_version"), newest());
        check_contents(version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
        cmocka_unit_test(migrations_are_numbered_without_a_gap),
        TEST(a_new_file_gets_the_newest_schema_and_our_mark),
        TEST(applying_the_schema_again_changes_nothing),
        TEST(a_newer_schema_is_refused_and_left_alone),
        TEST(a_database_of_another_program_is_refused_and_left_alone),
        TEST(a_failed_migration_changes_nothing),
        TEST(a_failed_migration_undoes_those_before_it),
        TEST(tables_are_strict),
        TEST(a_database_of_each_version_keeps_its_contents),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
