/* SPDX-License-Identifier: ISC */
/* Messages and their search index for the tests of store/search_*.c. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/corpus.h"

#include "base/buf.h"
#include "base/clock.h"
#include "store/schema.h"
#include "store/search_guard.h"
#include "store/search_index.h"
#include "store/store_history.h"
#include "store/trim.h"
#include "store/terms.h"

#include <stdio.h>
#include <string.h>

static sqlite3 *db;

sqlite3 *corpus_db(void)
{
    return db;
}

void corpus_exec(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

long long corpus_number(const char *sql)
{
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    long long n = sqlite3_column_int64(st, 0);
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return n;
}

void corpus_damage(const char *sql)
{
    int flag;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, &flag);
    corpus_exec(sql);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
}

/* Opens the database with the same restrictions as the store. */
int corpus_open(void **state)
{
    char why[SCHEMA_ERROR];
    int flag;
    (void)state;
    search_guard_start();
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        return -1;
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
    corpus_exec("PRAGMA trusted_schema = OFF");
    if (search_index_missing(db) || schema_apply(db, why) != 0)
        return -1;
    corpus_exec("INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#a', '#A', 0, 0), ('#b', '#b', 0, 0)");
    return 0;
}

int corpus_close(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1; /* fails when a statement was left open */
}

void corpus_say(const char *room, const char *name, const char *text)
{
    sqlite3_stmt *st;
    assert_int_equal(
        sqlite3_prepare_v2(db,
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

void corpus_add(int from, int to)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE c(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO message"
             " (n, room, id, time_ms, name, text) SELECT i, '#a', i, i, 'bob', 'x' || i FROM c", from, to);
    corpus_exec(sql);
}

bool corpus_step(void)
{
    bool more;
    if (search_index_advance(db, 0, false, &more) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    return more;
}

void corpus_index(void)
{
    while (corpus_step())
        ;
}

void corpus_forget_index(void)
{
    corpus_exec("UPDATE search SET low = (SELECT max(n) + 1 FROM message), high = (SELECT max(n) FROM message)");
}

long long corpus_indexed(void)
{
    corpus_exec("DROP TABLE IF EXISTS temp.v; CREATE VIRTUAL TABLE temp.v USING fts5vocab('main', 'terms_0', 'row')");
    return corpus_number("SELECT coalesce(sum(doc), 0) FROM v WHERE term LIKE 'x%'");
}

int corpus_trim(int64_t keep, int most)
{
    char room[SIZES_KEY] = "";
    struct trim_result result;
    struct trim_limits t = {.messages = keep, .orphans_ms = 1, .most = most};
    assert_int_equal(sizes_recount(db, "#a"), SQLITE_OK); /* messages are put into the table without being counted */
    assert_int_equal(trim_next(db, room, &t, &result), SQLITE_OK);
    return result.removed;
}

void corpus_forget(const char *who, bool is_room, int most, int want)
{
    struct history_forget f = {.who = who, .is_room = is_room, .most = most};
    int removed, sum = 0;
    assert_int_equal(message_top(db, &f.upto), SQLITE_OK);
    do {
        assert_int_equal(store_history_forget(db, &f, &removed), SQLITE_OK);
        assert_true(removed <= most);
        sum += removed;
    } while (f.at < f.upto);
    assert_int_equal(sum, want);
}

/* ---- searching ---- */

static char seen[4096];
static int wanted; /* 0: all */
static enum search_end ended;

void corpus_stop_after(int n)
{
    wanted = n;
}

enum search_end corpus_ended(void)
{
    return ended;
}

static bool all_may_be_read(const char *key, void *arg)
{
    (void)arg;
    assert_true(*key == '#');
    return true;
}

static bool note(const struct message_row *row, void *arg)
{
    size_t n = strlen(seen);
    (void)arg;
    snprintf(seen + n, sizeof seen - n, "%s%lld ", row->room, (long long)row->id);
    return --wanted != 0;
}

struct search_filter corpus_filter(const char *words, struct buf *match)
{
    char copy[8192], *rest;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
        terms_match(match, w);
    return (struct search_filter){
        .match = buf_text(match),
        .before_ms = INT64_MAX,
        .until_ms = clock_ms() + 10000,
        .may_read = all_may_be_read,
    };
}

const char *corpus_find(const struct search_filter *filter)
{
    *seen = '\0';
    if (search_read_each(db, filter, note, NULL, &ended) != SQLITE_OK)
        fail_msg("%s: %s", filter->match, sqlite3_errmsg(db));
    return seen;
}

void corpus_expect(const char *words, const char *want)
{
    struct buf match = {0};
    struct search_filter filter = corpus_filter(words, &match);
    const char *found = corpus_find(&filter);
    if (strcmp(found, want) != 0)
        fail_msg("%s: found %s, expected %s", words, found, want);
    buf_fini(&match);
}
