/* SPDX-License-Identifier: ISC */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdint.h>

/*
 * The date: the wall clock as far as it can be believed. What is deleted by its age asks here, because a clock that is
 * wrong once, for seconds, would otherwise delete everything. Milliseconds since 1970, as the wall clock. Any thread,
 * any lock, unless said otherwise; nothing blocks.
 *
 * The date goes on with the time that passes (CLOCK_MONOTONIC), and never falls. If the wall clock is ahead of it, it
 * follows, at most DATE_FASTEST times as fast as time passes; if the wall clock is behind, it waits at half speed. So
 * a month that chatd has not seen pass is believed after some days, and three seconds of a wrong clock are half a
 * minute.
 */
#define DATE_FASTEST 8

/* No later time is believed, whoever wrote it: 2240-01-01. Numbers have times in them, and SQLite has no numbers for
 * those from 2248 on. */
#define DATE_MOST_MS 8520336000000

/* The date that an earlier run had reached; 0: there was none, so the wall clock is believed, unless it is before this
 * version of chatd, as a machine's without a battery is when it starts. Main thread. */
#define DATE_LEAST_MS 1767225600000 /* 2026-01-01 */
void date_start(int64_t reached_ms);

/* Time has passed. The date does not go beyond limit_ms. `mono_ms` is clock_ms(), `wall_ms` clock_wall_ms(). One
 * thread, the keeper. */
void date_tick(int64_t mono_ms, int64_t wall_ms, int64_t limit_ms);

/* The date itself: for numbers that must not fall. Before date_start it is the wall clock. */
int64_t date_ms(void);

/* Now, for what is deleted because it is older than some time: neither the date nor the wall clock is earlier. */
int64_t date_sure_ms(void);

/* Now, for when something was used, which keeps it from being deleted: neither of them is later. */
int64_t date_used_ms(void);

/* Now, for what people are shown and is kept for a time: the wall clock, unless that is DATE_ABSURD_MS behind the date.
 * Then the date. */
#define DATE_ABSURD_MS (30 * 24 * 3600 * 1000LL)
int64_t date_stamp_ms(void);

#endif
