/* SPDX-License-Identifier: ISC */
/* Files that include files: nothing that was written is ignored in silence, and each line is named as where it is from. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/conf_text.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[UNIT_PATH], file[UNIT_PATH + 16];
static struct buf errors;

static int make_dir(void **state)
{
    (void)state;
    unit_mkdir(dir);
    snprintf(file, sizeof file, "%s/a.conf", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unit_rmdir(dir);
    buf_fini(&errors);
    return 0;
}

static void write_bytes(const char *name, const char *text, size_t len)
{
    char path[UNIT_PATH + 32];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unit_write_file(path, text, len);
}

static void write_text(const char *name, const char *text)
{
    write_bytes(name, text, strlen(text));
}

/* Loads a.conf; its top-level numbers, in order, as text. NULL: it cannot be parsed. */
static const char *load(void)
{
    static char numbers[256];
    struct conf_text ct = {0};
    config_t cfg;
    config_init(&cfg);
    buf_clear(&errors);
    *numbers = '\0';
    int result = conf_text_load(&ct, &cfg, file, &errors);
    for (int i = 0; result == 0 && i < config_setting_length(config_root_setting(&cfg)); i++) {
        config_setting_t *at = config_setting_get_elem(config_root_setting(&cfg), (unsigned)i);
        unsigned line = config_setting_source_line(at);
        const char *from = strrchr(conf_text_file(&ct, line), '/');
        size_t n = strlen(numbers);
        snprintf(numbers + n, sizeof numbers - n, "%s=%d@%s:%d ", config_setting_name(at), config_setting_get_int(at),
                 from ? from + 1 : conf_text_file(&ct, line), conf_text_line(&ct, line));
    }
    config_destroy(&cfg);
    conf_text_fini(&ct);
    return result == 0 ? numbers : NULL;
}

static void check_loads(const char *want)
{
    const char *got = load();
    if (!got || errors.len)
        fail_msg("%s", buf_text(&errors));
    assert_string_equal(got, want);
}

/* One mistake, with the path of the scratch directory left out. */
static void check_refused(const char *want)
{
    char got[2048];
    size_t n = 0;
    assert_null(load());
    for (const char *s = buf_text(&errors); *s && n < sizeof got - 1;) {
        if (strncmp(s, dir, strlen(dir)) == 0)
            s += strlen(dir) + 1;
        else
            got[n++] = *s++;
    }
    got[n] = '\0';
    assert_string_equal(got, want);
}

static void only_a_file_that_is_not_there_does_not_exist(void **state)
{
    (void)state;
    char path[UNIT_PATH + 64], link[UNIT_PATH + 32];
    assert_false(conf_text_exists(file));
    write_text("a.conf", "");
    assert_true(conf_text_exists(file));
    snprintf(path, sizeof path, "%s/below", file); /* ENOTDIR */
    assert_true(conf_text_exists(path));
    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(symlink("nowhere", link), 0); /* what it points to was meant to be read */
    assert_true(conf_text_exists(link));
}

static int look_into_a_closed_directory(void *arg)
{
    return conf_text_exists(arg) ? 42 : 1;
}

static void a_file_that_cannot_be_looked_at_exists(void **state)
{
    (void)state;
    char closed[UNIT_PATH + 32], path[UNIT_PATH + 64];
    snprintf(closed, sizeof closed, "%s/closed", dir);
    snprintf(path, sizeof path, "%s/chatd.conf", closed);
    assert_int_equal(mkdir(closed, 0), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(unit_unprivileged(NULL, look_into_a_closed_directory, path), 42);
    assert_int_equal(chmod(closed, 0700), 0);
}

static void lines_are_named_as_where_they_are_from(void **state)
{
    (void)state;
    write_text("a.conf", "\na = 1;\n  @include \"b.conf\" g = 7;\nd = 4;\n/* two\nlines */ e = 5;\n");
    write_text("b.conf", "b = 2;\n@include\t\"c.conf\"\n\nf = 6;");
    write_text("c.conf", "\n\nc = 3; # no line end");
    check_loads("a=1@a.conf:2 b=2@b.conf:1 c=3@c.conf:3 f=6@b.conf:4 g=7@a.conf:3 d=4@a.conf:4 e=5@a.conf:6 ");
    write_text("c.conf", "\nc = ;");
    check_refused("c.conf:2: syntax error\n");
}

static void a_file_may_begin_with_a_byte_order_mark_and_end_in_a_comment(void **state)
{
    (void)state;
    write_text("a.conf", "\xef\xbb\xbf" "a = 1;\n@include \"b.conf\"\n// the end");
    write_text("b.conf", "\xef\xbb\xbf" "b = 2; # here too");
    check_loads("a=1@a.conf:1 b=2@b.conf:1 ");
    write_text("a.conf", "\xef\xbb\xbf" "@include \"b.conf\"");
    check_loads("b=2@b.conf:1 ");
    write_text("a.conf", "");
    check_loads("");
}

static void an_absolute_path_is_included_from_there(void **state)
{
    (void)state;
    char text[UNIT_PATH + 64];
    snprintf(text, sizeof text, "@include \"%s/b.conf\"\n", dir);
    write_text("a.conf", text);
    write_text("b.conf", "b = 2;\n");
    check_loads("b=2@b.conf:1 ");
}

static void what_is_no_include_is_not_included(void **state)
{
    (void)state;
    write_text("a.conf", "# @include \"x\"\n/*\n@include \"x\"\n*/\na = 1;\n");
    check_loads("a=1@a.conf:5 ");
    write_text("a.conf", "a = 1; @include \"x\"\n");
    check_refused("a.conf:1: syntax error\n");
}

static void an_include_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    write_text("a.conf", "a = 1;\n@include \"absent.conf\"\nb = 2;\n@include \"b.conf\"\n");
    write_text("b.conf", "\n@include \"/nonexistent/c.conf\"\n");
    check_refused("a.conf:2: cannot include absent.conf: No such file or directory\n"
                  "b.conf:2: cannot include /nonexistent/c.conf: No such file or directory\n");
}

static void files_that_include_themselves_are_refused(void **state)
{
    (void)state;
    write_text("a.conf", "@include \"a.conf\"\n");
    check_refused("a.conf:1: cannot include a.conf: more than 10 files include one another\n");
}

static void a_comment_or_a_string_without_an_end_hides_nothing(void **state)
{
    (void)state;
    write_text("a.conf", "a = 1;\n/* b\nc = 3;\n");
    check_refused("a.conf:2: this comment has no end (*/)\n");
    write_text("a.conf", "@include \"b.conf\"\nc = 3;\n");
    write_text("b.conf", "b = 2;\n\n/*");
    check_refused("b.conf:3: this comment has no end (*/)\n");
    write_text("b.conf", "b = 2;\n\ns = \"x;\ny\n");
    check_refused("b.conf:3: this string has no closing quote\n");
}

static void a_nul_byte_hides_nothing(void **state)
{
    (void)state;
    write_bytes("a.conf", "a = 1;\n\0b = 2;\n", 15);
    check_refused("a.conf:2: has a NUL byte, so it is not a text file\n");
    write_bytes("a.conf", "\0\0\0\0", 4); /* what a crash leaves on some file systems */
    check_refused("a.conf:1: has a NUL byte, so it is not a text file\n");
}

static void a_file_without_an_end_is_refused(void **state)
{
    (void)state;
    struct conf_text ct = {0};
    config_t cfg;
    config_init(&cfg);
    assert_int_equal(conf_text_load(&ct, &cfg, "/dev/zero", &errors), -1);
    assert_string_equal(buf_text(&errors), "/dev/zero: cannot be read: File too large\n");
    config_destroy(&cfg);
    conf_text_fini(&ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
        TEST(only_a_file_that_is_not_there_does_not_exist),
        TEST(a_file_that_cannot_be_looked_at_exists),
        TEST(lines_are_named_as_where_they_are_from),
        TEST(a_file_may_begin_with_a_byte_order_mark_and_end_in_a_comment),
        TEST(an_absolute_path_is_included_from_there),
        TEST(what_is_no_include_is_not_included),
        TEST(an_include_that_cannot_be_opened_is_named),
        TEST(files_that_include_themselves_are_refused),
        TEST(a_comment_or_a_string_without_an_end_hides_nothing),
        TEST(a_nul_byte_hides_nothing),
        TEST(a_file_without_an_end_is_refused),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
