/* SPDX-License-Identifier: ISC */
/*
 * One hash for all. An address is looked for under each number of bits that some network has, the smallest network
 * first: at most 33 look-ups for IPv4, 65 for IPv6, and a few for most lists, however long these are.
 */
#include "config.h"

#include "chat/bans.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/rwlock.h"
#include "chat/job.h"
#include "store/store_bans.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KINDS (BAN_KIND_MUTE + 1)
#define BITS_MOST 128
#define BITS_OF_A_NAME 255
#define FIRST_V4_BITS 96

/* The kind, the bits, and the address or the folded name: so no network has the key of a name. */
struct key {
    unsigned char bytes[2 + NAME_SIZE];
    unsigned len;
};
_Static_assert(NAME_SIZE >= sizeof(struct in6_addr), "an address fits where a name does");

struct entry {
    struct key key;
    struct bans_entry e; /* .reason: owns; .by is .by below */
    char by[NAME_SIZE];
    UT_hash_handle hh;
};

/* Locking key: B by .lock, W for writing · a atomic */
static struct {
    struct rwlock lock;
    struct entry *table;               /* B, W: owns; in the order in which they were made */
    int networks[KINDS][BITS_MOST + 1]; /* B, W: how many have so many bits */
    _Atomic int count[KINDS];          /* a; set under W */
    _Atomic int most;                  /* a */
} bans = {.most = 100000};

void bans_configure(int most)
{
    atomic_store_explicit(&bans.most, most, memory_order_relaxed);
}

/* ---- targets ---- */

bool bans_read_target(const char *word, struct bans_target *t, const char **why)
{
    *t = (struct bans_target){.name = ""};
    if (network_read(word, &t->network, why)) {
        *why = "it has the addresses of this machine (127.0.0.0/8, ::1), which a proxy, or everyone on it, may share";
        return !network_has_loopback(&t->network);
    }
    if (*why)
        return false;
    *why = "neither an address, as 192.0.2.7, nor a network, as 192.0.2.0/24, nor a name that a user may have";
    if (!name_was_user(word))
        return false;
    memcpy(t->name, word, strlen(word) + 1);
    return true;
}

const char *bans_target_text(const struct bans_target *t, char text[BANS_TEXT])
{
    if (!*t->name)
        return network_text(&t->network, text);
    snprintf(text, BANS_TEXT, "%s", t->name);
    return text;
}

/* ---- the table ---- */

static struct key key_of_name(enum ban_kind kind, const char *name)
{
    struct key k = {.bytes = {(unsigned char)kind, BITS_OF_A_NAME}};
    char folded[NAME_SIZE];
    name_fold(folded, name);
    k.len = 2 + (unsigned)strlen(folded);
    memcpy(k.bytes + 2, folded, k.len - 2);
    return k;
}

static struct key key_of_network(enum ban_kind kind, const struct network *n)
{
    struct key k = {.bytes = {(unsigned char)kind, (unsigned char)n->bits}, .len = 2 + sizeof n->address};
    memcpy(k.bytes + 2, &n->address, sizeof n->address);
    return k;
}

static struct key key_of(enum ban_kind kind, const struct bans_target *t)
{
    return *t->name ? key_of_name(kind, t->name) : key_of_network(kind, &t->network);
}

static struct entry *find_locked(const struct key *k)
{
    struct entry *found;
    HASH_FIND(hh, bans.table, k->bytes, k->len, found);
    return found;
}

static void count_locked(const struct entry *en, int by)
{
    if (!*en->e.target.name)
        bans.networks[en->e.kind][en->e.target.network.bits] += by;
    atomic_fetch_add(&bans.count[en->e.kind], by);
}

static void forget_locked(struct entry *en)
{
    count_locked(en, -1);
    HASH_DEL(bans.table, en);
    free((char *)en->e.reason);
    free(en);
}

static void put_locked(const struct bans_entry *e)
{
    struct key k = key_of(e->kind, &e->target);
    struct entry *en = find_locked(&k);
    if (en)
        forget_locked(en);
    en = panic_calloc(1, sizeof *en);
    en->key = k;
    en->e = *e;
    en->e.reason = panic_strdup(e->reason);
    snprintf(en->by, sizeof en->by, "%s", e->by);
    en->e.by = en->by;
    HASH_ADD_KEYPTR(hh, bans.table, en->key.bytes, en->key.len, en);
    count_locked(en, 1);
}

static bool has_ended(const struct bans_entry *e, int64_t now_ms)
{
    return e->until_ms && e->until_ms <= now_ms;
}

static int all(void)
{
    return atomic_load(&bans.count[BAN_KIND_BAN]) + atomic_load(&bans.count[BAN_KIND_MUTE]);
}

/* ---- the store ---- */

static struct server_ban_row row_of(const struct bans_entry *e, char text[BANS_TEXT])
{
    if (*e->target.name)
        name_fold(text, e->target.name);
    else
        network_text(&e->target.network, text);
    return (struct server_ban_row){.kind = e->kind, .is_network = !*e->target.name, .target = text,
                                   .until_ms = e->until_ms, .made_ms = e->made_ms, .reason = e->reason, .by = e->by};
}

static void load_one(const struct server_ban_row *row, void *arg)
{
    int *skipped = arg;
    struct bans_entry e = {.kind = (enum ban_kind)row->kind, .until_ms = row->until_ms, .made_ms = row->made_ms,
                           .reason = row->reason, .by = row->by};
    const char *why;
    bool is_valid = row->kind == BAN_KIND_BAN || row->kind == BAN_KIND_MUTE;
    if (is_valid && row->is_network)
        is_valid = network_read(row->target, &e.target.network, &why);
    else if (is_valid && (is_valid = name_was_user(row->target)))
        memcpy(e.target.name, row->target, strlen(row->target) + 1);
    if (is_valid)
        put_locked(&e);
    else
        ++*skipped;
}

void bans_start(void)
{
    rwlock_init(&bans.lock, LOCK_BANS);
}

void bans_stop(void)
{
    struct entry *en, *next;
    HASH_ITER(hh, bans.table, en, next)
        forget_locked(en);
    rwlock_fini(&bans.lock);
}

int bans_load(char error[STORE_ERROR])
{
    int skipped = 0;
    if (store_bans_load(store_connection(), load_one, &skipped) != SQLITE_OK) {
        snprintf(error, STORE_ERROR, "cannot read the bans: %s", sqlite3_errmsg(store_connection()));
        return -1;
    }
    if (skipped)
        log_warn("bans_skipped", "rows=%d hint=\"the database has invalid bans\"", skipped);
    return 0;
}

/* ---- changes ---- */

struct adding {
    const struct bans_entry *v;
    size_t n;
};

static int add_run(void *arg, sqlite3 *db)
{
    const struct adding *a = arg;
    char text[BANS_TEXT];
    int rc = SQLITE_OK;
    for (size_t i = 0; i < a->n && rc == SQLITE_OK; i++) {
        struct server_ban_row row = row_of(&a->v[i], text);
        rc = store_bans_add(db, &row);
    }
    return rc;
}

static void add_committed(void *arg)
{
    const struct adding *a = arg;
    rwlock_write(&bans.lock);
    for (size_t i = 0; i < a->n; i++)
        put_locked(&a->v[i]);
    rwlock_release(&bans.lock);
}

static bool have_space(const struct bans_entry *v, size_t n)
{
    int new = 0;
    rwlock_read(&bans.lock);
    for (size_t i = 0; i < n; i++) {
        struct key k = key_of(v[i].kind, &v[i].target);
        new += !find_locked(&k);
    }
    rwlock_release(&bans.lock);
    return !new || all() + new <= atomic_load_explicit(&bans.most, memory_order_relaxed);
}

enum bans_result bans_add(const struct bans_entry *v, size_t n, const struct waiter *w)
{
    static const struct job add = {add_run, add_committed};
    struct adding a = {v, n};
    if (!have_space(v, n))
        return BANS_FULL;
    return job_do(&add, &a, w) ? BANS_DONE : BANS_STORAGE;
}

struct removing {
    struct bans_entry e; /* .kind and .target */
    bool there;
};

static int remove_run(void *arg, sqlite3 *db)
{
    struct removing *rm = arg;
    char text[BANS_TEXT];
    struct server_ban_row row = row_of(&rm->e, text);
    return store_bans_remove(db, &row, &rm->there);
}

static void remove_committed(void *arg)
{
    const struct removing *rm = arg;
    struct key k = key_of(rm->e.kind, &rm->e.target);
    rwlock_write(&bans.lock);
    struct entry *en = find_locked(&k);
    if (en)
        forget_locked(en);
    rwlock_release(&bans.lock);
}

enum bans_result bans_remove(enum ban_kind kind, const struct bans_target *t, const struct waiter *w)
{
    static const struct job take = {remove_run, remove_committed};
    struct removing rm = {.e = {.kind = kind, .target = *t, .reason = "", .by = ""}};
    if (!job_do(&take, &rm, w))
        return BANS_STORAGE;
    return rm.there ? BANS_DONE : BANS_NOT_FOUND;
}

static int expire_run(void *arg, sqlite3 *db)
{
    return store_bans_expire(db, *(const int64_t *)arg);
}

static void expire_committed(void *arg)
{
    struct entry *en, *next;
    rwlock_write(&bans.lock);
    HASH_ITER(hh, bans.table, en, next)
        if (has_ended(&en->e, *(const int64_t *)arg))
            forget_locked(en);
    rwlock_release(&bans.lock);
}

void bans_clean_up(void)
{
    static const struct job expire = {expire_run, expire_committed};
    int64_t now_ms = date_sure_ms();
    if (all())
        job_post(&expire, &now_ms, sizeof now_ms);
}

/* ---- look-ups ---- */

size_t bans_copy(enum ban_kind kind, struct bans_entry **v)
{
    int64_t now_ms = clock_wall_ms();
    size_t n = 0;
    rwlock_read(&bans.lock);
    *v = panic_calloc((size_t)all() + 1, sizeof **v);
    for (const struct entry *en = bans.table; en; en = en->hh.next) {
        if (en->e.kind != kind || has_ended(&en->e, now_ms))
            continue;
        (*v)[n] = en->e;
        (*v)[n].reason = panic_strdup(en->e.reason);
        (*v)[n++].by = panic_strdup(en->by);
    }
    rwlock_release(&bans.lock);
    return n;
}

void bans_free(struct bans_entry *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free((char *)v[i].reason);
        free((char *)v[i].by);
    }
    free(v);
}

static const struct bans_entry *in_force_locked(const struct key *k, int64_t now_ms)
{
    const struct entry *en = find_locked(k);
    return en && !has_ended(&en->e, now_ms) ? &en->e : NULL;
}

static const struct bans_entry *find_address_locked(enum ban_kind kind, const struct in6_addr *address, int64_t now_ms)
{
    int least = IN6_IS_ADDR_V4MAPPED(address) ? FIRST_V4_BITS : 0;
    const struct bans_entry *found = NULL;
    for (int bits = least ? BITS_MOST : FIRST_V4_BITS - 1; bits >= least && !found; bits--) {
        if (!bans.networks[kind][bits])
            continue;
        struct network n = network_of(address, bits);
        struct key k = key_of_network(kind, &n);
        found = in_force_locked(&k, now_ms);
    }
    return found;
}

static const struct bans_entry *find_name_locked(enum ban_kind kind, const char *name, int64_t now_ms)
{
    struct key k = key_of_name(kind, name);
    return in_force_locked(&k, now_ms);
}

static void tell(const struct bans_entry *e, struct refusal *no)
{
    no->error = e->kind == BAN_KIND_BAN ? ERROR_SERVER_BANNED : ERROR_SERVER_MUTED;
    no->until_ms = e->until_ms;
    buf_clear(&no->reason);
    buf_str(&no->reason, e->reason);
}

bool bans_admit(enum ban_kind kind, const struct bans_subject *su, struct refusal *no)
{
    if (!atomic_load_explicit(&bans.count[kind], memory_order_relaxed))
        return true;
    int64_t now_ms = clock_wall_ms();
    rwlock_read(&bans.lock);
    const struct bans_entry *found = su->address ? find_address_locked(kind, su->address, now_ms) : NULL;
    if (!found && su->name && *su->name)
        found = find_name_locked(kind, su->name, now_ms);
    if (!found && su->account_name && *su->account_name)
        found = find_name_locked(kind, su->account_name, now_ms);
    if (found && no)
        tell(found, no);
    rwlock_release(&bans.lock);
    return !found;
}
