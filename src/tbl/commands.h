/* SPDX-License-Identifier: ISC */
/*
 * The commands of a client, in the order in which HELP shows them. One row and one handler make a command.
 *
 * COMMAND(NAME, handler, arguments, flags, "syntax", "what it does")
 *   arguments  a letter each: w a word, t a text (the rest of the line); upper case: may be left out
 *   flags      ANYTIME   answered before USERNAME as well
 *              PRIVATE   never taken for text, however it is written: what follows may be meant for few eyes
 *              TALK      says something in a room, so it may be gathered with more of its kind
 */
COMMAND(USERNAME, cmd_username, "w", ANYTIME | PRIVATE, "USERNAME <name>", "take a name")
COMMAND(JOIN, cmd_join, "w", 0, "JOIN <room>", "enter a room, leaving the current one")
COMMAND(ALSO, cmd_also, "w", 0, "ALSO <room>", "enter a room and stay in the others")
COMMAND(LEAVE, cmd_leave, "W", 0, "LEAVE [<room>]", "leave the current room, or that one")
COMMAND(MSG, cmd_msg, "t", TALK, "MSG <text>", "say something in the current room; a line that is no command does the same")
COMMAND(PRIVMSG, cmd_privmsg, "wt", PRIVATE, "PRIVMSG <user> <text>", "say something to one user alone")
COMMAND(USERS, cmd_users, "W", 0, "USERS [<room> | ALL]", "who is in the current room, in that one, or online")
COMMAND(ROOMS, cmd_rooms, "W", 0, "ROOMS [ALL]", "the rooms with somebody in them, or all there are")
COMMAND(TOPIC, cmd_topic, "T", 0, "TOPIC [<text>]", "show the topic of the current room, or set it (TOPIC - clears it)")
COMMAND(HISTORY, cmd_history, "T", 0, "HISTORY [<room>] [<n>] [BEFORE <id> | AFTER <id> | SINCE <time>]", "what was said in the current room, or in that one")
COMMAND(SEARCH, cmd_search, "t", 0, "SEARCH [in:<room>] [from:<user>] [after:<time>] [before:<time>] <words>", "what was said with these words, the newest first")
COMMAND(PING, cmd_ping, "W", ANYTIME, "PING [<token>]", "get a PONG back")
COMMAND(HELP, cmd_help, "W", ANYTIME, "HELP [<command>]", "show this list, or one command")
COMMAND(QUIT, cmd_quit, "T", ANYTIME, "QUIT [<reason>]", "say goodbye")
