/* SPDX-License-Identifier: ISC */
/* The index of words: what is found and what is not, how it follows the messages, and that it loses what they lose. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/schema.h"
#include "store/store.h"
#include "store/store_search.h"
#include "store/terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLICE (1 << 18)

static sqlite3 *db;

static void exec(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static long long number(const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    long long n = sqlite3_column_int64(st, 0);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return n;
}

/* As the store opens it: what is forbidden there is forbidden here. */
static int open_memory(void **state)
{
    char why[SCHEMA_ERROR];
    int flag;
    (void)state;
    store_search_start();
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return -1;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
    exec("PRAGMA trusted_schema = OFF");
    if (store_search_missing(db) || schema_apply(db, why) != 0)
        return -1;
    exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#A', 0, 0), ('#b', '#b', 0, 0)");
    return 0;
}

static int close_memory(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails when a statement was left open */
}

/* A message with the next number, said at its number in seconds. */
static void say(const char *room, const char *name, const char *text)
{
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "INSERT INTO message (room, id, time_ms, name, text) SELECT ?1, coalesce(max(n), 0) + 1,"
                                        " 1000 * (coalesce(max(n), 0) + 1), ?2, ?3 FROM message",
                                        -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, room, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 3, text, -1, SQLITE_STATIC);
    sqlite3_step(st);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static bool step(void)
{
    bool more;
    if (store_search_index(db, 0, &more) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    return more;
}

static void index_all(void)
{
    while (step())
        ;
}

static bool all_may_be_read(const char *key, void *arg)
{
    (void)arg;
    assert_true(*key == '#');
    return true;
}

static bool only_b_may_be_read(const char *key, void *arg)
{
    (void)arg;
    return strcmp(key, "#b") == 0;
}

static char seen[4096];
static int wanted; /* 0: all */
static enum search_end ended;

static bool note(const struct message_row *row, void *arg)
{
    size_t n = strlen(seen);
    (void)arg;
    snprintf(seen + n, sizeof seen - n, "%s%lld ", row->room, (long long)row->id);
    return --wanted != 0;
}

static struct search_ask ask_for(const char *words, struct buf *match)
{
    char copy[8192], *rest;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        terms_match(match, w);
    return (struct search_ask){.match = buf_text(match), .before_ms = INT64_MAX, .until_ms = clock_ms() + 10000,
                               .may_read = all_may_be_read};
}

static void look(const struct search_ask *ask)
{
    *seen = '\0';
    if (store_search_read(db, ask, note, NULL, &ended) != SQLITE_OK)
        fail_msg("%s: %s", ask->match, sqlite3_errmsg(db));
}

static void expect(const char *words, const char *want)
{
    struct buf match = {0};
    struct search_ask ask = ask_for(words, &match);
    look(&ask);
    if (strcmp(seen, want) != 0)
        fail_msg("%s: found %s, not %s", words, seen, want);
    buf_fini(&match);
}

/* ---- what is found ---- */

static void words_are_found_the_newest_first(void **state)
{
    (void)state;
    say("#a", "bob", "the red house");
    say("#b", "bob", "the blue house");
    say("#a", "bob", "a tree");
    index_all();
    expect("house", "#b2 #A1 ");
    expect("HOUSE the", "#b2 #A1 ");
    expect("red house", "#A1 ");
    expect("house red", "#A1 ");
    expect("red tree", "");
    expect("hous", "");
    assert_int_equal(ended, SEARCH_ALL);
}

static void accents_and_case_make_no_difference(void **state)
{
    (void)state;
    say("#a", "bob", "un caf\xc3\xa9 cr\xc3\xa8me");
    say("#a", "bob", "CAFE");
    say("#a", "bob", "cafe\xcc\x81"); /* the accent as a character of its own */
    index_all();
    expect("cafe", "#A3 #A2 #A1 ");
    expect("caf\xc3\xa9", "#A3 #A2 #A1 ");
    expect("CR\xc3\x88ME", "#A1 ");
}

static void a_word_finds_its_start_with_a_star(void **state)
{
    (void)state;
    say("#a", "bob", "station");
    say("#a", "bob", "state of things");
    say("#a", "bob", "sta");
    index_all();
    expect("stat*", "#A2 #A1 ");
    expect("sta*", "#A3 #A2 #A1 ");
    expect("stat* th*", "#A2 ");
    expect("tat*", "");
    expect("state-of-th*", "#A2 ");
}

static void chinese_and_japanese_are_found_by_any_part(void **state)
{
    (void)state;
    say("#a", "bob", "\xe6\x88\x91\xe4\xbd\x8f\xe5\x9c\xa8\xe5\x8c\x97\xe4\xba\xac\xe5\xb8\x82");                         /* 我住在北京市 */
    say("#a", "bob", "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab\xe8\xa1\x8c\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x99"); /* 東京都に行きます */
    say("#a", "bob", "\xe4\xba\xac\xe5\x8c\x97");                                                                         /* 京北 */
    say("#a", "bob", "iPhone\xe6\x89\x8b\xe6\x9c\xba");                                                                   /* iPhone手机 */
    index_all();
    expect("\xe5\x8c\x97\xe4\xba\xac", "#A1 ");             /* 北京: two characters, in that order */
    expect("\xe4\xba\xac", "#A3 #A2 #A1 ");                 /* 京 */
    expect("\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab", "#A2 "); /* 京都に */
    expect("\xe8\xa1\x8c\xe3\x81\x8d*", "#A2 ");            /* 行き* */
    expect("iphone", "#A4 ");
    expect("\xe6\x89\x8b\xe6\x9c\xba", "#A4 ");
}

static void emoji_and_wide_letters_are_found(void **state)
{
    (void)state;
    say("#a", "bob", "well\xf0\x9f\x98\x80");
    say("#a", "bob", "\xef\xbc\xa1\xef\xbc\xa2\xef\xbc\xa3"); /* ABC, wide */
    index_all();
    expect("\xf0\x9f\x98\x80", "#A1 ");
    expect("well", "#A1 ");
    expect("\xf0\x9f\x98\x81", "");
    expect("abc", "#A2 ");
}

static void any_input_is_safe(void **state)
{
    static const char *const hostile[] = {
        "\"", "\" OR 1 --", "*", "NEAR(", "NEAR(a b, 1)", "a AND", "AND OR NOT", "(((((", "a:b words:x", "{words}:x", "^a", "-a",
        "a + b", "''';DROP TABLE message;--", "\\", "a\"b\"c*", "\"\"\"*", "\xef\xbf\xbd", "* * *", "a* b* c*",
        "\xe2\x80\xa6", "\xe2\x80\xa6*", "\xc3\xa9*",
    };
    (void)state;
    say("#a", "bob", "nothing of that");
    index_all();
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        expect(hostile[i], "");
    expect("nothing \xe2\x80\xa6", "#A1 ");
    expect("\"nothing :-)", "#A1 ");
    assert_int_equal(number("SELECT count(*) FROM message"), 1);
}

static void long_and_many_words_are_words(void **state)
{
    static char word[4001], many[4001];
    (void)state;
    memset(word, 'x', sizeof word - 1);
    for (size_t i = 0; i + 5 < sizeof many; i += 4)
        memcpy(many + i, "abc ", 5);
    say("#a", "bob", word);
    say("#a", "bob", many);
    index_all();
    expect(word, "#A1 ");
    expect("xxxx*", "#A1 ");
    expect(many, "#A2 ");
    for (size_t i = 0; i < sizeof many - 1; i++)
        many[i] = "a-"[i % 2];
    expect(many, "");
}

/* ---- who may see what ---- */

static void rooms_and_users_are_told_apart(void **state)
{
    struct buf match = {0};
    (void)state;
    exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a-b', '#a-b', 0, 0)");
    say("#a", "Bob", "x");
    say("#a-b", "bob", "x");
    say("#b", "bob-", "x");
    say("#b", "carl", "x a bob");
    index_all();
    struct search_ask ask = ask_for("x", &match);
    terms_match_room(&match, "#a");
    ask.match = buf_text(&match);
    look(&ask);
    assert_string_equal(seen, "#A1 ");
    buf_clear(&match);
    terms_match_name(&match, "BOB");
    ask.match = buf_text(&match);
    look(&ask);
    assert_string_equal(seen, "#a-b2 #A1 ");
    buf_fini(&match);
}

static void what_may_not_be_read_is_not_found(void **state)
{
    struct buf match = {0};
    (void)state;
    say("#a", "bob", "x");
    say("#b", "bob", "x");
    index_all();
    struct search_ask ask = ask_for("x", &match);
    ask.may_read = only_b_may_be_read;
    look(&ask);
    assert_string_equal(seen, "#b2 ");
    buf_fini(&match);
}

static void a_room_has_no_past_but_its_own(void **state)
{
    (void)state;
    say("#a", "bob", "x");
    say("#c", "bob", "x"); /* there is no such room any more */
    index_all();
    expect("x", "#A1 ");
    exec("UPDATE room SET created_ms = 1 WHERE key = '#a'"); /* made anew */
    expect("x", "");
}

static void times_bound_what_is_found(void **state)
{
    static const struct {
        int64_t since_ms, before_ms;
        const char *want;
    } cases[] = {
        {0, INT64_MAX, "#A4 #A3 #A2 #A1 "}, {2000, INT64_MAX, "#A4 #A3 #A2 "}, {2001, INT64_MAX, "#A4 #A3 "},
        {0, 3000, "#A2 #A1 "},              {0, 3001, "#A3 #A2 #A1 "},         {2000, 4000, "#A3 #A2 "},
        {4001, INT64_MAX, ""},              {0, 1000, ""},                     {3000, 2000, ""},
    };
    struct buf match = {0};
    (void)state;
    for (int i = 0; i < 4; i++)
        say("#a", "bob", "x");
    index_all();
    struct search_ask ask = ask_for("x", &match);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask.since_ms = cases[i].since_ms;
        ask.before_ms = cases[i].before_ms;
        look(&ask);
        assert_string_equal(seen, cases[i].want);
    }
    buf_fini(&match);
}

static void a_search_ends_in_time_and_says_so(void **state)
{
    struct buf match = {0};
    (void)state;
    exec("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) INSERT INTO message"
         " (n, room, id, time_ms, name, text) SELECT i, '#gone', i, i, 'bob', 'x' FROM c");
    index_all();
    struct search_ask ask = ask_for("x", &match);
    ask.until_ms = clock_ms() - 1;
    look(&ask);
    assert_int_equal(ended, SEARCH_LATE);
    ask.until_ms = clock_ms() + 10000;
    look(&ask);
    assert_int_equal(ended, SEARCH_ALL);
    buf_fini(&match);
}

static void a_reader_may_stop_it(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        say("#a", "bob", "x");
    index_all();
    wanted = 2;
    expect("x", "#A5 #A4 ");
    wanted = 0;
    assert_int_equal(ended, SEARCH_ALL);
}

/* ---- how the index follows ---- */

static void add_numbers(int from, int to)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE c(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO message"
             " (n, room, id, time_ms, name, text) SELECT i, '#a', i, i, 'bob', 'x' || i FROM c", from, to);
    exec(sql);
}

/* As a database that comes from before there was an index. */
static void forget_index(void)
{
    exec("UPDATE search SET low = (SELECT max(n) + 1 FROM message), high = (SELECT max(n) FROM message)");
}

static void an_old_database_is_indexed_from_its_end_in_steps(void **state)
{
    (void)state;
    add_numbers(1, 2000);
    forget_index();
    add_numbers(2001, 2600);
    expect("x2001", "");
    assert_int_equal(ended, SEARCH_BEHIND);
    assert_true(step());
    expect("x2001", "#A2001 "); /* what is new comes first */
    assert_int_equal(ended, SEARCH_BEHIND);
    assert_true(step());
    assert_true(step());
    expect("x2000", "#A2000 "); /* then what is old, from its end */
    expect("x1", "");
    index_all();
    expect("x1", "#A1 ");
    assert_int_equal(ended, SEARCH_ALL);
}

static void what_was_interrupted_goes_on_and_nothing_is_indexed_twice(void **state)
{
    (void)state;
    add_numbers(1, 1700);
    forget_index();
    exec("BEGIN");
    step();
    exec("ROLLBACK"); /* as by a crash */
    step();
    index_all();
    exec("CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'words_0', 'row')");
    assert_int_equal(number("SELECT count(*) FROM v WHERE term LIKE 'x%' AND cnt <> 1"), 0);
    assert_int_equal(number("SELECT count(*) FROM v WHERE term LIKE 'x%'"), 1700);
}

static void an_answer_that_is_full_tells_whether_newer_ones_are_missing(void **state)
{
    (void)state;
    add_numbers(1, 600);
    forget_index();
    index_all();
    add_numbers(601, 602);
    wanted = 1;
    expect("x600", "#A600 ");
    assert_int_equal(ended, SEARCH_BEHIND);
    exec("UPDATE search SET low = 300"); /* older ones are, which does not matter to who has enough */
    index_all();
    wanted = 1;
    expect("x600", "#A600 ");
    assert_int_equal(ended, SEARCH_ALL);
    wanted = 0;
}

static void slices_are_searched_from_the_newest(void **state)
{
    (void)state;
    add_numbers(SLICE - 2, SLICE + 1);
    index_all();
    assert_int_equal(number("SELECT count(*) FROM search_slice"), 2);
    expect("x*", "#A262145 #A262144 #A262143 #A262142 ");
    wanted = 3;
    expect("x*", "#A262145 #A262144 #A262143 ");
    wanted = 0;
    char first[32];
    snprintf(first, sizeof first, "x%d", SLICE - 2);
    expect(first, "#A262142 ");
}

/* ---- what goes with the messages ---- */

static int trim(int64_t keep, int most)
{
    char room[HISTORY_KEY] = "";
    int removed;
    struct history_trim t = {.keep = keep, .orphans_ms = 1, .most = most};
    assert_int_equal(store_history_trim(db, room, &t, &removed), SQLITE_OK);
    return removed;
}

/* Entries of the index, whether or not there are messages to them. */
static long long indexed(void)
{
    exec("DROP TABLE IF EXISTS temp.v; CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'words_0', 'row')");
    return number("SELECT coalesce(sum(doc), 0) FROM v WHERE term LIKE 'x%'");
}

static void clearing_away_takes_words_out_of_the_index(void **state)
{
    (void)state;
    add_numbers(1, 100);
    index_all();
    assert_int_equal(indexed(), 100);
    assert_int_equal(trim(60, 100), 40);
    assert_int_equal(indexed(), 60);
    expect("x40", "");
    expect("x41", "#A41 ");
    assert_int_equal(number("SELECT holes FROM search_slice"), 40);
}

static void clearing_away_leaves_alone_what_is_not_indexed_yet(void **state)
{
    (void)state;
    add_numbers(1, 1000);
    forget_index();
    step(); /* 501 to 1000 */
    assert_int_equal(indexed(), 500);
    assert_int_equal(trim(400, 1000), 600);
    assert_int_equal(indexed(), 400);
    index_all();
    assert_int_equal(indexed(), 400);
    assert_int_equal(ended, SEARCH_ALL);
}

static void forget(const char *who, bool is_room, int most, int want)
{
    struct history_forget f = {.who = who, .is_room = is_room, .most = most};
    int removed, sum = 0;
    assert_int_equal(store_history_top(db, &f.upto), SQLITE_OK);
    do {
        assert_int_equal(store_history_forget(db, &f, &removed), SQLITE_OK);
        assert_true(removed <= most);
        sum += removed;
    } while (f.at < f.upto);
    assert_int_equal(sum, want);
}

static void a_number_that_is_given_again_is_indexed_again(void **state)
{
    (void)state;
    say("#a", "bob", "one");
    say("#a", "bob", "two");
    say("#a", "bob", "three");
    index_all();
    forget("#a", true, 10, 3);
    say("#b", "carl", "four"); /* its number is 1 */
    index_all();
    expect("four", "#b1 ");
    expect("one", "");
    expect("four one", "");
}

static void a_user_is_forgotten_in_any_case_of_the_name(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        say("#a", "Bob", "xyz");
        say("#b", "bobby", "xyz");
        say("#b", "bOB", "xyz");
    }
    index_all();
    forget("boB", false, 7, 100);
    assert_int_equal(number("SELECT count(*) FROM message"), 50);
    assert_int_equal(number("SELECT count(*) FROM message WHERE name = 'bobby'"), 50);
    assert_int_equal(indexed(), 50);
}

static void a_room_is_forgotten_up_to_where_it_was(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        say("#a", "bob", "xyz");
        say("#b", "bob", "xyz");
    }
    index_all();
    forget("#a", true, 7, 20);
    assert_int_equal(number("SELECT count(*) FROM message WHERE room = '#b'"), 20);
    assert_int_equal(indexed(), 20);
}

/* Whether the bytes stand in any page of the index. */
static bool stands_in_pages(const char *what)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM words_0_data WHERE instr(block, CAST('%s' AS BLOB))", what);
    return number(sql) > 0;
}

static bool wipe(int64_t holes)
{
    bool more;
    if (store_search_wipe(db, holes, &more) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    return more;
}

static void wiping_takes_the_words_out_of_the_pages(void **state)
{
    (void)state;
    say("#a", "bob", "stays");
    index_all();
    say("#a", "eve", "zsecret");
    index_all();
    forget("eve", false, 100, 1);
    expect("zsecret", "");
    assert_true(stands_in_pages("zsecret")); /* unfindable; or there would be nothing to wipe */
    assert_false(wipe(1));                   /* too few to be worth it */
    while (wipe(0))
        ;
    assert_false(stands_in_pages("zsecret"));
    assert_false(stands_in_pages("eve"));
    assert_int_equal(number("SELECT sum(holes) FROM search_slice"), 0);
    expect("stays", "#A1 ");
}

static void a_slice_without_messages_goes(void **state)
{
    (void)state;
    add_numbers(SLICE - 2, SLICE + 1);
    index_all();
    assert_int_equal(trim(2, 100), 2);
    while (wipe(0))
        ;
    assert_int_equal(number("SELECT count(*) FROM search_slice"), 1);
    assert_int_equal(number("SELECT count(*) FROM sqlite_schema WHERE name = 'words_0'"), 0);
    expect("x*", "#A262145 #A262144 ");
    forget("#a", true, 100, 2);
    while (wipe(0))
        ;
    assert_int_equal(number("SELECT count(*) FROM search_slice"), 0);
    say("#a", "bob", "anew");
    index_all();
    expect("anew", "#A1 ");
}

static int trim_40(sqlite3 *with, void *arg)
{
    assert_ptr_equal(with, db);
    *(int *)arg = trim(60, 100);
    return SQLITE_OK;
}

static int trim_to_4(sqlite3 *with, void *arg)
{
    assert_ptr_equal(with, db);
    *(int *)arg = trim(4, 100);
    return SQLITE_OK;
}

static int index_some(sqlite3 *with, void *arg)
{
    return store_search_index(with, 0, arg);
}

static void spoil(const char *sql)
{
    int flag;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, &flag);
    exec(sql);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
}

/* A message, and a step of the index, in one transaction, which begins again when it is told so. How often it was begun. */
static int say_and_index(const char *text)
{
    char damage[SEARCH_DAMAGE];
    bool more;
    for (int i = 1;; i++) {
        exec("BEGIN");
        say("#a", "bob", text);
        int rc = store_search_guard(db, index_some, &more, damage);
        assert_int_equal(*damage != '\0', rc != SQLITE_OK);
        exec(rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
        if (rc == SQLITE_OK)
            return i;
        assert_int_equal(rc, STORE_AGAIN);
    }
}

static void a_damaged_index_is_begun_anew_and_stops_nothing(void **state)
{
    static const char *const ways[] = {"UPDATE words_0_data SET block = x'00'", "DROP TABLE words_0_idx", "DROP TABLE words_0"};
    (void)state;
    add_numbers(1, 10);
    index_all();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        store_search_start();
        spoil(ways[i]);
        if (say_and_index("x in the same transaction") != 2)
            fail_msg("%s went by unseen", ways[i]);
        assert_int_equal(number("SELECT count(*) FROM message"), 11 + i);
        index_all();
        expect("x1", "#A1 ");
        assert_int_equal(number("SELECT count(*) FROM search_slice"), 1);
    }
}

static void what_was_begun_anew_and_is_damaged_again_is_switched_off(void **state)
{
    int removed;
    char damage[SEARCH_DAMAGE];
    (void)state;
    add_numbers(1, 10);
    index_all();
    spoil("UPDATE words_0_data SET block = x'00'");
    assert_int_equal(say_and_index("x"), 2);
    assert_false(store_search_is_off());
    spoil("UPDATE words_0_data SET block = x'00'");
    assert_int_equal(say_and_index("x"), 2);
    assert_true(store_search_is_off());
    assert_int_equal(say_and_index("x"), 1);
    exec("BEGIN");
    assert_int_equal(store_search_guard(db, trim_to_4, &removed, damage), SQLITE_OK);
    exec("COMMIT");
    assert_int_equal(number("SELECT count(*) FROM message"), 4);
    expect("x*", ""); /* there is nothing to look in */
    assert_int_equal(ended, SEARCH_BEHIND);
    store_search_start();
    assert_int_equal(say_and_index("x11"), 2); /* finds what was let go */
    index_all();
    expect("x11", "#A14 ");
    expect("x1", "");
    assert_int_equal(indexed(), 5);
}

static void what_is_well_is_not_begun_anew(void **state)
{
    char damage[SEARCH_DAMAGE];
    int removed = 0;
    (void)state;
    add_numbers(1, 100);
    index_all();
    exec("BEGIN");
    assert_int_equal(store_search_guard(db, trim_40, &removed, damage), SQLITE_OK);
    exec("COMMIT");
    assert_string_equal(damage, "");
    assert_int_equal(removed, 40);
    expect("x41", "#A41 ");
    assert_int_equal(indexed(), 60);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_memory, close_memory)
    const struct CMUnitTest tests[] = {
        TEST(words_are_found_the_newest_first),
        TEST(accents_and_case_make_no_difference),
        TEST(a_word_finds_its_start_with_a_star),
        TEST(chinese_and_japanese_are_found_by_any_part),
        TEST(emoji_and_wide_letters_are_found),
        TEST(any_input_is_safe),
        TEST(long_and_many_words_are_words),
        TEST(rooms_and_users_are_told_apart),
        TEST(what_may_not_be_read_is_not_found),
        TEST(a_room_has_no_past_but_its_own),
        TEST(times_bound_what_is_found),
        TEST(a_search_ends_in_time_and_says_so),
        TEST(a_reader_may_stop_it),
        TEST(an_old_database_is_indexed_from_its_end_in_steps),
        TEST(what_was_interrupted_goes_on_and_nothing_is_indexed_twice),
        TEST(an_answer_that_is_full_tells_whether_newer_ones_are_missing),
        TEST(slices_are_searched_from_the_newest),
        TEST(clearing_away_takes_words_out_of_the_index),
        TEST(clearing_away_leaves_alone_what_is_not_indexed_yet),
        TEST(a_number_that_is_given_again_is_indexed_again),
        TEST(a_user_is_forgotten_in_any_case_of_the_name),
        TEST(a_room_is_forgotten_up_to_where_it_was),
        TEST(wiping_takes_the_words_out_of_the_pages),
        TEST(a_slice_without_messages_goes),
        TEST(a_damaged_index_is_begun_anew_and_stops_nothing),
        TEST(what_was_begun_anew_and_is_damaged_again_is_switched_off),
        TEST(what_is_well_is_not_begun_anew),
    };
#undef TEST
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
