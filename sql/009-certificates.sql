-- SPDX-License-Identifier: ISC
-- Client certificates by which owners of accounts log in. One certificate may belong to several accounts.

CREATE TABLE certificate (
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    fingerprint TEXT    NOT NULL CHECK (length(fingerprint) = 64), -- SHA-256 of the certificate, hexadecimal, lower case
    added_ms    INTEGER NOT NULL,                                  -- wall clock in milliseconds since 1970
    PRIMARY KEY (account, fingerprint)
) STRICT, WITHOUT ROWID;

-- Counts how often rights were revoked: by a new password, a removed certificate, a lock. Who proved to own the account
-- in an earlier era must prove it again.
ALTER TABLE account ADD COLUMN era INTEGER NOT NULL DEFAULT 0;
