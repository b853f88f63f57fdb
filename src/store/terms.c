/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: the room and the author of a message are terms of it too, so FTS5 itself finds what a user said in a
 * room, however much was said elsewhere. They begin with a character of Unicode's private use area, which is removed
 * from whatever users write or search for. Other private characters stand for the signs in names, at which the
 * tokenizer would cut, and mark emoji.
 */
#include "config.h"

#include "store/terms.h"

#include <stdint.h>
#include <string.h>

#define ROOM_MARK "\xee\x80\x80"  /* U+E000 */
#define NAME_MARK "\xee\x80\x81"  /* U+E001 */
#define SIGN_MARK "\xee\x80\x82"  /* U+E002 */
#define EMOJI_MARK "\xee\x80\x83" /* U+E003 */

struct span {
    uint32_t from, to;
};

static const struct span written_without_spaces[] = {
    {0x0e00, 0x0eff},   /* Thai, Lao */
    {0x1000, 0x109f},   /* Burmese */
    {0x1780, 0x17ff},   /* Khmer */
    {0x3005, 0x3007},   /* iteration marks */
    {0x3041, 0x30ff},   /* Hiragana, Katakana */
    {0x31f0, 0x31ff},   /* Katakana extensions */
    {0x3400, 0x4dbf},   /* Han */
    {0x4e00, 0x9fff},   /* Han */
    {0xac00, 0xd7a3},   /* Korean */
    {0xf900, 0xfaff},   /* Han */
    {0xff66, 0xff9f},   /* half-width Katakana */
    {0x20000, 0x3ffff}, /* Han */
};

static const struct span emoji[] = {{0x2600, 0x27bf}, {0x2b50, 0x2b55}, {0x1f000, 0x1faff}};
static const struct span private_use[] = {{0xe000, 0xf8ff}, {0xf0000, 0x10ffff}};

static bool is_in(uint32_t c, const struct span *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= v[i].from && c <= v[i].to)
            return true;
    return false;
}

#define IS_IN(c, spans) is_in(c, spans, sizeof spans / sizeof spans[0])

/* The character at s and its length in bytes. A byte that is not valid UTF-8 stands for itself. */
static uint32_t decode(const char *s, size_t *len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = *u < 0xc0 ? 1 : *u < 0xe0 ? 2 : *u < 0xf0 ? 3 : 4;
    uint32_t c = n == 1 ? *u : *u & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            *len = 1;
            return *u;
        }
        c = c << 6 | (u[i] & 0x3f);
    }
    *len = n;
    return c;
}

static void fold_wide(struct buf *out, const char *s, size_t len, uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e) { /* full-width letters and digits */
        char narrow = (char)(c - 0xfee0);
        buf_char(out, narrow == '"' ? ' ' : narrow);
    } else if (IS_IN(c, private_use)) {
        buf_char(out, ' ');
    } else if (IS_IN(c, emoji)) {
        buf_printf(out, " " EMOJI_MARK "%x ", (unsigned)c);
    } else if (IS_IN(c, written_without_spaces)) {
        buf_char(out, ' ');
        buf_add(out, s, len);
        buf_char(out, ' ');
    } else {
        buf_add(out, s, len);
    }
}

static void fold(struct buf *out, const char *s, size_t n)
{
    for (const char *end = s + n; s < end;) {
        size_t plain = 0, len = 1;
        while (s + plain < end && (signed char)s[plain] > 0 && s[plain] != '"')
            plain++;
        buf_add(out, s, plain);
        s += plain;
        if (s == end)
            break;
        if (*s == '"')
            buf_char(out, ' ');
        else
            fold_wide(out, s, len, decode(s, &len));
        s += len;
    }
}

static void mark(struct buf *out, const char *with, const char *name)
{
    buf_str(out, with);
    for (; *name; name++) {
        if (*name == '_' || *name == '-' || *name == '.')
            buf_printf(out, SIGN_MARK "%x" SIGN_MARK, (unsigned)*name);
        else if (*name != '#' && *name != '"')
            buf_char(out, *name);
    }
}

void terms_index(struct buf *out, const char *room_key, const char *name, const char *text)
{
    fold(out, text, strlen(text));
    buf_char(out, ' ');
    mark(out, ROOM_MARK, room_key);
    buf_char(out, ' ');
    mark(out, NAME_MARK, name);
}

/* ---- MATCH expressions ---- */

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (signed char)c < 0;
}

/* Terms as the tokenizer will see them, except that it also cuts at signs beyond ASCII. */
static int count_terms(const char *s)
{
    int n = 0;
    for (bool was = false; *s; was = is_word_byte(*s++))
        n += is_word_byte(*s) && !was;
    return n;
}

int terms_match(struct buf *match, const char *word)
{
    size_t len = strlen(word);
    bool begins = len && word[len - 1] == '*';
    struct buf folded = {0};
    fold(&folded, word, len - begins);
    int n = count_terms(buf_text(&folded));
    if (n)
        buf_printf(match, "%s\"%s\"%s", match->len ? " " : "", buf_text(&folded), begins ? " *" : "");
    buf_fini(&folded);
    return n;
}

static void match_mark(struct buf *match, const char *with, const char *name)
{
    buf_str(match, match->len ? " \"" : "\"");
    mark(match, with, name);
    buf_char(match, '"');
}

void terms_match_room(struct buf *match, const char *room_key)
{
    match_mark(match, ROOM_MARK, room_key);
}

void terms_match_name(struct buf *match, const char *name)
{
    match_mark(match, NAME_MARK, name);
}
