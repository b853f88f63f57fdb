/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One event, one line on standard error, in logfmt: `time level event key=value …`. Control bytes are escaped, so no
 * peer can forge a line; text that a peer chose goes through log_quote. Message texts and secrets are never logged. A
 * line has at most 1 KiB; the rest is cut off.
 *
 * Any thread that holds no hot lock (tbl/locks.h); the rank check aborts otherwise. May block on standard error.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Opens /dev/null as each of standard input, output and error that the process was started without. Otherwise the next
 * file would get that number, and the log would be written into it. First of all, in the main thread. */
void log_reserve_descriptors(void);

/* Sets the least important level that is written, and whether lines begin with the time. Any thread. */
void log_configure(enum log_level level, bool with_time);

/* True if a line of this level would be written; for skipping the work for debug lines. Any thread, any lock. */
bool log_enabled(enum log_level level);

/* error: the operator must act. warn: something is degraded. info: life cycle. debug (log_peer only): each command. */
void log_error(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For lines that a peer can cause. Those of one event are limited to a burst of 200 and then 50 a second, so that a
 * storm of one kind hides no other kind. Lines over the limit are dropped and counted; the next line of the event that
 * passes is preceded by `log_suppressed lines=N event=EVENT`. `event` is a literal. */
void log_peer(enum log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for a line about a peer's address, of which one may have half of that, so that a storm from one address
 * hides no others. `from`: LOG_FROM bytes that tell addresses apart (.key of struct addr). */
#define LOG_FROM 16
void log_peer_from(const void *from, enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define LOG_QUOTED 256

/* Writes s in double quotes into buf, with quotes and backslashes escaped, cut to fit; returns buf. */
const char *log_quote(const char *s, char buf[LOG_QUOTED]);

/* The message for an errno. Static; any thread, any lock. */
const char *log_error_text(int err);

/* The level with that name (error, warn, info, debug), or -1. */
int log_level_named(const char *name);

#endif
