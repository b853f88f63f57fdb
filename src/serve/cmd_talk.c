/* SPDX-License-Identifier: ISC */
/* Commands that carry words to others: MSG, SAY, ME, PRIVMSG. */
#include "config.h"

#include "chat/talk.h"
#include "serve/command.h"
#include "serve/mailbox.h"

#include <string.h>

typedef enum talk talk_fn(struct room *r, struct member *m, const char *text, struct refusal *no);

/* Each speaker waits before its own line, for the room that will hear it. */
static void talk(struct session *s, struct room *r, talk_fn *how, const char *text)
{
    struct refusal no = {0};
    if (!session_yield_to_room(s, r))
        return;
    switch (how(r, &s->member, text, &no)) {
    case TALK_SAID:
        break;
    case TALK_REFUSED:
        session_refuse(s, &no);
        break;
    case TALK_STORAGE:
        session_error(s, ERROR_STORAGE, NULL);
        break;
    }
}

static void talk_here(struct session *s, talk_fn *how, const char *text)
{
    if (s->member.current)
        talk(s, s->member.current, how, text);
    else
        session_error(s, ERROR_NOT_IN_A_ROOM, NULL);
}

void cmd_msg(struct session *s, const struct args *a)
{
    talk_here(s, talk_say, a->text);
}

void cmd_me(struct session *s, const struct args *a)
{
    talk_here(s, talk_act, a->text);
}

void cmd_say(struct session *s, const struct args *a)
{
    char name[NAME_SIZE];
    struct room *r;
    if (!name_room(name, a->word))
        session_error(s, ERROR_INVALID_ROOM, NULL);
    else if (!(r = room_of_member(&s->member, name)))
        session_error(s, ERROR_NOT_IN, name);
    else
        talk(s, r, talk_say, a->text);
}

void cmd_privmsg(struct session *s, const struct args *a)
{
    if (!name_was_user(a->word) || !mailbox_put(s, a->word, a->text))
        session_error(s, ERROR_USER_NOT_FOUND, NULL);
}
