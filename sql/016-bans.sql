-- SPDX-License-Identifier: ISC
-- Bans and mutes of the whole server. Those of a room are in its own table, ban.

CREATE TABLE server_ban (
    kind       INTEGER NOT NULL, -- 1 a ban, 2 a mute
    is_network INTEGER NOT NULL, -- 1: `target` is an address or a network, 0: a name
    target     TEXT    NOT NULL, -- a network as it is shown; a name as names are compared
    until_ms   INTEGER NOT NULL, -- wall clock in milliseconds since 1970; 0: for ever
    made_ms    INTEGER NOT NULL, -- the same
    reason     TEXT    NOT NULL, -- or ''
    by         TEXT    NOT NULL, -- the operator who made it
    PRIMARY KEY (kind, is_network, target)
) STRICT, WITHOUT ROWID;
