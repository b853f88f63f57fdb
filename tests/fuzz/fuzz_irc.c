/* SPDX-License-Identifier: ISC */
/*
 * IRC both ways: bytes of a peer up to the parsed line (net/line.h, proto/irc_line.h, masks and formatting), and a text
 * of a user to lines (proto/irc.c). Aborts when a promise is broken.
 *
 * The first byte of an input says how the rest is cut into reads, and in which form the text is written.
 */
#include "config.h"

#include "base/buf.h"
#include "base/panic.h"
#include "net/line.h"
#include "proto/irc.h"
#include "proto/irc_line.h"
#include "proto/text.h"
#include "tests/fuzz/generate.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINE 600

/* Everything that was seen, as text, so that two runs can be compared. */
static void note_line(struct buf *seen, enum line_status status, char *text, size_t len)
{
    struct irc_line l;
    char label[65], mask[IRC_MASK_SIZE];
    bool is_mute;
    must(len < MAX_LINE && text[len] == '\0');
    buf_printf(seen, "status %d len %zu\n", (int)status, len);
    if (!irc_line_parse(&l, text, len))
        return;
    must(l.count <= IRC_PARAMS && !l.params[l.count]);
    if (irc_line_tag(&l, "label", label, sizeof label))
        must(strlen(label) < sizeof label && !strpbrk(label, "\r\n"));
    const char *tags = irc_line_client_tags(&l);
    for (const char *tag = tags; tag && *tag; tag += strcspn(tag, ";"), tag += *tag == ';')
        must(*tag == '+');
    buf_printf(seen, "tags %s command %s\n", tags ? tags : "", l.command);
    for (int i = 0; i < l.count; i++) {
        char *p = l.params[i];
        must(p >= text && p + strlen(p) <= text + len);
        must(i == l.count - 1 || (*p && !strchr(p, ' ')));
        buf_printf(seen, "%s\n", p);
        if (irc_mask_read(p, mask, &is_mute))
            must(*mask && strlen(mask) < sizeof mask && !strpbrk(mask, "*?"));
        irc_strip_formatting(p);
        must(!strpbrk(p, "\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"));
    }
}

/* Hands the bytes over in reads of at most `most` bytes. */
static void feed(struct buf *seen, const uint8_t *data, size_t size, size_t most)
{
    struct line l;
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
        while ((status = line_next(&l, MAX_LINE, &text, &len)) != LINE_NONE)
            note_line(seen, status, text, len);
    }
    line_fini(&l);
}

/* The text as a user says it comes out whole, in lines that IRC can carry. */
static void render(const uint8_t *data, size_t size, unsigned extras)
{
    static const char before[] = " PRIVMSG #room :";
    struct buf text = {0}, lines = {0}, again = {0};
    buf_add(&text, data, size);
    buf_char(&text, '\0');
    if (text_clean(text.data, size) && !text_is_blank(text.data)) {
        struct event ev = {.kind = EVENT_SAID, .room = "#room", .name = "alice", .text = text.data, .id = 7,
                           .time_ms = 1000};
        irc_codec.render(&lines, &ev, (enum form)(FORM_IRC + (int)extras), NULL);
        must(lines.len && strstr(buf_text(&lines), before));
        const char *end;
        for (const char *line = buf_text(&lines); *line; line = end + 2) {
            end = strstr(line, "\r\n");
            const char *start = *line == '@' ? strchr(line, ' ') + 1 : line, *said = strstr(start, before);
            must(end && said && said < end && (size_t)(end - start) + 2 <= IRC_LINE);
            said += strlen(before);
            buf_add(&again, said, (size_t)(end - said));
            const char *at = text.data + again.len;
            if (end[2] && *at == ' ' ) /* between two lines a blank is left out */
                buf_char(&again, ' ');
        }
        must(strcmp(buf_text(&again), text.data) == 0);
    }
    buf_fini(&text);
    buf_fini(&lines);
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, cut = {0};
    if (!size)
        return 0;
    feed(&whole, data + 1, size - 1, SIZE_MAX);
    feed(&cut, data + 1, size - 1, (size_t)data[0] % 64 + 1);
    must(whole.len == cut.len && (!cut.len || memcmp(whole.data, cut.data, cut.len) == 0));
    render(data + 1, size - 1, data[0] % 32);
    buf_fini(&whole);
    buf_fini(&cut);
    return 0;
}

#ifndef LIBFUZZER

static const char *const words[] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) #name,
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
    " ", "  ", "\n", "\r\n", "\r", "#room", "alice", ":", " :", "@", "@label=a", ";", "+typing=active", "\\s", "\\", "=",
    ",", "*", "!", "nick!user@host", "*!*@guest-bob", "m:", ("\x01" "ACTION "), "\x02", ("\x03" "04,05"), ("\x04" "ff00ff"),
    "\xc3\xa9", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "0123456789abcdef", "a long text of several words that goes on and on ",
};

int main(void)
{
    replay("irc");
    return generate(words, sizeof words / sizeof words[0], 20000, 90);
}

#endif
