/* SPDX-License-Identifier: ISC */
/* From the arguments of chatd to its configuration: which file counts, and listeners that cannot be open together. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf_choose.h"
#include "net/stream_ws.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[UNIT_PATH], file[UNIT_PATH + 16];
static struct server_options options;
static struct conf conf;
static struct buf errors;

static int make_dir(void **state)
{
    (void)state;
    unit_mkdir(dir);
    snprintf(file, sizeof file, "%s/chatd.conf", dir);
    options = (struct server_options){.installed = file, .port = -1, .web_port = -1};
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unit_rmdir(dir);
    buf_fini(&errors);
    return 0;
}

static int choose(void)
{
    buf_clear(&errors);
    return conf_choose(&options, &conf, &errors);
}

static void write_conf(const char *text)
{
    unit_write_file(file, text, strlen(text));
}

static void check_refused(const char *words)
{
    assert_int_equal(choose(), -1);
    if (!strstr(buf_text(&errors), words))
        fail_msg("expected %s, got %s", words, buf_text(&errors));
}

static void without_a_file_the_defaults_are_used(void **state)
{
    (void)state;
    assert_null(conf_chosen_file(&options));
    assert_int_equal(choose(), 0);
    assert_int_equal(conf.listeners[0].port, 9999);
    write_conf("clients = { max = 7; };");
    assert_string_equal(conf_chosen_file(&options), file);
    assert_int_equal(choose(), 0);
    assert_int_equal(conf.clients_max, 7);
}

static void a_file_that_was_read_must_be_there_from_then_on(void **state)
{
    (void)state;
    assert_int_equal(choose(), 0);
    conf_keep_file(&options);
    write_conf("accounts = { registration = \"closed\"; };"); /* installed while chatd runs */
    assert_int_equal(choose(), 0);
    conf_keep_file(&options);
    assert_int_equal(unlink(file), 0); /* an editor, an upgrade */
    check_refused("chatd.conf: cannot be read: No such file or directory");
}

/* The listeners as rows of the file; `words`: of the mistake, NULL if there is none. */
static void check_listeners(const char *rows, const char *words)
{
    char text[1024];
    snprintf(text, sizeof text, "listeners = (\n%s\n);\n", rows);
    write_conf(text);
    if (words)
        check_refused(words);
    else if (choose() != 0)
        fail_msg("%s: %s", rows, buf_text(&errors));
}

static void two_listeners_cannot_have_one_port(void **state)
{
    (void)state;
    check_listeners("{ port = 1; },\n{ port = 1; }", "chatd.conf:3: listeners.port: port 1 of * is taken by the listener at ");
    check_listeners("{ port = 1; },\n{ port = 1; }", "chatd.conf:2\n");
    check_listeners("{ port = 1; },\n{ address = \"127.0.0.1\"; port = 1; }", ":3: listeners.port: port 1 of 127.0.0.1 ");
    check_listeners("{ address = \"::1\"; port = 1; },\n{ port = 1; }", ":3: ");
    check_listeners("{ address = \"::1\"; port = 1; },\n{ address = \"0:0::1\"; port = 1; }", ":3: ");
    check_listeners("{ address = \"::\"; port = 1; },\n{ address = \"::1\"; port = 1; }", ":3: ");
    check_listeners("{ address = \"0.0.0.0\"; port = 1; },\n{ address = \"127.0.0.1\"; port = 1; }", ":3: ");
}

static void listeners_that_differ_are_accepted(void **state)
{
    (void)state;
    check_listeners("{ port = 1; },\n{ port = 2; }", NULL);
    check_listeners("{ port = 0; },\n{ port = 0; }", NULL);
    check_listeners("{ address = \"127.0.0.1\"; port = 1; },\n{ address = \"127.0.0.2\"; port = 1; }", NULL);
    check_listeners("{ address = \"127.0.0.1\"; port = 1; },\n{ address = \"::1\"; port = 1; }", NULL);
    check_listeners("{ address = \"::\"; port = 1; },\n{ address = \"0.0.0.0\"; port = 1; }", NULL);
}

static void the_ports_of_the_arguments_count_too(void **state)
{
    (void)state;
    if (!stream_ws_available()) {
        print_message("this chatd has no page\n");
        return;
    }
    options.port = options.web_port = 80;
    check_refused("chatd: --http: port 80 of * is taken by the listener for nc (-p)\n");
    options.port = -1;
    check_listeners("{ port = 80; }", "chatd: --http: port 80 of * is taken by the listener at ");
    assert_int_equal(unlink(file), 0);
    options.web_port = 9999;
    check_refused("chatd: --http: port 9999 of * is taken by the listener for nc (-p)\n");
    options.web_port = -1;
    options.port = 9980; /* where the page would be that nobody asked for */
    assert_int_equal(choose(), 0);
    assert_int_equal(conf.listener_count, 1);
    options.port = -1;
    assert_int_equal(choose(), 0);
    assert_int_equal(conf.listener_count, 3); /* the page and IRC, on this machine */
    assert_int_equal(conf.optional_listeners, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
        TEST(without_a_file_the_defaults_are_used),
        TEST(a_file_that_was_read_must_be_there_from_then_on),
        TEST(two_listeners_cannot_have_one_port),
        TEST(listeners_that_differ_are_accepted),
        TEST(the_ports_of_the_arguments_count_too),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
