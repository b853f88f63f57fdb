/* SPDX-License-Identifier: ISC */
/* Commands that carry words to others: MSG, PRIVMSG. */
#include "config.h"

#include "base/counter.h"
#include "chat/room.h"
#include "chat/users.h"
#include "serve/command.h"

#include <string.h>

void cmd_msg(struct session *s, const struct args *a)
{
    struct room *r = s->member.current;
    if (!r || !room_say(r, &s->member, a->text))
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
}

void cmd_privmsg(struct session *s, const struct args *a)
{
    struct event ev = {.kind = EVENT_PRIVATE, .name = s->member.name, .text = a->text};
    if (strlen(a->word) >= NAME_SIZE || !users_put(a->word, &ev)) {
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
        return;
    }
    counter_add(COUNTER_PRIVATE, 1);
    struct event sent = {.kind = EVENT_SENT};
    session_answer(s, &sent);
}
