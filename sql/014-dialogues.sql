-- SPDX-License-Identifier: ISC
-- Private messages between two accounts, if they are kept: a dialogue. They are rows of `message` like those of rooms;
-- in place of a room's key stands '@' and the two account ids, each as 16 hexadecimal digits, the lower one first, and
-- `kind` is 2 if the account with the higher id has said it. When an account goes, its dialogues go, and messages
-- without a dialogue are not shown to anybody, and deleted soon.

CREATE TABLE dialogue (
    key     TEXT    NOT NULL PRIMARY KEY, -- message.room
    low     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    high    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    last_ms INTEGER NOT NULL              -- wall clock of the newest message
) STRICT, WITHOUT ROWID;
CREATE INDEX dialogue_low ON dialogue (low);
CREATE INDEX dialogue_high ON dialogue (high);

-- 0: the owner does not want its private messages to be kept.
ALTER TABLE account ADD COLUMN keeps INTEGER NOT NULL DEFAULT 1 CHECK (keeps IN (0, 1));

-- The number that the message had when it was sent; 0: an invitation, or a message from before this version.
ALTER TABLE mail ADD COLUMN id INTEGER NOT NULL DEFAULT 0;
