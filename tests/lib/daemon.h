/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_DAEMON_H
#define TESTS_LIB_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A real chatd in a directory of its own, on a free loopback port. A call that fails also fails the running test. Waits
 * are bounded by DAEMON_WAIT_MS. For the test's main thread.
 */
#define DAEMON_WAIT_MS 30000

struct daemon {
    pid_t pid;       /* 0: not running */
    int port;
    int port2;       /* of the second listener; 0: there is none */
    char dir[128];   /* the state directory; it also holds log, chatd.conf and admin.sock */
    bool has_conf;
    bool conf_listens; /* set by the test: the configuration has listeners, so no -p */
};

/* CHATD_TEST_STREAM: what the tests run over; "" for plain TCP. */
const char *daemon_stream(void);

/* Makes the directory, without starting chatd. `conf` is the text of the configuration, or NULL for none. */
void daemon_init(struct daemon *d, const char *conf);
/* Stops chatd if it runs, checks that it exits with 0, and removes the directory. */
void daemon_fini(struct daemon *d);

/* Starts chatd and waits until it announces that it accepts connections. */
void daemon_start(struct daemon *d);
/* daemon_init and daemon_start. */
void daemon_up(struct daemon *d, const char *conf);
/* Sends SIGTERM; the exit code must be 0. */
void daemon_stop(struct daemon *d);
/* Sends SIGKILL and waits for the end. */
void daemon_kill(struct daemon *d);
/* Replaces the configuration file. Unless `conf` says more about that, few threads are ready, and a search may take
 * long. */
void daemon_write_conf(struct daemon *d, const char *conf);

/* Waits for the end of a process that was started here. Returns its exit code, or 128 + signal. */
int daemon_wait(pid_t pid);

/* Runs a program to its end with no input. The last of `args` is NULL. Output (both streams if err is NULL) is cut to
 * the size. Returns the exit code, or 128 + signal. */
int daemon_run(const char *const args[], char *out, size_t out_size, char *err, size_t err_size);
/* The same with this text on standard input, at most 4096 bytes. */
int daemon_run_input(const char *input, const char *const args[], char *out, size_t out_size, char *err,
                     size_t err_size);

/* Starts a program on a terminal of its own and does not wait for it. Bytes written to `master` are typed; bytes read
 * from it are the screen. The caller closes both ends. */
pid_t daemon_run_terminal(const char *const args[], int *master, int *slave);

/* Runs chatctl -d DIR with these arguments, the last NULL. Returns the exit code. */
int daemon_ctl(struct daemon *d, char *out, size_t size, ...) __attribute__((sentinel));
/* The same with this text on standard input. */
int daemon_ctl_input(struct daemon *d, const char *input, char *out, size_t size, ...) __attribute__((sentinel));
/* The same without input; the exit code must be 0. */
void daemon_ctl_ok(struct daemon *d, char *out, size_t size, ...) __attribute__((sentinel));

/* A number from `chatctl status`. */
long daemon_status(struct daemon *d, const char *key);
/* Waits until that number is `value`, or at least `value`. */
void daemon_await(struct daemon *d, const char *key, long value);
void daemon_await_least(struct daemon *d, const char *key, long value);

/* From /proc: open descriptors, threads, and resident memory. */
long daemon_descriptors(const struct daemon *d);
long daemon_threads(const struct daemon *d);
long daemon_memory_kib(const struct daemon *d);

/* How many times the text occurs in the writable memory of the process. Skips the test where the kernel does not let
 * its user read that. */
int daemon_memory_has(const struct daemon *d, const char *text);

/* True if a line of its log contains the text; the second waits for it. */
bool daemon_log_has(const struct daemon *d, const char *text);
void daemon_await_log(const struct daemon *d, const char *text);

/* Runs SQL on its database over a connection of the test. */
void daemon_sql(const struct daemon *d, const char *sql);
/* Locks the database against writes by chatd, as another program could; unlocks it. */
struct sqlite3;
struct sqlite3 *daemon_lock_database(const struct daemon *d);
void daemon_unlock_database(struct sqlite3 *db);

/* The path of a program under test: CHATD or CHATCTL from the environment. */
const char *daemon_program(const char *variable);

#endif
