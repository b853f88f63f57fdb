-- SPDX-License-Identifier: ISC
-- What is kept for an account while it has no session. Times are milliseconds of the wall clock since 1970.

-- Private messages, until they are read.
CREATE TABLE mail (
    n       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    time_ms INTEGER NOT NULL,
    name    TEXT    NOT NULL, -- the sender
    text    TEXT    NOT NULL
) STRICT;
CREATE INDEX mail_account ON mail (account, n);

-- Read marks: the last message that an account was sent in a room that it left.
CREATE TABLE mark (
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    room    TEXT    NOT NULL REFERENCES room (key) ON DELETE CASCADE,
    id      INTEGER NOT NULL, -- messages up to this id were sent to it
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_room ON mark (room);

-- Sessions that can be resumed.
CREATE TABLE token (
    digest   BLOB    NOT NULL PRIMARY KEY, -- of the token
    account  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    used_ms  INTEGER NOT NULL,             -- when it was created or last used
    broke_ms INTEGER NOT NULL DEFAULT 0,   -- when its connection broke; 0: it did not, or was resumed
    caps     INTEGER NOT NULL DEFAULT 0,   -- capabilities (CAPS) that were on
    missed   BLOB    NOT NULL DEFAULT x''  -- lines it may not have received
) STRICT, WITHOUT ROWID;
CREATE INDEX token_account ON token (account);

-- The rooms it was in then, in the order in which they were joined.
CREATE TABLE token_room (
    digest BLOB    NOT NULL REFERENCES token (digest) ON DELETE CASCADE,
    place  INTEGER NOT NULL,
    room   TEXT    NOT NULL,
    id     INTEGER NOT NULL, -- messages up to this id were sent to it
    PRIMARY KEY (digest, place)
) STRICT, WITHOUT ROWID;
