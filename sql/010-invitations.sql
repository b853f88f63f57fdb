-- SPDX-License-Identifier: ISC
-- The kind of what waits for an account: 0 a private message, 1 an invitation to the room that `text` names.

ALTER TABLE mail ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
