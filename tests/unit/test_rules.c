/* SPDX-License-Identifier: ISC */
/* The rules of a room: pure decisions, tested by tables where there are many of them. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/panic.h"
#include "chat/rules.h"

#include <stdio.h>
#include <string.h>

#define NOW 1764230400000 /* 2025-11-27T08:00:00.000Z */

static struct rules ru;
static struct member alice; /* with the account 7, from an address of her own */

static int set_up(void **state)
{
    (void)state;
    rules_configure(1000, 500);
    rules_init(&ru);
    alice = (struct member){.user_id = 100, .account = 7, .name = "Alice", .key = "alice", .host = "192.0.2.7"};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rules_fini(&ru);
    return 0;
}

/* ---- roles and guests ---- */

static void a_role_belongs_to_one_account_until_changed_or_removed(void **state)
{
    (void)state;
    assert_int_equal(rules_role(&ru, 7), ROLE_NONE);
    rules_set_role(&ru, 7, ROLE_OWNER);
    rules_set_role(&ru, 8, ROLE_VOICE);
    rules_set_role(&ru, 9, ROLE_OP);
    rules_set_role(&ru, 8, ROLE_GUEST);
    assert_int_equal(ru.role_count, 3);
    rules_set_role(&ru, 7, ROLE_NONE);
    rules_set_role(&ru, 7, ROLE_NONE);
    assert_int_equal(rules_role(&ru, 7), ROLE_NONE);
    assert_int_equal(rules_role(&ru, 8), ROLE_GUEST);
    assert_int_equal(rules_role(&ru, 9), ROLE_OP);
    assert_int_equal(ru.role_count, 2);
}

static void a_user_without_an_account_has_no_role(void **state)
{
    (void)state;
    rules_set_role(&ru, 0, ROLE_OWNER); /* as a database may contain it */
    assert_int_equal(rules_role(&ru, 0), ROLE_NONE);
}

static void each_role_has_a_name_and_the_rights_of_lower_ones(void **state)
{
    static const char *const names[] = {"none", "guest", "voice", "op", "owner"};
    (void)state;
    for (int role = ROLE_NONE; role <= ROLE_OWNER; role++)
        assert_string_equal(role_name((enum role)role), names[role]);
}

static void at_the_limit_only_accounts_with_a_role_are_accepted(void **state)
{
    (void)state;
    rules_configure(2, 500);
    rules_set_role(&ru, 7, ROLE_OWNER);
    assert_true(rules_has_space_for_role(&ru, 8));
    rules_set_role(&ru, 8, ROLE_VOICE);
    assert_false(rules_has_space_for_role(&ru, 9));
    assert_true(rules_has_space_for_role(&ru, 8));
    rules_set_role(&ru, 9, ROLE_OP); /* loaded from disk: the limit is not checked again */
    assert_int_equal(rules_role(&ru, 9), ROLE_OP);
    rules_configure(4, 500);
    assert_true(rules_has_space_for_role(&ru, 10));
}

static bool is_invited(uint64_t id)
{
    struct member m = {.user_id = id};
    struct subject su = rules_nonmember(&ru, &m);
    return rules_may_join(&ru, &su, NULL, NOW, NULL);
}

static void of_a_hundred_guests_the_oldest_is_dropped(void **state)
{
    (void)state;
    ru.value[OPTION_INVITE_ONLY] = 1;
    for (uint64_t id = 1; id <= 100; id++)
        rules_invite_client(&ru, id);
    rules_invite_client(&ru, 1); /* a second invitation does not count as newer */
    assert_int_equal(ru.guest_count, 100);
    assert_true(is_invited(1) && is_invited(100) && !is_invited(101));
    rules_invite_client(&ru, 101);
    assert_true(!is_invited(1) && is_invited(2) && is_invited(101));
    rules_invite_client(&ru, 102);
    assert_true(!is_invited(2) && is_invited(3) && is_invited(102));
    assert_int_equal(ru.guest_count, 100);
}

static void a_guest_is_uninvited_once(void **state)
{
    (void)state;
    ru.value[OPTION_INVITE_ONLY] = 1;
    for (uint64_t id = 1; id <= 3; id++)
        rules_invite_client(&ru, id);
    assert_true(rules_uninvite_client(&ru, 2));
    assert_false(rules_uninvite_client(&ru, 2));
    assert_true(is_invited(1) && !is_invited(2) && is_invited(3));
    rules_invite_client(&ru, 2);
    assert_true(is_invited(2));
}

static void every_change_that_may_deny_joining_is_counted(void **state)
{
    unsigned before = ru.changes;
    (void)state;
    rules_set_role(&ru, 7, ROLE_OP);
    assert_true(ru.changes > before);
    before = ru.changes;
    rules_set_role(&ru, 7, ROLE_NONE);
    assert_true(ru.changes > before);
    before = ru.changes;
    rules_ban(&ru, &(struct ban){.kind = BAN_KIND_BAN, .reason = panic_strdup("")}, NOW);
    assert_true(ru.changes > before);
    rules_invite_client(&ru, 1);
    before = ru.changes;
    assert_true(rules_uninvite_client(&ru, 1));
    assert_true(ru.changes > before);
    before = ru.changes;
    rules_fini(&ru);
    assert_true(ru.changes > before);
}

/* ---- bans and mutes ---- */

static void add_ban(enum ban_kind kind, struct target target, int64_t until_ms, const char *reason)
{
    struct ban s = {.kind = kind, .target = target, .until_ms = until_ms, .reason = panic_strdup(reason), .by = "op"};
    rules_ban(&ru, &s, NOW);
}

static const struct target by_name = {.shown = "Alice", .name = "alice"},
                           by_host = {.shown = "192.0.2.7", .host = "192.0.2.7"};

/* The reason of the ban or mute that applies to Alice in that role, or NULL. */
static const char *hits(enum ban_kind kind, enum role role, int64_t now_ms)
{
    struct subject su = {&alice, "aLiCe", role};
    const struct ban *s = rules_hits(&ru, kind, &su, now_ms);
    return s ? s->reason : NULL;
}

static void any_field_of_a_target_can_match(void **state)
{
    static const struct {
        struct target target;
        bool is;
    } rows[] = {
        {{.shown = "alice"}, false}, /* .shown alone matches nobody */
        {{.account = 7}, true}, {{.account = 8}, false},
        {{.client = 100}, true}, {{.client = 101}, false},
        {{.name = "alice"}, true}, {{.name = "bob"}, false}, {{.name = "alic"}, false},
        {{.host = "192.0.2.7"}, true}, {{.host = "192.0.2.77"}, false}, {{.host = "192.0.2."}, false},
        {{.account = 8, .client = 101, .name = "bob", .host = "192.0.2.7"}, true},
        {{.account = 8, .client = 101, .name = "alice", .host = "192.0.2.8"}, false}, /* another's former name */
        {{.account = 8, .client = 101, .name = "bob", .host = "192.0.2.8"}, false},
    };
    (void)state;
    struct subject su = {&alice, "aLiCe", ROLE_VOICE};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(rules_is_target(&rows[i].target, &su), rows[i].is);
}

static void an_empty_field_of_a_target_matches_nobody(void **state)
{
    struct member nobody = {0};
    struct subject su = {&nobody, "", ROLE_NONE};
    (void)state;
    assert_false(rules_is_target(&(struct target){0}, &su));
}

static void the_shown_name_counts_and_not_the_members_own(void **state)
{
    struct subject su = {&alice, "bob", ROLE_NONE};
    (void)state;
    assert_false(rules_is_target(&by_name, &su));
    assert_true(rules_is_target(&(struct target){.name = "bob"}, &su));
}

static void an_op_is_hit_by_name_but_not_by_address(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, by_host, 0, "host");
    assert_string_equal(hits(BAN_KIND_BAN, ROLE_VOICE, NOW), "host");
    assert_null(hits(BAN_KIND_BAN, ROLE_OP, NOW));
    add_ban(BAN_KIND_BAN, by_name, 0, "name");
    assert_string_equal(hits(BAN_KIND_BAN, ROLE_OP, NOW), "name");
}

static void no_ban_or_mute_hits_an_owner(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN,
            (struct target){.shown = "x", .account = 7, .client = 100, .name = "alice", .host = "192.0.2.7"}, 0, "");
    add_ban(BAN_KIND_MUTE, by_name, 0, "");
    assert_non_null(hits(BAN_KIND_BAN, ROLE_OP, NOW));
    assert_null(hits(BAN_KIND_BAN, ROLE_OWNER, NOW));
    assert_null(hits(BAN_KIND_MUTE, ROLE_OWNER, NOW));
}

static void bans_and_mutes_are_independent(void **state)
{
    (void)state;
    add_ban(BAN_KIND_MUTE, by_name, 0, "mute");
    assert_null(hits(BAN_KIND_BAN, ROLE_NONE, NOW));
    add_ban(BAN_KIND_BAN, by_name, 0, "ban"); /* the same target, but another kind: replaces nothing */
    assert_string_equal(hits(BAN_KIND_BAN, ROLE_NONE, NOW), "ban");
    assert_string_equal(hits(BAN_KIND_MUTE, ROLE_NONE, NOW), "mute");
    assert_true(rules_unban(&ru, BAN_KIND_BAN, "Alice"));
    assert_string_equal(hits(BAN_KIND_MUTE, ROLE_NONE, NOW), "mute");
}

static void a_ban_ends_at_its_time_to_the_millisecond(void **state)
{
    (void)state;
    add_ban(BAN_KIND_MUTE, by_name, NOW + 1000, "");
    assert_non_null(hits(BAN_KIND_MUTE, ROLE_NONE, NOW + 999));
    assert_null(hits(BAN_KIND_MUTE, ROLE_NONE, NOW + 1000));
}

static void the_longest_ban_is_the_one_that_hits(void **state)
{
    static const int64_t orders[][3] = {{NOW + 1, NOW + 3, NOW + 2}, {NOW + 3, NOW + 2, NOW + 1},
                                        {NOW + 2, NOW + 1, NOW + 3}, {0, NOW + 3, NOW + 2},
                                        {NOW + 3, 0, NOW + 2},       {NOW + 2, NOW + 3, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        int64_t longest = 0;
        for (int j = 0; j < 3; j++) {
            struct target target = by_name;
            snprintf(target.shown, sizeof target.shown, "way %d", j);
            add_ban(BAN_KIND_BAN, target, orders[i][j], orders[i][j] ? "for a time" : "for ever");
            longest = orders[i][j] > longest ? orders[i][j] : longest;
        }
        struct subject su = {&alice, "alice", ROLE_NONE};
        const struct ban *s = rules_hits(&ru, BAN_KIND_BAN, &su, NOW);
        assert_int_equal(s->until_ms, i < 3 ? longest : 0);
        rules_fini(&ru);
    }
}

static void a_denied_join_names_the_option_that_bars_the_user(void **state)
{
    static const enum option bars[] = {OPTION_INVITE_ONLY, OPTION_PRIVATE, OPTION_KEY};
    struct member m = {.user_id = 1};
    struct subject su = rules_nonmember(&ru, &m);
    (void)state;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) { /* the later ones count before the earlier ones */
        struct refusal no = {.option = OPTIONS};
        ru.value[bars[i]] = 1;
        assert_false(rules_may_join(&ru, &su, "wrong", NOW, &no));
        assert_int_equal(no.error, ERROR_DENIED);
        assert_int_equal(no.option, bars[i]);
    }
}

static void a_ban_replaces_one_with_the_same_shown_target(void **state)
{
    (void)state;
    struct target target = by_name;
    add_ban(BAN_KIND_BAN, by_name, 0, "for ever");
    strcpy(target.shown, "ALICE");
    add_ban(BAN_KIND_BAN, target, NOW + 1000, "for a second");
    assert_int_equal(ru.ban_count, 1);
    assert_string_equal(hits(BAN_KIND_BAN, ROLE_NONE, NOW), "for a second");
    assert_string_equal(rules_shown(&ru, BAN_KIND_BAN, "alice")->target.shown, "ALICE");
    assert_null(rules_shown(&ru, BAN_KIND_MUTE, "alice"));
    assert_null(rules_shown(&ru, BAN_KIND_BAN, "192.0.2.7"));
}

static void a_ban_of_an_account_replaces_one_under_any_name(void **state)
{
    static const struct target once = {.shown = "bob", .name = "bob", .account = 8},
                             now = {.shown = "robert", .name = "robert", .account = 8},
                             other = {.shown = "carol", .name = "carol", .account = 9};
    (void)state;
    rules_configure(1000, 3);
    add_ban(BAN_KIND_BAN, by_name, 0, ""); /* without an account, so it equals no other */
    add_ban(BAN_KIND_BAN, once, 0, "");
    add_ban(BAN_KIND_MUTE, once, 0, "");
    assert_true(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &now, NOW));
    assert_false(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &other, NOW));
    add_ban(BAN_KIND_BAN, now, NOW + 1000, "");
    assert_int_equal(ru.ban_count, 3);
    assert_null(rules_shown(&ru, BAN_KIND_BAN, "bob"));
    assert_non_null(rules_shown(&ru, BAN_KIND_BAN, "robert"));
    assert_non_null(rules_shown(&ru, BAN_KIND_MUTE, "bob"));
    add_ban(BAN_KIND_BAN, (struct target){.shown = "guest", .name = "guest"}, 0, "");
    assert_non_null(rules_shown(&ru, BAN_KIND_BAN, "Alice"));
    add_ban(BAN_KIND_BAN, (struct target){.shown = "Alice", .account = 8}, 0, ""); /* replaces two */
    assert_int_equal(ru.ban_count, 3);
    assert_null(rules_shown(&ru, BAN_KIND_BAN, "robert"));
}

static void a_ban_is_also_found_by_account_or_client(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, (struct target){.shown = "bob", .account = 8}, 0, "account");
    add_ban(BAN_KIND_BAN, (struct target){.shown = "guest", .client = 100}, 0, "client");
    assert_string_equal(rules_against(&ru, BAN_KIND_BAN, &(struct target){.account = 8})->reason, "account");
    assert_string_equal(rules_against(&ru, BAN_KIND_BAN, &(struct target){.account = 9, .client = 100})->reason,
                        "client");
    assert_null(rules_against(&ru, BAN_KIND_BAN, &(struct target){.account = 100, .client = 8}));
    assert_null(rules_against(&ru, BAN_KIND_BAN, &(struct target){.shown = "bob"}));
    assert_null(rules_against(&ru, BAN_KIND_MUTE, &(struct target){.account = 8, .client = 100}));
}

static void a_new_ban_removes_expired_ones(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, (struct target){.shown = "a"}, NOW - 1, "");
    add_ban(BAN_KIND_MUTE, (struct target){.shown = "b"}, NOW, "");
    add_ban(BAN_KIND_BAN, (struct target){.shown = "c"}, NOW + 1, "");
    add_ban(BAN_KIND_BAN, (struct target){.shown = "d"}, 0, "");
    assert_int_equal(ru.ban_count, 2);
    assert_non_null(rules_shown(&ru, BAN_KIND_BAN, "c"));
    assert_non_null(rules_shown(&ru, BAN_KIND_BAN, "d"));
}

static void a_lifted_ban_is_removed_and_others_stay(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, by_name, 0, "name");
    add_ban(BAN_KIND_BAN, by_host, 0, "host");
    add_ban(BAN_KIND_MUTE, by_name, 0, "mute");
    assert_false(rules_unban(&ru, BAN_KIND_MUTE, "192.0.2.7"));
    assert_true(rules_unban(&ru, BAN_KIND_BAN, "aLICE"));
    assert_false(rules_unban(&ru, BAN_KIND_BAN, "alice"));
    assert_string_equal(hits(BAN_KIND_BAN, ROLE_NONE, NOW), "host");
    assert_string_equal(hits(BAN_KIND_MUTE, ROLE_NONE, NOW), "mute");
    assert_true(rules_unban(&ru, BAN_KIND_BAN, "192.0.2.7"));
    assert_null(hits(BAN_KIND_BAN, ROLE_NONE, NOW));
}

static void at_the_limit_a_ban_must_replace_the_same_or_an_expired_one(void **state)
{
    static const struct target carol = {.shown = "carol", .name = "carol"};
    (void)state;
    rules_configure(1000, 2);
    add_ban(BAN_KIND_BAN, by_name, 0, "");
    assert_true(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &carol, NOW));
    add_ban(BAN_KIND_MUTE, by_host, NOW + 1000, "");
    assert_false(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &carol, NOW));
    assert_true(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &by_name, NOW));
    assert_false(rules_has_space_for_ban(&ru, BAN_KIND_MUTE, &by_name, NOW));
    assert_true(rules_has_space_for_ban(&ru, BAN_KIND_BAN, &carol, NOW + 1000));
    add_ban(BAN_KIND_BAN, carol, 0, ""); /* loaded from disk */
    assert_int_equal(ru.ban_count, 3);
}

/* ---- who may join ---- */

enum { OPEN, KEYED = 1, HIDDEN = 2, INVITED = 4 };

static enum error_code joins(int how, enum role role, bool is_guest, const char *key)
{
    struct subject su = {&alice, "alice", role};
    struct refusal no = {0};
    ru.value[OPTION_KEY] = (how & KEYED) != 0;
    ru.value[OPTION_PRIVATE] = (how & HIDDEN) != 0;
    ru.value[OPTION_INVITE_ONLY] = (how & INVITED) != 0;
    strcpy(ru.key, how & KEYED ? "Sesame" : "");
    if (is_guest)
        rules_invite_client(&ru, alice.user_id);
    bool may = rules_may_join(&ru, &su, key, NOW, &no);
    assert_int_equal(may, no.error == ERROR_NONE);
    buf_fini(&no.reason);
    rules_uninvite_client(&ru, alice.user_id);
    return no.error;
}

static void only_users_who_may_join_do(void **state)
{
    (void)state;
    for (int how = OPEN; how <= (KEYED | HIDDEN | INVITED); how++) {
        enum error_code join_limited = how ? ERROR_DENIED : ERROR_NONE;
        assert_int_equal(joins(how, ROLE_NONE, false, NULL), join_limited);
        assert_int_equal(joins(how, ROLE_NONE, false, "sesame"), join_limited);
        assert_int_equal(joins(how, ROLE_NONE, false, "Sesam"), join_limited);
        assert_int_equal(joins(how, ROLE_NONE, false, ""), join_limited); /* also where no key is set */
        assert_int_equal(joins(how, ROLE_NONE, false, "Sesame"), how & KEYED ? ERROR_NONE : join_limited);
        assert_int_equal(joins(how, ROLE_NONE, true, NULL), ERROR_NONE);
        for (int role = ROLE_GUEST; role <= ROLE_OWNER; role++)
            assert_int_equal(joins(how, (enum role)role, false, "wrong"), ERROR_NONE);
    }
}

static enum error_code finds_space(enum role role, int users)
{
    struct subject su = {&alice, "alice", role};
    struct refusal no = {0};
    bool may = rules_have_space(&ru, &su, users, &no);
    assert_int_equal(may, no.error == ERROR_NONE);
    assert_int_equal(no.number, may ? 0 : 3);
    assert_int_equal(may, rules_have_space(&ru, &su, users, NULL));
    return no.error;
}

static void a_full_room_has_space_for_a_role_or_an_invitation_only(void **state)
{
    (void)state;
    assert_int_equal(finds_space(ROLE_NONE, 1000), ERROR_NONE);
    ru.value[OPTION_LIMIT] = 3;
    assert_int_equal(finds_space(ROLE_NONE, 2), ERROR_NONE);
    assert_int_equal(finds_space(ROLE_NONE, 3), ERROR_ROOM_FULL);
    assert_int_equal(finds_space(ROLE_NONE, 4), ERROR_ROOM_FULL); /* the limit was lowered */
    for (int role = ROLE_GUEST; role <= ROLE_OWNER; role++)
        assert_int_equal(finds_space((enum role)role, 3), ERROR_NONE);
    rules_invite_client(&ru, alice.user_id);
    assert_int_equal(finds_space(ROLE_NONE, 3), ERROR_NONE);
}

static void a_banned_user_joins_by_no_key_invitation_or_role_but_an_owners(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, by_name, 0, "");
    assert_int_equal(joins(OPEN, ROLE_NONE, false, NULL), ERROR_BANNED);
    assert_int_equal(joins(KEYED, ROLE_NONE, true, "Sesame"), ERROR_BANNED);
    assert_int_equal(joins(OPEN, ROLE_OP, false, NULL), ERROR_BANNED);
    assert_int_equal(joins(KEYED, ROLE_OWNER, false, NULL), ERROR_NONE);
}

static void a_mute_does_not_prevent_joining(void **state)
{
    (void)state;
    add_ban(BAN_KIND_MUTE, by_name, 0, "");
    assert_int_equal(joins(OPEN, ROLE_NONE, false, NULL), ERROR_NONE);
}

static void a_user_outside_the_room_has_the_role_of_the_account(void **state)
{
    (void)state;
    rules_set_role(&ru, 7, ROLE_OP);
    struct subject su = rules_nonmember(&ru, &alice);
    assert_ptr_equal(su.member, &alice);
    assert_string_equal(su.name, "alice");
    assert_int_equal(su.role, ROLE_OP);
    alice.account = 0;
    assert_int_equal(rules_nonmember(&ru, &alice).role, ROLE_NONE);
}

/* ---- who may talk ---- */

static enum error_code talks(enum role role, int64_t said_ms, int64_t now_ms)
{
    struct subject su = {&alice, "alice", role};
    struct refusal no = {0};
    bool may = rules_may_talk(&ru, &su, said_ms, now_ms, &no);
    assert_int_equal(may, no.error == ERROR_NONE);
    buf_fini(&no.reason);
    return no.error;
}

static void in_a_room_without_rules_all_members_may_talk(void **state)
{
    (void)state;
    assert_int_equal(talks(ROLE_NONE, 0, NOW), ERROR_NONE);
    assert_int_equal(talks(ROLE_NONE, NOW, NOW), ERROR_NONE);
}

static void in_a_moderated_room_a_voice_may_talk(void **state)
{
    (void)state;
    ru.value[OPTION_MODERATED] = 1;
    assert_int_equal(talks(ROLE_NONE, 0, NOW), ERROR_MODERATED);
    assert_int_equal(talks(ROLE_GUEST, 0, NOW), ERROR_MODERATED);
    for (int role = ROLE_VOICE; role <= ROLE_OWNER; role++)
        assert_int_equal(talks((enum role)role, 0, NOW), ERROR_NONE);
}

static void a_muted_member_talks_by_no_role_but_an_owners(void **state)
{
    (void)state;
    add_ban(BAN_KIND_BAN, by_name, 0, ""); /* a ban does not affect talk */
    assert_int_equal(talks(ROLE_NONE, 0, NOW), ERROR_NONE);
    add_ban(BAN_KIND_MUTE, by_name, NOW + 1000, "");
    ru.value[OPTION_MODERATED] = 1;
    for (int role = ROLE_NONE; role <= ROLE_OP; role++)
        assert_int_equal(talks((enum role)role, 0, NOW), ERROR_MUTED);
    assert_int_equal(talks(ROLE_OWNER, 0, NOW), ERROR_NONE);
    assert_int_equal(talks(ROLE_VOICE, 0, NOW + 1000), ERROR_NONE);
}

static void in_a_slow_room_a_member_without_voice_waits_to_the_millisecond(void **state)
{
    (void)state;
    ru.value[OPTION_SLOW] = 30;
    assert_int_equal(talks(ROLE_NONE, 0, NOW), ERROR_NONE); /* never talked before */
    assert_int_equal(talks(ROLE_NONE, NOW, NOW), ERROR_SLOW_MODE);
    assert_int_equal(talks(ROLE_GUEST, NOW, NOW + 29999), ERROR_SLOW_MODE);
    assert_int_equal(talks(ROLE_NONE, NOW, NOW + 30000), ERROR_NONE);
    assert_int_equal(talks(ROLE_VOICE, NOW, NOW), ERROR_NONE);
}

static void a_clock_that_was_set_back_makes_nobody_wait(void **state)
{
    (void)state;
    ru.value[OPTION_SLOW] = 30;
    assert_int_equal(talks(ROLE_NONE, NOW + 1, NOW), ERROR_NONE);
    assert_int_equal(talks(ROLE_NONE, NOW + 3600000, NOW), ERROR_NONE);
}

/* ---- members who leave and rejoin in slow mode ---- */

static void leave_room(struct member m, int64_t said_ms, int64_t now_ms)
{
    struct subject su = {&m, m.name, ROLE_NONE};
    rules_slow_save(&ru, &su, said_ms, now_ms);
}

static int64_t rejoin(struct member m, int64_t now_ms)
{
    struct subject su = {&m, m.name, ROLE_NONE};
    return rules_slow_restore(&ru, &su, now_ms);
}

static void a_member_who_rejoins_still_has_its_last_time_of_talk(void **state)
{
    static const struct {
        struct member who;
        bool is_it;
    } rows[] = {
        {{.user_id = 1, .account = 7, .name = "other", .host = "h"}, true}, /* Alice's account */
        {{.user_id = 100, .name = "other", .host = "h"}, true},             /* her client */
        {{.user_id = 1, .name = "Alice", .host = "192.0.2.7"}, false},      /* her name, but not her account */
        {{.user_id = 1, .account = 8, .name = "Alice", .host = "192.0.2.7"}, false},
    }, guests[] = {
        {{.user_id = 1, .name = "bOB", .host = "192.0.2.8"}, true},
        {{.user_id = 1, .account = 8, .name = "Bob", .host = "192.0.2.8"}, true}, /* registered meanwhile */
        {{.user_id = 101, .name = "other", .host = "h"}, true},
        {{.user_id = 1, .name = "Bob", .host = "192.0.2.9"}, false},
        {{.user_id = 1, .name = "Bobby", .host = "192.0.2.8"}, false},
    };
    (void)state;
    ru.value[OPTION_SLOW] = 10;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        leave_room(alice, NOW, NOW + 1);
        assert_int_equal(rejoin(rows[i].who, NOW + 2), rows[i].is_it ? NOW : 0);
        assert_int_equal(rejoin(alice, NOW + 2), rows[i].is_it ? 0 : NOW); /* a pause is taken only once */
    }
    struct member bob = {.user_id = 101, .name = "Bob", .host = "192.0.2.8"};
    for (size_t i = 0; i < sizeof guests / sizeof guests[0]; i++) {
        leave_room(bob, NOW, NOW + 1);
        assert_int_equal(rejoin(guests[i].who, NOW + 2), guests[i].is_it ? NOW : 0);
        assert_int_equal(rejoin(bob, NOW + 2), guests[i].is_it ? 0 : NOW);
    }
}

static void only_a_running_pause_is_remembered(void **state)
{
    struct member bob = {.user_id = 101, .name = "bob"};
    (void)state;
    leave_room(alice, NOW, NOW); /* slow mode is off */
    ru.value[OPTION_SLOW] = 10;
    leave_room(alice, 0, NOW); /* never talked */
    leave_room(alice, NOW - 10000, NOW);
    leave_room(alice, NOW + 1, NOW);
    assert_int_equal(ru.slow_wait_count, 0);
    leave_room(alice, NOW, NOW);
    leave_room(bob, NOW + 5000, NOW + 9999);
    assert_int_equal(ru.slow_wait_count, 2);
    leave_room(bob, NOW + 6000, NOW + 9999); /* the same user again */
    assert_int_equal(ru.slow_wait_count, 2);
    assert_int_equal(rejoin(alice, NOW + 10000), 0);
    assert_int_equal(ru.slow_wait_count, 1);
    assert_int_equal(rejoin(bob, NOW + 10000), NOW + 6000);
    leave_room(bob, NOW, NOW);
    ru.value[OPTION_SLOW] = 0;
    assert_int_equal(rejoin(alice, NOW), 0);
    assert_int_equal(ru.slow_wait_count, 0);
}

static void of_a_hundred_pauses_the_oldest_is_dropped(void **state)
{
    (void)state;
    ru.value[OPTION_SLOW] = 10;
    for (uint64_t id = 1; id <= 101; id++)
        leave_room((struct member){.user_id = id, .account = (int64_t)id}, NOW, NOW);
    assert_int_equal(ru.slow_wait_count, 100);
    assert_int_equal(rejoin((struct member){.user_id = 1}, NOW), 0);
    assert_int_equal(rejoin((struct member){.user_id = 2}, NOW), NOW);
    assert_int_equal(rejoin((struct member){.user_id = 101}, NOW), NOW);
}

/* ---- queries ---- */

static void rules_are_default_while_they_have_nothing_but_an_owner(void **state)
{
    (void)state;
    assert_true(rules_are_default(&ru));
    rules_set_role(&ru, 7, ROLE_OWNER);
    rules_set_role(&ru, 8, ROLE_OWNER);
    assert_true(rules_are_default(&ru));
    for (int role = ROLE_GUEST; role < ROLE_OWNER; role++) {
        rules_set_role(&ru, 7, (enum role)role);
        assert_false(rules_are_default(&ru));
    }
    rules_set_role(&ru, 7, ROLE_NONE);
    assert_true(rules_are_default(&ru));
    for (int o = 0; o < OPTIONS; o++) {
        ru.value[o] = !option_row((enum option)o)->default_value;
        assert_false(rules_are_default(&ru));
        ru.value[o] = option_row((enum option)o)->default_value;
    }
    add_ban(BAN_KIND_MUTE, by_name, 0, "");
    assert_false(rules_are_default(&ru));
    assert_true(rules_unban(&ru, BAN_KIND_MUTE, "alice"));
    assert_true(rules_are_default(&ru));
}

static void limits_on_joining_and_talking_are_known(void **state)
{
    (void)state;
    for (int o = 0; o < OPTIONS; o++) {
        bool bars = o == OPTION_KEY || o == OPTION_PRIVATE || o == OPTION_INVITE_ONLY;
        bool restricts = o == OPTION_MODERATED || o == OPTION_SLOW;
        rules_init(&ru);
        ru.value[o] = !ru.value[o];
        assert_int_equal(rules_limit_joining(&ru), bars);
        assert_int_equal(rules_limit_talk(&ru), restricts);
    }
    rules_init(&ru);
    add_ban(BAN_KIND_BAN, by_name, 0, "");
    assert_true(rules_limit_joining(&ru) && !rules_limit_talk(&ru));
    assert_true(rules_unban(&ru, BAN_KIND_BAN, "alice"));
    add_ban(BAN_KIND_MUTE, by_name, 0, "");
    assert_true(!rules_limit_joining(&ru) && rules_limit_talk(&ru));
    assert_true(rules_unban(&ru, BAN_KIND_MUTE, "alice"));
    assert_true(!rules_limit_joining(&ru) && !rules_limit_talk(&ru));
}

static void after_fini_all_is_default(void **state)
{
    (void)state;
    ru.value[OPTION_HISTORY] = 0;
    ru.value[OPTION_KEY] = 1;
    strcpy(ru.key, "Sesame");
    rules_set_role(&ru, 7, ROLE_OP);
    rules_invite_client(&ru, 1);
    add_ban(BAN_KIND_BAN, by_name, 0, "with a reason that has to be freed");
    rules_fini(&ru);
    assert_true(rules_are_default(&ru));
    assert_string_equal(ru.key, "");
    assert_int_equal(ru.role_count + ru.ban_count + ru.guest_count, 0);
}

/* ---- denials ---- */

static void a_ban_is_explained_by_the_one_that_runs_longest(void **state)
{
    struct subject su = {&alice, "alice", ROLE_NONE};
    struct refusal no = {0};
    (void)state;
    add_ban(BAN_KIND_BAN, by_host, NOW + 1000, "for a second");
    add_ban(BAN_KIND_BAN, by_name, NOW + 60000, "for a minute");
    add_ban(BAN_KIND_MUTE, by_name, 0, "for ever");
    assert_false(rules_may_join(&ru, &su, NULL, NOW, &no));
    assert_int_equal(no.error, ERROR_BANNED);
    assert_int_equal(no.until_ms, NOW + 60000);
    assert_string_equal(buf_text(&no.reason), "for a minute");
    buf_clear(&no.reason);
    assert_false(rules_may_talk(&ru, &su, 0, NOW, &no));
    assert_int_equal(no.error, ERROR_MUTED);
    assert_int_equal(no.until_ms, 0);
    assert_string_equal(buf_text(&no.reason), "for ever");
    buf_fini(&no.reason);
}

static void a_denial_names_the_option_that_denies(void **state)
{
    static const struct {
        int how;
        enum option option;
    } rows[] = {{KEYED, OPTION_KEY}, {HIDDEN, OPTION_PRIVATE}, {INVITED, OPTION_INVITE_ONLY},
                {KEYED | INVITED, OPTION_KEY}, {HIDDEN | INVITED, OPTION_PRIVATE}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct subject su = {&alice, "alice", ROLE_NONE};
        struct refusal no = {0};
        joins(rows[i].how, ROLE_NONE, false, NULL); /* sets the options */
        assert_false(rules_may_join(&ru, &su, "wrong", NOW, &no));
        assert_int_equal(no.error, ERROR_DENIED);
        assert_int_equal(no.option, rows[i].option);
        assert_null(no.reason.data);
    }
}

static void slow_mode_tells_the_seconds_left_rounded_up(void **state)
{
    struct subject su = {&alice, "alice", ROLE_NONE};
    struct refusal no = {0};
    (void)state;
    ru.value[OPTION_SLOW] = 30;
    assert_false(rules_may_talk(&ru, &su, NOW, NOW + 1, &no));
    assert_int_equal(no.error, ERROR_SLOW_MODE);
    assert_int_equal(no.number, 30);
    assert_false(rules_may_talk(&ru, &su, NOW, NOW + 29500, &no));
    assert_int_equal(no.number, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_role_belongs_to_one_account_until_changed_or_removed),
        TEST(a_user_without_an_account_has_no_role),
        TEST(each_role_has_a_name_and_the_rights_of_lower_ones),
        TEST(at_the_limit_only_accounts_with_a_role_are_accepted),
        TEST(of_a_hundred_guests_the_oldest_is_dropped),
        TEST(a_guest_is_uninvited_once),
        TEST(every_change_that_may_deny_joining_is_counted),
        TEST(any_field_of_a_target_can_match),
        TEST(an_empty_field_of_a_target_matches_nobody),
        TEST(the_shown_name_counts_and_not_the_members_own),
        TEST(an_op_is_hit_by_name_but_not_by_address),
        TEST(no_ban_or_mute_hits_an_owner),
        TEST(bans_and_mutes_are_independent),
        TEST(a_ban_ends_at_its_time_to_the_millisecond),
        TEST(the_longest_ban_is_the_one_that_hits),
        TEST(a_denied_join_names_the_option_that_bars_the_user),
        TEST(a_ban_replaces_one_with_the_same_shown_target),
        TEST(a_ban_of_an_account_replaces_one_under_any_name),
        TEST(a_ban_is_also_found_by_account_or_client),
        TEST(a_new_ban_removes_expired_ones),
        TEST(a_lifted_ban_is_removed_and_others_stay),
        TEST(at_the_limit_a_ban_must_replace_the_same_or_an_expired_one),
        TEST(only_users_who_may_join_do),
        TEST(a_full_room_has_space_for_a_role_or_an_invitation_only),
        TEST(a_banned_user_joins_by_no_key_invitation_or_role_but_an_owners),
        TEST(a_mute_does_not_prevent_joining),
        TEST(a_user_outside_the_room_has_the_role_of_the_account),
        TEST(in_a_room_without_rules_all_members_may_talk),
        TEST(in_a_moderated_room_a_voice_may_talk),
        TEST(a_muted_member_talks_by_no_role_but_an_owners),
        TEST(in_a_slow_room_a_member_without_voice_waits_to_the_millisecond),
        TEST(a_clock_that_was_set_back_makes_nobody_wait),
        TEST(a_member_who_rejoins_still_has_its_last_time_of_talk),
        TEST(only_a_running_pause_is_remembered),
        TEST(of_a_hundred_pauses_the_oldest_is_dropped),
        TEST(rules_are_default_while_they_have_nothing_but_an_owner),
        TEST(limits_on_joining_and_talking_are_known),
        TEST(after_fini_all_is_default),
        TEST(a_ban_is_explained_by_the_one_that_runs_longest),
        TEST(a_denial_names_the_option_that_denies),
        TEST(slow_mode_tells_the_seconds_left_rounded_up),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
