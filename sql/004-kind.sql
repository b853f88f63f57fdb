-- SPDX-License-Identifier: ISC
-- The kind of a message: 0 said (MSG), 1 an action (ME).

ALTER TABLE message ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
