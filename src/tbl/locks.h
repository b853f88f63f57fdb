/* SPDX-License-Identifier: ISC */
/*
 * Every lock in chatd, in the order in which they may be taken: a thread may take a lock only while
 * everything it holds stands above it here. base/lock.c checks that on every acquisition and aborts at the
 * first breach.
 *
 * From HOT_FIRST down a lock is hot: no socket call that may block, no SQLite call and no log line happens
 * while one is held. The log's own lock stands above that line, so a log line under a hot lock aborts too.
 *
 * LOCK(NAME, what it protects)
 */
LOCK(RELOAD, "one reload of the configuration at a time")
LOCK(SPAWN, "the making of thread pairs: one maker at a time")
LOCK(LOG, "the log's output line and its rate limit")
LOCK(USERS, "the registry of names: name to member")
LOCK(ROOMS, "the table of rooms: name to room, and the gaining of references to rooms")
LOCK(ROOM, "one room: its members, its topic, the order of its messages")
LOCK(ACCOUNTS, "the table of accounts")
LOCK(RESUME, "who holds a token, and who comes with one")
LOCK(HISTORY, "what was said and waits to be written")
LOCK(STORE, "the queue of the store thread and its state")
LOCK(OUTBOX, "one outbox: queue, flags, budget, stream")
LOCK(STREAM, "a stream that stands on another: what its reader and its drainer share")
LOCK(POOL, "the list of idle thread pairs and their counts")
LOCK(ADDRS, "connections counted by address")
LOCK(REFUSE, "the queue of connections that are being turned away")
LOCK(ADMIN, "the console's list of connections")
LOCK(HASHING, "who is hashing a password, and who waits to")
LOCK(THROTTLE, "failed logins by address and account")
LOCK(NOTIFIER, "one notifier: what wakes a session's reader")
