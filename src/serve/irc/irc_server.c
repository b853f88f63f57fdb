/* SPDX-License-Identifier: ISC */
/* What clients ask about the server, and the greeting: 002 to 005, LUSERS, MOTD; PING, QUIT. */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/clock.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "proto/text.h"

#include <string.h>

/* ---- the greeting ---- */

#define MODES_OF_ROOMS "IWbiklmnoqstv"

static void isupport(struct session *s)
{
    struct session_limits lim = session_limits();
    irc_reply(s, 5, "CASEMAPPING=ascii CHANTYPES=# PREFIX=(qov)~@+ CHANMODES=Ib,k,Wl,imnst NETWORK=%s NICKLEN=%d "
              "CHANNELLEN=%d TOPICLEN=%d KICKLEN=%d AWAYLEN=%d CHANLIMIT=#:%d EXTBAN=,m "
              ":are supported by this server", irc_network(), NAME_LONGEST, NAME_LONGEST + 1, lim.topic_bytes,
              lim.reason_bytes, lim.away_bytes, lim.rooms_per_user);
    irc_reply(s, 5, "ELIST=MNU SAFELIST STATUSMSG=~@+ TARGMAX=JOIN:,PART:,NAMES:,LIST:,KICK:,PRIVMSG:,NOTICE: "
              "UTF8ONLY INVEX=I MODES=%d CHATHISTORY=%d MSGREFTYPES=msgid,timestamp :are supported by this server",
              IRC_MODES, lim.page_messages);
}

void irc_welcome(struct session *s)
{
    char since[CLOCK_TEXT];
    irc_reply(s, 2, ":Your host is %s, running chatd %s", irc_server(), PACKAGE_VERSION);
    irc_reply(s, 3, ":You are here since %s", clock_text(s->member.since_ms, since));
    irc_reply(s, 4, "%s chatd-%s i " MODES_OF_ROOMS " IWbkloqv", irc_server(), PACKAGE_VERSION);
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

void irc_motd(struct session *s, struct irc_line *l)
{
    (void)l;
    irc_reply(s, 422, ":There is no message of the day");
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
    (void)l;
    irc_flush(s);
    session_close(s, CLOSE_QUIT);
}
