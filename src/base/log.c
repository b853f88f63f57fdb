/* SPDX-License-Identifier: ISC */
/*
 * A line is built on the caller's stack and written by one write(2) under the lock, so lines never mix. If standard
 * error blocks, threads that log block too. The lock also protects the rate limit. It ranks below the hot locks; that
 * is what forbids logging under one.
 */
#include "config.h"

#include "base/log.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/lock.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
#define PEER_BURST 200
#define PEER_PER_SECOND 50
#define FROM_PART 2    /* one address may have a half of it */
#define MOST_EVENTS 32 /* with a limit of their own; there are fewer */
#define PLACES 64      /* of addresses for each event; addresses that share one share its limit */

static _Atomic int level_now = LOG_INFO;
static _Atomic bool time_now = true;

struct bucket {
    int64_t used_milli;  /* thousandths of a line */
    int64_t filled_ms;
};

/* Locking key: L by .lock */
static struct {
    struct lock lock;
    struct event_limit {
        const char *event; /* borrows a literal; NULL: this one is free */
        struct bucket all, from[PLACES];
        uint64_t dropped;  /* lines, since the last log_suppressed */
    } events[MOST_EVENTS]; /* L */
} limit = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_LOG}};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_configure(enum log_level level, bool with_time)
{
    atomic_store_explicit(&level_now, level, memory_order_relaxed);
    atomic_store_explicit(&time_now, with_time, memory_order_relaxed);
}

void log_reserve_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

int log_level_named(const char *name)
{
    for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

static size_t escape(char *out, size_t cap, const char *in)
{
    size_t n = 0;
    for (; *in && n + 5 < cap; in++) {
        unsigned char c = (unsigned char)*in;
        if (is_control(c))
            n += (size_t)snprintf(out + n, cap - n, "\\x%02x", c);
        else
            out[n++] = (char)c;
    }
    return n;
}

static void put_line(enum log_level level, const char *event, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void put_line(enum log_level level, const char *event, const char *fmt, va_list ap)
{
    char rest[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 128], when[CLOCK_TEXT];
    vsnprintf(rest, sizeof rest, fmt, ap);
    size_t n = 0;
    if (atomic_load_explicit(&time_now, memory_order_relaxed))
        n = (size_t)snprintf(line, sizeof line, "%s ", clock_text(clock_wall_ms(), when));
    n += (size_t)snprintf(line + n, sizeof line - n, "%s %s%s", level_names[level], event, *rest ? " " : "");
    n += escape(line + n, sizeof line - n - 1, rest);
    line[n++] = '\n';
    lock_acquire(&limit.lock);
    if (write(STDERR_FILENO, line, n) < 0) {
        /* chatd goes on without a log */
    }
    lock_release(&limit.lock);
}

static void put_linef(enum log_level level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void put_linef(enum log_level level, const char *event, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_line(level, event, fmt, ap);
    va_end(ap);
}

static struct event_limit *find_locked(const char *event)
{
    int i = 0;
    while (i < MOST_EVENTS - 1 && limit.events[i].event && strcmp(limit.events[i].event, event) != 0)
        i++;
    limit.events[i].event = event;
    return &limit.events[i];
}

/* True when the bucket has space for one more line, with so much of the rate. */
static bool has_space(struct bucket *b, int part, int64_t now_ms)
{
    b->used_milli -= (now_ms - b->filled_ms) * PEER_PER_SECOND / part;
    b->filled_ms = now_ms;
    if (b->used_milli < 0)
        b->used_milli = 0;
    return b->used_milli + 1000 <= PEER_BURST * 1000 / part;
}

static unsigned place_of(const void *from)
{
    const unsigned char *bytes = from;
    unsigned hash = 2166136261u; /* FNV-1a */
    for (int i = 0; i < LOG_FROM; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % PLACES;
}

/* Takes space for a line of the event; false if there is none. *dropped: the number of lines to report as suppressed
 * now. */
static bool limit_pass(const char *event, const void *from, uint64_t *dropped)
{
    int64_t now_ms = clock_ms();
    lock_acquire(&limit.lock);
    struct event_limit *l = find_locked(event);
    struct bucket *own = from ? &l->from[place_of(from)] : NULL;
    bool pass = has_space(&l->all, 1, now_ms) && (!own || has_space(own, FROM_PART, now_ms));
    *dropped = pass ? l->dropped : 0;
    l->dropped = pass ? 0 : l->dropped + 1;
    l->all.used_milli += pass ? 1000 : 0;
    if (own)
        own->used_milli += pass ? 1000 : 0;
    lock_release(&limit.lock);
    return pass;
}

#define LOG_AT(level)                                                                                                  \
    do {                                                                                                               \
        if (!log_enabled(level))                                                                                       \
            return;                                                                                                    \
        va_list ap;                                                                                                    \
        va_start(ap, fmt);                                                                                             \
        put_line(level, event, fmt, ap);                                                                               \
        va_end(ap);                                                                                                    \
    } while (0)

void log_error(const char *event, const char *fmt, ...)
{
    LOG_AT(LOG_ERROR);
}

void log_warn(const char *event, const char *fmt, ...)
{
    LOG_AT(LOG_WARN);
}

void log_info(const char *event, const char *fmt, ...)
{
    LOG_AT(LOG_INFO);
}

/* Whether a line that a peer has caused may be written; and the count of those that were not. */
static bool may_pass(const void *from, enum log_level level, const char *event)
{
    uint64_t dropped;
    if (!log_enabled(level))
        return false;
    if (!limit_pass(event, from, &dropped)) {
        counter_add(COUNTER_LOG_SUPPRESSED, 1);
        return false;
    }
    if (dropped)
        put_linef(LOG_WARN, "log_suppressed", "lines=%llu event=%s", (unsigned long long)dropped, event);
    return true;
}

void log_peer(enum log_level level, const char *event, const char *fmt, ...)
{
    if (may_pass(NULL, level, event))
        LOG_AT(level);
}

void log_peer_from(const void *from, enum log_level level, const char *event, const char *fmt, ...)
{
    if (may_pass(from, level, event))
        LOG_AT(level);
}

const char *log_quote(const char *s, char buf[LOG_QUOTED])
{
    size_t n = 0;
    buf[n++] = '"';
    for (; *s && n + 3 < LOG_QUOTED; s++) {
        if (*s == '"' || *s == '\\')
            buf[n++] = '\\';
        buf[n++] = *s;
    }
    buf[n++] = '"';
    buf[n] = '\0';
    return buf;
}

const char *log_error_text(int err)
{
#ifdef HAVE_STRERRORDESC_NP
    const char *text = strerrordesc_np(err); /* glibc: strerror(3) is not thread-safe there */
    return text ? text : "unknown error";
#else
    return strerror(err);
#endif
}
