/* SPDX-License-Identifier: ISC */
/*
 * A chatd whose database was damaged, or edited by hand. It is refused with an error, or served; and then what a client
 * is told is clean, whatever stands in the rows.
 *
 * An input is lines, each of which damages a good database (make_good) in one place:
 *
 *     room.topic 0 tText   column, number of the row, and the new value: t a text, x a blob (both know \n \r \0 \\ and
 *                          \xHH), r300 ab a text of 300 times ab, i a number, n NULL; - deletes the row
 *     @5 100 255           sets a byte: page, offset, value
 *     !5 9                 copies a page over another
 *     %5                   cuts the file to so many pages
 *     +                    a client talks to this chatd, and the operator uses it; without such a line, which costs ten
 *                          times as much, all is loaded and read, and nothing written
 *
 * Lines about rows come first. Numbers are taken modulo what is there, and an unknown column is some column; so most
 * lines do something.
 */
#include "config.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/secret.h"
#include "chat/accounts.h"
#include "chat/export.h"
#include "chat/forget.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/moderation.h"
#include "chat/page.h"
#include "chat/reached.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "chat/space.h"
#include "chat/tokens.h"
#include "chat/unused.h"
#include "chat/users.h"
#include "net/post.h"
#include "proto/native.h"
#include "proto/text.h"
#include "serve/native/native_protocol.h"
#include "serve/reader.h"
#include "serve/session.h"
#include "serve/throttle.h"
#include "store/database.h"
#include "store/search_index.h"
#include "store/search_read.h"
#include "store/store_history.h"
#include "tests/fuzz/generate.h"
#include "tests/lib/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 1024
#define CLIENTS 2
#define WAIT_MS 30000
#define MOST_LINES 12
#define MOST_TEXT 20000
#define MOST_STEPS 200
#define MOST_RELAXED 400
#define TAGS 64 /* bytes of "@id=…;time=… ", at most */
#define TOKEN "fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuzz-fuz"

/* The disk is not what is tested. SQLite's calls come here. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

/* ---- memory for SQLite ---- */

/* Blocks of a power of two, which are kept when they are freed: under AddressSanitizer, SQLite's many allocations would
 * take most of the time, and its own use of memory is not what is tested. What it still has at the end is counted. */
#define LEAST_BLOCK 5
#define BLOCK_SIZES 27

union block {
    union block *next; /* of a free one */
    struct {
        int power, size;
    } used;
    max_align_t align;
};

static union block *blocks[BLOCK_SIZES];
static pthread_mutex_t blocks_mutex = PTHREAD_MUTEX_INITIALIZER;

static int block_round(int n)
{
    return n;
}

static void *block_malloc(int n)
{
    int power = LEAST_BLOCK;
    while (((size_t)1 << power) < (size_t)n + sizeof(union block))
        power++;
    if (power >= BLOCK_SIZES)
        return NULL;
    must(pthread_mutex_lock(&blocks_mutex) == 0);
    union block *b = blocks[power];
    if (b)
        blocks[power] = b->next;
    must(pthread_mutex_unlock(&blocks_mutex) == 0);
    if (!b)
        b = panic_malloc((size_t)1 << power);
    b->used.power = power;
    b->used.size = n;
    return b + 1;
}

static void block_free(void *p)
{
    union block *b = (union block *)p - 1;
    int power = b->used.power;
    must(pthread_mutex_lock(&blocks_mutex) == 0);
    b->next = blocks[power];
    blocks[power] = b;
    must(pthread_mutex_unlock(&blocks_mutex) == 0);
}

static int block_size(void *p)
{
    return p ? ((union block *)p - 1)->used.size : 0;
}

static void *block_realloc(void *p, int n)
{
    void *to = block_malloc(n);
    if (!to)
        return NULL;
    memcpy(to, p, (size_t)(n < block_size(p) ? n : block_size(p)));
    block_free(p);
    return to;
}

static int block_start(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void block_stop(void *arg)
{
    (void)arg;
}

static const sqlite3_mem_methods block_methods = {block_malloc, block_free, block_realloc, block_size, block_round,
                                                  block_start, block_stop, NULL};

/* ---- the good database ---- */

struct column {
    char name[64]; /* table.column */
    char *update, *delete;
    struct column *next;
};

static struct {
    char dir[UNIT_PATH], path[UNIT_PATH + 16];
    unsigned char *strict, *lenient; /* the file; and with columns that take values of any type */
    sqlite3_int64 size, memory; /* of the file; what SQLite has when nothing is open */
    struct relaxed {
        size_t at, n;
    } relaxed[MOST_RELAXED]; /* where they differ */
    int relaxed_count;
    struct column *columns; /* owns */
    int column_count;
} good;

static void exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        panic(__FILE__, __LINE__, "%s", sqlite3_errmsg(db));
}

static void add_token(sqlite3 *db)
{
    unsigned char digest[SECRET_DIGEST];
    sqlite3_stmt *st;
    secret_digest(digest, TOKEN);
    must(sqlite3_prepare_v2(db, "INSERT INTO token (digest, account, used_ms, broke_ms, caps, missed) VALUES (?1, 1, "
                                "unixepoch() * 1000, unixepoch() * 1000, 1, ?2)", -1, &st, NULL) == SQLITE_OK);
    sqlite3_bind_blob(st, 1, digest, sizeof digest, SQLITE_TRANSIENT);
    sqlite3_bind_blob(st, 2, "ROOM #den bob missed\r\n", 22, SQLITE_STATIC);
    must(sqlite3_step(st) == SQLITE_DONE);
    sqlite3_finalize(st);
    exec(db, "INSERT INTO token_room SELECT digest, 0, '#den', (SELECT min(id) FROM message) FROM token;"
             "INSERT INTO token_room SELECT digest, 1, '#hall', 0 FROM token");
}

static void fill(sqlite3 *db)
{
    static const char sql[] =
        "INSERT INTO account (id, key, name, hash, created_ms, seen_ms, seen_from) VALUES"
        " (1, 'alice', 'Alice', 'none', 1700000000000, 1700000000001, '192.0.2.1'),"
        " (2, 'bob', 'bob', 'none', 1700000000000, 1700000000002, '2001:db8::/64'),"
        " (3, 'carol', 'Carol', 'none', 1700000000000, 1700000000002, '');"
        "INSERT INTO invitation VALUES (x'0102', 1900000000000);"
        "INSERT INTO certificate VALUES (1, printf('%064d', 1), 1700000000000), (1, printf('%064d', 2), 1700000000000);"
        "INSERT INTO room (key, name, topic, created_ms, used_ms, kept, topic_by, topic_ms, maker) VALUES"
        " ('#den', '#Den', 'A topic', 1700000000000, 1700000009000, 0, 'bob', 1700000000000, '=1'),"
        " ('#hall', '#hall', '', 1700000000000, unixepoch() * 1000, 1, '', 0, ''),"
        " ('#old', '#old', '', 1600000000000, 1600000000000, 0, '', 0, '192.0.2.1');"
        "INSERT INTO room_option VALUES ('#den', 'topic-ops', '1'), ('#den', 'retention', '40'),"
        " ('#den', 'key', 'word'), ('#hall', 'slow', '1'), ('#hall', 'retention-days', '300');"
        "INSERT INTO room_role VALUES ('#den', 1, 4), ('#den', 2, 3), ('#hall', 1, 3), ('#hall', 3, 1);"
        "INSERT INTO room_sanction VALUES ('#den', 1, 'carol', 3, 'carol', '', 0, 'a reason', 'Alice'),"
        " ('#den', 2, '192.0.2.7', 0, '', '192.0.2.7', 1900000000000, '', 'bob'),"
        " ('#hall', 1, 'dave', 0, 'dave', '198.51.100.1', 0, 'why', 'server');"
        "INSERT INTO mail (account, time_ms, name, text, kind, sender) VALUES"
        " (1, unixepoch() * 1000, 'bob', 'a letter', 0, '=2'), (1, unixepoch() * 1000, 'carol', '#hall', 1, '=3'),"
        " (2, unixepoch() * 1000, 'Alice', 'another', 0, '=1'), (1, 1600000000000, 'dave', 'old', 0, '192.0.2.1');"
        "INSERT INTO mark (account, room, id) VALUES (1, '#den', 1), (1, '#hall', 1), (2, '#hall', 9223372036854775807);"
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)"
        " INSERT INTO message (room, id, time_ms, name, text, kind)"
        " SELECT CASE i % 3 WHEN 0 THEN '#hall' ELSE '#den' END, (1700000000000 << 20) + i + 1,"
        " unixepoch() * 1000 - 1000000 + i, CASE i % 2 WHEN 0 THEN 'bob' ELSE 'Alice' END, 'common word' || i, i % 2"
        " FROM n;"
        "INSERT INTO message (room, id, time_ms, name, text) VALUES ('#gone', 5, 1600000000000, 'eve', 'orphan');"
        "UPDATE date SET ms = unixepoch() * 1000, number_ms = unixepoch() * 1000;"
        "INSERT INTO pulse VALUES (1, 1)";
    bool more = true;
    exec(db, sql);
    add_token(db);
    exec(db, "BEGIN");
    while (more)
        must(search_index_advance(db, INT64_MAX, false, &more) == SQLITE_OK);
    exec(db, "COMMIT; PRAGMA journal_mode = DELETE");
}

/* The key of a table, as a list of columns. */
static void key_of(sqlite3 *db, const char *table, char key[128])
{
    sqlite3_stmt *st;
    must(sqlite3_prepare_v2(db, "SELECT coalesce(group_concat(quote(name)), 'rowid') FROM pragma_table_info(?1) WHERE pk",
                            -1, &st, NULL) == SQLITE_OK);
    sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    must(sqlite3_step(st) == SQLITE_ROW);
    snprintf(key, 128, "%s", (const char *)sqlite3_column_text(st, 0));
    for (char *c = key; *c; c++)
        if (*c == '\'')
            *c = '"';
    sqlite3_finalize(st);
}

static void add_column(sqlite3 *db, const char *table, const char *name)
{
    struct column *c = panic_calloc(1, sizeof *c);
    struct buf sql = {0};
    char key[128], where[400];
    key_of(db, table, key);
    snprintf(c->name, sizeof c->name, "%s.%s", table, name);
    snprintf(where, sizeof where, "WHERE (%s) = (SELECT %s FROM \"%s\" LIMIT 1 OFFSET ?2 %% max(1, (SELECT count(*) FROM"
             " \"%s\")))", key, key, table, table);
    buf_printf(&sql, "UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1 %s", table, name, where);
    c->update = panic_strdup(buf_text(&sql));
    buf_clear(&sql);
    buf_printf(&sql, "DELETE FROM \"%s\" %s", table, where);
    c->delete = panic_strdup(buf_text(&sql));
    buf_fini(&sql);
    c->next = good.columns;
    good.columns = c;
    good.column_count++;
}

static void list_columns(sqlite3 *db)
{
    sqlite3_stmt *st;
    must(sqlite3_prepare_v2(db, "SELECT s.name, c.name FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type ="
                                " 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY 1 DESC, 2 DESC", -1, &st,
                            NULL) == SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        add_column(db, (const char *)sqlite3_column_text(st, 0), (const char *)sqlite3_column_text(st, 1));
    sqlite3_finalize(st);
    must(good.column_count > 60);
}

/* Blanks what keeps values of other types out, where it stands in the schema. */
static void relax(const char *words)
{
    size_t n = strlen(words);
    for (size_t i = 0; i + n <= (size_t)good.size; i++) {
        if (memcmp(good.lenient + i, words, n) != 0)
            continue;
        memset(good.lenient + i, ' ', n);
        must(good.relaxed_count < MOST_RELAXED);
        good.relaxed[good.relaxed_count++] = (struct relaxed){i, n};
    }
}

static void *copy(const unsigned char *file)
{
    void *to = sqlite3_malloc64((sqlite3_uint64)good.size);
    must(to != NULL);
    return memcpy(to, file, (size_t)good.size);
}

static void make_good(void)
{
    struct database d = DATABASE_CLOSED;
    char error[STORE_ERROR];
    sqlite3 *db;
    unit_mkdir(good.dir);
    snprintf(good.path, sizeof good.path, "%s/chatd.db", good.dir);
    must(sqlite3_open(good.path, &db) == SQLITE_OK);
    exec(db, "PRAGMA page_size = 1024; VACUUM");
    sqlite3_close(db);
    must(database_open(&d, good.dir, error) == 0);
    sqlite3_close(d.read);
    d.read = NULL;
    fill(d.write);
    list_columns(d.write);
    good.strict = sqlite3_serialize(d.write, "main", &good.size, 0);
    must(good.strict && good.size % PAGE == 0);
    database_close(&d);
    good.lenient = copy(good.strict);
    relax("STRICT, "); /* WITHOUT ROWID stays */
    relax("STRICT");
    relax("NOT NULL");
    must(good.relaxed_count > 50);
    good.memory = sqlite3_memory_used();
}

/* ---- damage ---- */

struct damaged {
    unsigned char *file; /* by sqlite3_malloc */
    sqlite3_int64 size;
};

static const struct column *find_column(const char *name)
{
    unsigned hash = 0;
    for (const struct column *c = good.columns; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    for (const char *at = name; *at; at++)
        hash = hash * 31 + (unsigned char)*at;
    const struct column *c = good.columns;
    for (int i = (int)(hash % (unsigned)good.column_count); i; i--)
        c = c->next;
    return c;
}

/* The bytes that a text or blob of an input stands for. */
static void unescape(struct buf *out, const char *s)
{
    unsigned byte;
    for (; *s; s++) {
        if (*s != '\\' || !s[1]) {
            buf_char(out, *s);
            continue;
        }
        switch (*++s) {
        case 'n': buf_char(out, '\n'); break;
        case 'r': buf_char(out, '\r'); break;
        case '0': buf_char(out, '\0'); break;
        case 'x':
            if (s[1] && s[2] && sscanf(s + 1, "%2x", &byte) == 1) {
                buf_char(out, (char)byte);
                s += 2;
            }
            break;
        default: buf_char(out, *s);
        }
    }
}

static void repeat(struct buf *out, const char *s)
{
    char *text;
    long n = strtol(s, &text, 10);
    text += *text == ' ';
    for (; n > 0 && out->len < MOST_TEXT; n--)
        buf_str(out, *text ? text : "a");
}

/* Binds a value as the input writes it. `out` has what is bound. */
static void bind_value(sqlite3_stmt *st, const char *value, struct buf *out)
{
    switch (*value) {
    case 'i': sqlite3_bind_int64(st, 1, strtoll(value + 1, NULL, 10)); return;
    case 'n': sqlite3_bind_null(st, 1); return;
    case 'r': repeat(out, value + 1); break;
    case '\0': break;
    default: unescape(out, value + 1);
    }
    if (*value == 'x')
        sqlite3_bind_blob(st, 1, out->len ? out->data : "", (int)out->len, SQLITE_STATIC);
    else
        sqlite3_bind_text(st, 1, out->len ? out->data : "", (int)out->len, SQLITE_STATIC);
}

static void damage_row(sqlite3 *db, char *line)
{
    char *at = line, *name = strsep(&at, " "), *row = strsep(&at, " ");
    const struct column *c = find_column(name);
    const char *value = at ? at : "n";
    struct buf bound = {0};
    sqlite3_stmt *st;
    if (sqlite3_prepare_v2(db, *value == '-' ? c->delete : c->update, -1, &st, NULL) != SQLITE_OK)
        return; /* the table is the index's, which an earlier line has damaged */
    sqlite3_bind_int64(st, 2, row ? labs(strtol(row, NULL, 10) % 1000000) : 0);
    if (*value != '-')
        bind_value(st, value, &bound);
    sqlite3_step(st);
    sqlite3_finalize(st);
    buf_fini(&bound);
}

/* Changes the rows in a copy whose columns take all values, and then lets the file say again that they do not. */
static void damage_rows(struct damaged *to, char *const lines[], int n)
{
    sqlite3 *db;
    int rows = 0;
    for (int i = 0; i < n; i++)
        rows += *lines[i] && !strchr("@!%+", *lines[i]);
    *to = (struct damaged){NULL, good.size};
    if (!rows) {
        to->file = copy(good.strict);
        return;
    }
    must(sqlite3_open(":memory:", &db) == SQLITE_OK);
    must(sqlite3_deserialize(db, "main", copy(good.lenient), good.size, good.size,
                             SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) == SQLITE_OK);
    exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN");
    for (int i = 0; i < n; i++)
        if (*lines[i] && !strchr("@!%+", *lines[i]))
            damage_row(db, lines[i]);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    to->file = sqlite3_serialize(db, "main", &to->size, 0);
    must(to->file && to->size >= good.size);
    sqlite3_close(db);
    for (int i = 0; i < good.relaxed_count; i++)
        memcpy(to->file + good.relaxed[i].at, good.strict + good.relaxed[i].at, good.relaxed[i].n);
}

static void damage_bytes(struct damaged *to, const char *line)
{
    unsigned a = 0, b = 0, c = 0;
    if (!to->size)
        return;
    sscanf(line + 1, "%u %u %u", &a, &b, &c);
    size_t pages = (size_t)to->size / PAGE;
    if (*line == '@')
        to->file[a % pages * PAGE + b % PAGE] = (unsigned char)c;
    else if (*line == '!')
        memmove(to->file + a % pages * PAGE, to->file + b % pages * PAGE, PAGE);
    else
        to->size = (sqlite3_int64)(a % pages) * PAGE;
}

/* True if it is to be served. */
static bool write_damaged(const uint8_t *data, size_t size)
{
    bool is_served = false;
    char *lines[MOST_LINES], *text = panic_calloc(1, size + 1), *at = text;
    struct damaged d;
    int n = 0;
    if (size)
        memcpy(text, data, size);
    while (at && n < MOST_LINES)
        lines[n++] = strsep(&at, "\n");
    damage_rows(&d, lines, n);
    for (int i = 0; i < n; i++) {
        is_served = is_served || *lines[i] == '+';
        if (*lines[i] && strchr("@!%", *lines[i]))
            damage_bytes(&d, lines[i]);
    }
    int fd = open(good.path, O_WRONLY | O_CLOEXEC);
    must(fd >= 0 && write(fd, d.file, (size_t)d.size) == (ssize_t)d.size);
    must(ftruncate(fd, (off_t)d.size) == 0 && close(fd) == 0);
    sqlite3_free(d.file);
    free(text);
    return is_served;
}

/* What chatd leaves if it could not write its database. */
static void remove_logs(void)
{
    static const char *const ends[] = {"-wal", "-shm", "-journal"};
    char path[UNIT_PATH + 32];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(path, sizeof path, "%s%s", good.path, ends[i]);
        unlink(path);
    }
}

/* ---- chatd ---- */

/* As server.c does it, but for the threads of the store. */
static bool come_up(void)
{
    char error[STORE_ERROR] = "";
    unit_modules_start();
    bool is_open = store_open(good.dir, error) == 0;
    bool is_up = is_open && reached_load(error) == 0 && rooms_load(error) == 0 && accounts_load(error) == 0 &&
                 moderation_load(error) == 0 && mail_load(error) == 0;
    must(is_up || (*error && strlen(error) < sizeof error));
    if (is_open && !is_up)
        store_close();
    return is_up;
}

static void go_down(void)
{
    rooms_stop();
    accounts_stop();
    must(sqlite3_memory_used() == good.memory);
}

static void wait_for_store(void)
{
    struct store_status s;
    while ((s = store_status()).state == STORE_BUSY || (s.queued && s.state != STORE_FAILED))
        sched_yield();
}

static bool is_idle(void *arg)
{
    (void)arg;
    return pool_counts().idle == pool_counts().pairs;
}

static void remove_good(void)
{
    unit_rmdir(good.dir);
}

static void start(void)
{
    struct pool_config pool = {.max = CLIENTS, .prespawn = CLIENTS, .prepare = session_prepare,
                               .release = session_release, .serve = reader_serve};
    static bool is_started;
    int made;
    if (is_started)
        return;
    is_started = true;
    signal(SIGPIPE, SIG_IGN);
    must(sqlite3_config(SQLITE_CONFIG_MALLOC, &block_methods) == SQLITE_OK && secret_start() == 0);
    log_configure(LOG_ERROR, false);
    unit_limits(UNIT_WIDE);
    throttle_configure_stays(1 << 30, 1);
    users_start();
    make_good();
    atexit(remove_good);
    pool_open(&pool);
    must(pool_start(&made) == 0 && made == CLIENTS);
}

/* ---- what a client is told ---- */

static const char script[] =
    "RESUME " TOKEN "\nUSERNAME guest\nROOMS INFO\nROOMS ALL\nJOIN #den word\nUSERS #den INFO\nTOPIC\nSET\nBANS\n"
    "HISTORY 50\nHISTORY #den 10 SINCE 1d\nHISTORY #hall 5 BEFORE 1782579200000000020\nSEARCH common\n"
    "SEARCH from:bob after:1d word7*\nUNREAD\nCERT\nSEEN bob\nSEEN carol\nhello\nPRIVMSG bob to the mailbox\n"
    "SET slow 0\nBAN 198.51.100.9 1d\nUNBAN 198.51.100.9\nVOICE carol\nINVITE carol\nTOPIC new\nALSO #hall\nALSO #new\n"
    "CAPS -tags\nTOKEN\nLEAVE\nQUIT\n";

static void check_line(char *line, size_t len)
{
    char *as_was = panic_strdup(line);
    must(len >= 1 && line[len - 1] == '\r' && len <= native_max_line() + TAGS);
    line[--len] = '\0';
    as_was[len] = '\0';
    must(text_clean(line, len) && strcmp(line, as_was) == 0);
    free(as_was);
}

static void check_answers(struct buf *in)
{
    char *line = in->data, *end = in->data + in->len;
    while (line < end) {
        char *lf = memchr(line, '\n', (size_t)(end - line));
        must(lf != NULL);
        *lf = '\0';
        must(strlen(line) == (size_t)(lf - line));
        check_line(line, (size_t)(lf - line));
        line = lf + 1;
    }
}

static void wait_for_input(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    while ((n = poll(&p, 1, WAIT_MS)) < 0)
        must(errno == EINTR); /* by libFuzzer's clock */
    must(n == 1);
}

static void converse(void)
{
    struct arrival a = {.peer = {.loopback = true, .near = true, .exempt = true}, .via = &native_protocol};
    struct buf in = {0};
    char data[4096];
    int fd[2];
    ssize_t n;
    unit_socketpair(fd);
    a.fd = fd[0];
    strcpy(a.peer.text, "127.0.0.1:1");
    must(pool_take(&a) == POOL_GIVEN);
    must(write(fd[1], script, sizeof script - 1) == sizeof script - 1);
    do {
        wait_for_input(fd[1]);
        n = read(fd[1], data, sizeof data);
        if (n > 0)
            buf_add(&in, data, (size_t)n);
    } while (n > 0);
    close(fd[1]);
    check_answers(&in);
    buf_fini(&in);
    while (!is_idle(NULL))
        sched_yield();
}

/* ---- what chatd does by itself, and for the operator ---- */

static void tick(void)
{
    reached_tick();
    history_tick();
    retention_tick();
    space_tick();
    accounts_tick();
    search_tick();
    wait_for_store();
}

static void check_account(const struct account *a, void *arg)
{
    (void)arg;
    must(name_was_user(a->name) && memchr(a->hash, '\0', sizeof a->hash));
}

static void check_room(struct room *r, void *arg)
{
    (void)arg;
    must(name_is_room(r->name) && !r->fanout.count);
    for (int i = 0; i < r->rules.role_count; i++)
        must(r->rules.roles[i].role > ROLE_NONE && r->rules.roles[i].role <= ROLE_OWNER);
}

static void write_exported(struct buf *lines, const struct message_row *row, const char *to)
{
    (void)to;
    buf_printf(lines, "%s%s%d", row->name, row->text, (int)row->kind);
}

static void serve_operator(void)
{
    static struct notifier notifier; /* a thread of the store may still be waking it when the last wait is over */
    static bool is_made;
    struct export e = {.who = "alice", .write = write_exported};
    struct forget f;
    int steps = 0;
    if (!is_made)
        notifier_init(&notifier);
    is_made = true;
    while (!e.is_done && export_step(&e, &notifier))
        must(steps++ < MOST_STEPS);
    export_fini(&e);
    forget_begin(&f, "alice");
    while (f.phase != FORGET_DONE && forget_step(&f, &notifier))
        must(steps++ < MOST_STEPS);
}

static void serve(void)
{
    must(store_start() == 0);
    converse();
    rooms_clean_up();
    retention_clean_up();
    mail_clean_up();
    tokens_clean_up();
    unused_clean_up();
    space_configure(&(struct space_limits){.room_mib = 1, .total_mib = 0, .reserve_mib = 0});
    space_clean_up();
    for (int i = 0; i < 8; i++)
        tick();
    serve_operator();
    post_flush();
    history_stop();
    accounts_tick();
    reached_stop();
    store_stop();
}

/* ---- what is read ---- */

static void check_page(struct page *p)
{
    for (int i = 0; i < p->count; i++) {
        struct message_row row = page_at(p, i);
        char *text = panic_strdup(row.text);
        must(text_clean(text, strlen(text)) && strcmp(text, row.text) == 0);
        must(name_was_user(row.name) || strcmp(row.name, NAME_SERVER) == 0);
        free(text);
    }
    page_fini(p);
}

static bool add_row(const struct message_row *row, void *arg)
{
    return page_add(arg, row);
}

static bool may_read(const char *room_key, void *arg)
{
    (void)room_key;
    (void)arg;
    return true;
}

static void read_history(struct room *r, void *arg)
{
    sqlite3 *db = arg;
    struct page p = {.most = 100, .bytes_left = 100000};
    struct history_range range = {.room = r->key, .before = INT64_MAX, .most = 100};
    (void)store_history_read(db, &range, add_row, &p);
    check_page(&p);
    p = (struct page){.most = 10, .bytes_left = 100000};
    range = (struct history_range){.room = r->key, .before = INT64_MAX, .since_ms = 1, .most = 10, .first = true};
    (void)store_history_read(db, &range, add_row, &p);
    check_page(&p);
}

static void read_all(void)
{
    sqlite3 *db = store_connection();
    struct page p = {.most = 20, .bytes_left = 100000};
    struct search_filter filter = {.match = "common word7*", .since_ms = 1, .before_ms = INT64_MAX - 1,
                                   .until_ms = INT64_MAX, .may_read = may_read};
    enum search_end end;
    rooms_each(read_history, db, true);
    (void)search_read_each(db, &filter, add_row, &p, &end);
    check_page(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    remove_logs();
    bool is_served = write_damaged(data, size);
    if (come_up()) {
        accounts_each(check_account, NULL);
        rooms_each(check_room, NULL, true);
        read_all();
        if (is_served)
            serve();
        else
            store_close();
    }
    go_down();
    return 0;
}

#ifndef LIBFUZZER

static void add_line(struct buf *input, uint64_t *seed)
{
    static const char *const values[] = {"i-1", "i0", "i9223372036854775807", "i-9223372036854775808", "n", "-", "t",
                                         "r300 ab", "ttwo words", "tx\\r\\ny", "t\\xff", "x\\x00", "t#den", "t\\0",
                                         "i9000000000000", "t=1", "i5"};
    const struct column *c = good.columns;
    uint32_t x = unit_random(seed), y = unit_random(seed);
    for (int i = (int)(x % (unsigned)good.column_count); i; i--)
        c = c->next;
    switch (y % 10) {
    case 0: buf_printf(input, "@%u %u %u\n", x % 64, x >> 8, y >> 8 & 0xff); break;
    case 1: buf_printf(input, "!%u %u\n", x % 64, y % 64); break;
    case 2: buf_printf(input, "%s", x % 4 ? "+\n" : "%40\n"); break;
    default:
        buf_printf(input, "%s %u %s\n", c->name, x % 4, values[y / 10 % (sizeof values / sizeof values[0])]);
    }
}

int main(void)
{
    enum { INPUTS = 400 };
    uint64_t seed = 12;
    start();
    replay("store");
    for (int i = 0; i < INPUTS; i++) {
        struct buf input = {0};
        for (int n = i % 5; n >= 0; n--)
            add_line(&input, &seed);
        LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.len);
        buf_fini(&input);
    }
    pool_close_all();
    pool_wait_empty();
    pool_stop();
    users_stop();
    return 0;
}

#endif
