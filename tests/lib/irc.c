/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/lib/irc.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct daemon irc_d;
static char tags[9000];

int irc_dir(void **state)
{
    fixture_dir(state);
    d.conf_listens = true;
    return 0;
}

void irc_write_conf(const char *keys, const char *more)
{
    char conf[4096];
    snprintf(conf, sizeof conf, "listeners = ( { address = \"127.0.0.1\"; port = 0; }, "
             "{ address = \"127.0.0.1\"; port = 0; protocol = \"irc\"; } );\n"
             "irc = { server = \"" IRC_TEST_SERVER "\"; %s };\n%s\n", keys, more);
    daemon_write_conf(&d, conf);
}

void irc_start_with(const char *keys, const char *more)
{
    irc_write_conf(keys, more);
    daemon_start(&d);
    irc_d = d;
    irc_d.port = d.port2;
}

void irc_start(const char *more)
{
    irc_start_with("", more);
}

void irc_reload_with(const char *keys)
{
    char out[4096];
    irc_write_conf(keys, "");
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
}

const char *irc_next_line(struct client *c)
{
    const char *line = client_line(c), *rest = line;
    *tags = '\0';
    if (*line == '@') {
        size_t n = strcspn(line, " ");
        snprintf(tags, sizeof tags, "%.*s", (int)n - 1, line + 1);
        rest = line + n + 1;
    }
    return rest;
}

const char *irc_tags(void)
{
    return tags;
}

/* The rest of the tags, from this one on; NULL: it is not there. */
static const char *find_tag(const char *tag)
{
    size_t n = strlen(tag);
    for (const char *at = tags; *at; at += strcspn(at, ";"), at += *at == ';')
        if (strncmp(at, tag, n) == 0 && (!at[n] || at[n] == ';' || at[n] == '='))
            return at;
    return NULL;
}

bool irc_has_tag(const char *tag)
{
    return find_tag(tag) != NULL;
}

const char *irc_tag(const char *name)
{
    static char value[sizeof tags];
    const char *at = find_tag(name);
    at = at ? at + strlen(name) : "";
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, ";"), at);
    return *value == '=' ? value + 1 : "";
}

/* Up to the end of the message of the day, or that there is none. */
static void skip_greeting(struct client *c)
{
    const char *line;
    do
        line = irc_next_line(c);
    while (strncmp(line, ":" IRC_TEST_SERVER " 376 ", sizeof ":" IRC_TEST_SERVER " 376 " - 1) != 0 &&
           strncmp(line, ":" IRC_TEST_SERVER " 422 ", sizeof ":" IRC_TEST_SERVER " 422 " - 1) != 0);
}

void irc_login_with(struct client *c, const char *nick, const char *pass, const char *caps)
{
    client_open(c, &irc_d);
    if (*caps)
        client_say(c, "CAP REQ :%s", caps);
    if (*pass)
        client_say(c, "PASS %s", pass);
    client_say(c, "NICK %s", nick);
    client_say(c, "USER %s 0 * :%s", nick, nick);
    if (*caps)
        client_say(c, "CAP END");
    skip_greeting(c);
}

void irc_login(struct client *c, const char *nick, const char *caps)
{
    irc_login_with(c, nick, "", caps);
}

void irc_login_pass(struct client *c, const char *nick, const char *pass)
{
    irc_login_with(c, nick, pass, "");
}

void irc_enter(struct client *c, const char *room)
{
    client_say(c, "JOIN %s", room);
    while (!strstr(irc_next_line(c), " 366 "))
        ;
}

void irc_expect(struct client *c, const char *format, ...)
{
    char want[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(want, sizeof want, format, ap);
    va_end(ap);
    assert_string_equal(irc_next_line(c), want);
}

void irc_ask(struct client *c, const char *line, const char *answer)
{
    client_say(c, "%s", line);
    irc_expect(c, "%s", answer);
}

void irc_skip_to(struct client *c, const char *format, ...)
{
    char want[4096];
    va_list ap;
    va_start(ap, format);
    vsnprintf(want, sizeof want, format, ap);
    va_end(ap);
    while (strcmp(irc_next_line(c), want) != 0)
        ;
}

void irc_expect_quiet(struct client *c)
{
    irc_ask(c, "PING quiet", ":" IRC_TEST_SERVER " PONG " IRC_TEST_SERVER " :quiet");
}
