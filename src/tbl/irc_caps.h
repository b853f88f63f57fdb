/* SPDX-License-Identifier: ISC */
/*
 * What an IRC client may switch on for itself with CAP REQ (IRCv3, capability negotiation). All are off at first.
 *
 * IRC_CAP(NAME, "name", extra, "what it does")
 *   extra  what it changes in lines that many clients share, of enum irc_extra; 0: nothing
 */
IRC_CAP(ACCOUNT_NOTIFY, "account-notify", 0, "ACCOUNT tells that somebody in a shared room has registered, logged in or given the account up")
IRC_CAP(ACCOUNT_TAG, "account-tag", IRC_ACCOUNT, "lines of registered users have the tag account")
IRC_CAP(AWAY_NOTIFY, "away-notify", 0, "AWAY tells that somebody in a shared room has gone away or is back")
IRC_CAP(BATCH, "batch", 0, "lines that belong together, such as those from the history, are in a batch")
IRC_CAP(CAP_NOTIFY, "cap-notify", 0, "accepted; capabilities do not come or go while the client is connected")
IRC_CAP(REGISTRATION, "draft/account-registration", 0, "REGISTER registers the name of the client")
IRC_CAP(CHATHISTORY, "draft/chathistory", 0, "CHATHISTORY reads what was said before, and JOIN does not show it")
IRC_CAP(READ_MARKER, "draft/read-marker", 0, "MARKREAD tells how far the user has read, after JOIN and when another session has read on")
IRC_CAP(ECHO, "echo-message", 0, "the client is sent what it says itself, as others see it")
IRC_CAP(EXTENDED_JOIN, "extended-join", IRC_JOIN, "JOIN has the account of the user")
IRC_CAP(INVITE_NOTIFY, "invite-notify", 0, "ops of a room are told who is invited by whom")
IRC_CAP(LABELED, "labeled-response", 0, "the answer to a line with the tag label has that label")
IRC_CAP(TAGS, "message-tags", IRC_TAGS, "lines have numbers (msgid), and what programs tell each other in tags")
IRC_CAP(MULTI_PREFIX, "multi-prefix", 0, "all signs of a user are shown; in chatd a user has one at most")
IRC_CAP(SASL, "sasl", 0, "logging in before the session begins")
IRC_CAP(SETNAME, "setname", 0, "changes of real names are told")
IRC_CAP(TIME, "server-time", IRC_TIME, "lines have the tag time: when they were said")
IRC_CAP(STANDARD_REPLIES, "standard-replies", 0, "errors without a number of their own are FAIL lines")
IRC_CAP(STS, "sts", 0, "where IRC is encrypted, and for how long clients come back there only (irc.sts_s); nobody asks for it")
IRC_CAP(HOSTS, "userhost-in-names", IRC_HOSTS, "NAMES shows the hosts of users")
