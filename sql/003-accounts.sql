-- SPDX-License-Identifier: ISC
-- Accounts: registered names. An id is never used again, so what refers to an account cannot pass to a later account of
-- the same name. Of a password or an invitation only a hash or a digest is stored. Times are milliseconds of the wall
-- clock since 1970.

CREATE TABLE account (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,                          -- the name as names are compared
    name       TEXT    NOT NULL,
    hash       TEXT    NOT NULL,                                 -- argon2id, as crypto_pwhash_str(3) writes it
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,                                 -- the last login; 0: never
    seen_from  TEXT    NOT NULL DEFAULT '',                      -- the address of the last login, without its port
    locked     INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1))
) STRICT;

CREATE TABLE invitation (
    digest     BLOB    NOT NULL PRIMARY KEY,                     -- of the invitation code
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
