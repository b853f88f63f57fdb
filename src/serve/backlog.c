/* SPDX-License-Identifier: ISC */
/* The room goes on talking while its past is read: what comes meanwhile is in its replay (struct past, .covers). */
#include "config.h"

#include "serve/backlog.h"

#include "chat/history.h"

static void add_notice(struct session *s, struct backlog *backlog, const char *text)
{
    struct event ev = {.kind = EVENT_NOTICE, .text = text};
    s->codec->render(&backlog->lines, &ev, (enum form)s->member.form);
}

static void add_messages(struct session *s, struct room *r, struct backlog *backlog, int most)
{
    int left_out = s->query.page.count > most ? s->query.page.count - most : 0;
    for (int i = left_out; i < s->query.page.count; i++) {
        struct message_row row = history_at(&s->query, i);
        struct event ev = {.kind = row.kind == MESSAGE_ACTION ? EVENT_ACTION : EVENT_SAID, .room = r->name, .name = row.name,
                           .text = row.text, .id = row.id, .time_ms = row.time_ms};
        char key[NAME_SIZE];
        if (!name_was_user(row.name)) /* who knows who wrote the file */
            continue;
        name_fold(key, row.name);
        if (!ignores_has(s->member.ignores, key))
            s->codec->render(&backlog->lines, &ev, (enum form)s->member.form);
    }
}

bool backlog_read(struct session *s, struct room *r, const struct backlog_query *w, struct backlog *backlog)
{
    uint64_t newest = room_last_id(r);
    *backlog = (struct backlog){.covers = w->after};
    if (newest <= w->after || !history_keeps(r)) /* then the replay has all that there is */
        return true;
    struct history_range range = {.after = w->after, .before = newest + 1, .since_ms = w->since_ms, .most = w->most + 1};
    history_ask(&s->query, r, range, (size_t)outbox_limits().bytes / 4, s->member.notifier);
    bool is_read = history_wait(&s->query, NULL, NULL);
    if (w->tells && is_read && (s->query.page.count > w->most || s->query.page.is_cut))
        add_notice(s, backlog, "more was said than is shown here; HISTORY has it");
    if (w->tells && !is_read)
        add_notice(s, backlog, "what was said meanwhile cannot be read now; try HISTORY later");
    if (is_read)
        add_messages(s, r, backlog, w->most);
    if (is_read)
        backlog->covers = newest;
    backlog->gives_up = !is_read; /* then the replay has to do */
    history_query_fini(&s->query);
    return is_read;
}

void backlog_give_up(struct session *s, struct room *r, struct backlog *backlog)
{
    if (!backlog->gives_up)
        add_notice(s, backlog, history_keeps(r) ? "more was said than is shown here; HISTORY has it"
                                             : "more was said than is shown here");
    backlog->gives_up = true;
}
