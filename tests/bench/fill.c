/* SPDX-License-Identifier: ISC */
/*
 * fill DIR MESSAGES [ROOMS] : makes a state directory for chatd with this many stored messages, said within a year in
 * the rooms #b0, #b1 ..., the rooms of chatload. It uses SQLite as chatd does.
 */
#include "config.h"

#include "base/clock.h"
#include "store/search_index.h"
#include "store/store.h"
#include "store/store_history.h"
#include "tests/bench/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BATCH 10000
#define YEAR_MS (360LL * 24 * 3600 * 1000) /* none expires before the run ends */
#define USERS 1000

static struct {
    long messages, done, left; /* left: in this batch */
    int rooms;
    int64_t begin_ms;
    uint64_t random;
    char room[16], name[16];
    struct buf text;
    struct message_row row;
} fill = {.rooms = 100, .random = 1};

static const struct message_row *next(void *arg)
{
    (void)arg;
    if (!fill.left--)
        return NULL;
    int64_t at_ms = fill.begin_ms + (int64_t)((double)fill.done / (double)fill.messages * YEAR_MS);
    snprintf(fill.room, sizeof fill.room, "#b%u", vocab_random(&fill.random) % (unsigned)fill.rooms);
    snprintf(fill.name, sizeof fill.name, "b%06u", vocab_random(&fill.random) % USERS);
    buf_clear(&fill.text);
    vocab_text(&fill.text, &fill.random);
    fill.row = (struct message_row){
        .room = fill.room,
        .name = fill.name,
        .text = buf_text(&fill.text),
        .id = ((uint64_t)at_ms << 20) + 1 + (uint64_t)fill.done % 1000000, /* some share a millisecond */
        .time_ms = at_ms,
    };
    fill.done++;
    return &fill.row;
}

static void check(int rc, sqlite3 *db)
{
    if (rc == SQLITE_OK)
        return;
    fprintf(stderr, "fill: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void exec(sqlite3 *db, const char *sql)
{
    check(sqlite3_exec(db, sql, NULL, NULL, NULL), db);
}

static void add_rooms(sqlite3 *db)
{
    char sql[160];
    for (int i = 0; i < fill.rooms; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO room (key, name, created_ms, used_ms) VALUES ('#b%d', '#b%d', %lld, %lld)", i, i,
                 (long long)fill.begin_ms - 1, (long long)clock_wall_ms());
        exec(db, sql);
    }
}

static void add_messages(sqlite3 *db)
{
    bool more = true;
    while (fill.done < fill.messages) {
        fill.left = fill.messages - fill.done < BATCH ? fill.messages - fill.done : BATCH;
        exec(db, "BEGIN");
        check(store_history_add(db, next, NULL), db);
        exec(db, "COMMIT");
    }
    while (more) {
        exec(db, "BEGIN");
        check(search_index_advance(db, clock_ms() + 100, false, &more), db);
        exec(db, "COMMIT");
    }
}

int main(int argc, char **argv)
{
    char error[STORE_ERROR];
    if (argc < 3 || argc > 4 || (fill.messages = atol(argv[2])) < 1 || (argc > 3 && (fill.rooms = atoi(argv[3])) < 1)) {
        fprintf(stderr, "usage: fill DIR MESSAGES [ROOMS]\n");
        return 2;
    }
    mkdir(argv[1], 0750);
    if (store_open(argv[1], error) != 0) {
        fprintf(stderr, "fill: %s\n", error);
        return 1;
    }
    sqlite3 *db = store_connection();
    fill.begin_ms = clock_wall_ms() - YEAR_MS;
    exec(db, "PRAGMA synchronous = OFF");
    add_rooms(db);
    int64_t from_ms = clock_ms();
    add_messages(db);
    printf("%ld messages in %.1f s\n", fill.done, (double)(clock_ms() - from_ms) / 1e3);
    store_close();
    buf_fini(&fill.text);
    return 0;
}
