/* SPDX-License-Identifier: ISC */
/* The SQL about mail and read marks. */
#include "config.h"

#include "store/store_mail.h"

#include "store/sql.h"

/* Sets *used_up if the sender has so much waiting for the account as one sender may. */
static int look_at_share(sqlite3 *db, int64_t account, const struct mail_row *row, int per_sender, bool *used_up)
{
    int64_t full;
    bool found;
    int rc = sql_find(db, &full, &found,
                      "SELECT count(*) FILTER (WHERE sender GLOB '=*' OR name = ?3 COLLATE NOCASE) >= ?4"
                      " OR count(*) >= 2 * ?4 FROM mail WHERE account = ?1 AND sender = ?2",
                      SQL_WITH(sql_int(account), sql_text(row->sender), sql_text(row->name), sql_int(per_sender)));
    *used_up = found && full;
    return rc;
}

int store_mail_add(sqlite3 *db, int64_t account, const struct mail_row *row, int64_t before_ms,
                   const struct mail_space *space, int64_t *n)
{
    bool used_up = false;
    *n = 0;
    int rc = sql_run(db, "DELETE FROM mail WHERE account = ?1 AND time_ms < ?2",
                     SQL_WITH(sql_int(account), sql_int(before_ms)));
    if (rc == SQLITE_OK && row->kind != MAIL_UNDELIVERED)
        rc = look_at_share(db, account, row, space->per_sender, &used_up);
    if (rc != SQLITE_OK)
        return rc;
    rc = sql_run(db,
                 "INSERT INTO mail (account, time_ms, name, text, sender, kind, id)"
                 " SELECT id, ?2, ?3, ?4, ?6, ?8, ?10 FROM account"
                 " WHERE id = ?1 AND NOT ?7 AND"
                 " (SELECT count(*) FROM mail WHERE account = ?1 AND (kind = ?9) = (?8 = ?9)"
                 " AND (?8 = ?9 OR (sender GLOB '=*') = (?6 GLOB '=*'))) < ?5",
                 SQL_WITH(sql_int(account), sql_int(row->time_ms), sql_text(row->name), sql_text(row->text),
                          sql_int(space->most), sql_text(row->sender), sql_int(used_up), sql_int(row->kind),
                          sql_int(MAIL_UNDELIVERED), sql_int((int64_t)row->id)));
    if (sql_changed(db, rc))
        *n = sqlite3_last_insert_rowid(db);
    else if (used_up)
        *n = STORE_MAIL_SHARE;
    return rc;
}

int store_mail_read(sqlite3 *db, int64_t account, bool (*fn)(const struct mail_row *row, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st, "SELECT n, time_ms, name, text, kind, id FROM mail WHERE account = ?1 ORDER BY n",
                      SQL_WITH(sql_int(account)));
    if (rc != SQLITE_OK)
        return rc;
    bool more = true;
    while (more && sqlite3_step(st) == SQLITE_ROW) {
        struct mail_row row = {
            .n = sqlite3_column_int64(st, 0),
            .time_ms = sqlite3_column_int64(st, 1),
            .name = (const char *)sqlite3_column_text(st, 2),
            .text = (const char *)sqlite3_column_text(st, 3),
            .kind = (enum mail_kind)sqlite3_column_int(st, 4),
            .id = (uint64_t)sqlite3_column_int64(st, 5),
        };
        more = row.name && row.text && fn(&row, arg);
    }
    return sqlite3_finalize(st);
}

int store_mail_remove(sqlite3 *db, int64_t account, int64_t from, int64_t upto)
{
    return sql_run(db, "DELETE FROM mail WHERE account = ?1 AND n BETWEEN ?2 AND ?3",
                   SQL_WITH(sql_int(account), sql_int(from), sql_int(upto)));
}

int store_mail_sent_by(sqlite3 *db, const char *name,
                       void (*fn)(const struct mail_row *row, const char *to, void *arg), void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT mail.n, time_ms, mail.name, text, account.name, mail.id FROM mail"
                      " JOIN account ON account.id = mail.account WHERE mail.name = ?1 COLLATE NOCASE AND kind <> ?2"
                      " ORDER BY mail.n",
                      SQL_WITH(sql_text(name), sql_int(MAIL_INVITATION)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct mail_row row = {
            .n = sqlite3_column_int64(st, 0),
            .time_ms = sqlite3_column_int64(st, 1),
            .name = sql_text_at(st, 2),
            .text = sql_text_at(st, 3),
            .id = (uint64_t)sqlite3_column_int64(st, 5),
        };
        fn(&row, sql_text_at(st, 4), arg);
    }
    return sqlite3_finalize(st);
}

int store_mail_forget_sender(sqlite3 *db, const char *name)
{
    return sql_run(db, "DELETE FROM mail WHERE name = ?1 COLLATE NOCASE", SQL_WITH(sql_text(name)));
}

int store_mail_forget_old(sqlite3 *db, int64_t before_ms, int most)
{
    return sql_run(db, /* numbers grow with the time, or a little later */
                   "DELETE FROM mail WHERE n IN (SELECT n FROM mail ORDER BY n LIMIT ?2) AND time_ms < ?1",
                   SQL_WITH(sql_int(before_ms), sql_int(most)));
}

/* ---- marks ---- */

static int keep_newest_marks(sqlite3 *db, int64_t account, int most)
{
    return sql_run(db,
                   "DELETE FROM mark WHERE account = ?1 AND id < (SELECT id FROM mark WHERE account = ?1"
                   " ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                   SQL_WITH(sql_int(account), sql_int(most - 1)));
}

int store_marks_set(sqlite3 *db, int64_t account, const char *room, uint64_t id, int most)
{
    int rc = sql_run(db,
                     "INSERT INTO mark (account, room, id) SELECT account.id, room.key, ?3 FROM account, room"
                     " WHERE account.id = ?1 AND room.key = ?2 ON CONFLICT DO UPDATE SET id = excluded.id",
                     SQL_WITH(sql_int(account), sql_text(room), sql_int((int64_t)id)));
    return rc == SQLITE_OK ? keep_newest_marks(db, account, most) : rc;
}

/* An account that came into the room before it had logged in has no mark there yet, and is present. */
int store_marks_set_read(sqlite3 *db, int64_t account, const char *room, int64_t time_ms, int most)
{
    int rc = sql_run(db,
                     "INSERT INTO mark (account, room, id, read_ms) SELECT account.id, room.key,"
                     " ?4, ?3 FROM account, room"
                     " WHERE account.id = ?1 AND room.key = ?2 ON CONFLICT DO UPDATE SET read_ms = excluded.read_ms",
                     SQL_WITH(sql_int(account), sql_text(room), sql_int(time_ms), sql_int(INT64_MAX)));
    return rc == SQLITE_OK ? keep_newest_marks(db, account, most) : rc;
}

int store_marks_find_read(sqlite3 *db, int64_t account, const char *room, int64_t *time_ms)
{
    bool found;
    return sql_find(db, time_ms, &found, "SELECT read_ms FROM mark WHERE account = ?1 AND room = ?2",
                    SQL_WITH(sql_int(account), sql_text(room)));
}

int store_marks_settle(sqlite3 *db, int64_t id)
{
    return sql_run(db,
                   "UPDATE mark SET id = coalesce((SELECT max(m.id) FROM message AS m WHERE m.room = mark.room), 0)"
                   " WHERE id = ?1",
                   SQL_WITH(sql_int(id)));
}

int store_marks_read(sqlite3 *db, int64_t account, int most, void (*fn)(const char *room, int unread, void *arg),
                     void *arg)
{
    sqlite3_stmt *st;
    int rc = sql_open(db, &st,
                      "SELECT room, (SELECT count(*) FROM (SELECT 1 FROM message AS m WHERE m.room = mark.room"
                      " AND m.id > mark.id LIMIT ?2)) FROM mark WHERE account = ?1 ORDER BY room",
                      SQL_WITH(sql_int(account), sql_int(most)));
    if (rc != SQLITE_OK)
        return rc;
    while (sqlite3_step(st) == SQLITE_ROW)
        fn(sql_text_at(st, 0), sqlite3_column_int(st, 1), arg);
    return sqlite3_finalize(st);
}
