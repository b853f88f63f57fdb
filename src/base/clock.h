/* SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Time, in milliseconds unless the name says otherwise. Any thread; no call blocks or fails. */

#define CLOCK_DAY_MS (24 * 3600 * 1000LL)
#define CLOCK_MINUTE_MS (60 * 1000LL)

/* CLOCK_MONOTONIC: for deadlines and ages. */
int64_t clock_ms(void);

/* The same clock in microseconds. */
int64_t clock_us(void);

/* The same clock, cheaper to read; up to one timer tick (about 4 ms) behind clock_ms(). */
int64_t clock_coarse_ms(void);

/* The wall clock, since 1970. It may be wrong, and may be set at any time: what is deleted by its age goes by
 * base/date.h. */
int64_t clock_wall_ms(void);

/* For tests: the wall clock is so much ahead from now on. */
void clock_shift_wall(int64_t ms);

#define CLOCK_TEXT 32

/* Writes a wall-clock time as 2026-11-23T08:15:30.123Z (UTC) into buf; returns buf. A time before 1970 or after 9999 is
 * written as the first or the last of these. */
const char *clock_text(int64_t wall_ms, char buf[CLOCK_TEXT]);

/* Parses a span of time: numbers of up to 6 digits, each with its unit, the longest first: 90s, 30m, 2h30m, 7d, 2w; the
 * unit may be in upper case. False if it is anything else, or longer than CLOCK_SPAN_MOST_MS: then a span that begins
 * now ends in a year of four digits. */
#define CLOCK_SPAN_MOST_MS (999999 * CLOCK_DAY_MS)
bool clock_span(const char *text, int64_t *ms);

/* Parses a wall-clock time in UTC: 2026-11-23, 2026-11-23T08:15, 2026-11-23T08:15:30, 2026-11-23T08:15:30.123,
 * each with or without a final Z; or a span of time before now_ms, as clock_span. False if it is neither. */
bool clock_parse(const char *text, int64_t now_ms, int64_t *wall_ms);

#endif
