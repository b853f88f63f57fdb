/* SPDX-License-Identifier: ISC */
/*
 * Names (proto/name.h), texts (proto/text.h) and search terms (store/terms.h): what is accepted is what the headers say,
 * cleaning a clean text changes nothing, and a text is found by its own words.
 */
#include "config.h"

#include "base/panic.h"
#include "proto/name.h"
#include "proto/text.h"
#include "store/terms.h"
#include "tests/fuzz/generate.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static void check_name(const char *s)
{
    char room[NAME_SIZE], again[NAME_SIZE], key[NAME_SIZE];
    if (name_is_user(s)) {
        must(name_was_user(s) && strlen(s) < NAME_SIZE && !strpbrk(s, " \t\r\n#,:@!*?/"));
        name_fold(key, s);
        must(strlen(key) == strlen(s));
    }
    if (name_room(room, s)) {
        must(name_is_room(room) && name_room(again, room) && strcmp(room, again) == 0);
        must(strlen(room) < NAME_SIZE);
    }
}

static void check_text(char *s, size_t len)
{
    bool is_utf8 = text_is_utf8(s, len), is_clean = text_is_clean(s, len), is_taken = text_clean(s, len);
    must(is_utf8 == is_taken && is_clean == (is_taken && strlen(s) == len));
    if (!is_taken)
        return;
    size_t clean = strlen(s);
    char *again = strdup(s);
    must(again && text_clean(again, clean) && strcmp(s, again) == 0);
    for (const char *at = s; *at; at++)
        must((unsigned char)*at >= ' ' || *at == '\t');
    (void)text_is_blank(s);
    free(again);
}

static sqlite3 *open_index(void)
{
    static sqlite3 *db;
    if (db)
        return db;
    must(sqlite3_open(":memory:", &db) == SQLITE_OK);
    must(sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'ascii')", NULL, NULL, NULL) == SQLITE_OK);
    return db;
}

/* A text is found by its own words. */
static void check_terms(const char *s)
{
    struct buf indexed = {0}, match = {0};
    sqlite3_stmt *st;
    sqlite3 *db = open_index();
    terms_index(&indexed, "#den", "alice", s);
    if (terms_match(&match, s)) {
        must(sqlite3_exec(db, "DELETE FROM t", NULL, NULL, NULL) == SQLITE_OK);
        must(sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?1)", -1, &st, NULL) == SQLITE_OK);
        sqlite3_bind_text(st, 1, buf_text(&indexed), -1, SQLITE_STATIC);
        must(sqlite3_step(st) == SQLITE_DONE);
        sqlite3_finalize(st);
        must(sqlite3_prepare_v2(db, "SELECT 1 FROM t WHERE t MATCH ?1", -1, &st, NULL) == SQLITE_OK);
        sqlite3_bind_text(st, 1, buf_text(&match), -1, SQLITE_STATIC);
        must(sqlite3_step(st) == SQLITE_ROW);
        sqlite3_finalize(st);
    }
    buf_fini(&indexed);
    buf_fini(&match);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = malloc(size + 1);
    must(s != NULL);
    if (size)
        memcpy(s, data, size);
    s[size] = '\0';
    check_name(s);
    if (text_clean(s, size) && size < 1000 && !strpbrk(s, " \t"))
        check_terms(s);
    if (size)
        memcpy(s, data, size);
    s[size] = '\0';
    check_text(s, size);
    free(s);
    return 0;
}

#ifndef LIBFUZZER

static const char *const words[] = {
    "#", "alice", "-", ".", "192.0.2.7", "server", "*", "\"", "'", "ab", "\xc3\xa9", "e\xcc\x81", "\xe6\x97\xa5\xe6\x9c\xac",
    "\xe0\xb8\x81\xe0\xb8\xb4\xe0\xb8\x99", "\xf0\x9f\x98\x80", "\xe2\x80\xae", "\xe2\x80\xa8", "\xc2\x85", "\xff\xfb\x01",
    "\xed\xa0\x80", "\xc0\x80", "NEAR(", "AND", "a*", "\xe3\x80\x80", "\xc3\x9f", "\xd1\x91", "\xe2\x8f\xb0",
};

int main(void)
{
    replay("text");
    return generate(words, sizeof words / sizeof words[0], 20000, 12);
}

#endif
