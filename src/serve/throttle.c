/* SPDX-License-Identifier: ISC */
/* A bucket that is full has no entry, so the table holds only what was used lately. */
#include "config.h"

#include "serve/throttle.h"

#include "base/lock.h"
#include "base/panic.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define MOST_BUCKETS 50000 /* some 10 MiB; beyond that the oldest is forgotten for each new one */

struct bucket {
    char key[THROTTLE_KEY];
    double used;   /* attempts, at .at_ms, with those being checked */
    int on_the_way;
    int64_t at_ms;
    UT_hash_handle hh;
};

/* Locking key: T by .lock */
static struct {
    struct lock lock;
    struct bucket *table; /* T: owns; in the order of their first use */
} throttle = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_THROTTLE}};

/* These begin the keys of buckets for other things than failures; no address and no name has them. */
#define REGISTRATION '+'
#define STAY '/'
#define STAYS_OVER 10 /* that are counted beyond what is allowed, so that the wait has a bound */

enum { RATE_FAILURES, RATE_REGISTRATIONS, RATE_STAYS, RATES };

static struct {
    _Atomic int most;
    _Atomic int64_t refill_ms;
} rates[RATES] = {{10, 60000}, {50, 1800000}, {100, 1000}};

static void set_rate(int rate, int most, int64_t refill_ms)
{
    atomic_store_explicit(&rates[rate].most, most, memory_order_relaxed);
    atomic_store_explicit(&rates[rate].refill_ms, refill_ms, memory_order_relaxed);
}

void throttle_configure(int failures, int refill_s)
{
    set_rate(RATE_FAILURES, failures, refill_s * 1000LL);
}

void throttle_configure_registrations(int most, int refill_s)
{
    set_rate(RATE_REGISTRATIONS, most, refill_s * 1000LL);
}

void throttle_configure_stays(int most, int refill_ms)
{
    set_rate(RATE_STAYS, most, refill_ms);
}

static int rate_of(const char *key)
{
    if (*key == STAY)
        return RATE_STAYS;
    return *key == REGISTRATION ? RATE_REGISTRATIONS : RATE_FAILURES;
}

static int most_of(const char *key)
{
    return atomic_load_explicit(&rates[rate_of(key)].most, memory_order_relaxed);
}

static int64_t refill_ms_of(const char *key)
{
    return atomic_load_explicit(&rates[rate_of(key)].refill_ms, memory_order_relaxed);
}

static void forget_locked(struct bucket *b)
{
    HASH_DEL(throttle.table, b);
    free(b);
}

static struct bucket *find_locked(const char *key)
{
    struct bucket *b;
    HASH_FIND_STR(throttle.table, key, b);
    return b;
}

/* The bucket as it is now, or NULL: it is full. An attempt that is being checked stays used, however long that
 * takes. */
static struct bucket *current_locked(const char *key, int64_t now_ms)
{
    struct bucket *b = find_locked(key);
    if (!b)
        return NULL;
    int64_t passed_ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
    b->used -= (double)passed_ms / (double)refill_ms_of(key);
    b->at_ms = now_ms;
    if (b->used < b->on_the_way)
        b->used = b->on_the_way;
    if (b->used > 0)
        return b;
    forget_locked(b);
    return NULL;
}

/* Rounded up, so that waiting so long is enough. */
static int64_t wait_ms_locked(const char *key, int64_t now_ms)
{
    const struct bucket *b = *key ? current_locked(key, now_ms) : NULL;
    double over = b ? b->used + 1 - most_of(key) : 0;
    if (over <= 0)
        return 0;
    if (over <= b->on_the_way)
        return THROTTLE_BUSY;
    double wait_ms = (over - b->on_the_way) * (double)refill_ms_of(key);
    return (int64_t)wait_ms + ((double)(int64_t)wait_ms < wait_ms);
}

static int wait_locked(const char *key, int64_t now_ms)
{
    int64_t wait_ms = wait_ms_locked(key, now_ms);
    return wait_ms == THROTTLE_BUSY ? THROTTLE_BUSY : (int)((wait_ms + 999) / 1000);
}

/* One more is used up, of a bucket that is current. */
static struct bucket *use_locked(const char *key, int64_t now_ms)
{
    struct bucket *b = find_locked(key);
    if (!b) {
        if (HASH_COUNT(throttle.table) >= MOST_BUCKETS)
            forget_locked(throttle.table);
        b = panic_calloc(1, sizeof *b);
        memcpy(b->key, key, strlen(key) + 1);
        b->at_ms = now_ms;
        HASH_ADD_STR(throttle.table, key, b);
    }
    b->used++;
    return b;
}

/* From both buckets, or from none. */
static int take(struct throttle_attempt *t, int64_t now_ms)
{
    lock_acquire(&throttle.lock);
    int first = wait_locked(t->keys[0], now_ms), second = wait_locked(t->keys[1], now_ms);
    int wait_s = first > second ? first : second;
    if (!wait_s) /* neither asks for a time, but one may be THROTTLE_BUSY */
        wait_s = first + second;
    for (int i = 0; i < 2 && !wait_s; i++)
        if (*t->keys[i])
            use_locked(t->keys[i], now_ms)->on_the_way++;
    lock_release(&throttle.lock);
    return wait_s;
}

int throttle_take(struct throttle_attempt *t, const struct addr *from, const char *account, bool home, int64_t now_ms)
{
    char host[ADDRS_TEXT];
    addrs_key_text(from, host);
    *t = (struct throttle_attempt){0};
    if (home)
        snprintf(t->keys[0], sizeof t->keys[0], "%s %s", host, account);
    else
        snprintf(t->keys[0], sizeof t->keys[0], "%s", host);
    if (account && !home)
        snprintf(t->keys[1], sizeof t->keys[1], " %s", account);
    return take(t, now_ms);
}

int throttle_take_registration(struct throttle_attempt *t, const struct addr *from, int64_t now_ms)
{
    char host[ADDRS_TEXT];
    *t = (struct throttle_attempt){0};
    snprintf(t->keys[0], sizeof t->keys[0], "%c%s", REGISTRATION, addrs_key_text(from, host));
    return take(t, now_ms);
}

void throttle_end(const struct throttle_attempt *t, bool counts)
{
    lock_acquire(&throttle.lock);
    for (int i = 0; i < 2; i++) {
        struct bucket *b = *t->keys[i] ? find_locked(t->keys[i]) : NULL;
        if (!b || !b->on_the_way) /* it was forgotten, for there were too many */
            continue;
        b->on_the_way--;
        b->used -= counts ? 0 : 1;
        if (b->used <= 0)
            forget_locked(b);
    }
    lock_release(&throttle.lock);
}

/* ---- short stays ---- */

static void stay_key(char key[THROTTLE_KEY], const char *who)
{
    snprintf(key, THROTTLE_KEY, "%c%s", STAY, who);
}

void throttle_note_short_stay(const char *who, int64_t now_ms)
{
    char key[THROTTLE_KEY];
    stay_key(key, who);
    lock_acquire(&throttle.lock);
    const struct bucket *b = current_locked(key, now_ms);
    if (!b || b->used + 1 <= most_of(key) + STAYS_OVER)
        use_locked(key, now_ms);
    lock_release(&throttle.lock);
}

int64_t throttle_take_stay(const char *who, bool has_waited, int64_t now_ms)
{
    char key[THROTTLE_KEY];
    stay_key(key, who);
    lock_acquire(&throttle.lock);
    int64_t wait_ms = wait_ms_locked(key, now_ms);
    if (!wait_ms && has_waited)
        use_locked(key, now_ms);
    lock_release(&throttle.lock);
    return wait_ms;
}
