/* SPDX-License-Identifier: ISC */
#ifndef SERVE_FLOOD_H
#define SERVE_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The flood limit: a bucket of tokens for each client. A line costs one token and one more for each 512 bytes. Over the
 * limit chatd reads later: with a thread for each client that costs nothing, and no line is lost. A client that stays
 * over the limit without a break is disconnected. A break is a second in which no line had to wait. One thread for each
 * struct.
 */
struct flood {
    int64_t tokens_milli, at_ms; /* thousandths of a token at that time */
    int64_t since_ms;            /* lines have had to wait since then without a break; 0: they have not */
    int64_t last_ms;             /* when a line last had to wait */
    int64_t told_ms, told_at_ms; /* milliseconds until all it may announce is allowed again, at that time */
};

/* Tokens a second, tokens of a burst, seconds without a break until the client is closed. Any thread. */
void flood_configure(int rate_per_s, int burst_tokens, int close_after_s, bool exempt_loopback);
bool flood_exempts_loopback(void);

void flood_reset(struct flood *f, int64_t now_ms);

enum flood_verdict { FLOOD_PASS, FLOOD_WAIT, FLOOD_END };

/* What all members of a room are told, also those who ignore the user: that it joins, is renamed, sets a topic. So many
 * at once, and one more after each refill_ms. Any thread. */
void flood_configure_announcements(int most, int refill_ms);
/* Pays for one. FLOOD_PASS or FLOOD_WAIT. */
enum flood_verdict flood_announce(struct flood *f, int64_t now_ms, int64_t *until_ms);

/* Pays for a line. FLOOD_WAIT: nothing is paid; ask again at *until_ms. */
enum flood_verdict flood_pay(struct flood *f, size_t line_bytes, int64_t now_ms, int64_t *until_ms);

#endif
