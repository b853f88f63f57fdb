/* SPDX-License-Identifier: ISC */
/*
 * The table of rooms: references and the end of a room, which room is evicted when the table is full, which unused
 * rooms expire, and the operator's changes. The store is real.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "chat/change.h"
#include "chat/makers.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/talk.h"
#include "net/post.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct notifier notifier; /* for changes; outlives the store */
static struct change change;

/* A member without a client: entries put for it are discarded. */
static struct member ghost;
static struct outbox *ghost_outbox;

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    memset(&change, 0, sizeof change);
    ghost_outbox = outbox_new(&notifier);
    ghost = (struct member){.outbox = ghost_outbox, .notifier = &notifier, .name = "ghost", .key = "ghost"};
    unit_house_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_house_stop();
    outbox_free(&ghost_outbox);
    notifier_fini(&notifier);
    return 0;
}

/* Creates or uses an empty room, as JOIN and LEAVE do. */
static void touch(const char *name)
{
    struct room *r = rooms_get_or_make(name, 0);
    assert_non_null(r);
    roster_join(r, &ghost, 0, NULL);
    roster_leave(r, &ghost, &(struct leaving){.reason = ""});
    rooms_release(r);
}

static void set_topic(const char *name, const char *topic)
{
    assert_int_equal(change_topic(name, topic, &change, &notifier), CHANGE_MADE);
}

static enum change_result create(const char *name)
{
    return change_create(name, &change, &notifier);
}

static enum change_result delete(const char *name)
{
    return change_delete(name, &change, &notifier);
}

static bool is_there(const char *name)
{
    struct room *r = rooms_get(name);
    if (r)
        rooms_release(r);
    return r;
}

static int refs_of(const char *name)
{
    struct room *r = rooms_get(name);
    assert_non_null(r);
    int refs = r->refs - 1; /* without the reference of this call */
    rooms_release(r);
    return refs;
}

/* "#a #b", sorted. */
static void check_names(const char *want, bool empty_too)
{
    struct strv names = {0};
    struct buf got = {0};
    rooms_names(&names, empty_too, NULL);
    strv_sort(&names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&got, "%s%s", i ? " " : "", names.v[i]);
    assert_string_equal(buf_text(&got), want);
    if (empty_too)
        assert_int_equal(rooms_count(), names.n);
    buf_fini(&got);
    strv_fini(&names);
}

/* ---- finding and references ---- */

static void a_room_is_created_once_and_keeps_its_first_spelling(void **state)
{
    (void)state;
    assert_null(rooms_get("#General"));
    struct room *a = rooms_get_or_make("#General", 0), *b = rooms_get_or_make("#gENERAL", 0),
                *c = rooms_get("#general");
    assert_ptr_equal(a, b);
    assert_ptr_equal(a, c);
    assert_string_equal(a->name, "#General");
    assert_int_equal(a->refs, 4);
    rooms_release(a);
    rooms_release(b);
    rooms_release(c);
    assert_int_equal(refs_of("#general"), 1);
    check_names("#General", true);
}

static void only_rooms_with_members_are_listed_unless_all_are_wanted(void **state)
{
    (void)state;
    struct unit_member alice;
    unit_member_start(&alice, "alice", unit_gen());
    touch("#empty");
    struct room *r = rooms_get_or_make("#full", 0);
    unit_member_join(&alice, r);
    check_names("#full", false);
    check_names("#empty #full", true);
    unit_member_leave(&alice, r, false);
    check_names("", false);
    check_names("#empty #full", true);
    unit_member_stop(&alice);
}

static void note_name(struct room *r, void *arg)
{
    assert_true(r->refs >= 2);
    buf_str(arg, r->name);
}

static void each_room_is_visited_with_a_reference_held(void **state)
{
    (void)state;
    struct buf seen = {0};
    touch("#a");
    touch("#b");
    rooms_each(note_name, &seen, true);
    assert_int_equal(seen.len, 4);
    assert_non_null(strstr(buf_text(&seen), "#a"));
    assert_non_null(strstr(buf_text(&seen), "#b"));
    buf_fini(&seen);
    assert_int_equal(refs_of("#a"), 1);
}

static void rooms_survive_a_restart_with_topic_and_permanence(void **state)
{
    (void)state;
    touch("#Plain");
    touch("#Talk");
    set_topic("#talk", "tea & toast");
    assert_int_equal(create("#Kept"), CHANGE_MADE);
    name_configure(3); /* a lower limit for new names does not affect old ones */
    unit_house_restart();
    name_configure(NAME_LONGEST);
    check_names("#Kept #Plain #Talk", true);
    struct room *r = rooms_get("#talk");
    assert_string_equal(r->topic, "tea & toast");
    assert_false(r->permanent);
    rooms_release(r);
    r = rooms_get("#kept");
    assert_true(r->permanent);
    rooms_release(r);
}

/* ---- a full table ---- */

static void the_room_empty_for_longest_is_evicted(void **state)
{
    (void)state;
    rooms_configure(3, 30);
    uint64_t evicted = counter_get(COUNTER_ROOMS_EVICTED);
    touch("#a");
    touch("#b");
    touch("#c");
    touch("#a"); /* used again: now #b is the least recently used */
    assert_true(is_there("#b")); /* and a lookup does not count as use */
    touch("#d");
    check_names("#a #c #d", true);
    touch("#e");
    check_names("#a #d #e", true);
    assert_int_equal(counter_get(COUNTER_ROOMS_EVICTED), evicted + 2);
    unit_house_restart();
    check_names("#a #d #e", true);
}

static void rooms_with_a_topic_are_never_evicted(void **state)
{
    (void)state;
    rooms_configure(3, 30);
    touch("#talk");
    set_topic("#talk", "older than all, and yet");
    touch("#a");
    touch("#b");
    touch("#c");
    check_names("#b #c #talk", true);
    set_topic("#b", "one");
    set_topic("#c", "two");
    assert_null(rooms_get_or_make("#d", NULL));
    set_topic("#c", "");
    touch("#d");
    check_names("#b #d #talk", true);
    unit_house_restart();
    touch("#e");
    check_names("#b #e #talk", true);
}

/* One line of the ghost, which the history keeps. */
static void say_in(const char *name, struct member *m)
{
    struct room *r = rooms_get_or_make(name, m);
    assert_non_null(r);
    struct refusal no = {.error = ERROR_NONE};
    member_add_room(m, r);
    roster_join(r, m, r->rules.changes, NULL);
    assert_true(talk_say(r, m, &(struct event){.kind = EVENT_SAID, .text = "hello"}, &no));
    post_flush();
    roster_leave(r, m, &(struct leaving){.reason = ""});
    member_remove_room(m, r);
    free(m->rooms);
    m->rooms = NULL;
    m->room_cap = 0;
    rooms_release(r);
}

static void rooms_with_history_are_not_evicted_while_they_have_it(void **state)
{
    (void)state;
    rooms_configure(2, 30);
    say_in("#said", &ghost);
    rooms_note_emptied("#said"); /* its message waits to be written */
    touch("#a");
    touch("#b");
    check_names("#b #said", true);
    unit_house_restart();
    touch("#c");
    check_names("#c #said", true);
    rooms_note_emptied("#said");
    touch("#d");
    check_names("#c #d", true);
}

/* ---- shares ---- */

static void as(struct member *m, const char *host, int64_t account)
{
    *m = (struct member){.outbox = ghost_outbox, .notifier = &notifier, .name = "ghost", .key = "ghost"};
    snprintf(m->host, sizeof m->host, "%s", host);
    m->account = account;
}

static bool make(const char *name, struct member *m)
{
    struct room *r = rooms_get_or_make(name, m);
    if (!r)
        return false;
    roster_join(r, m, r->rules.changes, NULL);
    roster_leave(r, m, &(struct leaving){.reason = ""});
    rooms_release(r);
    return true;
}

static void who_has_made_its_share_gives_way_to_itself(void **state)
{
    (void)state;
    struct member alice, mallory;
    makers_configure(3, 1000);
    as(&alice, "192.0.2.1", 0);
    as(&mallory, "192.0.2.2", 0);
    assert_true(make("#alice", &alice));
    assert_true(make("#m1", &mallory));
    assert_true(make("#m2", &mallory));
    assert_true(make("#m3", &mallory));
    assert_false(rooms_share_is_used_up(&alice));
    assert_true(rooms_share_is_used_up(&mallory));
    assert_true(make("#m1", &mallory)); /* used again; and a room that exists can be entered */
    assert_true(make("#m4", &mallory));
    check_names("#alice #m1 #m3 #m4", true);
    assert_true(make("#b", &alice));
    check_names("#alice #b #m1 #m3 #m4", true);
}

static void what_a_maker_keeps_counts_and_nothing_of_it_is_evicted(void **state)
{
    (void)state;
    struct member mallory;
    makers_configure(3, 1000);
    as(&mallory, "192.0.2.2", 0);
    assert_true(make("#m1", &mallory));
    set_topic("#m1", "mine");
    say_in("#m2", &mallory);
    struct room *m3 = rooms_get_or_make("#m3", &mallory);
    assert_non_null(m3); /* in use */
    assert_false(make("#m4", &mallory));
    rooms_release(m3);
    unit_house_restart(); /* who made it is on disk */
    assert_true(make("#m4", &mallory));
    check_names("#m1 #m2 #m4", true);
    set_topic("#m4", "mine");
    assert_false(make("#m5", &mallory));
}

static void all_of_loopback_shares_and_the_operator_has_no_limit(void **state)
{
    (void)state;
    struct member local, other;
    makers_configure(1, 1000);
    as(&local, "", 0);
    as(&other, "", 0);
    assert_true(make("#a", &local));
    set_topic("#a", "kept");
    assert_false(make("#b", &other));
    assert_int_equal(create("#c"), CHANGE_MADE);
    assert_int_equal(create("#d"), CHANGE_MADE);
}

static void a_maker_has_half_of_the_rooms_at_most(void **state)
{
    (void)state;
    struct member mallory, alice;
    rooms_configure(8, 30);
    makers_configure(100, 8);
    as(&mallory, "192.0.2.2", 0);
    as(&alice, "192.0.2.1", 0);
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "#m%d", i);
        make(name, &mallory);
        if (i < 4)
            set_topic(name, "kept");
    }
    assert_int_equal(rooms_count(), 4);
    for (int i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "#a%d", i);
        assert_true(make(name, &alice));
    }
    assert_int_equal(rooms_count(), 8);
}

static void a_room_with_an_owner_never_gives_way_to_anothers(void **state)
{
    (void)state;
    struct member mallory, alice;
    int64_t account = unit_house_account("alice", &notifier);
    rooms_configure(3, 30);
    as(&alice, "192.0.2.1", account);
    as(&mallory, "192.0.2.2", 0);
    assert_true(make("#hers", &alice));
    for (int i = 0; i < 10; i++) {
        char name[16];
        snprintf(name, sizeof name, "#m%d", i);
        assert_true(make(name, &mallory));
    }
    check_names("#hers #m8 #m9", true);
    assert_true(is_there("#hers"));
    makers_configure(1, 1000);
    assert_true(make("#next", &alice)); /* but to one that the owner makes, if there is nothing else in it */
    check_names("#m8 #m9 #next", true);
    rooms_forget_account(account); /* then nobody owns it */
    as(&alice, "192.0.2.1", 0);
    makers_configure(100, 1000);
    assert_true(make("#m10", &mallory));
    assert_true(make("#m11", &mallory));
    assert_true(make("#m12", &mallory));
    assert_true(make("#a", &alice));
    assert_true(make("#b", &alice));
    assert_false(is_there("#next"));
}

static void permanent_rooms_are_never_evicted(void **state)
{
    (void)state;
    rooms_configure(2, 30);
    assert_int_equal(create("#kept"), CHANGE_MADE);
    touch("#a");
    touch("#b");
    check_names("#b #kept", true);
    assert_int_equal(create("#b"), CHANGE_MADE); /* an existing room can become permanent */
    assert_null(rooms_get_or_make("#c", 0));
    assert_int_equal(create("#c"), CHANGE_FULL);
    assert_int_equal(create("#b"), CHANGE_EXISTS);
    check_names("#b #kept", true);
}

static void a_room_with_a_reference_is_never_evicted(void **state)
{
    (void)state;
    rooms_configure(2, 30);
    touch("#a");
    touch("#b");
    struct room *a = rooms_get("#a");
    touch("#c"); /* #a is first in the list, and is in use */
    check_names("#a #c", true);
    struct room *c = rooms_get("#c");
    assert_null(rooms_get_or_make("#d", 0));
    check_names("#a #c", true);
    rooms_release(a);
    touch("#d");
    check_names("#c #d", true);
    rooms_release(c);
}

static void a_lowered_maximum_removes_nobody(void **state)
{
    (void)state;
    touch("#a");
    touch("#b");
    touch("#c");
    rooms_configure(1, 30);
    check_names("#a #b #c", true);
    assert_true(is_there("#a"));
    touch("#a"); /* existing rooms can be entered */
    check_names("#a #b #c", true);
    touch("#d"); /* a new room replaces one */
    assert_int_equal(rooms_count(), 3);
}

static void an_evicted_room_that_is_recreated_is_new(void **state)
{
    (void)state;
    rooms_configure(1, 30);
    touch("#a");
    set_topic("#a", "old");
    set_topic("#a", "");
    touch("#b");
    touch("#A");
    check_names("#A", true);
    struct room *r = rooms_get("#a");
    assert_string_equal(r->topic, "");
    rooms_release(r);
    unit_house_restart();
    r = rooms_get("#a");
    assert_non_null(r);
    assert_string_equal(r->name, "#A");
    assert_string_equal(r->topic, "");
    rooms_release(r);
    assert_int_equal(rooms_count(), 1);
}

/* ---- expiry ---- */

static void an_empty_room_expires_after_its_days_of_disuse(void **state)
{
    (void)state;
    char sql[1024];
    long long now = clock_wall_ms(), old = now - 31 * CLOCK_DAY_MS, young = now - 29 * CLOCK_DAY_MS;
    snprintf(sql, sizeof sql,
             "INSERT INTO room (key, name, topic, created_ms, used_ms, kept) VALUES"
             " ('#old', '#old', '', 1, %lld, 0), ('#talk', '#talk', 'topic', 1, %lld, 0),"
             " ('#young', '#young', '', 1, %lld, 0), ('#kept', '#kept', '', 1, %lld, 1),"
             " ('#busy', '#busy', '', 1, %lld, 0)",
             old, old, young, old, old);
    unit_house_restart_with(sql);
    check_names("#busy #kept #old #talk #young", true);
    rooms_configure(1000, 0);
    rooms_clean_up();
    assert_int_equal(rooms_count(), 5); /* 0 days: never */
    rooms_configure(1000, 30);
    struct room *busy = rooms_get("#busy");
    uint64_t expired = counter_get(COUNTER_ROOMS_EXPIRED);
    rooms_clean_up();
    check_names("#busy #kept #young", true);
    assert_int_equal(counter_get(COUNTER_ROOMS_EXPIRED), expired + 2);
    rooms_release(busy);
    unit_house_restart();
    check_names("#busy #kept #young", true);
}

static void a_room_that_is_never_empty_is_recorded_every_day(void **state)
{
    (void)state;
    struct unit_member alice;
    unit_member_start(&alice, "alice", unit_gen());
    struct room *r = rooms_get_or_make("#a", 0);
    unit_member_join(&alice, r);
    unit_house_settle();
    lock_acquire(&r->lock);
    r->recorded_ms -= 2 * CLOCK_DAY_MS;
    lock_release(&r->lock);
    int64_t before = clock_wall_ms();
    rooms_clean_up();
    unit_house_settle();
    assert_true(unit_house_number("SELECT used_ms FROM room WHERE key = '#a'") >= before);
    uint64_t jobs = counter_get(COUNTER_STORE_JOBS);
    rooms_clean_up(); /* once is enough */
    unit_house_settle();
    assert_int_equal(counter_get(COUNTER_STORE_JOBS), jobs);
    unit_member_leave(&alice, r, false);
    unit_member_stop(&alice);
}

static void loaded_rooms_are_evicted_in_the_order_of_their_use(void **state)
{
    (void)state;
    unit_house_restart_with("INSERT INTO room (key, name, topic, created_ms, used_ms, kept) VALUES"
                            " ('#c', '#c', '', 1, 9000000000001, 0), ('#a', '#a', '', 1, 9000000000003, 0),"
                            " ('#b', '#b', '', 1, 9000000000002, 0), ('#t', '#t', 't', 1, 1, 0),"
                            " ('#k', '#k', '', 1, 1, 1)");
    rooms_configure(5, 30);
    touch("#1");
    check_names("#1 #a #b #k #t", true);
    touch("#2");
    check_names("#1 #2 #a #k #t", true);
    touch("#3");
    check_names("#1 #2 #3 #k #t", true);
}

static void invalid_rows_are_skipped_and_the_rest_is_loaded(void **state)
{
    (void)state;
    unit_house_restart_with("INSERT INTO room (key, name, created_ms, used_ms) VALUES"
                            " ('#ok', '#ok', 1, 9000000000001), ('', '', 1, 9000000000001),"
                            " ('#bad name', '#bad name', 1, 9000000000001), ('#x', 'nohash', 1, 9000000000001), ('#', "
                            "'#', 1, 9000000000001),"
                            " ('#l', '#nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn', 1, 1),"
                            " ('#early', '#early', -1, 1), ('#late', '#late', 9000000000000, 1);"
                            "INSERT INTO message (room, id, time_ms, name, text)"
                            " VALUES ('#ok', 9223372036854775807, 1, 'bob', 'x')");
    check_names("#ok", true);
    struct room *r = rooms_get("#ok");
    assert_true(r->last_id < room_first_number(clock_wall_ms() + CLOCK_DAY_MS)); /* that number was not believed */
    rooms_release(r);
}

/* ---- the operator's changes ---- */

static void an_operator_creates_a_room_once_it_is_on_disk(void **state)
{
    (void)state;
    assert_int_equal(create("#New"), CHANGE_MADE);
    assert_int_equal(unit_house_number("SELECT kept FROM room WHERE name = '#New'"), 1);
    assert_int_equal(refs_of("#new"), 1);
    assert_int_equal(create("#new"), CHANGE_EXISTS);
    assert_int_equal(refs_of("#new"), 1);
}

static void an_operator_deletes_an_empty_room(void **state)
{
    (void)state;
    assert_int_equal(delete("#a"), CHANGE_UNKNOWN);
    touch("#a");
    set_topic("#a", "tea");
    assert_int_equal(delete("#A"), CHANGE_MADE);
    assert_false(is_there("#a"));
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM room"), 0);
    assert_int_equal(create("#k"), CHANGE_MADE);
    assert_int_equal(delete("#k"), CHANGE_MADE); /* a room that the operator made, too */
    unit_house_restart();
    assert_int_equal(rooms_count(), 0);
}

static void a_room_with_members_cannot_be_deleted(void **state)
{
    (void)state;
    struct unit_member alice;
    unit_member_start(&alice, "alice", unit_gen());
    struct room *r = rooms_get_or_make("#a", 0);
    unit_member_join(&alice, r);
    assert_int_equal(delete("#a"), CHANGE_OCCUPIED);
    assert_true(is_there("#a"));
    assert_int_equal(r->refs, 2);
    unit_member_leave(&alice, r, false);
    assert_int_equal(delete("#a"), CHANGE_MADE);
    unit_member_stop(&alice);
}

static void a_topic_of_an_unknown_room_cannot_be_set(void **state)
{
    (void)state;
    assert_int_equal(change_topic("#nowhere", "x", &change, &notifier), CHANGE_UNKNOWN);
    assert_int_equal(rooms_count(), 0);
}

/* ---- races ---- */

#define RACERS 3
#define ROUNDS 400

struct racer {
    uint64_t seed;
    bool is_operator;
    struct change change;
    struct notifier notifier;
    struct member m; /* without a client: entries put for it are discarded */
    struct outbox *outbox;
    _Atomic int broken;
    struct thread thread;
};

static void join_and_leave(struct racer *ra, const char *name)
{
    struct room *r = rooms_get_or_make(name, 0);
    if (!r)
        return;
    if (r->refs < 2 || strcasecmp(r->name, name) != 0)
        ra->broken++;
    member_add_room(&ra->m, r);
    roster_join(r, &ra->m, 0, NULL);
    if (!unit_say(r, &ra->m, "hello"))
        ra->broken++;
    post_settle();
    roster_leave(r, &ra->m, &(struct leaving){.reason = "", .answer = true});
    member_remove_room(&ra->m, r);
    rooms_release(r);
}

static void run_race(void *arg)
{
    struct racer *ra = arg;
    for (int i = 0; i < ROUNDS; i++) {
        char name[8];
        uint32_t n = unit_random(&ra->seed);
        snprintf(name, sizeof name, "#%c", (char)('a' + n % 6));
        if (!ra->is_operator || i % 40) {
            join_and_leave(ra, name);
            continue;
        }
        if (n & 64)
            change_delete(name, &ra->change, &ra->notifier);
        else
            change_topic(name, n & 128 ? "topic" : "", &ra->change, &ra->notifier);
        rooms_clean_up();
    }
}

static void concurrent_joins_leaves_evictions_and_deletions_leak_nothing(void **state)
{
    (void)state;
    static struct racer ra[RACERS];
    rooms_configure(3, 30);
    memset(ra, 0, sizeof ra);
    for (int i = 0; i < RACERS; i++) {
        ra[i].seed = (uint64_t)i + 1;
        ra[i].is_operator = i == 0;
        notifier_init(&ra[i].notifier);
        ra[i].outbox = outbox_new(&ra[i].notifier);
        ra[i].m.outbox = ra[i].outbox;
        ra[i].m.notifier = &ra[i].notifier;
        snprintf(ra[i].m.name, sizeof ra[i].m.name, "racer%d", i);
    }
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(thread_start(&ra[i].thread, "racer", 128 * 1024, run_race, &ra[i]), 0);
    for (int i = 0; i < RACERS; i++) {
        thread_join(&ra[i].thread);
        assert_int_equal(ra[i].broken, 0);
    }
    assert_true(rooms_count() <= 3);
    check_names("", false);
    /* memory and disk agree: what a restart finds is what was there */
    struct strv before = {0}, after = {0};
    rooms_names(&before, true, NULL);
    strv_sort(&before);
    for (size_t i = 0; i < before.n; i++)
        assert_int_equal(refs_of(before.v[i]), 1);
    unit_house_restart();
    rooms_names(&after, true, NULL);
    strv_sort(&after);
    assert_int_equal(before.n, after.n);
    for (size_t i = 0; i < before.n; i++)
        assert_string_equal(before.v[i], after.v[i]);
    strv_fini(&before);
    strv_fini(&after);
    for (int i = 0; i < RACERS; i++) {
        free(ra[i].m.rooms);
        outbox_free(&ra[i].outbox);
        notifier_fini(&ra[i].notifier);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_room_is_created_once_and_keeps_its_first_spelling),
        TEST(only_rooms_with_members_are_listed_unless_all_are_wanted),
        TEST(each_room_is_visited_with_a_reference_held),
        TEST(rooms_survive_a_restart_with_topic_and_permanence),
        TEST(the_room_empty_for_longest_is_evicted),
        TEST(rooms_with_a_topic_are_never_evicted),
        TEST(rooms_with_history_are_not_evicted_while_they_have_it),
        TEST(who_has_made_its_share_gives_way_to_itself),
        TEST(what_a_maker_keeps_counts_and_nothing_of_it_is_evicted),
        TEST(all_of_loopback_shares_and_the_operator_has_no_limit),
        TEST(a_maker_has_half_of_the_rooms_at_most),
        TEST(a_room_with_an_owner_never_gives_way_to_anothers),
        TEST(permanent_rooms_are_never_evicted),
        TEST(a_room_with_a_reference_is_never_evicted),
        TEST(a_lowered_maximum_removes_nobody),
        TEST(an_evicted_room_that_is_recreated_is_new),
        TEST(an_empty_room_expires_after_its_days_of_disuse),
        TEST(a_room_that_is_never_empty_is_recorded_every_day),
        TEST(loaded_rooms_are_evicted_in_the_order_of_their_use),
        TEST(invalid_rows_are_skipped_and_the_rest_is_loaded),
        TEST(an_operator_creates_a_room_once_it_is_on_disk),
        TEST(an_operator_deletes_an_empty_room),
        TEST(a_room_with_members_cannot_be_deleted),
        TEST(a_topic_of_an_unknown_room_cannot_be_set),
        TEST(concurrent_joins_leaves_evictions_and_deletions_leak_nothing),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
