/* SPDX-License-Identifier: ISC */
#ifndef CHAT_SETTINGS_H
#define CHAT_SETTINGS_H

#include "chat/room.h"

/*
 * What is set for a room, as events. LIST_BANS: the bans and mutes in force, EVENT_BAN_ENTRY. LIST_OPTIONS: all
 * options, EVENT_OPTION, then all roles of accounts and of members, EVENT_ROLE. Returns the number of bans, or of
 * options. `fn` is called with the room's lock held, so it may render the event and no more; who may see the list is
 * for the caller to decide. settings_list takes the lock. Any thread, no lock that ranks at or above ROOM.
 */
typedef void settings_fn(const struct event *ev, void *arg);
int settings_list_locked(struct room *r, enum list_kind list, settings_fn *fn, void *arg);
int settings_list(struct room *r, enum list_kind list, settings_fn *fn, void *arg);

#endif
