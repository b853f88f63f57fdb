/* SPDX-License-Identifier: ISC */
#ifndef SERVE_IRC_IRC_SESSION_H
#define SERVE_IRC_IRC_SESSION_H

#include "chat/accounts.h"
#include "proto/irc.h"
#include "proto/irc_line.h"
#include "serve/session.h"

/*
 * What all handlers of IRC share: what the protocol remembers of a client, and how it is answered. The session's
 * reader.
 *
 * What handlers answer is collected while a line is handled, and sent when it has been: so it can get the label that
 * the line had. Some of what acts tell under a lock (the answer to JOIN) is sent at once, and so comes before it.
 */
enum irc_cap {
#define IRC_CAP(name, word, extra, what) IRC_CAP_##name,
#include "tbl/irc_caps.h"
#undef IRC_CAP
    IRC_CAPS
};

enum irc_command {
#define IRC_COMMAND(name, handler, least, flags, syntax) IRC_COMMAND_##name,
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
    IRC_COMMANDS
};

enum irc_flags { IRC_ANYTIME = 1, IRC_SECRET = 2, IRC_TALK = 4 };

#define IRC_LABEL 65  /* bytes of a label, with its NUL (IRCv3, labeled-response) */
#define IRC_MODES 12  /* changes in one line of MODE */
#define IRC_SASL_MAX 1024 /* bytes of a response of SASL, decoded: two names and a password */

struct irc_state {
    unsigned caps;           /* 1 << enum irc_cap for each that is on */
    int cap_version;         /* that the client understands: 302, or 0 */
    bool negotiates;         /* CAP END is waited for */
    bool not_first;          /* a line has come */
    bool has_user;           /* USER has come */
    char nick[NAME_SIZE];    /* what NICK asked for before the client was registered; or "" */
    char wanted[NAME_SIZE];  /* a registered name that it was refused for want of a password; or "" */
    struct buf realname;     /* owns: of USER, until the client is registered */
    struct buf pass;         /* owns: of PASS; secret */
    struct account own;      /* the account that was proved by SASL */
    bool is_proved;
    bool is_greeted;         /* it was told all that comes behind 001 */
    bool authenticates;      /* AUTHENTICATE has chosen a mechanism */
    bool by_certificate;     /* it is EXTERNAL, else PLAIN */
    struct buf sasl;         /* owns: what has come of the response, in base64; secret */
    struct buf answer;       /* owns: what the line in hand is answered with */
    unsigned epoch;          /* msg_epoch() when that line came, and so from before anything was read for it */
    bool is_batch;           /* .answer is one batch (BATCH), which takes the label as it is */
    bool has_batch;          /* a batch with the label has begun */
    bool says_once;          /* the line in hand says something in one room, and its echo is the whole answer */
    char label[IRC_LABEL];   /* of the line in hand, or "" */
    const char *command;     /* borrows from the line in hand */
};

static inline struct irc_state *irc_state(const struct session *s)
{
    return s->state;
}

static inline bool irc_has(const struct session *s, enum irc_cap cap)
{
    return irc_state(s)->caps & 1u << cap;
}

/* The name that answers are addressed to: before the client is registered, what it asked for, or "". */
const char *irc_own_name(const struct session *s);

/* Adds a numeric to the answer, or an event as the client's form writes it. */
void irc_reply(struct session *s, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));
void irc_answer(struct session *s, const struct event *ev);
/* Adds a notice from the server, or from one of its services. */
void irc_note(struct session *s, const char *from, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Tells why something was not done, and frees what `no` holds. `about`: the room, user or command it is about. */
void irc_refuse(struct session *s, struct refusal *no, const char *about);
void irc_fail(struct session *s, enum error_code code, const char *about);
/* Appends why, as text alone, and frees what `no` holds. */
void irc_refusal_text(struct buf *text, struct refusal *no);
/* 900: the session is logged in to the account of that name. */
void irc_logged_in(struct session *s, const char *account);

/* Adds "FAIL <the command> <code> <context> :<text>" (IRCv3, standard-replies), for commands whose specification has
 * such codes. `context` may be "". */
void irc_fail_as(struct session *s, const char *code, const char *context, const char *text);

/* Words that go into as many numerics as they need. Set the first five; zero the rest. */
struct irc_list {
    struct session *s;
    int number;
    const char *before, *after; /* of each numeric: what stands before the words, and behind them */
    char separator;
    struct buf words;           /* owns */
};
void irc_list_add(struct irc_list *l, const char *word);
/* Adds the last of the numerics, if there are words, and frees. */
void irc_list_end(struct irc_list *l);

/* Sends what was collected, and more of the same answer follows. */
void irc_flush(struct session *s);
/* Ends the answer to the line in hand, and sends what is left of it. */
void irc_finish(struct session *s);

/* ---- parameters ---- */

/* The parameter, or "". */
const char *irc_param(const struct irc_line *l, int i);

/* The next of a list with commas, split off *rest; NULL at its end. */
char *irc_next(char **rest);

/* The time of a server-time tag. False: it is none. */
bool irc_read_time(const char *word, int64_t *ms);

/* A text as it may go to others: without formatting and control characters; in place. "": it is not UTF-8. */
char *irc_cleaned(char *text);

/* A room that the client is in; NULL: it was told that it is not. */
struct room *irc_own_room(struct session *s, const char *word);
/* A room that the client is in and wants to say something in; NULL: it was told that it cannot. */
struct room *irc_talk_room(struct session *s, const char *word);
/* A reference to a room that the client may see, or NULL. irc_see_room tells it that there is none. */
struct room *irc_find_room(const struct session *s, const char *word);
struct room *irc_see_room(struct session *s, const char *word);

/* ---- the handlers ---- */

#define IRC_COMMAND(name, handler, least, flags, syntax) void handler(struct session *s, struct irc_line *l);
#include "tbl/irc_commands.h"
#undef IRC_COMMAND

/* ---- between the units ---- */

/* Before something is said to these targets, and after its line was looked at: whether the echo is all there is to
 * answer. */
void irc_label_speech(struct session *s, const char *targets);
/* True if what the client says in rooms is to come back as an answer of its own (.is_apart of struct event). */
bool irc_has_labelled_echo(const struct session *s);
/* As .on_answer of struct member: gives lines the label, or keeps them for the end of the answer. */
void irc_label_told(struct member *m, enum event_kind kind, struct buf *lines);

/* Tells the client that a mode of its own has changed: "+o". */
void irc_own_mode(struct session *s, const char *change);

/* What a client is told once, as soon as it has its name: 002 to 005, LUSERS, MOTD. */
void irc_welcome(struct session *s);

#endif
