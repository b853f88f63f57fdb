-- SPDX-License-Identifier: ISC
-- Who made a room: '=' and the id of an account; the address of a user without one; '' if that is not known, and for
-- rooms that the operator created. Each maker has a share of the rooms.

ALTER TABLE room ADD COLUMN maker TEXT NOT NULL DEFAULT '';

-- Of rooms from before this version the owner counts as the maker.
UPDATE room SET maker = coalesce((SELECT '=' || min(account) FROM room_role WHERE room = room.key AND role = 4), '')
WHERE kept = 0;
