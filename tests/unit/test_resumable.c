/* SPDX-License-Identifier: ISC */
/* The end of the grace, step by step: the session's reader is a thread that the test stops at a room's lock. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat/rooms.h"
#include "chat/users.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "serve/native/native_protocol.h"
#include "serve/resumable.h"
#include "serve/session_rooms.h"
#include "tests/lib/unit.h"

#include <stdio.h>

static const struct token token = {{1}};
static struct pair pair;
static struct session *s;
static struct unit_client client; /* the session's */
static struct room *room;         /* borrows */
static struct thread reader;
static struct notifier notifier;
static struct session other = {.member = {.notifier = &notifier}}; /* of the resumer */

static void enter(const char *name)
{
    struct refusal no = {0};
    unsigned ticket;
    room = rooms_get_or_make(name, 0);
    assert_true(room_admits(room, &s->member, NULL, &ticket, &no));
    assert_true(session_rooms_enter(s, room, ticket, NULL));
}

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_WIDE);
    unit_house_start();
    resumable_configure(60000);
    notifier_init(&notifier);
    unit_client_start(&client);
    pair = (struct pair){.outbox = client.outbox};
    notifier_init(&pair.notifier);
    unit_client_open(&client, unit_gen());
    session_prepare(&pair);
    s = pair.user;
    s->protocol = &native_protocol;
    s->member.id = s->member.user_id = unit_gen();
    snprintf(s->member.name, sizeof s->member.name, "alice");
    struct event welcome = {.kind = EVENT_WELCOME, .name = "alice"};
    assert_true(users_claim(&s->member, &(struct claim){.name = "alice", .answer = &welcome}));
    enter("#den");
    resumable_list(s, &token);
    post_flush();
    unit_client_wait_written(&client);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_rooms_quit(s);
    post_flush();
    unit_house_stop();
    session_release(&pair);
    unit_client_end(&client, CLOSE_GONE);
    unit_client_stop(&client);
    notifier_fini(&pair.notifier);
    notifier_fini(&notifier);
    return 0;
}

static void stay(void *arg)
{
    (void)arg;
    resumable_stay(s);
    post_flush();
}

static bool is_abandoned(void *arg)
{
    (void)arg;
    lock_acquire(&client.outbox->lock);
    bool is_abandoned = client.outbox->failed;
    lock_release(&client.outbox->lock);
    return is_abandoned;
}

/* The connection breaks, and the reader has noted what the session has, and waits for a resumer. */
static void break_connection(void)
{
    outbox_close(client.outbox, CLOSE_GONE, NULL);
    outbox_finish(client.outbox, NULL);
    assert_int_equal(thread_start(&reader, "reader", 256 * 1024, stay, NULL), 0);
    unit_until(is_abandoned, NULL);
}

static bool is_in_its_rooms(void *arg)
{
    (void)arg;
    return !atomic_load(&s->member.removed);
}

/* Ends the wait, and stops the reader at the room's lock, where it looks again for what is to be saved. */
static void stop_before_saving(void)
{
    lock_acquire(&room->lock);
    atomic_store(&s->member.removed, true); /* so that it asks the room, and before that sets this to false */
    atomic_store(&s->member.replaced, true);
    notifier_notify(&pair.notifier);
    unit_until(is_in_its_rooms, NULL);
}

static bool is_answered(void *arg)
{
    struct resumer *rs = arg;
    return atomic_load(&rs->state) != RESUMER_WAITS;
}

static void a_session_can_be_asked_for_until_it_is_saved(void **state)
{
    struct resumer rs = {.s = &other, .token = &token};
    (void)state;
    break_connection();
    stop_before_saving();
    bool is_requested = resumable_request(&rs);
    int meanwhile = atomic_load(&rs.state);
    lock_release(&room->lock);
    thread_join(&reader);
    assert_true(is_requested);
    assert_int_equal(meanwhile, RESUMER_WAITS);
    assert_int_equal(atomic_load(&rs.state), RESUMER_REFUSED); /* so it takes what was saved */
}

static void a_session_that_is_asked_for_in_time_is_handed_over(void **state)
{
    struct resumer rs = {.s = &other, .token = &token};
    (void)state;
    break_connection();
    assert_true(resumable_request(&rs));
    unit_until(is_answered, &rs);
    assert_int_equal(atomic_load(&rs.state), RESUMER_READY);
    assert_ptr_equal(rs.resumable->s, s);
    assert_int_equal(rs.resumable->saved.room_count, 1);
    assert_string_equal(rs.resumable->saved.rooms[0].key, "#den");
    resumable_release(rs.resumable);
    thread_join(&reader);
    assert_false(resumable_request(&rs));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_session_can_be_asked_for_until_it_is_saved),
        TEST(a_session_that_is_asked_for_in_time_is_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
