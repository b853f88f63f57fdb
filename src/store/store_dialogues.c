/* SPDX-License-Identifier: ISC */
/* The SQL about dialogues, and the form of their keys. */
#include "config.h"

#include "store/store_dialogues.h"

#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 16

void store_dialogue_key(char key[DIALOGUE_KEY], int64_t a, int64_t b)
{
    snprintf(key, DIALOGUE_KEY, "@%016llx%016llx", (unsigned long long)(a < b ? a : b),
             (unsigned long long)(a < b ? b : a));
}

bool store_dialogue_ids(const char *key, int64_t *low, int64_t *high)
{
    char half[DIGITS + 1] = "";
    if (*key != '@' || strlen(key) != DIALOGUE_KEY - 1 || strspn(key + 1, "0123456789abcdef") != DIALOGUE_KEY - 2)
        return false;
    memcpy(half, key + 1, DIGITS);
    *low = (int64_t)strtoull(half, NULL, 16);
    memcpy(half, key + 1 + DIGITS, DIGITS);
    *high = (int64_t)strtoull(half, NULL, 16);
    return *low > 0 && *low <= *high;
}

int store_dialogues_note(sqlite3 *db, const char *key, int64_t time_ms, bool *is_kept)
{
    int64_t low, high;
    *is_kept = false;
    if (!store_dialogue_ids(key, &low, &high))
        return SQLITE_OK;
    int rc = sql_run(db,
                     "INSERT INTO dialogue (key, low, high, last_ms) SELECT ?1, a.id, b.id, ?4"
                     " FROM account a, account b WHERE a.id = ?2 AND b.id = ?3 AND a.keeps AND b.keeps"
                     " ON CONFLICT (key) DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)",
                     SQL_WITH(sql_text(key), sql_int(low), sql_int(high), sql_int(time_ms)));
    *is_kept = sql_changed(db, rc);
    return rc;
}

int store_dialogues_remove(sqlite3 *db, const char *key)
{
    return sql_run(db, "DELETE FROM dialogue WHERE key = ?1", SQL_WITH(sql_text(key)));
}

int store_dialogues_set_read(sqlite3 *db, int64_t account, const char *key, int64_t time_ms)
{
    return sql_run(db,
                   "UPDATE dialogue SET low_read_ms = CASE low WHEN ?2 THEN ?3 ELSE low_read_ms END,"
                   " high_read_ms = CASE high WHEN ?2 THEN ?3 ELSE high_read_ms END WHERE key = ?1",
                   SQL_WITH(sql_text(key), sql_int(account), sql_int(time_ms)));
}

int store_dialogues_find_read(sqlite3 *db, int64_t account, const char *key, int64_t *time_ms)
{
    bool found;
    return sql_find(db, time_ms, &found,
                    "SELECT CASE low WHEN ?2 THEN low_read_ms ELSE high_read_ms END FROM dialogue WHERE key = ?1",
                    SQL_WITH(sql_text(key), sql_int(account)));
}

int store_dialogues_each(sqlite3 *db, int64_t account, int most,
                         void (*fn)(int64_t other, int64_t last_ms, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT CASE low WHEN ?1 THEN high ELSE low END, last_ms FROM dialogue"
                      " WHERE (low = ?1 OR high = ?1) AND EXISTS (SELECT 1 FROM message WHERE room = dialogue.key)"
                      " ORDER BY last_ms DESC LIMIT ?2",
                      SQL_WITH(sql_int(account), sql_int(most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW)
        fn(sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), arg);
    return sqlite3_finalize(st);
}
