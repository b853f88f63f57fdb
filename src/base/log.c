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

static _Atomic int level_now = LOG_INFO;
static _Atomic bool time_now = true;

/* Locking key: L by .lock */
static struct {
    struct lock lock;
    int64_t tokens_milli; /* L: thousandths of a line */
    int64_t filled_ms;    /* L */
    uint64_t dropped;     /* L: lines, since the last log_suppressed */
} limit = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_LOG}, .tokens_milli = PEER_BURST * 1000};

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

/* Takes a token of the rate limit; false if none is left. *dropped: the number of lines to report as suppressed now. */
static bool limit_pass(uint64_t *dropped)
{
    int64_t now = clock_ms();
    lock_acquire(&limit.lock);
    limit.tokens_milli += (now - limit.filled_ms) * PEER_PER_SECOND;
    limit.filled_ms = now;
    if (limit.tokens_milli > PEER_BURST * 1000)
        limit.tokens_milli = PEER_BURST * 1000;
    bool pass = limit.tokens_milli >= 1000;
    *dropped = 0;
    if (pass) {
        limit.tokens_milli -= 1000;
        *dropped = limit.dropped;
        limit.dropped = 0;
    } else {
        limit.dropped++;
    }
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

void log_peer(enum log_level level, const char *event, const char *fmt, ...)
{
    if (!log_enabled(level))
        return;
    uint64_t dropped;
    if (!limit_pass(&dropped)) {
        counter_add(COUNTER_LOG_SUPPRESSED, 1);
        return;
    }
    if (dropped)
        put_linef(LOG_WARN, "log_suppressed", "lines=%llu", (unsigned long long)dropped);
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
