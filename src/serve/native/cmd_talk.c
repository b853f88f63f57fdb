/* SPDX-License-Identifier: ISC */
/* Commands that carry texts to others: MSG, SAY, ME, PRIVMSG. In rooms the echo is the answer. */
#include "config.h"

#include "chat/room.h"
#include "serve/mailbox.h"
#include "serve/native/command.h"
#include "serve/speak.h"

static void speak(struct session *s, struct room *r, enum event_kind kind, const char *text)
{
    struct refusal no = {.error = ERROR_NOT_IN_A_ROOM};
    struct event said = {.kind = kind, .text = text};
    if (r)
        no.error = ERROR_NONE;
    if (!r || !speak_in_room(s, r, &said, &no))
        session_refuse(s, &no);
}

void cmd_msg(struct session *s, const struct args *a)
{
    speak(s, s->member.current, EVENT_SAID, a->text);
}

void cmd_me(struct session *s, const struct args *a)
{
    speak(s, s->member.current, EVENT_ACTION, a->text);
}

void cmd_say(struct session *s, const struct args *a)
{
    struct room *r = command_own_room(s, a->word);
    if (r)
        speak(s, r, EVENT_SAID, a->text);
}

void cmd_privmsg(struct session *s, const struct args *a)
{
    struct mailbox_receipt receipt;
    struct refusal no = {0};
    enum mailbox result = mailbox_send(s, a->word, &(struct event){.text = a->text}, &receipt, &no);
    struct event ev = {.kind = result == MAILBOX_STORED ? EVENT_STORED : EVENT_SENT, .name = receipt.as_written,
                       .id = receipt.id, .time_ms = receipt.time_ms};
    command_answer(s, result != MAILBOX_REFUSED, &ev, &no);
}
