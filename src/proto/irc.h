/* SPDX-License-Identifier: ISC */
#ifndef PROTO_IRC_H
#define PROTO_IRC_H

#include "proto/codec.h"

/*
 * What IRC clients are told, as the Modern IRC documents and RFC 2812 describe it, with message tags as IRCv3 does.
 * Pure, but for the names of server and network, which are constant after the start.
 */
extern const struct codec irc_codec;

/* What a client may have asked for beside plain IRC. Its form is FORM_IRC plus these bits. */
enum irc_extra {
    IRC_TIME = 1,    /* server-time: when something was said, as a tag */
    IRC_TAGS = 2,    /* message-tags: numbers (msgid) and tags of other clients, TAGMSG */
    IRC_ACCOUNT = 4, /* account-tag: the account of who speaks */
    IRC_JOIN = 8,    /* extended-join: the account of who comes in */
    IRC_HOSTS = 16   /* userhost-in-names */
};

#define IRC_LINE 512      /* bytes of a line beside its tags, end included (RFC 2812 section 2.3) */
#define IRC_TAG_BYTES 4094 /* of the tags that a client sends, without @ and the blank (IRCv3 message-tags) */
#define IRC_NAME_SIZE 64  /* of the names of server and network, with the NUL */

/* True if a server or a network may be called so. Pure. */
bool irc_is_server_name(const char *name);
/* Both names are valid. Before the first client. Main thread. */
void irc_configure(const char *server, const char *network);
const char *irc_server(void);
const char *irc_network(void);

/* Appends a numeric, ":<server> <number> <to> " and the formatted rest. An empty `to` becomes "*". A text that does not
 * fit ends in an ellipsis. */
void irc_numeric(struct buf *out, int number, const char *to, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Ends the line that begins at `start`, which has no tags. What does not fit is replaced by an ellipsis. */
void irc_end(struct buf *out, size_t start);

/* Appends ":<name>!<user>@<host>". The host says whether the user is registered; it is no address. `account` NULL: a
 * guest. */
void irc_source(struct buf *out, const char *name, const char *account);
/* The host alone. */
void irc_host(struct buf *out, const char *name, const char *account);
#define IRC_USER "chat" /* the user name of everybody */

/* Appends the value of a tag, escaped (IRCv3, message-tags). */
void irc_tag_value(struct buf *out, const char *value);

/* The most bytes of a text that one line can carry to others, who see it from that user in that target. */
size_t irc_text_room(const char *name, const char *account, const char *verb, const char *target);

/* How many bytes of the text go into a line that has so much room: all, or up to a blank, or at least whole
 * characters. */
size_t irc_fitting(const char *text, size_t room);

/* A ban as a mask, and what a mask means: a user name or an address, in `out`; false: it is neither, or more than one
 * user. A mute has "m:" in front. */
void irc_mask(struct buf *out, const char *shown, bool is_mute);
#define IRC_MASK_SIZE 128
bool irc_mask_read(const char *mask, char out[IRC_MASK_SIZE], bool *is_mute);

/* The letter of a room's option, or '\0': it has none. */
char irc_option_letter(enum option o);
/* The option of a letter, or OPTIONS. */
enum option irc_option_of(char letter);
/* The letter and the sign in front of names of a role; '\0': guests and others have none. */
char irc_role_letter(enum role role);
char irc_role_sign(enum role role);
/* The role of a sign, or ROLE_NONE. */
enum role irc_role_of_sign(char sign);

/* True if the text matches the mask, in which * stands for any characters and ? for one. Case does not matter. Takes
 * the product of both lengths at most. */
bool irc_matches(const char *mask, const char *text);

/* Removes the codes for colours and the like, with their numbers, so that the text alone is left. */
void irc_strip_formatting(char *text);

#endif
