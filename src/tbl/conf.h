/* SPDX-License-Identifier: ISC */
/*
 * Every key of chatd.conf. From here come the parser and its checks, the sample file and the table in chatd.conf(5).
 *
 * CONF_SECTION(section, "what it is about")
 * CONF_INT(section, key, default, least, most, when, "comment")
 * CONF_BOOL(section, key, default, when, "comment")
 * CONF_STRING(section, key, "default", "allowed|values" or "", when, "comment")
 *   when: LIVE takes effect at reload, RESTART at the next start
 */
CONF_SECTION(clients, "Who may come, and how many.")
CONF_INT(clients, max, 1000, 1, 60000, LIVE, "most clients at a time; each takes two threads and one descriptor")
CONF_INT(clients, prespawn, 128, 1, 60000, RESTART, "pairs of threads made at the start")
CONF_INT(clients, spare, 32, 1, 60000, LIVE, "idle pairs of threads kept ready for who comes next")
CONF_INT(clients, per_address, 128, 1, 60000, LIVE, "most clients of one IPv4 address or IPv6 /64; loopback, private, link-local and carrier networks are exempt")
CONF_INT(clients, login_timeout, 120, 1, 86400, LIVE, "seconds in which a client has to give a name")

CONF_SECTION(limits, "How long things may be, in bytes.")
CONF_INT(limits, line, 4096, 512, 65536, LIVE, "a line with its end")
CONF_INT(limits, text, 4000, 1, 65440, LIVE, "what is said in one line; at most limits.line - 96")
CONF_INT(limits, name, 32, 1, 32, LIVE, "a name of a user, or of a room without its #")
CONF_INT(limits, topic, 390, 1, 4000, LIVE, "the topic of a room")

CONF_SECTION(outbox, "How much may wait to be read by one client, before it is closed as too slow.")
CONF_INT(outbox, entries, 1024, 16, 65536, LIVE, "lines or many-line answers")
CONF_INT(outbox, bytes, 262144, 8192, 67108864, LIVE, "bytes; an empty outbox takes one entry of any size")
CONF_INT(outbox, seconds, 30, 1, 3600, LIVE, "age of the oldest entry")
CONF_INT(outbox, patience, 1000, 0, 60000, LIVE, "milliseconds for which senders wait for one client that reads too slowly")

CONF_SECTION(flood, "How fast one client may send. Over the limit chatd reads later; nothing is lost.")
CONF_INT(flood, rate, 500, 1, 1000000, LIVE, "tokens a second; a line costs 1, and 1 more for each 512 bytes")
CONF_INT(flood, burst, 5000, 1, 10000000, LIVE, "tokens that may be saved up")
CONF_INT(flood, seconds, 60, 1, 3600, LIVE, "seconds over the limit without a break, then the client is closed")
CONF_BOOL(flood, spare_loopback, true, LIVE, "clients on this machine are not limited")

CONF_SECTION(rooms, "Rooms.")
CONF_INT(rooms, max, 1000, 1, 1000000, LIVE, "most rooms; at the limit the room that has been empty longest gives way")
CONF_INT(rooms, per_user, 10, 1, 100, LIVE, "most rooms one user may be in (JOIN and ALSO)")
CONF_INT(rooms, replay, 20, 0, 1000, LIVE, "messages of the present conversation shown to who joins")
CONF_INT(rooms, replay_age, 3600, 1, 86400, LIVE, "seconds after which a message is no longer replayed")
CONF_INT(rooms, expire_days, 30, 0, 36500, LIVE, "days of disuse after which an empty room is forgotten; 0: never")

CONF_SECTION(history, "What was said in rooms, kept on disk for HISTORY and SEARCH.")
CONF_BOOL(history, keep, true, LIVE, "keep what is said from now on; what was kept stays until it is too old")
CONF_INT(history, messages, 100000, 1, 1000000000, LIVE, "most messages kept of one room; the oldest go first")
CONF_INT(history, days, 365, 0, 36500, LIVE, "days for which a message is kept; 0: for ever")
CONF_INT(history, page, 200, 1, 1000, LIVE, "most messages in one answer to HISTORY or SEARCH")
CONF_INT(history, queue, 4194304, 65536, 1073741824, LIVE, "bytes that may wait to be written; at the limit speakers wait")
CONF_INT(history, search_ms, 250, 10, 60000, LIVE, "milliseconds for which one SEARCH looks; then it tells what it has found so far")

CONF_SECTION(sockets, "TCP, see tcp(7). For new listeners only.")
CONF_INT(sockets, backlog, 4096, 1, 65535, RESTART, "connections that may wait to be accepted")
CONF_INT(sockets, send_buffer, 65536, 4096, 16777216, RESTART, "bytes the kernel may hold for a client")
CONF_INT(sockets, receive_buffer, 65536, 4096, 16777216, RESTART, "bytes the kernel may hold from a client")
CONF_INT(sockets, keepalive_idle, 60, 1, 32767, RESTART, "seconds of silence before the kernel asks whether a client is there")
CONF_INT(sockets, keepalive_interval, 10, 1, 32767, RESTART, "seconds between two such questions")
CONF_INT(sockets, keepalive_count, 3, 1, 127, RESTART, "questions without an answer until the connection is dead")
CONF_INT(sockets, user_timeout, 90, 1, 3600, RESTART, "seconds for which what was sent may stay unacknowledged")

CONF_SECTION(store, "What survives a restart: rooms, topics and the history.")
CONF_STRING(store, directory, "", "", RESTART, "the state directory; empty: chosen as chatd(8) tells")

CONF_SECTION(admin, "The console, driven by chatctl.")
CONF_STRING(admin, socket, "", "", RESTART, "path of its socket; empty: chosen as chatd(8) tells")
CONF_STRING(admin, group, "", "", RESTART, "group that may use it; empty: the group chatd runs as")

CONF_SECTION(log, "What is written to standard error.")
CONF_STRING(log, level, "info", "error|warn|info|debug", LIVE, "the least important lines to be written")
CONF_BOOL(log, time, true, LIVE, "start each line with the time; leave it out where the journal adds its own")
