/* SPDX-License-Identifier: ISC */
/* Blanks are single in what servers send, but clients and people type more of them. */
#include "config.h"

#include "proto/irc_line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Splits the next word off *rest; "" at the end. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " "), *end = word + strcspn(word, " ");
    *rest = end + (*end != '\0');
    *end = '\0';
    return word;
}

bool irc_line_parse(struct irc_line *l, char *line, size_t len)
{
    char *rest = line;
    *l = (struct irc_line){0};
    if (strlen(line) != len)
        return false;
    if (*rest == '@')
        l->tags = next_word(&rest) + 1;
    rest += strspn(rest, " ");
    if (*rest == ':')
        next_word(&rest);
    l->command = next_word(&rest);
    for (char *c = l->command; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    while (l->count < IRC_PARAMS) {
        rest += strspn(rest, " ");
        if (!*rest)
            break;
        bool is_last = *rest == ':' || l->count == IRC_PARAMS - 1;
        l->params[l->count++] = is_last ? rest + (*rest == ':') : next_word(&rest);
        if (is_last)
            break;
    }
    return true;
}

/* What an escaped character stands for (IRCv3, message tags). */
static char unescaped(char c)
{
    switch (c) {
    case ':': return ';';
    case 's': return ' ';
    case 'r': return '\r';
    case 'n': return '\n';
    default: return c;
    }
}

/* False: it does not fit, or would be a line end or a NUL. */
static bool unescape(const char *value, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool is_escape = value[i] == '\\';
        if (is_escape && ++i == len)
            break; /* a lone backslash at the end is left out */
        char c = is_escape ? unescaped(value[i]) : value[i];
        if (n + 1 >= size || c == '\r' || c == '\n')
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

bool irc_line_tag(const struct irc_line *l, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    for (const char *tag = l->tags; tag && *tag; tag += strcspn(tag, ";"), tag += *tag == ';') {
        size_t len = strcspn(tag, ";");
        if (len >= n && strncmp(tag, name, n) == 0 && (len == n || tag[n] == '='))
            return unescape(tag + n + (len > n), len - n - (len > n), out, size);
    }
    return false;
}

/* "+[<vendor>/]<name>[=<value>]", of n bytes; the line is UTF-8. No control character may pass: some clients take CR
 * for the end of a line. */
static bool is_client_tag(const char *tag, size_t n)
{
    size_t name = 1;
    while (name < n && (isalnum((unsigned char)tag[name]) || strchr("-./", tag[name])))
        name++;
    if (*tag != '+' || name == 1 || (name < n && tag[name] != '='))
        return false;
    for (size_t i = name; i < n; i++)
        if ((unsigned char)tag[i] < ' ' || tag[i] == '\x7f')
            return false;
    return true;
}

char *irc_line_client_tags(struct irc_line *l)
{
    char *to = l->tags, *next;
    for (char *tag = l->tags; tag && *tag; tag = next) {
        size_t n = strcspn(tag, ";");
        next = tag + n + (tag[n] == ';');
        if (!is_client_tag(tag, n))
            continue;
        if (to != l->tags)
            *to++ = ';';
        memmove(to, tag, n);
        to += n;
    }
    if (to)
        *to = '\0';
    return to && to > l->tags ? l->tags : NULL;
}

/* ---- lines that chatd has written ---- */

static bool is_word(const char *word, size_t len, const char *other)
{
    return strlen(other) == len && strncasecmp(word, other, len) == 0;
}

/* ":name!… PRIVMSG target :…", perhaps with tags. */
bool irc_line_is_said(const char *line, size_t len, const char *key)
{
    const char *words[4] = {0};
    size_t lens[4] = {0}, n = 0, i = 0;
    while (n < 3 && i < len) {
        size_t start = i;
        while (i < len && line[i] != ' ' && line[i] != '\r')
            i++;
        if (n || line[start] != '@') {
            words[n] = line + start;
            lens[n++] = i - start;
        }
        i++;
    }
    if (n < 3 || *words[0] != ':' || !(is_word(words[1], lens[1], "PRIVMSG") || is_word(words[1], lens[1], "NOTICE")))
        return false;
    if (*key == '#')
        return is_word(words[2], lens[2], key);
    const char *bang = memchr(words[0], '!', lens[0]);
    return bang && is_word(words[0] + 1, (size_t)(bang - words[0]) - 1, key);
}
