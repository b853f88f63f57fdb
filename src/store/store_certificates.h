/* SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_CERTIFICATES_H
#define STORE_STORE_CERTIFICATES_H

#include <sqlite3.h>
#include <stdint.h>

/*
 * Client certificates of accounts on disk. The calls but the first are for run() of a store_job, inside its
 * transaction; SQLITE_OK or the error. Strings are borrowed for the call; times are of the wall clock, in milliseconds
 * since 1970.
 */
struct certificate_row {
    int64_t account;
    const char *fingerprint;
    int64_t added_ms;
};

/* Calls fn for each, the oldest of an account first; the row is borrowed for the call. Main thread, before
 * store_start. */
int store_certificates_load(sqlite3 *db, void (*fn)(const struct certificate_row *row, void *arg), void *arg);

/* Adds one to an account, which must exist, unless it has it already, or has `most` others. */
enum certificate_added { CERTIFICATE_ADDED, CERTIFICATE_THERE, CERTIFICATE_TOO_MANY };
int store_certificates_add(sqlite3 *db, const struct certificate_row *row, int most, enum certificate_added *result);

/* Finds those of an account that begin so: writes one of them to `fingerprint`. *n is their number. */
#define CERTIFICATE_FINGERPRINT 65 /* with its NUL */
int store_certificates_match(sqlite3 *db, int64_t account, const char *beginning,
                             char fingerprint[CERTIFICATE_FINGERPRINT], int *n);

/* Removes one; or all of an account. */
int store_certificates_remove(sqlite3 *db, int64_t account, const char *fingerprint);
int store_certificates_remove_all(sqlite3 *db, int64_t account);

#endif
