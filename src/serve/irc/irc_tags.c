/* SPDX-License-Identifier: ISC */
/* TAGMSG (IRCv3, message-tags): what programs tell each other without a text, such as that somebody is typing. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/date.h"
#include "chat/room.h"
#include "chat/users.h"
#include "serve/speak.h"

#include <string.h>

/* Programs send such signs unasked, so a user who has to wait in slow mode is not bothered with it. */
static void tell_room(struct session *s, const char *word, const char *tags)
{
    struct refusal no = {0};
    struct room *r = irc_talk_room(s, word);
    if (!r)
        return;
    if (!speak_tags(s, r, tags, &no) && no.error != ERROR_SLOW_MODE)
        irc_refuse(s, &no, r->name);
    buf_fini(&no.reason);
}

static void tell_user(struct session *s, const char *word, const char *tags)
{
    char user[NAME_SIZE];
    struct event ev = {.kind = EVENT_TAGS, .room = "", .name = s->member.name, .account = s->member.account,
                       .account_name = member_account_name(&s->member), .tags = tags, .time_ms = date_stamp_ms()};
    if (strlen(word) >= sizeof user || !users_find(word, user)) {
        irc_fail(s, ERROR_USER_NOT_FOUND, word);
        return;
    }
    users_tell_name(&s->member, user, &ev);
    if (irc_has(s, IRC_CAP_ECHO))
        codecs_render(&irc_state(s)->answer, &ev, (enum form)s->member.form, user);
}

void irc_tagmsg(struct session *s, struct irc_line *l)
{
    char *targets = l->params[0], *word;
    const char *tags = irc_line_client_tags(l);
    irc_label_speech(s, targets);
    if (!irc_has(s, IRC_CAP_TAGS)) {
        irc_fail(s, ERROR_UNKNOWN_COMMAND, "TAGMSG");
        return;
    }
    while (tags && (word = irc_next(&targets))) {
        if (*word == '#')
            tell_room(s, word, tags);
        else
            tell_user(s, word, tags);
    }
}
