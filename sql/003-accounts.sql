-- SPDX-License-Identifier: ISC
-- Names that are owned. An id is never given twice, so what refers to an account cannot pass to a later one of that name.
-- Of passwords and invitations only what cannot be turned back is kept. Times are milliseconds of the wall clock since 1970.

CREATE TABLE account (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key        TEXT    NOT NULL UNIQUE,                          -- the name in the form in which names are compared
    name       TEXT    NOT NULL,
    hash       TEXT    NOT NULL,                                 -- argon2id, as crypto_pwhash_str(3) writes it
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,                                 -- when somebody last was logged in to it; 0: never
    seen_from  TEXT    NOT NULL DEFAULT '',                      -- the address of the last login, without its port
    locked     INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1))
) STRICT;

CREATE TABLE invitation (
    digest     BLOB    NOT NULL PRIMARY KEY,                     -- of the code that was given out
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
