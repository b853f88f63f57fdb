/* SPDX-License-Identifier: ISC */
/* The waits. net/pressure.c decides which senders wait, for which outbox and how long. */
#include "config.h"

#include "serve/backpressure.h"

#include "base/clock.h"
#include "base/counter.h"
#include "chat/dialogues.h"
#include "net/post.h"
#include "net/pressure.h"

#define CHARGE_MS 20       /* a wait that takes longer charges all who are congested in the room */
#define HISTORY_POLL_MS 20 /* nothing notifies a speaker when the store fails, so it looks again */

static bool is_relieved(void *arg)
{
    return !pressure_own(arg);
}

static bool is_over(void *arg)
{
    const struct post_pressure *p = arg;
    return pressure_is_over(p->other, p->gen);
}

/* True if it has waited. `r`: the room that was spoken in, or NULL. */
static bool wait_for(struct session *s, struct post_pressure *p, struct room *r)
{
    struct outbox *own = s->member.outbox;
    bool waits = false, briefly = r && fanout_is_impatient(&r->fanout, clock_ms());
    int64_t until_ms;
    while (p->other != own && !session_is_over(s) &&
           (until_ms = pressure_begin(p->other, p->gen, own, briefly)) != 0) {
        int64_t first_ms = clock_ms() + CHARGE_MS;
        counter_add(COUNTER_PRESSURE_WAITS, !waits);
        if (!waits && r && first_ms < until_ms && !session_wait(s, first_ms, is_over, p))
            fanout_charge(&r->fanout);
        waits = true;
        session_wait(s, until_ms, is_over, p);
        if (pressure_end(p->other, p->gen, own, briefly) && r)
            fanout_waited_in_vain(&r->fanout, clock_ms());
    }
    return waits;
}

void backpressure_wait_own(struct session *s)
{
    if (!pressure_own_begins(s->member.outbox))
        return;
    counter_add(COUNTER_PRESSURE_WAITS, 1);
    session_wait(s, INT64_MAX, is_relieved, s->member.outbox);
}

void backpressure_wait(struct session *s)
{
    struct post_pressure p;
    backpressure_wait_own(s);
    while ((p = post_pressure()).other) /* the flush before a wait may meet another one */
        wait_for(s, &p, s->spoken_in);
}

static bool history_has_space(void *arg)
{
    return !history_is_full(arg);
}

static bool kept_has_space(void *arg)
{
    struct session *s = arg;
    return !dialogues_is_full(&s->member);
}

bool backpressure_wait_kept(struct session *s)
{
    bool waits = dialogues_is_full(&s->member);
    counter_add(COUNTER_PRESSURE_WAITS, waits);
    while (waits && !session_is_over(s))
        waits = !session_wait(s, clock_ms() + HISTORY_POLL_MS, kept_has_space, s);
    return !session_is_over(s);
}

bool backpressure_wait_room(struct session *s, struct room *r)
{
    struct post_pressure p;
    s->spoken_in = r;
    while (fanout_congested(&r->fanout, &p) && wait_for(s, &p, r)) /* others who waited may have filled it again */
        ;
    bool waits = history_is_full(r);
    counter_add(COUNTER_PRESSURE_WAITS, waits);
    while (waits && !session_is_over(s))
        waits = !session_wait(s, clock_ms() + HISTORY_POLL_MS, history_has_space, r);
    return !session_is_over(s);
}
