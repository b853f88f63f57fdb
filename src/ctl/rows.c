/* SPDX-License-Identifier: ISC */
/* Rows are parsed by SQLite's JSON functions: chatd needs SQLite anyway, and its parser is widely tested. */
#include "config.h"

#include "ctl/rows.h"

#include "base/panic.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELDS_SQL "SELECT key, iif(type = 'true', 'yes', iif(type = 'false', 'no', value)) FROM json_each(?1)"

void rows_reader_init(struct rows_reader *rd)
{
    must(sqlite3_open(":memory:", &rd->db) == SQLITE_OK);
    must(sqlite3_prepare_v2(rd->db, FIELDS_SQL, -1, &rd->st, NULL) == SQLITE_OK);
}

void rows_reader_fini(struct rows_reader *rd)
{
    sqlite3_finalize(rd->st);
    sqlite3_close(rd->db);
}

bool rows_read(struct rows_reader *rd, const char *json, struct rows_record *r)
{
    int rc;
    *r = (struct rows_record){0};
    sqlite3_reset(rd->st);
    sqlite3_bind_text(rd->st, 1, json, -1, SQLITE_TRANSIENT);
    while ((rc = sqlite3_step(rd->st)) == SQLITE_ROW) {
        r->v = panic_realloc(r->v, (size_t)(r->n + 1) * sizeof *r->v);
        r->v[r->n].key = panic_strdup((const char *)sqlite3_column_text(rd->st, 0));
        const char *value = (const char *)sqlite3_column_text(rd->st, 1);
        r->v[r->n++].value = panic_strdup(value ? value : "");
    }
    return rc == SQLITE_DONE;
}

void rows_record_fini(struct rows_record *r)
{
    for (int i = 0; i < r->n; i++) {
        free(r->v[i].key);
        free(r->v[i].value);
    }
    free(r->v);
}

void rows_add(struct rows_table *t, const struct rows_record *r)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 16;
        t->v = panic_realloc(t->v, (size_t)t->cap * sizeof *t->v);
    }
    t->v[t->n++] = *r;
}

void rows_table_fini(struct rows_table *t)
{
    for (int i = 0; i < t->n; i++)
        rows_record_fini(&t->v[i]);
    free(t->v);
}

/* ---- showing ---- */

/* The columns that a text takes: its characters, not its bytes. */
static int width(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void cell(const char *s, int wide, bool last)
{
    printf("%s", s);
    if (!last)
        printf("%*s", wide - width(s) + 2, "");
}

static void show_table(const struct rows_table *t)
{
    int wide[32] = {0};
    if (!t->n)
        return;
    int columns = t->v[0].n < 32 ? t->v[0].n : 32;
    for (int k = 0; k < columns; k++) {
        wide[k] = width(t->v[0].v[k].key);
        for (int i = 0; i < t->n; i++)
            if (k < t->v[i].n && width(t->v[i].v[k].value) > wide[k])
                wide[k] = width(t->v[i].v[k].value);
    }
    for (int k = 0; k < columns; k++)
        cell(t->v[0].v[k].key, wide[k], k == columns - 1);
    putchar('\n');
    for (int i = 0; i < t->n; i++) {
        for (int k = 0; k < columns && k < t->v[i].n; k++)
            cell(t->v[i].v[k].value, wide[k], k == columns - 1);
        putchar('\n');
    }
}

static void show_record(const struct rows_record *r)
{
    int wide = 0;
    for (int k = 0; k < r->n; k++)
        wide = width(r->v[k].key) > wide ? width(r->v[k].key) : wide;
    for (int k = 0; k < r->n; k++) {
        cell(r->v[k].key, wide, false);
        printf("%s\n", r->v[k].value);
    }
}

void rows_show(const struct rows_table *t, enum wire_shape shape)
{
    if (shape == WIRE_TABLE)
        show_table(t);
    else
        for (int i = 0; i < t->n; i++)
            show_record(&t->v[i]);
}
