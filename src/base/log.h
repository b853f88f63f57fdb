/* SPDX-License-Identifier: ISC */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One event, one line on standard error, in logfmt: `time level event key=value …`. Control bytes are escaped, so
 * no peer can forge a line; what a peer chose as text goes through log_quote. Message texts and secrets are never
 * logged. No hot lock may be held (tbl/locks.h): the rank check aborts.
 */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Sets the least important level that is written, and whether lines start with the time. Any thread. */
void log_configure(enum log_level level, bool with_time);

/* True when a line of this level would be written: to skip work for debug lines. Any thread, any lock. */
bool log_enabled(enum log_level level);

/* error: the operator must act. warn: something is degraded. info: life cycle. debug: each command. */
void log_error(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For lines that a peer can cause: all such lines together are limited to a burst of 200 and 50 a second; what
 * is held back is counted, and told in one line when the limit lets go. */
void log_peer(enum log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define LOG_QUOTED 256

/* Writes s as "s", quotes and backslashes escaped, cut at LOG_QUOTED - 1 bytes; returns buf. */
const char *log_quote(const char *s, char buf[LOG_QUOTED]);

/* What an errno means, in words. Static; any thread. */
const char *log_error_text(int err);

/* The level of that name (error, warn, info, debug), or -1. */
int log_level_named(const char *name);

#endif
