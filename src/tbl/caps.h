/* SPDX-License-Identifier: ISC */
/*
 * What a program may switch on for itself with CAPS. All are off at the start.
 *
 * CAP(NAME, "name in CAPS", "what it does")
 */
CAP(TAGS, "tags", "@id=<number>;time=<time> and a space stand before each line of a room and each private one")
CAP(ACKS, "acks", "who says something in a room is answered OK <number> and does not hear the echo")
