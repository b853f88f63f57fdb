/* SPDX-License-Identifier: ISC */
/*
 * What a program may switch on for itself with CAPS. All are off at first.
 *
 * CAP(NAME, "name in CAPS", "what it does")
 */
CAP(TAGS, "tags", "each line about a room and each private message is preceded by @id=<number>;time=<time> and a space")
CAP(ACKS, "acks", "a message in a room is answered with OK <number> and not echoed")
CAP(AWAY, "away", "AWAY <user> <text> and BACK <user> tell when a user who shares a room with you goes away and is back")
