/* SPDX-License-Identifier: ISC */
#ifndef CHAT_PAGE_H
#define CHAT_PAGE_H

#include "base/strv.h"
#include "store/store_history.h"

/* Copies of messages that a query has read from the store, no more of them than fit into an answer. One thread at a
 * time: the store's reader fills it, then the thread that asked reads it. */
struct page {
    struct strv texts; /* owns: text, room and name of each, in the order in which they were read */
    struct {
        uint64_t id;
        int64_t time_ms;
        enum message_kind kind;
    } *said;           /* owns */
    int count, cap;
    int most;          /* messages */
    bool is_cut;       /* a message did not fit */
    size_t bytes_left; /* that its lines may still have */
    unsigned epoch;    /* set by who asks: msg_epoch(), from before they were read */
};

/* Empties it, frees what it holds, and clears its limits. */
void page_fini(struct page *p);

/* Adds a copy of a message. False: the page is full, and the message and all further ones are refused. An empty page
 * takes one message of any size. One that cannot have been said, by its room, name or text, is left out: true. */
bool page_add(struct page *p, const struct message_row *row);

/* Removes the messages for which keep(row, arg) is false. */
void page_keep(struct page *p, bool (*keep)(const struct message_row *row, void *arg), void *arg);

/* Removes the messages that were forgotten since (chat/forgotten.h). .epoch is the present one then: an answer that is
 * made of them belongs to it. */
void page_forget(struct page *p);

/* The i-th message that was added. Borrowed from the page. */
struct message_row page_at(const struct page *p, int i);

#endif
