/* SPDX-License-Identifier: ISC */
/*
 * What happens between a question about stored messages and its answer: rights that are lost, rooms that are deleted,
 * lines that are said. The session has no reader: the test acts as it, and the store thread plays the others.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counter.h"
#include "base/panic.h"
#include "chat/change.h"
#include "chat/roster.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "net/post.h"
#include "serve/native/command.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pair pair;
static struct session *s; /* eve's */
static struct unit_stream us;
static struct unit_member alice;
static struct notifier notifier;
static struct room *den, *hall; /* borrows: alice is in both */

static void write_loop(void *arg)
{
    (void)arg;
    while (outbox_take(pair.outbox))
        outbox_write(pair.outbox);
}

static bool is_written(void *arg)
{
    (void)arg;
    return outbox_load(pair.outbox).entries == 0;
}

static bool is_drained(void *arg)
{
    (void)arg;
    return outbox_is_drained(pair.outbox);
}

static bool is_stored(void *arg)
{
    (void)arg;
    history_tick();
    return history_queued() == 0;
}

static void say(struct room *r, const char *text)
{
    assert_true(unit_say(r, &alice.member, text));
    post_flush();
}

static void set_private(struct room *r)
{
    lock_acquire(&r->lock);
    r->rules.value[OPTION_PRIVATE] = 1;
    room_rules_changed_locked(r);
    lock_release(&r->lock);
}

static int set_up(void **state)
{
    (void)state;
    history_configure(&(struct history_limits){.keep = true, .queue_bytes = 1 << 20});
    session_configure(&(struct session_limits){.page_messages = 200, .text_bytes = 4000});
    search_configure(60000);
    unit_house_start();
    notifier_init(&notifier);
    notifier_init(&pair.notifier);
    pair.outbox = outbox_new(&pair.notifier);
    unit_stream_init(&us);
    outbox_open(pair.outbox, &us.base, unit_gen());
    assert_int_equal(thread_start(&pair.writer, "writer", 64 * 1024, write_loop, NULL), 0);
    pair.stream = &us.base;
    session_prepare(&pair);
    s = pair.user;
    s->member.form = FORM_NATIVE;
    s->member.id = s->member.user_id = unit_gen();
    memcpy(s->member.name, "eve", 4);
    memcpy(s->member.key, "eve", 4);
    unit_member_start(&alice, "Alice", unit_gen());
    den = rooms_get_or_make("#den", 0);
    hall = rooms_get_or_make("#hall", 0);
    unit_member_join(&alice, den);
    unit_member_join(&alice, hall);
    say(den, "a word here");
    say(hall, "a word there");
    unit_house_settle();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_leave_all(&alice);
    post_flush();
    unit_until(is_stored, NULL);
    session_release(&pair);
    unit_house_stop();
    unit_member_stop(&alice);
    outbox_close(pair.outbox, CLOSE_GONE, NULL);
    outbox_finish(pair.outbox, NULL);
    unit_until(is_drained, NULL);
    outbox_detach(pair.outbox);
    outbox_retire(pair.outbox);
    thread_join(&pair.writer);
    outbox_free(&pair.outbox);
    notifier_fini(&pair.notifier);
    notifier_fini(&notifier);
    unit_stream_fini(&us);
    return 0;
}

/* ---- between the question and its answer ---- */

static void (*meanwhile)(void); /* on the store thread, before it writes what was said and carries out the question */
static struct store_job gate;
static _Atomic bool gate_is_inside, gate_is_done;

static bool is_asked(void *arg)
{
    (void)arg;
    return store_status().queued >= 2; /* the writing and the question */
}

static int gate_run(struct store_job *job, sqlite3 *db)
{
    (void)job;
    (void)db;
    gate_is_inside = true;
    must(unit_wait_for(is_asked, NULL));
    meanwhile();
    post_flush();
    return SQLITE_OK;
}

static void gate_done(struct store_job *job, bool ok)
{
    (void)job;
    (void)ok;
    gate_is_done = true;
}

static bool is_true(void *arg)
{
    return *(_Atomic bool *)arg;
}

/* Asks as eve, with fn in between. Returns the answer, without the numbers and times of messages. */
static const char *ask(command_fn *command, const char *text, void (*fn)(void))
{
    static char out[2048];
    char copy[256];
    snprintf(copy, sizeof copy, "%s", text);
    meanwhile = fn;
    gate_is_inside = gate_is_done = false;
    say(hall, "hello"); /* so that something is to be written */
    gate = (struct store_job){.run = gate_run, .done = gate_done};
    assert_true(store_put(&gate));
    unit_until(is_true, &gate_is_inside);
    command(s, &(struct args){.text = copy});
    post_flush();
    unit_until(is_written, NULL);
    unit_until(is_true, &gate_is_done);
    size_t n = 0;
    char *rest, *said = us.out.len ? panic_strdup(buf_text(&us.out)) : panic_strdup("");
    for (char *line = strtok_r(said, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char room[40], who_and_text[200];
        if (sscanf(line, "HIST %39s %*s %*s %199[^\n]", room, who_and_text) == 2)
            n += (size_t)snprintf(out + n, sizeof out - n, "%s %s|", room, who_and_text);
        else
            n += (size_t)snprintf(out + n, sizeof out - n, "%s|", line);
    }
    free(said);
    buf_clear(&us.out);
    return out;
}

static void nothing(void)
{
}

static void close_den_and_tell_a_secret(void)
{
    set_private(den);
    must(unit_say(den, &alice.member, "a secret word"));
}

static void say_more(void)
{
    must(unit_say(den, &alice.member, "a later word"));
}

/* ---- */

static void a_question_is_answered_by_what_may_be_read(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_history, "den", nothing), "#den Alice a word here|OK 1 messages|");
    assert_string_equal(ask(cmd_search, "word", nothing), "#hall Alice a word there|#den Alice a word here|OK 2 found|");
}

static void history_of_a_room_that_became_private_is_not_shown(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_history, "den", close_den_and_tell_a_secret), "ERROR Room not found|");
}

static void a_search_shows_nothing_of_a_room_that_became_private(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_search, "word", close_den_and_tell_a_secret), "#hall Alice a word there|OK 1 found|");
}

static void history_has_nothing_that_was_said_after_the_asking(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_history, "den", say_more), "#den Alice a word here|OK 1 messages|");
    assert_string_equal(ask(cmd_history, "den", nothing), "#den Alice a word here|#den Alice a later word|OK 2 messages|");
}

static void remove_eve_and_tell_a_secret(void)
{
    struct target target = {.client = s->member.id};
    struct event ev = {.kind = EVENT_MODERATION, .moderation = MODERATION_KICK, .room = den->name, .name = "eve",
                       .by = "Alice", .reason = ""};
    post_settle();
    must(roster_remove(den, &(struct removal){.target = &target}, &ev) == 1);
    must(unit_say(den, &alice.member, "a secret word"));
}

/* Eve is in the private room when she asks. */
static void enter_den(void)
{
    struct refusal no = {0};
    unsigned ticket;
    assert_true(room_admits(den, &s->member, NULL, &ticket, &no));
    post_settle();
    assert_true(roster_join(den, &s->member, ticket, NULL));
    member_add_room(&s->member, rooms_get("#den"));
    set_private(den);
    post_flush();
    unit_until(is_written, NULL);
    buf_clear(&us.out);
}

static void leave_den(void)
{
    member_remove_room(&s->member, den);
    rooms_release(den);
}

static void a_member_who_is_kicked_reads_no_answer_of_before(void **state)
{
    (void)state;
    enter_den();
    const char *answer = ask(cmd_history, "den", remove_eve_and_tell_a_secret);
    leave_den();
    assert_null(strstr(answer, "word"));
    assert_non_null(strstr(answer, "ERROR Room not found|"));
}

static void a_member_who_is_kicked_finds_nothing_of_before(void **state)
{
    (void)state;
    enter_den();
    const char *answer = ask(cmd_search, "word", remove_eve_and_tell_a_secret);
    leave_den();
    assert_null(strstr(answer, "#den Alice a"));
    assert_non_null(strstr(answer, "#hall Alice a word there|OK 1 found|"));
}

static void restart_den(void)
{
    lock_acquire(&den->lock);
    room_restart_locked(den);
    lock_release(&den->lock);
}

static void a_room_that_was_deleted_meanwhile_is_not_shown(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_history, "den", restart_den), "ERROR Room not found|");
}

static void a_room_that_was_deleted_meanwhile_is_not_found(void **state)
{
    (void)state;
    assert_string_equal(ask(cmd_search, "word", restart_den), "#hall Alice a word there|OK 1 found|");
}

/* ---- a reader that is busy for longer than anybody waits ---- */

static _Atomic bool reader_is_inside, reader_is_let;

static void busy_read(struct store_job *job, sqlite3 *db)
{
    (void)job;
    (void)db;
    reader_is_inside = true;
    must(unit_wait_for(is_true, &reader_is_let));
}

static const char *heard(void)
{
    static char out[256];
    post_flush();
    unit_until(is_written, NULL);
    snprintf(out, sizeof out, "%s", us.out.len ? buf_text(&us.out) : "");
    buf_clear(&us.out);
    return out;
}

static void a_question_whose_turn_does_not_come_is_told_so(void **state)
{
    static struct store_job busy;
    char word[] = "word", room[] = "den";
    uint64_t late = counter_get(COUNTER_STORE_LATE);
    (void)state;
    busy = (struct store_job){.read = busy_read, .done = gate_done, .waits = true};
    reader_is_inside = reader_is_let = gate_is_done = false;
    request_configure(100);
    assert_true(store_put(&busy));
    unit_until(is_true, &reader_is_inside);
    cmd_history(s, &(struct args){.text = room});
    assert_string_equal(heard(), "ERROR Busy, try again\r\n");
    cmd_search(s, &(struct args){.text = word});
    assert_string_equal(heard(), "ERROR Busy, try again\r\n");
    s->member.account = 7;
    cmd_unread(s, &(struct args){0});
    assert_string_equal(heard(), "ERROR Busy, try again\r\n");
    assert_int_equal(counter_get(COUNTER_STORE_LATE), late + 3);
    reader_is_let = true;
    unit_until(is_true, &gate_is_done);
    request_configure(5000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_question_is_answered_by_what_may_be_read),
        TEST(history_of_a_room_that_became_private_is_not_shown),
        TEST(a_search_shows_nothing_of_a_room_that_became_private),
        TEST(history_has_nothing_that_was_said_after_the_asking),
        TEST(a_member_who_is_kicked_reads_no_answer_of_before),
        TEST(a_member_who_is_kicked_finds_nothing_of_before),
        TEST(a_room_that_was_deleted_meanwhile_is_not_shown),
        TEST(a_room_that_was_deleted_meanwhile_is_not_found),
        TEST(a_question_whose_turn_does_not_come_is_told_so),
    };
#undef TEST
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
