/* SPDX-License-Identifier: ISC */
/*
 * Names that no user may take or register, compared without case. People of other chats type passwords at the names of
 * services; no user may receive them.
 *
 * RESERVED("name")
 */
RESERVED("server")
RESERVED("NickServ")
RESERVED("ChanServ")
RESERVED("MemoServ")
RESERVED("OperServ")
RESERVED("HostServ")
RESERVED("BotServ")
RESERVED("AuthServ")
RESERVED("SaslServ")
