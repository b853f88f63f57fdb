/* SPDX-License-Identifier: ISC */
/*
 * Every key of chatd.conf. From here come the parser and its checks, the comparison at reload, the sample file and the
 * tables in chatd.conf(5). A key names its unit unless its section or its words make it plain.
 *
 * CONF_LIST(NAME, list, item, least, most, when, "comment")
 *     a list of `least` to `most` groups; its keys are the rows up to CONF_LIST_END. CONF_AT_list, above it, is its path
 *     in the file. By default it has `least` groups, of defaults.
 * CONF_ITEM_INT(list, key, default, least, most, need, "comment")
 * CONF_ITEM_BOOL(list, key, default, need, "comment")
 * CONF_ITEM_STRING(list, key, "default", check, need, "comment")
 * CONF_LIST_END(list)                                  so that a reader can make something of each list's keys alone
 * CONF_SECTION(section, "comment")                     a group; the rows below it are its keys
 * CONF_INT(section, key, default, least, most, when, "comment")
 * CONF_BOOL(section, key, default, when, "comment")
 * CONF_STRING(section, key, "default", "allowed|values" or "", when, "comment")
 * CONF_FORMER(section, "old key", new_key)             for "did you mean": a former name, too far from the new one
 *   when   LIVE: a change takes effect at reload; RESTART: at the next start
 *   need   REQUIRED: each group of the list must have the key; OPTIONAL: the default is used if it is missing. A string
 *          that is REQUIRED and has the default "" has none: the documents show dots
 *   check  ADDRESS: "*" or a numeric IP address; PROTOCOL: a name from tbl/protocols.h; PATH: an absolute path; NAME: as
 *          a user's; HASH: of a password
 *
 * A reader defines the macros that it needs; the others expand to nothing. All of them are undefined at the end, but
 * not the paths of the lists.
 */
#ifndef CONF_LIST
#define CONF_LIST(NAME, list, item, least, most, when, comment)
#endif
#ifndef CONF_ITEM_INT
#define CONF_ITEM_INT(list, key, value, least, most, need, comment)
#endif
#ifndef CONF_ITEM_BOOL
#define CONF_ITEM_BOOL(list, key, value, need, comment)
#endif
#ifndef CONF_ITEM_STRING
#define CONF_ITEM_STRING(list, key, value, check, need, comment)
#endif
#ifndef CONF_LIST_END
#define CONF_LIST_END(list)
#endif
#ifndef CONF_SECTION
#define CONF_SECTION(section, comment)
#endif
#ifndef CONF_INT
#define CONF_INT(section, key, value, least, most, when, comment)
#endif
#ifndef CONF_BOOL
#define CONF_BOOL(section, key, value, when, comment)
#endif
#ifndef CONF_STRING
#define CONF_STRING(section, key, value, allowed, when, comment)
#endif
#ifndef CONF_FORMER
#define CONF_FORMER(section, old, key)
#endif

#define CONF_AT_listeners "listeners"
CONF_LIST(LISTENERS, listeners, listener, 1, 16, RESTART, "The addresses and ports on which chatd listens. The option -p PORT of chatd replaces all of them.")
CONF_ITEM_STRING(listeners, address, "*", ADDRESS, OPTIONAL, "a numeric address, like \"127.0.0.1\" or \"::1\", or \"*\" for all addresses, IPv6 and IPv4; an IPv6 address accepts IPv6 only")
CONF_ITEM_INT(listeners, port, 9999, 0, 65535, REQUIRED, "the TCP port; 0: any free port")
CONF_ITEM_STRING(listeners, protocol, "native", PROTOCOL, OPTIONAL, "the protocol spoken on this port")
CONF_ITEM_BOOL(listeners, tls, false, OPTIONAL, "encrypt: only TLS is spoken on this port; needs tls.certificates")
CONF_LIST_END(listeners)

CONF_SECTION(clients, "How many clients may connect.")
CONF_INT(clients, max, 1000, 1, 60000, LIVE, "maximum number of clients; each takes two threads and one file descriptor")
CONF_INT(clients, prespawn, 128, 1, 60000, RESTART, "pairs of threads created at start-up")
CONF_INT(clients, spare, 32, 1, 60000, LIVE, "idle pairs of threads kept ready for new clients")
CONF_INT(clients, per_address, 128, 1, 60000, LIVE, "maximum number of clients from one IPv4 address or IPv6 /64 network; loopback, private, link-local and carrier-grade NAT addresses are exempt")
CONF_INT(clients, login_timeout_s, 120, 1, 86400, LIVE, "seconds within which a client must give a name")

CONF_SECTION(limits, "The length of lines and texts in bytes, and of a list of names.")
CONF_INT(limits, line_bytes, 4096, 512, 65536, LIVE, "a line, including its end")
CONF_INT(limits, text_bytes, 4000, 1, 65440, LIVE, "a message; at most limits.line_bytes - 96")
CONF_INT(limits, name_bytes, 32, 1, 32, LIVE, "the name of a user, or of a room without its #")
CONF_INT(limits, topic_bytes, 390, 1, 4000, LIVE, "the topic of a room; at most limits.line_bytes - 96")
CONF_INT(limits, away_bytes, 390, 1, 4000, LIVE, "the text of AWAY; at most limits.line_bytes - 96")
CONF_INT(limits, realname_bytes, 128, 1, 300, LIVE, "the real name of an IRC user (USER, SETNAME)")
CONF_INT(limits, ignored_users, 100, 1, 1000, LIVE, "maximum number of users that one user may IGNORE")

CONF_SECTION(outbox, "How much output may wait for one client. A client that reads too slowly for that is disconnected.")
CONF_INT(outbox, entries, 1024, 16, 65536, LIVE, "queued entries; each is a line, or an answer of several lines")
CONF_INT(outbox, bytes, 262144, 8192, 67108864, LIVE, "queued bytes; an empty queue accepts one entry of any size")
CONF_INT(outbox, age_s, 30, 1, 3600, LIVE, "age of the oldest queued entry in seconds, unless the client reads as fast as pace_kib_s")
CONF_INT(outbox, patience_ms, 1000, 0, 60000, LIVE, "milliseconds for which senders wait for a client that reads more slowly than pace_kib_s, or not at all")
CONF_INT(outbox, pace_kib_s, 64, 1, 1048576, LIVE, "KiB that a client has to read in a second so that senders wait for it as long as it takes")
CONF_FORMER(outbox, "seconds", age_s)

CONF_SECTION(flood, "How fast one client may send. Above the limit chatd reads its lines later; nothing is lost.")
CONF_INT(flood, rate_per_s, 500, 1, 1000000, LIVE, "tokens added per second; a line costs 1, and 1 more for each 512 bytes")
CONF_INT(flood, burst_tokens, 5000, 1, 10000000, LIVE, "maximum number of tokens that a client can save up")
CONF_INT(flood, close_after_s, 60, 1, 3600, LIVE, "seconds without a break above the limit after which the client is disconnected")
CONF_BOOL(flood, exempt_loopback, true, LIVE, "do not limit clients on this machine")
CONF_INT(flood, announcements, 100, 1, 1000000, LIVE, "times a client may join rooms with others in them, change its name there, set their topic, tell them by AWAY, or run them (SET, KICK, OP and the like), one right after the other; also clients on this machine")
CONF_INT(flood, announcement_refill_ms, 200, 1, 3600000, LIVE, "milliseconds until one more is carried out; until then chatd does not go on reading from the client")
CONF_INT(flood, short_stays, 100, 1, 1000000, LIVE, "times one account, or all users of one address without an account, may join a room with others in it and leave it within a minute, one right after the other; also clients on this machine")
CONF_INT(flood, short_stay_refill_ms, 1000, 1, 3600000, LIVE, "milliseconds until one more is allowed; until then a JOIN of theirs into such a room waits")
CONF_FORMER(flood, "burst", burst_tokens)
CONF_FORMER(flood, "seconds", close_after_s)

CONF_SECTION(bans, "Bans and mutes of the whole server (chatctl ban, chatctl mute).")
CONF_INT(bans, max, 100000, 1, 10000000, LIVE, "maximum number of bans and mutes together; each needs some 300 bytes of memory")

CONF_SECTION(rooms, "Rooms.")
CONF_INT(rooms, max, 1000, 1, 1000000, LIVE, "maximum number of rooms; at the limit the room that has been empty longest is evicted, of those without an owner, a topic, options and history")
CONF_INT(rooms, per_maker, 100, 1, 1000000, LIVE, "maximum number of rooms that one account, or one address for users without an account, has made, and half of rooms.max (or 4) at most; at the limit an empty room of theirs that has nothing of that is evicted")
CONF_INT(rooms, per_user, 10, 1, 100, LIVE, "maximum number of rooms that one user may be in (JOIN and ALSO)")
CONF_INT(rooms, replay_messages, 20, 0, 1000, LIVE, "messages of the current conversation shown to a user who joins; 0: none")
CONF_INT(rooms, replay_age_s, 3600, 1, 86400, LIVE, "seconds after which a message is no longer replayed")
CONF_BOOL(rooms, replay_from_history, false, LIVE, "take the replay from the history, so that it goes back before the current conversation")
CONF_INT(rooms, expire_days, 30, 0, 36500, LIVE, "days without use after which an empty room is removed; 0: never")
CONF_INT(rooms, roles, 1000, 1, 1000000, LIVE, "maximum number of accounts that have a role in one room or are invited to it")
CONF_INT(rooms, bans, 500, 1, 1000000, LIVE, "maximum number of bans and mutes in one room")
CONF_FORMER(rooms, "replay", replay_messages)
CONF_FORMER(rooms, "replay_kept", replay_from_history)

CONF_SECTION(history, "Messages of rooms, kept on disk for HISTORY and SEARCH.")
CONF_BOOL(history, keep, true, LIVE, "keep new messages; if false, messages kept before stay until they expire")
CONF_BOOL(history, private, false, LIVE, "also keep private messages between registered users, for the two of them, unless one of them has said TALKS OFF; the limits of a room hold for each two")
CONF_INT(history, messages, 100000, 1, 1000000000, LIVE, "maximum number of messages kept for one room; beyond a limit the oldest are deleted first; but of what was said within two days those who said most give way first, if one said more than a quarter of the limit, or all more than half")
CONF_INT(history, room_mib, 64, 1, 1048576, LIVE, "MiB of messages kept for one room; a message counts as its name, its text and 128 bytes")
CONF_INT(history, total_mib, 1024, 1, 16777216, LIVE, "MiB of messages kept for all rooms")
CONF_INT(history, days, 365, 0, 36500, LIVE, "days for which a message is kept; 0: no limit")
CONF_INT(history, page_messages, 200, 1, 1000, LIVE, "maximum number of messages in one answer to HISTORY or SEARCH")
CONF_INT(history, queue_bytes, 4194304, 65536, 1073741824, LIVE, "bytes that may wait to be written; a room may have as many of them as are free, then those who speak in it wait")
CONF_INT(history, search_ms, 250, 10, 60000, LIVE, "milliseconds that one SEARCH may take; it then shows what it has found so far")
CONF_FORMER(history, "page", page_messages)
CONF_FORMER(history, "queue", queue_bytes)

CONF_SECTION(accounts, "Registered names (REGISTER). This section has no effect without libsodium.")
CONF_STRING(accounts, registration, "open", "open|invite|closed", LIVE, "who may register a name: everyone, users who have an invitation (chatctl invite), or nobody")
CONF_BOOL(accounts, plaintext, false, LIVE, "also accept passwords that are sent unencrypted from public addresses")
CONF_INT(accounts, password_min_bytes, 8, 1, 128, LIVE, "minimum length of a new password in bytes")
CONF_INT(accounts, max, 10000, 0, 10000000, LIVE, "maximum number of accounts; each takes about 500 bytes of memory")
CONF_INT(accounts, sessions, 10, 1, 1000, LIVE, "maximum number of sessions of one account at a time, all under its name; at the limit a new login ends the one that has been idle longest; 1: each login ends the one before")
CONF_INT(accounts, registrations, 50, 1, 1000000, LIVE, "names that can be registered from one address, or IPv6 /64 network, without an invitation")
CONF_INT(accounts, registration_refill_s, 1800, 1, 86400, LIVE, "seconds until one more can be registered from it")
CONF_INT(accounts, unused_days, 0, 0, 36500, LIVE, "days after which an account expires whose owner was not seen again later than a day after registering; 0: never")
CONF_INT(accounts, hash_memory_kib, 65536, 8, 4194304, LIVE, "memory in KiB for hashing a new password (argon2id)")
CONF_INT(accounts, hash_passes, 2, 1, 100, LIVE, "number of passes over that memory")
CONF_INT(accounts, hash_wait_ms, 5000, 0, 20000, LIVE, "milliseconds to wait for a turn; one password at a time is hashed per processor")
CONF_INT(accounts, failed_logins, 10, 1, 1000, LIVE, "failed logins allowed from one address, and for one account or operator (irc.opers) from addresses other than its owner's; and so many wrong keys of rooms from one account, or one address without")
CONF_INT(accounts, failed_login_refill_s, 60, 1, 86400, LIVE, "seconds until one more failed login is allowed")
CONF_INT(accounts, mail_messages, 100, 0, 100000, LIVE, "maximum number of private messages that wait for one account while its owner is away, from users with an account, and as many from users without")
CONF_INT(accounts, mail_per_sender, 20, 1, 100000, LIVE, "maximum number of them from one account, or from one user without; twice as many from one address under several names")
CONF_INT(accounts, mail_undelivered, 4000, 0, 100000, LIVE, "maximum number of private messages that wait for one account beside those, because they had been sent to its owner's client and had not arrived when the connection ended")
CONF_INT(accounts, mail_days, 30, 1, 3650, LIVE, "days for which they are kept")
CONF_INT(accounts, tokens, 10, 1, 1000, LIVE, "maximum number of sessions of one account that can be resumed (TOKEN)")
CONF_INT(accounts, token_days, 30, 1, 3650, LIVE, "days after its last use for which a token is valid")
CONF_INT(accounts, certificates, 10, 1, 1000, LIVE, "maximum number of client certificates of one account (CERT)")
CONF_INT(accounts, resume_s, 600, 0, 86400, LIVE, "seconds after a connection breaks for which the rooms of its session are remembered")
CONF_INT(accounts, grace_s, 5, 0, 60, LIVE, "seconds after a connection breaks for which a user with a token, or of IRC with an account, stays in its rooms; 0: none")
CONF_INT(accounts, resume_messages, 1000, 1, 100000, LIVE, "maximum number of messages of one room shown by RESUME")
CONF_INT(accounts, invite_days, 7, 1, 365, LIVE, "days for which an invitation is valid")
CONF_FORMER(accounts, "password", password_min_bytes)
CONF_FORMER(accounts, "tries", failed_logins)
CONF_FORMER(accounts, "tries_refill", failed_login_refill_s)
CONF_FORMER(accounts, "mail", mail_messages)

CONF_SECTION(tls, "Encryption (TLS), for listeners with tls = true.")
#define CONF_AT_certificates "tls.certificates"
CONF_LIST(CERTIFICATES, certificates, certificate, 0, 16, LIVE, "The certificates that clients are shown, each with its private key.")
CONF_ITEM_STRING(certificates, certificate, "", PATH, REQUIRED, "a PEM file with the certificate and, after it, those between it and the root, like fullchain.pem")
CONF_ITEM_STRING(certificates, key, "", PATH, REQUIRED, "a PEM file with its private key, like privkey.pem")
CONF_LIST_END(certificates)
CONF_STRING(tls, min_version, "1.2", "1.2|1.3", LIVE, "the lowest version of TLS that is accepted")
CONF_STRING(tls, ciphers, "", "", LIVE, "the ciphers of TLS 1.2, as in openssl-ciphers(1); empty: the defaults of OpenSSL")
CONF_STRING(tls, ciphersuites, "", "", LIVE, "the cipher suites of TLS 1.3, separated by colons; empty: the defaults of OpenSSL")
CONF_INT(tls, handshake_s, 15, 1, 300, LIVE, "seconds within which a client must complete the handshake")
CONF_STRING(tls, client_certificates, "off", "off|optional", LIVE, "whether clients are asked for a certificate of their own; optional: they may have none")

CONF_SECTION(http, "The page for browsers, for listeners with protocol = \"http\".")
CONF_STRING(http, hosts, "", "", RESTART, "the names that it answers to, separated by blanks, like \"chat.example.org\"; to addresses and localhost it always does")
CONF_STRING(http, origins, "", "", RESTART, "the origins whose pages may connect besides its own, separated by blanks, like \"https://www.example.org\"")
CONF_STRING(http, proxies, "", "", RESTART, "the reverse proxies that are trusted, as addresses and networks separated by blanks, like \"127.0.0.1 10.0.0.0/8\": what they say of their clients in X-Forwarded-For and X-Forwarded-Proto is believed, and of all others ignored")
CONF_BOOL(http, hsts, false, RESTART, "over TLS, tell browsers to use this name with TLS only, for a year (Strict-Transport-Security)")
CONF_INT(http, request_s, 10, 1, 300, RESTART, "seconds within which a request must have come")
CONF_INT(http, idle_s, 60, 1, 3600, RESTART, "seconds for which a connection is kept open for the next request")

CONF_SECTION(irc, "IRC, for listeners with protocol = \"irc\".")
CONF_STRING(irc, network, "chatd", "", RESTART, "the name of the network, which clients show; without blanks")
CONF_STRING(irc, server, "", "", RESTART, "the name of the server, like \"irc.example.org\"; empty: the name of the machine")
CONF_STRING(irc, motd, "", "", LIVE, "absolute path of a text file, the message of the day, which clients show when they connect; chatctl reload reads it again")
CONF_STRING(irc, admin, "", "", LIVE, "the administrative contact that ADMIN shows, like a name or a mail address")
#define CONF_AT_opers "irc.opers"
CONF_LIST(OPERS, opers, oper, 0, 16, LIVE, "The operators of the server: after OPER with name and password an IRC client may end sessions (KILL), write to the other operators (WALLOPS) and reload this file (REHASH), until it disconnects, or its group is removed or changed. Needs libsodium.")
CONF_ITEM_STRING(opers, name, "", NAME, REQUIRED, "the name for OPER, which need not be that of a user")
CONF_ITEM_STRING(opers, password, "", HASH, REQUIRED, "the hash of the password, as chatctl hash prints it")
CONF_LIST_END(opers)
CONF_INT(irc, sts_s, -1, -1, 31536000, LIVE, "seconds for which clients that have been here over TLS come back over TLS only, and clients of listeners without it are sent to the first one with it (IRCv3 sts; the certificate must be one that clients trust); 0: they are told to forget that; -1: they are not told anything")
CONF_INT(irc, monitored_names, 100, 1, 500, LIVE, "maximum number of names that one client may watch with MONITOR")

CONF_SECTION(sockets, "TCP settings of listening sockets, see tcp(7).")
CONF_INT(sockets, backlog, 4096, 1, 65535, RESTART, "connections that may wait to be accepted")
CONF_INT(sockets, send_buffer_bytes, 65536, 4096, 16777216, RESTART, "bytes that the kernel buffers for a client")
CONF_INT(sockets, receive_buffer_bytes, 65536, 4096, 16777216, RESTART, "bytes that the kernel buffers from a client")
CONF_INT(sockets, keepalive_idle_s, 60, 1, 32767, RESTART, "seconds of silence before the kernel sends the first keepalive probe")
CONF_INT(sockets, keepalive_interval_s, 10, 1, 32767, RESTART, "seconds between keepalive probes")
CONF_INT(sockets, keepalive_count, 3, 1, 127, RESTART, "unanswered probes after which the connection is closed")
CONF_INT(sockets, user_timeout_s, 90, 1, 3600, RESTART, "seconds for which sent data may stay unacknowledged")

CONF_SECTION(store, "What survives a restart: rooms, topics, accounts and the history.")
CONF_STRING(store, directory, "", "", RESTART, "the state directory; empty: chosen as described in chatd(8)")
CONF_INT(store, reserve_mib, 64, 0, 1048576, LIVE, "MiB of the disk, or a twentieth of it if that is less, that the history leaves free; with less free, new messages take the place of old ones")
CONF_INT(store, wait_ms, 5000, 100, 300000, LIVE, "milliseconds for which what a client asks of the database may wait for its turn; then it is refused")

CONF_SECTION(admin, "The console, used by chatctl.")
CONF_STRING(admin, socket, "", "", RESTART, "path of its socket; empty: chosen as described in chatd(8)")
CONF_STRING(admin, group, "", "", RESTART, "the group that may use it; empty: the group that chatd runs as")

CONF_SECTION(log, "Messages on standard error.")
CONF_STRING(log, level, "info", "error|warn|info|debug", LIVE, "the least important messages to log")
CONF_BOOL(log, time, true, LIVE, "start each line with the time; set it to false where the journal adds its own")

#undef CONF_LIST
#undef CONF_ITEM_INT
#undef CONF_ITEM_BOOL
#undef CONF_ITEM_STRING
#undef CONF_LIST_END
#undef CONF_SECTION
#undef CONF_INT
#undef CONF_BOOL
#undef CONF_STRING
#undef CONF_FORMER
