/* SPDX-License-Identifier: ISC */
/* ASCII only and independent of the locale, so a name is the same on every machine. */
#include "config.h"

#include "proto/name.h"

#include "base/panic.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

static _Atomic int longest_now = NAME_LONGEST;

void name_configure(int longest)
{
    atomic_store_explicit(&longest_now, longest, memory_order_relaxed);
}

static bool is_name_within(const char *s, int longest)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    return n > 0 && !s[n] && n <= (size_t)longest;
}

static bool is_name(const char *s)
{
    return is_name_within(s, atomic_load_explicit(&longest_now, memory_order_relaxed));
}

bool name_is_room(const char *s)
{
    return *s == '#' && is_name_within(s + 1, NAME_LONGEST);
}

bool name_is_user(const char *s)
{
    struct in_addr address;
    return is_name(s) && *s != '-' && *s != '.' && inet_pton(AF_INET, s, &address) != 1;
}

bool name_was_user(const char *s)
{
    return is_name_within(s, NAME_LONGEST) && *s != '-' && *s != '.';
}

bool name_is_reserved(const char *s)
{
    static const char *const reserved[] = {
#define RESERVED(name) name,
#include "tbl/reserved.h"
#undef RESERVED
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcasecmp(reserved[i], s) == 0)
            return true;
    return false;
}

bool name_fits(const char *room)
{
    return is_name(room + 1);
}

bool name_room(char out[NAME_SIZE], const char *s)
{
    if (*s == '#')
        s++;
    if (!is_name_within(s, NAME_LONGEST))
        return false;
    out[0] = '#';
    memcpy(out + 1, s, strlen(s) + 1);
    return true;
}

void name_fold(char out[NAME_SIZE], const char *name)
{
    size_t i = 0;
    for (; name[i]; i++) {
        must(i < NAME_SIZE - 1);
        out[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + ('a' - 'A')) : name[i];
    }
    out[i] = '\0';
}
