/* SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Time, in milliseconds where nothing else is said. Any thread; none of these blocks or fails. */

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

#endif
