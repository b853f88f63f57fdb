/* SPDX-License-Identifier: ISC */
/*
 * Every way in which a session ends. The first reason given to outbox_close() wins.
 *
 * CLOSE(NAME, "name in logs and the console", last words, error, queue, wakes, drain_ms, code)
 *   last words  the last thing the client is told: NONE, GOODBYE, or ERROR with the row of tbl/errors.h; each protocol has
 *               its own words for them
 *   queue       KEEP: what is queued is written first; DROP: it is discarded
 *   wakes       what ends the reader's blocking read: NOTHING (the reader itself closes), READ or BOTH directions
 *   drain_ms    how long writing the queue and the last words may take
 *   code        what a WebSocket client is told (RFC 6455 section 7.4.1)
 */
CLOSE(EOF, "left", NONE, NONE, KEEP, NOTHING, 5000, 1000)
CLOSE(QUIT, "quit", GOODBYE, NONE, KEEP, NOTHING, 5000, 1000)
CLOSE(GONE, "gone", NONE, NONE, DROP, BOTH, 0, 1002)
CLOSE(FOREIGN, "wrong_protocol", NONE, NONE, DROP, NOTHING, 0, 1002)
CLOSE(TLS_ON_PLAIN, "tls_on_plain_port", NONE, NONE, DROP, NOTHING, 0, 1002)
CLOSE(PLAIN_ON_TLS, "plain_on_tls_port", ERROR, NEEDS_TLS, DROP, NOTHING, 1000, 1002)
CLOSE(HANDSHAKE, "tls_handshake", NONE, NONE, DROP, NOTHING, 1000, 1002)
CLOSE(TLS, "tls_error", NONE, NONE, DROP, NOTHING, 1000, 1002)
CLOSE(WEBSOCKET, "websocket_error", NONE, NONE, DROP, NOTHING, 1000, 1002)
CLOSE(HTTP, "http", NONE, NONE, KEEP, NOTHING, 5000, 1000)
CLOSE(HTTP_IDLE, "http_idle", NONE, NONE, KEEP, READ, 1000, 1000)
CLOSE(REQUEST, "http_timeout", NONE, NONE, KEEP, READ, 1000, 1000)
CLOSE(LOGIN, "login_timeout", ERROR, LOGIN_TIMEOUT, KEEP, READ, 1000, 1008)
CLOSE(SLOW, "slow", ERROR, TOO_SLOW, DROP, READ, 1000, 1008)
CLOSE(FLOOD, "flood", ERROR, FLOODING, KEEP, NOTHING, 1000, 1008)
CLOSE(KICK, "kick", ERROR, KICKED, KEEP, READ, 1000, 1008)
CLOSE(BANNED, "banned", ERROR, SERVER_BANNED, KEEP, READ, 1000, 1008)
CLOSE(REPLACED, "replaced", ERROR, REPLACED, KEEP, READ, 1000, 1000)
CLOSE(LOGOUT, "logout", ERROR, LOGGED_OUT, KEEP, READ, 1000, 1000)
CLOSE(RESUMED, "resumed", ERROR, REPLACED, KEEP, READ, 200, 1000)
CLOSE(LOCKED, "locked", ERROR, LOCKED, KEEP, READ, 1000, 1008)
CLOSE(STOP, "stop", ERROR, STOPPING, KEEP, READ, 4000, 1001)
