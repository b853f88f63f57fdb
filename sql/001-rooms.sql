-- SPDX-License-Identifier: ISC
-- Rooms: one row for each. Times are milliseconds of the wall clock since 1970.

CREATE TABLE room (
    key        TEXT    NOT NULL PRIMARY KEY,          -- the name as names are compared
    name       TEXT    NOT NULL,                      -- the name as first written, with its #
    topic      TEXT    NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,                      -- when a user was last in it
    kept       INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)) -- 1: created by the operator, never evicted
) STRICT, WITHOUT ROWID;

-- One row, written to find out if the database can be written again.
CREATE TABLE pulse (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    beat_ms INTEGER NOT NULL
) STRICT;
