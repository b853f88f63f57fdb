/* SPDX-License-Identifier: ISC */
/*
 * The commands of a client, in the order in which HELP shows them. One row and one handler make a command.
 *
 * COMMAND(NAME, handler, arguments, flags, "syntax", "what it does")
 *   arguments  a letter each: w a word, t a text (the rest of the line); upper case: may be left out
 *   flags      ANYTIME   answered before USERNAME as well
 *              PRIVATE   never taken for text, however it is written: what follows may be meant for few eyes
 *              SECRET    its arguments are wiped from memory when it is done
 *              TALK      says something in a room and does nothing else, so it may be gathered with more of its kind
 */
COMMAND(USERNAME, cmd_username, "wW", ANYTIME | PRIVATE | SECRET, "USERNAME <name> [<password>]", "take a name, or log in to one that is registered")
COMMAND(REGISTER, cmd_register, "wW", PRIVATE | SECRET, "REGISTER <password> [<invitation>]", "keep your name: it then takes the password to use it")
COMMAND(PASSWD, cmd_passwd, "ww", PRIVATE | SECRET, "PASSWD <old> <new>", "change the password")
COMMAND(UNREGISTER, cmd_unregister, "w", PRIVATE | SECRET, "UNREGISTER <password>", "give up the registration of your name")
COMMAND(TOKEN, cmd_token, "", 0, "TOKEN", "get a token, to come back with when your connection breaks")
COMMAND(RESUME, cmd_resume, "w", ANYTIME | PRIVATE | SECRET, "RESUME <token>", "instead of USERNAME: come back, to your rooms and what was said meanwhile")
COMMAND(JOIN, cmd_join, "wW", 0, "JOIN <room> [<key>]", "enter a room, leaving the current one")
COMMAND(ALSO, cmd_also, "wW", 0, "ALSO <room> [<key>]", "enter a room and stay in the others")
COMMAND(LEAVE, cmd_leave, "W", 0, "LEAVE [<room>]", "leave the current room, or that one")
COMMAND(MSG, cmd_msg, "t", TALK, "MSG <text>", "say something in the current room; a line that is no command does the same")
COMMAND(SAY, cmd_say, "wt", TALK, "SAY <room> <text>", "say something in any room one is in")
COMMAND(ME, cmd_me, "t", TALK, "ME <text>", "tell the current room what one does")
COMMAND(PRIVMSG, cmd_privmsg, "wt", PRIVATE, "PRIVMSG <user> <text>", "say something to one user alone")
COMMAND(USERS, cmd_users, "W", 0, "USERS [<room> | ALL]", "who is in the current room, in that one, or online")
COMMAND(WHOIS, cmd_whois, "w", 0, "WHOIS <user>", "since when somebody is here, for how long silent, where you meet, and whether away")
COMMAND(SEEN, cmd_seen, "w", 0, "SEEN <user>", "when somebody with a registered name was last here")
COMMAND(AWAY, cmd_away, "T", 0, "AWAY [<text>]", "tell who writes to you that you are away, or, without a text, that you are back")
COMMAND(RENAME, cmd_rename, "w", 0, "RENAME <name>", "take another name")
COMMAND(IGNORE, cmd_ignore, "W", 0, "IGNORE [<user>]", "hear no more of what somebody says, or show whom you ignore")
COMMAND(UNIGNORE, cmd_unignore, "w", 0, "UNIGNORE <user>", "hear somebody again")
COMMAND(ROOMS, cmd_rooms, "W", 0, "ROOMS [ALL]", "the rooms with somebody in them, or all there are")
COMMAND(TOPIC, cmd_topic, "T", 0, "TOPIC [<text>]", "show the topic of the current room, or set it (TOPIC - clears it)")
COMMAND(HISTORY, cmd_history, "T", 0, "HISTORY [<room>] [<n>] [BEFORE <id> | AFTER <id> | SINCE <time>]", "what was said in the current room, or in that one")
COMMAND(SEARCH, cmd_search, "t", 0, "SEARCH [in:<room>] [from:<user>] [after:<time>] [before:<time>] <words>", "what was said with these words, the newest first")
COMMAND(UNREAD, cmd_unread, "", 0, "UNREAD", "how many messages came in the rooms you left, if your name is registered")
COMMAND(SET, cmd_set, "WW", 0, "SET [<option> <value>]", "show how the current room is run, or change it")
COMMAND(INVITE, cmd_invite, "w", 0, "INVITE <user>", "let somebody into the current room")
COMMAND(KICK, cmd_kick, "wT", 0, "KICK <user> [<reason>]", "put somebody out of the current room")
COMMAND(BAN, cmd_ban, "wT", 0, "BAN <user | address> [<duration>] [<reason>]", "the same, and keep them out, for ever or for 30s, 10m, 2h, 7d or 2w")
COMMAND(UNBAN, cmd_unban, "w", 0, "UNBAN <user | address>", "let them in again")
COMMAND(MUTE, cmd_mute, "wT", 0, "MUTE <user | address> [<duration>] [<reason>]", "let somebody listen and not talk")
COMMAND(UNMUTE, cmd_unmute, "w", 0, "UNMUTE <user | address>", "let them talk again")
COMMAND(BANS, cmd_bans, "", 0, "BANS", "who is banned from the current room, or muted")
COMMAND(OP, cmd_op, "w", 0, "OP <user>", "let somebody run the current room with you")
COMMAND(DEOP, cmd_deop, "w", 0, "DEOP <user>", "take that back")
COMMAND(VOICE, cmd_voice, "w", 0, "VOICE <user>", "let somebody talk in a moderated or slow room")
COMMAND(DEVOICE, cmd_devoice, "w", 0, "DEVOICE <user>", "take that back")
COMMAND(CAPS, cmd_caps, "T", 0, "CAPS [<name>...]", "for programs: show what may be switched on, or switch it on (by -name: off)")
COMMAND(PING, cmd_ping, "W", ANYTIME, "PING [<token>]", "get a PONG back")
COMMAND(HELP, cmd_help, "W", ANYTIME, "HELP [<command>]", "show this list, or one command")
COMMAND(QUIT, cmd_quit, "T", ANYTIME, "QUIT [<reason>]", "say goodbye")
