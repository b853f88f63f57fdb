/* SPDX-License-Identifier: ISC */
/*
 * What a peer sends, up to the parsed line: framing (net/line.h) and the native protocol (proto/native_line.h). Aborts
 * when a promise is broken. `make fuzz` builds it for libFuzzer, with clang; `make check` runs it over inputs of its
 * own, made from words of the protocol by a generator with a fixed seed.
 *
 * The first byte of an input says how the rest is cut into reads.
 */
#include "config.h"

#include "base/buf.h"
#include "base/panic.h"
#include "net/line.h"
#include "proto/native_line.h"
#include "proto/text.h"
#include "tests/fuzz/generate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 256

/* Everything that was seen, as text, so that two runs can be compared. */
static void note_line(struct buf *seen, enum line_status status, char *text, size_t len, bool first)
{
    struct native_line nl;
    must(len < MAX_LINE && text[len] == '\0');
    buf_printf(seen, "status %d len %zu\n", (int)status, len);
    native_line_parse(&nl, text, len, first);
    buf_printf(seen, "kind %d args %s\n", (int)nl.kind, nl.args ? nl.args : "");
    if (nl.kind == NATIVE_COMMAND)
        must(nl.command < COMMANDS);
    if (nl.kind != NATIVE_COMMAND && nl.kind != NATIVE_TEXT)
        return;
    must(!nl.args || (nl.args >= text && nl.args + strlen(nl.args) <= text + len));
    for (const char *at = nl.args; at && *at; at++)
        must((unsigned char)*at >= ' ' || *at == '\t');
}

/* Hands the bytes over in reads of at most `most` bytes. */
static void feed(struct buf *seen, const uint8_t *data, size_t size, size_t most)
{
    struct line l;
    bool first = true;
    line_init(&l);
    while (size) {
        char *space, *text;
        size_t room, len;
        enum line_status status;
        line_space(&l, MAX_LINE, &space, &room);
        size_t n = room < most ? room : most;
        n = n < size ? n : size;
        memcpy(space, data, n);
        line_filled(&l, n);
        data += n;
        size -= n;
        while ((status = line_next(&l, MAX_LINE, &text, &len)) != LINE_NONE) {
            note_line(seen, status, text, len, first);
            first = false;
        }
    }
    line_fini(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, cut = {0};
    if (!size)
        return 0;
    feed(&whole, data + 1, size - 1, SIZE_MAX);
    feed(&cut, data + 1, size - 1, (size_t)data[0] % 64 + 1);
    must(whole.len == cut.len && (!cut.len || memcmp(whole.data, cut.data, cut.len) == 0));
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}

#ifndef LIBFUZZER

static const char *const words[] = {
#define COMMAND(name, handler, args, flags, syntax, help) #name,
#include "tbl/commands.h"
#undef COMMAND
    " ", "\t", "\n", "\r\n", "\r", "#room", "alice", "/", "//", "hello", "GET / HTTP/1.1", "\xff\xfb\x01", "\xc3\xa9",
    "\xe2\x80\xae", "\xc2\x9b", "\xed\xa0\x80", "\xf0\x9f\x98\x80", "\x1b[31m", "\x7f", "-", "0123456789abcdef",
};

int main(void)
{
    replay("lines");
    return generate(words, sizeof words / sizeof words[0], 20000, 90);
}

#endif
