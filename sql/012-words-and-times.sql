-- SPDX-License-Identifier: ISC
-- The search index is made anew, because it has its words in another form now (src/store/fold.c). Its new tables are
-- terms_K; chatd drops the old ones, words_K, one after the other while it runs, and indexes the messages again from the
-- newest down.
UPDATE search SET (low, high) = (SELECT coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message);
DELETE FROM search_slice;

-- The version of the normal form that the terms in the index have (src/store/fold.h). If chatd has another one at its
-- start, the tables are renamed to words_K, and the index is made anew.
ALTER TABLE search ADD COLUMN version INTEGER NOT NULL DEFAULT 0;

-- The times of indexed messages, for blocks of 1024 numbers n: none is older than least_ms or newer than most_ms. The
-- order of numbers is not that of times, for clocks are set.
CREATE TABLE message_times (
    block    INTEGER NOT NULL PRIMARY KEY, -- n / 1024
    least_ms INTEGER NOT NULL,
    most_ms  INTEGER NOT NULL
) STRICT;
