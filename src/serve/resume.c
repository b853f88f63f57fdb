/* SPDX-License-Identifier: ISC */
/*
 * A session is resumed in one of two ways: by taking the place of one whose reader still waits (take_over), or with
 * what was saved in the store (resume_saved). By its account, without a token, in the first way only.
 */
#include "config.h"

#include "serve/resume.h"

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/forgotten.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "serve/backlog.h"
#include "serve/backpressure.h"
#include "serve/banned.h"
#include "serve/join.h"
#include "serve/login.h"
#include "serve/mailbox.h"
#include "serve/presence.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"

#define HAND_OVER_MS 8000 /* for the other session to write what it can and to hand over */
#define HISTORY_TRIES 20 /* readings of the history, while the room goes on talking; many, for the user missed these */

static _Atomic int messages_now = 1000;

void resume_configure(int messages)
{
    atomic_store_explicit(&messages_now, messages, memory_order_relaxed);
}

/* ---- what both ways share ---- */

/* What was said in the room since that number, as far as it is stored. On the last try the replay is taken instead. */
static void read_missed(struct session *s, struct room *r, uint64_t heard, bool last, struct backlog *backlog)
{
    int most = atomic_load_explicit(&messages_now, memory_order_relaxed);
    struct backlog_query q = {.after = heard, .most = most, .notices = true};
    backlog_read(s, r, &q, backlog);
    backlog->is_missed = true;
    if (last)
        backlog_give_up(s, r, backlog);
}

/* Takes the lines that were said in the room out of those that may not have arrived. */
static void take_said(struct saved_session *saved, const char *key, struct buf *said)
{
    struct buf rest = {0};
    const char *at = saved->missed.data, *end = at + saved->missed.len;
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        size_t n = lf ? (size_t)(lf - at) + 1 : (size_t)(end - at);
        buf_add(codecs_is_said(at, n, key) ? said : &rest, at, n);
        at += n;
    }
    buf_fini(&saved->missed);
    saved->missed = rest;
}

static void show_undelivered(struct session *s, const struct saved_session *saved)
{
    struct buf missed = {0};
    unsigned epoch = msg_epoch();
    forgotten_filter(&missed, saved->missed.data, saved->missed.len, saved->epoch);
    if (missed.len)
        member_answer_said(&s->member, &missed, 0, epoch);
    buf_fini(&missed);
    backpressure_wait_own(s);
}

/* ---- taking over ---- */

/* Takes the other session's place in one room. `said`: what was said there and may not have arrived. */
static void swap(struct session *s, struct resumable *ra, struct room *r, uint64_t heard, const struct buf *said)
{
    struct session *old = ra->s;
    enum roster_swap result = ROSTER_SWAP_AGAIN;
    join_find_read_marker(s, r);
    for (int i = 1; i <= HISTORY_TRIES && result == ROSTER_SWAP_AGAIN; i++) {
        struct backlog backlog;
        read_missed(s, r, heard, i == HISTORY_TRIES, &backlog);
        backlog.undelivered = said;
        backlog.undelivered_epoch = ra->saved.epoch;
        result = roster_swap(r, &old->member, &s->member, &backlog);
        buf_fini(&backlog.lines);
    }
    if (result != ROSTER_SWAPPED)
        return; /* it was removed from the room */
    member_remove_room(&old->member, r);
    member_add_room(&s->member, r);
    backpressure_wait_own(s);
}

/* `by_room`: lines that may not have arrived are shown in their rooms. */
static void swap_all(struct session *s, struct resumable *ra, bool by_room)
{
    struct session *old = ra->s;
    const struct room *current = old->member.current;
    for (int i = 0; i < ra->saved.room_count; i++) {
        struct room *r = room_of_member(&old->member, ra->saved.rooms[i].key);
        struct buf said = {0};
        if (by_room)
            take_said(&ra->saved, ra->saved.rooms[i].key, &said);
        if (r)
            swap(s, ra, r, ra->saved.rooms[i].heard, &said);
        if (r && r == current && member_is_in(&s->member, r))
            s->member.current = r;
        buf_fini(&said);
    }
    session_rooms_count(s);
}

/* Whether the account is still as it was when the token was looked up. */
static bool may_take_over(void *arg)
{
    const struct account *own = arg;
    return accounts_admits(own->name, own);
}

/* The session gets the other one's name, and is logged in to its account. */
static bool take_name(struct session *s, struct account *own, struct session *old, enum event_kind kind)
{
    struct event welcome = {.kind = kind, .name = old->member.name};
    const struct claim c = {.answer = &welcome, .may = may_take_over, .arg = own};
    char host[ADDRS_TEXT];
    memcpy(s->member.account_name, own->name, sizeof s->member.account_name);
    s->member.account = own->id;
    if (!users_take_over(&s->member, &old->member, &c)) {
        s->member.account = 0;
        return false;
    }
    s->era = own->era;
    s->by_certificate = own->proved_by == PROOF_CERTIFICATE;
    session_got_name(s); /* the log-in deadline is met: what follows may take long */
    accounts_note_seen(own->id, addrs_key_text(&s->pair->arrival.peer, host));
    return true;
}

/* The other session's reader waits. */
static bool take_over(struct session *s, struct account *own, struct resumable *ra)
{
    presence_set_caps(s, ra->saved.caps);
    bool may = take_name(s, own, ra->s, EVENT_WELCOME_BACK);
    if (may) {
        show_undelivered(s, &ra->saved);
        swap_all(s, ra, false);
    } else {
        presence_set_caps(s, 0);
    }
    resumable_release(ra);
    if (may)
        mailbox_show(s);
    return may;
}

/* The same by the account. What was written for another form is left out: the client may not understand it. */
static bool take_over_by_account(struct session *s, struct account *own, struct resumable *ra,
                                 void (*greet)(struct session *s))
{
    bool may = take_name(s, own, ra->s, EVENT_WELCOME);
    if (may) {
        greet(s);
        if (ra->s->member.form != s->member.form)
            buf_fini(&ra->saved.missed);
        swap_all(s, ra, true);
        show_undelivered(s, &ra->saved); /* what is left: it was said in private */
    }
    resumable_release(ra);
    if (may)
        mailbox_show(s);
    return may;
}

/* ---- coming back ---- */

/* Enters a room again: as a JOIN, but a user who was in it since it has its key, or is private, is not asked,
 * and needs no space. */
static void join_again(struct session *s, const struct saved_room *room)
{
    bool is_in = false;
    struct room *r = rooms_get(room->key);
    if (!r)
        return;
    if (member_is_in(&s->member, r)) { /* it was saved twice: somebody has edited the database */
        rooms_release(r);
        return;
    }
    for (int i = 1; i <= HISTORY_TRIES && !is_in; i++) {
        struct refusal no = {0};
        struct backlog backlog;
        unsigned ticket;
        room_admits(r, &s->member, NULL, &ticket, &no);
        buf_fini(&no.reason);
        bool keeps_place = room_keeps_place(r, room->heard);
        if (no.error == ERROR_BANNED || (no.error != ERROR_NONE && !keeps_place))
            break;
        if (i == 1 && !join_announce(s, r))
            break;
        read_missed(s, r, room->heard, i == HISTORY_TRIES, &backlog);
        backlog.comes_back = keeps_place;
        is_in = session_rooms_enter(s, r, ticket, &backlog);
        buf_fini(&backlog.lines);
    }
    if (is_in) {
        presence_show_away(s, r);
        backpressure_wait_own(s);
    } else {
        rooms_release(r);
    }
}

static bool resume_saved(struct session *s, const struct account *own, const struct token *t, struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct saved_session saved;
    if (!login_take_name(s, own->name, own, EVENT_WELCOME_BACK, no))
        return false;
    if (tokens_take(t, &saved, &w) != TOKENS_DONE)
        return refusal_set(no, ERROR_STORAGE); /* what was saved stays saved */
    presence_set_caps(s, saved.caps);
    show_undelivered(s, &saved);
    for (int i = 0; i < saved.room_count; i++)
        join_again(s, &saved.rooms[i]);
    saved_session_fini(&saved);
    return true;
}

/* ---- RESUME ---- */

static bool is_answered(void *arg)
{
    const struct resumer *rs = arg;
    return atomic_load(&rs->state) != RESUMER_WAITS;
}

/* True if the token is still valid: it may have been revoked while the other session was waited for. The account is
 * copied first, so that what is revoked after the look-up is noticed when the name is taken. */
static bool is_valid(struct session *s, const struct token *t, struct account *own)
{
    struct waiter w = session_waiter(s);
    int64_t account = 0;
    if (!accounts_by_id(own->id, own) || own->locked)
        return false;
    own->proved_by = PROOF_TOKEN;
    return tokens_check(t, &account, &w) == TOKENS_DONE && account == own->id;
}

/* With the token locked. */
static bool resume_locked(struct session *s, struct resumer *rs, struct account *own, struct refusal *no)
{
    bool is_requested = resumable_request(rs);
    if (is_requested) {
        session_wait(s, clock_ms() + HAND_OVER_MS, is_answered, rs);
        resumable_withdraw(rs);
    }
    if (is_requested && !is_answered(rs))
        return refusal_set(no, ERROR_BUSY);
    bool valid = is_valid(s, rs->token, own), ready = is_requested && atomic_load(&rs->state) == RESUMER_READY;
    bool done = false;
    if (ready && valid)
        done = take_over(s, own, rs->resumable);
    else if (ready)
        resumable_release(rs->resumable);
    else if (valid)
        done = resume_saved(s, own, rs->token, no);
    if (!done && no->error == ERROR_NONE)
        no->error = ERROR_BAD_TOKEN;
    if (done) /* else what was saved under the token stays there, though the client may be logged in */
        resumable_list(s, rs->token);
    return done;
}

static bool resume_by(struct session *s, const struct token *t, struct account *own, struct refusal *no)
{
    struct resumer rs = {.s = s, .token = t};
    int64_t until_ms = clock_ms() + HAND_OVER_MS;
    bool is_locked = false;
    while (!is_locked && !session_is_over(s) && clock_ms() < until_ms)
        is_locked = session_wait(s, clock_ms() + RESUMABLE_POLL_MS, resumable_lock, &rs);
    bool done = is_locked && resume_locked(s, &rs, own, no);
    if (!is_locked)
        no->error = ERROR_BUSY;
    resumable_unlock(&rs);
    return done;
}

bool resume_session(struct session *s, const char *text, struct refusal *no)
{
    struct waiter w = session_waiter(s);
    struct token t;
    struct account own;
    int64_t account = 0;
    if (*s->member.name)
        no->error = ERROR_USERNAME_SET;
    else if (!login_may_send(s, no))
        return false;
    else if (tokens_find(text, &t, &account, &w) == TOKENS_STORAGE)
        no->error = ERROR_STORAGE;
    else if (!account || !accounts_by_id(account, &own))
        no->error = ERROR_BAD_TOKEN;
    else if (own.locked)
        no->error = ERROR_LOCKED;
    else
        (void)banned_admit_name(own.name, NULL, no);
    if (no->error != ERROR_NONE)
        return false;
    outbox_keep_tail(s->member.outbox, OUTBOX_KEEPS_ALL);
    return resume_by(s, &t, &own, no);
}

/* ---- by the account ---- */

bool resume_by_account(struct session *s, const char *name, struct account *own, void (*greet)(struct session *s))
{
    char key[NAME_SIZE];
    name_fold(key, name);
    struct resumer rs = {.s = s, .account = own->id, .key = key};
    if (!resumable_request(&rs))
        return false;
    resumable_keep_tail(s);
    session_wait(s, clock_ms() + HAND_OVER_MS, is_answered, &rs);
    resumable_withdraw(&rs);
    if (atomic_load(&rs.state) != RESUMER_READY)
        return false;
    return take_over_by_account(s, own, rs.resumable, greet);
}

/* ---- TOKEN ---- */

bool resume_token(struct session *s, char text[SECRET_TEXT], struct refusal *no)
{
    static const enum error_code errors[] = {
        [TOKENS_DONE] = ERROR_NONE, [TOKENS_UNKNOWN] = ERROR_NOT_REGISTERED, [TOKENS_OUTDATED] = ERROR_OUTDATED,
        [TOKENS_STORAGE] = ERROR_STORAGE};
    struct waiter w = session_waiter(s);
    struct proof proof = login_proof(s);
    const struct token *old = s->resumable.has_token ? &s->resumable.token : NULL;
    struct token t;
    if (!login_may_send(s, no))
        return false;
    if (!s->member.account)
        return refusal_set(no, ERROR_NOT_REGISTERED);
    outbox_keep_tail(s->member.outbox, OUTBOX_KEEPS_ALL);
    no->error = errors[tokens_make(&proof, old, text, &t, &w)];
    if (no->error == ERROR_NONE)
        resumable_list(s, &t);
    return no->error == ERROR_NONE;
}
