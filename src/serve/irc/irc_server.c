/* SPDX-License-Identifier: ISC */
/* What clients ask about the server, and the greeting: 002 to 005, LUSERS, MOTD; PING, QUIT. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "proto/text.h"
#include "serve/speak.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the greeting ---- */

#define MODES_OF_ROOMS "IWbiklmnoqstv"

#define TOKENS 12 /* in a line: RFC 2812 allows 15 parameters, with the name and the text */

/* The words of 005, in as many lines as they need. */
struct tokens {
    struct session *s;
    struct buf line;
    int n;
};

static void end_tokens(struct tokens *t)
{
    if (t->n)
        irc_reply(t->s, 5, "%s :are supported by this server", buf_text(&t->line));
    buf_fini(&t->line);
    t->n = 0;
}

static void add_token(struct tokens *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_token(struct tokens *t, const char *format, ...)
{
    char token[IRC_LINE];
    va_list ap;
    va_start(ap, format);
    vsnprintf(token, sizeof token, format, ap);
    va_end(ap);
    if (t->n == TOKENS)
        end_tokens(t);
    buf_printf(&t->line, "%s%s", t->n++ ? " " : "", token);
}

static void isupport(struct session *s)
{
    struct session_limits lim = session_limits();
    struct tokens t = {.s = s};
    add_token(&t, "CASEMAPPING=ascii");
    add_token(&t, "CHANTYPES=#");
    add_token(&t, "PREFIX=(qov)~@+");
    add_token(&t, "CHANMODES=Ib,k,Wl,imnst");
    add_token(&t, "NETWORK=%s", irc_network());
    add_token(&t, "NICKLEN=%d", NAME_LONGEST);
    add_token(&t, "CHANNELLEN=%d", NAME_LONGEST + 1);
    add_token(&t, "TOPICLEN=%d", lim.topic_bytes);
    add_token(&t, "KICKLEN=%d", lim.reason_bytes);
    add_token(&t, "AWAYLEN=%d", lim.away_bytes);
    add_token(&t, "NAMELEN=%d", lim.realname_bytes);
    add_token(&t, "CHANLIMIT=#:%d", lim.rooms_per_user);
    add_token(&t, "EXTBAN=,m");
    add_token(&t, "INVEX=I");
    add_token(&t, "MODES=%d", IRC_MODES);
    add_token(&t, "MONITOR=%d", lim.monitored);
    add_token(&t, "ELIST=CMNTU");
    add_token(&t, "SAFELIST");
    add_token(&t, "STATUSMSG=~@+");
    add_token(&t, "TARGMAX=JOIN:,PART:,NAMES:,LIST:,KICK:,PRIVMSG:,NOTICE:");
    add_token(&t, "WHOX");
    add_token(&t, "UTF8ONLY");
    add_token(&t, "CHATHISTORY=%d", lim.page_messages);
    add_token(&t, "MSGREFTYPES=msgid,timestamp");
    end_tokens(&t);
}

void irc_welcome(struct session *s)
{
    char since[CLOCK_TEXT];
    if (irc_state(s)->is_greeted)
        return;
    irc_state(s)->is_greeted = true;
    irc_reply(s, 2, ":Your host is %s, running chatd %s", irc_server(), PACKAGE_VERSION);
    irc_reply(s, 3, ":You are here since %s", clock_text(s->member.since_ms, since));
    irc_reply(s, 4, "%s chatd-%s io " MODES_OF_ROOMS " IWbkloqv", irc_server(), PACKAGE_VERSION);
    isupport(s);
    irc_lusers(s, NULL);
    irc_motd(s, NULL);
}

void irc_lusers(struct session *s, struct irc_line *l)
{
    int users = users_count();
    (void)l;
    irc_reply(s, 251, ":There are %d users and 0 invisible on 1 servers", users);
    irc_reply(s, 254, "%d :channels formed", rooms_count());
    irc_reply(s, 255, ":I have %d clients and 0 servers", users);
    irc_reply(s, 265, "%d %d :Current local users %d, max %d", users, users, users, users);
    irc_reply(s, 266, "%d %d :Current global users %d, max %d", users, users, users, users);
}

void irc_version(struct session *s, struct irc_line *l)
{
    (void)l;
    irc_reply(s, 351, "chatd-%s. %s :", PACKAGE_VERSION, irc_server());
    isupport(s);
}

void irc_time(struct session *s, struct irc_line *l)
{
    char now[CLOCK_TEXT];
    (void)l;
    irc_reply(s, 391, "%s :%s", irc_server(), clock_text(clock_wall_ms(), now));
}

/* ---- the connection ---- */

void irc_ping(struct session *s, struct irc_line *l)
{
    buf_printf(&irc_state(s)->answer, ":%s PONG %s :%s\r\n", irc_server(), irc_server(), l->params[0]);
}

void irc_pong(struct session *s, struct irc_line *l)
{
    (void)s;
    (void)l; /* nothing waits for it: chatd finds dead peers by TCP */
}

void irc_quit(struct session *s, struct irc_line *l)
{
    irc_finish(s); /* after the end nothing is answered */
    speak_goodbye(s, l->count ? irc_cleaned(l->params[0]) : "");
}
