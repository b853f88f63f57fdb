/* SPDX-License-Identifier: ISC */
#ifndef STORE_TRIM_H
#define STORE_TRIM_H

#include "store/sizes.h"

#include <stdbool.h>

/*
 * Removing messages from the history, in small steps. Messages that are too old expire. A room that has too many, or
 * too many bytes, gives way: what floods goes first, and the past stays.
 *
 * For run() of a store_job, inside search_guard_run. The calls return SQLITE_OK or the error. A room is named by its
 * key.
 */

/* What a step has removed. */
struct trim_result {
    int removed;          /* messages */
    bool emptied;         /* the room has no message any more */
    char who[SIZES_KEY];  /* they gave way, and were of this speaker only; "" if not */
};

/*
 * A step for the room whose key follows `room`; `room` is set to that key, or to "" if none is left. Looks at the
 * `most` oldest messages of the room and deletes from the oldest on, up to the first that stays. A message expires if
 * it is
 *   beyond the newest that the room's option retention says,
 *   older than before_ms, or than the room's option retention-days says,
 *   of an earlier room of the same name, or
 *   older than orphans_ms, if no room of that name is recorded.
 * If none does, the room gives way to its limit `messages`.
 */
struct trim_limits {
    int64_t messages, before_ms, orphans_ms, now_ms; /* times of the wall clock */
    int64_t today;                                   /* as in struct trim_way */
    int most;
};
int trim_next(sqlite3 *db, char room[SIZES_KEY], const struct trim_limits *limits, struct trim_result *result);

/*
 * A step towards the limits for one room: deletes at most `most` messages, and no more than needed. While one speaker
 * has said more than a quarter of the limit lately, or all together more than half of it, the oldest of that goes that
 * the one who said most has said lately; under so many names that none of them has said much, the oldest of all that.
 * Otherwise the oldest message of the room.
 */
struct trim_way {
    struct size limits;
    int64_t whole; /* bytes of which the parts are taken, if the room gives way for others; 0: of its limit */
    int64_t today; /* since 1970, by date_ms(), as numbers of messages count */
    int most;
};
int trim_give_way(sqlite3 *db, const char *room, const struct trim_way *way, struct trim_result *result);

#endif
