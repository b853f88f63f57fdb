/* SPDX-License-Identifier: ISC */
/*
 * Lines to commands. A line comes in raw and is cleaned first (proto/text.h), so nothing that leaves here holds a
 * control character.
 */
#include "config.h"

#include "proto/native_line.h"

#include "proto/aloud.h" /* pair: see there */
#include "proto/foreign.h"
#include "proto/text.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t len;
    unsigned flags;
} verbs[COMMANDS] = {
#define COMMAND(name, handler, args, flags, syntax, help) {#name, sizeof #name - 1, flags},
#include "tbl/commands.h"
#undef COMMAND
};

/* What users of other chats type after a slash. */
static const struct {
    const char *name;
    enum command command;
} aliases[] = {{"msg", COMMAND_PRIVMSG}, {"name", COMMAND_USERNAME}};

static enum command plain_command(const char *verb, size_t len)
{
    int i = 0;
    while (i < COMMANDS && (verbs[i].len != len || strncasecmp(verbs[i].name, verb, len) != 0))
        i++;
    return (enum command)i;
}

static enum command slash_command(const char *verb, size_t len)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strlen(aliases[i].name) == len && strncasecmp(aliases[i].name, verb, len) == 0)
            return aliases[i].command;
    return plain_command(verb, len);
}

enum command native_line_command(const char *verb)
{
    return *verb == '/' ? slash_command(verb + 1, strlen(verb + 1)) : plain_command(verb, strlen(verb));
}

unsigned native_line_flags(enum command c)
{
    return verbs[c].flags;
}

static enum command exact_command(const char *verb, size_t len)
{
    enum command c = plain_command(verb, len);
    return c != COMMANDS && memcmp(verbs[c].name, verb, len) == 0 ? c : COMMANDS;
}

static bool is_shouted(const char *line)
{
    size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return n && (line[n] == '\0' || line[n] == ' ' || line[n] == '\t');
}

static void as_command(struct native_line *nl, enum command c, char *rest)
{
    nl->kind = c == COMMANDS ? NATIVE_UNKNOWN : NATIVE_COMMAND;
    nl->command = c;
    nl->args = *rest == ' ' ? rest + 1 : NULL;
}

void native_line_parse(struct native_line *nl, char *line, size_t len, bool first)
{
    *nl = (struct native_line){.kind = NATIVE_INVALID};
    size_t skip = text_telnet(line, len);
    line += skip;
    if (!text_clean(line, len - skip))
        return;
    size_t verb_len = strcspn(line, " ");
    enum command exact;
    if (!*line) {
        nl->kind = NATIVE_EMPTY;
    } else if (first && foreign_is_http(line, exact_command(line, verb_len) != COMMANDS)) {
        nl->kind = NATIVE_FOREIGN;
    } else if (line[0] == '/' && line[1] != '/') {
        as_command(nl, slash_command(line + 1, verb_len - 1), line + verb_len);
    } else if ((exact = exact_command(line, verb_len)) != COMMANDS) {
        as_command(nl, exact, line + verb_len);
    } else if (line[0] != '/' && aloud_is_secret(line)) {
        nl->kind = NATIVE_UNKNOWN;
    } else {
        nl->kind = NATIVE_TEXT;
        nl->shouted = is_shouted(line);
        nl->args = line[0] == '/' ? line + 1 : line;
    }
}
