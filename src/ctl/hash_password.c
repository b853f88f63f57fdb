/* SPDX-License-Identifier: ISC */
/* At the default costs: those of the configuration are for passwords that chatd hashes itself. */
#include "config.h"

#include "ctl/hash_password.h"

#include "base/secret.h"
#include "proto/text.h"

#include <stdio.h>
#include <string.h>

#define MOST 400 /* bytes: with OPER and a name it fits into a line of IRC */

/* What is wrong with a password that is given as one word in a line of IRC; or NULL. */
static const char *fault_of(const char *password)
{
    if (strlen(password) > MOST)
        return "the password is too long: at most 400 bytes";
    if (strpbrk(password, " \t") || *password == ':')
        return "a password must not contain blanks or begin with a colon, because IRC clients send it as one word";
    return text_is_clean(password, strlen(password)) ? NULL : "a password must be UTF-8, without control characters";
}

static const char *make(char hash[SECRET_HASH], const char *password)
{
    if (!secret_available())
        return "built without libsodium, as is chatd, which then has no operators over IRC";
    if (secret_start() != 0)
        return "cannot read random data: check /dev/urandom";
    return secret_hash(hash, password) ? NULL : "not enough memory";
}

int hash_password(const char *password)
{
    char hash[SECRET_HASH];
    const char *wrong = fault_of(password);
    if (!wrong)
        wrong = make(hash, password);
    if (wrong)
        fprintf(stderr, "chatctl: %s\n", wrong);
    else
        printf("%s\n", hash);
    return wrong ? -1 : 0;
}
