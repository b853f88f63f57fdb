/* SPDX-License-Identifier: ISC */
/* The small pieces that IRC lines are made of: sources, masks, letters of modes, numerics. */
#include "config.h"

#include "proto/irc.h"

#include "proto/name.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CUT "\xe2\x80\xa6" /* an ellipsis */
#define GUEST "guest-"
#define ACCOUNT "account-"

static char server_name[IRC_NAME_SIZE] = "chatd", network_name[IRC_NAME_SIZE] = "chatd";

bool irc_is_server_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
    return n > 0 && n < IRC_NAME_SIZE && !name[n];
}

void irc_configure(const char *server, const char *network)
{
    snprintf(server_name, sizeof server_name, "%s", server);
    snprintf(network_name, sizeof network_name, "%s", network);
}

const char *irc_server(void)
{
    return server_name;
}

const char *irc_network(void)
{
    return network_name;
}

void irc_numeric(struct buf *out, int number, const char *to, const char *format, ...)
{
    char rest[IRC_LINE + 1]; /* so that irc_end sees that something does not fit */
    size_t start = out->len;
    va_list ap;
    va_start(ap, format);
    vsnprintf(rest, sizeof rest, format, ap);
    va_end(ap);
    buf_printf(out, ":%s %03d %s %s", server_name, number, *to ? to : "*", rest);
    irc_end(out, start);
}

void irc_end(struct buf *out, size_t start)
{
    if (out->len - start > IRC_LINE - strlen("\r\n")) {
        size_t end = start + IRC_LINE - strlen(CUT "\r\n");
        while (((unsigned char)out->data[end] & 0xc0) == 0x80) /* not within a character */
            end--;
        out->len = end;
        buf_str(out, CUT);
    }
    buf_str(out, "\r\n");
}

void irc_host(struct buf *out, const char *name, const char *account)
{
    buf_str(out, account ? ACCOUNT : GUEST);
    buf_str(out, account ? account : name);
}

void irc_source(struct buf *out, const char *name, const char *account)
{
    buf_char(out, ':');
    if (name_is_reserved(name)) { /* the server itself, or one of its services */
        if (strcasecmp(name, NAME_SERVER) == 0)
            buf_str(out, server_name);
        else
            buf_printf(out, "%s!services@%s", name, server_name);
        return;
    }
    buf_printf(out, "%s!" IRC_USER "@", name);
    irc_host(out, name, account);
}

size_t irc_fitting(const char *text, size_t room)
{
    size_t len = strlen(text), n = room;
    if (len <= room)
        return len;
    while (n > room / 2 && text[n] != ' ')
        n--;
    if (text[n] == ' ')
        return n;
    for (n = room; n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

size_t irc_text_room(const char *name, const char *account, const char *verb, const char *target)
{
    struct buf head = {0};
    irc_source(&head, name, account);
    buf_printf(&head, " %s %s :\r\n", verb, target);
    size_t room = head.len < IRC_LINE ? IRC_LINE - head.len : 0;
    buf_fini(&head);
    return room;
}

void irc_tag_value(struct buf *out, const char *value)
{
    static const char plain[] = "; \\\r\n", escaped[] = ":s\\rn";
    for (const char *c = value; *c; c++) {
        const char *at = strchr(plain, *c);
        if (at)
            buf_char(out, '\\');
        buf_char(out, at ? escaped[at - plain] : *c);
    }
}

/* ---- masks ---- */

static bool is_address(const char *shown)
{
    struct in_addr v4;
    return strchr(shown, ':') || inet_pton(AF_INET, shown, &v4) == 1;
}

void irc_mask(struct buf *out, const char *shown, bool is_mute)
{
    buf_printf(out, is_address(shown) ? "%s*!*@%s" : "%s%s!*@*", is_mute ? "m:" : "", shown);
}

static bool is_wild(const char *word)
{
    return !*word || word[strspn(word, "*?")] == '\0';
}

bool irc_mask_read(const char *mask, char out[IRC_MASK_SIZE], bool *is_mute)
{
    char copy[IRC_MASK_SIZE];
    *is_mute = strncasecmp(mask, "m:", 2) == 0;
    if (*is_mute)
        mask += 2;
    if (snprintf(copy, sizeof copy, "%s", mask) >= (int)sizeof copy)
        return false;
    char *bang = strchr(copy, '!'), *at = strchr(bang ? bang : copy, '@');
    const char *name = copy, *host = at ? at + 1 : "*";
    if (at)
        *at = '\0';
    if (bang)
        *bang = '\0';
    else if (at)
        name = "*";
    if (strncasecmp(host, GUEST, strlen(GUEST)) == 0)
        host += strlen(GUEST);
    else if (strncasecmp(host, ACCOUNT, strlen(ACCOUNT)) == 0)
        host += strlen(ACCOUNT);
    const char *one = is_wild(name) ? host : name;
    memmove(out, one, strlen(one) + 1);
    return !strpbrk(out, "*?") && *out;
}

bool irc_matches(const char *mask, const char *text)
{
    const char *star = NULL, *again = NULL; /* behind the last *, and what that stands for ends here so far */
    while (*text) {
        if (*mask == '*') {
            star = ++mask;
            again = text;
        } else if (*mask && (*mask == '?' || tolower((unsigned char)*mask) == tolower((unsigned char)*text))) {
            mask++;
            text++;
        } else if (star) {
            mask = star;
            text = ++again;
        } else {
            return false;
        }
    }
    return !mask[strspn(mask, "*")];
}

/* ---- modes ---- */

static const struct {
    enum option option;
    char letter;
} letters[] = {
    {OPTION_INVITE_ONLY, 'i'}, {OPTION_KEY, 'k'},       {OPTION_LIMIT, 'l'}, {OPTION_MODERATED, 'm'},
    {OPTION_PRIVATE, 's'},     {OPTION_TOPIC_OPS, 't'}, {OPTION_SLOW, 'W'},
};

char irc_option_letter(enum option o)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].option == o)
            return letters[i].letter;
    return '\0';
}

enum option irc_option_of(char letter)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].letter == letter)
            return letters[i].option;
    return OPTIONS;
}

char irc_role_letter(enum role role)
{
    static const char of[] = {[ROLE_NONE] = '\0', [ROLE_GUEST] = '\0', [ROLE_VOICE] = 'v', [ROLE_OP] = 'o',
                              [ROLE_OWNER] = 'q'};
    return of[role];
}

char irc_role_sign(enum role role)
{
    static const char of[] = {[ROLE_NONE] = '\0', [ROLE_GUEST] = '\0', [ROLE_VOICE] = '+', [ROLE_OP] = '@',
                              [ROLE_OWNER] = '~'};
    return of[role];
}

enum role irc_role_of_sign(char sign)
{
    enum role role = ROLE_OWNER;
    while (role > ROLE_GUEST && irc_role_sign(role) != sign)
        role--;
    return role > ROLE_GUEST ? role : ROLE_NONE;
}

/* ---- texts ---- */

/* How many characters at s belong to a colour of one or two digits, or of six hexadecimal ones. */
static size_t colour_len(const char *s, bool is_hex)
{
    size_t n = 0;
    while (n < (is_hex ? 6 : 2) && (is_hex ? isxdigit((unsigned char)s[n]) : isdigit((unsigned char)s[n])))
        n++;
    return is_hex && n < 6 ? 0 : n;
}

/* The same, with a background behind a comma. */
static size_t colours_len(const char *s, bool is_hex)
{
    size_t front = colour_len(s, is_hex);
    size_t back = front && s[front] == ',' ? colour_len(s + front + 1, is_hex) : 0;
    return front + (back ? back + 1 : 0);
}

void irc_strip_formatting(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\x03' || *from == '\x04')
            from += colours_len(from + 1, *from == '\x04');
        else if (!strchr("\x02\x0f\x11\x16\x1d\x1e\x1f", *from))
            *to++ = *from;
    }
    *to = '\0';
}
