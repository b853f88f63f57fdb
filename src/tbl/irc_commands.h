/* SPDX-License-Identifier: ISC */
/*
 * The commands of IRC. One row and one handler make a command.
 *
 * IRC_COMMAND(NAME, handler, least, flags, "syntax")
 *   least   parameters that it needs; with fewer it is refused with 461
 *   flags   IRC_ANYTIME  allowed before the client is registered
 *           IRC_SECRET   its parameters are wiped from memory afterwards
 *           IRC_TALK     says something in rooms, so it may be gathered with other such lines
 */
IRC_COMMAND(CAP, irc_cap, 1, IRC_ANYTIME, "CAP LS [302] | LIST | REQ :<names> | END")
IRC_COMMAND(PASS, irc_pass, 1, IRC_ANYTIME | IRC_SECRET, "PASS [<account>:]<password>")
IRC_COMMAND(NICK, irc_nick, 0, IRC_ANYTIME, "NICK <name>")
IRC_COMMAND(USER, irc_user, 4, IRC_ANYTIME, "USER <user> 0 * :<real name>")
IRC_COMMAND(AUTHENTICATE, irc_authenticate, 1, IRC_ANYTIME | IRC_SECRET, "AUTHENTICATE <mechanism> | <data> | *")
IRC_COMMAND(PING, irc_ping, 1, IRC_ANYTIME, "PING <token>")
IRC_COMMAND(PONG, irc_pong, 0, IRC_ANYTIME, "PONG <token>")
IRC_COMMAND(QUIT, irc_quit, 0, IRC_ANYTIME, "QUIT [:<reason>]")
IRC_COMMAND(JOIN, irc_join, 1, 0, "JOIN <room>[,<room>...] [<key>[,<key>...]] | JOIN 0")
IRC_COMMAND(PART, irc_part, 1, 0, "PART <room>[,<room>...] [:<reason>]")
IRC_COMMAND(TOPIC, irc_topic, 1, 0, "TOPIC <room> [:<topic>]")
IRC_COMMAND(NAMES, irc_names, 0, 0, "NAMES [<room>[,<room>...]]")
IRC_COMMAND(LIST, irc_list, 0, 0, "LIST [<room>[,<room>...] | >n | <n | *mask*]")
IRC_COMMAND(INVITE, irc_invite, 0, 0, "INVITE [<user> <room>]")
IRC_COMMAND(KICK, irc_kick, 2, 0, "KICK <room> <user>[,<user>...] [:<reason>]")
IRC_COMMAND(MODE, irc_mode, 1, IRC_SECRET, "MODE <room> [<changes> [<parameter>...]] | MODE <your name>")
IRC_COMMAND(PRIVMSG, irc_privmsg, 0, IRC_TALK, "PRIVMSG <target>[,<target>...] :<text>")
IRC_COMMAND(NOTICE, irc_notice, 0, IRC_TALK, "NOTICE <target>[,<target>...] :<text>")
IRC_COMMAND(TAGMSG, irc_tagmsg, 1, 0, "TAGMSG <target>[,<target>...]")
IRC_COMMAND(CHATHISTORY, irc_chathistory, 0, 0, "CHATHISTORY BEFORE|AFTER|LATEST|AROUND <room> <reference> <n> | BETWEEN <room> <reference> <reference> <n> | TARGETS <time> <time> <n>")
IRC_COMMAND(NICKSERV, irc_nickserv, 1, IRC_SECRET, "NICKSERV <command of NickServ>; see NICKSERV HELP")
IRC_COMMAND(NS, irc_ns, 1, IRC_SECRET, "NS <command of NickServ>")
IRC_COMMAND(CHANSERV, irc_chanserv, 1, IRC_SECRET, "CHANSERV <command of ChanServ>; see CHANSERV HELP")
IRC_COMMAND(CS, irc_cs, 1, IRC_SECRET, "CS <command of ChanServ>")
IRC_COMMAND(AWAY, irc_away, 0, 0, "AWAY [:<text>]")
IRC_COMMAND(SETNAME, irc_setname, 1, 0, "SETNAME :<real name>")
IRC_COMMAND(WHO, irc_who, 0, 0, "WHO [<room> | <name> | <mask> [%<fields>[,<token>]]]")
IRC_COMMAND(WHOIS, irc_whois, 0, 0, "WHOIS [<server>] <name>[,<name>...]")
IRC_COMMAND(WHOWAS, irc_whowas, 0, 0, "WHOWAS <name>[,<name>...]")
IRC_COMMAND(USERHOST, irc_userhost, 1, 0, "USERHOST <name> ...")
IRC_COMMAND(ISON, irc_ison, 1, 0, "ISON <name> ...")
IRC_COMMAND(MONITOR, irc_monitor, 1, 0, "MONITOR + <name>[,<name>...] | - <name>[,<name>...] | C | L | S")
IRC_COMMAND(MOTD, irc_motd, 0, 0, "MOTD")
IRC_COMMAND(LUSERS, irc_lusers, 0, 0, "LUSERS")
IRC_COMMAND(VERSION, irc_version, 0, 0, "VERSION")
IRC_COMMAND(TIME, irc_time, 0, 0, "TIME")
