/* SPDX-License-Identifier: ISC */
/*
 * Messages stored for an account, with a real store: kept once that is confirmed, read within a budget, deleted only on
 * request; and the count of unread messages in rooms. A failed store differs from a full mailbox.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/date.h"
#include "chat/accounts.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/rooms.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLENTY 100000

static struct notifier notifier; /* outlives the store */
static const struct waiter waiter = {.notifier = &notifier};
static struct unit_member bob; /* in rooms */
static int64_t alice, carol;   /* accounts */
static struct member reader;   /* Alice, logged in again */

static int64_t sender_account;          /* who puts messages: its account, or 0 */
static const char *sender_host = "";    /* and its address, or "" for loopback */

static int set_up(void **state)
{
    (void)state;
    notifier_init(&notifier);
    accounts_configure(1000);
    mail_configure(&(struct mail_limits){.messages = 100, .per_sender = 1000, .days = 30});
    history_configure(&(struct history_limits){.keep = true, .queue_bytes = 4 << 20});
    unit_house_start();
    unit_member_start(&bob, "bob", unit_gen());
    alice = unit_house_account("alice", &notifier);
    carol = unit_house_account("carol", &notifier);
    reader = (struct member){.form = FORM_NATIVE};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unit_member_leave_all(&bob);
    unit_house_stop();
    unit_member_stop(&bob);
    notifier_fini(&notifier);
    return 0;
}

static enum mail_result put(int64_t account, const char *from, const char *text, int64_t *n)
{
    struct mail_job l;
    struct member sender = {.notifier = &notifier, .account = sender_account};
    snprintf(sender.name, sizeof sender.name, "%s", from);
    snprintf(sender.host, sizeof sender.host, "%s", sender_host);
    mail_put(&l, account, &sender, &(struct mail_row){.kind = MAIL_PRIVATE, .text = text, .time_ms = date_stamp_ms()});
    enum mail_result result = mail_wait(&l, &waiter);
    if (result != MAIL_STORAGE)
        *n = l.n;
    return result;
}

/* Stores it and returns its number. */
static int64_t store(int64_t account, const char *text)
{
    int64_t n = 0;
    assert_int_equal(put(account, "Bob", text, &n), MAIL_KEPT);
    assert_true(n > 0);
    return n;
}

static enum mail_result try_to_store(int64_t account)
{
    int64_t n;
    return put(account, "Bob", "x", &n);
}

/* Reads into a buffer that is not empty; the texts, each followed by a blank, must be these. Returns the number of the
 * last. */
static int64_t reads(int64_t account, size_t bytes, const char *want)
{
    static const char before[] = "OK Welcome back, and some more words that stand there and are not counted\r\n";
    struct buf lines = {0};
    char texts[256] = "";
    buf_str(&lines, before);
    int64_t last = mail_read(account, &reader, bytes, &lines, &waiter);
    assert_memory_equal(lines.data, before, strlen(before));
    for (const char *line = buf_text(&lines) + strlen(before); *line; line = strstr(line, "\r\n") + 2) {
        size_t head = strlen("MAIL Bob 2026-11-23T08:15:30.123Z ");
        assert_memory_equal(line, "MAIL Bob ", 9);
        strncat(texts, line + head, strcspn(line + head, "\r"));
        strcat(texts, " ");
    }
    assert_string_equal(texts, want);
    assert_true(last || !*want);
    buf_fini(&lines);
    return last;
}

/* ---- messages ---- */

static void stored_messages_are_read_oldest_first_also_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(reads(alice, PLENTY, ""), 0);
    int64_t first = store(alice, "one");
    store(carol, "hers");
    int64_t last = store(alice, "two");
    assert_true(first < last);
    assert_int_equal(reads(alice, PLENTY, "one two "), last);
    unit_house_restart();
    assert_int_equal(reads(alice, PLENTY, "one two "), last);
    reads(carol, PLENTY, "hers ");
}

static void a_line_shows_its_sender_and_its_time(void **state)
{
    static const enum form forms[] = {FORM_NATIVE, FORM_TAGS}; /* it has no number in a room, so it has no tags */
    char want[96], when[CLOCK_TEXT];
    int64_t before_ms = clock_wall_ms(), n;
    (void)state;
    assert_int_equal(put(alice, "Dave", "it's \"so\" -- %s \xc3\xa9", &n), MAIL_KEPT);
    int64_t time_ms = unit_house_number("SELECT time_ms FROM mail");
    assert_true(before_ms <= time_ms && time_ms <= clock_wall_ms());
    snprintf(want, sizeof want, "MAIL Dave %s it's \"so\" -- %%s \xc3\xa9\r\n", clock_text(time_ms, when));
    for (int i = 0; i < 2; i++) {
        struct buf lines = {0};
        reader.form = forms[i];
        assert_int_equal(mail_read(alice, &reader, PLENTY, &lines, &waiter), n);
        assert_string_equal(buf_text(&lines), want);
        buf_fini(&lines);
    }
}

static void a_full_mailbox_refuses_until_messages_are_forgotten(void **state)
{
    (void)state;
    mail_configure(&(struct mail_limits){.messages = 2, .per_sender = 1000, .days = 30});
    int64_t first = store(alice, "one");
    store(alice, "two");
    assert_int_equal(try_to_store(alice), MAIL_FULL);
    store(carol, "hers");
    mail_forget(alice, first, first);
    store(alice, "three");
    assert_int_equal(try_to_store(alice), MAIL_FULL);
    reads(alice, PLENTY, "two three ");
    mail_configure(&(struct mail_limits){.messages = 0, .per_sender = 1000, .days = 30});
    assert_int_equal(try_to_store(carol), MAIL_FULL);
}

static void fill_up(const char *from, int most)
{
    int64_t n;
    for (int i = 0; i < most; i++)
        assert_int_equal(put(alice, from, "x", &n), MAIL_KEPT);
    assert_int_equal(put(alice, from, "x", &n), MAIL_SHARE);
}

static void one_sender_has_a_share_of_a_mailbox(void **state)
{
    int64_t n;
    (void)state;
    mail_configure(&(struct mail_limits){.messages = 9, .per_sender = 3, .days = 30});
    sender_host = "192.0.2.1";
    fill_up("mallory", 3);
    assert_int_equal(put(alice, "MALLORY", "x", &n), MAIL_SHARE);
    assert_int_equal(put(carol, "mallory", "x", &n), MAIL_KEPT); /* another mailbox */
    fill_up("friend", 3); /* behind the same address */
    assert_int_equal(put(alice, "third", "x", &n), MAIL_SHARE);
    sender_host = "192.0.2.2";
    fill_up("mallory", 3); /* at another address it may be another */
    sender_host = "192.0.2.3";
    assert_int_equal(put(alice, "guest", "x", &n), MAIL_FULL);
    sender_account = carol; /* but accounts have space of their own */
    fill_up("carol", 3);
    assert_int_equal(put(alice, "nick", "x", &n), MAIL_SHARE); /* under any name */
    mail_configure(&(struct mail_limits){.messages = 3, .per_sender = 100, .days = 30});
    assert_int_equal(put(alice, "carol", "x", &n), MAIL_FULL);
    sender_account = 0;
    sender_host = "";
}

static void for_a_removed_account_nothing_is_stored(void **state)
{
    (void)state;
    store(alice, "one");
    assert_int_equal(accounts_remove(alice, NULL, &waiter), ACCOUNTS_DONE);
    assert_int_equal(try_to_store(alice), MAIL_FULL);
    assert_int_equal(reads(alice, PLENTY, ""), 0);
    assert_int_equal(unit_house_number("SELECT count(*) FROM mail"), 0);
}

static void messages_beyond_the_budget_are_read_later(void **state)
{
    static const size_t line = sizeof "MAIL Bob 2026-11-23T08:15:30.123Z \r\n" - 1 + 20;
    (void)state;
    store(alice, "11111111111111111111");
    int64_t second = store(alice, "22222222222222222222");
    int64_t third = store(alice, "33333333333333333333");
    assert_int_equal(reads(alice, 2 * line, "11111111111111111111 22222222222222222222 "), second);
    assert_int_equal(reads(alice, 2 * line, "11111111111111111111 22222222222222222222 "), second);
    assert_int_equal(reads(alice, 3 * line, "11111111111111111111 22222222222222222222 33333333333333333333 "), third);
    mail_forget(alice, 0, second);
    assert_int_equal(reads(alice, 2 * line, "33333333333333333333 "), third);
    mail_forget(alice, 0, third);
    assert_int_equal(reads(alice, 2 * line, ""), 0);
    int64_t alone = store(alice, "44444444444444444444");
    store(alice, "55555555555555555555");
    assert_int_equal(reads(alice, 10, "44444444444444444444 "), alone); /* otherwise it would never be read */
}

static void a_range_of_numbers_is_forgotten_for_good(void **state)
{
    int64_t n[4];
    (void)state;
    n[0] = store(alice, "0");
    n[1] = store(alice, "1");
    n[2] = store(carol, "2");
    n[3] = store(alice, "3");
    mail_forget(alice, n[1], n[2]);
    mail_forget(carol, n[3], n[3]); /* of another account */
    unit_house_restart();
    assert_int_equal(reads(alice, PLENTY, "0 3 "), n[3]);
    assert_int_equal(reads(carol, PLENTY, "2 "), n[2]);
}

static void an_expired_message_is_skipped_and_makes_room(void **state)
{
    (void)state;
    mail_configure(&(struct mail_limits){.messages = 2, .per_sender = 1000, .days = 30});
    int64_t old = store(alice, "old"), young = store(alice, "young");
    unit_house_restart_with("UPDATE mail SET time_ms = time_ms - 31 * 86400000 WHERE text = 'old'");
    assert_int_equal(reads(alice, PLENTY, "young "), young);
    mail_configure(&(struct mail_limits){.messages = 2, .per_sender = 1000, .days = 32});
    assert_int_equal(reads(alice, PLENTY, "old young "), young);
    mail_configure(&(struct mail_limits){.messages = 2, .per_sender = 1000, .days = 30});
    store(alice, "new");
    reads(alice, PLENTY, "young new ");
    unit_house_restart_with("UPDATE mail SET time_ms = time_ms - 31 * 86400000");
    assert_true(mail_read(alice, &reader, PLENTY, &(struct buf){0}, &waiter) >
                old); /* includes the old one, so that it can be forgotten */
}

static void expired_messages_are_deleted_for_all_accounts(void **state)
{
    (void)state;
    store(alice, "old");
    store(carol, "old");
    store(carol, "young");
    unit_house_restart_with("UPDATE mail SET time_ms = time_ms - 31 * 86400000 WHERE text = 'old'");
    mail_configure(&(struct mail_limits){.messages = 100, .per_sender = 1000, .days = 32});
    mail_clean_up();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM mail"), 3);
    mail_configure(&(struct mail_limits){.messages = 100, .per_sender = 1000, .days = 30});
    mail_clean_up();
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM mail"), 1);
    reads(carol, PLENTY, "young ");
}

/* ---- read marks ---- */

static char seen[4096];

static void note(const char *room, int unread, void *arg)
{
    size_t n = strlen(seen);
    assert_ptr_equal(arg, &alice);
    snprintf(seen + n, sizeof seen - n, "%s %d\n", room, unread);
}

static void unread_is(int64_t account, const char *want)
{
    *seen = '\0';
    assert_int_equal(mail_unread(account, note, &alice, &waiter), UNREAD_DONE);
    assert_string_equal(seen, want);
}

static struct room *bob_joins(const char *name)
{
    struct room *r = rooms_get_or_make(name, 0);
    unit_member_join(&bob, r);
    unit_house_settle(); /* it is on disk */
    return r;
}

static void messages_since_the_mark_are_counted_up_to_now(void **state)
{
    (void)state;
    struct room *den = bob_joins("#den"), *cave = bob_joins("#cave");
    assert_true(unit_say(den, &bob.member, "heard") && unit_say(cave, &bob.member, "heard"));
    unread_is(alice, "");
    mail_mark(alice, "#den", den->last_id);
    mail_mark(alice, "#cave", cave->last_id);
    mail_mark(carol, "#cave", 0);
    unread_is(alice, "#cave 0\n#den 0\n");
    assert_true(unit_say(den, &bob.member, "one") && unit_say(den, &bob.member, "two"));
    unread_is(alice, "#cave 0\n#den 2\n");
    unread_is(carol, "#cave 1\n");
    mail_mark(alice, "#den", den->last_id);
    unread_is(alice, "#cave 0\n#den 0\n");
    unit_member_leave_all(&bob);
    unit_house_restart();
    unread_is(alice, "#cave 0\n#den 0\n");
}

static void at_most_a_thousand_are_counted(void **state)
{
    (void)state;
    bob_joins("#den");
    mail_mark(alice, "#den", 0);
    unit_member_leave_all(&bob);
    unit_house_restart_with(
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000)"
        " INSERT INTO message (room, id, time_ms, name, text)"
        " SELECT '#den', (created_ms << 20) + i, created_ms, 'bob', 'x' FROM c, room WHERE key = '#den'");
    assert_int_equal(MAIL_UNREAD_MOST, 1000);
    unread_is(alice, "#den 1000\n");
    unit_house_restart_with(
        "INSERT INTO message (room, id, time_ms, name, text)"
        " SELECT '#den', (created_ms << 20) + 1001, created_ms, 'bob', 'x' FROM room WHERE key = '#den'");
    unread_is(alice, "#den 1000\n");
}

static void marks_are_kept_for_the_last_hundred_rooms(void **state)
{
    (void)state;
    unit_house_restart_with(
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 102)"
        " INSERT INTO room (key, name, created_ms, used_ms) SELECT '#r' || i, '#r' || i, 1, 1 FROM c");
    for (int i = 1; i <= 102; i++) {
        char room[16];
        snprintf(room, sizeof room, "#r%d", i);
        mail_mark(alice, room, (uint64_t)i);
    }
    unit_house_settle();
    assert_int_equal(unit_house_number("SELECT count(*) FROM mark"), 100);
    assert_int_equal(unit_house_number("SELECT min(id) FROM mark"), 3);
}

static void no_mark_is_kept_for_an_unknown_room(void **state)
{
    (void)state;
    mail_mark(alice, "#nowhere", 1);
    unread_is(alice, "");
}

/* ---- a store that fails ---- */

static void a_failed_store_refuses_mail_and_queries(void **state)
{
    int64_t n = 77;
    (void)state;
    bob_joins("#den");
    int64_t kept = store(alice, "one");
    mail_mark(alice, "#den", 0);
    unit_house_settle();
    unit_house_break();
    assert_int_equal(put(alice, "Bob", "two", &n), MAIL_STORAGE);
    assert_int_equal(n, 77);
    assert_int_equal(reads(alice, PLENTY, ""), 0);
    *seen = '\0';
    assert_int_equal(mail_unread(alice, note, &alice, &waiter), UNREAD_STORAGE);
    assert_string_equal(seen, "");
    unit_house_repair();
    assert_int_equal(reads(alice, PLENTY, "one "), kept);
    unread_is(alice, "#den 0\n");
}

static void a_job_without_a_waiter_runs_when_the_store_recovers(void **state)
{
    (void)state;
    bob_joins("#den");
    int64_t one = store(alice, "one");
    store(alice, "two");
    unit_house_break();
    mail_forget(alice, one, one);
    mail_mark(alice, "#den", 1);
    unit_house_repair();
    reads(alice, PLENTY, "two ");
    unread_is(alice, "#den 0\n");
}

static void a_mark_of_an_invalid_room_is_skipped(void **state)
{
    (void)state;
    bob_joins("#den");
    mail_mark(alice, "#den", 1);
    unit_house_settle();
    unit_member_leave_all(&bob);
    unit_house_restart_with("INSERT INTO room (key, name, created_ms, used_ms)"
                            " VALUES ('#' || hex(zeroblob(40)), '#x', 1, 1), ('no room', '#y', 1, 1);"
                            " INSERT INTO mark (account, room, id)"
                            " SELECT account, '#' || hex(zeroblob(40)), 1 FROM mark;"
                            " INSERT INTO mark (account, room, id)"
                            " SELECT account, 'no room', 1 FROM mark WHERE room = '#den'");
    unread_is(alice, "#den 0\n");
}

static void mail_that_cannot_have_been_sent_is_not_shown(void **state)
{
    (void)state;
    store(alice, "one");
    unit_house_restart_with(
        "INSERT INTO mail (account, time_ms, name, text, kind) SELECT account, time_ms, 'two words', 'x', 0 FROM mail;"
        "INSERT INTO mail (account, time_ms, name, text, kind) SELECT account, time_ms, 'Bob', CAST(x'ff' AS TEXT), 0"
        " FROM mail WHERE n = 1;"
        "INSERT INTO mail (account, time_ms, name, text, kind) SELECT account, time_ms, 'Bob', 'no room', 1 FROM mail"
        " WHERE n = 1;"
        "INSERT INTO mail (account, time_ms, name, text, kind) SELECT account, time_ms, 'Bob', 'tw' || char(13, 10) ||"
        " 'o', 7 FROM mail WHERE n = 1");
    int64_t last = unit_house_number("SELECT max(n) FROM mail");
    assert_int_equal(reads(alice, PLENTY, "one two "), last); /* so all of it is forgotten together */
}

static void a_read_error_does_not_fail_other_jobs(void **state)
{
    (void)state;
    unit_house_restart_with("DROP TABLE mail; DROP TABLE mark");
    assert_int_equal(reads(alice, PLENTY, ""), 0);
    *seen = '\0';
    assert_int_equal(mail_unread(alice, note, &alice, &waiter), UNREAD_STORAGE);
    assert_string_equal(seen, "");
    assert_int_not_equal(store_status().state, STORE_FAILED);
    assert_true(unit_house_account("dave", &notifier) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(stored_messages_are_read_oldest_first_also_after_a_restart),
        TEST(a_line_shows_its_sender_and_its_time),
        TEST(a_full_mailbox_refuses_until_messages_are_forgotten),
        TEST(one_sender_has_a_share_of_a_mailbox),
        TEST(for_a_removed_account_nothing_is_stored),
        TEST(messages_beyond_the_budget_are_read_later),
        TEST(a_range_of_numbers_is_forgotten_for_good),
        TEST(an_expired_message_is_skipped_and_makes_room),
        TEST(expired_messages_are_deleted_for_all_accounts),
        TEST(messages_since_the_mark_are_counted_up_to_now),
        TEST(at_most_a_thousand_are_counted),
        TEST(marks_are_kept_for_the_last_hundred_rooms),
        TEST(no_mark_is_kept_for_an_unknown_room),
        TEST(a_failed_store_refuses_mail_and_queries),
        TEST(a_job_without_a_waiter_runs_when_the_store_recovers),
        TEST(a_mark_of_an_invalid_room_is_skipped),
        TEST(mail_that_cannot_have_been_sent_is_not_shown),
        TEST(a_read_error_does_not_fail_other_jobs),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
