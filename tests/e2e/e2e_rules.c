/* SPDX-License-Identifier: ISC */
/* OP, VOICE, KICK, BAN, MUTE and INVITE, as seen by ops, by their targets and by the room, also after a restart. */
#include "config.h"

#include "base/clock.h"
#include "base/secret.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHEAP "accounts = { hash_memory_kib = 64; hash_passes = 1; };"

static int set_up(void **state)
{
    (void)state;
    daemon_up(&d, CHEAP);
    return 0;
}

/* Joins and skips the answer. */
static void join(struct client *c, const char *room)
{
    client_say(c, "JOIN %s", room);
    client_say(c, "PING joined");
    client_skip_to(c, "PONG joined");
}

/* Reads and skips everything that was said so far. */
static void drain(struct client *c)
{
    client_say(c, "PING drained");
    client_skip_to(c, "PONG drained");
}

static void restart(void)
{
    daemon_stop(&d);
    daemon_start(&d);
}

/* Alice, who owns #den, and Bob, who has no account, are in the room and have read everything. */
static void owner_and_guest(struct client *a, struct client *b)
{
    client_register(a, &d, "alice");
    join(a, "den");
    client_enter(b, &d, "Bob", "den");
    drain(a);
}

/* ---- roles ---- */

static void the_user_who_creates_a_room_owns_it_for_good(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&b, "SET private on", "ERROR Permission denied");
    client_ask(&b, "KICK alice", "ERROR Permission denied");
    client_ask(&a, "SET moderated on", "OK Set moderated on");
    client_expect(&b, "SET #den moderated on by alice");
    client_close(&a);
    client_close(&b);
    restart();
    client_enter(&b, &d, "Bob", "den"); /* the first member, but not an op */
    client_ask(&b, "SET moderated off", "ERROR Permission denied");
    client_login_account(&a, &d, "alice");
    join(&a, "den");
    client_ask(&a, "SET moderated off", "OK Set moderated off");
    client_close(&a);
    client_close(&b);
}

static void a_creator_without_an_account_is_op_until_leaving(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_enter(&b, &d, "Bob", "den");
    drain(&a);
    client_ask(&b, "OP Bob", "ERROR Permission denied");
    client_ask(&a, "VOICE bob", "OK Gave voice to Bob");
    client_expect(&b, "VOICE #den Bob by alice");
    client_ask(&a, "LEAVE", "OK Left #den");
    client_expect(&b, "LEAVE #den alice");
    join(&a, "den");
    client_ask(&a, "SET slow 1", "ERROR Permission denied"); /* the role ended with the membership */
    client_close(&a);
    client_expect(&b, "JOIN #den alice");
    client_expect(&b, "LEAVE #den alice");
    client_ask(&b, "LEAVE", "OK Left #den");
    join(&b, "den"); /* empty and without an owner */
    client_ask(&b, "SET slow 0", "OK Set slow off");
    client_close(&b);
}

/* Bob has a voice in a room without an owner, and is op of it for as long as he stays. */
static void each_user_has_one_role_in_the_list(void **state)
{
    struct client a, b;
    int roles = 0;
    (void)state;
    client_enter(&a, &d, "alice", "den");
    client_register(&b, &d, "bob");
    client_ask(&a, "VOICE bob", "OK Gave voice to bob");
    client_ask(&a, "LEAVE", "OK Left #den");
    join(&b, "den");
    client_say(&b, "SET");
    for (const char *line = client_line(&b); strncmp(line, "OK", 2) != 0; line = client_line(&b)) {
        roles += strncmp(line, "ROLE", 4) == 0;
        if (strncmp(line, "ROLE", 4) == 0)
            assert_string_equal(line, "ROLE #den bob op");
    }
    assert_int_equal(roles, 1);
    client_close(&a);
    client_close(&b);
}

static void roles_are_given_and_taken_by_higher_roles(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    join(&c, "den");
    drain(&a);
    drain(&b);
    client_ask(&a, "OP CAROL", "OK Gave op to carol");
    client_expect(&c, "OP #den carol by alice");
    client_expect(&b, "OP #den carol by alice");
    client_ask(&c, "DEOP alice", "ERROR Permission denied");
    client_ask(&c, "DEOP carol", "ERROR Permission denied");
    client_ask(&c, "OP bob", "OK Gave op to Bob");
    client_expect(&a, "OP #den Bob by carol");
    client_expect(&b, "OP #den Bob by carol");
    client_ask(&b, "KICK carol", "ERROR Permission denied");
    client_ask(&a, "DEOP bob", "OK Removed op from Bob");
    client_expect(&b, "DEOP #den Bob by alice");
    client_ask(&b, "SET slow 5", "ERROR Permission denied");
    client_ask(&a, "OP nobody", "ERROR User not found");
    client_close(&a);
    client_close(&b);
    client_close(&c);
    restart();
    client_login_account(&c, &d, "carol");
    join(&c, "den");
    client_ask(&c, "SET slow 5", "OK Set slow 5");
    client_login_account(&a, &d, "alice");
    join(&a, "den");
    drain(&c);
    client_ask(&a, "DEOP carol", "OK Removed op from carol");
    client_expect(&c, "DEOP #den carol by alice");
    client_ask(&c, "SET slow off", "ERROR Permission denied");
    client_close(&a);
    client_close(&c);
}

static void removing_one_role_does_not_touch_another(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    join(&c, "den");
    drain(&a);
    drain(&b);
    client_ask(&a, "OP carol", "OK Gave op to carol");
    client_ask(&a, "VOICE carol", "OK Gave voice to carol"); /* op is the higher role */
    client_ask(&a, "DEVOICE carol", "ERROR User does not have that role");
    client_expect(&c, "OP #den carol by alice");
    client_ask(&c, "SET invite-only on", "OK Set invite-only on");
    client_expect(&a, "SET #den invite-only on by carol");
    client_ask(&a, "DEOP bob", "ERROR User does not have that role"); /* otherwise bob would be invited */
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void a_role_is_deleted_with_its_account(void **state)
{
    struct client a, b;
    char out[4096];
    (void)state;
    client_register(&a, &d, "alice");
    join(&a, "den");
    client_ask(&a, "UNREGISTER password", "OK Unregistered alice");
    client_ask(&a, "SET slow 1", "ERROR Permission denied");
    client_ask(&a, "LEAVE", "OK Left #den");
    client_enter(&b, &d, "Bob", "den"); /* the room has no owner any more */
    client_ask(&b, "SET slow 1", "OK Set slow 1");
    client_close(&a);
    client_close(&b);
    client_register(&a, &d, "carol");
    client_close(&a);
    client_login_account(&a, &d, "carol");
    join(&a, "cave");
    daemon_ctl_ok(&d, out, sizeof out, "user", "del", "carol", NULL);
    client_ask(&a, "SET slow 1", "ERROR Permission denied");
    client_close(&a);
}

/* ---- KICK ---- */

static void a_kicked_member_is_told_why_and_may_rejoin(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&a, "KICK bob mind your words", "OK Kicked Bob");
    client_expect(&b, "KICK #den Bob by alice: mind your words");
    client_ask(&b, "still here?", "ERROR Not in a room");
    client_ask(&b, "SAY den still here?", "ERROR Not in #den");
    client_ask(&a, "USERS", "USERLIST alice");
    join(&b, "den");
    client_expect(&a, "JOIN #den Bob");
    client_ask(&b, "sorry", "ROOM #den Bob sorry");
    client_expect(&a, "ROOM #den Bob sorry");
    client_close(&a);
    client_close(&b);
}

static void a_kick_of_a_user_outside_the_room_is_refused_unseen(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_login(&c, &d, "carol");
    client_ask(&a, "KICK carol", "ERROR User not found");
    client_expect_quiet(&a);
    client_expect_quiet(&b);
    client_expect_quiet(&c);
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void a_kick_cancels_the_invitation(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    client_ask(&a, "SET invite-only on", "OK Set invite-only on");
    client_ask(&a, "INVITE carol", "OK Invited carol");
    client_expect(&c, "INVITE #den alice");
    client_ask(&a, "KICK carol", "OK Kicked carol");
    client_ask(&c, "JOIN den", "ERROR Permission denied");
    client_ask(&a, "KICK bob", "OK Kicked Bob");
    client_skip_to(&b, "KICK #den Bob by alice");
    client_ask(&b, "JOIN den", "ERROR Permission denied");
    client_ask(&a, "INVITE bob", "OK Invited Bob");
    client_expect(&b, "INVITE #den alice");
    join(&b, "den");
    client_ask(&a, "KICK bob", "JOIN #den Bob");
    client_expect(&a, "OK Kicked Bob");
    client_expect(&b, "KICK #den Bob by alice");
    client_ask(&b, "JOIN den", "ERROR Permission denied");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void a_reason_always_fits_its_line(void **state)
{
    struct client a, b;
    char line[4096];
    (void)state;
    fixture_start(CHEAP "limits = { line_bytes = 512; text_bytes = 416; topic_bytes = 416; };");
    client_enter(&a, &d, "a23456789012345678901234567890bc", "d2345678901234567890123456789012");
    client_enter(&b, &d, "b23456789012345678901234567890bc", "d2345678901234567890123456789012");
    drain(&a);
    client_ask(&b, "CAPS tags", "CAPS +tags -acks -away");
    memset(line, 'x', sizeof line);
    memcpy(line, "KICK b23456789012345678901234567890bc ", 38);
    line[38 + 400] = '\0';
    client_ask(&a, line, "ERROR Line too long");
    memcpy(line, "BAN  b23456789012345678901234567890bc ", 38);
    client_ask(&a, line, "ERROR Line too long");
    line[38 + 310] = '\0';
    memcpy(line + 38, "999999d ", 8);
    client_say(&a, "%s", line);
    assert_true(strlen(client_line(&a)) < 510);
    assert_true(strlen(client_line(&b)) < 510 + 64);
    client_say(&a, "BANS");
    assert_true(strlen(client_line(&a)) < 510);
    client_close(&a);
    client_close(&b);
}

/* ---- BAN ---- */

/* The line must be `before`, " until TIME" with a time about span_ms from now, and `behind`. */
static void expect_until(const char *line, const char *before, int64_t span_ms, const char *behind)
{
    char when[40];
    int64_t at_ms;
    size_t n = strlen(before);
    if (strncmp(line, before, n) != 0 || sscanf(line + n, " until %24s", when) != 1)
        fail_msg("expected \"%s until\": %s", before, line);
    assert_true(clock_parse(when, 0, &at_ms));
    assert_int_in_range(at_ms, clock_wall_ms() + span_ms - 120000, clock_wall_ms() + span_ms);
    assert_string_equal(line + n + strlen(" until ") + 24, behind);
}

static void a_banned_member_is_removed_and_cannot_rejoin(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_enter(&c, &d, "carol", "den");
    drain(&a);
    drain(&b);
    client_say(&a, "BAN bob 10m spam, spam");
    expect_until(client_line(&a), "OK Banned Bob", 600000, ": spam, spam");
    expect_until(client_line(&b), "BAN #den Bob by alice", 600000, ": spam, spam");
    expect_until(client_line(&c), "BAN #den Bob by alice", 600000, ": spam, spam");
    client_expect_quiet(&c); /* one line, and no LEAVE with it */
    client_ask(&b, "more spam", "ERROR Not in a room");
    client_say(&b, "JOIN den");
    expect_until(client_line(&b), "ERROR Banned", 600000, ": spam, spam");
    client_ask(&b, "HISTORY den", "ERROR Room not found");
    client_ask(&b, "USERS den", "ERROR Room not found");
    client_say(&a, "BANS");
    expect_until(client_line(&a), "BANNED #den Bob by alice", 600000, ": spam, spam");
    client_expect(&a, "OK 1 bans and mutes");
    client_ask(&c, "BANS", "ERROR Permission denied");
    client_close(&a);
    client_close(&b);
    client_close(&c);
    restart();
    client_login(&b, &d, "BOB");
    client_say(&b, "JOIN den");
    expect_until(client_line(&b), "ERROR Banned", 600000, ": spam, spam");
    client_login_account(&a, &d, "alice");
    join(&a, "den");
    client_ask(&a, "UNBAN bob", "OK Unbanned bob");
    client_ask(&a, "UNBAN bob", "ERROR Not banned or muted");
    join(&b, "den");
    client_expect(&a, "JOIN #den BOB");
    client_close(&a);
    client_close(&b);
}

static void a_ban_expires(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_say(&a, "BAN bob 1s");
    client_line(&a);
    client_line(&b);
    do
        client_say(&b, "JOIN den");
    while (strncmp(client_line(&b), "ERROR Banned until", 18) == 0);
    assert_string_equal(b.line, "OK Joined #den (1 users)");
    client_expect(&a, "JOIN #den Bob");
    client_ask(&a, "BANS", "OK 0 bans and mutes");
    client_close(&a);
    client_close(&b);
}

static void a_duration_after_several_blanks_is_no_reason(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_say(&a, "BAN bob   10m   spam");
    expect_until(client_line(&a), "OK Banned Bob", 600000, ": spam");
    client_close(&a);
    client_close(&b);
}

static void an_invalid_duration_bans_nobody(void **state)
{
    static const char *const bad[] = {"1", "1 x", "0s", "0", "-5m", "-1", "1y x", "2hours", "30m1h", "1234567d",
                                      "999999w"};
    struct client a, b;
    char line[64];
    (void)state;
    owner_and_guest(&a, &b);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(line, sizeof line, "BAN bob %s", bad[i]);
        client_ask(&a, line, "ERROR Usage: BAN [<#room>] <user | address> [<duration>] [<reason>]");
        snprintf(line, sizeof line, "MUTE bob  %s", bad[i]);
        client_ask(&a, line, "ERROR Usage: MUTE [<#room>] <user | address> [<duration>] [<reason>]");
    }
    client_ask(&a, "BANS", "OK 0 bans and mutes");
    client_ask(&b, "BAN alice 1", "ERROR Permission denied");
    client_ask(&b, "hello", "ROOM #den Bob hello");
    client_expect(&a, "ROOM #den Bob hello");
    client_ask(&a, "MUTE bob - 5m of this", "OK Muted Bob: - 5m of this");
    client_close(&a);
    client_close(&b);
}

static void a_duration_takes_its_unit_in_either_case_and_weeks(void **state)
{
    static const struct {
        const char *word;
        int64_t s;
    } rows[] = {{"90s", 90}, {"90S", 90}, {"5M", 300}, {"2H", 7200}, {"1h30m", 5400}, {"7D", 604800}, {"1w", 604800},
                {"142857W", 86399913600}};
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        client_say(&a, "MUTE bob %s x", rows[i].word);
        expect_until(client_line(&a), "OK Muted Bob", rows[i].s * 1000, ": x");
    }
    client_close(&a);
    client_close(&b);
}

static void a_ban_is_removed_by_the_name_in_any_case(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&a, "BAN bob", "OK Banned Bob");
    client_close(&b);
    client_login(&b, &d, "bOB");
    client_ask(&a, "BAN bob again", "OK Banned bOB: again");
    client_ask(&a, "UNBAN BOB", "OK Unbanned BOB");
    client_close(&a);
    client_close(&b);
    restart();
    client_login(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    client_close(&b);
}

/* A muted user cannot be renamed where the room would read it. */
static void rename_outside(struct client *c, const char *name)
{
    client_ask(c, "LEAVE", "OK Left #den");
    client_say(c, "RENAME %s", name);
    client_expect(c, "OK Renamed %s", name);
    client_say(c, "JOIN den\nPING back");
    client_skip_to(c, "PONG back");
}

static void a_rename_does_not_evade_a_ban_or_a_mute(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&a, "MUTE bob", "OK Muted Bob");
    client_expect(&b, "MUTE #den Bob by alice");
    client_ask(&b, "RENAME rob", "ERROR Muted");
    rename_outside(&b, "rob");
    client_skip_to(&a, "JOIN #den rob");
    client_ask(&b, "hello", "ERROR Muted");
    client_ask(&a, "BAN rob", "OK Banned rob");
    client_expect(&b, "BAN #den rob by alice");
    client_ask(&b, "RENAME robin", "OK Renamed robin");
    client_ask(&b, "JOIN den", "ERROR Banned");
    client_close(&a);
    client_close(&b);
}

static void an_account_is_banned_under_any_nickname(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    client_ask(&c, "RENAME robin", "OK Renamed robin");
    join(&c, "den");
    drain(&a);
    client_ask(&a, "BAN carol", "OK Banned carol");
    client_skip_to(&c, "BAN #den carol by alice");
    client_ask(&c, "JOIN den", "ERROR Banned");
    client_close(&c);
    client_login_account(&c, &d, "carol");
    client_ask(&c, "JOIN den", "ERROR Banned");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void an_account_has_one_ban_whatever_name_it_was_given_by(void **state)
{
    struct client a, b;
    (void)state;
    client_register(&a, &d, "alice");
    join(&a, "den");
    client_register(&b, &d, "bob");
    client_ask(&a, "BAN bob first", "OK Banned bob: first");
    client_ask(&b, "RENAME robert", "OK Renamed robert");
    client_ask(&a, "BAN robert second", "OK Banned robert: second");
    client_ask(&a, "BANS", "BANNED #den robert by alice: second");
    client_expect(&a, "OK 1 bans and mutes");
    client_close(&a);
    client_close(&b);
    restart();
    client_login_account(&a, &d, "alice");
    join(&a, "den");
    client_ask(&a, "UNBAN robert", "OK Unbanned robert");
    client_login_account(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_close(&a);
    client_close(&b);
    restart();
    client_login_account(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (0 users)");
    client_close(&b);
}

static void an_op_can_be_banned_or_muted_by_the_owner(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    join(&c, "den");
    drain(&a);
    drain(&b);
    client_ask(&a, "OP carol", "OK Gave op to carol");
    client_expect(&c, "OP #den carol by alice");
    client_ask(&a, "MUTE carol", "OK Muted carol");
    client_expect(&c, "MUTE #den carol by alice");
    client_ask(&c, "hello", "ERROR Muted");
    client_ask(&a, "BAN carol", "OK Banned carol");
    client_expect(&c, "BAN #den carol by alice");
    client_ask(&c, "JOIN den", "ERROR Banned");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void an_address_is_banned_as_it_is_written(void **state)
{
    struct client a;
    (void)state;
    client_register(&a, &d, "alice");
    join(&a, "den");
    client_ask(&a, "KICK 203.0.113.9", "ERROR User not found");
    client_ask(&a, "BAN 203.0.113.9", "OK Banned 203.0.113.9");
    client_ask(&a, "UNBAN 203.0.113.9", "OK Unbanned 203.0.113.9");
    client_ask(&a, "BAN 2001:DB8::1", "OK Banned 2001:db8::/64");
    client_ask(&a, "UNBAN 2001:db8:0::7", "OK Unbanned 2001:db8:0::7");
    client_ask(&a, "BAN 300.0.0.1", "ERROR User not found");
    client_close(&a);
}

static void a_loopback_address_cannot_be_banned(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "127.1.2.3", "::1", "::1/64", "::ffff:127.0.0.1"};
    struct client a, b;
    char line[64];
    (void)state;
    client_register(&a, &d, "alice");
    join(&a, "den");
    client_enter(&b, &d, "bob", "den");
    drain(&a);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        snprintf(line, sizeof line, "BAN %s", addresses[i]);
        client_ask(&a, line, "ERROR Cannot ban or mute a loopback address");
        snprintf(line, sizeof line, "MUTE %s 1h", addresses[i]);
        client_ask(&a, line, "ERROR Cannot ban or mute a loopback address");
    }
    client_ask(&a, "KICK 127.0.0.1", "ERROR User not found");
    client_ask(&a, "BANS", "OK 0 bans and mutes");
    client_ask(&b, "BAN 127.0.0.1", "ERROR Permission denied");
    client_close(&a);
    client_close(&b);
}

/* ---- MUTE ---- */

static void a_muted_member_listens_and_cannot_talk(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_say(&a, "MUTE bob 1h calm down");
    expect_until(client_line(&a), "OK Muted Bob", 3600000, ": calm down");
    expect_until(client_line(&b), "MUTE #den Bob by alice", 3600000, ": calm down");
    static const char *const ways[] = {"hello", "MSG hello", "SAY den hello", "ME waves", "TOPIC hello"};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        client_say(&b, "%s", ways[i]);
        expect_until(client_line(&b), "ERROR Muted", 3600000, ": calm down");
    }
    client_ask(&a, "hello", "ROOM #den alice hello");
    client_expect(&b, "ROOM #den alice hello");
    client_close(&b);
    client_close(&a);
    restart();
    client_enter(&b, &d, "bob", "den");
    client_say(&b, "hello");
    expect_until(client_line(&b), "ERROR Muted", 3600000, ": calm down");
    client_login_account(&a, &d, "alice");
    join(&a, "den");
    client_expect(&b, "JOIN #den alice");
    client_ask(&a, "UNMUTE bob", "OK Unmuted bob");
    client_expect(&b, "UNMUTE #den Bob by alice");
    client_ask(&b, "hello", "ROOM #den bob hello");
    client_close(&a);
    client_close(&b);
}

static void a_renamed_user_is_unmuted_by_either_name(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    for (int i = 0; i < 2; i++) {
        client_ask(&b, "RENAME guest", "OK Renamed guest");
        client_skip_to(&a, "RENAME %s guest", i ? "g3" : "Bob");
        client_ask(&a, "MUTE guest", "OK Muted guest");
        client_expect(&b, "MUTE #den guest by alice");
        rename_outside(&b, "g3");
        client_skip_to(&a, "JOIN #den g3");
        client_ask(&b, "hello", "ERROR Muted");
        client_ask(&a, "UNBAN g3", "ERROR Not banned or muted");
        client_ask(&a, i ? "UNMUTE guest" : "UNMUTE G3", i ? "OK Unmuted guest" : "OK Unmuted G3");
        client_expect(&b, "UNMUTE #den guest by alice");
        client_ask(&b, "hello", "ROOM #den g3 hello");
    }
    client_ask(&a, "MUTE g3", "ROOM #den g3 hello");
    client_skip_to(&a, "OK Muted g3");
    client_skip_to(&b, "MUTE #den g3 by alice");
    rename_outside(&b, "g4");
    client_login(&c, &d, "g3"); /* another user: the shown name wins over the name's present user */
    client_skip_to(&a, "JOIN #den g4");
    client_ask(&a, "UNMUTE g3", "OK Unmuted g3");
    client_ask(&b, "hello", "UNMUTE #den g3 by alice");
    client_expect(&b, "ROOM #den g4 hello");
    client_ask(&a, "UNMUTE g4", "ROOM #den g4 hello");
    client_expect(&a, "ERROR Not banned or muted");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

static void an_account_is_unbanned_by_its_name_or_its_present_one(void **state)
{
    struct client a, b;
    (void)state;
    client_register(&a, &d, "alice");
    join(&a, "den");
    client_register(&b, &d, "bob");
    client_ask(&b, "RENAME robert", "OK Renamed robert");
    client_ask(&a, "BAN robert", "OK Banned robert");
    client_ask(&b, "RENAME rob", "OK Renamed rob");
    client_ask(&a, "UNBAN rob", "OK Unbanned rob");
    client_ask(&a, "BAN rob", "OK Banned rob");
    client_ask(&b, "RENAME robin", "OK Renamed robin");
    client_ask(&a, "UNBAN bob", "OK Unbanned bob");
    client_ask(&a, "BAN robin", "OK Banned robin");
    client_close(&b);
    daemon_await(&d, "closed_left", 1);
    client_ask(&a, "UNBAN Bob", "OK Unbanned Bob");
    client_ask(&a, "BANS", "OK 0 bans and mutes");
    client_login_account(&b, &d, "bob");
    client_ask(&b, "JOIN den", "OK Joined #den (1 users)");
    client_close(&a);
    client_close(&b);
}

/* ---- a limit of users ---- */

static void a_full_room_admits_a_role_or_an_invitation_only(void **state)
{
    struct client a, b, c, e;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    client_login(&e, &d, "eve");
    client_ask(&a, "SET limit two", "ERROR Invalid value for limit");
    client_ask(&a, "SET limit 65536", "ERROR Invalid value for limit");
    client_ask(&b, "SET limit 2", "ERROR Permission denied");
    client_ask(&a, "SET limit 2", "OK Set limit 2");
    client_expect(&b, "SET #den limit 2 by alice");
    client_ask(&c, "JOIN den", "ERROR Room is full (at most 2 users)");
    client_ask(&e, "USERS den", "USERLIST alice Bob"); /* it is not hidden */
    client_ask(&a, "OP carol", "OK Gave op to carol");
    client_expect(&b, "OP #den carol by alice");
    join(&c, "den");
    client_ask(&e, "JOIN den", "ERROR Room is full (at most 2 users)");
    client_ask(&a, "INVITE eve", "JOIN #den carol");
    client_expect(&a, "OK Invited eve");
    client_expect(&e, "INVITE #den alice");
    join(&e, "den");
    drain(&a);
    client_close(&a);
    client_close(&b);
    client_close(&c);
    client_close(&e);
    restart();
    client_login_account(&a, &d, "alice"); /* an owner */
    join(&a, "den");
    client_ask(&a, "SET limit 1", "OK Set limit 1");
    client_login(&b, &d, "Bob");
    client_ask(&b, "JOIN den", "ERROR Room is full (at most 1 users)");
    client_ask(&a, "SET limit off", "OK Set limit off");
    join(&b, "den");
    client_close(&a);
    client_close(&b);
}

/* ---- slow mode ---- */

static void expect_to_wait(struct client *c)
{
    client_say(c, "again");
    if (strncmp(client_line(c), "ERROR Slow mode, wait ", 22) != 0)
        fail_msg("slow mode did not apply: %s", c->line);
}

static void rejoining_does_not_evade_slow_mode(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    join(&c, "den");
    client_ask(&a, "SET slow 3600", "JOIN #den carol");
    client_expect(&a, "OK Set slow 3600");
    drain(&b);
    drain(&c);
    client_ask(&b, "hello", "ROOM #den Bob hello");
    client_expect(&c, "ROOM #den Bob hello");
    expect_to_wait(&b);
    client_ask(&b, "LEAVE", "OK Left #den");
    join(&b, "den");
    expect_to_wait(&b);
    client_ask(&b, "LEAVE", "OK Left #den");
    client_ask(&b, "RENAME rob", "OK Renamed rob");
    join(&b, "den");
    expect_to_wait(&b);
    client_close(&b);
    client_skip_to(&c, "LEAVE #den rob");
    client_enter(&b, &d, "ROB", "den"); /* another client of the same name and address */
    expect_to_wait(&b);
    client_ask(&a, "KICK rob", "ROOM #den Bob hello");
    client_skip_to(&a, "OK Kicked ROB");
    client_skip_to(&b, "KICK #den ROB by alice");
    join(&b, "den");
    expect_to_wait(&b);
    drain(&c);
    client_ask(&c, "hello", "ROOM #den carol hello");
    client_close(&c);
    client_skip_to(&b, "LEAVE #den carol");
    client_login_account(&c, &d, "carol");
    client_ask(&c, "RENAME robin", "OK Renamed robin");
    join(&c, "den");
    expect_to_wait(&c);
    client_close(&c);
    client_skip_to(&b, "LEAVE #den robin");
    client_enter(&c, &d, "robin", "den"); /* another user */
    client_ask(&c, "hello", "ROOM #den robin hello");
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

/* ---- INVITE ---- */

static void an_invitation_lets_a_user_join_and_lasts(void **state)
{
    struct client a, b, c;
    (void)state;
    owner_and_guest(&a, &b);
    client_register(&c, &d, "carol");
    client_ask(&a, "SET invite-only on", "OK Set invite-only on");
    client_expect(&b, "SET #den invite-only on by alice");
    client_ask(&c, "JOIN den", "ERROR Permission denied");
    client_ask(&b, "INVITE carol", "ERROR Permission denied");
    client_ask(&a, "INVITE carol", "OK Invited carol");
    client_expect(&c, "INVITE #den alice");
    client_ask(&c, "JOIN den", "OK Joined #den (2 users)");
    client_close(&a);
    client_close(&b);
    client_close(&c);
    restart();
    client_login_account(&c, &d, "carol");
    client_ask(&c, "JOIN den", "OK Joined #den (0 users)");
    client_login(&b, &d, "Bob");
    client_ask(&b, "JOIN den", "ERROR Permission denied");
    client_close(&b);
    client_close(&c);
}

static void an_invitation_from_an_ignored_user_is_not_shown(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&b, "IGNORE alice", "OK Ignoring alice");
    client_ask(&a, "INVITE bob", "OK Invited Bob");
    client_expect_quiet(&b);
    client_close(&a);
    client_close(&b);
}

/* Not the current room, but one that is named. */
static void a_room_can_be_named_in_a_command_about_a_room(void **state)
{
    struct client a, b;
    (void)state;
    owner_and_guest(&a, &b);
    client_ask(&a, "ALSO cave", "OK Joined #cave (0 users)");
    client_ask(&a, "TOPIC #Den Hello there", "OK Topic set");
    client_expect(&b, "TOPIC #den Hello there");
    client_say(&a, "TOPIC  #den");
    client_expect(&a, "TOPIC #den Hello there");
    drain(&a);
    client_ask(&a, "TOPIC", "TOPIC #cave");
    client_ask(&a, "TOPIC #den -", "OK Topic set");
    client_expect(&b, "TOPIC #den");
    client_ask(&a, "SET #den moderated on", "OK Set moderated on");
    client_expect(&b, "SET #den moderated on by alice");
    client_say(&a, "SET #den");
    client_skip_to(&a, "SET #den moderated on");
    drain(&a);
    client_ask(&a, "VOICE #den bob", "OK Gave voice to Bob");
    client_expect(&b, "VOICE #den Bob by alice");
    client_ask(&a, "DEVOICE #den bob", "OK Removed voice from Bob");
    client_ask(&a, "OP #den bob", "OK Gave op to Bob");
    client_ask(&a, "DEOP #den bob", "OK Removed op from Bob");
    client_ask(&a, "MUTE #den bob too loud", "OK Muted Bob: too loud");
    client_ask(&a, "BANS #den", "MUTED #den Bob by alice: too loud");
    client_expect(&a, "OK 1 bans and mutes");
    client_ask(&a, "UNMUTE #den bob", "OK Unmuted bob");
    client_ask(&a, "INVITE #den bob", "OK Invited Bob");
    client_ask(&a, "KICK #den bob out of here", "OK Kicked Bob");
    client_skip_to(&b, "KICK #den Bob by alice: out of here");
    client_ask(&a, "BAN #den bob", "OK Banned Bob");
    client_ask(&b, "JOIN den", "ERROR Banned");
    client_ask(&a, "UNBAN #den bob", "OK Unbanned bob");
    client_ask(&b, "TOPIC #cave mine", "ERROR Not in #cave"); /* said of a room that is not there, too */
    client_ask(&b, "KICK #nowhere alice", "ERROR Not in #nowhere");
    client_ask(&b, "SET #! private on", "ERROR Invalid room name");
    client_ask(&b, "OP #den alice", "ERROR Not in #den");
    client_ask(&b, "KICK alice", "ERROR Not in a room");
    client_close(&a);
    client_close(&b);
}

int main(void)
{
#define UP(name) cmocka_unit_test_setup_teardown(name, set_up, fixture_down)
#define DIR(name) cmocka_unit_test_setup_teardown(name, fixture_dir, fixture_down)
    if (!secret_available())
        return 77; /* skipped: this build has no accounts */
    alarm(900);
    const struct CMUnitTest tests[] = {
        UP(the_user_who_creates_a_room_owns_it_for_good),
        UP(a_creator_without_an_account_is_op_until_leaving),
        UP(each_user_has_one_role_in_the_list),
        UP(a_room_can_be_named_in_a_command_about_a_room),
        UP(roles_are_given_and_taken_by_higher_roles),
        UP(removing_one_role_does_not_touch_another),
        UP(a_role_is_deleted_with_its_account),
        UP(a_kicked_member_is_told_why_and_may_rejoin),
        UP(a_kick_of_a_user_outside_the_room_is_refused_unseen),
        UP(a_kick_cancels_the_invitation),
        DIR(a_reason_always_fits_its_line),
        UP(a_banned_member_is_removed_and_cannot_rejoin),
        UP(a_ban_expires),
        UP(a_duration_after_several_blanks_is_no_reason),
        UP(an_invalid_duration_bans_nobody),
        UP(a_duration_takes_its_unit_in_either_case_and_weeks),
        UP(a_ban_is_removed_by_the_name_in_any_case),
        UP(a_rename_does_not_evade_a_ban_or_a_mute),
        UP(an_account_is_banned_under_any_nickname),
        UP(an_account_has_one_ban_whatever_name_it_was_given_by),
        UP(an_op_can_be_banned_or_muted_by_the_owner),
        UP(an_address_is_banned_as_it_is_written),
        UP(a_loopback_address_cannot_be_banned),
        UP(a_muted_member_listens_and_cannot_talk),
        UP(a_renamed_user_is_unmuted_by_either_name),
        UP(an_account_is_unbanned_by_its_name_or_its_present_one),
        UP(a_full_room_admits_a_role_or_an_invitation_only),
        UP(rejoining_does_not_evade_slow_mode),
        UP(an_invitation_lets_a_user_join_and_lasts),
        UP(an_invitation_from_an_ignored_user_is_not_shown),
    };
#undef UP
#undef DIR
    return cmocka_run_group_tests(tests, NULL, NULL);
}
