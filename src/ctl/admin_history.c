/* SPDX-License-Identifier: ISC */
/*
 * What rooms have of the history; exporting it, and deleting what was kept. The last two may take long, so they send
 * their rows as they go, and stop when the client takes no more.
 */
#include "config.h"

#include "ctl/admin_call.h"

#include "base/clock.h"
#include "chat/dialogues.h"
#include "chat/export.h"
#include "chat/rooms.h"
#include "chat/space.h"
#include "ctl/wire.h"

#include <stdio.h>
#include <string.h>

#define PAGE 500                  /* messages in memory at a time */
#define PAGE_BYTES (1024 * 1024)
#define TELL_MS 5000              /* how often a long deletion shows its progress */

static const char not_a_name[] = "give the name of a user, or of a room with its #";

static void put_message(struct buf *out, const char *room, const struct message_row *row)
{
    char id[24], when[CLOCK_TEXT];
    /* a string: many programs lose digits of such long numbers */
    snprintf(id, sizeof id, "%llu", (unsigned long long)row->id);
    wire_open(out);
    wire_string(out, "room", room);
    wire_string(out, "id", id);
    wire_string(out, "time", clock_text(row->time_ms, when));
    wire_string(out, "kind", row->kind == MESSAGE_ACTION ? "action" : "said");
    wire_string(out, "name", row->name);
    wire_string(out, "text", row->text);
    wire_close(out);
}

/* Writes the messages after *after and moves it on. How many; -1: the store could not be asked. */
static int put_page(struct admin_call *c, struct room *r, uint64_t *after)
{
    struct history_range range = {.after = *after, .most = PAGE, .first = true};
    history_ask(&c->query, r, range, PAGE_BYTES, &c->notifier);
    int n = history_wait(&c->query, NULL, NULL) ? c->query.page.count : -1;
    for (int i = 0; i < n; i++) {
        struct message_row row = history_at(&c->query, i);
        put_message(c->out, r->name, &row);
        *after = row.id;
    }
    history_query_fini(&c->query);
    return n;
}

static void put_personal(struct buf *out, const struct message_row *row, const char *to)
{
    char when[CLOCK_TEXT];
    if (!to) {
        put_message(out, row->room, row);
        return;
    }
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)row->id);
    wire_open(out);
    wire_string(out, "to", to);
    wire_string(out, "id", id);
    wire_string(out, "time", clock_text(row->time_ms, when));
    wire_string(out, "kind", "private");
    wire_string(out, "name", row->name);
    wire_string(out, "text", row->text);
    wire_close(out);
}

static const char *export_user(struct admin_call *c)
{
    struct export e = {.who = c->word, .write = put_personal};
    bool read = true, taken = true, found = false;
    while (!e.is_done && taken && (read = export_step(&e, &c->notifier))) {
        found = found || e.lines.len;
        buf_add(c->out, e.lines.data, e.lines.len);
        taken = c->pass_on(c);
    }
    export_fini(&e);
    if (!read)
        return ADMIN_NO_STORE "; the export is incomplete";
    if (!taken)
        return "the client stopped reading; the export is incomplete";
    if (found)
        return NULL;
    return admin_call_refuse(c, "nothing of a user %s is kept (a room needs its #: #%s)", c->word, c->word);
}

const char *admin_history_export(struct admin_call *c)
{
    const char *wrong;
    uint64_t after = 0;
    int n;
    if (*c->word != '#')
        return name_was_user(c->word) ? export_user(c) : not_a_name;
    struct room *r = admin_call_room(c, &wrong);
    if (!r)
        return wrong;
    while ((n = put_page(c, r, &after)) > 0)
        if (!c->pass_on(c))
            break;
    rooms_release(r);
    if (n < 0)
        return ADMIN_NO_STORE "; the export is incomplete";
    return n ? "the client stopped reading; the export is incomplete" : NULL;
}

/* A room, or the two who have a private talk. */
static void put_place(struct buf *out, const char *key)
{
    char high[NAME_SIZE], both[2 * NAME_SIZE];
    int64_t ids[2];
    if (!store_dialogue_ids(key, &ids[0], &ids[1])) {
        wire_string(out, "room", key);
        return;
    }
    dialogues_shown(key, ids[1], both);
    dialogues_shown(key, ids[0], high);
    bool is_whole = *both && *high;
    snprintf(both + strlen(both), NAME_SIZE, "%s", high);
    wire_string(out, "room", is_whole ? both : key);
}

const char *admin_history_usage(struct admin_call *c)
{
    struct space_rooms rooms;
    bool read = space_read(&rooms, &c->notifier);
    for (int i = 0; read && i < rooms.n; i++) {
        wire_open(c->out);
        put_place(c->out, rooms.v[i].key);
        wire_number(c->out, "messages", rooms.v[i].size.messages);
        wire_number(c->out, "bytes", rooms.v[i].size.bytes);
        wire_close(c->out);
    }
    space_rooms_fini(&rooms);
    return read ? NULL : ADMIN_NO_STORE;
}

static void put_forgotten(struct admin_call *c)
{
    wire_open(c->out);
    wire_number(c->out, "forgotten", c->forget.sum);
    wire_close(c->out);
}

static const char *forget_all(struct admin_call *c)
{
    int64_t tell_at_ms = clock_ms() + TELL_MS;
    while (c->forget.phase != FORGET_DONE) {
        if (!forget_step(&c->forget, &c->notifier))
            return ADMIN_NO_STORE "; the deletion is incomplete, so run the command again";
        if (clock_ms() < tell_at_ms)
            continue;
        put_forgotten(c);
        if (!c->pass_on(c))
            return "the client stopped reading; the deletion is incomplete, so run the command again";
        tell_at_ms = clock_ms() + TELL_MS;
    }
    put_forgotten(c);
    return NULL;
}

const char *admin_history_forget(struct admin_call *c)
{
    char room[NAME_SIZE];
    bool is_room = *c->word == '#';
    if (is_room ? !name_room(room, c->word) : !name_was_user(c->word))
        return not_a_name;
    forget_begin(&c->forget, is_room ? room : c->word);
    const char *why = forget_all(c);
    forget_end(&c->forget);
    return why;
}
