/* SPDX-License-Identifier: ISC */
/* A request of the console (ctl/wire.h): the verb and the arguments lie within the line, and a value that goes into the
 * reply stays one line of JSON. */
#include "config.h"

#include "base/panic.h"
#include "ctl/wire.h"
#include "tests/fuzz/generate.h"

#include <stdlib.h>
#include <string.h>

static void check_request(char *line, size_t size)
{
    char *rest = NULL, *word = NULL, *text = NULL;
    int c = wire_command(line, &rest);
    must(c >= -1 && c < wire_command_count);
    if (c < 0)
        return;
    must(rest >= line && rest <= line + size);
    if (!wire_args(&wire_commands[c], rest, &word, &text))
        return;
    must(!word || (word >= line && word + strlen(word) <= line + size && *word));
    must(!text || (text >= line && text + strlen(text) <= line + size));
    (void)wire_takes_secret(&wire_commands[c]);
}

static void check_reply(const char *value)
{
    struct buf out = {0};
    wire_open(&out);
    wire_string(&out, "value", value);
    wire_close(&out);
    must(out.len > 2 && out.data[out.len - 1] == '\n' && out.data[out.len - 2] == '}');
    for (size_t i = 0; i + 1 < out.len; i++)
        must((unsigned char)out.data[i] >= ' ');
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    must(line != NULL);
    if (size)
        memcpy(line, data, size);
    line[size] = '\0';
    check_reply(line);
    check_request(line, size);
    free(line);
    return 0;
}

#ifndef LIBFUZZER

static const char *const words[] = {
#define ADMIN(handler, verb, args, shape, syntax, help) verb,
#include "tbl/admin.h"
#undef ADMIN
    " ", "\t", "alice", "#den", "*", "\"", "\\", "\n", "\x1b", "\xc3\xa9", "-",
};

int main(void)
{
    replay("wire");
    return generate(words, sizeof words / sizeof words[0], 20000, 10);
}

#endif
