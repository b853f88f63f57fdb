-- SPDX-License-Identifier: ISC
-- Messages of rooms. The id identifies a message in its room and gives the order. A room's ids begin above its
-- room.created_ms << 20; lower ids are of an earlier room of the same name, and are not shown.
-- Times are milliseconds of the wall clock since 1970.

CREATE TABLE message (
    n       INTEGER NOT NULL PRIMARY KEY,
    room    TEXT    NOT NULL, -- room.key
    id      INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    name    TEXT    NOT NULL, -- the author's name, as written then
    text    TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_place ON message (room, id);
