/* SPDX-License-Identifier: ISC */
/* The console's lines: JSON that SQLite's parser accepts, verbs of one and two words, arguments as in the table. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl/wire.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sqlite3 *db;

static int open_parser(void **state)
{
    (void)state;
    return sqlite3_open(":memory:", &db) == SQLITE_OK ? 0 : -1;
}

static int close_parser(void **state)
{
    (void)state;
    return sqlite3_close(db) == SQLITE_OK ? 0 : -1;
}

/* Extracts a field from a row with json_extract; the caller frees. NULL if there is no such field or no valid JSON. */
static char *field(const char *row, const char *key)
{
    sqlite3_stmt *st;
    char path[64], *copy = NULL;
    snprintf(path, sizeof path, "$.\"%s\"", key);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT json_extract(?1, ?2) WHERE json_valid(?1)", -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, row, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, path, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
        copy = strdup((const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    return copy;
}

static void check_field(const char *row, const char *key, const char *want)
{
    char *got = field(row, key);
    if (!got)
        fail_msg("no %s in %s", key, row);
    assert_string_equal(got, want);
    free(got);
}

static void a_row_is_one_flat_object_on_one_line(void **state)
{
    (void)state;
    struct buf out = {0};
    wire_open(&out);
    wire_string(&out, "name", "alice");
    wire_number(&out, "id", -7);
    wire_bool(&out, "kept", true);
    wire_bool(&out, "gone", false);
    wire_close(&out);
    assert_string_equal(buf_text(&out), "{\"name\":\"alice\",\"id\":-7,\"kept\":true,\"gone\":false}\n");
    check_field(out.data, "id", "-7");
    buf_fini(&out);
}

static void an_empty_row_is_valid_and_rows_follow_each_other(void **state)
{
    (void)state;
    struct buf out = {0};
    wire_open(&out);
    wire_close(&out);
    wire_open(&out);
    wire_number(&out, "n", 9223372036854775807LL);
    wire_close(&out);
    assert_string_equal(buf_text(&out), "{}\n{\"n\":9223372036854775807}\n");
    buf_fini(&out);
}

static void a_text_that_ends_in_a_brace_does_not_spoil_the_next_field(void **state)
{
    (void)state;
    struct buf out = {0};
    wire_open(&out);
    wire_string(&out, "topic", "{");
    wire_number(&out, "n", 1);
    wire_close(&out);
    check_field(out.data, "topic", "{");
    check_field(out.data, "n", "1");
    buf_fini(&out);
}

static void every_text_is_read_back_unchanged(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "plain", "\"", "\\", "\\\"", "a\"b\\c/d", "\\u0041", "{\"end\":\"done\"}",
                                        "caf\xc3\xa9 \xf0\x9f\x91\x8b", "tab\there", "line\nline\r\n", "'; DROP TABLE",
                                        "\x01\x02\x1f\x7f", "<script>", "%s%n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf out = {0};
        wire_open(&out);
        wire_string(&out, "v", texts[i]);
        wire_close(&out);
        check_field(out.data, "v", texts[i]);
        assert_ptr_equal(strchr(out.data, '\n'), out.data + out.len - 1); /* one line, whatever the texts contain */
        buf_fini(&out);
    }
}

static void every_ascii_byte_is_safe_in_a_text(void **state)
{
    (void)state;
    for (int c = 1; c < 128; c++) {
        char text[] = {'a', (char)c, 'b', '\0'};
        struct buf out = {0};
        wire_open(&out);
        wire_string(&out, "v", text);
        wire_close(&out);
        check_field(out.data, "v", text);
        assert_null(strchr(out.data, '\x1b'));
        buf_fini(&out);
    }
}

static void the_last_object_reports_success_or_the_error(void **state)
{
    (void)state;
    struct buf out = {0};
    wire_end(&out, NULL);
    assert_string_equal(buf_text(&out), "{\"end\":\"done\"}\n");
    buf_clear(&out);
    wire_end(&out, "no \"such\" room");
    check_field(out.data, "end", "refused");
    check_field(out.data, "error", "no \"such\" room");
    buf_fini(&out);
}

/* ---- verbs ---- */

static void check_verb(const char *request, const char *verb, const char *rest)
{
    char line[128], *at = NULL;
    snprintf(line, sizeof line, "%s", request);
    int i = wire_command(line, &at);
    if (!verb) {
        assert_int_equal(i, -1);
        return;
    }
    if (i < 0)
        fail_msg("%s is not recognised as a command", request);
    assert_string_equal(wire_commands[i].verb, verb);
    assert_string_equal(at, rest);
}

static void every_verb_of_the_table_is_found(void **state)
{
    (void)state;
    assert_true(wire_command_count > 0);
    for (int i = 0; i < wire_command_count; i++) {
        char line[128];
        check_verb(wire_commands[i].verb, wire_commands[i].verb, "");
        snprintf(line, sizeof line, "%s   a b", wire_commands[i].verb);
        check_verb(line, wire_commands[i].verb, "a b");
        /* the syntax begins with the verb, for chatctl help */
        assert_ptr_equal(strstr(wire_commands[i].syntax, wire_commands[i].verb), wire_commands[i].syntax);
    }
}

static void the_longest_verb_wins_and_prefixes_do_not_match(void **state)
{
    (void)state;
    check_verb("room show #dev", "room show", "#dev");
    check_verb("rooms", "rooms", "");
    check_verb("room", NULL, NULL);
    check_verb("room  show #dev", NULL, NULL);
    check_verb("room shower", NULL, NULL);
    check_verb("roomsx", NULL, NULL);
    check_verb("PING", NULL, NULL);
    check_verb("", NULL, NULL);
    check_verb("kick", "kick", "");
    check_verb("say * hello  there", "say", "* hello  there");
}

/* ---- arguments ---- */

static void check_args(const char *args, const char *given, bool fits, const char *word, const char *text)
{
    struct wire_command c = {.args = args};
    char rest[128], *w = rest, *t = rest; /* neither NULL nor valid */
    snprintf(rest, sizeof rest, "%s", given);
    bool ok = wire_args(&c, rest, &w, &t);
    assert_int_equal(ok, fits);
    if (!ok)
        return;
    if (word)
        assert_string_equal(w, word);
    else
        assert_null(w);
    if (text)
        assert_string_equal(t, text);
    else
        assert_null(t);
}

static void arguments_are_split_as_the_table_says(void **state)
{
    (void)state;
    check_args("", "", true, NULL, NULL);
    check_args("", "x", false, NULL, NULL);
    check_args("w", "", false, NULL, NULL);
    check_args("w", "one", true, "one", NULL);
    check_args("w", "one ", true, "one", NULL);
    check_args("w", "one two", false, NULL, NULL);
    check_args("W", "", true, NULL, NULL);
    check_args("W", "one", true, "one", NULL);
    check_args("wt", "one", false, NULL, NULL);
    check_args("wt", "one two  three", true, "one", "two  three");
    check_args("wt", "one   two", true, "one", "two");
    check_args("wT", "one", true, "one", NULL);
    check_args("wT", "one two three", true, "one", "two three");
    check_args("t", "two words", true, NULL, "two words");
    check_args("T", "", true, NULL, NULL);
    check_args("ws", "one pass word", true, "one", "pass word");
    check_args("ws", "one", false, NULL, NULL);
}

static void a_tables_syntax_and_arguments_agree(void **state)
{
    (void)state;
    for (int i = 0; i < wire_command_count; i++) {
        const struct wire_command *c = &wire_commands[i];
        const char *words = c->syntax + strlen(c->verb);
        size_t shown = 0;
        for (const char *p = words; *p; p++)
            shown += *p == ' ';
        if (strcmp(c->args, "t") == 0)
            assert_true(shown >= 1); /* what is in the text is the handler's */
        else
            assert_int_equal(shown, strcspn(c->args, "s")); /* a secret is prompted for */
        for (const char *a = c->args; *a; a++)
            if (*a == 'W' || *a == 'T')
                assert_non_null(strchr(words, '['));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_one_flat_object_on_one_line),
        cmocka_unit_test(an_empty_row_is_valid_and_rows_follow_each_other),
        cmocka_unit_test(a_text_that_ends_in_a_brace_does_not_spoil_the_next_field),
        cmocka_unit_test(every_text_is_read_back_unchanged),
        cmocka_unit_test(every_ascii_byte_is_safe_in_a_text),
        cmocka_unit_test(the_last_object_reports_success_or_the_error),
        cmocka_unit_test(every_verb_of_the_table_is_found),
        cmocka_unit_test(the_longest_verb_wins_and_prefixes_do_not_match),
        cmocka_unit_test(arguments_are_split_as_the_table_says),
        cmocka_unit_test(a_tables_syntax_and_arguments_agree),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, open_parser, close_parser);
}
