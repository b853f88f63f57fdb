/* SPDX-License-Identifier: ISC */
/*
 * What the operator can ask. Each handler copies what it shows out of the modules that own it, one short hold at a
 * time, and writes rows; none holds a lock while it writes.
 */
#include "config.h"

#include "ctl/admin_cmds.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/panic.h"
#include "chat/history.h"
#include "chat/rooms.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "ctl/wire.h"
#include "net/post.h"
#include "proto/text.h"
#include "serve/session.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define KICK_WAIT_MS 10000

static int64_t started_ms; /* clock_ms() of admin_cmds_start */

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
    static const char *const store_names[] = {[STORE_IDLE] = "idle", [STORE_BUSY] = "busy", [STORE_FAILED] = "bad"};
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
    wire_number(c->out, "rooms", rooms_count());
    wire_number(c->out, "rooms_occupied", (long long)occupied.n);
    wire_number(c->out, "thread_pairs", pool.pairs);
    wire_number(c->out, "thread_pairs_idle", pool.idle);
    wire_number(c->out, "queued_entries", (long long)queued[0]);
    wire_number(c->out, "queued_bytes", (long long)queued[1]);
    wire_string(c->out, "store", store_names[store.state]);
    wire_number(c->out, "store_queued", store.queued);
    wire_number(c->out, "history_queued_bytes", history_queued());
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
    struct session_view *v; /* owns */
    size_t n, cap;
};

static void add_view(struct pair *p, void *arg)
{
    struct views *all = arg;
    struct session_view view;
    if (!session_view(p, &view))
        return;
    if (all->n == all->cap) {
        all->cap = all->cap ? all->cap * 2 : 64;
        all->v = panic_realloc(all->v, all->cap * sizeof *all->v);
    }
    all->v[all->n++] = view;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct session_view *)a)->client.id, y = ((const struct session_view *)b)->client.id;
    return (x > y) - (x < y);
}

static void put_client(struct buf *out, const struct session_view *v)
{
    wire_open(out);
    wire_number(out, "id", (long long)v->client.id);
    wire_string(out, "name", v->name);
    wire_string(out, "address", v->client.address);
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

static void put_room_fields(struct room *r, struct buf *out)
{
    struct buf topic = {0};
    struct room_facts f = room_facts(r, &topic);
    wire_string(out, "room", r->name);
    wire_number(out, "members", f.members);
    wire_bool(out, "kept", f.kept);
    wire_time(out, "created", f.created_ms);
    wire_time(out, "last_used", f.used_ms);
    wire_string(out, "topic", buf_text(&topic));
    buf_fini(&topic);
}

static void put_room(struct room *r, void *arg)
{
    struct buf *out = arg;
    wire_open(out);
    put_room_fields(r, out);
    wire_close(out);
}

const char *admin_rooms(struct admin_call *c)
{
    rooms_each(put_room, c->out, true);
    return NULL;
}

/* ---- rooms ---- */

static const char *unknown_room(struct admin_call *c)
{
    buf_printf(&c->error, "there is no room %s (chatctl rooms lists them)", c->word);
    return buf_text(&c->error);
}

static const char *room_name(struct admin_call *c, char name[NAME_SIZE])
{
    if (name_room(name, c->word))
        return NULL;
    return "a room's name is 1 to 32 letters, digits, _ - or . after the #";
}

struct room *admin_cmds_room(struct admin_call *c, const char **wrong)
{
    char name[NAME_SIZE];
    *wrong = room_name(c, name);
    struct room *r = *wrong ? NULL : rooms_find(name);
    if (!r && !*wrong)
        *wrong = unknown_room(c);
    return r;
}

const char *admin_room_show(struct admin_call *c)
{
    const char *wrong;
    struct room *r = admin_cmds_room(c, &wrong);
    if (!r)
        return wrong;
    struct strv names = {0};
    struct buf users = {0};
    room_names(r, &names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&users, "%s%s", i ? " " : "", names.v[i]);
    wire_open(c->out);
    put_room_fields(r, c->out);
    admin_rules_show(r, c->out);
    wire_string(c->out, "users", buf_text(&users));
    wire_close(c->out);
    rooms_release(r);
    buf_fini(&users);
    strv_fini(&names);
    return NULL;
}

static const char *told(struct admin_call *c, enum rooms_change result)
{
    switch (result) {
    case ROOMS_DONE:
        return NULL;
    case ROOMS_STORAGE:
        return "storage unavailable: nothing was changed; chatctl status and the log tell more";
    case ROOMS_EXISTS:
        return "the room is there already, made by an operator";
    case ROOMS_UNKNOWN:
        return unknown_room(c);
    case ROOMS_OCCUPIED:
        return "somebody is in the room; kick them first, or wait until it is empty";
    case ROOMS_FULL:
        return "there are as many rooms as rooms.max allows, and none may give way";
    case ROOMS_LONG:
        return "the name is longer than limits.name";
    }
    return "unknown result";
}

const char *admin_room_create(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = room_name(c, name);
    return wrong ? wrong : told(c, rooms_create(name, &c->change, &c->notifier));
}

const char *admin_room_delete(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = room_name(c, name);
    return wrong ? wrong : told(c, rooms_delete(name, &c->change, &c->notifier));
}

static const char *check_text(struct admin_call *c, int most)
{
    if (!text_clean(c->text, strlen(c->text)) || text_is_blank(c->text))
        return "the text is empty or not UTF-8";
    if (strlen(c->text) <= (size_t)most)
        return NULL;
    buf_printf(&c->error, "the text has %zu bytes; at most %d are allowed", strlen(c->text), most);
    return buf_text(&c->error);
}

const char *admin_room_topic(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = room_name(c, name);
    if (!wrong)
        wrong = check_text(c, session_limits().topic);
    if (wrong)
        return wrong;
    return told(c, rooms_set_topic(name, strcmp(c->text, "-") == 0 ? "" : c->text, &c->change, &c->notifier));
}

/* ---- people ---- */

const char *admin_kick(struct admin_call *c)
{
    const char *reason = c->text ? c->text : "by the operator";
    const char *wrong = c->text ? check_text(c, session_limits().topic) : NULL;
    if (wrong)
        return wrong;
    uint64_t id = session_kick(c->word, reason);
    post_flush();
    if (!id) {
        buf_printf(&c->error, "there is no user and no client id %s (chatctl clients lists them)", c->word);
        return buf_text(&c->error);
    }
    if (!pool_wait_gone(id, clock_ms() + KICK_WAIT_MS))
        return "the session is ending, but has not ended yet";
    wire_open(c->out);
    wire_number(c->out, "kicked", (long long)id);
    wire_close(c->out);
    return NULL;
}

const char *admin_say(struct admin_call *c)
{
    char name[NAME_SIZE];
    const char *wrong = check_text(c, session_limits().text);
    if (wrong)
        return wrong;
    if (strcmp(c->word, "*") == 0) {
        struct event ev = {.kind = EVENT_NOTICE, .text = c->text};
        users_put_all(&ev);
        return NULL;
    }
    if ((wrong = room_name(c, name)))
        return wrong;
    struct room *r = rooms_find(name);
    if (!r)
        return unknown_room(c);
    struct waiter w = {.notifier = &c->notifier};
    enum talk result = talk_announce(r, c->text, &w);
    rooms_release(r);
    if (result == TALK_STORAGE)
        return "storage unavailable, and the room is durable: nobody has heard it";
    return result == TALK_SAID ? NULL : "nobody is in the room, so nobody would hear it";
}

/* ---- chatd itself ---- */

const char *admin_reload(struct admin_call *c)
{
    if (c->hooks->reload(c->out, &c->error))
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
        buf_printf(&c->error, "there is no command \"%s\" (try help)", line);
        error = buf_text(&c->error);
    } else if (!wire_args(&wire_commands[i], rest, &c->word, &c->text)) {
        buf_printf(&c->error, "usage: %s", wire_commands[i].syntax);
        error = buf_text(&c->error);
    } else {
        error = handlers[i](c);
    }
    post_flush();
    wire_end(c->out, error);
    return i < 0 ? "unknown" : wire_commands[i].verb;
}
