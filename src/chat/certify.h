/* SPDX-License-Identifier: ISC */
#ifndef CHAT_CERTIFY_H
#define CHAT_CERTIFY_H

#include "chat/accounts.h"

/*
 * Changes of the client certificates of an account; chat/accounts.h looks them up. Each waits until it is on disk, or
 * returns why it was not made. Blocks. Any thread with a notifier, no lock.
 */
/* The most certificates of one account. Any thread. */
void certify_configure(int most);

enum certify_result {
    CERTIFY_DONE,
    CERTIFY_STORAGE,
    CERTIFY_UNKNOWN,   /* the account is gone */
    CERTIFY_OUTDATED,  /* what the session has proved does not hold any more */
    CERTIFY_THERE,     /* the account has it already */
    CERTIFY_FULL,
    CERTIFY_NOT_FOUND, /* no certificate of the account begins so */
    CERTIFY_AMBIGUOUS  /* several do */
};
enum certify_result certify_add(const struct proof *proof, const char *fingerprint, const struct waiter *w);

/* Removes the one that begins with `fingerprint`, which is then the whole of it. It begins a new era of the account,
 * which is then that of the proof, and revokes the tokens: a session with the certificate may have taken them. */
enum certify_result certify_remove(struct proof *proof, char fingerprint[FINGERPRINT_SIZE], const struct waiter *w);

#endif
