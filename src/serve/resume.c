/* SPDX-License-Identifier: ISC */
/*
 * TOKEN and RESUME. Not obvious: the resumer's reader does the handing over while the resumable's reader waits, so each of the
 * two sessions is touched by one thread at a time, and no reader takes orders from another.
 */
#include "config.h"

#include "serve/resume.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "serve/command.h"
#include "serve/login.h"
#include "serve/mailbox.h"
#include "serve/backlog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#define RESUMER_WAIT_MS 8000 /* for a resumable to write what it can and to hand over */
#define COME_WAIT_MS 200  /* for the peer's machine to acknowledge what was written last */
#define IDLE_WAIT_MS 2000 /* for an outbox to be empty once */
#define LOOK_MS 10
#define TRIES_MOST 20 /* readings of a past, while the room goes on talking */

enum { RESUMER_WAITS, RESUMER_READY, RESUMER_REFUSED };

struct resumer {
    struct session *s;
    const struct token *token;
    struct resumer *next; /* H */
    bool listed;       /* H */
    _Atomic int state;
    struct resumable *resumable; /* RESUMER_READY: its reader waits until .done */
};

/* Locking key: H by .lock */
static struct {
    struct lock lock;
    struct resumable *table; /* H: borrows */
    struct resumer *resumers;   /* H: borrows; those who are about to resume */
    bool stopping;        /* H */
    _Atomic int ending;   /* holders that have yet to be parked */
} resume = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_RESUME}};

static _Atomic int grace_ms_now = 5000, messages_now = 1000;

void resume_configure(int grace_ms, int messages)
{
    atomic_store_explicit(&grace_ms_now, grace_ms, memory_order_relaxed);
    atomic_store_explicit(&messages_now, messages, memory_order_relaxed);
}

/* ---- holders ---- */

static void list(struct session *s, const struct token *t)
{
    struct resumable *h = &s->resumable;
    lock_acquire(&resume.lock);
    if (h->listed)
        HASH_DEL(resume.table, h);
    *h = (struct resumable){.token = *t, .has_token = true, .listed = true, .resumer = h->resumer, .s = s};
    HASH_ADD(hh, resume.table, token.digest, sizeof h->token.digest, h);
    lock_release(&resume.lock);
}

/* Out of the table: from here on no resumer can come. True: one came, and is told `state`. */
static bool unlist(struct session *s, int state)
{
    struct resumable *h = &s->resumable;
    lock_acquire(&resume.lock);
    struct resumer *resumer = h->resumer;
    if (h->listed)
        HASH_DEL(resume.table, h);
    h->listed = false;
    h->resumer = NULL;
    if (resumer) {
        struct notifier *notifier = resumer->s->member.notifier;
        resumer->resumable = h;
        atomic_store(&resumer->state, state); /* a resumer that is refused may be gone from here on */
        notifier_notify(notifier);
    }
    lock_release(&resume.lock);
    return resumer != NULL;
}

bool resume_is_urgent(void *arg)
{
    struct session *s = arg;
    lock_acquire(&resume.lock);
    bool urgent = s->resumable.resumer || resume.stopping || s->member.replaced || s->member.kicked;
    lock_release(&resume.lock);
    return urgent;
}

void resume_stop(void)
{
    lock_acquire(&resume.lock);
    resume.stopping = true;
    for (struct resumable *h = resume.table; h; h = h->hh.next)
        notifier_notify(h->s->member.notifier);
    lock_release(&resume.lock);
}

/* ---- the end of a resumable ---- */

bool resume_must_save(struct session *s)
{
    static const bool is_break[CLOSE_REASONS] = {[CLOSE_EOF] = true, [CLOSE_GONE] = true, [CLOSE_SLOW] = true,
                                                 [CLOSE_STOP] = true, [CLOSE_RESUMED] = true};
    bool must_save = s->resumable.has_token && s->member.listed && is_break[outbox_reason(s->pair->outbox)];
    if (must_save)
        atomic_fetch_add(&resume.ending, 1);
    return must_save;
}

void resume_saved(void)
{
    atomic_fetch_sub(&resume.ending, 1);
}

void resume_wait_saved(void)
{
    struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    while (atomic_load(&resume.ending)) /* a moment, at the stop */
        nanosleep(&pause, NULL);
}

void resume_forget(struct session *s)
{
    struct buf lines = {0};
    unlist(s, RESUMER_REFUSED);
    outbox_end_tail(s->pair->outbox, &lines);
    buf_fini(&lines);
    s->resumable = (struct resumable){0};
}

/* Keeps the last lines, so many bytes at most, and tells if that is not all. */
static void cut_front(struct session *s, struct buf *lines, size_t most)
{
    struct event ev = {.kind = EVENT_NOTICE, .text = "more had not come than is shown here; HISTORY has what rooms said"};
    struct buf kept = {0};
    if (lines->len <= most)
        return;
    const char *lf = memchr(lines->data + lines->len - most, '\n', most);
    size_t from = lf ? (size_t)(lf - lines->data) + 1 : lines->len;
    s->codec->render(&kept, &ev, (enum form)s->member.form);
    buf_add(&kept, lines->data + from, lines->len - from);
    buf_fini(lines);
    *lines = kept;
}

static bool has_come(void *arg)
{
    struct session *s = arg;
    return outbox_all_acknowledged(s->pair->outbox);
}

/* Its rooms, the current one last, so that it is current again; and how far each was heard. */
static void note_rooms(struct session *s)
{
    struct member *m = &s->member;
    struct saved_session *p = &s->resumable.saved;
    session_sync_rooms(s);
    free(p->rooms);
    p->rooms = panic_calloc((size_t)m->room_count + 1, sizeof *p->rooms);
    p->room_count = 0;
    for (int last = 0; last < 2; last++)
        for (int i = 0; i < m->room_count; i++) {
            struct saved_room *room = &p->rooms[p->room_count];
            if ((m->rooms[i] == m->current) != last)
                continue;
            memcpy(room->key, m->rooms[i]->key, sizeof room->key);
            room->heard = room_heard(m->rooms[i], m);
            p->room_count += room->heard != 0; /* else it has just been put out */
        }
}

/* What may not have come, but for the oldest of very much; and the rooms. */
static void look_back(struct session *s)
{
    struct member *m = &s->member;
    struct saved_session *p = &s->resumable.saved;
    for (int64_t until_ms = clock_ms() + COME_WAIT_MS; !has_come(s) && clock_ms() < until_ms;)
        notifier_wait(m->notifier, clock_ms() + LOOK_MS); /* the kernel rings for nobody */
    *p = (struct saved_session){.broke_ms = clock_wall_ms(), .caps = m->caps};
    outbox_end_tail(s->pair->outbox, &p->missed);
    cut_front(s, &p->missed, (size_t)outbox_limits().bytes / 2);
    note_rooms(s);
}

static bool is_done(void *arg)
{
    const struct session *s = arg;
    return atomic_load(&s->resumable.done);
}

void resume_save(struct session *s)
{
    struct resumable *h = &s->resumable;
    int grace_ms = outbox_reason(s->pair->outbox) == CLOSE_STOP ? 0 : atomic_load_explicit(&grace_ms_now, memory_order_relaxed);
    look_back(s);
    outbox_abandon(s->pair->outbox); /* all was written: the peer, if it still reads, need not wait with us */
    notifier_wait_for(s->member.notifier, clock_ms() + grace_ms, resume_is_urgent, s);
    if (unlist(s, RESUMER_READY))
        notifier_wait_for(s->member.notifier, INT64_MAX, is_done, s);
    if (s->member.listed && !s->member.kicked) {
        note_rooms(s); /* somebody may have been put out meanwhile */
        tokens_save(&h->token, &h->saved);
    }
    saved_session_fini(&h->saved);
    *h = (struct resumable){0};
}

/* ---- coming back ---- */

/* What was said in the room since that number, as far as it is kept. */
static void read_backlog(struct session *s, struct room *r, uint64_t heard, struct backlog *backlog)
{
    struct backlog_query w = {.after = heard, .most = atomic_load_explicit(&messages_now, memory_order_relaxed), .tells = true};
    backlog_read(s, r, &w, backlog);
}

static void set_caps(struct session *s, unsigned caps)
{
    s->member.caps = caps;
    users_set_form(&s->member, caps & 1u << CAP_TAGS ? FORM_TAGS : s->codec->form);
}

static void show_missed(struct session *s, const struct saved_session *p)
{
    if (p->missed.len)
        member_answer_said(&s->member, &p->missed, 0);
    session_yield_to_own(s);
}

/* Takes the resumable's place in one room. */
static void swap(struct session *s, struct session *old, struct room *r, uint64_t heard)
{
    enum room_swap result = ROOM_SWAP_AGAIN;
    for (int i = 0; i < TRIES_MOST && result == ROOM_SWAP_AGAIN; i++) {
        struct backlog backlog;
        read_backlog(s, r, heard, &backlog);
        if (i == TRIES_MOST - 1)
            backlog_give_up(s, r, &backlog);
        result = room_swap(r, &old->member, &s->member, &backlog);
        buf_fini(&backlog.lines);
    }
    if (result != ROOM_SWAPPED)
        return; /* it was put out of it */
    member_remove_room(&old->member, r);
    member_add_room(&s->member, r);
    session_yield_to_own(s);
}

/* The resumable goes its way, with what is left to it. */
static void release(struct resumable *h)
{
    struct notifier *notifier = h->s->member.notifier;
    atomic_store(&h->done, true);
    notifier_notify(notifier);
}

/* Whether the account is still as it was when the token was looked at. */
static bool may_take_over(void *arg)
{
    const struct account *own = arg;
    return accounts_admits(own->name, own);
}

/* The resumable's reader waits. */
static void take_over(struct session *s, struct account *own, struct resumable *h)
{
    struct session *old = h->s;
    struct event welcome = {.kind = EVENT_WELCOME_BACK, .name = old->member.name};
    const struct claim c = {.answer = &welcome, .may = may_take_over, .arg = own};
    const struct room *current = old->member.current;
    char host[ADDRS_TEXT];
    set_caps(s, h->saved.caps);
    s->member.account = own->id;
    if (!users_take_over(&s->member, &old->member, &c)) {
        s->member.account = 0;
        set_caps(s, 0);
        release(h);
        session_error(s, ERROR_BAD_TOKEN, NULL);
        return;
    }
    show_missed(s, &h->saved);
    for (int i = 0; i < h->saved.room_count; i++) {
        struct room *r = member_room(&old->member, h->saved.rooms[i].key);
        if (r)
            swap(s, old, r, h->saved.rooms[i].heard);
        if (r && r == current && member_is_in(&s->member, r))
            s->member.current = r;
    }
    session_count_rooms(s);
    session_named(s);
    accounts_note_seen(own->id, addrs_key_text(&s->pair->arrival.peer, host));
    release(h); /* from here on the resumable is its own again */
    mailbox_show(s);
}

/* Comes into one room again, whoever may join it now, but not from a ban. */
static void join_again(struct session *s, const struct saved_room *room)
{
    bool is_in = false;
    struct room *r = rooms_find(room->key);
    if (!r)
        return;
    for (int i = 0; i < TRIES_MOST && !is_in; i++) {
        struct refusal no = {0};
        struct backlog backlog;
        unsigned ticket;
        room_admits(r, &s->member, NULL, &ticket, &no);
        refusal_fini(&no);
        if (no.verdict == RULES_BANNED || (no.verdict != RULES_ALLOWED && !room_was_there(r, room->heard)))
            break;
        read_backlog(s, r, room->heard, &backlog);
        if (i == TRIES_MOST - 1)
            backlog_give_up(s, r, &backlog);
        is_in = session_enter_room(s, r, ticket, &backlog);
        buf_fini(&backlog.lines);
    }
    if (is_in)
        session_yield_to_own(s);
    else
        rooms_release(r);
}

static void come_back(struct session *s, const struct account *own, const struct token *t)
{
    struct waiter w = login_waiter(s);
    struct saved_session p;
    if (!login_take_name(s, own->name, own, EVENT_WELCOME_BACK))
        return;
    if (tokens_take(t, &p, &w) != TOKENS_DONE) {
        session_error(s, ERROR_STORAGE, NULL); /* what was parked stays */
        return;
    }
    set_caps(s, p.caps);
    show_missed(s, &p);
    for (int i = 0; i < p.room_count; i++)
        join_again(s, &p.rooms[i]);
    saved_session_fini(&p);
}

/* True: somebody holds the token, is closed, and will answer the resumer. */
static bool claim(const struct token *t, struct resumer *resumer)
{
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_REPLACED};
    struct resumable *h;
    lock_acquire(&resume.lock);
    HASH_FIND(hh, resume.table, t->digest, sizeof t->digest, h);
    bool claims = h && !h->resumer;
    if (claims) {
        h->resumer = resumer;
        resumer->resumable = h;
        outbox_close(h->s->pair->outbox, CLOSE_RESUMED, member_render((enum form)h->s->member.form, &words));
        notifier_notify(h->s->member.notifier);
    }
    lock_release(&resume.lock);
    return claims;
}

static bool is_answered(void *arg)
{
    const struct resumer *resumer = arg;
    return atomic_load(&resumer->state) != RESUMER_WAITS;
}

/* Takes the claim back, if it was not answered yet. */
static void withdraw(struct resumer *resumer)
{
    lock_acquire(&resume.lock);
    if (!is_answered(resumer))
        resumer->resumable->resumer = NULL;
    lock_release(&resume.lock);
}

/* Has what was written kept from now on: for that the outbox has to be empty once. */
static bool keep_tail(void *arg)
{
    struct session *s = arg;
    return outbox_keep_tail(s->pair->outbox);
}

static bool begin_tail(struct session *s)
{
    int64_t until_ms = clock_ms() + IDLE_WAIT_MS;
    while (!session_wait(s, clock_ms() + LOOK_MS, keep_tail, s))
        if (session_is_over(s) || clock_ms() >= until_ms)
            return false;
    return true;
}

/* False: another is about to resume by that token, and comes first. */
static bool come(void *arg)
{
    struct resumer *resumer = arg;
    lock_acquire(&resume.lock);
    const struct resumer *other = resume.resumers;
    while (other && memcmp(other->token, resumer->token, sizeof *resumer->token) != 0)
        other = other->next;
    if (!other)
        LL_PREPEND(resume.resumers, resumer);
    bool is_mine = resumer->listed = !other || other == resumer;
    lock_release(&resume.lock);
    return is_mine;
}

/* Whether it had come or not. */
static void go(struct resumer *resumer)
{
    lock_acquire(&resume.lock);
    if (resumer->listed)
        LL_DELETE(resume.resumers, resumer);
    lock_release(&resume.lock);
}

/* True when the token is good still: it may have been taken back while the resumable was waited for. */
static bool is_good(struct session *s, const struct token *t, struct account *own)
{
    struct waiter w = login_waiter(s);
    int64_t account = 0;
    return tokens_check(t, &account, &w) == TOKENS_DONE && accounts_by_id(account, own) && !own->locked;
}

static void resume_as(struct session *s, struct resumer *resumer, struct account *own)
{
    const struct token *t = resumer->token;
    bool claims = claim(t, resumer);
    if (claims) {
        session_wait(s, clock_ms() + RESUMER_WAIT_MS, is_answered, resumer);
        withdraw(resumer);
    }
    if (claims && resumer->state == RESUMER_WAITS) {
        session_error(s, ERROR_BUSY, NULL);
        return;
    }
    bool good = is_good(s, t, own), ready = claims && resumer->state == RESUMER_READY;
    if (ready && good)
        take_over(s, own, resumer->resumable);
    else if (ready)
        release(resumer->resumable);
    else if (good)
        come_back(s, own, t);
    if (!good)
        session_error(s, ERROR_BAD_TOKEN, NULL);
    if (*s->member.name)
        list(s, t);
}

static void resume_by(struct session *s, const struct token *t, struct account *own)
{
    struct resumer resumer = {.s = s, .token = t};
    int64_t until_ms = clock_ms() + RESUMER_WAIT_MS;
    bool is_mine = false;
    while (!is_mine && !session_is_over(s) && clock_ms() < until_ms)
        is_mine = session_wait(s, clock_ms() + LOOK_MS, come, &resumer);
    if (is_mine)
        resume_as(s, &resumer, own);
    else
        session_error(s, ERROR_BUSY, NULL);
    go(&resumer);
}

void cmd_resume(struct session *s, const struct args *a)
{
    struct waiter w = login_waiter(s);
    struct token t;
    struct account own;
    int64_t account = 0;
    if (*s->member.name)
        session_error(s, ERROR_USERNAME_SET, NULL);
    else if (!login_may_send(s))
        return;
    else if (tokens_find(a->word, &t, &account, &w) == TOKENS_STORAGE)
        session_error(s, ERROR_STORAGE, NULL);
    else if (!account || !accounts_by_id(account, &own))
        session_error(s, ERROR_BAD_TOKEN, NULL);
    else if (own.locked)
        session_error(s, ERROR_LOCKED, NULL);
    else if (!begin_tail(s))
        session_error(s, ERROR_BUSY, NULL);
    else
        resume_by(s, &t, &own);
}

void cmd_token(struct session *s, const struct args *a)
{
    static const enum error_code errors[] = {[TOKENS_UNKNOWN] = ERROR_NOT_REGISTERED, [TOKENS_STORAGE] = ERROR_STORAGE};
    struct waiter w = login_waiter(s);
    struct event ev = {.kind = EVENT_TOKEN};
    struct token t;
    char text[SECRET_TEXT];
    (void)a;
    if (!login_may_send(s))
        return;
    if (!s->member.account || !begin_tail(s)) {
        session_error(s, s->member.account ? ERROR_BUSY : ERROR_NOT_REGISTERED, NULL);
        return;
    }
    enum tokens_result result =
        tokens_make(s->member.account, s->resumable.has_token ? &s->resumable.token : NULL, text, &t, &w);
    if (result == TOKENS_DONE) {
        list(s, &t);
        ev.text = text;
        session_answer(s, &ev);
    } else {
        session_error(s, errors[result], NULL);
    }
    secret_wipe(text, sizeof text);
}
