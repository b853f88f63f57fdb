/* SPDX-License-Identifier: ISC */
/*
 * Lines said in a room are gathered: several lines become one entry, the speaker that combines puts them for all, and
 * the order that members hear does not change. Where the order between threads is tested, one thread of the test plays
 * several speakers; a speaker with a thread of its own stands for another client's reader.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A piece has at most two lines or 1 KiB. */
#define PIECES                                                                                                         \
    (struct outbox_limits){.entries = 32, .bytes = 16384, .age_ms = 30000, .patience_ms = 1000, .pace_kib_s = 64}

static struct unit_member alice, bob, carol;
static struct room *r;

static void join(struct unit_member *um)
{
    r = rooms_get_or_make("#den", 0);
    unit_member_join(um, r);
}

static void all_quiet(void)
{
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    unit_client_wait_asleep(&alice.client);
    unit_client_wait_asleep(&bob.client);
}

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_house_start();
    unit_member_start(&alice, "alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    unit_member_start(&carol, "carol", unit_gen());
    join(&alice);
    join(&bob);
    all_quiet();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    post_flush();
    unit_member_leave_all(&alice);
    unit_member_leave_all(&bob);
    unit_member_leave_all(&carol);
    post_flush();
    unit_house_stop();
    unit_member_stop(&alice);
    unit_member_stop(&bob);
    unit_member_stop(&carol);
    return 0;
}

static size_t entries(struct unit_member *um)
{
    return outbox_load(um->member.outbox).entries;
}

/* Another client's reader: says a line and waits, with its debts paid or not, until the test ends it. */
struct speaker {
    struct unit_member *who;
    bool flushes;
    _Atomic bool has_said, may_end;
    struct thread thread;
};

static bool may_end(void *arg)
{
    struct speaker *sp = arg;
    return sp->may_end;
}

static bool has_said(void *arg)
{
    struct speaker *sp = arg;
    return sp->has_said;
}

static void speak(void *arg)
{
    struct speaker *sp = arg;
    unit_say(r, &sp->who->member, "from a thread");
    if (sp->flushes)
        post_flush();
    sp->has_said = true;
    unit_wait_for(may_end, sp);
    post_flush();
}

static void speaker_start(struct speaker *sp, struct unit_member *who, bool flushes)
{
    *sp = (struct speaker){.who = who, .flushes = flushes};
    assert_int_equal(thread_start(&sp->thread, "speaker", 128 * 1024, speak, sp), 0);
    unit_until(has_said, sp);
}

static void speaker_stop(struct speaker *sp)
{
    sp->may_end = true;
    thread_join(&sp->thread);
}

/* ---- gathering ---- */

static void nothing_is_put_before_the_speaker_flushes(void **state)
{
    (void)state;
    assert_true(unit_say(r, &alice.member, "one"));
    assert_int_equal(entries(&alice), 0);
    assert_int_equal(entries(&bob), 0);
    unit_member_hears(&bob, "ROOM #den alice one\n"); /* flushes */
    unit_member_hears(&alice, "ROOM #den alice one\n");
}

static void lines_of_all_speakers_are_one_message_and_count_each(void **state)
{
    (void)state;
    unit_say(r, &alice.member, "one");
    unit_say(r, &bob.member, "two");
    unit_say(r, &alice.member, "three");
    post_settle();
    assert_int_equal(alice.member.outbox->queued.n, 1);
    assert_ptr_equal(alice.member.outbox->queued.v[0], bob.member.outbox->queued.v[0]);
    assert_int_equal(entries(&alice), 3);
    assert_int_equal(entries(&bob), 3);
    unit_member_hears(&bob, "ROOM #den alice one\nROOM #den bob two\nROOM #den alice three\n");
    assert_int_equal(entries(&bob), 0);
}

static void a_full_piece_is_put_at_once(void **state)
{
    (void)state;
    char text[600];
    unit_limits(PIECES);
    unit_say(r, &alice.member, "one");
    assert_int_equal(entries(&bob), 0);
    unit_say(r, &alice.member, "two");
    assert_int_equal(entries(&bob), 2);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    unit_say(r, &alice.member, text);
    assert_int_equal(entries(&bob), 2);
    unit_say(r, &alice.member, text); /* the two lines are too long for one piece */
    assert_int_equal(entries(&bob), 3);
    assert_int_equal(r->fanout.gathered, 1);
}

static void an_idle_room_holds_no_lines_in_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        unit_say(r, &alice.member, "some of many lines that take more than one small buffer");
    post_flush();
    assert_int_equal(r->fanout.form_count, 1);
    assert_int_equal(r->fanout.forms[0].lines.len, 0);
    assert_true(r->fanout.forms[0].lines.cap <= 1024);
}

/* ---- who puts ---- */

static void a_speaker_who_adds_to_anothers_lines_owes_nothing(void **state)
{
    (void)state;
    struct speaker sp;
    unit_say(r, &alice.member, "mine");
    speaker_start(&sp, &bob, true); /* its flush has returned */
    assert_int_equal(entries(&alice), 0);
    unit_member_hears(&alice, "ROOM #den alice mine\nROOM #den bob from a thread\n");
    speaker_stop(&sp);
    unit_member_hears(&alice, "");
}

static void a_settle_puts_lines_that_another_combines(void **state)
{
    (void)state;
    struct speaker sp;
    speaker_start(&sp, &bob, false); /* combines, and has not flushed */
    unit_say(r, &alice.member, "mine");
    post_settle();
    assert_int_equal(entries(&alice), 2);
    unit_say(r, &alice.member, "more");
    assert_int_equal(entries(&alice), 2); /* bob still has to put it */
    post_flush();
    assert_int_equal(r->fanout.gathered, 1);
    speaker_stop(&sp);
    unit_member_hears(&alice, "ROOM #den bob from a thread\nROOM #den alice mine\nROOM #den alice more\n");
}

static void after_a_flush_nobody_combines(void **state)
{
    (void)state;
    unit_say(r, &alice.member, "one");
    assert_true(r->fanout.combined);
    post_flush();
    assert_false(r->fanout.combined);
    unit_say(r, &alice.member, "two");
    post_settle(); /* settling also stops combining: the room may be left next */
    assert_false(r->fanout.combined);
    post_flush();
}

struct endless {
    struct post_gathering g; /* first */
    int puts, last;
};

static int put_endless(struct post_gathering *g, enum post_combiner combiner)
{
    struct endless *e = (struct endless *)g;
    e->puts++;
    e->last = (int)combiner;
    return 1;
}

static void a_flush_ends_although_lines_keep_coming(void **state)
{
    (void)state;
    struct endless e = {.g = {put_endless}};
    post_gather(&e.g);
    post_combines();
    post_flush();
    post_assert_flushed();
    assert_int_in_range(e.puts, 2, 16);
    assert_int_equal(e.last, POST_ENDS);
}

static void gathering_in_another_room_settles_first(void **state)
{
    (void)state;
    struct endless e = {.g = {put_endless}};
    post_gather(&e.g);
    post_gather(&e.g);
    assert_int_equal(e.puts, 0);
    unit_say(r, &alice.member, "here");
    assert_int_equal(e.puts, 1);
    assert_int_equal(e.last, POST_STAYS); /* another speaker combines there */
}

/* ---- order ---- */

static void an_answer_does_not_overtake_earlier_lines(void **state)
{
    (void)state;
    struct speaker sp;
    struct event pong = {.kind = EVENT_PONG};
    speaker_start(&sp, &bob, false);
    unit_say(r, &alice.member, "first"); /* bob has to put it */
    post_settle();
    member_answer(&alice.member, &pong);
    unit_member_hears(&alice, "ROOM #den bob from a thread\nROOM #den alice first\nPONG\n");
    speaker_stop(&sp);
}

/* Without the house: a child process has no threads. */
static void say_alone(void)
{
    static struct notifier notifier;
    notifier_init(&notifier);
    struct outbox *ob = outbox_new(&notifier);
    alice.member = (struct member){.outbox = ob, .notifier = &notifier, .name = "alice"};
    r = room_new("#den", 0);
    member_add_room(&alice.member, r);
    roster_join(r, &alice.member, 0, NULL);
    unit_say(r, &alice.member, "first");
}

static void put_without_settling(void *arg)
{
    struct event ev = {.kind = EVENT_SENT};
    (void)arg;
    say_alone();
    member_answer(&alice.member, &ev);
}

static void put_after_settling(void *arg)
{
    struct event ev = {.kind = EVENT_SENT};
    (void)arg;
    say_alone();
    post_settle();
    member_answer(&alice.member, &ev);
}

static void a_put_that_would_overtake_aborts(void **state)
{
    (void)state;
    assert_true(unit_aborts(put_without_settling, NULL));
    assert_false(unit_aborts(put_after_settling, NULL));
}

static void a_member_who_leaves_still_hears_earlier_lines(void **state)
{
    (void)state;
    struct speaker sp;
    speaker_start(&sp, &bob, false);
    unit_member_leave(&alice, r, true);
    unit_member_hears(&alice, "ROOM #den bob from a thread\nOK Left #den\n");
    speaker_stop(&sp);
}

static void a_member_who_joins_hears_gathered_lines_once_as_replay(void **state)
{
    (void)state;
    struct speaker sp;
    speaker_start(&sp, &bob, false);
    join(&carol);
    speaker_stop(&sp);
    unit_member_hears(&carol,
                      "OK Joined #den (2 users)\nJOIN #den alice\nJOIN #den bob\nROOM #den bob from a thread\n");
    unit_member_hears(&alice, "ROOM #den bob from a thread\nJOIN #den carol\n");
}

static void an_announcement_follows_earlier_lines(void **state)
{
    (void)state;
    struct speaker sp;
    speaker_start(&sp, &bob, false);
    assert_true(unit_announce(r, "closing"));
    assert_int_equal(entries(&alice), 2);
    speaker_stop(&sp);
    unit_member_hears(&alice, "ROOM #den bob from a thread\nROOM #den server closing\n");
}

/* ---- for programs ---- */

/* Sets the form of a member, as serve/native/cmd_caps.c does. */
static void set_form(struct unit_member *um, enum form form)
{
    post_settle();
    users_set_form(&um->member, form);
    roster_update(r, &um->member);
}

/* Removes the tags from each line that the member heard, and stores the number of the last. */
static void hears_tagged(struct unit_member *um, const char *want, uint64_t *last)
{
    struct buf heard = {0}, bare = {0};
    unsigned long long id;
    int used = 0;
    for (const char *at = unit_client_heard(&um->client, &heard); *at;) {
        if (sscanf(at, "@id=%llu;time=%*[^ ] %n", &id, &used) != 1)
            fail_msg("no tags: %s", at);
        *last = id;
        const char *end = strchr(at, '\n') + 1;
        buf_add(&bare, at + used, (size_t)(end - at - used - 2));
        buf_char(&bare, '\n');
        at = end;
    }
    assert_string_equal(buf_text(&bare), want);
    buf_fini(&heard);
    buf_fini(&bare);
}

static int takers(enum form form)
{
    for (int i = 0; i < r->fanout.form_count; i++)
        if (r->fanout.forms[i].form == (int)form)
            return r->fanout.forms[i].takers;
    return 0;
}

static void each_member_hears_its_own_form_and_can_change_it(void **state)
{
    (void)state;
    uint64_t last = 0;
    unit_say(r, &bob.member, "before");
    set_form(&alice, FORM_TAGS); /* after what was said */
    unit_member_hears(&alice, "ROOM #den bob before\n");
    unit_say(r, &bob.member, "one");
    unit_say(r, &bob.member, "two");
    hears_tagged(&alice, "ROOM #den bob one\nROOM #den bob two\n", &last);
    assert_int_equal(last, r->last_id);
    unit_member_hears(&bob, "ROOM #den bob before\nROOM #den bob one\nROOM #den bob two\n");
    join(&carol);
    hears_tagged(&alice, "JOIN #den carol\n", &last);
    unit_say(r, &bob.member, "three");
    set_form(&alice, FORM_NATIVE);
    hears_tagged(&alice, "ROOM #den bob three\n", &last);
    unit_say(r, &bob.member, "four");
    unit_member_hears(&alice, "ROOM #den bob four\n");
    post_settle();
    assert_int_equal(takers(FORM_NATIVE), 3);
    assert_int_equal(takers(FORM_TAGS), 0);
}

static void lines_gathered_by_another_keep_the_members_form_of_that_time(void **state)
{
    struct speaker sp;
    (void)state;
    users_set_form(&alice.member, FORM_TAGS); /* the room still has the old form */
    speaker_start(&sp, &bob, false);
    roster_update(r, &alice.member);
    unit_member_hears(&alice, "ROOM #den bob from a thread\n");
    speaker_stop(&sp);
    unit_member_hears(&alice, "");
    unit_member_hears(&bob, "ROOM #den bob from a thread\n");
    set_form(&alice, FORM_NATIVE);
}

static void render_nothing(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    (void)out;
    (void)ev;
    (void)form;
    (void)to;
}

static void lines_that_a_form_cannot_express_are_not_put(void **state)
{
    static const struct codec silent = {.render = render_nothing};
    (void)state;
    codecs_replace(FORM_TAGS, &silent);
    set_form(&alice, FORM_TAGS);
    unit_client_wait_asleep(&alice.client);
    unit_say(r, &bob.member, "gathered");
    post_settle(); /* it is put, and no writer is woken yet */
    assert_int_equal(entries(&bob), 1);
    assert_int_equal(entries(&alice), 0);
    unit_announce(r, "put at once");
    assert_int_equal(entries(&bob), 2);
    assert_int_equal(entries(&alice), 0);
    unit_member_hears(&bob, "ROOM #den bob gathered\nROOM #den server put at once\n");
    unit_member_hears(&alice, "");
    codecs_replace(FORM_TAGS, NULL);
    set_form(&alice, FORM_NATIVE);
    unit_say(r, &bob.member, "again");
    unit_member_hears(&alice, "ROOM #den bob again\n");
}

static void a_member_with_tags_hears_the_replay_with_them(void **state)
{
    (void)state;
    struct buf heard = {0};
    carol.member.form = FORM_TAGS;
    unit_say(r, &alice.member, "one");
    join(&carol);
    const char *answer = unit_client_heard(&carol.client, &heard);
    const char *start = "OK Joined #den (2 users)\r\nJOIN #den alice\r\nJOIN #den bob\r\n@id=";
    assert_int_equal(strncmp(answer, start, strlen(start)), 0);
    assert_non_null(strstr(answer + strlen(start), "Z ROOM #den alice one\r\n"));
    assert_int_equal(takers(FORM_TAGS), 1);
    unit_member_leave(&carol, r, false);
    assert_int_equal(takers(FORM_TAGS), 0);
    buf_fini(&heard);
}

static void a_member_with_acks_hears_the_number_in_place_of_the_echo(void **state)
{
    (void)state;
    struct speaker sp;
    char want[200];
    alice.member.caps = 1u << CAP_ACKS;
    speaker_start(&sp, &bob, false); /* gathered; bob has to put it */
    unit_say(r, &alice.member, "one");
    uint64_t first = r->last_id;
    unit_act(r, &alice.member, "two");
    assert_int_equal(r->fanout.gathered, 3); /* bob has to put them */
    unit_say(r, &alice.member, "last");
    post_settle();
    snprintf(want, sizeof want, "ROOM #den bob from a thread\nOK %llu\nOK %llu\nOK %llu\n", (unsigned long long)first,
             (unsigned long long)first + 1, (unsigned long long)first + 2);
    unit_member_hears(&alice, want);
    speaker_stop(&sp);
    unit_member_hears(&bob, "ROOM #den bob from a thread\nROOM #den alice one\nME #den alice two\nROOM #den alice last\n");
    alice.member.caps = 0;
    unit_say(r, &alice.member, "three");
    unit_member_hears(&alice, "ROOM #den alice three\n");
}

static void acks_and_lines_of_others_keep_their_order(void **state)
{
    (void)state;
    char want[200];
    alice.member.caps = 1u << CAP_ACKS;
    all_quiet();
    unit_say(r, &alice.member, "a");
    unsigned long long first = r->last_id;
    unit_say(r, &bob.member, "b");
    unit_say(r, &bob.member, "c");
    unit_say(r, &alice.member, "d");
    unit_say(r, &alice.member, "e");
    unit_say(r, &bob.member, "f");
    assert_int_equal(r->fanout.gathered, 6);
    post_settle();
    assert_int_equal(entries(&alice), 6);
    assert_int_equal(alice.member.outbox->queued.n, 4); /* an ack, two lines, two acks, a line */
    assert_int_equal(alice.member.outbox->queued.v[0]->resendable, 0);
    assert_int_equal(alice.member.outbox->queued.v[1]->resendable, alice.member.outbox->queued.v[1]->len);
    assert_int_equal(bob.member.outbox->queued.n, 1);
    snprintf(want, sizeof want, "OK %llu\nROOM #den bob b\nROOM #den bob c\nOK %llu\nOK %llu\nROOM #den bob f\n", first,
             first + 3, first + 4);
    unit_member_hears(&alice, want);
    alice.member.caps = 0;
}

static void an_ack_does_not_overtake_an_answer_nor_an_answer_an_ack(void **state)
{
    (void)state;
    char want[64];
    struct event pong = {.kind = EVENT_PONG};
    alice.member.caps = 1u << CAP_ACKS;
    unit_say(r, &alice.member, "one");
    post_settle();
    member_answer(&alice.member, &pong);
    snprintf(want, sizeof want, "OK %llu\nPONG\n", (unsigned long long)r->last_id);
    unit_member_hears(&alice, want);
    alice.member.caps = 0;
}

/* ---- ignoring ---- */

/* As serve/native/cmd_presence.c does; NULL: nobody. */
static void ignore(struct unit_member *um, const char *name)
{
    struct ignores *old = um->member.ignores;
    post_settle();
    users_set_ignores(&um->member, name ? ignores_with(NULL, name) : NULL);
    roster_update(r, &um->member);
    free(old);
}

static void an_ignored_member_is_still_heard_by_others_in_order(void **state)
{
    (void)state;
    join(&carol);
    all_quiet();
    unit_member_clear(&carol);
    unit_say(r, &alice.member, "before");
    ignore(&bob, "Alice");
    struct speaker sp;
    speaker_start(&sp, &carol, false); /* gathered; carol has to put it */
    unit_say(r, &alice.member, "one");
    unit_act(r, &alice.member, "two");
    speaker_stop(&sp);
    unit_say(r, &bob.member, "three");
    post_settle();
    unit_say(r, &alice.member, "four");
    static const char all[] = "ROOM #den alice before\nROOM #den carol from a thread\nROOM #den alice one\n"
                              "ME #den alice two\nROOM #den bob three\nROOM #den alice four\n";
    unit_member_hears(&alice, all);
    unit_member_hears(&carol, all);
    unit_member_hears(&bob, "ROOM #den alice before\nROOM #den carol from a thread\nROOM #den bob three\n");
    post_settle();
    ignore(&bob, NULL);
    assert_int_equal(r->fanout.ignorers, 0);
    unit_say(r, &alice.member, "five");
    assert_int_equal(r->fanout.gathered, 1);
    unit_member_hears(&bob, "ROOM #den alice five\n");
}

static void who_hears_less_costs_the_others_nothing(void **state)
{
    (void)state;
    join(&carol);
    all_quiet();
    unit_client_wait_asleep(&carol.client);
    unit_member_clear(&carol);
    ignore(&bob, "alice");
    unit_say(r, &alice.member, "one");
    unit_say(r, &carol.member, "two");
    unit_say(r, &alice.member, "three");
    unit_say(r, &carol.member, "four");
    assert_int_equal(r->fanout.gathered, 4);
    post_settle();
    assert_int_equal(alice.member.outbox->queued.n, 1);
    assert_ptr_equal(alice.member.outbox->queued.v[0], carol.member.outbox->queued.v[0]);
    assert_int_equal(entries(&carol), 4);
    assert_int_equal(bob.member.outbox->queued.n, 1); /* one piece as well */
    assert_int_equal(entries(&bob), 2);
    unit_member_hears(&bob, "ROOM #den carol two\nROOM #den carol four\n");
    unit_member_clear(&carol);
    unit_member_clear(&alice);
    unit_say(r, &alice.member, "five");
    unit_member_hears(&carol, "ROOM #den alice five\n");
    unit_member_hears(&bob, ""); /* not even an empty message */
}

static void deliveries_count_those_who_hear(void **state)
{
    (void)state;
    ignore(&bob, "alice");
    uint64_t before = counter_get(COUNTER_DELIVERIES);
    unit_say(r, &alice.member, "one");
    unit_say(r, &bob.member, "two");
    assert_int_equal(counter_get(COUNTER_DELIVERIES), before + 1 + 2);
}

static void a_member_who_left_leaves_no_cuts_behind(void **state)
{
    (void)state;
    ignore(&bob, "alice");
    unit_say(r, &alice.member, "one");
    unit_member_leave(&bob, r, false);
    unit_say(r, &alice.member, "two");
    unit_member_hears(&alice, "ROOM #den alice one\nLEAVE #den bob\nROOM #den alice two\n");
    for (int i = 0; i < r->fanout.count; i++)
        assert_int_equal(r->fanout.members[i].cuts.n, 0);
}

static void only_the_talk_of_an_ignored_user_is_hidden(void **state)
{
    (void)state;
    ignore(&bob, "alice");
    unit_member_leave(&alice, r, false);
    join(&alice);
    unit_member_hears(&bob, "LEAVE #den alice\nJOIN #den alice\n");
}

static void members_always_hear_themselves(void **state)
{
    (void)state;
    ignore(&alice, "alice");
    unit_say(r, &alice.member, "me");
    unit_member_hears(&alice, "ROOM #den alice me\n");
    unit_member_hears(&bob, "ROOM #den alice me\n");
}

static void an_ignored_user_is_left_out_of_the_replay(void **state)
{
    (void)state;
    unit_say(r, &alice.member, "one");
    unit_say(r, &bob.member, "two");
    carol.member.ignores = ignores_with(NULL, "ALICE");
    join(&carol);
    unit_member_hears(&carol, "OK Joined #den (2 users)\nJOIN #den alice\nJOIN #den bob\nROOM #den bob two\n");
    unit_say(r, &alice.member, "three");
    unit_member_hears(&carol, "");
    assert_int_equal(r->fanout.ignorers, 1);
    unit_member_leave(&carol, r, false);
    assert_int_equal(r->fanout.ignorers, 0);
}

static void acks_work_together_with_ignoring(void **state)
{
    (void)state;
    char want[64];
    join(&carol);
    all_quiet();
    unit_member_clear(&carol);
    ignore(&bob, "alice");
    alice.member.caps = 1u << CAP_ACKS;
    unit_say(r, &alice.member, "one");
    snprintf(want, sizeof want, "OK %llu\n", (unsigned long long)r->last_id);
    unit_member_hears(&alice, want);
    unit_member_hears(&bob, "");
    unit_member_hears(&carol, "ROOM #den alice one\n");
}

/* ---- pressure ---- */

static void every_speaker_meets_an_outbox_that_presses(void **state)
{
    (void)state;
    static struct unit_held slow;
    struct speaker sp;
    unit_limits(PIECES);
    unit_held_start(&slow);
    static struct member m;
    m = (struct member){.outbox = slow.c.outbox, .notifier = &slow.c.notifier, .id = slow.gen, .user_id = slow.gen,
                        .name = "slow"};
    rooms_get_or_make("#den", 0);
    member_add_room(&m, r);
    roster_join(r, &m, 0, NULL);
    unit_stream_hold(&slow.us);
    for (int i = 0; i < 20; i++) {
        unit_say(r, &alice.member, "filling");
        all_quiet(); /* these two read */
    }
    assert_ptr_equal(post_pressure().other, m.outbox);
    struct post_pressure before = {0};
    assert_true(fanout_congested(&r->fanout, &before)); /* the next speaker has to wait for it */
    assert_ptr_equal(before.other, m.outbox);
    assert_int_equal(before.gen, slow.gen);
    speaker_start(&sp, &bob, false);
    assert_null(post_pressure().other);
    unit_say(r, &alice.member, "one more"); /* otherwise bob would have to put it */
    assert_int_equal(r->fanout.gathered, 0);
    struct post_pressure p = post_pressure();
    assert_ptr_equal(p.other, m.outbox);
    assert_int_equal(p.gen, slow.gen);
    speaker_stop(&sp);
    unit_stream_release(&slow.us);
    post_settle();
    roster_leave(r, &m, &(struct leaving){.reason = ""});
    member_remove_room(&m, r);
    rooms_release(r);
    free(m.rooms);
    post_flush();
    unit_client_wait_written(&slow.c);
    unit_say(r, &alice.member, "gathered again");
    post_settle();
    assert_false(fanout_congested(&r->fanout, &before));
    unit_say(r, &alice.member, "gathered again");
    assert_int_equal(r->fanout.gathered, 1);
    unit_held_stop(&slow);
}

static void a_room_that_waited_in_vain_is_impatient_for_a_minute(void **state)
{
    (void)state;
    assert_false(fanout_is_impatient(&r->fanout, 5000));
    fanout_waited_in_vain(&r->fanout, 5000);
    assert_true(fanout_is_impatient(&r->fanout, 5000));
    fanout_waited_in_vain(&r->fanout, 40000); /* briefly; that does not prolong it */
    assert_true(fanout_is_impatient(&r->fanout, 64999));
    assert_false(fanout_is_impatient(&r->fanout, 65000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_that_would_overtake_aborts), /* before any thread */
        TEST(nothing_is_put_before_the_speaker_flushes),
        TEST(lines_of_all_speakers_are_one_message_and_count_each),
        TEST(a_full_piece_is_put_at_once),
        TEST(an_idle_room_holds_no_lines_in_memory),
        TEST(a_speaker_who_adds_to_anothers_lines_owes_nothing),
        TEST(a_settle_puts_lines_that_another_combines),
        TEST(after_a_flush_nobody_combines),
        TEST(a_flush_ends_although_lines_keep_coming),
        TEST(gathering_in_another_room_settles_first),
        TEST(an_answer_does_not_overtake_earlier_lines),
        TEST(a_member_who_leaves_still_hears_earlier_lines),
        TEST(a_member_who_joins_hears_gathered_lines_once_as_replay),
        TEST(an_announcement_follows_earlier_lines),
        TEST(each_member_hears_its_own_form_and_can_change_it),
        TEST(lines_gathered_by_another_keep_the_members_form_of_that_time),
        TEST(lines_that_a_form_cannot_express_are_not_put),
        TEST(a_member_with_tags_hears_the_replay_with_them),
        TEST(a_member_with_acks_hears_the_number_in_place_of_the_echo),
        TEST(acks_and_lines_of_others_keep_their_order),
        TEST(an_ack_does_not_overtake_an_answer_nor_an_answer_an_ack),
        TEST(an_ignored_member_is_still_heard_by_others_in_order),
        TEST(who_hears_less_costs_the_others_nothing),
        TEST(deliveries_count_those_who_hear),
        TEST(a_member_who_left_leaves_no_cuts_behind),
        TEST(only_the_talk_of_an_ignored_user_is_hidden),
        TEST(members_always_hear_themselves),
        TEST(an_ignored_user_is_left_out_of_the_replay),
        TEST(acks_work_together_with_ignoring),
        TEST(every_speaker_meets_an_outbox_that_presses),
        TEST(a_room_that_waited_in_vain_is_impatient_for_a_minute),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
