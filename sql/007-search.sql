-- SPDX-License-Identifier: ISC
-- What SEARCH looks in. The words of messages stand in FTS5 tables without content, words_K for the messages whose n is
-- K * 2^18 or more and below (K + 1) * 2^18. chatd makes and drops them as it goes (src/store/search_index.c), behind the
-- writing of messages, so an old database is open at once and is indexed in steps.

-- One row: messages from low to high are in the index. Above high are those said since; below low those from before there
-- was an index, the newest of which come first.
CREATE TABLE search (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    low  INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT;

INSERT INTO search (id, low, high) SELECT 1, coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message;

-- The slices that there are.
CREATE TABLE search_slice (
    slice INTEGER NOT NULL PRIMARY KEY,
    holes INTEGER NOT NULL DEFAULT 0 -- messages taken out whose words may still stand in its pages, unfindable
) STRICT;
