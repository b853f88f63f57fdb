/* SPDX-License-Identifier: ISC */
/*
 * Every protocol that a listener can speak. From here come the values of `protocol` in chatd.conf and their
 * documentation. serve/protocols.c includes the header of each.
 *
 * PROTOCOL(NAME, symbol, "name in chatd.conf", "what it is for")
 *   symbol  prefix of its C symbols
 */
PROTOCOL(HTTP, http, "http", "the page for browsers, and WebSocket, also for IRC")
PROTOCOL(IRC, irc, "irc", "IRC, for the clients that people have for it")
PROTOCOL(NATIVE, native, "native", "the line protocol of chatd-protocol(7), for nc and for programs")
