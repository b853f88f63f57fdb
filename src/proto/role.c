/* SPDX-License-Identifier: ISC */
/* Roles by name. */
#include "config.h"

#include "proto/role.h"

const char *role_name(enum role role)
{
    static const char *const names[] = {"none", "guest", "voice", "op", "owner"};
    return names[role];
}
