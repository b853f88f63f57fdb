/* SPDX-License-Identifier: ISC */
/* MARKREAD (IRCv3, draft/read-marker): how far the user has read a room, or a private talk, on whatever device. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "chat/dialogues.h"
#include "chat/read_marker.h"
#include "chat/room.h"

#include <string.h>

/* What a line of MARKREAD is about. */
struct marked {
    const char *shown; /* as others see it, or as the client has written it */
    const char *key;   /* of the room or dialogue */
    struct dialogue dialogue;
};

static void fail(struct session *s, const char *code, const char *target, const char *text)
{
    irc_fail_as(s, code, strpbrk(target, " :") ? "*" : target, text);
}

static bool find_room(struct session *s, const char *word, struct marked *target)
{
    char name[NAME_SIZE];
    struct room *r = name_room(name, word) ? room_of_member(&s->member, name) : NULL;
    if (!r) {
        fail(s, "INVALID_PARAMS", word, "You are not in this channel");
        return false;
    }
    target->shown = r->name;
    target->key = r->key;
    return true;
}

/* A talk of which nothing is kept is told apart by nothing that a marker could go with. */
static bool find_talk(struct session *s, const char *word, struct marked *target)
{
    struct refusal no = {0};
    if (!dialogues_are_kept() || !dialogues_find(&s->member, word, &target->dialogue, &no)) {
        fail(s, "INVALID_PARAMS", word, "No history is kept for this conversation");
        return false;
    }
    target->shown = word;
    target->key = target->dialogue.key;
    return true;
}

static bool read_time(struct session *s, const char *word, int64_t *ms)
{
    static const char prefix[] = "timestamp=";
    if (strncmp(word, prefix, sizeof prefix - 1) == 0 && irc_read_time(word + sizeof prefix - 1, ms))
        return true;
    fail(s, "INVALID_PARAMS", word, "Expected timestamp=<time>");
    return false;
}

void irc_markread(struct session *s, struct irc_line *l)
{
    const char *word = irc_param(l, 0);
    struct waiter w = session_waiter(s);
    struct marked target;
    struct event ev = {.kind = EVENT_READ_MARKER};
    bool moves = l->count > 1, done = false;
    if (!*word) {
        irc_fail_as(s, "NEED_MORE_PARAMS", "", "Missing parameters");
        return;
    }
    if (moves && !read_time(s, l->params[1], &ev.time_ms))
        return;
    if (!(*word == '#' ? find_room : find_talk)(s, word, &target))
        return;
    ev.room = target.shown;
    if (moves)
        done = read_marker_move(&s->member, target.key, target.shown, &ev.time_ms, &w);
    else
        done = read_marker_find(&s->member, target.key, &ev.time_ms, &w);
    if (done)
        irc_answer(s, &ev);
    else if (!s->member.account)
        fail(s, "INTERNAL_ERROR", word, "Only registered users have read markers");
    else
        fail(s, "INTERNAL_ERROR", word, "The read timestamp could not be set or read");
}
