/* SPDX-License-Identifier: ISC */
/*
 * The registry of names: a name has one owner, who is welcomed before others see the name and can release only that
 * name.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "tests/lib/unit.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct unit_member alice, bob;

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    accounts_start();
    users_start();
    unit_member_start(&alice, "Alice", unit_gen());
    unit_member_start(&bob, "bob", unit_gen());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_release(&alice.member);
    users_release(&bob.member);
    unit_member_stop(&alice);
    unit_member_stop(&bob);
    users_stop();
    accounts_stop();
    return 0;
}

static bool claim(struct unit_member *um)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = um->member.name};
    return users_claim(&um->member, &(struct claim){.name = um->member.name, .answer = &welcome});
}

static bool put(const char *name, const char *text)
{
    struct member somebody = {.name = "somebody", .key = "somebody"}; /* a sender that ignores AWAY notices */
    return users_put(&somebody, name, UNIT_TEXT(text), NULL, NULL, NULL);
}

static void rename_to(struct unit_member *um, const char *name)
{
    memcpy(um->member.name, name, strlen(name) + 1);
    name_fold(um->member.key, name);
}

static void a_free_name_is_given_and_its_owner_welcomed(void **state)
{
    (void)state;
    assert_true(claim(&alice));
    unit_member_hears(&alice, "OK Welcome, Alice!\n");
    unit_expect_names("Alice");
}

static void a_taken_name_is_refused_in_any_case_without_output(void **state)
{
    (void)state;
    assert_true(claim(&alice));
    rename_to(&bob, "aLICE");
    assert_false(claim(&bob));
    unit_member_hears(&bob, "");
    unit_expect_names("Alice");
}

static void a_released_name_is_free_at_once(void **state)
{
    (void)state;
    assert_true(claim(&alice));
    users_release(&alice.member);
    unit_expect_names("");
    rename_to(&bob, "alice");
    assert_true(claim(&bob));
    unit_expect_names("alice");
}

static void only_the_owner_of_a_name_can_release_it(void **state)
{
    (void)state;
    assert_true(claim(&alice));
    rename_to(&bob, "alice");
    assert_false(claim(&bob));
    users_release(&bob.member);
    unit_expect_names("Alice");
    users_release(&alice.member);
    users_release(&alice.member); /* repeating has no effect */
    assert_true(claim(&bob));
    users_release(&alice.member); /* nor does a late release */
    unit_expect_names("alice");
}

static void clear_notifier(struct notifier *b)
{
    while (notifier_wait(b, 0))
        ;
}

static void a_waiter_is_notified_when_a_name_is_released(void **state)
{
    (void)state;
    struct unit_member carol;
    unit_member_start(&carol, "alice", unit_gen());
    assert_true(claim(&alice));
    rename_to(&bob, "alice");
    users_wait(&bob.member);
    users_wait(&carol.member);
    clear_notifier(bob.member.notifier);
    clear_notifier(carol.member.notifier);
    users_release(&alice.member);
    assert_true(notifier_wait(bob.member.notifier, 0));
    assert_true(notifier_wait(carol.member.notifier, 0));
    users_unwait(&bob.member);
    assert_true(claim(&bob));
    assert_false(claim(&carol));
    users_release(&bob.member);
    assert_true(notifier_wait(carol.member.notifier, 0));
    assert_false(notifier_wait(bob.member.notifier, 0)); /* bob waits no longer */
    users_unwait(&carol.member);
    unit_member_stop(&carol);
}

static void releasing_no_name_notifies_no_waiter(void **state)
{
    (void)state;
    users_wait(&bob.member);
    clear_notifier(bob.member.notifier);
    users_release(&alice.member);
    assert_false(notifier_wait(bob.member.notifier, 0));
    users_unwait(&bob.member);
}

static void a_private_message_reaches_its_target_alone(void **state)
{
    (void)state;
    assert_true(claim(&alice));
    assert_true(claim(&bob));
    assert_true(put("ALICE", "psst"));
    assert_false(put("carol", "psst"));
    unit_member_hears(&alice, "OK Welcome, Alice!\nPRIVMSG somebody psst\n");
    unit_member_hears(&bob, "OK Welcome, bob!\n");
    outbox_close(bob.member.outbox, CLOSE_KICK, NULL);
    assert_false(put("bob", "to one who is just going"));
    users_release(&alice.member);
    assert_false(put("alice", "too late"));
}

/* The line must have tags followed by `rest`. Returns its number and advances the text. */
static unsigned long long tagged(const char **text, const char *rest)
{
    unsigned long long id;
    int day, used = 0;
    if (sscanf(*text, "@id=%llu;time=%d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ %n", &id, &day, &used) != 2 || !used)
        fail_msg("no tags: %s", *text);
    *text += used;
    assert_int_equal(strncmp(*text, rest, strlen(rest)), 0);
    *text += strlen(rest);
    return id;
}

static void a_private_message_has_a_number_and_a_time_in_tags(void **state)
{
    (void)state;
    struct buf heard = {0};
    claim(&alice);
    claim(&bob);
    users_set_form(&alice.member, FORM_TAGS);
    unit_member_clear(&alice);
    put("alice", "one");
    put("bob", "two");
    put("alice", "three");
    unit_member_hears(&bob, "OK Welcome, bob!\nPRIVMSG somebody two\n");
    const char *text = unit_client_heard(&alice.client, &heard);
    unsigned long long first = tagged(&text, "PRIVMSG somebody one\r\n");
    unsigned long long third = tagged(&text, "PRIVMSG somebody three\r\n");
    assert_string_equal(text, "");
    assert_true(third > first);
    users_set_form(&alice.member, FORM_NATIVE);
    put("alice", "four");
    unit_member_hears(&alice, "PRIVMSG somebody four\n");
    buf_fini(&heard);
}

static void note_absent(void *arg)
{
    lock_assert_held(LOCK_USERS); /* nobody can take the name before this is recorded */
    ++*(int *)arg;
}

static void an_unknown_name_is_reported_under_the_same_lock(void **state)
{
    struct member somebody = {.name = "somebody", .key = "somebody"};
    int absent = 0;
    (void)state;
    claim(&alice);
    assert_true(users_put(&somebody, "alice", UNIT_TEXT("one"), note_absent, &absent, NULL));
    assert_int_equal(absent, 0);
    assert_false(users_put(&somebody, "carol", UNIT_TEXT("two"), note_absent, &absent, NULL));
    assert_int_equal(absent, 1);
    outbox_close(alice.member.outbox, CLOSE_QUIT, NULL);
    assert_false(users_put(&somebody, "alice", UNIT_TEXT("three"), note_absent, &absent, NULL)); /* it is leaving */
    assert_int_equal(absent, 2);
}

static void a_message_to_a_user_who_is_away_is_answered_each_time(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    users_set_away(&alice.member, "gone fishing");
    assert_true(users_put(&bob.member, "ALICE", UNIT_TEXT("one"), NULL, NULL, NULL));
    users_set_away(&alice.member, "gone home");
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("two"), NULL, NULL, NULL));
    users_set_away(&alice.member, NULL);
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("three"), NULL, NULL, NULL));
    unit_member_hears(&bob, "AWAY Alice gone fishing\nAWAY Alice gone home\n");
    unit_member_hears(&alice, "PRIVMSG bob one\nPRIVMSG bob two\nPRIVMSG bob three\n");
    users_set_away(&alice.member, "gone for good");
    users_release(&alice.member);
    claim(&alice); /* a released name keeps nothing */
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("four"), NULL, NULL, NULL));
    unit_member_hears(&bob, "");
}

static void a_view_shows_the_user_of_a_name(void **state)
{
    (void)state;
    struct users_view v;
    assert_false(users_view("alice", &v));
    claim(&alice);
    alice.member.since_ms = 1795421730123LL;
    alice.member.active_ms = clock_ms() - 90000;
    users_set_away(&alice.member, "gone fishing");
    assert_true(users_view("aLICE", &v));
    assert_int_equal(v.id, alice.member.id);
    assert_string_equal(v.name, "Alice");
    assert_int_equal(v.since_ms, 1795421730123LL);
    assert_int_in_range(v.idle_ms, 90000, 90000 + 60000);
    assert_string_equal(buf_text(&v.away), "gone fishing");
    users_view_fini(&v);
    users_set_away(&alice.member, NULL);
    assert_true(users_view("alice", &v));
    assert_string_equal(buf_text(&v.away), "");
    users_view_fini(&v);
}

static void a_message_to_a_user_who_ignores_the_sender_is_dropped_unnoticed(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    users_set_ignores(&alice.member, ignores_with(NULL, "BOB"));
    users_set_away(&alice.member, "gone fishing");
    assert_true(users_put(&bob.member, "alice", UNIT_TEXT("one"), NULL, NULL, NULL));
    users_set_away(&alice.member, NULL);
    assert_true(put("alice", "two"));
    unit_member_hears(&bob, "AWAY Alice gone fishing\n");
    unit_member_hears(&alice, "PRIVMSG somebody two\n");
    outbox_close(alice.member.outbox, CLOSE_KICK, NULL);
    assert_false(users_put(&bob.member, "alice", UNIT_TEXT("three"), NULL, NULL, NULL)); /* as if not ignored */
}

static bool rename_as(struct unit_member *um, const char *name)
{
    struct event renamed = {.kind = EVENT_RENAMED, .name = name};
    return users_claim(&um->member, &(struct claim){.name = name, .answer = &renamed});
}

static void a_renamed_client_is_found_only_by_its_new_name(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    unit_member_clear(&alice);
    assert_true(rename_as(&alice, "Ann"));
    unit_member_hears(&alice, "OK Renamed Ann\n");
    assert_string_equal(alice.member.name, "Ann");
    unit_expect_names("bob Ann");
    assert_true(put("ann", "hello"));
    assert_false(put("alice", "nobody"));
    users_renamed(&alice.member);
    unit_member_hears(&alice, "PRIVMSG somebody hello\n");
    users_release(&alice.member);
    unit_expect_names("bob");
}

static void an_old_name_is_reserved_until_the_rooms_know_the_new_one(void **state)
{
    (void)state;
    struct unit_member carol;
    unit_member_start(&carol, "ALICE", unit_gen());
    claim(&alice);
    assert_true(rename_as(&alice, "ann"));
    assert_false(claim(&carol));
    assert_true(users_is_leaving("alice")); /* so a waiter may wait for it */
    users_wait(&carol.member);
    clear_notifier(&carol.client.notifier);
    users_renamed(&alice.member);
    assert_true(notifier_wait(&carol.client.notifier, 0));
    users_unwait(&carol.member);
    users_renamed(&alice.member); /* repeating has no effect */
    assert_true(claim(&carol));
    unit_expect_names("ann ALICE");
    users_release(&carol.member);
    unit_member_stop(&carol);
}

static void a_rename_to_a_taken_name_keeps_the_old_one(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    unit_member_clear(&alice);
    assert_false(rename_as(&alice, "BOB"));
    users_renamed(&alice.member);
    unit_member_hears(&alice, "");
    unit_expect_names("Alice bob");
    assert_true(put("alice", "still here"));
}

static void a_user_can_change_the_case_of_a_name(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    assert_true(rename_as(&alice, "aLiCe"));
    unit_expect_names("aLiCe bob");
    assert_true(put("alice", "hello"));
    users_renamed(&alice.member);
    users_release(&alice.member);
    unit_expect_names("bob");
}

static void each_contact_is_told_once_and_only_while_online(void **state)
{
    (void)state;
    claim(&alice);
    claim(&bob);
    users_set_form(&bob.member, FORM_TAGS);
    unit_member_clear(&alice);
    unit_member_clear(&bob);
    struct contact v[] = {{&bob.member, bob.member.id}, {&alice.member, alice.member.id},
                            {&bob.member, bob.member.id}, {&alice.member, alice.member.id + 100000}};
    struct contacts c = {v, 4, 4};
    struct event ev = {.kind = EVENT_RENAME, .name = "erin", .text = "eve"};
    struct buf heard = {0};
    users_tell(&c, &ev);
    unit_member_hears(&alice, "RENAME erin eve\n");
    const char *text = unit_client_heard(&bob.client, &heard);
    tagged(&text, "RENAME erin eve\r\n");
    assert_string_equal(text, "");
    users_release(&bob.member);
    users_tell(&c, &ev);
    unit_member_hears(&bob, "");
    unit_member_hears(&alice, "RENAME erin eve\n");
    buf_fini(&heard);
}

static void a_notice_reaches_every_named_client(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_ANNOUNCEMENT, .text = "tea"};
    assert_true(claim(&alice));
    users_put_all(&ev);
    assert_true(claim(&bob));
    users_put_all(&ev);
    unit_member_hears(&alice, "OK Welcome, Alice!\nNOTICE tea\nNOTICE tea\n");
    unit_member_hears(&bob, "OK Welcome, bob!\nNOTICE tea\n");
}

static void names_are_listed_in_order_of_arrival(void **state)
{
    (void)state;
    struct unit_member zoe;
    unit_member_start(&zoe, "Zoe", unit_gen());
    assert_true(claim(&zoe));
    assert_true(claim(&alice));
    assert_true(claim(&bob));
    unit_expect_names("Zoe Alice bob");
    users_release(&zoe.member);
    unit_expect_names("Alice bob");
    assert_true(claim(&zoe));
    unit_expect_names("Alice bob Zoe");
    users_release(&zoe.member);
    unit_member_stop(&zoe);
}

static void a_session_is_closed_by_name_with_its_last_words(void **state)
{
    (void)state;
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_KICKED, .reason = "spam"};
    uint64_t *ids;
    assert_int_equal(users_kick("alice", &words, &ids), 0);
    assert_null(ids);
    assert_true(claim(&alice));
    assert_true(claim(&bob));
    assert_int_equal(users_kick("aLiCe", &words, &ids), 1);
    assert_int_equal(*ids, alice.member.id);
    free(ids);
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_KICK);
    assert_int_equal(outbox_reason(bob.member.outbox), CLOSE_OPEN);
    outbox_finish(alice.member.outbox, NULL);
    unit_member_hears(&alice, "OK Welcome, Alice!\nERROR Kicked: spam\n");
}

static void closing_an_account_ends_the_wait_to_be_resumed(void **state)
{
    (void)state;
    struct event words = {.kind = EVENT_ERROR, .error = ERROR_LOCKED};
    alice.member.account = 7;
    assert_true(claim(&alice));
    assert_true(claim(&bob));
    outbox_close(alice.member.outbox, CLOSE_EOF, NULL); /* her connection has broken */
    users_close_account(7, CLOSE_LOCKED, &words);
    assert_true(alice.member.kicked);
    assert_false(bob.member.kicked);
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_EOF);
}

static void a_name_is_shown_only_while_it_is_owned(void **state)
{
    (void)state;
    char name[NAME_SIZE] = "?";
    users_name_of(&alice.member, alice.member.id, name);
    assert_string_equal(name, "");
    assert_true(claim(&alice));
    users_name_of(&alice.member, alice.member.id, name);
    assert_string_equal(name, "Alice");
    users_release(&alice.member);
    users_name_of(&alice.member, alice.member.id, name);
    assert_string_equal(name, "");
}

static void a_leaving_owner_is_recognised(void **state)
{
    (void)state;
    struct unit_held h;
    unit_held_start(&h);
    struct member carol = {.outbox = h.c.outbox, .notifier = &h.c.notifier, .name = "Carol", .key = "carol"};
    struct event welcome = {.kind = EVENT_WELCOME, .name = "Carol"};
    assert_true(users_is_leaving("carol")); /* it has no owner: it is free */
    assert_true(users_claim(&carol, &(struct claim){.name = "Carol", .answer = &welcome}));
    assert_false(users_is_leaving("CAROL"));
    h.us.gone = true; /* the connection has ended, but its reader does not know yet */
    assert_true(users_is_leaving("carol"));
    h.us.gone = false;
    outbox_close(h.c.outbox, CLOSE_KICK, NULL);
    assert_true(users_is_leaving("carol"));
    users_release(&carol);
    unit_held_stop(&h);
}

/* ---- races ---- */

#define RIVALS 4
#define ROUNDS 200 /* times that each rival gets the name */
#define DUELS 10000

static struct {
    _Atomic int owners, most_owners, wins;
    _Atomic int ready, claimed, released;
} race;

/* A member without a client: entries put for it are discarded. */
struct rival {
    struct member m;
    struct outbox *outbox;
    struct notifier notifier;
    _Atomic bool won[DUELS];
    struct thread thread;
};

static struct rival rivals[RIVALS];

static bool try_claim(struct rival *r)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = r->m.name};
    return users_claim(&r->m, &(struct claim){.name = r->m.name, .answer = &welcome});
}

static void run_rivals(int count, thread_fn *fn)
{
    memset(&race, 0, sizeof race);
    for (int i = 0; i < count; i++) {
        struct rival *r = &rivals[i];
        notifier_init(&r->notifier);
        r->outbox = outbox_new(&r->notifier);
        r->m = (struct member){.outbox = r->outbox, .notifier = &r->notifier, .name = "prize", .key = "prize"};
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(thread_start(&rivals[i].thread, "rival", 64 * 1024, fn, &rivals[i]), 0);
}

static void end_rivals(int count)
{
    for (int i = 0; i < count; i++)
        thread_join(&rivals[i].thread);
    assert_int_equal(users_count(), 0);
    for (int i = 0; i < count; i++) {
        outbox_free(&rivals[i].outbox);
        notifier_fini(&rivals[i].notifier);
    }
}

static void fight_for_the_name(void *arg)
{
    struct rival *r = arg;
    for (int won = 0; won < ROUNDS;) {
        if (!try_claim(r)) {
            sched_yield();
            continue;
        }
        won++;
        int owners = ++race.owners;
        if (owners > race.most_owners)
            race.most_owners = owners;
        race.wins++;
        put("prize", "word");
        race.owners--;
        users_release(&r->m);
    }
}

static void a_name_never_has_two_owners(void **state)
{
    (void)state;
    run_rivals(RIVALS, fight_for_the_name);
    for (int i = 0; i < ROUNDS; i++) {
        struct strv names = {0};
        users_names(&names);
        assert_true(names.n <= 1);
        strv_fini(&names);
        put("prize", "from outside");
    }
    end_rivals(RIVALS);
    assert_int_equal(race.most_owners, 1);
    assert_int_equal(race.wins, RIVALS * ROUNDS);
}

static void synchronise(_Atomic int *at, int round)
{
    ++*at;
    while (*at < 2 * (round + 1))
        sched_yield();
}

static void fight_a_duel(void *arg)
{
    struct rival *r = arg;
    for (int i = 0; i < DUELS; i++) {
        synchronise(&race.ready, i);
        r->won[i] = try_claim(r);
        synchronise(&race.claimed, i);
        users_release(&r->m);
        synchronise(&race.released, i);
    }
}

static void of_two_simultaneous_claims_exactly_one_succeeds(void **state)
{
    (void)state;
    run_rivals(2, fight_a_duel);
    end_rivals(2);
    for (int i = 0; i < DUELS; i++)
        assert_int_equal(rivals[0].won[i] + rivals[1].won[i], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_free_name_is_given_and_its_owner_welcomed),
        TEST(a_taken_name_is_refused_in_any_case_without_output),
        TEST(a_released_name_is_free_at_once),
        TEST(only_the_owner_of_a_name_can_release_it),
        TEST(a_waiter_is_notified_when_a_name_is_released),
        TEST(releasing_no_name_notifies_no_waiter),
        TEST(a_private_message_reaches_its_target_alone),
        TEST(a_private_message_has_a_number_and_a_time_in_tags),
        TEST(an_unknown_name_is_reported_under_the_same_lock),
        TEST(a_message_to_a_user_who_is_away_is_answered_each_time),
        TEST(a_view_shows_the_user_of_a_name),
        TEST(a_message_to_a_user_who_ignores_the_sender_is_dropped_unnoticed),
        TEST(a_renamed_client_is_found_only_by_its_new_name),
        TEST(an_old_name_is_reserved_until_the_rooms_know_the_new_one),
        TEST(a_rename_to_a_taken_name_keeps_the_old_one),
        TEST(a_user_can_change_the_case_of_a_name),
        TEST(each_contact_is_told_once_and_only_while_online),
        TEST(a_notice_reaches_every_named_client),
        TEST(names_are_listed_in_order_of_arrival),
        TEST(a_session_is_closed_by_name_with_its_last_words),
        TEST(closing_an_account_ends_the_wait_to_be_resumed),
        TEST(a_name_is_shown_only_while_it_is_owned),
        TEST(a_leaving_owner_is_recognised),
        TEST(a_name_never_has_two_owners),
        TEST(of_two_simultaneous_claims_exactly_one_succeeds),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
