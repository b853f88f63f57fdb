/* SPDX-License-Identifier: ISC */
/* The clocks that chatd reads, and how times are written and parsed. */
#include "config.h"

#include "base/clock.h"

#include "base/panic.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    must(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_us(void)
{
    struct timespec ts;
    must(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_coarse_ms(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_ms(CLOCK_MONOTONIC_COARSE);
#else
    return read_ms(CLOCK_MONOTONIC);
#endif
}

static _Atomic int64_t shift_ms;

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME) + atomic_load_explicit(&shift_ms, memory_order_relaxed);
}

void clock_shift_wall(int64_t ms)
{
    atomic_store_explicit(&shift_ms, ms, memory_order_relaxed);
}

#define LAST_MS 253402300799999 /* of the year 9999 */

const char *clock_text(int64_t wall_ms, char buf[CLOCK_TEXT])
{
    struct tm tm;
    char day[24] = "?";
    wall_ms = wall_ms < 0 ? 0 : wall_ms > LAST_MS ? LAST_MS : wall_ms;
    time_t s = (time_t)(wall_ms / 1000);
    if (gmtime_r(&s, &tm))
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buf, CLOCK_TEXT, "%s.%03dZ", day, (int)(wall_ms % 1000));
    return buf;
}

/* Reads exactly `digits` digits. False if the number is not within least..most. */
static bool read_number(const char **at, int digits, int least, int most, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (**at - '0');
    }
    return *out >= least && *out <= most;
}

static bool skip(const char **at, char c)
{
    bool is_there = **at == c;
    *at += is_there;
    return is_there;
}

/* Reads what follows the day: nothing, or Thh:mm[:ss[.mmm]], then an optional Z. */
static bool parse_hour(const char *at, struct tm *tm, int *ms)
{
    if (skip(&at, 'T')) {
        if (!read_number(&at, 2, 0, 23, &tm->tm_hour) || !skip(&at, ':') || !read_number(&at, 2, 0, 59, &tm->tm_min))
            return false;
        bool has_seconds = skip(&at, ':');
        if (has_seconds && !read_number(&at, 2, 0, 59, &tm->tm_sec))
            return false;
        if (has_seconds && skip(&at, '.') && !read_number(&at, 3, 0, 999, ms))
            return false;
    }
    skip(&at, 'Z');
    return *at == '\0';
}

bool clock_span(const char *text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'w', 7 * CLOCK_DAY_MS}, {'d', CLOCK_DAY_MS}, {'h', 3600000}, {'m', CLOCK_MINUTE_MS}, {'s', 1000}};
    size_t next = 0, count = sizeof units / sizeof units[0];
    *ms = 0;
    do {
        size_t digits = strspn(text, "0123456789");
        char unit = text[digits] | 0x20; /* in lower case */
        while (next < count && units[next].unit != unit)
            next++;
        if (!digits || digits > 6 || next == count)
            return false;
        *ms += strtol(text, NULL, 10) * units[next++].ms;
        text += digits + 1;
    } while (*text);
    return *ms <= CLOCK_SPAN_MOST_MS;
}

static bool parse_ago(const char *text, int64_t now_ms, int64_t *wall_ms)
{
    int64_t span_ms;
    if (!clock_span(text, &span_ms))
        return false;
    *wall_ms = now_ms - span_ms;
    return true;
}

bool clock_parse(const char *text, int64_t now_ms, int64_t *wall_ms)
{
    struct tm tm = {0};
    const char *at = text;
    int ms = 0, day;
    if (!read_number(&at, 4, 1970, 9999, &tm.tm_year) || !skip(&at, '-') || !read_number(&at, 2, 1, 12, &tm.tm_mon) ||
        !skip(&at, '-') || !read_number(&at, 2, 1, 31, &tm.tm_mday) || !parse_hour(at, &tm, &ms))
        return parse_ago(text, now_ms, wall_ms);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    day = tm.tm_mday;
    time_t s = timegm(&tm); /* normalises February 30 to another day, which the comparison below refuses */
    *wall_ms = (int64_t)s * 1000 + ms;
    return tm.tm_mday == day;
}
