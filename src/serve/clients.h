/* SPDX-License-Identifier: ISC */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include "serve/session.h"

/* What other threads may know of sessions and do to them: the console and the keeper. Any thread. */

/* A copy of what the console shows of a pair's client; false if there is none. */
struct clients_view {
    struct pool_client client;
    char name[NAME_SIZE]; /* "" before the client has one */
    int rooms;
    const char *tls_version, *tls_cipher; /* static; NULL: not encrypted */
    int64_t idle_ms;
    struct outbox_load queued;
};
bool clients_view(struct pair *p, struct clients_view *view);

/* Closes all sessions of the user of that name as kicked. They are shown `reason`, or without one (NULL) that it was
 * the operator. How many there were; their ids are in *ids, which the caller frees. */
int clients_kick_user(const char *name, const char *reason, uint64_t **ids);
/* The same for the one client that has that id; if `who` is none, it is the name of a user. */
int clients_kick(const char *who, const char *reason, uint64_t **ids);

/* Keeper: closes the sessions whose deadline has passed. */
void clients_check_deadlines(void);

#endif
