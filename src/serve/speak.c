/* SPDX-License-Identifier: ISC */
/* Each speaker waits before its own line, for the room that will hear it. */
#include "config.h"

#include "serve/speak.h"

#include "chat/rooms.h"
#include "serve/backpressure.h"

#include <string.h>

bool speak_in_room(struct session *s, struct room *r, enum event_kind kind, const char *text, struct refusal *no)
{
    return !backpressure_wait_room(s, r) || talk_say(r, &s->member, kind, text, no); /* over: nobody reads an answer */
}

static bool may_set_topic_locked(struct room *r, struct member *m, struct refusal *no)
{
    const struct membership *ms = fanout_find_locked(&r->fanout, m);
    if (!ms)
        no->error = ERROR_NOT_IN_A_ROOM;
    else if (r->rules.value[OPTION_TOPIC_OPS] && room_subject_locked(r, ms).role < ROLE_OP)
        *no = (struct refusal){.error = ERROR_DENIED, .option = OPTION_TOPIC_OPS};
    return no->error == ERROR_NONE && talk_may_locked(r, m, no);
}

/* Permission is checked under the hold of the room's lock that queues the change, so a user who has been removed or
 * muted sets no topic. */
bool speak_topic(struct session *s, struct room *r, const char *topic, struct refusal *no)
{
    if (strlen(topic) > (size_t)session_limits().topic) {
        no->error = ERROR_TOPIC_TOO_LONG;
        return false;
    }
    struct room *ref = rooms_get(r->name); /* the change's reference: it may outlive a LEAVE */
    lock_acquire(&r->lock);
    bool may = may_set_topic_locked(r, &s->member, no);
    if (may)
        change_put(&s->change, CHANGE_TOPIC, ref, topic, &s->member, s->member.notifier);
    lock_release(&r->lock);
    if (!may)
        rooms_release(ref);
    else if (change_wait(&s->change, session_is_over, s) != CHANGE_MADE)
        no->error = ERROR_STORAGE;
    return no->error == ERROR_NONE;
}
