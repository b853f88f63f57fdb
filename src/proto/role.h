/* SPDX-License-Identifier: ISC */
#ifndef PROTO_ROLE_H
#define PROTO_ROLE_H

/* What a user may do in a room: each role includes the ones before it. The numbers are stored in the database. */
enum role { ROLE_NONE, ROLE_GUEST, ROLE_VOICE, ROLE_OP, ROLE_OWNER };

/* The name of a role, in lower case. Pure; any thread. */
const char *role_name(enum role role);

#endif
