/* SPDX-License-Identifier: ISC */
/* CAPS: what a program switches on for itself. */
#include "config.h"

#include "chat/users.h"
#include "serve/command.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[CAPS] = {
#define CAP(name, word, what) [CAP_##name] = word,
#include "tbl/caps.h"
#undef CAP
};

/* Switches what the words say. The first word that there is not, or NULL. Cuts the text up. */
static const char *parse(char *text, unsigned *caps)
{
    char *rest;
    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        const char *name = word + (*word == '-' || *word == '+');
        int cap = 0;
        while (cap < CAPS && strcasecmp(names[cap], name) != 0)
            cap++;
        if (cap == CAPS)
            return name;
        *caps = *word == '-' ? *caps & ~(1u << cap) : *caps | 1u << cap;
    }
    return NULL;
}

/* Before the answer, so that who reads it hears nothing in the old form any more. */
static void apply(struct session *s, unsigned caps)
{
    struct member *m = &s->member;
    enum form form = caps & 1u << CAP_TAGS ? FORM_TAGS : s->codec->form;
    m->caps = caps;
    if (m->form == (int)form)
        return;
    users_set_form(m, form);
    session_update_rooms(s);
}

static void answer(struct session *s)
{
    char words[CAPS][16];
    const char *items[CAPS];
    for (int cap = 0; cap < CAPS; cap++) {
        snprintf(words[cap], sizeof words[cap], "%c%s", member_has(&s->member, (enum cap)cap) ? '+' : '-', names[cap]);
        items[cap] = words[cap];
    }
    struct event ev = {.kind = EVENT_CAPS, .items = items, .item_count = CAPS};
    session_answer(s, &ev);
}

void cmd_caps(struct session *s, const struct args *a)
{
    unsigned caps = s->member.caps;
    const char *unknown = a->text ? parse(a->text, &caps) : NULL;
    if (unknown) {
        session_error(s, ERROR_UNKNOWN_CAP, unknown);
        return;
    }
    apply(s, caps);
    answer(s);
}
