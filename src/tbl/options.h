/* SPDX-License-Identifier: ISC */
/*
 * The options of a room, changed by SET. The defaults are 0, off and none, except that history is on.
 *
 * OPTION(NAME, "name", kind, default, most, "what it does")
 *   kind  SWITCH on or off; NUMBER 0 to `most`, where 0 is shown as off; WORD of at most `most` bytes, which is not shown
 */
OPTION(PRIVATE, "private", SWITCH, 0, 1, "only users with a role, an invitation or the key may join; for all others the room does not exist")
OPTION(KEY, "key", WORD, 0, 32, "joining needs this word: JOIN <room> <key>")
OPTION(INVITE_ONLY, "invite-only", SWITCH, 0, 1, "only users with a role, an invitation or the key may join")
OPTION(LIMIT, "limit", NUMBER, 0, 65535, "how many users may be in the room; users with a role or an invitation may join also when it is full")
OPTION(MODERATED, "moderated", SWITCH, 0, 1, "only users with a voice may talk")
OPTION(TOPIC_OPS, "topic-ops", SWITCH, 0, 1, "only ops may set the topic")
OPTION(SLOW, "slow", NUMBER, 0, 86400, "seconds that a user without a voice must wait between two messages; at most 86400")
OPTION(DURABLE, "durable", SWITCH, 0, 1, "a message is delivered only once it is on disk; has no effect where no messages are kept")
OPTION(HISTORY, "history", SWITCH, 1, 1, "messages are kept for HISTORY and SEARCH")
OPTION(RETENTION, "retention", NUMBER, 0, 1000000000, "how many messages are kept; never more than the server keeps")
OPTION(RETENTION_DAYS, "retention-days", NUMBER, 0, 36500, "how many days a message is kept; never longer than the server keeps it")
