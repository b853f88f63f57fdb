/* SPDX-License-Identifier: ISC */
/*
 * One step follows each batch, and another, at the keeper's next pass, each step that removed something. Not obvious:
 * a file of SQLite does not shrink, but uses again the pages that became free. So while the disk is low, enough free
 * pages are kept in the file for what comes next.
 */
#include "config.h"

#include "chat/space.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/counter.h"
#include "base/date.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "store/trim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024 * 1024LL)
#define STEP_ROWS 2000                /* that one step deletes; more, if more were written */
#define RESERVE_PART 20               /* of the file system */
#define FREE_PART 16                  /* of the database, that is kept free while the disk is low, */
#define FREE_MOST (8 * MIB)           /* at most */
#define LOG_AGAIN_MS (600 * 1000LL)   /* about the same limit */

/* Why a room gives way: the key of the limit. */
enum reason { ROOM, TOTAL, DISK, REASONS };
static const char *const keys[REASONS] = {"history.room_mib", "history.total_mib", "store.reserve_mib"};

/* Locking key: a atomic · t the store thread (before its start, the main thread) */
static struct {
    _Atomic int64_t used;       /* a: bytes */
    _Atomic int stored;         /* a: messages written that no step has followed */
    _Atomic bool busy;          /* a: .step is queued or being carried out */
    _Atomic bool more;          /* a: the last step has removed something */
    _Atomic bool paused;        /* a: until space_clean_up, because damage stands in the way */
    int taken;                  /* t: .stored, as this step began */
    int64_t day;                /* t: the last for which older days were forgotten */
    enum reason reason;         /* t: this and the next two: of this step */
    char room[SIZES_KEY];       /* t: the room that gives way; "" if none has to */
    struct trim_result result;  /* t */
    bool failed;                /* t: because of damage */
    struct trim_way way;        /* t: search_guard knows the step by this address at each try */
    int64_t log_at_ms[REASONS]; /* t: when it may be logged again */
    struct store_job step;
} space;

static _Atomic int64_t room_bytes = 64 * MIB, total_bytes = 1024 * MIB, reserve_bytes = 64 * MIB;

#define RELAXED(value) atomic_load_explicit(&(value), memory_order_relaxed)

void space_configure(const struct space_limits *l)
{
    atomic_store_explicit(&room_bytes, l->room_mib * MIB, memory_order_relaxed);
    atomic_store_explicit(&total_bytes, l->total_mib * MIB, memory_order_relaxed);
    atomic_store_explicit(&reserve_bytes, l->reserve_mib * MIB, memory_order_relaxed);
}

int64_t space_used(void)
{
    return RELAXED(space.used);
}

/* ---- a step ---- */

/* Bytes of free pages that the database lacks; 0 or less: none. */
static int find_lack(sqlite3 *db, int64_t *lack)
{
    int64_t reserve = RELAXED(reserve_bytes), size, available, file, unused;
    *lack = 0;
    store_disk(&size, &available);
    if (reserve > size / RESERVE_PART)
        reserve = size / RESERVE_PART;
    if (available >= reserve)
        return SQLITE_OK;
    int rc = sizes_of_file(db, &file, &unused);
    *lack = (file / FREE_PART < FREE_MOST ? file / FREE_PART : FREE_MOST) - unused;
    return rc;
}

#define WHOLE_PART 4 /* of all rooms: with the parts of store/trim.h, a speaker floods with a sixteenth of that */

/* The room that was found gives way so many bytes for all rooms, which have `all`. */
static int take_from_room(sqlite3 *db, enum reason reason, int64_t bytes, int64_t all)
{
    struct size size;
    space.reason = reason;
    space.way.whole = all / WHOLE_PART + 1;
    int rc = sizes_of_room(db, space.room, &size);
    if (rc == SQLITE_OK)
        space.way.limits.bytes = size.bytes > bytes ? size.bytes - bytes : 0;
    return rc;
}

static int choose(sqlite3 *db)
{
    struct size all;
    int64_t lack, most = RELAXED(total_bytes);
    space.reason = ROOM;
    space.way.whole = 0;
    space.way.limits = (struct size){.messages = INT64_MAX, .bytes = RELAXED(room_bytes)};
    int rc = sizes_of_all(db, &all);
    atomic_store_explicit(&space.used, all.bytes, memory_order_relaxed);
    if (rc == SQLITE_OK)
        rc = sizes_find_over(db, space.way.limits.bytes, space.room);
    if (rc != SQLITE_OK || *space.room)
        return rc;
    if (all.bytes > most) {
        rc = sizes_find_largest(db, space.way.today, space.room);
        return rc == SQLITE_OK ? take_from_room(db, TOTAL, all.bytes - most, all.bytes) : rc;
    }
    rc = find_lack(db, &lack);
    if (rc != SQLITE_OK || lack <= 0)
        return rc;
    rc = sizes_find_oldest(db, space.room); /* pages become free where all of their messages go: from the old end */
    return rc == SQLITE_OK ? take_from_room(db, DISK, lack, all.bytes) : rc;
}

static int forget_days(sqlite3 *db)
{
    if (space.day == space.way.today)
        return SQLITE_OK;
    space.day = space.way.today;
    return sizes_forget_days(db, space.day);
}

static int do_step(sqlite3 *db, void *arg)
{
    const struct trim_way *way = arg;
    space.failed = !db;
    *space.room = '\0';
    space.result = (struct trim_result){0};
    if (!db)
        return SQLITE_OK;
    int rc = forget_days(db);
    if (rc == SQLITE_OK)
        rc = choose(db);
    return rc == SQLITE_OK && *space.room ? trim_give_way(db, space.room, way, &space.result) : rc;
}

static int step_run(struct store_job *job, sqlite3 *db)
{
    (void)job;
    space.taken = RELAXED(space.stored);
    space.way.today = date_ms() / CLOCK_DAY_MS;
    space.way.most = space.taken < STEP_ROWS ? STEP_ROWS : space.taken + space.taken / 4;
    return search_guard(db, do_step, &space.way);
}

static void log_gave_way(void)
{
    char room[LOG_QUOTED], who[LOG_QUOTED];
    if (clock_ms() < space.log_at_ms[space.reason])
        return;
    space.log_at_ms[space.reason] = clock_ms() + LOG_AGAIN_MS;
    log_quote(space.room, room);
    log_quote(space.result.who, who);
    if (*space.result.who)
        log_warn("history_gave_way", "room=%s user=%s limit=%s hint=\"this user has said most there lately; the oldest "
                 "of that was deleted\"", room, who, keys[space.reason]);
    else
        log_warn("history_gave_way", "room=%s limit=%s hint=\"the oldest messages of the room were deleted\"", room,
                 keys[space.reason]);
}

static void step_done(struct store_job *job, bool ok)
{
    (void)job;
    atomic_store(&space.paused, space.failed);
    ok = ok && !space.failed && space.result.removed;
    atomic_fetch_sub_explicit(&space.stored, space.taken, memory_order_relaxed);
    atomic_store(&space.more, ok);
    atomic_store(&space.busy, false);
    if (!ok)
        return;
    if (space.result.emptied)
        rooms_note_emptied(space.room);
    counter_add(COUNTER_HISTORY_GAVE_WAY, (uint64_t)space.result.removed);
    search_note_work(); /* there may be something to wipe */
    log_gave_way();
}

static void step(void)
{
    if (!atomic_exchange(&space.busy, true))
        store_put(&space.step);
}

void space_clean_up(void)
{
    atomic_store(&space.paused, false);
    step();
}

void space_tick(void)
{
    if (atomic_load(&space.more))
        step();
}

void space_note_stored(int messages)
{
    atomic_fetch_add_explicit(&space.stored, messages, memory_order_relaxed);
    if (!atomic_load(&space.paused))
        step();
}

/* ---- what each room has ---- */

struct reading {
    struct request request;
    struct space_rooms *rooms;
    bool is_whole;
};
enum { READ = 1, NOT_READ };

static void add_room(const char *room, const struct size *size, void *arg)
{
    struct space_rooms *rooms = arg;
    struct space_room *r = &rooms->v[rooms->n++];
    snprintf(r->key, sizeof r->key, "%s", room);
    r->size = *size;
}

static void read_rooms(struct store_job *job, sqlite3 *db)
{
    struct reading *r = container_of(job, struct reading, request.job);
    r->is_whole = sizes_each(db, SPACE_ROOMS, add_room, r->rooms) == SQLITE_OK;
}

static void reading_done(struct store_job *job, bool ok)
{
    struct reading *r = container_of(job, struct reading, request.job);
    request_complete(&r->request, ok && r->is_whole ? READ : NOT_READ);
}

bool space_read(struct space_rooms *rooms, struct notifier *notifier)
{
    struct reading r = {.rooms = rooms};
    *rooms = (struct space_rooms){.v = panic_calloc(SPACE_ROOMS, sizeof *rooms->v)};
    history_put_behind(&r.request, &(struct store_job){.read = read_rooms, .done = reading_done}, notifier);
    return request_wait(&r.request, NULL, NULL) && r.request.result == READ;
}

void space_rooms_fini(struct space_rooms *rooms)
{
    free(rooms->v);
    *rooms = (struct space_rooms){0};
}

/* ---- starting ---- */

void space_start(void)
{
    space.step = (struct store_job){.run = step_run, .done = step_done};
    space.day = 0;
    memset(space.log_at_ms, 0, sizeof space.log_at_ms);
    atomic_store(&space.stored, 0);
    atomic_store(&space.more, false);
    atomic_store(&space.paused, false);
    atomic_store(&space.busy, false);
}
