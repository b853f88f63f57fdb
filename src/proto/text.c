/* SPDX-License-Identifier: ISC */
/* UTF-8 decoding by hand, because validation and removal are one pass over bytes that are nearly always ASCII. */
#include "config.h"

#include "proto/text.h"

#include <string.h>

enum { IAC = 255, WILL = 251, SB = 250, SE = 240 };

size_t text_telnet(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t i = 0;
    while (i + 1 < len && u[i] == IAC) {
        if (u[i + 1] == IAC) {
            break; /* an escaped byte 255: text, though no valid one */
        } else if (u[i + 1] >= WILL) {
            i += 3;
        } else if (u[i + 1] == SB) {
            size_t end = i + 2;
            while (end + 1 < len && !(u[end] == IAC && u[end + 1] == SE))
                end++;
            i = end + 2;
        } else {
            i += 2;
        }
    }
    return i < len ? i : len;
}

/* The length of the UTF-8 sequence at u and its code point; 0 when there is none. */
static size_t decode(const unsigned char *u, size_t left, uint32_t *cp)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = u[0] < 0x80 ? 1 : (u[0] & 0xe0) == 0xc0 ? 2 : (u[0] & 0xf0) == 0xe0 ? 3 : (u[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    if (n == 1) {
        *cp = u[0];
        return 1;
    }
    uint32_t c = u[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return n;
}

static bool is_unwanted(uint32_t cp)
{
    return (cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp <= 0x9f) || (cp >= 0x2028 && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

#define NO_TEXT SIZE_MAX

/* How many bytes text_clean would leave, or NO_TEXT. */
static size_t cleaned_length(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t left = 0, n;
    for (size_t at = 0; at < len; at += n) {
        uint32_t cp;
        n = decode(u + at, len - at, &cp);
        if (!n || !cp)
            return NO_TEXT;
        left += is_unwanted(cp) ? 0 : n;
    }
    return left;
}

bool text_is_utf8(const char *s, size_t len)
{
    return cleaned_length(s, len) != NO_TEXT;
}

bool text_is_clean(const char *s, size_t len)
{
    return cleaned_length(s, len) == len;
}

bool text_clean(char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t to = 0;
    for (size_t at = 0; at < len;) {
        uint32_t cp;
        size_t n = decode(u + at, len - at, &cp);
        if (!n || !cp)
            return false;
        if (!is_unwanted(cp)) {
            if (to != at)
                memmove(s + to, s + at, n);
            to += n;
        }
        at += n;
    }
    s[to] = '\0';
    return true;
}

uint32_t text_next(const char **at)
{
    uint32_t cp = 0;
    if (**at)
        *at += decode((const unsigned char *)*at, 4, &cp); /* which does not read past a NUL */
    return cp;
}

/* Unicode's White_Space and Default_Ignorable_Code_Point, the controls of interlinear notes, and the Braille cell
 * without dots. In ascending order. */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {'\t', '\t'},       {' ', ' '},         {0xa0, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},
    {0x61c, 0x61c},     {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},   {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool text_is_unseen(uint32_t cp)
{
    size_t i = 0;
    while (i < sizeof unseen / sizeof unseen[0] - 1 && unseen[i].last < cp)
        i++;
    return cp >= unseen[i].first && cp <= unseen[i].last;
}

bool text_is_blank(const char *s)
{
    uint32_t cp;
    do
        cp = text_next(&s);
    while (cp && text_is_unseen(cp));
    return !cp;
}
