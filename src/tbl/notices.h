/* SPDX-License-Identifier: ISC */
/*
 * What chatd says to a client by itself, as `NOTICE <text>`.
 *
 * NOTICE(NAME, "text", "when")
 */
NOTICE(MORE_IN_HISTORY, "not all messages are shown; HISTORY has the rest", "RESUME shows fewer messages of a room than were said")
NOTICE(MORE_SAID, "not all messages are shown", "the same, in a room that keeps no history")
NOTICE(HISTORY_UNAVAILABLE, "missed messages cannot be read now; try HISTORY later", "RESUME while the store has failed")
NOTICE(UNDELIVERED_OMITTED, "some undelivered lines omitted; HISTORY has what was said in rooms", "RESUME, and more lines were undelivered than can be shown")
