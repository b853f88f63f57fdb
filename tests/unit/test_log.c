/* SPDX-License-Identifier: ISC */
/*
 * The log, read back from standard error: one event is one line whatever a peer puts into it, levels are respected, and
 * lines that peers cause are rate-limited, with the number of suppressed lines logged.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/thread.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- standard error as a file ---- */

static int saved_fd = -1;
static FILE *file;

static void capture(void)
{
    fflush(stderr);
    file = tmpfile();
    assert_non_null(file);
    saved_fd = dup(STDERR_FILENO);
    assert_true(saved_fd >= 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
}

/* Ends the capture; the caller frees what was written. */
static char *captured(void)
{
    assert_true(dup2(saved_fd, STDERR_FILENO) >= 0);
    close(saved_fd);
    off_t size = lseek(fileno(file), 0, SEEK_END);
    char *text = malloc((size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(fileno(file), text, (size_t)size, 0), size);
    text[size] = '\0';
    fclose(file);
    return text;
}

#define WRITES(want, call)                                                                                             \
    do {                                                                                                               \
        capture();                                                                                                     \
        call;                                                                                                          \
        char *text_ = captured();                                                                                      \
        assert_string_equal(text_, want);                                                                              \
        free(text_);                                                                                                   \
    } while (0)

static int plain(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, false);
    return 0;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* ---- lines ---- */

static void a_line_is_level_event_and_fields(void **state)
{
    (void)state;
    WRITES("error disk_full path=/x left=0\n", log_error("disk_full", "path=%s left=%d", "/x", 0));
    WRITES("warn slow n=1\n", log_warn("slow", "n=%d", 1));
    WRITES("info started port=9999\n", log_info("started", "port=%d", 9999));
    WRITES("info stopped\n", log_info("stopped", "%s", ""));
}

static void a_line_may_start_with_the_time(void **state)
{
    (void)state;
    char when[CLOCK_TEXT];
    log_configure(LOG_INFO, true);
    capture();
    log_info("started", "%s", "");
    char *text = captured();
    assert_int_equal(strlen(text), strlen(clock_text(0, when)) + strlen(" info started\n"));
    assert_int_equal(text[4], '-');
    assert_int_equal(text[23], 'Z');
    assert_string_equal(text + 24, " info started\n");
    free(text);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_configure(LOG_WARN, false);
    assert_true(log_enabled(LOG_ERROR));
    assert_true(log_enabled(LOG_WARN));
    assert_false(log_enabled(LOG_INFO));
    assert_false(log_enabled(LOG_DEBUG));
    WRITES("error a\nwarn b\n", (log_error("a", "%s", ""), log_warn("b", "%s", ""), log_info("c", "%s", ""),
                                 log_peer(LOG_INFO, "d", "%s", ""), log_peer(LOG_DEBUG, "e", "%s", "")));
}

static void levels_are_parsed_by_name(void **state)
{
    (void)state;
    assert_int_equal(log_level_named("error"), LOG_ERROR);
    assert_int_equal(log_level_named("warn"), LOG_WARN);
    assert_int_equal(log_level_named("info"), LOG_INFO);
    assert_int_equal(log_level_named("debug"), LOG_DEBUG);
    assert_int_equal(log_level_named("INFO"), -1);
    assert_int_equal(log_level_named(""), -1);
}

static void no_value_can_forge_a_line(void **state)
{
    (void)state;
    WRITES("info left name=eve\\x0aerror forged\\x0d\\x1b[2J\\x7f end\n",
           log_info("left", "name=%s", "eve\nerror forged\r\x1b[2J\x7f end"));
}

static void a_long_line_is_cut_and_stays_one_line(void **state)
{
    (void)state;
    char much[5000];
    for (int control = 0; control < 2; control++) {
        memset(much, control ? '\x01' : 'm', sizeof much);
        much[sizeof much - 1] = '\0';
        capture();
        log_info("event", "text=%s", much);
        char *text = captured();
        assert_int_equal(count_lines(text), 1);
        assert_true(strlen(text) < 1300);
        assert_true(strlen(text) > 900);
        assert_int_equal(text[strlen(text) - 1], '\n');
        assert_ptr_equal(strstr(text, "info event text="), text);
        free(text);
    }
}

static void a_quoted_text_cannot_end_its_quotes(void **state)
{
    (void)state;
    char q[LOG_QUOTED];
    assert_string_equal(log_quote("plain", q), "\"plain\"");
    assert_string_equal(log_quote("", q), "\"\"");
    assert_string_equal(log_quote("a \"b\" \\c", q), "\"a \\\"b\\\" \\\\c\"");
}

static void a_quoted_text_is_cut_within_its_quotes(void **state)
{
    (void)state;
    static const char *const letters[] = {"a", "\"", "\\"};
    for (int l = 0; l < 3; l++)
        for (size_t n = 240; n < 270; n++) {
            char q[LOG_QUOTED], s[300] = "";
            memset(s, letters[l][0], n);
            log_quote(s, q);
            size_t len = strlen(q);
            assert_true(len < LOG_QUOTED);
            assert_int_equal(q[0], '"');
            assert_int_equal(q[len - 1], '"');
            if (l) { /* each inner quote is escaped, so the last one ends the text */
                assert_int_equal((len - 2) % 2, 0);
                for (size_t i = 1; i + 1 < len; i += 2)
                    assert_int_equal(q[i], '\\');
            }
        }
}

static void errors_are_logged_in_words(void **state)
{
    (void)state;
    assert_string_equal(log_error_text(ENOENT), "No such file or directory");
    assert_string_equal(log_error_text(EADDRINUSE), "Address already in use");
    assert_non_null(log_error_text(-5));
    assert_true(strlen(log_error_text(123456)) > 0);
}

/* ---- many threads ---- */

#define THREADS 4
#define EACH 200

static void write_many(void *arg)
{
    for (int i = 0; i < EACH; i++)
        log_info("event", "who=%s n=%d tail=%s", (char *)arg, i, "tail");
}

static void lines_of_many_threads_never_mix(void **state)
{
    (void)state;
    struct thread t[THREADS];
    static char names[THREADS][16];
    capture();
    for (int i = 0; i < THREADS; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        if (thread_start(&t[i], "logger", 64 * 1024, write_many, names[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++)
        thread_join(&t[i]);
    char *text = captured(), *rest = NULL;
    assert_int_equal(count_lines(text), THREADS * EACH);
    int next[THREADS] = {0};
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        int who, n;
        char tail[8] = "";
        assert_int_equal(sscanf(line, "info event who=t%d n=%d tail=%7s", &who, &n, tail), 3);
        assert_string_equal(tail, "tail");
        assert_int_in_range(who, 0, THREADS - 1);
        assert_int_equal(n, next[who]++);
    }
    free(text);
}

/* ---- lines that peers can cause ---- */

static void shout(void *arg)
{
    (void)arg;
    log_peer(LOG_INFO, "shout", "%s", "");
}

static bool limit_has_ended(void *arg)
{
    uint64_t before = counter_get(COUNTER_LOG_SUPPRESSED);
    shout(arg);
    return counter_get(COUNTER_LOG_SUPPRESSED) == before;
}

static void lines_that_peers_cause_are_limited_and_the_rest_counted(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    uint64_t dropped = counter_get(COUNTER_LOG_SUPPRESSED);
    capture();
    for (int i = 0; i < MANY; i++)
        shout(NULL);
    log_error("own", "%s", ""); /* the server's own lines are never suppressed */
    uint64_t suppressed = counter_get(COUNTER_LOG_SUPPRESSED) - dropped;
    bool let_go = unit_wait_for(limit_has_ended, NULL);
    uint64_t held_back_in_all = counter_get(COUNTER_LOG_SUPPRESSED) - dropped;
    char *text = captured();
    assert_true(let_go);
    assert_non_null(strstr(text, "error own\n"));
    size_t shouts = 0, told = 0, sum = 0;
    for (char *at = text; (at = strstr(at, "info shout\n")); at++)
        shouts++;
    for (char *at = text; (at = strstr(at, "warn log_suppressed lines=")); at++, told++)
        sum += strtoul(at + strlen("warn log_suppressed lines="), NULL, 10);
    assert_true(shouts >= 200);         /* the burst */
    assert_true(suppressed > MANY / 2);  /* no machine is so slow that 50 a second let all others pass */
    assert_true(told >= 1);
    assert_int_equal(sum, held_back_in_all);
    free(text);
}

static char from_one[LOG_FROM] = {1}, from_other[LOG_FROM] = {2};

static int count(const char *text, const char *line)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, line)); at++)
        n++;
    return n;
}

static void a_storm_hides_no_other_event_and_no_other_address(void **state)
{
    (void)state;
    capture();
    for (int i = 0; i < 2000; i++)
        log_peer_from(from_one, LOG_INFO, "stormy", "from=one");
    for (int i = 0; i < 20; i++) {
        log_peer_from(from_one, LOG_WARN, "attack", "from=one");
        log_peer_from(from_other, LOG_INFO, "stormy", "from=other");
    }
    for (int i = 0; i < 2000; i++)
        log_peer(LOG_INFO, "stormy", "%s", "");
    log_peer(LOG_WARN, "calm", "%s", "");
    char *text = captured();
    int storm = count(text, "info stormy from=one\n");
    assert_int_in_range(storm, 100, 1000);
    assert_int_equal(count(text, "warn attack from=one\n"), 20);
    assert_int_equal(count(text, "info stormy from=other\n"), 20);
    assert_int_equal(count(text, "warn calm\n"), 1);
    assert_non_null(strstr(text, " event=stormy\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, plain)
        TEST(a_line_is_level_event_and_fields),
        TEST(a_storm_hides_no_other_event_and_no_other_address),
        TEST(a_line_may_start_with_the_time),
        TEST(lines_below_the_level_are_not_written),
        TEST(levels_are_parsed_by_name),
        TEST(no_value_can_forge_a_line),
        TEST(a_long_line_is_cut_and_stays_one_line),
        TEST(a_quoted_text_cannot_end_its_quotes),
        TEST(a_quoted_text_is_cut_within_its_quotes),
        TEST(errors_are_logged_in_words),
        TEST(lines_of_many_threads_never_mix),
        TEST(lines_that_peers_cause_are_limited_and_the_rest_counted),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
