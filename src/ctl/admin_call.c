/* SPDX-License-Identifier: ISC */
/* What the handlers of the console share: refusals, and checks of the arguments. */
#include "config.h"

#include "ctl/admin_call.h"

#include "base/panic.h"
#include "chat/rooms.h"
#include "proto/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *admin_call_refuse(struct admin_call *c, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *text = panic_realloc(NULL, (size_t)n + 1); /* whole: a cut could end within a character, and JSON is UTF-8 */
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    buf_clear(&c->error);
    buf_str(&c->error, text);
    free(text);
    return buf_text(&c->error);
}

const char *admin_call_check_text(struct admin_call *c, int most)
{
    if (!text_clean(c->text, strlen(c->text)) || text_is_blank(c->text))
        return "the text is empty or not UTF-8";
    if (strlen(c->text) <= (size_t)most)
        return NULL;
    return admin_call_refuse(c, "the text is too long: %zu bytes, at most %d are allowed", strlen(c->text), most);
}

const char *admin_call_room_name(struct admin_call *c, char name[NAME_SIZE])
{
    if (name_room(name, c->word))
        return NULL;
    return "invalid room name: use 1 to 32 letters, digits, _ - or . after the #";
}

const char *admin_call_unknown_room(struct admin_call *c)
{
    return admin_call_refuse(c, "unknown room %s (chatctl rooms lists all rooms)", c->word);
}

struct room *admin_call_room(struct admin_call *c, const char **wrong)
{
    char name[NAME_SIZE];
    *wrong = admin_call_room_name(c, name);
    struct room *r = *wrong ? NULL : rooms_get(name);
    if (!r && !*wrong)
        *wrong = admin_call_unknown_room(c);
    return r;
}
