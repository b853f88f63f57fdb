-- SPDX-License-Identifier: ISC
-- Who set the topic of a room, and when: '' and 0 for a room without one, and for topics from before this version.

ALTER TABLE room ADD COLUMN topic_by TEXT NOT NULL DEFAULT '';   -- the name as then written; 'server': the operator
ALTER TABLE room ADD COLUMN topic_ms INTEGER NOT NULL DEFAULT 0; -- wall clock in milliseconds since 1970
