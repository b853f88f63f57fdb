/* SPDX-License-Identifier: ISC */
/*
 * The commands of the native protocol, in the order in which HELP shows them. One row and one handler make a command.
 *
 * COMMAND(NAME, handler, arguments, flags, "syntax", "what it does")
 *   arguments  one letter each: w a word, t a text (the rest of the line); upper case: optional
 *   flags      ANYTIME   allowed before the client has a name
 *              PRIVATE   never taken for text, however it is written: what follows may be confidential
 *              KEYED     never taken for text where it seems to have a room's key in it (proto/aloud.h)
 *              SECRET    its arguments are wiped from memory afterwards
 *              ROOM      a first word that begins with # names a room that the user is in; the command is about that
 *                        room, and without such a word about the current one
 *              TALK      says something in a room and does nothing else, so it may be gathered with other such lines
 */
COMMAND(USERNAME, cmd_username, "wW", ANYTIME | PRIVATE | SECRET, "USERNAME <name> [<password>]", "take a name, or log in to a registered one")
COMMAND(REGISTER, cmd_register, "wW", PRIVATE | SECRET, "REGISTER <password> [<invitation>]", "register your name: from then on it needs the password")
COMMAND(PASSWD, cmd_passwd, "ww", PRIVATE | SECRET, "PASSWD <old> <new>", "change your password")
COMMAND(UNREGISTER, cmd_unregister, "w", PRIVATE | SECRET, "UNREGISTER <password>", "give up the registration of your name")
COMMAND(CERT, cmd_cert, "WW", 0, "CERT [ADD | DEL <fingerprint> | LIST]", "show the client certificates by which you can log in without a password, add the one in use, or remove one")
COMMAND(TOKEN, cmd_token, "", 0, "TOKEN", "get a token with which to resume this session when the connection breaks")
COMMAND(RESUME, cmd_resume, "w", ANYTIME | PRIVATE | SECRET, "RESUME <token>", "resume a session, instead of USERNAME: get back into its rooms, with what you missed")
COMMAND(SESSIONS, cmd_sessions, "", 0, "SESSIONS", "list the sessions in which you are logged in")
COMMAND(LOGOUT, cmd_logout, "W", 0, "LOGOUT [<id> | ALL]", "end this session, that one, or all of yours; their tokens are revoked")
COMMAND(JOIN, cmd_join, "wW", KEYED, "JOIN <room> [<key>]", "enter a room, leaving the current one")
COMMAND(ALSO, cmd_also, "wW", KEYED, "ALSO <room> [<key>]", "enter a room and stay in the others")
COMMAND(LEAVE, cmd_leave, "W", 0, "LEAVE [<room>]", "leave the current room, or the one named")
COMMAND(MSG, cmd_msg, "t", TALK, "MSG <text>", "say something in the current room; a line that is not a command does the same")
COMMAND(SAY, cmd_say, "wt", TALK, "SAY <room> <text>", "say something in any room you are in")
COMMAND(ME, cmd_me, "t", TALK, "ME <text>", "tell the current room what you are doing")
COMMAND(PRIVMSG, cmd_privmsg, "wt", PRIVATE, "PRIVMSG <user> <text>", "send a private message")
COMMAND(USERS, cmd_users, "WW", 0, "USERS [<room> [INFO] | ALL]", "list the users in the current room, in the one named (INFO: with roles, and who is away), or online")
COMMAND(WHOIS, cmd_whois, "w", 0, "WHOIS <user>", "show since when a user is online, for how long idle, if their connection is encrypted, which rooms you share, and whether they are away")
COMMAND(SEEN, cmd_seen, "w", 0, "SEEN <user>", "show when a registered user was last online")
COMMAND(AWAY, cmd_away, "T", 0, "AWAY [<text>]", "set an away text, sent to users who write to you; without a text: you are back")
COMMAND(RENAME, cmd_rename, "w", 0, "RENAME <name>", "change your name")
COMMAND(IGNORE, cmd_ignore, "W", 0, "IGNORE [<user>]", "stop hearing a user, or list the users you ignore")
COMMAND(UNIGNORE, cmd_unignore, "w", 0, "UNIGNORE <user>", "hear a user again")
COMMAND(ROOMS, cmd_rooms, "W", 0, "ROOMS [ALL | INFO]", "list the rooms with users in them (INFO: with their number and the topic), or all rooms")
COMMAND(TOPIC, cmd_topic, "T", ROOM, "TOPIC [<#room>] [<text>]", "show the topic of a room, or set it (TOPIC - clears it)")
COMMAND(HISTORY, cmd_history, "T", 0, "HISTORY [<room> | @<user>] [<n>] [BEFORE <id> | AFTER <id> | SINCE <time>]", "show earlier messages of the current room, of the one named, or of your private talk with a user")
COMMAND(SEARCH, cmd_search, "t", 0, "SEARCH [in:<room|@user>] [from:<user>] [after:<time>] [before:<time|room/id>] <words>", "find messages by their words, the newest first")
COMMAND(TALKS, cmd_talks, "W", 0, "TALKS [ON | OFF]", "list your private talks that are kept, or say whether they may be")
COMMAND(UNREAD, cmd_unread, "", 0, "UNREAD", "count the new messages in rooms you left, if your name is registered")
COMMAND(SET, cmd_set, "WW", KEYED | ROOM, "SET [<#room>] [<option> <value>]", "show the options and roles of a room, or change an option")
COMMAND(INVITE, cmd_invite, "w", ROOM, "INVITE [<#room>] <user>", "let a user into a room")
COMMAND(KICK, cmd_kick, "wT", ROOM, "KICK [<#room>] <user> [<reason>]", "remove a user from a room")
COMMAND(BAN, cmd_ban, "wT", ROOM, "BAN [<#room>] <user | address> [<duration>] [<reason>]", "remove a user from a room and keep them out, for good or for 30s, 10m, 2h30m, 7d or 2w")
COMMAND(UNBAN, cmd_unban, "w", ROOM, "UNBAN [<#room>] <user | address>", "lift a ban")
COMMAND(MUTE, cmd_mute, "wT", ROOM, "MUTE [<#room>] <user | address> [<duration>] [<reason>]", "keep a user from talking in a room, for good or for a duration")
COMMAND(UNMUTE, cmd_unmute, "w", ROOM, "UNMUTE [<#room>] <user | address>", "lift a mute")
COMMAND(BANS, cmd_bans, "", ROOM, "BANS [<#room>]", "list the bans and mutes of a room")
COMMAND(OP, cmd_op, "w", ROOM, "OP [<#room>] <user>", "make a user an op of a room")
COMMAND(DEOP, cmd_deop, "w", ROOM, "DEOP [<#room>] <user>", "remove the op role")
COMMAND(VOICE, cmd_voice, "w", ROOM, "VOICE [<#room>] <user>", "let a user talk in a moderated or slow room")
COMMAND(DEVOICE, cmd_devoice, "w", ROOM, "DEVOICE [<#room>] <user>", "remove the voice role")
COMMAND(CAPS, cmd_caps, "T", 0, "CAPS [<name>...]", "for programs: show or switch on capabilities (-name: off)")
COMMAND(PING, cmd_ping, "W", ANYTIME, "PING [<token>]", "get a PONG back")
COMMAND(HELP, cmd_help, "W", ANYTIME, "HELP [<command>]", "list all commands, or show one")
COMMAND(QUIT, cmd_quit, "T", ANYTIME, "QUIT [<reason>]", "end the session")
