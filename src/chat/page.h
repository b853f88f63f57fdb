/* SPDX-License-Identifier: ISC */
#ifndef CHAT_PAGE_H
#define CHAT_PAGE_H

#include "base/strv.h"
#include "store/store_history.h"

/* Messages read from the store for somebody who asked, copied, and no more of them than fit into an answer. One thread at a
 * time: the store's reader fills it, then the asker takes it. */
struct page {
    struct strv texts; /* room, name and text of each, in the order in which they were read */
    struct {
        uint64_t id;
        int64_t time_ms;
        enum message_kind kind;
    } *said;           /* owns */
    int count, cap;
    int most;          /* messages */
    bool is_cut;       /* there was no place for one */
    size_t bytes_left; /* it is full when it would make more than these bytes of lines */
};

/* Empties it and frees what it holds; its limits are forgotten too. */
void page_fini(struct page *p);

/* Adds a message; false when there is no place for it, and then none for others. An empty page takes one of any size. */
bool page_add(struct page *p, const struct message_row *row);

/* The i-th that was read. Borrowed. */
struct message_row page_at(const struct page *p, int i);

#endif
