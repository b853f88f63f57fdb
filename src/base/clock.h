/* SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Time, in milliseconds unless the name says otherwise. Any thread; no call blocks or fails. */

#define CLOCK_DAY_MS (24 * 3600 * 1000LL)

/* Monotonic: for deadlines and ages. */
int64_t clock_ms(void);

/* The same clock in microseconds. */
int64_t clock_us(void);

/* The same clock read cheaply, in milliseconds; up to one timer tick (some 4 ms) behind clock_ms(). */
int64_t clock_coarse_ms(void);

/* Wall clock since 1970. */
int64_t clock_wall_ms(void);

#define CLOCK_TEXT 32

/* Writes a wall-clock time as 2026-11-23T08:15:30.123Z (UTC) into buf, which holds CLOCK_TEXT bytes. */
const char *clock_text(int64_t wall_ms, char buf[CLOCK_TEXT]);

/* Reads a span of time: 90s, 30m, 2h, 7d. False: it is none. */
bool clock_span(const char *text, int64_t *ms);

/* Reads a time: 2026-11-23, 2026-11-23T08:15, with :30 and .123 behind it, and a Z (all in UTC); or so long before
 * now_ms: 90s, 30m, 2h, 7d. False: it is none. */
bool clock_parse(const char *text, int64_t now_ms, int64_t *wall_ms);

#endif
