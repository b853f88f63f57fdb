/* SPDX-License-Identifier: ISC */
/* chatd as a program: options, refusals, start, stop, and trouble with the machine. */
#include "config.h"

#include "base/clock.h"
#include "tests/lib/fixture.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char out[65536], err[65536];

static void assert_in(const char *text, const char *in)
{
    if (!strstr(in, text))
        fail_msg("expected \"%s\" in: %s", text, in);
}

/* Runs chatd with these arguments until it exits. */
#define CHATD(...) daemon_run((const char *const[]){daemon_program("CHATD"), __VA_ARGS__, NULL}, out, sizeof out, err, \
                              sizeof err)

static void options_are_answered_and_usage_errors_exit_with_2(void **state)
{
    (void)state;
    assert_int_equal(CHATD("-V"), 0);
    assert_string_equal(out, "chatd " PACKAGE_VERSION "\n");
    assert_int_equal(CHATD("-h"), 0);
    assert_in("usage: chatd", out);
    assert_int_equal(CHATD("-x"), 2);
    assert_int_equal(CHATD("-p", "70000"), 2);
    assert_in("must be a port number", err);
    assert_int_equal(CHATD("-p", "12x"), 2);
    assert_int_equal(CHATD("stray"), 2);
    assert_in("chatd: unexpected argument stray\n", err);
}

static void a_check_reports_every_mistake_with_its_line(void **state)
{
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/chatd.conf", d.dir);
    daemon_write_conf(&d, "\xef\xbb\xbfrooms = { max = 5; };\n# no newline behind this");
    assert_int_equal(CHATD("-t", "-c", path), 0);
    assert_in("chatd.conf: configuration OK\n", out);
    if (access(CHATD_SYSCONFDIR "/chatd.conf", F_OK) != 0) {
        assert_int_equal(CHATD("-t"), 0);
        assert_string_equal(out, CHATD_SYSCONFDIR "/chatd.conf not found, using defaults\n");
    }
    daemon_write_conf(&d, "rooms = {\n  max = 0;\n  topics = 1;\n};\nlog = { level = \"loud\"; };\nlistners = ();\n");
    assert_int_equal(CHATD("-t", "-c", path), 1);
    assert_in("chatd.conf:2: rooms.max: must be 1..1000000 (got 0)", err);
    assert_in("chatd.conf:3: rooms.topics: unknown key", err);
    assert_in("chatd.conf:5: log.level: must be one of error|warn|info|debug (got \"loud\")", err);
    daemon_write_conf(
        &d, "rooms = { max = 4294967298; }; # 4294967299\nlisteners = ( { port = 1; address = \"here\"; } );");
    assert_int_equal(CHATD("-t", "-c", path), 1);
    assert_in("chatd.conf:1: the number 4294967298 is too large", err);
    assert_null(strstr(err, "4294967299"));
    assert_in("chatd.conf:2: listeners.address: must be \"*\" or a numeric address", err);
    daemon_write_conf(&d, "listners = ();\n");
    assert_int_equal(CHATD("-t", "-c", path), 1);
    assert_in("chatd.conf:1: listners: unknown key; did you mean listeners?", err);
    daemon_write_conf(&d, "rooms = {\n  max = ;\n");
    assert_int_equal(CHATD("-t", "-c", path), 1);
    assert_in("chatd.conf:2: ", err);
    assert_int_equal(CHATD("-t", "-c", "/nonexistent.conf"), 1);
    assert_in("/nonexistent.conf: cannot be read", err);
    assert_int_equal(CHATD("-d", d.dir, "-c", path), 1);
    assert_in("chatd.conf:2: ", err);
}

static void chatd_listens_where_the_configuration_says(void **state)
{
    struct client c;
    (void)state;
    d.conf_listens = true;
    daemon_write_conf(&d, "listeners = ( { address = \"127.0.0.1\"; port = 0; } );");
    daemon_start(&d);
    client_open(&c, &d);
    client_ask(&c, "PING there", "PONG there");
    client_close(&c);
    daemon_stop(&d);
    daemon_write_conf(&d,
                      "listeners = ( { port = 0; protocol = \"native\"; }, { port = 0; address = \"127.0.0.1\"; } );");
    daemon_start(&d);
    client_open(&c, &d);
    client_ask(&c, "PING there", "PONG there");
    client_close(&c);
}

static void the_sample_configuration_starts(void **state)
{
    char text[32768], *port;
    (void)state;
    snprintf(out, sizeof out, "%s/etc/chatd.conf", getenv("SRCDIR"));
    FILE *f = fopen(out, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    port = strstr(text, "9999;"); /* a test cannot use a fixed port */
    assert_non_null(port);
    memcpy(port, "0   ;", 5);
    d.conf_listens = true;
    daemon_write_conf(&d, text);
    daemon_start(&d);
    daemon_ctl_ok(&d, out, sizeof out, "reload", NULL);
}

static void a_port_or_a_directory_in_use_is_one_clear_line(void **state)
{
    char port[16], other[160];
    (void)state;
    daemon_start(&d);
    snprintf(port, sizeof port, "%d", d.port);
    snprintf(other, sizeof other, "%s.other", d.dir);
    assert_int_equal(CHATD("-p", port, "-d", other), 1);
    assert_in("the port is in use", err);
    assert_in("chatd -p PORT", err);
    assert_int_equal(CHATD("-p", "0", "-d", d.dir), 1);
    assert_in("is in use by another chatd", err);
    snprintf(other, sizeof other, "(process %ld)", (long)d.pid);
    assert_in(other, err);
    struct client c;
    client_open(&c, &d); /* the running one is unharmed */
    client_expect_quiet(&c);
    client_close(&c);
}

static void of_two_simultaneous_starts_one_succeeds(void **state)
{
    char conf[256];
    (void)state;
    daemon_write_conf(&d, "");
    snprintf(conf, sizeof conf, "%s/chatd.conf", d.dir);
    for (int round = 0; round < 20; round++) {
        struct daemon two[2] = {d, d};
        char log[256];
        snprintf(log, sizeof log, "%s/log", d.dir);
        unlink(log);
        pid_t pid[2];
        for (int i = 0; i < 2; i++) {
            pid[i] = fork();
            if (pid[i] == 0) {
                if (!freopen(log, "a", stderr) || !freopen("/dev/null", "w", stdout))
                    _exit(99);
                execl(daemon_program("CHATD"), "chatd", "-p", "0", "-d", d.dir, "-c", conf, NULL);
                _exit(99);
            }
        }
        int ended = -1, status = 0;
        for (int64_t until = clock_ms() + DAEMON_WAIT_MS; ended < 0 && clock_ms() < until; poll(NULL, 0, 2))
            for (int i = 0; i < 2; i++)
                if (waitpid(pid[i], &status, WNOHANG) == pid[i])
                    ended = i;
        assert_int_in_range(ended, 0, 1);
        assert_int_equal(WEXITSTATUS(status), 1);
        two[0].pid = pid[!ended];
        daemon_await_log(&d, "console_open");
        daemon_ctl_ok(&two[0], out, sizeof out, "ping", NULL);
        daemon_stop(&two[0]);
    }
}

static void a_leftover_socket_is_replaced_and_no_other_file(void **state)
{
    char path[256];
    struct stat sb;
    (void)state;
    snprintf(path, sizeof path, "%s/admin.sock", d.dir);
    daemon_start(&d);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0660);
    daemon_kill(&d);
    assert_int_equal(stat(path, &sb), 0);
    daemon_start(&d);
    daemon_ctl_ok(&d, out, sizeof out, "ping", NULL);
    daemon_stop(&d);
    assert_int_not_equal(stat(path, &sb), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(CHATD("-p", "0", "-d", d.dir), 1);
    assert_in("the file exists and is not a socket", err);
    rmdir(path);
    assert_int_equal(stat(d.dir, &sb), 0);
    snprintf(path, sizeof path, "%s/chatd.db", d.dir);
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
}

static void a_second_term_exits_at_once(void **state)
{
    struct client c;
    char text[3001];
    (void)state;
    daemon_write_conf(&d, "sockets = { send_buffer_bytes = 4096; }; outbox = { patience_ms = 0; };");
    daemon_start(&d);
    client_open_small(&c, &d);
    client_say(&c, "USERNAME deaf\nJOIN x");
    memset(text, 'x', 3000);
    text[3000] = '\0';
    for (int i = 0; i < 20; i++)
        client_say(&c, "%s", text);
    daemon_await_least(&d, "queued_bytes", 8000); /* so the drain has something to wait for */
    kill(d.pid, SIGTERM);
    daemon_await_log(&d, "stopping");
    int code = 0;
    for (int64_t until = clock_ms() + DAEMON_WAIT_MS; clock_ms() < until && kill(d.pid, SIGTERM) == 0;)
        if (waitpid(d.pid, &code, WNOHANG) == d.pid)
            break;
    d.pid = 0;
    assert_true(WIFSIGNALED(code));
    assert_int_equal(WTERMSIG(code), SIGTERM);
    client_close(&c);
}

static void term_under_load_exits_with_0(void **state)
{
    enum { MANY = 40 };
    static struct client c[MANY];
    (void)state;
    for (int round = 0; round < 5; round++) {
        daemon_start(&d);
        for (int i = 0; i < MANY; i++) {
            client_open(&c[i], &d);
            client_say(&c[i], "USERNAME u%d\nJOIN r%d", i, i % 3);
        }
        for (int k = 0; k < 10 + round * 20; k++)
            for (int i = 0; i < MANY; i++)
                client_say(&c[i], "line %d", k);
        daemon_stop(&d);
        for (int i = 0; i < MANY; i++)
            client_close(&c[i]);
    }
}

static void chat_goes_on_while_the_store_fails_and_recovers(void **state)
{
    struct client a;
    (void)state;
    daemon_start(&d);
    client_enter(&a, &d, "alice", "one");
    daemon_await(&d, "store_queued", 0);
    struct sqlite3 *db = daemon_lock_database(&d);
    client_ask(&a, "TOPIC lost", "ERROR Storage unavailable");
    client_ask(&a, "TOPIC lost too", "ERROR Storage unavailable");
    client_ask(&a, "TOPIC", "TOPIC #one");
    client_ask(&a, "still talking", "ROOM #one alice still talking");
    client_ask(&a, "JOIN new", "OK Joined #new (0 users)");
    daemon_ctl_ok(&d, out, sizeof out, "status", NULL);
    assert_in("bad", out);
    assert_int_equal(daemon_ctl(&d, out, sizeof out, "room", "create", "kept", NULL), 1);
    assert_in("storage unavailable", out);
    daemon_ctl_ok(&d, out, sizeof out, "--json", "rooms", NULL);
    assert_null(strstr(out, "#kept"));
    assert_true(daemon_log_has(&d, "store_failed"));
    daemon_unlock_database(db);
    daemon_await_log(&d, "store_recovered");
    client_ask(&a, "TOPIC found", "OK Topic set");
    daemon_kill(&d);
    client_close(&a);
    daemon_start(&d);
    client_login(&a, &d, "alice");
    client_ask(&a, "ROOMS ALL", "ROOMLIST #new #one");
    client_ask(&a, "JOIN new", "OK Joined #new (0 users)");
    client_expect(&a, "TOPIC #new found");
    client_close(&a);
}

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
}

static void a_foreign_database_is_refused_and_left_alone(void **state)
{
    char path[256], junk[5000], back[5000];
    (void)state;
    snprintf(path, sizeof path, "%s/chatd.db", d.dir);
    memset(junk, 'j', sizeof junk);
    write_file(path, junk, sizeof junk);
    assert_int_equal(CHATD("-p", "0", "-d", d.dir), 1);
    assert_in("file is not a database", err);
    FILE *f = fopen(path, "r");
    assert_int_equal(fread(back, 1, sizeof back, f), sizeof back);
    fclose(f);
    assert_memory_equal(back, junk, sizeof junk);
    unlink(path);
    daemon_sql(&d, "CREATE TABLE diary (entry TEXT)");
    assert_int_equal(CHATD("-p", "0", "-d", d.dir), 1);
    assert_in("another program", err);
    unlink(path);
    daemon_sql(&d, "PRAGMA application_id = 0x63686174; PRAGMA user_version = 999");
    assert_int_equal(CHATD("-p", "0", "-d", d.dir), 1);
    assert_in("schema 999", err);
}

static void without_free_descriptors_it_waits_idle_and_recovers(void **state)
{
    enum { MANY = 60 };
    static struct client c[MANY];
    struct rlimit old, low = {96, 96};
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0); /* chatd inherits it and raises the soft limit */
    daemon_start(&d);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit tight = {(rlim_t)daemon_descriptors(&d) + 20, old.rlim_max};
    assert_int_equal(prlimit(d.pid, RLIMIT_NOFILE, &tight, NULL), 0);
    for (int i = 0; i < MANY; i++) {
        client_open(&c[i], &d); /* the kernel connects them; chatd cannot take them all */
        client_say(&c[i], "PING %d", i);
    }
    for (int i = 0; i < 15; i++)
        client_expect(&c[i], "PONG %d", i);
    daemon_await_log(&d, "accept_paused");
    for (int i = 0; i < 15; i++)
        client_close(&c[i]);
    for (int i = 15; i < 30; i++) /* the waiting ones are served */
        client_expect(&c[i], "PONG %d", i);
    assert_int_equal(prlimit(d.pid, RLIMIT_NOFILE, &old, NULL), 0);
    for (int i = 30; i < MANY; i++)
        client_expect(&c[i], "PONG %d", i);
    assert_true(daemon_status(&d, "accept_paused") < 100);
    for (int i = 15; i < MANY; i++)
        client_close(&c[i]);
}

static void a_machine_too_small_is_reported_with_what_to_set(void **state)
{
    struct rlimit old, low = {300, 300};
    char path[256];
    pid_t pid;
    int status = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/chatd.conf", d.dir);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    /* An explicit number is refused. The limit is set in a child, because a hard one cannot be raised again. */
    daemon_write_conf(&d, "clients = { max = 1000; prespawn = 128; spare = 32; };");
    pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_NOFILE, &low);
        _exit(CHATD("-p", "0", "-d", d.dir, "-c", path) == 1 &&
                      strstr(err, "clients.max = 1000 needs 1224 descriptors, but the limit is 300: raise LimitNOFILE")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    /* The default is lowered with a message. */
    daemon_write_conf(&d, "clients = { prespawn = 128; spare = 32; };");
    pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_NOFILE, &low);
        daemon_start(&d);
        bool told = daemon_log_has(&d, "warn clients_max_lowered clients_max=76 ");
        daemon_stop(&d);
        _exit(told ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Otherwise the log would be written into whatever chatd opens next: the lock file, or the database. */
static void closed_descriptors_at_the_start_do_no_harm(void **state)
{
    char command[1024], path[256], text[256] = "", *end;
    (void)state;
    snprintf(command, sizeof command, "exec <&- >&- 2>&-; '%s' -p 0 -d '%s' &", daemon_program("CHATD"), d.dir);
    const char *start[] = {"/bin/sh", "-c", command, NULL};
    assert_int_equal(daemon_run(start, out, sizeof out, NULL, 0), 0);
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    while (daemon_ctl(&d, out, sizeof out, "ping", NULL) != 0 && clock_ms() < until)
        ;
    snprintf(path, sizeof path, "%s/chatd.lock", d.dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    daemon_ctl_ok(&d, out, sizeof out, "stop", NULL);
    assert_true(n > 0 && strtol(text, &end, 10) > 0);
    assert_string_equal(end, "\n");
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_are_answered_and_usage_errors_exit_with_2, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_check_reports_every_mistake_with_its_line, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(chatd_listens_where_the_configuration_says, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(the_sample_configuration_starts, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_port_or_a_directory_in_use_is_one_clear_line, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(of_two_simultaneous_starts_one_succeeds, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_leftover_socket_is_replaced_and_no_other_file, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_second_term_exits_at_once, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(closed_descriptors_at_the_start_do_no_harm, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(term_under_load_exits_with_0, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(chat_goes_on_while_the_store_fails_and_recovers, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_foreign_database_is_refused_and_left_alone, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_machine_too_small_is_reported_with_what_to_set, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(without_free_descriptors_it_waits_idle_and_recovers, fixture_dir, fixture_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
