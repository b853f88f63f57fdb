-- SPDX-License-Identifier: ISC
-- The search index. The words of messages are in FTS5 tables without content: words_K for the messages with n from
-- K * 2^18 up to (K + 1) * 2^18 - 1. chatd creates and drops these tables (src/store/search_index.c). The index follows
-- the messages in steps, so an old database can be used at once.

-- One row: messages from low to high are indexed. Messages above high were written since; messages below low are older
-- than the index, and are indexed from the newest down.
CREATE TABLE search (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    low  INTEGER NOT NULL,
    high INTEGER NOT NULL
) STRICT;

INSERT INTO search (id, low, high) SELECT 1, coalesce(max(n), 0) + 1, coalesce(max(n), 0) FROM message;

-- The slices of the index.
CREATE TABLE search_slice (
    slice INTEGER NOT NULL PRIMARY KEY,
    holes INTEGER NOT NULL DEFAULT 0 -- deleted messages whose words may still be in its pages
) STRICT;
