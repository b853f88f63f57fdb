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
 * Shared by the unit tests: bounded waits for a state, children that must abort, scratch directories, a client without
 * a server (notifier, outbox, stream and writer thread, as in a pair of net/pool.c), and a stream that a test can
 * block. Failures are reported through cmocka, so these calls are for the test's main thread, unless they say
 * otherwise.
 */

/* Waits until is_there(arg) is true; fails the test after ten seconds. */
void unit_until(bool (*is_there)(void *arg), void *arg);

/* The same without cmocka: returns false after ten seconds. Any thread. */
bool unit_wait_for(bool (*is_there)(void *arg), void *arg);

/* Runs fn(arg) in a child process; true if it ends by abort(3). Its standard error is discarded. No other thread of the
 * test may be running. */
bool unit_aborts(void (*fn)(void *arg), void *arg);

/* Runs fn(arg) in a child process without privileges. As root, the child becomes `nobody` and first gets ownership of
 * `dir`, unless NULL. Returns fn's result, 0 to 255, or -1 if the child did not exit. */
int unit_unprivileged(const char *dir, int (*fn)(void *arg), void *arg);

#define UNIT_PATH 256

/* A text as users_put takes it. */
#define UNIT_TEXT(t) (&(const struct event){.text = (t)})

/* Makes a scratch directory; unit_rmdir removes it and everything in it. */
void unit_mkdir(char path[UNIT_PATH]);
void unit_rmdir(const char *path);
void unit_write_file(const char *path, const void *data, size_t size);
/* Reads a whole file; the caller frees. */
char *unit_read_file(const char *path, size_t *size);

/* Pseudo-random numbers, the same in each run. */
uint32_t unit_random(uint64_t *state);

/* Two ends of a connection: local sockets, or TCP over loopback with these buffer sizes (0: the system's). */
void unit_socketpair(int fd[2]);
void unit_tcp_pair(int fd[2], int send_buffer, int receive_buffer);

/* Reads exactly n bytes, or fails the test when they do not arrive within ten seconds. */
void unit_read(int fd, char *data, size_t n);
/* Reads to the end of the stream, or fails the test. Returns the number of bytes; `out` may be NULL. */
size_t unit_read_end(int fd, struct buf *out);
/* True if there is nothing to read now. */
bool unit_is_silent(int fd);
/* Writes all n bytes. */
void unit_write(int fd, const char *data, size_t n);

/* ---- a stream that the test controls ---- */

struct unit_stream {
    struct stream base; /* first: the operations find the rest from it */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;      /* writes wait until unit_stream_release */
    int passes;     /* writes that may proceed although held */
    _Atomic bool failing; /* writes fail with EPIPE */
    _Atomic size_t most;  /* maximum bytes for one write; 0: all */
    bool full;      /* a write that must not block finds no space */
    bool gone;      /* the peer has closed its side */
    bool inside;    /* a write is waiting or running */
    int overlaps;   /* writes that began during another: must stay 0 */
    int writes;     /* calls of .write, which may block */
    int tries;      /* calls of .try_write, which must not */
    int shuts;      /* calls of .shut */
    bool dead;      /* set by the test: no thread may use the stream now */
    int touched;    /* calls while .dead: must stay 0 */
    enum stream_shut how;
    const char *says; /* borrows: the input of the next read, or NULL: end of input */
    struct buf out;   /* what was written */
};

/* A stream whose posters never carry, so that only the writer writes, until unit_stream_offer_try is called. */
void unit_stream_init(struct unit_stream *us);
void unit_stream_offer_try(struct unit_stream *us);
void unit_stream_fini(struct unit_stream *us);
/* The next read returns this text, which is borrowed; later reads return the end of input. For the reader. */
void unit_stream_says(struct unit_stream *us, const char *text);
/* Makes writes wait until unit_stream_release. */
void unit_stream_hold(struct unit_stream *us);
void unit_stream_release(struct unit_stream *us);
/* Lets one write proceed and waits until the next one waits at the held stream. */
void unit_stream_step(struct unit_stream *us);
/* Makes all writes fail from now on. */
void unit_stream_fail(struct unit_stream *us);
/* Waits until a write waits at the held stream. */
void unit_stream_wait_inside(struct unit_stream *us);
void unit_stream_set_dead(struct unit_stream *us, bool dead);
/* Fails the test unless exactly this text was written so far. */
void unit_stream_wrote(struct unit_stream *us, const char *text);

/* ---- a client without a server ---- */

struct unit_client {
    struct notifier notifier;
    struct outbox *outbox; /* owns */
    struct stream_tcp tcp;
    int peer;                /* the other end; -1 over a unit_stream */
    struct thread writer;
    _Atomic unsigned rounds; /* times the writer has drained */
};

/* Starts notifier, outbox and writer thread; stops them, when the outbox is idle again. */
void unit_client_start(struct unit_client *c);
void unit_client_stop(struct unit_client *c);

/* Opens the outbox for a new connection, over a local socket pair or over the test's stream. */
void unit_client_open(struct unit_client *c, uint64_t gen);
void unit_client_open_over(struct unit_client *c, struct stream *st, uint64_t gen);

/* Ends the connection as a reader does: close unless closed, finish without last words, drain, detach, close. */
void unit_client_end(struct unit_client *c, enum close_reason reason);

/* Waits until the writer sleeps, or until every entry is written. */
void unit_client_wait_asleep(struct unit_client *c);
void unit_client_wait_written(struct unit_client *c);

/* Flushes this thread's debts, waits until every entry is written, and returns what the client received since the last
 * call. Borrowed until the next call with the same buffer. */
const char *unit_client_heard(struct unit_client *c, struct buf *out);

/* Puts a text or `size` bytes; with `answer`, by outbox_answer. Any thread. */
int unit_put(struct outbox *ob, const char *text);
int unit_put_size(struct outbox *ob, size_t size, bool answer);

/* ---- an outbox over a unit_stream ---- */

/* Limits that no test reaches, and limits that are reached soon. */
#define UNIT_WIDE                                                                                                      \
    (struct outbox_limits){.entries = 65536, .bytes = 64 << 20, .age_ms = 30000, .patience_ms = 1000, .pace_kib_s = 64}
#define UNIT_TIGHT                                                                                                     \
    (struct outbox_limits){.entries = 16, .bytes = 8192, .age_ms = 30000, .patience_ms = 1000, .pace_kib_s = 64}
void unit_limits(struct outbox_limits l);

/* A generation not used before. */
uint64_t unit_gen(void);

struct unit_held {
    struct unit_client c;
    struct unit_stream us;
    uint64_t gen;
};

/* Opens an outbox whose writer sleeps; ends it. */
void unit_held_start(struct unit_held *h);
void unit_held_stop(struct unit_held *h);
/* Reopens the same outbox for another connection; the last one must have ended. */
void unit_held_open(struct unit_held *h);
/* Makes the last drain so old that a poster carries. */
void unit_held_idle(struct unit_held *h);
/* Holds the stream, puts n entries of that size, and waits until the writer waits at the stream with them as its batch.
 */
void unit_held_fill(struct unit_held *h, int n, size_t size);

/* ---- a client with a name, for rooms and the registry ---- */

struct unit_member {
    struct unit_client client;
    struct member member;
};

void unit_member_start(struct unit_member *um, const char *name, uint64_t id);
void unit_member_stop(struct unit_member *um);

/* Fails the test unless the member received exactly this since the last look. A plain newline stands for CRLF; the last
 * one may be left out. */
void unit_member_hears(struct unit_member *um, const char *text);
/* Discards what the member received since the last look. */
void unit_member_clear(struct unit_member *um);

/* As serve/session.c does: join takes over the caller's reference to the room, leave releases it. */
void unit_member_join(struct unit_member *um, struct room *r);
void unit_member_leave(struct unit_member *um, struct room *r, bool answer);
/* True if it was said. Any thread that may speak for the member. */
bool unit_say(struct room *r, struct member *m, const char *text);
bool unit_act(struct room *r, struct member *m, const char *text);
/* True if the announcement was made. Only for a room that is not durable. */
bool unit_announce(struct room *r, const char *text);
void unit_member_leave_all(struct unit_member *um);

/* ---- a database in memory with the store's schema ---- */

sqlite3 *unit_db_open(void);
/* Fails the test if a statement was left open. */
void unit_db_close(sqlite3 *db);
void unit_db_exec(sqlite3 *db, const char *sql);
/* Adds two accounts, 7 Alice and 8 bob. */
void unit_db_accounts(sqlite3 *db);
/* Returns the number that the query yields, or -1. Any thread. */
long long unit_db_number(sqlite3 *db, const char *sql);

/* ---- the house: store, users, accounts and rooms, in a scratch directory ---- */

/* Starts the modules of chat/, as server.c does it before the store. */
void unit_modules_start(void);
/* users_names gives these: "a b c". */
void unit_expect_names(const char *want);

void unit_house_start(void);
void unit_house_stop(void);
/* The members leave all rooms, the house stops, then the members stop: the store thread may post to their outboxes. */
void unit_house_stop_with(struct unit_member *const members[], int n);
/* Stops and starts everything, as a restart of chatd does. */
void unit_house_restart(void);
/* Waits until the store is idle. */
void unit_house_settle(void);
/* Returns the number that the query yields, or -1, over a connection of its own. */
long long unit_house_number(const char *sql);
/* Restarts, and runs this SQL on the database while it is down. */
void unit_house_restart_with(const char *sql);
/* Runs this SQL over a connection of its own, while everything runs. */
void unit_house_exec(const char *sql);
/* Restarts after overwriting the first page of this table's rows, as a bad disk does. */
void unit_house_restart_damaged(const char *table);

/* Adds an account that no password opens. Returns its id. */
int64_t unit_house_account(const char *name, struct notifier *notifier);
/* Makes the store fail, until unit_house_repair. */
void unit_house_break(void);
void unit_house_repair(void);
/* Waits until the store is in the state STORE_FAILED. */
void unit_store_wait_failed(void);

/* A job that the test can hold inside the transaction, and make succeed or fail. */
struct unit_job {
    struct store_job job; /* first */
    _Atomic bool held, inside, failing, is_done;
    _Atomic int runs;
};

void unit_job_init(struct unit_job *j, bool waits);
/* Puts the job held and waits until the store thread is inside it. */
void unit_job_block(struct unit_job *j);
void unit_job_wait_inside(struct unit_job *j);
void unit_job_release(struct unit_job *j);
/* Makes the next batch fail, with all jobs that are queued behind `gate`: puts `failing` last and releases the gate. */
void unit_job_fail_next(struct unit_job *gate, struct unit_job *failing);
/* Waits until its done() has been called. */
void unit_job_wait_done(struct unit_job *j);

#endif
