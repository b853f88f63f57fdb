/* SPDX-License-Identifier: ISC */
/*
 * Finding and running the command of a request; and the commands about chatd itself and its clients. A handler copies
 * what it shows out of the modules that own it, holding one lock at a time, and briefly, and holds no lock while it
 * writes rows.
 */
#include "config.h"

#include "ctl/admin_cmds.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "chat/space.h"
#include "chat/users.h"
#include "ctl/wire.h"
#include "net/post.h"
#include "net/workers.h"
#include "proto/text.h"
#include "serve/clients.h"
#include "serve/reload.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define KICK_WAIT_MS 10000

static int64_t started_ms; /* clock_ms() at admin_cmds_start */

void admin_cmds_start(void)
{
    started_ms = clock_ms();
}

/* ---- looking ---- */

const char *admin_ping(struct admin_call *c)
{
    (void)c;
    return NULL;
}

const char *admin_version(struct admin_call *c)
{
    wire_open(c->out);
    wire_string(c->out, "version", PACKAGE_VERSION);
    wire_string(c->out, "sqlite", sqlite3_libversion());
    wire_close(c->out);
    return NULL;
}

static void count_queued(struct pair *p, void *arg)
{
    size_t *sum = arg;
    struct outbox_load load = outbox_load(p->outbox);
    sum[0] += load.entries;
    sum[1] += load.bytes;
}

const char *admin_status(struct admin_call *c)
{
    static const char *const store_names[] = {[STORE_IDLE] = "idle", [STORE_BUSY] = "busy", [STORE_FAILED] = "failed"};
    struct pool_counts pool = pool_counts();
    struct store_status store = store_status();
    struct strv occupied = {0};
    size_t queued[2] = {0};
    struct rusage ru;
    pool_each(count_queued, queued);
    rooms_names(&occupied, false, NULL);
    getrusage(RUSAGE_SELF, &ru);
    wire_open(c->out);
    wire_number(c->out, "uptime_s", (clock_ms() - started_ms) / 1000);
    wire_number(c->out, "clients", pool.clients);
    wire_number(c->out, "named", users_count());
    wire_number(c->out, "names_monitored", users_watched_count());
    wire_number(c->out, "rooms", rooms_count());
    wire_number(c->out, "rooms_occupied", (long long)occupied.n);
    wire_number(c->out, "thread_pairs", pool.pairs);
    wire_number(c->out, "thread_pairs_idle", pool.idle);
    wire_number(c->out, "handshakes_waiting", workers_waiting());
    wire_number(c->out, "queued_entries", (long long)queued[0]);
    wire_number(c->out, "queued_bytes", (long long)queued[1]);
    wire_string(c->out, "store", store_names[store.state]);
    wire_number(c->out, "store_queued", store.queued);
    wire_number(c->out, "history_queued_bytes", history_queued());
    wire_number(c->out, "history_bytes", space_used());
    wire_number(c->out, "memory_peak_kib", ru.ru_maxrss);
    wire_number(c->out, "cpu_ms", (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000LL +
                                      (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000);
    for (int i = 0; i < COUNTERS; i++)
        wire_number(c->out, counter_name((enum counter)i), (long long)counter_get((enum counter)i));
    for (int i = CLOSE_OPEN + 1; i < CLOSE_REASONS; i++) {
        char key[64];
        snprintf(key, sizeof key, "closed_%s", close_row((enum close_reason)i)->label);
        wire_number(c->out, key, (long long)close_counted((enum close_reason)i));
    }
    wire_close(c->out);
    strv_fini(&occupied);
    return NULL;
}

struct views {
    struct clients_view *v; /* owns */
    size_t n, cap;
};

static void add_view(struct pair *p, void *arg)
{
    struct views *all = arg;
    struct clients_view view;
    if (!clients_view(p, &view))
        return;
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 64;
        all->v = panic_realloc(all->v, all->cap * sizeof *all->v);
    }
    all->v[all->n++] = view;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct clients_view *)a)->client.id, y = ((const struct clients_view *)b)->client.id;
    return (x > y) - (x < y);
}

static void put_client(struct buf *out, const struct clients_view *v)
{
    wire_open(out);
    wire_number(out, "id", (long long)v->client.id);
    wire_string(out, "name", v->name);
    wire_string(out, "address", v->client.address);
    wire_string(out, "tls", v->tls_version ? v->tls_version : "-");
    wire_string(out, "cipher", v->tls_cipher ? v->tls_cipher : "-");
    wire_number(out, "rooms", v->rooms);
    wire_time(out, "connected", clock_wall_ms() - (clock_ms() - v->client.since_ms));
    wire_number(out, "idle_s", v->idle_ms / 1000);
    wire_number(out, "queued_entries", (long long)v->queued.entries);
    wire_number(out, "queued_bytes", (long long)v->queued.bytes);
    wire_close(out);
}

const char *admin_clients(struct admin_call *c)
{
    struct views all = {0};
    pool_each(add_view, &all);
    if (all.n)
        qsort(all.v, all.n, sizeof *all.v, by_id);
    for (size_t i = 0; i < all.n; i++)
        put_client(c->out, &all.v[i]);
    free(all.v);
    return NULL;
}

/* ---- acting ---- */

const char *admin_kick(struct admin_call *c)
{
    const char *wrong = c->text ? admin_call_check_text(c, session_limits().topic_bytes) : NULL;
    if (wrong)
        return wrong;
    uint64_t *ids;
    int n = clients_kick(c->word, c->text, &ids);
    int64_t until_ms = clock_ms() + KICK_WAIT_MS;
    bool gone = true;
    post_flush();
    if (!n)
        return admin_call_refuse(c, "unknown user or client id %s (chatctl clients lists all clients)", c->word);
    for (int i = 0; i < n; i++)
        gone = pool_wait_gone(ids[i], until_ms) && gone;
    for (int i = 0; gone && i < n; i++) {
        wire_open(c->out);
        wire_number(c->out, "kicked", (long long)ids[i]);
        wire_close(c->out);
    }
    free(ids);
    if (!gone)
        return "the session was told to end, but has not ended yet; chatctl clients shows whether it has";
    return NULL;
}

static void put_key(const char *key, const char *effect, void *arg)
{
    struct buf *out = arg;
    wire_open(out);
    wire_string(out, "key", key);
    wire_string(out, "effect", effect);
    wire_close(out);
}

const char *admin_reload(struct admin_call *c)
{
    if (reload_run(put_key, c->out, &c->error))
        return NULL;
    return buf_text(&c->error);
}

const char *admin_shutdown(struct admin_call *c)
{
    c->hooks->stop();
    return NULL;
}

const char *admin_help(struct admin_call *c)
{
    for (int i = 0; i < wire_command_count; i++) {
        wire_open(c->out);
        wire_string(c->out, "command", wire_commands[i].syntax);
        wire_string(c->out, "what", wire_commands[i].help);
        wire_close(c->out);
    }
    return NULL;
}

/* ---- a request ---- */

static admin_fn *const handlers[] = {
#define ADMIN(handler, verb, args, shape, syntax, help) handler,
#include "tbl/admin.h"
#undef ADMIN
};

const char *admin_cmds_run(struct admin_call *c, char *line)
{
    char *rest;
    const char *error;
    buf_clear(&c->error);
    line += strspn(line, " ");
    bool is_text = text_clean(line, strlen(line));
    int i = is_text ? wire_command(line, &rest) : -1;
    if (!is_text) {
        error = "the request is not UTF-8";
    } else if (i < 0) {
        error = admin_call_refuse(c, "unknown command \"%s\" (help lists all commands)", line);
    } else if (!wire_args(&wire_commands[i], rest, &c->word, &c->text)) {
        error = admin_call_refuse(c, "usage: %s", wire_commands[i].syntax);
    } else {
        error = handlers[i](c);
    }
    post_flush();
    wire_end(c->out, error);
    return i < 0 ? "unknown" : wire_commands[i].verb;
}
