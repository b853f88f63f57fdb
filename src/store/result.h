/* SPDX-License-Identifier: ISC */
#ifndef STORE_RESULT_H
#define STORE_RESULT_H

/* How calls of store/ report, beside SQLite's own result codes. */

/* Returned by run() of a job (store.h) to roll the transaction back and run it again at once, because the second
 * run will do better. No job fails because of it. Negative, so it is none of SQLite's codes. */
#define STORE_RETRY (-1)

/* Size of a buffer for an error message to the operator: one line, with its NUL. */
#define STORE_ERROR 1024

#endif
