/* SPDX-License-Identifier: ISC */
/*
 * Every error a client can be told, as `ERROR <message>`. This is the only place where the messages stand. A %s is
 * filled in with what the meaning column names.
 *
 * ERROR(NAME, "message", "when")
 */
ERROR(USERNAME_REQUIRED, "Username required (USERNAME <name>)", "anything but USERNAME, HELP, PING and QUIT before a name was given")
ERROR(USERNAME_SET, "Username already set", "a second USERNAME")
ERROR(USERNAME_TAKEN, "Username taken", "somebody online has the name, or it is the server's own")
ERROR(INVALID_USERNAME, "Invalid username", "not 1 to 32 letters, digits, _ - . or it starts with - or .")
ERROR(INVALID_ROOM, "Invalid room name", "not 1 to 32 letters, digits, _ - . after the #")
ERROR(NOT_IN_A_ROOM, "Not in a room", "there is no current room")
ERROR(NOT_IN, "Not in %s", "LEAVE of a room one is not in")
ERROR(USER_NOT_FOUND, "User not found", "nobody online has the name")
ERROR(ROOM_NOT_FOUND, "Room not found", "there is no such room")
ERROR(TOO_MANY_ROOMS, "Too many rooms", "one is in as many rooms as one may be, or the server has as many as it may have")
ERROR(UNKNOWN_COMMAND, "Unknown command (try HELP)", "no such command")
ERROR(USAGE, "Usage: %s", "an argument is missing, empty or one too many; the syntax is shown")
ERROR(TOO_MANY_WORDS, "Too many words", "SEARCH takes 64 words at most; each character of Chinese, Japanese and their like is one")
ERROR(LINE_TOO_LONG, "Line too long", "the line, or the text in it, is longer than it may be; the rest of the line is skipped")
ERROR(INVALID_TEXT, "Invalid text", "the line has a NUL byte or is not UTF-8; it is dropped")
ERROR(TOPIC_TOO_LONG, "Topic too long", "the topic has more bytes than limits.topic")
ERROR(DENIED, "Permission denied", "kept for what may be forbidden one day; nothing in this version is")
ERROR(STORAGE, "Storage unavailable", "the change could not be written to disk and was not made, or what was kept could not be read; try again later")
ERROR(FULL, "Server full", "before a close: there are clients.max clients, or no thread can be made")
ERROR(TOO_MANY_CONNECTIONS, "Too many connections", "before a close: the address has clients.per_address connections")
ERROR(LOGIN_TIMEOUT, "Login timeout", "before a close: no name was given in time")
ERROR(TOO_SLOW, "Too slow", "before a close: what waits to be read by this client passed the limits of the outbox")
ERROR(FLOODING, "Flooding", "before a close: over the flood limit without a break")
ERROR(KICKED, "Kicked: %s", "before a close: the operator ended the session; the reason is shown")
ERROR(STOPPING, "Server stopping", "before a close: the server is being stopped")
