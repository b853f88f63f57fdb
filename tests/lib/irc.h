/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_IRC_H
#define TESTS_LIB_IRC_H

#include "tests/lib/fixture.h"

/*
 * IRC clients beside native ones: a chatd with native lines on d.port and IRC on irc_d.port.
 */
extern struct daemon irc_d;
#define IRC_TEST_SERVER "irc.example.org"

/* Setup: makes the directory; irc_start starts chatd with `more` behind the listeners. */
int irc_dir(void **state);
void irc_start(const char *more);
/* The same with these keys in the section irc; a reload with others; and the file alone. */
void irc_start_with(const char *keys, const char *more);
void irc_reload_with(const char *keys);
void irc_write_conf(const char *keys, const char *more);

/* Connects, asks for these capabilities ("" for none), registers, and reads all up to the end of the greeting. */
void irc_login(struct client *c, const char *nick, const char *caps);
/* The same with a password of PASS, without capabilities or with them. */
void irc_login_with(struct client *c, const char *nick, const char *pass, const char *caps);
void irc_login_pass(struct client *c, const char *nick, const char *pass);
/* Joins a room and reads all up to the end of its names. */
void irc_enter(struct client *c, const char *room);

/* The next line must be this one; tags in front of it are left out. */
void irc_expect(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next line without its tags. Borrowed until the next call. */
const char *irc_next_line(struct client *c);
/* The tags of the line that was read last, all together, without the @; "" if it had none. */
const char *irc_tags(void);
/* True if that line has this tag, "name" with any value or none, or "name=value"; and its value, "" if it has none. */
bool irc_has_tag(const char *tag);
const char *irc_tag(const char *name);
/* Sends the line and expects the answer. */
void irc_ask(struct client *c, const char *line, const char *answer);
/* Reads lines up to this one. */
void irc_skip_to(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Nothing is in flight to this client: the answer to a PING is the next line. */
void irc_expect_quiet(struct client *c);

#endif
