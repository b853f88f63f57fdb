/* SPDX-License-Identifier: ISC */
/*
 * What the members of a session's rooms are told when it quits: in a form that is told of it room by room, and in one
 * that is told once, which the test puts in place of the form with tags. The session has no reader: the test is it.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"
#include "net/post.h"
#include "proto/native.h"
#include "serve/session_rooms.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct pair pair;
static struct session *s;
static struct unit_client client;           /* the session's */
static struct unit_member bob, carol, dave; /* bob is told room by room; carol and dave once */
static struct room *one, *two;              /* borrows: each member in them has a reference */

static void render(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    if (ev->kind == EVENT_QUIT)
        buf_printf(out, "QUIT %s (%s)\r\n", ev->name, ev->reason);
    else if (ev->kind != EVENT_LEAVE || !ev->quitting)
        native_codec.render(out, ev, FORM_NATIVE, to);
    (void)form;
}

static void claim(struct member *m)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = m->name};
    assert_true(users_claim(m, &(struct claim){.name = m->name, .answer = &welcome}));
}

static void member_start(struct unit_member *um, const char *name, enum form form)
{
    unit_member_start(um, name, unit_gen());
    um->member.form = form;
    claim(&um->member);
}

static void member_stop(struct unit_member *um)
{
    unit_member_leave_all(um);
    users_release(&um->member);
}

static int set_up(void **state)
{
    static const struct codec hears_quits = {.hears_quits = true, .render = render};
    (void)state;
    codecs_replace(FORM_TAGS, &hears_quits);
    unit_limits(UNIT_WIDE);
    unit_house_start();
    member_start(&bob, "bob", FORM_NATIVE);
    member_start(&carol, "carol", FORM_TAGS);
    member_start(&dave, "dave", FORM_TAGS);
    unit_client_start(&client);
    pair = (struct pair){.outbox = client.outbox};
    notifier_init(&pair.notifier);
    unit_client_open(&client, unit_gen());
    session_prepare(&pair);
    s = pair.user;
    s->member.id = s->member.user_id = unit_gen();
    snprintf(s->member.name, sizeof s->member.name, "alice");
    claim(&s->member);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_rooms_quit(s);
    member_stop(&bob);
    member_stop(&carol);
    member_stop(&dave);
    post_flush();
    unit_house_stop();
    session_release(&pair);
    unit_client_end(&client, CLOSE_EOF);
    unit_client_stop(&client);
    notifier_fini(&pair.notifier);
    unit_member_stop(&bob);
    unit_member_stop(&carol);
    unit_member_stop(&dave);
    codecs_replace(FORM_TAGS, NULL);
    return 0;
}

static struct room *enter(const char *name)
{
    struct refusal no = {0};
    unsigned ticket;
    struct room *r = rooms_get_or_make(name, 0);
    assert_true(room_admits(r, &s->member, NULL, &ticket, &no));
    assert_true(session_rooms_enter(s, r, ticket, NULL));
    return r;
}

static void join(struct unit_member *um, const char *name)
{
    unit_member_join(um, rooms_get_or_make(name, 0));
}

static void clear_output(void)
{
    unit_member_clear(&bob);
    unit_member_clear(&carol);
    unit_member_clear(&dave);
}

/* ---- the end of a session ---- */

static void a_quit_is_told_once_or_room_by_room_as_the_codec_asks(void **state)
{
    (void)state;
    one = enter("#one");
    two = enter("#two");
    join(&bob, "#one");
    join(&bob, "#two");
    join(&carol, "#one");
    join(&carol, "#two");
    join(&dave, "#two");
    clear_output();
    s->goodbye = strdup("tea");
    session_rooms_quit(s);
    unit_member_hears(&bob, "LEAVE #two alice\nLEAVE #one alice\n");
    unit_member_hears(&carol, "QUIT alice (tea)\n");
    unit_member_hears(&dave, "QUIT alice (tea)\n");
}

static void a_member_told_room_by_room_is_not_told_of_the_quit(void **state)
{
    struct contacts c = {0};
    (void)state;
    one = enter("#one");
    join(&bob, "#one");
    join(&carol, "#one");
    roster_contacts(one, &s->member, EVENT_QUIT, &c);
    assert_int_equal(c.n, 1);
    assert_ptr_equal(c.v[0].member, &carol.member);
    free(c.v);
}

static void a_user_who_shares_no_room_is_not_told(void **state)
{
    (void)state;
    one = enter("#one");
    join(&bob, "#one");
    join(&carol, "#two");
    clear_output();
    s->goodbye = strdup("tea");
    session_rooms_quit(s);
    unit_member_hears(&bob, "LEAVE #one alice\n");
    unit_member_hears(&carol, "");
}

static void a_user_who_leaves_one_room_has_not_quit(void **state)
{
    (void)state;
    one = enter("#one");
    two = enter("#two");
    join(&bob, "#one");
    join(&carol, "#one");
    clear_output();
    session_rooms_leave(s, one, "", false);
    unit_member_hears(&bob, "LEAVE #one alice\n");
    unit_member_hears(&carol, "LEAVE #one alice\n");
}

/* bob and carol still see alice in one of the rooms. */
static void a_user_who_has_another_session_has_not_quit(void **state)
{
    struct event welcome = {.kind = EVENT_WELCOME, .name = "alice"}, replaced = {.kind = EVENT_ERROR};
    struct unit_member phone;
    (void)state;
    unit_member_start(&phone, "alice", unit_gen());
    s->member.account = phone.member.account = unit_house_account("alice", phone.member.notifier);
    assert_true(users_claim(&phone.member, &(struct claim){.name = "alice", .answer = &welcome,
                                                           .replaced = &replaced, .owns_name = true}));
    one = enter("#one");
    two = enter("#two");
    join(&phone, "#one");
    join(&bob, "#one");
    join(&bob, "#two");
    join(&carol, "#one");
    join(&carol, "#two");
    clear_output();
    s->goodbye = strdup("tea");
    session_rooms_quit(s);
    unit_member_hears(&bob, "LEAVE #two alice\n");
    unit_member_hears(&carol, "LEAVE #two alice\n");
    member_stop(&phone);
    unit_house_settle();
    unit_member_stop(&phone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_quit_is_told_once_or_room_by_room_as_the_codec_asks),
        TEST(a_member_told_room_by_room_is_not_told_of_the_quit),
        TEST(a_user_who_shares_no_room_is_not_told),
        TEST(a_user_who_leaves_one_room_has_not_quit),
        TEST(a_user_who_has_another_session_has_not_quit),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
