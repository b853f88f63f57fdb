/* SPDX-License-Identifier: ISC */
/*
 * What SET can set of a room. The standard is 0, off and none, but for history, which is on.
 *
 * OPTION(NAME, "name", kind, standard, most, "what it does")
 *   kind  SWITCH on or off; NUMBER 0 to `most`, where 0 reads off; WORD of at most `most` bytes, which is not shown
 */
OPTION(PRIVATE, "private", SWITCH, 0, 1, "only who has a role, an invitation or the key may join; for all others the room is not there")
OPTION(KEY, "key", WORD, 0, 32, "who joins gives this word: JOIN <room> <key>")
OPTION(INVITE_ONLY, "invite-only", SWITCH, 0, 1, "only who has a role, an invitation or the key may join")
OPTION(MODERATED, "moderated", SWITCH, 0, 1, "only who has a voice may talk")
OPTION(TOPIC_OPS, "topic-ops", SWITCH, 0, 1, "only ops may set the topic")
OPTION(SLOW, "slow", NUMBER, 0, 86400, "seconds, 86400 at most, that who has no voice has to wait between two messages")
OPTION(DURABLE, "durable", SWITCH, 0, 1, "what is said is heard only when it is on disk")
OPTION(HISTORY, "history", SWITCH, 1, 1, "what is said is kept for HISTORY")
OPTION(RETENTION, "retention", NUMBER, 0, 1000000000, "most messages that are kept; never more than the server keeps")
OPTION(RETENTION_DAYS, "retention-days", NUMBER, 0, 36500, "days for which a message is kept; never longer than the server keeps them")
