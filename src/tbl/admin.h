/* SPDX-License-Identifier: ISC */
/*
 * The commands of the console, in the order in which `chatctl help` shows them. A command is one row and one handler.
 *
 * ADMIN(handler, "verb", arguments, shape, "syntax", "what it does")
 *   arguments  a letter each: w a word, t a text (the rest of the line); in upper case it is optional; s, the last: a
 *              secret, for which chatctl prompts and which it never takes from its arguments
 *   shape      how chatctl shows the rows: TABLE a line each, RECORD a line for each field, LINES as they come, NOTHING;
 *              LOCAL: chatctl does it itself, and chatd need not run
 */
ADMIN(admin_ping, "ping", "", NOTHING, "ping", "check that chatd answers")
ADMIN(admin_version, "version", "", RECORD, "version", "show the version of the running chatd")
ADMIN(admin_status, "status", "", RECORD, "status", "show uptime, clients, rooms, threads, the store and all counters")
ADMIN(admin_clients, "clients", "", TABLE, "clients", "list connected clients")
ADMIN(admin_rooms, "rooms", "", TABLE, "rooms", "list all rooms")
ADMIN(admin_room_show, "room show", "w", RECORD, "room show NAME", "show one room and the users in it")
ADMIN(admin_room_create, "room create", "w", NOTHING, "room create NAME", "create a permanent room")
ADMIN(admin_room_delete, "room delete", "w", NOTHING, "room delete NAME", "delete an empty room and its topic")
ADMIN(admin_room_topic, "room topic", "wt", NOTHING, "room topic NAME TEXT", "set the topic of a room (-: clear it)")
ADMIN(admin_room_owner, "room owner", "wt", NOTHING, "room owner NAME USER", "give a room to a registered user (-: to nobody); the former owner becomes an op")
ADMIN(admin_kick, "kick", "wT", RECORD, "kick USER|ID [REASON]", "end a session, or all of a user, and wait until that has ended")
ADMIN(admin_ban_add, "ban add", "t", RECORD, "ban add USER|ADDRESS|NETWORK... [--for DURATION] [--reason TEXT]", "keep users out of the whole server, and close their sessions; a network as in 192.0.2.0/24, a duration as in 2h30m or 7d, or for good")
ADMIN(admin_ban_del, "ban del", "w", NOTHING, "ban del USER|ADDRESS|NETWORK", "lift a ban")
ADMIN(admin_ban_list, "ban list", "", TABLE, "ban list", "list the bans that are in force, the oldest first")
ADMIN(admin_ban_test, "ban test", "w", RECORD, "ban test USER|ADDRESS", "show whether a name or an address is banned or muted, until when, and why")
ADMIN(admin_ban_import, "ban import", "t", LOCAL, "ban import FILE|- [--for DURATION] [--reason TEXT]", "ban what a file names, one user, address or network a line; what follows a blank, # or ; is a comment")
ADMIN(admin_ban_export, "ban export", "", LOCAL, "ban export", "print what is banned, as ban import takes it")
ADMIN(admin_mute_add, "mute add", "t", RECORD, "mute add USER|ADDRESS|NETWORK... [--for DURATION] [--reason TEXT]", "keep users from saying anything on the whole server")
ADMIN(admin_mute_del, "mute del", "w", NOTHING, "mute del USER|ADDRESS|NETWORK", "lift a mute")
ADMIN(admin_mute_list, "mute list", "", TABLE, "mute list", "list the mutes that are in force, the oldest first")
ADMIN(admin_user_list, "user list", "", TABLE, "user list", "list registered users")
ADMIN(admin_user_show, "user show", "w", RECORD, "user show USER", "show one account")
ADMIN(admin_user_add, "user add", "ws", NOTHING, "user add USER", "register a name; prompts for the password, or reads it from standard input")
ADMIN(admin_user_passwd, "user passwd", "ws", NOTHING, "user passwd USER", "set the password of an account, read in the same way; its sessions end, its tokens and client certificates are removed")
ADMIN(admin_user_lock, "user lock", "w", NOTHING, "user lock USER", "disable login to an account and end its session")
ADMIN(admin_user_unlock, "user unlock", "w", NOTHING, "user unlock USER", "enable login to an account again")
ADMIN(admin_user_del, "user del", "w", NOTHING, "user del USER", "delete an account and free its name; a connected user keeps the name until disconnecting")
ADMIN(admin_invite, "invite", "W", RECORD, "invite [DAYS]", "create an invitation, for one REGISTER <password> <invitation>")
ADMIN(admin_say, "say", "wt", NOTHING, "say ROOM|* TEXT", "send a message to a room, or to everyone (*)")
ADMIN(admin_history_usage, "history usage", "", TABLE, "history usage", "show how much of the history each room has, the largest first")
ADMIN(admin_history_export, "history export", "w", LINES, "history export USER|ROOM", "print the stored messages of a user, or of a room (with its #), one JSON object per line")
ADMIN(admin_history_forget, "history forget", "w", RECORD, "history forget USER|ROOM", "permanently delete the stored messages of a user, or of a room (with its #)")
ADMIN(admin_tls_show, "tls show", "", TABLE, "tls show", "show the certificates, when they end, and the listeners that use them")
ADMIN(admin_tls_selfsigned, "tls selfsigned", "t", LOCAL, "tls selfsigned HOST...", "make a key and a self-signed certificate for these names and addresses; chatd need not run")
ADMIN(admin_hash, "hash", "s", LOCAL, "hash", "print the hash of a password, for irc.opers; prompts for the password, or reads it from standard input; chatd need not run")
ADMIN(admin_reload, "reload", "", TABLE, "reload", "reload the configuration; on any mistake nothing changes")
ADMIN(admin_shutdown, "stop", "", NOTHING, "stop", "disconnect all clients and stop chatd")
ADMIN(admin_help, "help", "", TABLE, "help", "show this list")
