/* SPDX-License-Identifier: ISC */
/* A member: events rendered and put into its outbox, and its own list of rooms. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/unit.h"

#include <unistd.h>

static struct unit_member alice;

static int set_up(void **state)
{
    (void)state;
    unit_limits(UNIT_TIGHT);
    unit_member_start(&alice, "alice", unit_gen());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_stop(&alice);
    return 0;
}

static void an_event_is_sent_in_the_members_form(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_ANNOUNCEMENT, .text = "tea is ready"};
    assert_int_equal(member_put(&alice.member, &ev), OUTBOX_TAKEN);
    unit_member_hears(&alice, "NOTICE tea is ready\n");
    outbox_close(alice.member.outbox, CLOSE_KICK, NULL);
    assert_int_equal(member_put(&alice.member, &ev), OUTBOX_CLOSED);
}

static void render_nothing(struct buf *out, const struct event *ev, enum form form, const char *to)
{
    (void)out;
    (void)ev;
    (void)form;
    (void)to;
}

static void an_event_for_which_a_form_has_no_words_is_not_put(void **state)
{
    static const struct codec silent = {.render = render_nothing};
    struct event ev = {.kind = EVENT_SENT};
    struct member_rendered once = {.ev = &ev};
    (void)state;
    codecs_replace(FORM_TAGS, &silent);
    alice.member.form = FORM_TAGS;
    assert_null(member_render(FORM_TAGS, &ev, "alice"));
    assert_int_equal(member_put(&alice.member, &ev), OUTBOX_TAKEN);
    assert_int_equal(member_put_shared(&alice.member, &once), OUTBOX_TAKEN);
    member_answer(&alice.member, &ev);
    member_rendered_fini(&once);
    codecs_replace(FORM_TAGS, NULL);
    assert_int_equal(outbox_load(alice.member.outbox).entries, 0);
    unit_member_hears(&alice, "");
    member_put(&alice.member, &ev);
    unit_member_hears(&alice, "OK Sent\n");
}

static void a_rendered_message_belongs_to_the_caller(void **state)
{
    (void)state;
    struct event ev = {.kind = EVENT_SENT};
    struct msg *m = member_render(FORM_NATIVE, &ev, "alice");
    assert_int_equal(m->refs, 1);
    assert_int_equal(m->len, 9);
    assert_memory_equal(m->data, "OK Sent\r\n", 9);
    msg_unref(m);
}

static void a_long_answer_is_one_entry_and_fits_where_a_put_does_not(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct event ev = {.kind = EVENT_SENT};
    unit_client_wait_asleep(&alice.client);
    member_put(&alice.member, &ev);
    for (int i = 0; i < 5000; i++)
        buf_str(&lines, "x\r\n");
    member_answer_lines(&alice.member, &lines);
    assert_int_equal(outbox_load(alice.member.outbox).entries, 2);
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_OPEN);
    member_answer(&alice.member, &ev); /* over half full: it must fit like any other entry, and does not */
    assert_int_equal(outbox_reason(alice.member.outbox), CLOSE_SLOW);
    buf_fini(&lines);
}

static void the_list_of_rooms_keeps_its_order_and_its_current_room(void **state)
{
    (void)state;
    struct room *r[5];
    struct member *m = &alice.member;
    for (int i = 0; i < 5; i++) {
        char name[] = {'#', (char)('a' + i), '\0'};
        r[i] = room_new(name, 1);
        assert_false(member_is_in(m, r[i]));
        member_add_room(m, r[i]);
        assert_true(member_is_in(m, r[i]));
    }
    m->current = r[2];
    member_remove_room(m, r[0]);
    assert_ptr_equal(m->current, r[2]);
    assert_false(member_is_in(m, r[0]));
    member_remove_room(m, r[2]);
    assert_null(m->current);
    assert_int_equal(m->room_count, 3);
    assert_ptr_equal(m->rooms[0], r[1]);
    assert_ptr_equal(m->rooms[1], r[3]);
    assert_ptr_equal(m->rooms[2], r[4]);
    member_remove_room(m, r[4]);
    member_remove_room(m, r[3]);
    member_remove_room(m, r[1]);
    assert_int_equal(m->room_count, 0);
    for (int i = 0; i < 5; i++)
        room_free(&r[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(an_event_is_sent_in_the_members_form),
        TEST(an_event_for_which_a_form_has_no_words_is_not_put),
        TEST(a_rendered_message_belongs_to_the_caller),
        TEST(a_long_answer_is_one_entry_and_fits_where_a_put_does_not),
        TEST(the_list_of_rooms_keeps_its_order_and_its_current_room),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
