/* SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include "base/buf.h"
#include "base/thread.h"
#include "chat/member.h"
#include "chat/room.h"
#include "net/outbox.h"
#include "net/stream.h"
#include "net/stream_tcp.h"
#include "store/schema.h"
#include "store/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the unit tests share: bounded waits for a state, children that must die, scratch directories, a client without a
 * server (notifier, outbox, stream and writer thread, as in a pair of net/pool.c), and a stream that a test can hold
 * back. Failures are told through cmocka, so these calls are for the test's own thread; where another thread may call,
 * it says so.
 */

/* Looks at a state until it is there; fails the test after ten seconds without it. */
void unit_until(bool (*is_there)(void *arg), void *arg);

/* The same look, without cmocka: false after ten seconds. Any thread. */
bool unit_comes(bool (*is_there)(void *arg), void *arg);

/* Runs fn(arg) in a child; true when the child dies by abort(3). What it says is thrown away. No other thread of the
 * test may be running. */
bool unit_aborts(void (*fn)(void *arg), void *arg);

/* Runs fn(arg) in a child without privileges (as root: as nobody, after opening `dir` to it); its return value, 0 to
 * 255, or -1. */
int unit_unprivileged(const char *dir, int (*fn)(void *arg), void *arg);

#define UNIT_PATH 256

/* Makes a directory of its own; unit_rmdir removes it with all that is in it. */
void unit_mkdir(char path[UNIT_PATH]);
void unit_rmdir(const char *path);
void unit_write_file(const char *path, const void *data, size_t size);
/* The whole file; the caller frees. */
char *unit_read_file(const char *path, size_t *size);

/* Numbers that look random and are the same in each run. */
uint32_t unit_random(uint64_t *state);

/* Two ends of a connection: local sockets, or TCP over loopback with these buffer sizes (0: the system's). */
void unit_socketpair(int fd[2]);
void unit_tcp_pair(int fd[2], int send_buffer, int receive_buffer);

/* Reads exactly n bytes, or fails the test when they do not arrive within ten seconds. */
void unit_read(int fd, char *data, size_t n);
/* Reads to the end of the stream, or fails the test. Returns the number of bytes; `out` may be NULL. */
size_t unit_read_end(int fd, struct buf *out);
/* True when nothing is there to be read now. */
bool unit_is_silent(int fd);
/* Writes all. */
void unit_write(int fd, const char *data, size_t n);

/* ---- a stream in the test's hand ---- */

struct unit_stream {
    struct stream base; /* first: the operations find the rest from it */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;      /* writes wait until unit_stream_let */
    int passes;     /* writes that may pass although held */
    bool failing;   /* writes fail with EPIPE */
    size_t most;    /* bytes that one write takes at most; 0: all */
    bool full;      /* a write that may not block finds no space */
    bool gone;      /* the peer has ended its side */
    bool inside;    /* a write is waiting, or at work */
    int overlaps;   /* writes that began while another was at work: must stay 0 */
    int writes;     /* calls that may block */
    int tries;      /* calls that may not */
    int shuts;      /* calls */
    bool dead;      /* the test says that nobody may touch the stream now */
    int touched;    /* calls while .dead: must stay 0 */
    enum stream_shut how;
    const char *says; /* borrows: what the next read gets, or NULL: the end */
    struct buf out;   /* what was written */
};

/* Posters can carry to it only after unit_stream_offer_try, so that elsewhere it is the writer that writes. */
void unit_stream_init(struct unit_stream *us);
void unit_stream_offer_try(struct unit_stream *us);
void unit_stream_fini(struct unit_stream *us);
/* The next read gets this, which is borrowed; the reads after it get the end of the input. Reader. */
void unit_stream_says(struct unit_stream *us, const char *text);
/* From now on writes wait; unit_stream_let lets them go on. */
void unit_stream_hold(struct unit_stream *us);
void unit_stream_let(struct unit_stream *us);
/* Lets one write through and waits until the next stands before the held stream. */
void unit_stream_step(struct unit_stream *us);
/* From now on writes fail. */
void unit_stream_fail(struct unit_stream *us);
/* Waits until a writer stands before the held stream. */
void unit_stream_wait_inside(struct unit_stream *us);
void unit_stream_set_dead(struct unit_stream *us, bool dead);
/* Fails the test unless exactly this was written so far. */
void unit_stream_wrote(struct unit_stream *us, const char *text);

/* ---- a client without a server ---- */

struct unit_client {
    struct notifier notifier;
    struct outbox *outbox; /* owns */
    struct stream_tcp tcp;
    int peer;                /* the other end; -1 over a stream of the test's */
    struct thread writer;
    _Atomic unsigned rounds; /* times the writer has drained */
};

/* Notifier, outbox and writer thread; and their end, when the outbox is idle again. */
void unit_client_start(struct unit_client *c);
void unit_client_stop(struct unit_client *c);

/* A new life over a local socket pair, or over a stream of the test's. */
void unit_client_open(struct unit_client *c, uint64_t gen);
void unit_client_open_over(struct unit_client *c, struct stream *st, uint64_t gen);

/* The end of that life as a reader does it: close unless closed, finish without words, drain, detach, close. */
void unit_client_end(struct unit_client *c, enum close_reason reason);

/* Waits until the writer sleeps, or until all that was put is written. */
void unit_client_wait_asleep(struct unit_client *c);
void unit_client_wait_written(struct unit_client *c);

/* Flushes this thread's debts, waits until all is written, and returns all that the client was told since the last
 * call. Borrowed until the next call with the same buffer. */
const char *unit_client_heard(struct unit_client *c, struct buf *out);

/* Puts a text; with the outbox's own answer, if so asked. Any thread. */
int unit_put(struct outbox *ob, const char *text);
int unit_put_size(struct outbox *ob, size_t size, bool answer);

/* ---- an outbox over such a stream ---- */

/* Limits that nothing here reaches, and such that are reached soon. */
#define UNIT_WIDE (struct outbox_limits){.entries = 65536, .bytes = 64 << 20, .age_ms = 30000, .patience_ms = 1000}
#define UNIT_TIGHT (struct outbox_limits){.entries = 16, .bytes = 8192, .age_ms = 30000, .patience_ms = 1000}
void unit_limits(struct outbox_limits l);

/* A number not used before. */
uint64_t unit_gen(void);

struct unit_held {
    struct unit_client c;
    struct unit_stream us;
    uint64_t gen;
};

/* An open outbox whose writer sleeps; and its end. */
void unit_held_start(struct unit_held *h);
void unit_held_stop(struct unit_held *h);
/* Another life of the same outbox; the one before must have ended. */
void unit_held_open(struct unit_held *h);
/* So long ago the outbox was last drained that a poster carries. */
void unit_held_idle(struct unit_held *h);
/* Holds the stream and puts n entries of that size: the writer stands before the stream with them as its batch. */
void unit_held_fill(struct unit_held *h, int n, size_t size);

/* ---- a client with a name, for rooms and the registry ---- */

struct unit_member {
    struct unit_client client;
    struct member member;
};

void unit_member_start(struct unit_member *um, const char *name, uint64_t id);
void unit_member_stop(struct unit_member *um);

/* Fails the test unless the member was told exactly this since it was last looked at; CRLF may be left out behind the
 * last line and is written as a plain newline. */
void unit_member_hears(struct unit_member *um, const char *text);
/* Forgets what the member was told since then. */
void unit_member_hush(struct unit_member *um);

/* As serve/session.c does it: the room's reference is taken over, or given back. */
void unit_member_join(struct unit_member *um, struct room *r);
void unit_member_leave(struct unit_member *um, struct room *r, bool answer);
/* True when it was said. Any thread that may say something for the member. */
bool unit_say(struct room *r, struct member *m, const char *text);
bool unit_act(struct room *r, struct member *m, const char *text);
/* True when the operator was heard. For a room that is not durable. */
bool unit_announce(struct room *r, const char *text);
void unit_member_leave_all(struct unit_member *um);

/* ---- a database in memory, with the whole schema, as the store has it ---- */

sqlite3 *unit_db_open(void);
/* Fails the test when a statement was left open. */
void unit_db_close(sqlite3 *db);
void unit_db_exec(sqlite3 *db, const char *sql);
/* Adds two, 7 Alice and 8 bob. */
void unit_db_accounts(sqlite3 *db);
/* One number, or -1. Any thread. */
long long unit_db_number(sqlite3 *db, const char *sql);

/* ---- store, registry of names, accounts and rooms, in a directory of the test's own ---- */

void unit_house_start(void);
void unit_house_stop(void);
/* All is written, forgotten and read again, as by a restart. */
void unit_house_restart(void);
/* Waits until the store has nothing to do. */
void unit_house_settle(void);
/* One number, or -1, from the database by another connection. */
long long unit_house_number(const char *sql);
/* The same, with some SQL run on the database while it is down. */
void unit_house_restart_with(const char *sql);
/* By a connection of its own, while all runs. */
void unit_house_exec(const char *sql);
/* Restarts it when the first page of that table's rows was overwritten, as a bad disk does it. */
void unit_house_restart_spoiled(const char *table);

/* Adds an account without a password that anybody could know. Its id. */
int64_t unit_house_account(const char *name, struct notifier *notifier);
/* From now on the store is bad, until unit_house_mend. */
void unit_house_break(void);
void unit_house_mend(void);

/* A job that the test holds inside the transaction, and lets succeed or fail. */
struct unit_job {
    struct store_job job; /* first */
    _Atomic bool held, inside, failing, is_done;
    _Atomic int runs;
};

void unit_job_init(struct unit_job *j, bool waits);
/* Puts it held and waits until the store thread stands inside it. */
void unit_job_block(struct unit_job *j);
void unit_job_wait_inside(struct unit_job *j);
void unit_job_let(struct unit_job *j);
/* Waits until its done() was called. */
void unit_job_wait_done(struct unit_job *j);

#endif
