/* SPDX-License-Identifier: ISC */
/*
 * Not obvious: all messages of a session are one job, so that a failed store is not flooded with them. What was
 * forgotten is left out on the thread that deletes what is forgotten: so a message is stored before that, and deleted,
 * or looked at after it.
 */
#include "config.h"

#include "chat/undelivered.h"

#include "base/counter.h"
#include "base/log.h"
#include "chat/forgotten.h"
#include "chat/job.h"
#include "chat/mail.h"

#include <string.h>

/* The text follows, with its NUL. */
struct note {
    uint64_t id;
    int64_t time_ms;
    size_t text_size;
    unsigned epoch; /* of the message, when it is stored */
    char sender[MEMBER_WHO];
    char name[NAME_SIZE];
};

static struct msg *render(const struct member *to, const struct event *ev, const void *note, size_t note_size)
{
    struct buf lines = {0};
    codecs_render(&lines, ev, (enum form)to->form, to->name);
    struct msg *m = msg_new_noted(lines.data, lines.len, note, note_size);
    m->resendable = m->len;
    buf_fini(&lines);
    return m;
}

struct msg *undelivered_render(const struct member *to, const struct event *ev, const struct member *from)
{
    struct note note = {.id = ev->id, .time_ms = ev->time_ms, .text_size = strlen(ev->text) + 1};
    struct buf noted = {0};
    member_who(note.sender, from);
    memcpy(note.name, ev->name, strlen(ev->name) + 1);
    buf_add(&noted, &note, sizeof note);
    buf_add(&noted, ev->text, note.text_size);
    struct msg *m = render(to, ev, noted.data, noted.len);
    buf_fini(&noted);
    return m;
}

static struct note note_of(const struct msg *m)
{
    struct note note;
    memcpy(&note, m->data + m->len, sizeof note);
    return note;
}

uint64_t undelivered_id(const struct msg *m)
{
    return note_of(m).id;
}

struct msg *undelivered_render_again(const struct member *to, const struct msg *m)
{
    const struct note note = note_of(m);
    const char *noted = m->data + m->len;
    const struct event ev = {.kind = EVENT_MAIL, .name = note.name, .text = noted + sizeof note,
                             .id = note.id, .time_ms = note.time_ms};
    if (!forgotten_passes(note.name, m->epoch))
        return NULL;
    struct msg *again = render(to, &ev, noted, m->note);
    again->epoch = m->epoch; /* it is forgotten with the first */
    return again;
}

void undelivered_sender(const struct msg *m, char key[NAME_SIZE])
{
    const struct note note = note_of(m);
    name_fold(key, note.name);
}

/* The notes follow, each behind the text of the one before. */
struct batch {
    int64_t account;
    size_t size; /* of the notes and texts, in bytes */
    int stored, lost;
};

static int store_run(void *arg, sqlite3 *db)
{
    struct batch *b = arg;
    const char *at = (const char *)(b + 1), *end = at + b->size;
    int rc = SQLITE_OK;
    b->stored = b->lost = 0;
    while (rc == SQLITE_OK && at < end) {
        struct note note;
        int64_t n = 0;
        memcpy(&note, at, sizeof note);
        struct mail_row row = {.kind = MAIL_UNDELIVERED, .time_ms = note.time_ms, .id = note.id, .name = note.name,
                               .text = at + sizeof note, .sender = note.sender};
        at += sizeof note + note.text_size;
        if (!forgotten_passes(note.name, note.epoch))
            continue;
        rc = mail_add(db, b->account, &row, &n);
        b->stored += n > 0;
        b->lost += n <= 0;
    }
    return rc;
}

static void store_committed(void *arg)
{
    const struct batch *b = arg;
    counter_add(COUNTER_MAIL_UNDELIVERED, (uint64_t)b->stored);
    counter_add(COUNTER_MAIL_LOST, (uint64_t)b->lost);
    if (b->lost)
        log_warn("mail_lost", "account=%lld messages=%d limit=accounts.mail_undelivered", (long long)b->account,
                 b->lost);
}

static void add_note(struct buf *notes, const struct msg *m)
{
    struct note note = note_of(m);
    note.epoch = m->epoch;
    buf_add(notes, &note, sizeof note);
    buf_add(notes, m->data + m->len + sizeof note, note.text_size);
}

void undelivered_store(int64_t account, struct msg *const *v, size_t n)
{
    static const struct job store = {store_run, store_committed};
    struct batch b = {.account = account};
    struct buf job = {0};
    if (!n)
        return;
    buf_add(&job, &b, sizeof b);
    for (size_t i = 0; i < n; i++)
        add_note(&job, v[i]);
    b.size = job.len - sizeof b;
    memcpy(job.data, &b, sizeof b);
    job_post(&store, job.data, job.len);
    buf_fini(&job);
}
