/* SPDX-License-Identifier: ISC */
/*
 * Every lock in chatd, by rank, the lowest first. A thread may take a lock only while all locks it holds rank
 * lower, so locks are taken in the order of this table. base/lock.c checks this on every acquisition and aborts
 * on the first violation.
 *
 * Locks from WATCHES (LOCK_HOT_FIRST) on are hot: no socket call that may block, no SQLite call and no log line
 * happens while one is held. The log's own lock ranks lower, so a log line under a hot lock aborts too.
 *
 * LOCK(NAME, what it protects)
 */
LOCK(RELOAD, "one reload of the configuration at a time")
LOCK(SPAWN, "starting thread pairs: one thread at a time does it")
LOCK(LOG, "the log's output line and its rate limit")
LOCK(WATCHES, "who watches which names (MONITOR)")
LOCK(USERS, "the registry of names: name to member")
LOCK(ROOMS, "the table of rooms: name to room, and taking references to rooms")
LOCK(ROOM, "one room: its members, its topic, the order of its messages")
LOCK(ACCOUNTS, "the table of accounts")
LOCK(BANS, "the bans and mutes of the whole server")
LOCK(OPERS, "the operators of the server")
LOCK(RESUME, "the table of resume tokens: which session has which token")
LOCK(HISTORY, "the messages that wait to be written")
LOCK(STORE, "the queue of the store thread and its state")
LOCK(OUTBOX, "one outbox: queue, flags, budget, stream")
LOCK(FORGOTTEN, "the names that were forgotten lately, whose lines are not sent any more")
LOCK(STREAM, "a stream layered on another: what its reader and its writer share")
LOCK(CERTIFICATES, "which certificates are in use")
LOCK(TLS_MEMORY, "which buffers OpenSSL has for records")
LOCK(WORKERS, "the queue of what workers compute")
LOCK(POOL, "the list of idle thread pairs and their counts")
LOCK(ADDRS, "connections counted by address")
LOCK(REFUSE, "the queue of connections that are being refused")
LOCK(ADMIN, "the console's list of connections")
LOCK(HASHING, "the turns at hashing passwords, and the queue for them")
LOCK(THROTTLE, "failed logins by address and account")
LOCK(TEXTS, "what the operator tells IRC clients: the message of the day and the contact")
LOCK(NOTIFIER, "one notifier: what wakes a session's reader")
