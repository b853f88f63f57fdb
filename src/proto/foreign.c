/* SPDX-License-Identifier: ISC */
/* One function for each protocol that may connect to the wrong port. */
#include "config.h"

#include "proto/foreign.h"

#include <string.h>

bool foreign_is_tls(const char *data)
{
    return *data == 0x16;
}

bool foreign_is_http(const char *line, bool is_ours)
{
    size_t method = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const char *version = strrchr(line, ' ');
    if (!method || line[method] != ' ' || !version)
        return false;
    return strncmp(version, " HTTP/", 6) == 0 || (line[method + 1] == '/' && !is_ours);
}
