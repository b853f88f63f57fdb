/* SPDX-License-Identifier: ISC */
#ifndef CHAT_SPACE_H
#define CHAT_SPACE_H

#include "base/notifier.h"
#include "store/sizes.h"

/*
 * Keeps the history within its space: bytes of one room, bytes of all rooms, and a reserve of the disk that is left to
 * everything else. After each batch of messages the store makes as much space as was taken, so a flood grows no further
 * than the limit and one batch. store/trim.h says which messages give way.
 */
struct space_limits {
    int room_mib, total_mib; /* MiB, as store/sizes.h counts them */
    int reserve_mib;         /* MiB of the file system; a twentieth of it at most */
};

/* Any thread. */
void space_configure(const struct space_limits *limits);

/* Before the store starts. Main thread. */
void space_start(void);

/* So many messages were written: for history_start. Store thread. */
void space_note_stored(int messages);

/* Keeper, each of its passes: goes on with what is not finished. */
void space_tick(void);

/* There may be too much: once an hour, and when a limit was lowered. Any thread. */
void space_clean_up(void);

/* Bytes of all rooms, as they were at the last look. Any thread. */
int64_t space_used(void);

/* The rooms that have most of the history, the largest first: a copy, with all that was said until now. */
#define SPACE_ROOMS 1000
struct space_rooms {
    struct space_room {
        char key[SIZES_KEY];
        struct size size;
    } *v; /* owns */
    int n;
};

/* Reads them. False: the store could not be asked. space_rooms_fini in any case. Any thread with a notifier, no hot
 * lock; blocks. */
bool space_read(struct space_rooms *rooms, struct notifier *notifier);
void space_rooms_fini(struct space_rooms *rooms);

#endif
