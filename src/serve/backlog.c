/* SPDX-License-Identifier: ISC */
/* The room goes on talking while its history is read: later messages are in its replay (struct backlog, .covers). */
#include "config.h"

#include "serve/backlog.h"

#include "chat/room.h"

static void add_notice(struct session *s, struct backlog *backlog, enum notice_code code)
{
    struct event ev = {.kind = EVENT_NOTICE, .notice = code};
    session_add(s, &backlog->lines, &ev);
}

static void add_messages(struct session *s, struct room *r, struct backlog *backlog, int most)
{
    int left_out = s->query.page.count > most ? s->query.page.count - most : 0;
    for (int i = left_out; i < s->query.page.count; i++) {
        struct message_row row = history_at(&s->query, i);
        struct event ev = {.kind = row.kind == MESSAGE_ACTION ? EVENT_ACTION : EVENT_SAID, .room = r->name,
                           .name = row.name, .text = row.text, .id = row.id, .time_ms = row.time_ms,
                           .is_past = s->member.past == PAST_SHOWN, .is_late = s->member.past == PAST_MISSED};
        char key[NAME_SIZE];
        if (!name_was_user(row.name)) /* the file may have been written by others */
            continue;
        name_fold(key, row.name);
        if (!ignores_has(s->member.ignores, key))
            session_add(s, &backlog->lines, &ev);
    }
}

bool backlog_read(struct session *s, struct room *r, const struct backlog_query *q, struct backlog *backlog)
{
    uint64_t newest = room_last_id(r);
    *backlog = (struct backlog){.covers = q->after, .epoch = msg_epoch()};
    if (newest <= q->after || !history_keeps(r)) /* the replay has everything there is */
        return true;
    struct history_range range = {
        .after = q->after, .before = newest + 1, .since_ms = q->since_ms, .most = q->most + 1};
    history_ask(&s->query, r, range, outbox_answer_bytes() / 2, s->member.notifier);
    bool is_read = history_wait(&s->query, NULL, NULL);
    if (q->notices && is_read && (s->query.page.count > q->most || s->query.page.is_cut))
        add_notice(s, backlog, NOTICE_MORE_IN_HISTORY);
    if (q->notices && !is_read)
        add_notice(s, backlog, NOTICE_HISTORY_UNAVAILABLE);
    if (is_read) {
        add_messages(s, r, backlog, q->most);
        backlog->epoch = s->query.page.epoch;
        backlog->covers = newest;
    }
    backlog->gives_up = !is_read; /* then the replay has to do */
    history_query_fini(&s->query);
    return is_read;
}

void backlog_give_up(struct session *s, struct room *r, struct backlog *backlog)
{
    if (!backlog->gives_up)
        add_notice(s, backlog, history_keeps(r) ? NOTICE_MORE_IN_HISTORY : NOTICE_MORE_SAID);
    backlog->gives_up = true;
}
