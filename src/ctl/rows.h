/* SPDX-License-Identifier: ISC */
#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include "ctl/wire.h"

#include <sqlite3.h>

/* The rows of a reply, as chatctl reads and shows them. For one thread. */
struct rows_record {
    struct rows_field {
        char *key, *value; /* own */
    } *v;                  /* owns */
    int n;
};

struct rows_table {
    struct rows_record *v; /* owns */
    int n, cap;
};

struct rows_reader {
    sqlite3 *db;
    sqlite3_stmt *st;
};

void rows_reader_init(struct rows_reader *rd);
void rows_reader_fini(struct rows_reader *rd);

/* Reads one JSON object, in which true and false are `yes` and `no`. False: it is none. The caller ends the record by
 * rows_record_fini or rows_add either way. */
bool rows_read(struct rows_reader *rd, const char *json, struct rows_record *r);
void rows_record_fini(struct rows_record *r);

/* Hands a record over to the table. */
void rows_add(struct rows_table *t, const struct rows_record *r);
void rows_table_fini(struct rows_table *t);

/* Prints the table: WIRE_TABLE a line for each record, under the keys of the first; else a line for each field. */
void rows_show(const struct rows_table *t, enum wire_shape shape);

#endif
