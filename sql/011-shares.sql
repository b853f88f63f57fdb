-- SPDX-License-Identifier: ISC
-- Who made a room: '=' and the id of an account; the address of a user without one; '' if that is not known, and for
-- rooms that the operator created. Each maker has a share of the rooms.

ALTER TABLE room ADD COLUMN maker TEXT NOT NULL DEFAULT '';

-- Of rooms from before this version the owner counts as the maker.
UPDATE room SET maker = coalesce((SELECT '=' || min(account) FROM room_role WHERE room = room.key AND role = 4), '')
WHERE kept = 0;

-- Whose share of a mailbox a message uses up: as room.maker. '' for messages from before this version.

ALTER TABLE mail ADD COLUMN sender TEXT NOT NULL DEFAULT '';

-- How far the date has come, see src/base/date.h: one row. Numbers of rooms and of private messages begin above
-- number_ms << 20 at the next start.
CREATE TABLE date (
    id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    ms        INTEGER NOT NULL, -- 0: nothing is known of an earlier run
    number_ms INTEGER NOT NULL
) STRICT;

-- In a database from before this version it is the newest time that is found.
INSERT INTO date (id, ms, number_ms) SELECT 1, coalesce(max(ms), 0), coalesce(max(ms), 0) FROM (
    SELECT max(used_ms) AS ms FROM room UNION ALL SELECT max(seen_ms) FROM account UNION ALL
    SELECT max(used_ms) FROM token UNION ALL SELECT time_ms FROM mail WHERE n = (SELECT max(n) FROM mail) UNION ALL
    SELECT time_ms FROM message WHERE n = (SELECT max(n) FROM message));
