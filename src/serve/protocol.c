/* SPDX-License-Identifier: ISC */
/* A session begins and leaves a protocol; HTTP leaves for another one in the middle of a connection. */
#include "config.h"

#include "serve/protocol.h"

#include "base/panic.h"
#include "base/secret.h"
#include "serve/session.h"

#include <stdlib.h>

void protocol_enter(struct session *s, const struct protocol *protocol)
{
    must(!s->state);
    s->protocol = protocol;
    s->state = protocol->state_size ? panic_calloc(1, protocol->state_size) : NULL;
    s->body_bytes = 0;
    s->member.form = (int)protocol->form_of(0);
    s->member.wants = 0;
}

struct msg *protocol_last_words(enum form form, enum close_reason reason)
{
    static const struct event events[CLOSE_REASONS] = {
#define CLOSE(name, label, kind_, error_, queue, wakes, drain_ms, code)                                                \
    [CLOSE_##name] = {.kind = EVENT_##kind_, .error = ERROR_##error_},
#include "tbl/close.h"
#undef CLOSE
    };
    return events[reason].kind == EVENT_NONE ? NULL : member_render(form, &events[reason], NULL);
}

void protocol_leave(struct session *s)
{
    if (s->protocol->end)
        s->protocol->end(s);
    if (s->state)
        secret_wipe(s->state, s->protocol->state_size);
    free(s->state);
    s->state = NULL;
    s->member.on_answer = NULL; /* it may use the state */
}
