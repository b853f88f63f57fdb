/* SPDX-License-Identifier: ISC */
/* The SQL about client certificates. */
#include "config.h"

#include "store/store_certificates.h"

#include "store/sql.h"

#include <stdio.h>

int store_certificates_load(sqlite3 *db, void (*fn)(const struct certificate_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT account, fingerprint, added_ms FROM certificate ORDER BY account, added_ms, fingerprint",
                      SQL_WITH_NOTHING);
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct certificate_row row = {sqlite3_column_int64(st, 0), sql_text_at(st, 1), sqlite3_column_int64(st, 2)};
        fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_certificates_add(sqlite3 *db, const struct certificate_row *row, int most, enum certificate_added *result)
{
    int64_t others = 0;
    bool found;
    *result = CERTIFICATE_TOO_MANY;
    int rc = sql_find(db, &others, &found, "SELECT count(*) FROM certificate WHERE account = ?1 AND fingerprint <> ?2",
                      SQL_WITH(sql_int(row->account), sql_text(row->fingerprint)));
    if (rc != SQLITE_OK || others >= most)
        return rc;
    rc = sql_run(db,
                 "INSERT INTO certificate (account, fingerprint, added_ms) VALUES (?1, ?2, ?3)"
                 " ON CONFLICT (account, fingerprint) DO NOTHING",
                 SQL_WITH(sql_int(row->account), sql_text(row->fingerprint), sql_int(row->added_ms)));
    *result = sql_changed(db, rc) ? CERTIFICATE_ADDED : CERTIFICATE_THERE;
    return rc;
}

int store_certificates_match(sqlite3 *db, int64_t account, const char *beginning,
                             char fingerprint[CERTIFICATE_FINGERPRINT], int *n)
{
    sqlite3_stmt *st;
    *n = 0;
    int rc = sql_open(db, &st,
                      "SELECT fingerprint FROM certificate"
                      " WHERE account = ?1 AND substr(fingerprint, 1, length(?2)) = ?2",
                      SQL_WITH(sql_int(account), sql_text(beginning)));
    if (rc != SQLITE_OK)
        return rc;
    for (; sqlite3_step(st) == SQLITE_ROW; ++*n)
        snprintf(fingerprint, CERTIFICATE_FINGERPRINT, "%s", sql_text_at(st, 0));
    return sqlite3_finalize(st);
}

int store_certificates_remove(sqlite3 *db, int64_t account, const char *fingerprint)
{
    return sql_run(db, "DELETE FROM certificate WHERE account = ?1 AND fingerprint = ?2",
                   SQL_WITH(sql_int(account), sql_text(fingerprint)));
}

int store_certificates_remove_all(sqlite3 *db, int64_t account)
{
    return sql_run(db, "DELETE FROM certificate WHERE account = ?1", SQL_WITH(sql_int(account)));
}
