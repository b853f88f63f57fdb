-- SPDX-License-Identifier: ISC
-- Read markers: the time of the last message that the owner of an account has read, as its clients say. mark.id tells
-- what was sent, and while the account is in the room, nothing at all. Milliseconds of the wall clock; 0: not known.

ALTER TABLE mark ADD COLUMN read_ms INTEGER NOT NULL DEFAULT 0;

-- Of the two accounts of a dialogue.
ALTER TABLE dialogue ADD COLUMN low_read_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE dialogue ADD COLUMN high_read_ms INTEGER NOT NULL DEFAULT 0;
