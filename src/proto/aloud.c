/* SPDX-License-Identifier: ISC */
/*
 * The first word decides, whatever stands before it by accident: a blank of any kind, a quote, the digit of a missed
 * Shift. A word that is also common in talk, such as join, has to look more like a command: by a room or an option
 * behind it, by capitals, or by what stands where a slash would.
 */
#include "config.h"

#include "proto/aloud.h"

#include "proto/native_line.h" /* pair: reading a line asks whether it may be said; the commands are there */
#include "proto/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* ---- characters ---- */

struct range {
    uint32_t first, last;
};

/* What may stand before a word by accident, and what ends one: blanks, digits, punctuation, symbols, lone accents. */
static const struct range marks[] = {
    {0x01, '@'},       {'[', '`'},        {'{', 0xa9},       {0xab, 0xb4},     {0xb6, 0xb9},     {0xbb, 0xbf},
    {0xd7, 0xd7},      {0xf7, 0xf7},      {0x2b0, 0x36f},    {0x60c, 0x60c},   {0x61b, 0x61c},   {0x61f, 0x61f},
    {0x1680, 0x1680},  {0x180b, 0x180f},  {0x2000, 0x2bff},  {0x2e00, 0x2e7f}, {0x3000, 0x3020}, {0x30fb, 0x30fb},
    {0x3164, 0x3164},  {0xfe00, 0xfe6f},  {0xfeff, 0xfeff},  {0xff01, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65},
    {0xffa0, 0xffa0},  {0xffe0, 0xfffd},  {0xe0000, 0xe0fff}};

/* Those of them that are typed before a word on purpose, so not in the place of a slash: blanks, brackets, quotes,
 * bullets, mentions. */
static const struct range leads[] = {
    {'\t', '\t'},     {' ', ' '},       {'"', '$'},       {'\'', '('},      {'*', '*'},         {'<', '<'},
    {'@', '@'},       {'[', '['},       {'{', '{'},       {0xa0, 0xa1},     {0xab, 0xad},       {0xbb, 0xbb},
    {0xbf, 0xbf},     {0x1680, 0x1680}, {0x180b, 0x180f}, {0x2000, 0x206f}, {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3008, 0x3020}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xe0000, 0xe0fff}};

static bool is_in(const struct range *ranges, size_t n, uint32_t cp)
{
    size_t i = 0;
    while (i < n && ranges[i].last < cp)
        i++;
    return i < n && ranges[i].first <= cp;
}

static bool is_mark(uint32_t cp)
{
    return is_in(marks, sizeof marks / sizeof marks[0], cp);
}

static bool is_lead(uint32_t cp)
{
    return is_in(leads, sizeof leads / sizeof leads[0], cp);
}

/* The ASCII letter that it is, in its usual width or the full width of East Asian keyboards; 0: none. */
static char letter_of(uint32_t cp)
{
    uint32_t c = cp >= 0xff21 && cp <= 0xff5a ? cp - 0xff21 + 'A' : cp;
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? (char)c : '\0';
}

/* ---- words ---- */

/* Skips what stands before the first word by accident. *by_slash: apart from blanks it is one character that may be
 * there for a slash, such as the 7 of a German keyboard, or é and ú, which others have in its place; or a slash behind
 * blanks. */
static const char *skip_accident(const char *line, bool *by_slash)
{
    const char *word = line, *next = line;
    uint32_t cp, last = 0;
    int n = 0;
    for (; is_mark(cp = text_next(&next)); word = next) {
        last = cp;
        n += !text_is_unseen(cp);
    }
    if (!n && cp >= 0x80 && !letter_of(cp)) {
        word = next;
        last = cp;
        n = 1;
    }
    *by_slash = n == 1 && !is_lead(last);
    return word;
}

struct verb {
    char text[16];    /* with a slash in front; empty: the word is no command */
    bool is_shouted;  /* it is in capitals */
    const char *rest; /* what follows it */
};

static struct verb read_verb(const char *at)
{
    struct verb v = {.text = "/", .is_shouted = true, .rest = at};
    const char *next = at;
    size_t n = 1;
    uint32_t cp;
    for (char c; (c = letter_of(cp = text_next(&next))); v.rest = next) {
        if (n == sizeof v.text - 1)
            return (struct verb){.rest = at};
        v.text[n++] = c;
        v.is_shouted &= c <= 'Z';
    }
    if (cp && !is_mark(cp))
        v.text[0] = '\0';
    return v;
}

struct words {
    int n;
    const char *first; /* borrows; NULL: there are none */
    size_t first_len;
};

static struct words read_words(const char *text)
{
    struct words w = {0};
    bool was_blank = true;
    for (const char *at = text, *next = text; *at; at = next) {
        bool is_blank = text_is_unseen(text_next(&next));
        if (was_blank && !is_blank && w.n++ == 0)
            w.first = at;
        if (!is_blank && w.n == 1)
            w.first_len = (size_t)(next - w.first);
        was_blank = is_blank;
    }
    return w;
}

static bool begins_with(const struct words *w, const char *text)
{
    size_t n = strlen(text);
    return w->first_len >= n && strncasecmp(w->first, text, n) == 0;
}

/* ---- the verdict ---- */

static bool names_room(const struct words *w)
{
    return begins_with(w, "#") || begins_with(w, "\xef\xbc\x83"); /* a # of full width */
}

/* Such a command has a key if it has exactly two words, SET after that of a room. `is_meant`: a command was meant,
 * whatever they are. */
static bool has_key(enum command c, struct words w, bool is_meant)
{
    if (c == COMMAND_SET && w.n == 3 && names_room(&w))
        w = read_words(w.first + w.first_len);
    if (w.n != 2)
        return false;
    if (c == COMMAND_SET)
        return w.first_len == strlen("key") && begins_with(&w, "key");
    return is_meant || names_room(&w);
}

bool aloud_is_secret(const char *line)
{
    bool by_slash;
    struct verb v = read_verb(skip_accident(line, &by_slash));
    enum command c = native_line_command(v.text), plain = *v.text ? native_line_command(v.text + 1) : COMMANDS;
    if (plain != COMMANDS && native_line_flags(plain) & PRIVATE)
        return true;
    if (c == COMMANDS)
        return false;
    struct words w = read_words(v.rest);
    if (c != plain) /* by a name that it has only behind a slash */
        return by_slash && native_line_flags(c) & PRIVATE && w.n >= 2;
    return native_line_flags(c) & KEYED && has_key(c, w, by_slash || v.is_shouted);
}
