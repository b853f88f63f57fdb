-- SPDX-License-Identifier: ISC
-- Holds the place of the migration with this number, which another branch brings; it replaces this file.

SELECT 1;
