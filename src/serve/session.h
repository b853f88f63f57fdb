/* SPDX-License-Identifier: ISC */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include "chat/change.h"
#include "chat/history.h"
#include "chat/member.h"
#include "chat/search.h"
#include "chat/tokens.h"
#include "net/line.h"
#include "net/pool.h"
#include "serve/flood.h"

#include <uthash.h>

/*
 * One client's connection from its first byte to its last, on its pair's reader thread. The struct lives as long as its
 * pair and serves one client after the other. This header has what every handler uses: answers, waiting, closing. It
 * knows no command and no protocol.
 *
 * Locking key: R the reader only · a atomic · c constant · H by the lock of serve/resumable.c
 */
struct protocol;
struct resumer;

/* What a session that can be resumed keeps for that; serve/resumable.h. */
struct resumable {
    struct token token;
    bool has_token;             /* R: it has taken one (TOKEN) */
    bool listed;                /* H: under its token */
    bool waits;                 /* H: in the list of those that wait for their account; with .next */
    struct resumable *next;     /* H */
    struct resumer *resumer;    /* H: borrows; its reader waits for ours */
    struct session *s;          /* R */
    struct saved_session saved; /* R, and the resumer's reader while ours waits: how the session was at its end */
    _Atomic bool done;          /* a: the resumer has taken everything */
    UT_hash_handle hh;          /* H */
};

struct session {
    struct pair *pair;               /* c: borrows */
    struct member member;            /* see there */
    const struct protocol *protocol; /* R: the listener's */
    void *state;                     /* R: owns; what the protocol remembers, zeroed for each client */
    struct line line;                /* R */
    size_t body_bytes;               /* R: the next so many bytes are a body and not lines */
    struct flood flood;              /* R */
    struct room *spoken_in;          /* R: borrows; the room that its last line was said in, or NULL */
    bool is_exempt;                  /* R: from the flood limit */
    bool is_heard;                   /* R: the client has sent something, so .security is known */
    struct stream_security security; /* R: how its stream is encrypted; .version NULL: not */
    int64_t era;                     /* R: of its account, when it proved to own that (chat/accounts.h) */
    bool by_certificate;             /* R: it proved that by its certificate */
    bool is_proxied;                 /* R: a trusted proxy has told whose connection it is */
    bool is_proxied_securely;        /* R: and that it was https; from there to here it is near, or encrypted */
    char *goodbye;                   /* R: owns: the reason that its user gave for leaving, or NULL */
    const char *end_detail;          /* R: for the log: why its stream has failed; static, or NULL */
    _Atomic(const char *) tls_version, tls_cipher; /* a: the same for the console; static */
    struct change change;            /* R, and the store while it has it: the topic being set */
    struct history_query query;      /* the same: the history being read */
    struct search_query search;      /* the same: what is being searched for */
    struct resumable resumable;      /* see there */
    int64_t mail_upto;               /* R: number of the last stored private message that was shown; 0: none */
    uint64_t mail_end;               /* R: where in the stream those messages end */
    _Atomic int room_count;          /* a: for the console */
    _Atomic int64_t deadline_ms;     /* a: clock_ms() at which the session is closed; INT64_MAX: never */
    _Atomic int deadline_reason;     /* a: enum close_reason */
};

struct session_limits {
    int text_bytes, topic_bytes, away_bytes, realname_bytes;
    int reason_bytes; /* of a kick, ban or mute */
    int ignored;      /* names */
    int monitored;    /* the same, of IRC clients */
    int login_timeout_s;
    int rooms_per_user;
    int page_messages;
    bool replay_from_history; /* JOIN shows messages from the history */
    int replay_messages, replay_age_s; /* how many, and how old they may be */
};

/* The limits in force. Any thread. */
void session_configure(const struct session_limits *limits);
struct session_limits session_limits(void);

/* Makes and frees the session of a pair, for the pool. */
void session_prepare(struct pair *p);
void session_release(struct pair *p);

/* The calls below are for handlers, on the session's reader. */

/* Notes the address of the arrival, for the limits and bans that go by it. */
void session_note_peer(struct session *s);
/* True if its connection is encrypted: as its proxy says, if it has one. */
bool session_is_encrypted(const struct session *s);
/* True if what the client sends cannot be read on its way through other people's networks, or does not leave the
 * machine or a private network. */
bool session_is_private(const struct session *s);

/* Tells the client something, behind all that was said in rooms before. */
void session_answer(struct session *s, const struct event *ev);
void session_error(struct session *s, enum error_code code);
/* Tells the client why something was not done, and frees what `no` holds. */
void session_refuse(struct session *s, struct refusal *no);
/* Renders an event for the client behind other lines, and sends the lines as one answer. */
void session_add(const struct session *s, struct buf *lines, const struct event *ev);
void session_answer_lines(struct session *s, struct buf *lines);
/* The same for what was read of the history (.epoch of struct page). */
void session_answer_read(struct session *s, struct buf *lines, unsigned epoch);

/* Ends the session: the reader's loop unwinds after the handler. */
void session_close(struct session *s, enum close_reason reason);
/* True when the session has to end; `arg` is the session. */
bool session_is_over(void *arg);

/* Flushes, then waits until `ready(arg)`, the end of the session, or clock_ms() reaching until_ms. True: ready. */
bool session_wait(struct session *s, int64_t until_ms, bool (*ready)(void *arg), void *arg);
/* Flushes, then waits until clock_ms() reaches until_ms. False: the session is over. */
bool session_pause(struct session *s, int64_t until_ms);
/* Before the session does what all members of rooms with others in them are told of, and nobody can ignore: waits until
 * it may (serve/flood.h). False: the session is over. */
bool session_announce(struct session *s);
/* For requests to the store that the session waits for. */
struct waiter session_waiter(struct session *s);

/* Has the keeper close the session at clock_ms() = at_ms for that reason, which must wake the reader (tbl/close.h). It
 * replaces the one before; INT64_MAX: none. A protocol moves it from stage to stage: log-in, handshake, request. */
void session_set_deadline(struct session *s, int64_t at_ms, enum close_reason reason);

/* The client has got a name: no deadline, a log line, a count. */
void session_got_name(struct session *s);

#endif
