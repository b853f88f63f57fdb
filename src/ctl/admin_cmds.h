/* SPDX-License-Identifier: ISC */
#ifndef CTL_ADMIN_CMDS_H
#define CTL_ADMIN_CMDS_H

#include "ctl/admin_call.h"

/* Running the commands of tbl/admin.h. */

/* Sets the moment from which uptime counts. Before the first request. */
void admin_cmds_start(void);

/* Carries out one request line and writes the whole reply, its last object included. `line` is writable, without its
 * end, and is cut into arguments. Returns the verb, for the log (static). May block. Any console thread. */
const char *admin_cmds_run(struct admin_call *c, char *line);

#endif
