/* SPDX-License-Identifier: ISC */
/* Each speaker waits before its own line, for the room that will hear it. */
#include "config.h"

#include "serve/speak.h"

#include "base/panic.h"
#include "chat/rooms.h"
#include "net/post.h"
#include "serve/backpressure.h"
#include "serve/banned.h"

#include <stdlib.h>
#include <string.h>

bool speak_in_room(struct session *s, struct room *r, const struct event *said, struct refusal *no)
{
    if (!banned_may_talk(s, no))
        return false;
    if (!backpressure_wait_room(s, r))
        return true; /* over: nobody reads the answer */
    return talk_say(r, &s->member, said, no);
}

bool speak_to_role(struct session *s, struct room *r, const struct event *said, struct refusal *no)
{
    if (!banned_may_talk(s, no))
        return false;
    if (!backpressure_wait_room(s, r))
        return true; /* over: nobody reads the answer */
    post_settle();
    return talk_to_role(r, &s->member, said, no);
}

bool speak_tags(struct session *s, struct room *r, const char *tags, struct refusal *no)
{
    if (!banned_may_talk(s, no))
        return false;
    if (!backpressure_wait_room(s, r))
        return true; /* over: nobody reads the answer */
    return talk_tags(r, &s->member, tags, no);
}

bool speak_may_be_read(struct session *s, struct refusal *no)
{
    bool may = banned_may_talk(s, no);
    for (int i = 0; may && i < s->member.room_count; i++)
        may = talk_may(s->member.rooms[i], &s->member, no);
    return may;
}

bool speak_may_say_why(struct session *s, struct room *r, const char *reason, struct refusal *no)
{
    if (strlen(reason) > (size_t)session_limits().reason_bytes)
        return refusal_set(no, ERROR_LINE_TOO_LONG);
    return !*reason || (banned_may_talk(s, no) && talk_may(r, &s->member, no));
}

void speak_goodbye(struct session *s, const char *reason)
{
    struct refusal no = {0};
    bool may = *reason;
    for (int i = 0; may && i < s->member.room_count; i++)
        may = speak_may_say_why(s, s->member.rooms[i], reason, &no);
    buf_fini(&no.reason);
    free(s->goodbye);
    s->goodbye = may ? panic_strdup(reason) : NULL;
    session_close(s, CLOSE_QUIT);
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
    if (strlen(topic) > (size_t)session_limits().topic_bytes)
        return refusal_set(no, ERROR_TOPIC_TOO_LONG);
    if (!banned_may_talk(s, no))
        return false;
    if (atomic_load_explicit(&r->present, memory_order_relaxed) > 1 && !session_announce(s))
        return true; /* over: nobody reads the answer */
    struct room *ref = rooms_get(r->name); /* the change's reference: it may outlive a LEAVE */
    struct change_request rq = {.kind = CHANGE_TOPIC, .room = ref, .topic = topic, .by = &s->member};
    lock_acquire(&r->lock);
    bool may = may_set_topic_locked(r, &s->member, no);
    if (may)
        change_put(&s->change, &rq, s->member.notifier);
    lock_release(&r->lock);
    if (!may)
        rooms_release(ref);
    else if (change_wait(&s->change, session_is_over, s) != CHANGE_MADE)
        no->error = ERROR_STORAGE;
    if (no->error != ERROR_NONE)
        return false;
    lock_acquire(&r->lock);
    talk_said_locked(r, &s->member);
    lock_release(&r->lock);
    return true;
}
