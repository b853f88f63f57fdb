/* SPDX-License-Identifier: ISC */
/* What clients are told about the server itself when they ask (RFC 2812 section 3.4, and HELP). */
#include "config.h"

#include "serve/about.h"
#include "serve/irc/irc_session.h"

#include <string.h>
#include <strings.h>

/* ---- MOTD, ADMIN ---- */

void irc_motd(struct session *s, struct irc_line *l)
{
    struct buf motd = {0};
    (void)l;
    about_motd(&motd);
    if (!motd.len) {
        irc_reply(s, 422, ":There is no message of the day");
        buf_fini(&motd);
        return;
    }
    irc_reply(s, 375, ":- %s Message of the day -", irc_server());
    for (const char *at = buf_text(&motd); *at;) {
        size_t n = strcspn(at, "\n");
        irc_reply(s, 372, ":- %.*s", (int)n, at);
        at += n + (at[n] == '\n');
    }
    irc_reply(s, 376, ":End of the message of the day");
    buf_fini(&motd);
}

void irc_admin(struct session *s, struct irc_line *l)
{
    struct buf admin = {0};
    (void)l;
    about_admin(&admin);
    if (admin.len) {
        irc_reply(s, 256, "%s :Administrative information", irc_server());
        irc_reply(s, 257, ":%s", irc_network());
        irc_reply(s, 258, ":%s", irc_server());
        irc_reply(s, 259, ":%s", buf_text(&admin));
    } else {
        irc_reply(s, 423, "%s :No administrative contact is configured", irc_server());
    }
    buf_fini(&admin);
}

/* ---- INFO, LINKS ---- */

void irc_info(struct session *s, struct irc_line *l)
{
    (void)l;
    irc_reply(s, 371, ":chatd %s", PACKAGE_VERSION);
    irc_reply(s, 371, ":Those who use IRC, a browser or nc are in the same rooms here.");
    irc_reply(s, 374, ":End of INFO");
}

void irc_links(struct session *s, struct irc_line *l)
{
    (void)l;
    irc_reply(s, 364, "%s %s :0 %s", irc_server(), irc_server(), irc_network());
    irc_reply(s, 365, "* :End of LINKS");
}

/* ---- HELP ---- */

static const struct {
    const char *name, *syntax;
} commands[] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) {#name, syntax},
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
};

static size_t command_named(const char *word)
{
    size_t i = 0;
    while (i < IRC_COMMANDS && strcasecmp(commands[i].name, word) != 0)
        i++;
    return i;
}

static void list_commands(struct session *s)
{
    irc_reply(s, 704, "* :The commands of this server:");
    for (size_t i = 0; i < IRC_COMMANDS; i++)
        irc_reply(s, 705, "* :%s", commands[i].syntax);
    irc_reply(s, 706, "* :End of HELP");
}

void irc_help(struct session *s, struct irc_line *l)
{
    const char *about = irc_param(l, 0);
    size_t one = command_named(about);
    if (!*about) {
        list_commands(s);
    } else if (one == IRC_COMMANDS) {
        irc_reply(s, 524, "%s :There is no such command", strpbrk(about, " :") ? "*" : about);
    } else {
        irc_reply(s, 704, "%s :%s", about, commands[one].syntax);
        irc_reply(s, 706, "%s :End of HELP", about);
    }
}
