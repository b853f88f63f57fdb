/* SPDX-License-Identifier: ISC */
#ifndef CHAT_OPERS_H
#define CHAT_OPERS_H

#include "base/secret.h"
#include "net/addrs.h"
#include "proto/name.h"

#include <stdbool.h>

/*
 * The operators of the server, irc.opers. A client that has given the password of one has its id from then on, until
 * the connection ends. The id says nothing by itself: it is looked up at each use, and a reload that removes the
 * operator, or changes name or password, leaves an id that nobody has. Any thread; none of these blocks.
 */
#define OPERS_MOST 16

struct oper {
    char name[NAME_SIZE];
    char hash[SECRET_HASH];
    unsigned id;           /* never given twice, never 0 */
    char from[ADDRS_TEXT]; /* the address whose client has given the password last, as addrs_key_text; "": none has */
};

/* Sets all of them, by .name and .hash. One that was there already stays what it was. n: OPERS_MOST at most. */
void opers_configure(const struct oper *v, int n);

/* True if there is any. */
bool opers_any(void);

/* Copies the operator of that name; case does not matter. False: there is none. */
bool opers_find(const char *name, struct oper *copy);

/* Copies the one that has the id. False: there is none any more. */
bool opers_by_id(unsigned id, struct oper *copy);

/* True if there is one with that id. 0: nobody's. */
bool opers_has(unsigned id);

/* A client at that address has given the password. */
void opers_note_from(unsigned id, const char *from);

#endif
