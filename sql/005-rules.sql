-- SPDX-License-Identifier: ISC
-- Settings of rooms. Only what differs from the default has a row; all rows go with their room.

CREATE TABLE room_option (
    room   TEXT NOT NULL REFERENCES room (key) ON DELETE CASCADE,
    option TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (room, option)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_role (
    room    TEXT    NOT NULL REFERENCES room (key) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    role    INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4), -- guest, voice, op, owner
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_role_account ON room_role (account);

CREATE TABLE room_sanction (
    room     TEXT    NOT NULL REFERENCES room (key) ON DELETE CASCADE,
    kind     INTEGER NOT NULL CHECK (kind IN (1, 2)),      -- a ban, a mute
    shown    TEXT    NOT NULL COLLATE NOCASE,              -- the name or address it was given for
    account  INTEGER NOT NULL DEFAULT 0,                   -- its target: an account, or 0;
    name     TEXT    NOT NULL DEFAULT '',                  --   a name as names are compared, or '';
    host     TEXT    NOT NULL DEFAULT '',                  --   an address, or ''
    until_ms INTEGER NOT NULL DEFAULT 0,                   -- 0: permanent
    reason   TEXT    NOT NULL DEFAULT '',
    by_name  TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (room, kind, shown)
) STRICT, WITHOUT ROWID;
