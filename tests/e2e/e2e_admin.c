/* SPDX-License-Identifier: ISC */
/* The console, used through chatctl as an operator does: answers, exit codes, and that it works while chat is stuck. */
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char out[131072];

#define OK(...) daemon_ctl_ok(&d, out, sizeof out, __VA_ARGS__, NULL)
#define REFUSED(code, ...) assert_int_equal(daemon_ctl(&d, out, sizeof out, __VA_ARGS__, NULL), code)

static void assert_has(const char *text)
{
    if (!strstr(out, text))
        fail_msg("expected \"%s\" in: %s", text, out);
}

static void the_operator_sees_users_rooms_and_state(void **state)
{
    struct client a, b;
    (void)state;
    OK("ping");
    assert_string_equal(out, "");
    OK("version");
    assert_has(PACKAGE_VERSION);
    client_enter(&a, &d, "alice", "general");
    client_open(&b, &d);
    client_expect_quiet(&b);
    client_ask(&a, "TOPIC Soup \"and\" bread", "OK Topic set");
    OK("clients");
    assert_has("id  name   address");
    assert_has("alice  127.0.0.1:");
    OK("--json", "clients");
    assert_has("{\"id\":1,\"name\":\"alice\",\"address\":\"127.0.0.1:");
    assert_has("\"rooms\":1,");
    assert_has("{\"id\":2,\"name\":\"\",");
    assert_has("{\"end\":\"done\"}");
    OK("rooms");
    assert_has("#general  1        no");
    assert_has("Soup \"and\" bread");
    OK("--json", "room", "show", "general");
    assert_has("\"users\":\"alice\"");
    assert_has("\"topic\":\"Soup \\\"and\\\" bread\"");
    OK("--json", "status");
    assert_has("\"store\":\"idle\"");
    OK("status");
    assert_has("\nstore ");
    assert_int_equal(daemon_status(&d, "clients"), 2);
    assert_int_equal(daemon_status(&d, "named"), 1);
    OK("help");
#define ADMIN(handler, verb, args, shape, syntax, help) assert_has(syntax);
#include "tbl/admin.h"
#undef ADMIN
    client_close(&a);
    client_close(&b);
}

static void exit_codes_tell_what_happened(void **state)
{
    char err[1024];
    (void)state;
    REFUSED(2, "nonsense");
    REFUSED(2, "room");
    assert_has("usage: chatctl room create NAME");
    REFUSED(2, "kick");
    REFUSED(2, "room", "show");
    REFUSED(2, "ping", "extra");
    REFUSED(1, "kick", "nobody");
    assert_has("unknown user or client id nobody");
    REFUSED(1, "room", "show", "nowhere");
    assert_has("unknown room nowhere (chatctl rooms lists all rooms)");
    REFUSED(1, "room", "create", "bad!name");
    REFUSED(1, "say", "nowhere", "hi");
    const char *none_given[] = {daemon_program("CHATCTL"), NULL};
    assert_int_equal(daemon_run(none_given, out, sizeof out, NULL, 0), 2);
    assert_has("usage: chatctl");
    const char *help[] = {daemon_program("CHATCTL"), "--help", NULL};
    assert_int_equal(daemon_run(help, out, sizeof out, err, sizeof err), 0);
    const char *nowhere[] = {daemon_program("CHATCTL"), "-s", "/nonexistent/admin.sock", "ping", NULL};
    assert_int_equal(daemon_run(nowhere, out, sizeof out, NULL, 0), 3);
    assert_has("/nonexistent/admin.sock");
    if (geteuid() != 0) {
        char path[256];
        snprintf(path, sizeof path, "%s/admin.sock", d.dir);
        assert_int_equal(chmod(path, 0), 0);
        REFUSED(5, "ping");
        assert_int_equal(chmod(path, 0660), 0);
    }
}

static void rooms_are_created_changed_and_deleted(void **state)
{
    struct client a;
    (void)state;
    client_enter(&a, &d, "alice", "used");
    OK("room", "create", "Lab");
    REFUSED(1, "room", "create", "#lab");
    OK("room", "topic", "lab", "Mind  the", "gap");
    OK("room", "topic", "used", "by the operator");
    client_expect(&a, "TOPIC #used by the operator");
    REFUSED(1, "room", "topic", "nowhere", "x");
    client_ask(&a, "JOIN lab", "OK Joined #Lab (0 users)");
    client_expect(&a, "TOPIC #Lab Mind  the gap");
    REFUSED(1, "room", "delete", "lab");
    assert_has("there are users in the room; kick them first");
    client_ask(&a, "LEAVE", "OK Left #Lab");
    OK("room", "delete", "lab");
    REFUSED(1, "room", "delete", "lab");
    OK("room", "create", "used"); /* a room that users created becomes permanent */
    daemon_kill(&d);
    daemon_start(&d);
    OK("--json", "rooms");
    assert_has("\"room\":\"#used\",\"members\":0,\"permanent\":true");
    assert_null(strstr(out, "#Lab"));
    client_close(&a);
}

static void the_operator_announces_to_a_room_or_to_everyone(void **state)
{
    struct client a, b;
    (void)state;
    client_enter(&a, &d, "alice", "one");
    client_login(&b, &d, "bob");
    OK("say", "one", "Soup is ready");
    client_expect(&a, "ROOM #one server Soup is ready");
    OK("say", "*", "Back at  noon");
    client_expect(&a, "NOTICE Back at  noon");
    client_expect(&b, "NOTICE Back at  noon");
    client_ask(&a, "LEAVE", "OK Left #one");
    REFUSED(1, "say", "one", "anybody?");
    REFUSED(1, "say", "*", "\t");
    REFUSED(2, "say", "*");
    client_close(&a);
    client_close(&b);
}

static void kick_answers_once_the_session_has_ended(void **state)
{
    struct client a, b, c;
    (void)state;
    client_enter(&a, &d, "alice", "one");
    client_enter(&b, &d, "bob", "one");
    client_expect(&a, "JOIN #one bob");
    OK("kick", "BOB", "be", "nice");
    OK("--json", "clients");
    assert_null(strstr(out, "bob"));
    client_expect(&b, "ERROR Kicked: be nice");
    client_expect_end(&b);
    client_close(&b);
    client_expect(&a, "LEAVE #one bob");
    client_login(&c, &d, "bob");
    client_ask(&a, "PING x", "PONG x");
    client_login(&b, &d, "3"); /* a name equal to another session's id protects nobody */
    OK("kick", "3");
    client_expect(&c, "ERROR Kicked: by the operator");
    client_expect_end(&c);
    client_expect_quiet(&b);
    OK("kick", "3");
    client_expect(&b, "ERROR Kicked: by the operator");
    client_expect_end(&b);
    assert_int_equal(daemon_status(&d, "closed_kick"), 3);
    client_close(&a);
    client_close(&b);
    client_close(&c);
}

/* Connects to the console socket. */
static int console(void)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    snprintf(sun.sun_path, sizeof sun.sun_path, "%.90s/admin.sock", d.dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof sun), 0);
    return fd;
}

static void ask_console(const char *request, size_t len)
{
    size_t n = 0;
    ssize_t got;
    int fd = console();
    assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
    while ((got = recv(fd, out + n, sizeof out - 1 - n, 0)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    close(fd);
}

static void the_wire_is_json_lines_for_any_program(void **state)
{
    char big[10000];
    (void)state;
    ask_console("ping\n", 5);
    assert_string_equal(out, "{\"end\":\"done\"}\n");
    ask_console("ping\r\n", 6);
    assert_string_equal(out, "{\"end\":\"done\"}\n");
    ask_console("no such\n", 8);
    assert_has("{\"end\":\"refused\",\"error\":\"unknown command");
    ask_console("\n", 1);
    assert_has("\"refused\"");
    ask_console("kick \"\x01\xff\n", 9);
    assert_string_equal(out, "{\"end\":\"refused\",\"error\":\"the request is not UTF-8\"}\n");
    memset(big, 'a', sizeof big);
    int fd = console();
    send(fd, big, sizeof big, MSG_NOSIGNAL);
    ssize_t n = recv(fd, out, sizeof out - 1, 0);
    out[n > 0 ? n : 0] = '\0';
    assert_has("\"error\":\"the request is too long\"");
    close(fd);
    OK("ping");
}

static void idle_connections_do_not_lock_the_operator_out(void **state)
{
    int fd[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        fd[i] = console();
    OK("ping"); /* within chatctl's 30 s: each idle one is closed after 5 s */
    for (int i = 0; i < 4; i++)
        close(fd[i]);
}

static void a_reload_applies_all_or_nothing_and_says_which(void **state)
{
    struct client a;
    (void)state;
    daemon_write_conf(&d, "limits = { topic_bytes = 10; };");
    daemon_start(&d);
    client_enter(&a, &d, "alice", "one");
    client_ask(&a, "TOPIC 12345678901", "ERROR Topic too long");
    daemon_write_conf(&d,
                      "limits = { topic_bytes = 20; };\nclients = { prespawn = 7; };\nlog = { level = \"debug\"; };\n");
    OK("reload");
    assert_has("limits.topic_bytes  changed");
    assert_has("log.level           changed");
    assert_has("clients.prespawn    needs a restart");
    client_ask(&a, "TOPIC 12345678901", "OK Topic set");
    OK("reload");
    assert_null(strstr(out, "limits.topic_bytes"));
    assert_has("clients.prespawn  needs a restart"); /* as before */
    daemon_write_conf(&d, "limits = { topic_bytes = 30; };\nclients = { maxx = 5; prespawn = 7; spare = \"few\"; };\n");
    REFUSED(1, "reload");
    assert_has("chatd.conf:2: clients.maxx: unknown key; did you mean clients.max?");
    assert_has("chatd.conf:2: clients.spare: must be an integer");
    client_ask(&a, "TOPIC 123456789012345678901", "ERROR Topic too long");
    daemon_write_conf(&d, "limits = { topic_bytes = 30; };\n");
    kill(d.pid, SIGHUP);
    daemon_await_log(&d, "reloaded");
    for (int64_t until = clock_ms() + DAEMON_WAIT_MS; clock_ms() < until;) { /* HUP takes effect a moment later */
        client_say(&a, "TOPIC 123456789012345678901");
        if (strcmp(client_line(&a), "OK Topic set") == 0)
            break;
    }
    assert_string_equal(a.line, "OK Topic set");
    client_close(&a);
}

static void a_reload_reports_changed_listeners_and_keeps_the_old(void **state)
{
    struct client a;
    (void)state;
    d.conf_listens = true;
    daemon_write_conf(&d, "listeners = ( { address = \"127.0.0.1\"; port = 0; } );");
    daemon_start(&d);
    OK("reload");
    assert_string_equal(out, "");
    static const char *const others[] = {"{ address = \"127.0.0.1\"; port = 1; }", "{ port = 0; }",
                                         "{ address = \"127.0.0.1\"; port = 0; }, { port = 0; }"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "listeners = ( %s );", others[i]);
        daemon_write_conf(&d, text);
        OK("reload");
        assert_has("listeners  needs a restart");
    }
    daemon_write_conf(&d, "listeners = ( { port = 0; protocol = \"gopher\"; } );");
    REFUSED(1, "reload");
    assert_has("chatd.conf:1: listeners.protocol: must be one of http|irc|native (got \"gopher\")");
    client_open(&a, &d);
    client_ask(&a, "PING still", "PONG still");
    client_close(&a);
}

static void stop_says_goodbye_and_exits_with_0(void **state)
{
    struct client a, b;
    (void)state;
    daemon_start(&d);
    client_enter(&a, &d, "alice", "one");
    client_open(&b, &d);
    client_expect_quiet(&b);
    pid_t pid = d.pid;
    OK("stop");
    daemon_ctl(&d, out, sizeof out, "stop", NULL); /* a second stop does not count as a second signal */
    client_expect(&a, "ERROR Server stopping");
    client_expect_end(&a);
    client_expect(&b, "ERROR Server stopping");
    client_expect_end(&b);
    d.pid = 0;
    assert_int_equal(daemon_wait(pid), 0);
    REFUSED(3, "ping");
    client_close(&a);
    client_close(&b);
}

/* ---- every wait ends ---- */

/* Puts one client into each kind of wait: a blocking read, the flood limit, its own full outbox, another's. */
static void enter_every_wait(struct client *idle, struct client *flooder, struct client *deaf, struct client *pressed)
{
    char text[2001];
    memset(text, 'x', 2000);
    text[2000] = '\0';
    client_enter(idle, &d, "idle", "waits");
    client_enter(flooder, &d, "flooder", "other");
    for (int i = 0; i < 1200; i++)
        client_send(flooder, "\n", 1);
    daemon_await_least(&d, "flood_waits", 1);
    client_open_small(deaf, &d);
    client_say(deaf, "USERNAME deaf\nJOIN loud");
    client_skip_to(deaf, "OK Joined #loud (0 users)");
    client_enter(pressed, &d, "pressed", "loud");
    long before = daemon_status(&d, "pressure_waits");
    /* A speaker waits for a member of the room that does not read; patience is unlimited here. */
    for (int i = 0; i < 200 && daemon_status(&d, "pressure_waits") == before; i++)
        client_say(pressed, "%s", text);
    assert_true(daemon_status(&d, "pressure_waits") > before);
}

#define WAITS_CONF                                                                                     \
    "flood = { rate_per_s = 1; burst_tokens = 1000; close_after_s = 3600; exempt_loopback = false; };" \
    "outbox = { bytes = 131072; patience_ms = 60000; age_s = 3600; }; sockets = { send_buffer_bytes = 4096; };"

static void every_wait_ends_on_kick(void **state)
{
    struct client idle, flooder, deaf, pressed;
    (void)state;
    daemon_write_conf(&d, WAITS_CONF);
    daemon_start(&d);
    enter_every_wait(&idle, &flooder, &deaf, &pressed);
    OK("kick", "pressed");
    OK("kick", "flooder");
    OK("kick", "deaf");
    OK("kick", "idle");
    assert_int_equal(daemon_status(&d, "clients"), 0);
    client_close(&idle);
    client_close(&flooder);
    client_close(&deaf);
    client_close(&pressed);
}

static void every_wait_ends_on_stop(void **state)
{
    struct client idle, flooder, deaf, pressed;
    (void)state;
    daemon_write_conf(&d, WAITS_CONF);
    daemon_start(&d);
    enter_every_wait(&idle, &flooder, &deaf, &pressed);
    daemon_stop(&d);
    client_close(&idle);
    client_close(&flooder);
    client_close(&deaf);
    client_close(&pressed);
}

static void a_wait_for_the_store_ends_on_kick_and_on_stop(void **state)
{
    struct client a, b;
    (void)state;
    daemon_start(&d);
    client_enter(&a, &d, "alice", "one");
    client_enter(&b, &d, "bob", "one");
    daemon_await(&d, "store_queued", 0);
    struct sqlite3 *db = daemon_lock_database(&d);
    client_say(&a, "TOPIC never to be");
    OK("kick", "alice");
    client_say(&b, "TOPIC nor this");
    daemon_stop(&d);
    daemon_unlock_database(db);
    daemon_start(&d);
    OK("--json", "rooms");
    assert_has("\"topic\":\"\"");
    client_close(&a);
    client_close(&b);
}

int main(void)
{
    alarm(900);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_operator_sees_users_rooms_and_state, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(exit_codes_tell_what_happened, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(rooms_are_created_changed_and_deleted, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(the_operator_announces_to_a_room_or_to_everyone, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(kick_answers_once_the_session_has_ended, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(the_wire_is_json_lines_for_any_program, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(idle_connections_do_not_lock_the_operator_out, fixture_up, fixture_down),
        cmocka_unit_test_setup_teardown(a_reload_applies_all_or_nothing_and_says_which, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_reload_reports_changed_listeners_and_keeps_the_old, fixture_dir,
                                        fixture_down),
        cmocka_unit_test_setup_teardown(stop_says_goodbye_and_exits_with_0, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(every_wait_ends_on_kick, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(every_wait_ends_on_stop, fixture_dir, fixture_down),
        cmocka_unit_test_setup_teardown(a_wait_for_the_store_ends_on_kick_and_on_stop, fixture_dir, fixture_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
