-- SPDX-License-Identifier: ISC
-- Rooms that survive: one row a room. Times are milliseconds of the wall clock since 1970.

CREATE TABLE room (
    key        TEXT    NOT NULL PRIMARY KEY,          -- the name in the form in which names are compared
    name       TEXT    NOT NULL,                      -- the name as first written, with its #
    topic      TEXT    NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,                      -- when somebody was last in it
    kept       INTEGER NOT NULL DEFAULT 0 CHECK (kept IN (0, 1)) -- 1: made by the operator, never gives way
) STRICT, WITHOUT ROWID;

-- One row that is written to find out whether the disk takes writes again.
CREATE TABLE pulse (
    id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    beat_ms INTEGER NOT NULL
) STRICT;
