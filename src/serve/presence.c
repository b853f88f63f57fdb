/* SPDX-License-Identifier: ISC */
/* Each change is made in the member first, under the users lock, and then in one room after the other. */
#include "config.h"

#include "serve/presence.h"

#include "chat/users.h"
#include "serve/protocol.h"
#include "serve/session_rooms.h"

#include <stdlib.h>
#include <string.h>

bool presence_set_away(struct session *s, const char *text, struct refusal *no)
{
    if (text && strlen(text) > (size_t)session_limits().away_bytes)
        return refusal_set(no, ERROR_AWAY_TOO_LONG);
    users_set_away(&s->member, text);
    return true;
}

/* The old list is freed when neither the registry nor a room refers to it any more. */
static void replace_ignores(struct session *s, struct ignores *ig)
{
    struct ignores *old = s->member.ignores;
    users_set_ignores(&s->member, ig);
    session_rooms_update(s);
    free(old);
}

bool presence_ignore(struct session *s, const char *name, struct refusal *no)
{
    const struct ignores *ig = s->member.ignores;
    char key[NAME_SIZE];
    if (!name_is_user(name))
        return refusal_set(no, ERROR_INVALID_USERNAME);
    name_fold(key, name);
    if (name_is_reserved(key))
        no->error = ERROR_USERNAME_RESERVED;
    else if (!ignores_has(ig, key) && ig && ig->count >= session_limits().ignored)
        no->error = ERROR_TOO_MANY_IGNORED;
    else if (!ignores_has(ig, key))
        replace_ignores(s, ignores_with(ig, name));
    return no->error == ERROR_NONE;
}

bool presence_unignore(struct session *s, const char *name, struct refusal *no)
{
    char key[NAME_SIZE];
    bool is_name = strlen(name) < NAME_SIZE;
    if (is_name)
        name_fold(key, name);
    if (!is_name || !ignores_has(s->member.ignores, key)) {
        *no = (struct refusal){.error = ERROR_NOT_IGNORED, .name = name};
        return false;
    }
    replace_ignores(s, ignores_without(s->member.ignores, key));
    return true;
}

void presence_set_form(struct session *s, enum form form)
{
    struct member *m = &s->member;
    if (m->form == (int)form)
        return;
    users_set_form(m, form);
    session_rooms_update(s);
}

void presence_set_caps(struct session *s, unsigned caps)
{
    s->member.caps = caps;
    presence_set_form(s, s->protocol->form_of(caps));
}
