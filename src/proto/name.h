/* SPDX-License-Identifier: ISC */
#ifndef PROTO_NAME_H
#define PROTO_NAME_H

#include <stdbool.h>

/*
 * Names of users and rooms: 1 to 32 bytes of ASCII letters, digits, _ - and . ; a room's # is not counted. Compared
 * without case, shown as first written. Pure; any thread.
 */
#define NAME_LONGEST 32
#define NAME_SIZE (NAME_LONGEST + 2) /* with a room's # and the NUL */
#define NAME_SERVER "server"         /* whom the operator's words come from; nobody else may be called so */

/* The most bytes a new name may have, 1 to NAME_LONGEST. Any thread. */
void name_configure(int longest);

/* A user's name: also does not start with - or . */
bool name_is_user(const char *s);

/* The same whatever the limit is now, for names that were given before. */
bool name_was_user(const char *s);

/* Writes a room's name, # in front whether given or not; false when it is none. Whatever the limit is now: there may be
 * rooms from before. */
bool name_room(char out[NAME_SIZE], const char *s);

/* True when a room of that name (as name_room gave it) may be made. */
bool name_fits(const char *room);

/* True for a room's name as it stands in the database. */
bool name_is_room(const char *s);

/* Writes the form in which names are compared. */
void name_fold(char out[NAME_SIZE], const char *name);

#endif
