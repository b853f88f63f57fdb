/* SPDX-License-Identifier: ISC */
/* The SQL about the date: one row. */
#include "config.h"

#include "store/store_date.h"

#include "store/sql.h"

int store_date_read(sqlite3 *db, struct date_row *row)
{
    int rc = sql_number(db, "SELECT ms FROM date", &row->ms);
    return rc == SQLITE_OK ? sql_number(db, "SELECT number_ms FROM date", &row->number_ms) : rc;
}

int store_date_write(sqlite3 *db, const struct date_row *row)
{
    return sql_run(db, "UPDATE date SET ms = ?1, number_ms = ?2",
                   SQL_WITH(sql_int(row->ms), sql_int(row->number_ms)));
}
