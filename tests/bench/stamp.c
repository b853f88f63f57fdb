/* SPDX-License-Identifier: ISC */
/*
 * Numbered texts. Each delivery is read, millions of times a second, so eight digits are converted at once: loaded as
 * one word with the first digit on top, each byte becomes its value (a letter has bit 6 set and is 9 more than its low
 * half), then halves are joined three times.
 */
#include "config.h"

#include "tests/bench/stamp.h"

#include <endian.h>
#include <string.h>

static char filling[STAMP_MOST];

static void put_hex(char *at, uint64_t v, int digits)
{
    for (int i = digits - 1; i >= 0; i--, v >>= 4)
        at[i] = "0123456789abcdef"[v & 15];
}

static uint32_t get_hex(const char *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    v = be64toh(v);
    v = (v & 0x0f0f0f0f0f0f0f0f) + 9 * ((v >> 6) & 0x0101010101010101);
    v = (v | v >> 4) & 0x00ff00ff00ff00ff;
    v = (v | v >> 8) & 0x0000ffff0000ffff;
    return (uint32_t)(v | v >> 16);
}

static const char *fill(void)
{
    if (!filling[0])
        memset(filling, '.', sizeof filling);
    return filling;
}

void stamp_write(char *text, size_t len, const struct stamp *st)
{
    text[0] = STAMP_MARK;
    put_hex(text + 1, (uint64_t)st->room << 16 | st->sender, 8);
    put_hex(text + 9, st->number, 8);
    put_hex(text + 17, (uint64_t)st->sent_ns, 16);
    memcpy(text + STAMP_LEAST, fill(), len - STAMP_LEAST);
}

bool stamp_read(const char *text, size_t len, struct stamp *st)
{
    if (len < STAMP_LEAST || text[0] != STAMP_MARK || memcmp(text + STAMP_LEAST, fill(), len - STAMP_LEAST) != 0)
        return false;
    uint32_t origin = get_hex(text + 1);
    st->room = origin >> 16;
    st->sender = origin & 0xffff;
    st->number = get_hex(text + 9);
    st->sent_ns = (int64_t)((uint64_t)get_hex(text + 17) << 32 | get_hex(text + 25));
    return true;
}
