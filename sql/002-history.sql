-- SPDX-License-Identifier: ISC
-- What was said in rooms. A number (id) tells the messages of a room apart and orders them; a room's numbers begin above
-- its room.created_ms << 20, so what an earlier room of that name left behind is below that, and is not shown.
-- Times are milliseconds of the wall clock since 1970.

CREATE TABLE message (
    n       INTEGER NOT NULL PRIMARY KEY,
    room    TEXT    NOT NULL, -- room.key
    id      INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    name    TEXT    NOT NULL, -- who said it, as then written
    text    TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX message_place ON message (room, id);
