/* SPDX-License-Identifier: ISC */
/* Writes rows of JSON, and cuts a request into its verb and arguments. Strings must be UTF-8; only what JSON requires
 * is escaped. */
#include "config.h"

#include "ctl/wire.h"

#include "base/clock.h"

#include <string.h>

const struct wire_command wire_commands[] = {
#define ADMIN(handler, verb, args, shape, syntax, help) {verb, args, WIRE_##shape, syntax, help},
#include "tbl/admin.h"
#undef ADMIN
};

const int wire_command_count = sizeof wire_commands / sizeof wire_commands[0];

static void quoted(struct buf *out, const char *s)
{
    buf_char(out, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\u%04x", c);
        else
            buf_char(out, (char)c);
    }
    buf_char(out, '"');
}

static void key_of(struct buf *out, const char *key)
{
    if (out->data[out->len - 1] != '{')
        buf_char(out, ',');
    quoted(out, key);
    buf_char(out, ':');
}

void wire_open(struct buf *out)
{
    buf_char(out, '{');
}

void wire_string(struct buf *out, const char *key, const char *value)
{
    key_of(out, key);
    quoted(out, value);
}

void wire_number(struct buf *out, const char *key, long long value)
{
    key_of(out, key);
    buf_printf(out, "%lld", value);
}

void wire_bool(struct buf *out, const char *key, bool value)
{
    key_of(out, key);
    buf_str(out, value ? "true" : "false");
}

void wire_time(struct buf *out, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT];
    wire_string(out, key, clock_text(wall_ms, text));
}

void wire_close(struct buf *out)
{
    buf_str(out, "}\n");
}

void wire_end(struct buf *out, const char *error)
{
    wire_open(out);
    wire_string(out, "end", error ? "refused" : "done");
    if (error)
        wire_string(out, "error", error);
    wire_close(out);
}

int wire_command(char *line, char **rest)
{
    int best = -1;
    size_t longest = 0;
    for (int i = 0; i < wire_command_count; i++) {
        size_t n = strlen(wire_commands[i].verb);
        if (n > longest && strncmp(line, wire_commands[i].verb, n) == 0 && (line[n] == ' ' || line[n] == '\0')) {
            best = i;
            longest = n;
        }
    }
    *rest = line + longest;
    *rest += strspn(*rest, " ");
    return best;
}

bool wire_takes_secret(const struct wire_command *command)
{
    return strchr(command->args, 's') != NULL;
}

bool wire_args(const struct wire_command *command, char *rest, char **word, char **text)
{
    *word = *text = NULL;
    for (const char *wanted = command->args; *wanted; wanted++) {
        bool is_word = *wanted == 'w' || *wanted == 'W', optional = *wanted == 'W' || *wanted == 'T';
        if (!*rest && !optional)
            return false;
        if (*rest)
            *(is_word ? word : text) = rest;
        rest += is_word ? strcspn(rest, " ") : strlen(rest);
        if (*rest) {
            *rest++ = '\0';
            rest += strspn(rest, " ");
        }
    }
    return !*rest;
}
