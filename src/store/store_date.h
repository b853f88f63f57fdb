/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_DATE_H
#define STORE_STORE_DATE_H

#include <sqlite3.h>
#include <stdint.h>

/* How far the date has come (base/date.h), on disk. SQLITE_OK or the error. */
struct date_row {
    int64_t ms;        /* the date that was reached; 0: in no run yet */
    int64_t number_ms; /* numbers of rooms and private messages that were given begin before it */
};

int store_date_read(sqlite3 *db, struct date_row *row);
/* Inside a transaction, or by itself. */
int store_date_write(sqlite3 *db, const struct date_row *row);

#endif
