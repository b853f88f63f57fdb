/* SPDX-License-Identifier: ISC */
/*
 * What chatd counts since its start. `chatctl status` prints them in this order.
 *
 * COUNTER(NAME, "name in the console", "what is counted")
 */
COUNTER(ACCEPTED, "accepted", "connections accepted")
COUNTER(REFUSED_FULL, "refused_full", "connections refused: Server full")
COUNTER(REFUSED_ADDRESS, "refused_address", "connections refused: Too many connections")
COUNTER(ACCEPT_PAUSED, "accept_paused", "pauses of an acceptor because descriptors or memory ran out")
COUNTER(SPAWN_FAILED, "spawn_failed", "thread pairs that could not be made")
COUNTER(LOGINS, "logins", "names taken by USERNAME")
COUNTER(LINES, "lines", "lines read from clients")
COUNTER(BAD_LINES, "bad_lines", "lines refused as too long or invalid text")
COUNTER(MESSAGES, "messages", "messages said in rooms")
COUNTER(DELIVERIES, "deliveries", "room messages put into outboxes")
COUNTER(PRIVATE, "private", "private messages passed on")
COUNTER(BYTES_OUT, "bytes_out", "bytes written to clients")
COUNTER(WRITES, "writes", "system calls that wrote to clients")
COUNTER(WAKES, "wakes", "writers woken")
COUNTER(PRESSURE_WAITS, "pressure_waits", "times a sender waited for a filling outbox")
COUNTER(STALLED, "stalled", "times an outbox ran out of the others' patience")
COUNTER(FLOOD_WAITS, "flood_waits", "times a reader was held back by the flood limit")
COUNTER(ROOMS_EVICTED, "rooms_evicted", "empty rooms that gave way at rooms.max")
COUNTER(ROOMS_EXPIRED, "rooms_expired", "empty rooms removed after rooms.expire_days")
COUNTER(STORE_COMMITS, "store_commits", "transactions committed")
COUNTER(STORE_JOBS, "store_jobs", "changes committed")
COUNTER(STORE_FAILURES, "store_failures", "transactions that failed")
COUNTER(LOG_DROPPED, "log_dropped", "log lines held back by the rate limit")
