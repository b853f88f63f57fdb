/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: SQLite before 3.51.3 can lose what one connection writes while another runs a checkpoint (its "WAL-reset
 * bug"). Here one connection does both, and the other is opened read-only and can do neither.
 */
#include "config.h"

#include "store/database.h"

#include "base/log.h"
#include "store/fold.h"
#include "store/schema.h"
#include "store/search_guard.h"
#include "store/search_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 1000

static int exec(struct database *d, const char *sql)
{
    return sqlite3_exec(d->write, sql, NULL, NULL, NULL);
}

static int lock_directory(struct database *d, const char *dir, char error[STORE_ERROR])
{
    char path[400], owner[32] = "";
    snprintf(path, sizeof path, "%s/chatd.lock", dir);
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0) {
        snprintf(error, STORE_ERROR, "%s: %s; make the directory writable by the user chatd runs as, or choose another "
                 "one (chatd -d DIR)", path, log_error_text(errno));
        return -1;
    }
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = read(d->lock_fd, owner, sizeof owner - 1);
        if (n > 0)
            owner[strcspn(owner, "\n")] = '\0';
        snprintf(error, STORE_ERROR,
                 "state directory %s is in use by another chatd (process %s); stop that one, or choose another "
                 "directory (chatd -d DIR)", dir, *owner ? owner : "unknown");
        close(d->lock_fd);
        d->lock_fd = -1;
        return -1;
    }
    int n = snprintf(owner, sizeof owner, "%ld\n", (long)getpid());
    if (ftruncate(d->lock_fd, 0) != 0 || pwrite(d->lock_fd, owner, (size_t)n, 0) != n) {
        /* the process number is only a help for people; the lock is what counts */
    }
    return 0;
}

static int set_up(struct database *d, char error[SCHEMA_ERROR])
{
    sqlite3_stmt *st = NULL;
    int flag = 0;
    sqlite3_busy_timeout(d->write, BUSY_TIMEOUT_MS);
    sqlite3_db_config(d->write, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
    if (exec(d, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;"
                " PRAGMA secure_delete = ON") != SQLITE_OK)
        goto failed;
    if (sqlite3_db_readonly(d->write, "main") != 0) {
        snprintf(error, SCHEMA_ERROR, "it cannot be written; check its owner and mode");
        return -1;
    }
    const char *missing = search_index_missing(d->write);
    if (missing) {
        snprintf(error, SCHEMA_ERROR, "%s", missing);
        return -1;
    }
    if (schema_apply(d->write, error) != 0)
        return -1;
    if (search_guard_adopt(d->write, fold_version()) != SQLITE_OK)
        goto failed;
    if (sqlite3_prepare_v2(d->write, "PRAGMA journal_mode = WAL", -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        goto failed;
    const char *mode = (const char *)sqlite3_column_text(st, 0);
    if (!mode || strcmp(mode, "wal") != 0) {
        sqlite3_finalize(st);
        snprintf(error, SCHEMA_ERROR, "its file system does not support a write-ahead log; keep it on a local disk");
        return -1;
    }
    sqlite3_finalize(st);
    return 0;

failed:
    snprintf(error, SCHEMA_ERROR, "%s", sqlite3_errmsg(d->write));
    sqlite3_finalize(st);
    return -1;
}

/* After the connection that writes: only that one can recover from a write-ahead log that was left behind. */
static int open_reader(struct database *d, const char *path, char error[SCHEMA_ERROR])
{
    int flag, flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &d->read, flags, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(d->read, BUSY_TIMEOUT_MS);
        sqlite3_db_config(d->read, SQLITE_DBCONFIG_DEFENSIVE, 1, &flag);
        if (sqlite3_exec(d->read, "PRAGMA trusted_schema = OFF", NULL, NULL, NULL) == SQLITE_OK)
            return 0;
    }
    snprintf(error, SCHEMA_ERROR, "%s", d->read ? sqlite3_errmsg(d->read) : "out of memory");
    return -1;
}

void database_disk(const struct database *d, int64_t *size, int64_t *available)
{
    struct statvfs fs;
    bool is_known = d->lock_fd >= 0 && fstatvfs(d->lock_fd, &fs) == 0;
    *size = is_known ? (int64_t)fs.f_blocks * (int64_t)fs.f_frsize : 0;
    *available = is_known ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : INT64_MAX;
}

void database_close(struct database *d)
{
    sqlite3_close(d->read); /* first: the last connection to close cleans up, and this one cannot write */
    d->read = NULL;
    sqlite3_close(d->write);
    d->write = NULL;
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    d->lock_fd = -1;
}

int database_open(struct database *d, const char *dir, char error[STORE_ERROR])
{
    char path[400], why[SCHEMA_ERROR];
    snprintf(path, sizeof path, "%s/chatd.db", dir);
    if (lock_directory(d, dir, error) != 0)
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* a new file is private, whatever the umask */
    if (fd >= 0)
        close(fd); /* before SQLite has it open: later this would drop SQLite's locks */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &d->write, flags, NULL) != SQLITE_OK)
        snprintf(why, sizeof why, "%s", d->write ? sqlite3_errmsg(d->write) : "out of memory");
    else if (set_up(d, why) == 0 && open_reader(d, path, why) == 0)
        return 0;
    snprintf(error, STORE_ERROR, "database %s: %s (it was not changed)", path, why);
    database_close(d);
    return -1;
}
