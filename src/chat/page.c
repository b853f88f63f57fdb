/* SPDX-License-Identifier: ISC */
/* The strings of all messages are in one array, three for each; the numbers are in another. */
#include "config.h"

#include "chat/page.h"

#include "base/panic.h"
#include "chat/forgotten.h"
#include "net/msg.h"
#include "proto/name.h"
#include "proto/text.h"
#include "store/store_dialogues.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 96 /* of a line of the answer, without name and text, at most */

void page_fini(struct page *p)
{
    strv_fini(&p->texts);
    free(p->said);
    *p = (struct page){0};
}

/* Adds the strings of a message. False, and nothing is added: it cannot have been said so. The file may be damaged or
 * edited. */
static bool add_texts(struct page *p, const struct message_row *row)
{
    int64_t low, high;
    bool is_place = name_is_room(row->room) || store_dialogue_ids(row->room, &low, &high);
    if (!is_place || !(name_was_user(row->name) || strcmp(row->name, NAME_SERVER) == 0))
        return false;
    strv_add(&p->texts, row->text);
    if (!text_clean(p->texts.v[p->texts.n - 1], strlen(row->text))) {
        free(p->texts.v[--p->texts.n]);
        return false;
    }
    strv_add(&p->texts, row->room);
    strv_add(&p->texts, row->name);
    return true;
}

bool page_add(struct page *p, const struct message_row *row)
{
    size_t size = strlen(row->text) + strlen(row->name) + LINE_BYTES;
    p->is_cut = p->count == p->most || (p->count && size > p->bytes_left);
    if (p->is_cut)
        return false;
    if (!add_texts(p, row))
        return true;
    p->bytes_left -= size < p->bytes_left ? size : p->bytes_left;
    if (p->count == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 16;
        p->said = panic_realloc(p->said, (size_t)p->cap * sizeof *p->said);
    }
    p->said[p->count].id = row->id;
    p->said[p->count].kind = row->kind;
    p->said[p->count++].time_ms = row->time_ms;
    return true;
}

void page_keep(struct page *p, bool (*keep)(const struct message_row *row, void *arg), void *arg)
{
    struct page all = *p;
    p->texts = (struct strv){0};
    p->count = 0;
    for (int i = 0; i < all.count; i++) {
        struct message_row row = page_at(&all, i);
        if (!keep(&row, arg))
            continue;
        p->said[p->count++] = all.said[i];
        for (int k = 0; k < 3; k++)
            strv_add(&p->texts, all.texts.v[3 * i + k]);
    }
    strv_fini(&all.texts);
}

static bool is_not_forgotten(const struct message_row *row, void *arg)
{
    const unsigned *epoch = arg;
    return forgotten_passes_read(row->name, *epoch) && forgotten_passes_read(row->room, *epoch);
}

void page_forget(struct page *p)
{
    unsigned epoch = p->epoch;
    p->epoch = msg_epoch();
    if (p->epoch != epoch || forgotten_is_deleting())
        page_keep(p, is_not_forgotten, &epoch);
}

struct message_row page_at(const struct page *p, int i)
{
    return (struct message_row){
        .text = p->texts.v[3 * i],
        .room = p->texts.v[3 * i + 1],
        .name = p->texts.v[3 * i + 2],
        .id = p->said[i].id,
        .time_ms = p->said[i].time_ms,
        .kind = p->said[i].kind,
    };
}
