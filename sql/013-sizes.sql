-- SPDX-License-Identifier: ISC
-- How much of the history each room has. `bytes` are those of names and texts, and some for each message (see
-- src/store/sizes.h).
CREATE TABLE room_size (
    room     TEXT    NOT NULL PRIMARY KEY, -- message.room
    messages INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO room_size (room, messages, bytes)
SELECT room, count(*), sum(length(CAST(name AS BLOB)) + length(CAST(text AS BLOB)) + 128) FROM message GROUP BY room;

-- The same for each speaker in a room, of messages that have their numbers from the last two days.
CREATE TABLE speaker_size (
    room     TEXT    NOT NULL,
    day      INTEGER NOT NULL, -- since 1970, of message.id
    name     TEXT    NOT NULL COLLATE NOCASE,
    messages INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    PRIMARY KEY (room, day, name)
) STRICT, WITHOUT ROWID;
