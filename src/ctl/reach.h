/* SPDX-License-Identifier: ISC */
#ifndef CTL_REACH_H
#define CTL_REACH_H

#include "base/buf.h"
#include "base/paths.h"

/*
 * How chatctl finds the console of a running chatd: where it was told, where chatd.conf says, at the usual places, and
 * at last wherever a chatd of the same user listens (chatd -d DIR). One thread; may block on the disk.
 */
enum reach { REACH_DONE, REACH_NOWHERE, REACH_DENIED, REACH_SEVERAL };

/* The keys of the installed chatd.conf that matter here, "" for one that is not set. `mistakes`: why it cannot be
 * read. */
void reach_read_conf(char dir[PATHS_SIZE], char socket_path[PATHS_SIZE], struct buf *mistakes);

/* Connects to the first console that answers: *fd. Otherwise `why` says what was tried, in lines for the operator.
 * `socket_path` (chatctl -s) and `dir` (chatctl -d) are NULL if they were not given. `timeout_s`: of sending. */
enum reach reach_console(const char *socket_path, const char *dir, int timeout_s, int *fd, struct buf *why);

#endif
