/* SPDX-License-Identifier: ISC */
/* The table of resumable sessions by token, those that wait for their account, and the end of such a session. */
#include "config.h"

#include "serve/resumable.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/panic.h"
#include "chat/rooms.h"
#include "serve/mailbox.h"
#include "serve/protocol.h"
#include "serve/session_rooms.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

/* Locking key: H by .lock · a atomic */
static struct {
    struct lock lock;
    struct resumable *table;  /* H: borrows; by token */
    struct resumable *waiting; /* H: borrows; for their accounts, the first has waited longest */
    struct resumer *resumers; /* H: borrows; those that have locked their token */
    bool stopping;            /* H */
    _Atomic int ending;       /* a: sessions that have yet to be saved */
} resume = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_RESUME}};

static _Atomic int grace_ms_now = 5000;

void resumable_configure(int grace_ms)
{
    atomic_store_explicit(&grace_ms_now, grace_ms, memory_order_relaxed);
}

/* ---- the table ---- */

void resumable_list(struct session *s, const struct token *t)
{
    struct resumable *ra = &s->resumable;
    lock_acquire(&resume.lock);
    if (ra->listed)
        HASH_DEL(resume.table, ra);
    *ra = (struct resumable){.token = *t, .has_token = true, .listed = true, .resumer = ra->resumer, .s = s};
    HASH_ADD(hh, resume.table, token.digest, sizeof ra->token.digest, ra);
    lock_release(&resume.lock);
}

/* No resumer can ask for the session any more. One that has asked gets `state`. */
static void unlist_locked(struct session *s, int state)
{
    struct resumable *ra = &s->resumable;
    struct resumer *rs = ra->resumer;
    if (ra->listed)
        HASH_DEL(resume.table, ra);
    if (ra->waits)
        LL_DELETE(resume.waiting, ra);
    ra->listed = ra->waits = false;
    ra->resumer = NULL;
    if (rs) {
        struct notifier *notifier = rs->s->member.notifier;
        rs->resumable = ra;
        atomic_store(&rs->state, state); /* a resumer that is refused may be gone from here on */
        notifier_notify(notifier);
    }
}

static void unlist(struct session *s, int state)
{
    lock_acquire(&resume.lock);
    unlist_locked(s, state);
    lock_release(&resume.lock);
}

/* True: a resumer has asked for the session, and has it now. */
static bool hand_over(struct session *s)
{
    lock_acquire(&resume.lock);
    bool is_asked_for = s->resumable.resumer != NULL;
    if (is_asked_for)
        unlist_locked(s, RESUMER_READY);
    lock_release(&resume.lock);
    return is_asked_for;
}

bool resumable_token(uint64_t id, struct token *t)
{
    lock_acquire(&resume.lock);
    const struct resumable *ra = resume.table;
    while (ra && ra->s->member.id != id)
        ra = ra->hh.next;
    if (ra)
        *t = ra->token;
    lock_release(&resume.lock);
    return ra != NULL;
}

bool resumable_is_urgent(void *arg)
{
    struct session *s = arg;
    lock_acquire(&resume.lock);
    bool urgent = s->resumable.resumer || resume.stopping || s->member.replaced || s->member.kicked;
    lock_release(&resume.lock);
    return urgent;
}

/* ---- resumers ---- */

bool resumable_lock(void *arg)
{
    struct resumer *rs = arg;
    lock_acquire(&resume.lock);
    const struct resumer *other = resume.resumers;
    while (other && memcmp(other->token, rs->token, sizeof *rs->token) != 0)
        other = other->next;
    if (!other)
        LL_PREPEND(resume.resumers, rs);
    bool is_locked = rs->listed = !other || other == rs;
    lock_release(&resume.lock);
    return is_locked;
}

void resumable_unlock(struct resumer *rs)
{
    lock_acquire(&resume.lock);
    if (rs->listed)
        LL_DELETE(resume.resumers, rs);
    rs->listed = false;
    lock_release(&resume.lock);
}

static struct resumable *find_by_token_locked(const struct token *t)
{
    struct resumable *ra;
    HASH_FIND(hh, resume.table, t->digest, sizeof t->digest, ra);
    return ra && !ra->resumer ? ra : NULL;
}

/* Its connection has broken, so its name does not change any more. */
static struct resumable *find_by_account_locked(const struct resumer *rs)
{
    struct resumable *ra = resume.waiting;
    while (ra && (ra->resumer || ra->s->member.account != rs->account || strcmp(ra->s->member.key, rs->key) != 0 ||
                  ra->s->protocol != rs->s->protocol))
        ra = ra->next;
    return ra;
}

bool resumable_request(struct resumer *rs)
{
    struct event last_words = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    lock_acquire(&resume.lock);
    struct resumable *ra = rs->token ? find_by_token_locked(rs->token) : find_by_account_locked(rs);
    bool is_requested = ra != NULL;
    if (is_requested) {
        struct member *m = &ra->s->member;
        ra->resumer = rs;
        rs->resumable = ra;
        outbox_close(m->outbox, CLOSE_RESUMED, member_render((enum form)m->form, &last_words, NULL));
        notifier_notify(m->notifier);
    }
    lock_release(&resume.lock);
    return is_requested;
}

void resumable_withdraw(struct resumer *rs)
{
    lock_acquire(&resume.lock);
    if (atomic_load(&rs->state) == RESUMER_WAITS)
        rs->resumable->resumer = NULL;
    lock_release(&resume.lock);
}

void resumable_release(struct resumable *ra)
{
    struct notifier *notifier = ra->s->member.notifier;
    atomic_store(&ra->done, true);
    notifier_notify(notifier);
}

/* ---- the end of a resumable session ---- */

void resumable_keep_tail(struct session *s)
{
    outbox_keep_tail(s->member.outbox, s->protocol->resumes_by_account ? OUTBOX_KEEPS_ALL : OUTBOX_KEEPS_NOTED);
}

static int grace_of(struct session *s)
{
    bool stops = outbox_reason(s->member.outbox) == CLOSE_STOP;
    return stops ? 0 : atomic_load_explicit(&grace_ms_now, memory_order_relaxed);
}

/* A session without a token can be asked for from now on, also before all is written. False: it does not stay. */
static bool wait_for_account(struct session *s)
{
    struct resumable *ra = &s->resumable;
    if (!s->protocol->resumes_by_account || !s->member.account || !grace_of(s))
        return false;
    lock_acquire(&resume.lock);
    *ra = (struct resumable){.waits = true, .s = s};
    LL_APPEND(resume.waiting, ra);
    lock_release(&resume.lock);
    return true;
}

bool resumable_stays(struct session *s)
{
    bool is_broken = s->member.listed && close_is_break(outbox_reason(s->member.outbox));
    return is_broken && (s->resumable.has_token || wait_for_account(s));
}

void resumable_saving(void)
{
    atomic_fetch_add(&resume.ending, 1);
}

void resumable_saved(void)
{
    atomic_fetch_sub(&resume.ending, 1);
}

void resumable_forget(struct session *s)
{
    unlist(s, RESUMER_REFUSED);
    s->resumable = (struct resumable){0};
}

/* Keeps the last lines, `most` bytes at most, behind a notice if that is not all. */
static void cut_front(struct session *s, struct buf *lines, size_t most)
{
    struct event ev = {.kind = EVENT_NOTICE, .notice = NOTICE_UNDELIVERED_OMITTED};
    struct buf kept = {0};
    if (lines->len <= most)
        return;
    const char *lf = memchr(lines->data + lines->len - most, '\n', most);
    size_t from = lf ? (size_t)(lf - lines->data) + 1 : lines->len;
    session_add(s, &kept, &ev);
    buf_add(&kept, lines->data + from, lines->len - from);
    buf_fini(lines);
    *lines = kept;
}

/* Its rooms, the current one last, so that it becomes current again; and up to where each was heard. */
static void note_rooms(struct session *s)
{
    struct member *m = &s->member;
    struct saved_session *saved = &s->resumable.saved;
    session_rooms_sync(s);
    free(saved->rooms);
    saved->rooms = panic_calloc((size_t)m->room_count + 1, sizeof *saved->rooms);
    saved->room_count = 0;
    for (int last = 0; last < 2; last++)
        for (int i = 0; i < m->room_count; i++) {
            struct saved_room *room = &saved->rooms[saved->room_count];
            if ((m->rooms[i] == m->current) != last)
                continue;
            memcpy(room->key, m->rooms[i]->key, sizeof room->key);
            room->heard = roster_heard(m->rooms[i], m);
            saved->room_count += room->heard != 0; /* else it has just been removed from the room */
        }
}

/* Saves the lines of rooms that may not have arrived, the newest if there are too many; and the rooms. Private messages
 * become mail at once, or are another session's: so they outlive the token, and whoever resumes is shown them with what
 * came since. */
static void note_all(struct session *s)
{
    struct member *m = &s->member;
    struct saved_session *saved = &s->resumable.saved;
    *saved = (struct saved_session){.broke_ms = date_used_ms(), .epoch = msg_epoch(), .caps = m->caps};
    mailbox_store_undelivered(s, &saved->missed);
    cut_front(s, &saved->missed, outbox_answer_bytes());
    note_rooms(s);
}

static bool is_done(void *arg)
{
    const struct session *s = arg;
    return atomic_load(&s->resumable.done);
}

/* Nobody has resumed it. */
static void leave(struct session *s)
{
    struct resumable *ra = &s->resumable;
    note_rooms(s); /* it may have been removed from one meanwhile */
    if (ra->has_token)
        tokens_save(&ra->token, &ra->saved);
    if (!s->goodbye)
        s->goodbye = panic_strdup("Connection lost");
}

void resumable_stay(struct session *s)
{
    struct resumable *ra = &s->resumable;
    struct member *m = &s->member;
    int grace_ms = grace_of(s);
    note_all(s);
    outbox_abandon(m->outbox); /* all was written: no need to make a peer that still reads wait */
    notifier_wait_for(m->notifier, clock_ms() + grace_ms, resumable_is_urgent, s);
    if (hand_over(s))
        notifier_wait_for(m->notifier, INT64_MAX, is_done, s);
    if (m->listed && !m->kicked)
        leave(s);
    unlist(s, RESUMER_REFUSED); /* not before: who resumes from now on finds what was saved */
    saved_session_fini(&ra->saved);
    *ra = (struct resumable){0};
}

/* ---- stopping ---- */

static void notify(struct pair *p, void *arg)
{
    (void)arg;
    notifier_notify(&p->notifier);
}

void resumable_stop(void)
{
    lock_acquire(&resume.lock);
    resume.stopping = true;
    lock_release(&resume.lock);
    pool_each(notify, NULL);
}

void resumable_wait_saved(void)
{
    struct timespec pause = {.tv_nsec = RESUMABLE_POLL_MS * 1000000L};
    while (atomic_load(&resume.ending)) /* a moment, when the server stops */
        nanosleep(&pause, NULL);
}
