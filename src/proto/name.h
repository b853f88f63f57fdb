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
#define NAME_SERVER "server"         /* the sender of what the operator says */

/* The most bytes of a new name, 1 to NAME_LONGEST. Any thread. */
void name_configure(int longest);

/* A user's name of permitted length; it does not begin with - or . and is not an IPv4 address, so that a word is a
 * name or an address and never both. */
bool name_is_user(const char *s);

/* The same at any configured length: the name may have been given under an earlier limit. */
bool name_was_user(const char *s);

/* True for a name that nobody may take, tbl/reserved.h, in any case. */
bool name_is_reserved(const char *s);

/* Writes a room's name, # in front whether given or not; false if it is not one. At any configured length: the room may
 * exist since before. */
bool name_room(char out[NAME_SIZE], const char *s);

/* True if a room of that name (as name_room wrote it) may be created under the present limit. */
bool name_fits(const char *room);

/* True for a room's name as it stands in the database. */
bool name_is_room(const char *s);

/* Writes the form in which names are compared. */
void name_fold(char out[NAME_SIZE], const char *name);

#endif
