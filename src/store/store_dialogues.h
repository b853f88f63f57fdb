/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_DIALOGUES_H
#define STORE_STORE_DIALOGUES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Dialogues on disk: the private messages between two accounts that are kept. Their messages are in the table of the
 * messages of rooms (store/store_history.h), under a key in place of a room's; so what is said there of limits, of
 * retention, of searching and of forgetting holds for them too. There is a dialogue only as long as both accounts are
 * there. The calls that take a database return SQLITE_OK or the error.
 */
#define DIALOGUE_KEY 34 /* '@', twice 16 digits, and the NUL; as long as the key of a room may be */

/* The key of the dialogue of two accounts, in either order. Pure; any thread. */
void store_dialogue_key(char key[DIALOGUE_KEY], int64_t a, int64_t b);
/* The accounts of a key. False: it is none. Pure; any thread. */
bool store_dialogue_ids(const char *key, int64_t *low, int64_t *high);

/* Notes that something was said in the dialogue of that key, which is made if it is new. *is_kept is false, and nothing
 * is noted, if one of the accounts is gone, or does not want it. For run() of a store_job. */
int store_dialogues_note(sqlite3 *db, const char *key, int64_t time_ms, bool *is_kept);
/* Deletes what is known of it beside its messages. For run() of a store_job. */
int store_dialogues_remove(sqlite3 *db, const char *key);

/* Sets up to which time one of its two accounts has read the dialogue of that key, if there is one; and finds it, 0 if
 * it is not known. The first is for run() of a store_job. */
int store_dialogues_set_read(sqlite3 *db, int64_t account, const char *key, int64_t time_ms);
int store_dialogues_find_read(sqlite3 *db, int64_t account, const char *key, int64_t *time_ms);

/* Calls fn for each dialogue of the account that has messages, with the other account and the time of the newest, the
 * newest first, `most` at most. */
int store_dialogues_each(sqlite3 *db, int64_t account, int most,
                         void (*fn)(int64_t other, int64_t last_ms, void *arg), void *arg);

#endif
