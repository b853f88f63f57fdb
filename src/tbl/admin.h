/* SPDX-License-Identifier: ISC */
/*
 * The commands of the console, in the order in which `chatctl help` shows them. One row and one handler make one.
 *
 * ADMIN(handler, "verb", arguments, shape, "syntax", "what it does")
 *   arguments  a letter each: w a word, t a text (the rest of the line); upper case: may be left out; s, the last: a
 *              secret, which chatctl asks for and never takes from its arguments
 *   shape      how chatctl shows the rows: TABLE a line each, RECORD a line for each field, LINES as they come, NOTHING
 */
ADMIN(admin_ping, "ping", "", NOTHING, "ping", "ask whether chatd is there")
ADMIN(admin_version, "version", "", RECORD, "version", "show the version of the running chatd")
ADMIN(admin_status, "status", "", RECORD, "status", "show uptime, clients, rooms, threads, the store and all counters")
ADMIN(admin_clients, "clients", "", TABLE, "clients", "list who is connected")
ADMIN(admin_rooms, "rooms", "", TABLE, "rooms", "list all rooms")
ADMIN(admin_room_show, "room show", "w", RECORD, "room show NAME", "show one room and who is in it")
ADMIN(admin_room_create, "room create", "w", NOTHING, "room create NAME", "make a room that never gives way")
ADMIN(admin_room_delete, "room delete", "w", NOTHING, "room delete NAME", "delete an empty room and its topic")
ADMIN(admin_room_topic, "room topic", "wt", NOTHING, "room topic NAME TEXT", "set the topic of a room (- clears it)")
ADMIN(admin_room_owner, "room owner", "wt", NOTHING, "room owner NAME USER", "give a room to who has registered that name (-: to nobody); who owned it runs it still")
ADMIN(admin_kick, "kick", "wT", RECORD, "kick USER|ID [REASON]", "end a session, and wait until it has ended")
ADMIN(admin_user_list, "user list", "", TABLE, "user list", "list who has registered a name")
ADMIN(admin_user_show, "user show", "w", RECORD, "user show USER", "show one account")
ADMIN(admin_user_add, "user add", "ws", NOTHING, "user add USER", "register a name; the password is asked for, or read from standard input")
ADMIN(admin_user_passwd, "user passwd", "ws", NOTHING, "user passwd USER", "give an account another password, asked for in the same way")
ADMIN(admin_user_lock, "user lock", "w", NOTHING, "user lock USER", "let nobody log in to an account, and end its session")
ADMIN(admin_user_unlock, "user unlock", "w", NOTHING, "user unlock USER", "let its owner in again")
ADMIN(admin_user_del, "user del", "w", NOTHING, "user del USER", "delete an account; the name is free, and who has it now keeps it while connected")
ADMIN(admin_invite, "invite", "W", RECORD, "invite [DAYS]", "make an invitation, good for one REGISTER <password> <invitation>")
ADMIN(admin_say, "say", "wt", NOTHING, "say ROOM|* TEXT", "say something in a room, or to everyone")
ADMIN(admin_history_export, "history export", "w", LINES, "history export ROOM", "write out all that was kept of a room, a line of JSON each")
ADMIN(admin_history_forget, "history forget", "w", RECORD, "history forget USER|ROOM", "delete for good what was kept of a user, or of a room (with its #)")
ADMIN(admin_reload, "reload", "", TABLE, "reload", "read the configuration again, all of it or nothing")
ADMIN(admin_shutdown, "stop", "", NOTHING, "stop", "say goodbye to everyone and end chatd")
ADMIN(admin_help, "help", "", TABLE, "help", "show this list")
