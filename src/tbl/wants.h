/* SPDX-License-Identifier: ISC */
/*
 * What happens to users and is told only to clients that want to hear of it (.wants of struct member).
 *
 * WANT(NAME, the event, EVENT_…)
 */
WANT(AWAY, AWAY_CHANGED)
WANT(REALNAME, REALNAME)
WANT(ACCOUNT, ACCOUNT_CHANGED)
WANT(INVITE, INVITED)
WANT(READ_MARKER, READ_MARKER)
