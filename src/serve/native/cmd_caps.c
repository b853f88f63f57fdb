/* SPDX-License-Identifier: ISC */
/* CAPS: what a program switches on for itself. */
#include "config.h"

#include "serve/native/command.h"
#include "serve/presence.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const names[CAPS] = {
#define CAP(name, word, what) [CAP_##name] = word,
#include "tbl/caps.h"
#undef CAP
};

/* Switches what the words say. Returns the first unknown word, or NULL. Modifies the text. */
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
    struct refusal no = {.error = ERROR_UNKNOWN_CAP, .name = a->text ? parse(a->text, &caps) : NULL};
    if (no.name) {
        session_refuse(s, &no);
        return;
    }
    presence_set_caps(s, caps); /* before the answer: once it is read, nothing comes in the old form */
    answer(s);
}
