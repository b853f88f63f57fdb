-- SPDX-License-Identifier: ISC
-- What kind of a message it is: 0 it was said (MSG), 1 it tells what its author did (ME).

ALTER TABLE message ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
