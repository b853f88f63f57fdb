/* SPDX-License-Identifier: ISC */
/* Withdrawing lines from an outbox: from the queue at once. The flight is the drainer's, so the writer does it before
 * its next call; the entries of that call stay, because a call that was tried is made again with the same bytes. The
 * tail is filtered when it ends (net/outbox_tail.c). */
#include "config.h"

#include "net/outbox.h"
#include "net/outbox_impl.h"

static unsigned count_lines(const struct buf *lines)
{
    unsigned n = 0;
    for (size_t i = 0; i < lines->len; i++)
        n += lines->data[i] == '\n';
    return n;
}

/* What is left of a message, with a reference for the queue in place of that of `m`; NULL: nothing. */
static struct msg *filtered(struct msg *m, msg_filter_fn *filter)
{
    struct buf lines = {0};
    size_t answer = m->len - m->resendable;
    struct msg *left = m;
    if (m->secret)
        return m;
    filter(&lines, m->data, answer, m->epoch);
    size_t head = lines.len;
    filter(&lines, m->data + answer, m->resendable, m->epoch);
    if (lines.len != m->len) {
        left = NULL;
        if (lines.len)
            left = m->entries > 1 ? msg_new_gathered(lines.data, lines.len, count_lines(&lines)) :
                                    msg_new(lines.data, lines.len);
        if (left) {
            left->resendable = lines.len - head;
            left->epoch = m->epoch;
        }
        msg_unref(m);
    }
    buf_fini(&lines);
    return left;
}

/* Filters a batch from an entry on. Returns by how many entries it has shrunk. */
static size_t filter_locked(struct outbox *ob, struct outbox_batch *b, size_t from, msg_filter_fn *filter)
{
    size_t kept = from, entries = 0, bytes = 0;
    for (size_t i = from; i < b->n; i++) {
        entries += b->v[i]->entries;
        bytes += b->v[i]->len;
        struct msg *left = filtered(b->v[i], filter);
        if (!left)
            continue;
        entries -= left->entries;
        bytes -= left->len;
        b->v[kept++] = left;
    }
    if (from < b->n)
        b->n = kept;
    outbox_uncount_locked(ob, entries, bytes);
    outbox_relieve_locked(ob);
    return entries;
}

void outbox_filter_flight(struct outbox *ob)
{
    if (!atomic_load_explicit(&ob->flight_filter, memory_order_relaxed))
        return;
    lock_acquire(&ob->lock);
    filter_locked(ob, &ob->flight, ob->flight_at + OUTBOX_IOV, ob->flight_filter);
    ob->flight_filter = NULL;
    lock_release(&ob->lock);
}

void outbox_filter(struct outbox *ob, msg_filter_fn *filter)
{
    lock_acquire(&ob->lock);
    ob->queued_entries -= filter_locked(ob, &ob->queued, 0, filter);
    ob->flight_filter = ob->draining || ob->flight.n ? filter : NULL;
    if (outbox_is_drained_locked(ob))
        notifier_notify(ob->notifier); /* its reader may wait for that */
    lock_release(&ob->lock);
}
