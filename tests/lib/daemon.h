/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_DAEMON_H
#define TESTS_LIB_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A real chatd in a directory of its own, on a free port of the loopback. Every call fails the running test when
 * something does not go as it must; waits are bounded by DAEMON_WAIT_MS. Test's own thread.
 */
#define DAEMON_WAIT_MS 30000

struct daemon {
    pid_t pid;       /* 0: not running */
    int port;
    char dir[128];   /* the state directory; log, chatd.conf and admin.sock are in it */
    bool has_conf;
    bool conf_listens; /* set by the test: the configuration says where to listen, so no -p */
};

/* Makes the directory. `conf`: text of the configuration, or NULL for none. Does not start it. */
void daemon_init(struct daemon *d, const char *conf);
/* Stops it if it runs (and checks that it ends well), removes the directory. */
void daemon_fini(struct daemon *d);

/* Starts it, waits until it says that it waits for connections. */
void daemon_start(struct daemon *d);
/* init and start. */
void daemon_up(struct daemon *d, const char *conf);
/* TERM, and exit code 0. */
void daemon_stop(struct daemon *d);
void daemon_kill(struct daemon *d);
/* Replaces the configuration file. */
void daemon_write_conf(struct daemon *d, const char *conf);

/* Waits for the end of a process that was started here; its exit code, or 128 + signal. */
int daemon_wait(pid_t pid);

/* Runs a program to its end with no input. The last of `args` is NULL. Output (both streams if err is NULL) is cut to
 * the size. Returns the exit code, or 128 + signal. */
int daemon_run(const char *const args[], char *out, size_t out_size, char *err, size_t err_size);
/* The same with this, at most 4096 bytes of it, on standard input. */
int daemon_run_input(const char *input, const char *const args[], char *out, size_t out_size, char *err, size_t err_size);

/* Starts a program at a terminal of its own, without waiting for its end. The caller closes both ends: what is written
 * to `master` is typed, and what is read from it is on the screen. */
pid_t daemon_run_terminal(const char *const args[], int *master, int *slave);

/* chatctl -d DIR and these words; the exit code. */
int daemon_ctl(struct daemon *d, char *out, size_t size, ...) __attribute__((sentinel));
/* The same with an input. */
int daemon_ctl_input(struct daemon *d, const char *input, char *out, size_t size, ...) __attribute__((sentinel));
/* Without one, and it must be 0. */
void daemon_ctl_ok(struct daemon *d, char *out, size_t size, ...) __attribute__((sentinel));

/* A number of `chatctl status`. */
long daemon_status(struct daemon *d, const char *key);
/* Waits until it is so much, or at least so much. */
void daemon_await(struct daemon *d, const char *key, long value);
void daemon_await_least(struct daemon *d, const char *key, long value);

/* What the process has, by /proc. */
long daemon_descriptors(const struct daemon *d);
long daemon_threads(const struct daemon *d);
long daemon_memory_kib(const struct daemon *d);

/* How often the bytes of a text stand in its memory. */
int daemon_memory_has(const struct daemon *d, const char *text);

/* True when its log has the text; waiting for it. */
bool daemon_log_has(const struct daemon *d, const char *text);
void daemon_await_log(const struct daemon *d, const char *text);

/* The path of a program under test: CHATD or CHATCTL from the environment. */
const char *daemon_program(const char *variable);

#endif
