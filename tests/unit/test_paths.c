/* SPDX-License-Identifier: ISC */
/*
 * Where the state directory and the console socket are: the order of the candidates, which of them are valid, and what
 * is refused. Tests that reach the installed directories run in a child without privileges, because root would create
 * them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/paths.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[UNIT_PATH];
static const struct paths_given nothing = {NULL, "", ""};

static const char *const variables[] = {"STATE_DIRECTORY", "RUNTIME_DIRECTORY", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
                                        "HOME"};
static char *saved[5];

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        const char *v = getenv(variables[i]);
        saved[i] = v ? strdup(v) : NULL;
        unsetenv(variables[i]);
    }
    unit_mkdir(dir);
    return chmod(dir, 0755);
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        if (saved[i])
            setenv(variables[i], saved[i], 1);
        else
            unsetenv(variables[i]);
        free(saved[i]);
    }
    unit_rmdir(dir);
    return 0;
}

/* ---- where chatctl looks ---- */

/* The places, one on each line, except the one under /tmp, which depends on what others created there. */
static void check_places(const struct paths_given *given, const char *want)
{
    char out[PATHS_CANDIDATES][PATHS_SIZE];
    struct buf got = {0};
    size_t n = paths_sockets(given, out);
    for (size_t i = 0; i < n; i++)
        if (strncmp(out[i], "/tmp/chatd-", 11) != 0 || strncmp(out[i], dir, strlen(dir)) == 0)
            buf_printf(&got, "%s\n", out[i]);
    assert_string_equal(buf_text(&got), want);
    buf_fini(&got);
}

#define INSTALLED_RUN CHATD_RUNSTATEDIR "/chatd/admin.sock\n"
#define INSTALLED_STATE CHATD_LOCALSTATEDIR "/lib/chatd/admin.sock\n"

static void all_places_are_listed_in_order(void **state)
{
    (void)state;
    struct paths_given conf = {NULL, "/conf/state", ""};
    setenv("RUNTIME_DIRECTORY", "/run/one:/run/two", 1);
    setenv("STATE_DIRECTORY", "/state/one:/state/two", 1);
    setenv("XDG_RUNTIME_DIR", "/xdg/run", 1);
    setenv("XDG_STATE_HOME", "/xdg/state", 1);
    setenv("HOME", "/home/me", 1);
    check_places(&nothing, "/run/one/admin.sock\n" INSTALLED_RUN "/xdg/run/chatd/admin.sock\n"
                           "/state/one/admin.sock\n" INSTALLED_STATE
                           "/xdg/state/chatd/admin.sock\n/home/me/.local/state/chatd/admin.sock\n");
    check_places(&conf, "/run/one/admin.sock\n" INSTALLED_RUN "/xdg/run/chatd/admin.sock\n/conf/state/admin.sock\n"
                        "/state/one/admin.sock\n" INSTALLED_STATE
                        "/xdg/state/chatd/admin.sock\n/home/me/.local/state/chatd/admin.sock\n");
}

static void a_named_place_is_the_only_one(void **state)
{
    (void)state;
    struct paths_given conf = {NULL, "/conf/state", "/conf/my.sock"}, both = {"/given", "/conf/state", "/conf/my.sock"};
    setenv("RUNTIME_DIRECTORY", "/run/one", 1);
    check_places(&conf, "/conf/my.sock\n");
    check_places(&both, "/given/admin.sock\n");
}

static void without_any_variable_the_installed_places_are_used(void **state)
{
    (void)state;
    check_places(&nothing, INSTALLED_RUN INSTALLED_STATE);
}

static void relative_xdg_paths_and_homes_are_ignored(void **state)
{
    (void)state;
    setenv("XDG_RUNTIME_DIR", "run", 1);
    setenv("XDG_STATE_HOME", "./state", 1);
    setenv("HOME", "", 1);
    check_places(&nothing, INSTALLED_RUN INSTALLED_STATE);
}

static void an_overlong_place_is_skipped_and_harms_no_other(void **state)
{
    (void)state;
    char much[PATHS_SIZE * 2];
    memset(much, 'x', sizeof much);
    much[0] = '/';
    much[sizeof much - 1] = '\0';
    setenv("XDG_RUNTIME_DIR", much, 1);
    setenv("XDG_STATE_HOME", much, 1);
    setenv("HOME", "/home/me", 1);
    check_places(&nothing, INSTALLED_RUN INSTALLED_STATE "/home/me/.local/state/chatd/admin.sock\n");
}

static void a_place_under_tmp_counts_only_if_it_is_ours(void **state)
{
    (void)state;
    char tmp[64], out[PATHS_CANDIDATES][PATHS_SIZE];
    struct stat sb;
    snprintf(tmp, sizeof tmp, "/tmp/chatd-%ld", (long)getuid());
    bool ours = lstat(tmp, &sb) == 0 && S_ISDIR(sb.st_mode) && sb.st_uid == getuid();
    bool is_listed = false;
    size_t n = paths_sockets(&nothing, out);
    for (size_t i = 0; i < n; i++)
        is_listed |= strncmp(out[i], tmp, strlen(tmp)) == 0;
    assert_int_equal(is_listed, ours);
}

static bool is_listening(const char *path)
{
    static char out[64][PATHS_SIZE];
    size_t n = paths_listening(out, 64), i = 0;
    while (i < n && strcmp(out[i], path) != 0)
        i++;
    return i < n;
}

static void sockets_of_that_name_are_found_while_somebody_listens(void **state)
{
    (void)state;
    struct sockaddr_un sun = {.sun_family = AF_UNIX}, other = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd2 = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(sun.sun_path, sizeof sun.sun_path, "%.80s/admin.sock", dir);
    snprintf(other.sun_path, sizeof other.sun_path, "%.80s/not-admin.sock", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
    assert_int_equal(bind(fd2, (struct sockaddr *)&other, sizeof other), 0);
    assert_false(is_listening(sun.sun_path));
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(listen(fd2, 1), 0);
    assert_true(is_listening(sun.sun_path));
    assert_false(is_listening(other.sun_path));
    close(fd);
    close(fd2);
    assert_false(is_listening(sun.sun_path));
}

/* ---- what chatd uses ---- */

struct choice {
    struct paths_given given;
    const char *state;   /* for paths_socket; NULL: choose the state */
    const char *want;    /* the path, or the text of the error */
    bool fails;
    bool as_user;        /* root would create the installed directories */
};

/* Returns 42 if the choice is as expected. */
static int choose(void *arg)
{
    const struct choice *c = arg;
    char out[PATHS_SIZE] = "", error[PATHS_ERROR] = "";
    errno = 0;
    int result = c->state ? paths_socket(&c->given, c->state, out, error) : paths_state(&c->given, out, error);
    if (result != (c->fails ? -1 : 0)) {
        fprintf(stderr, "result %d, %s%s\n", result, out, error);
        return 1;
    }
    const char *got = c->fails ? error : out;
    if (c->fails ? !strstr(got, c->want) : strcmp(got, c->want) != 0) {
        fprintf(stderr, "got %s, wanted %s\n", got, c->want);
        return 2;
    }
    return 42;
}

static void check_choice(struct choice c)
{
    assert_int_equal(c.as_user ? unit_unprivileged(dir, choose, &c) : choose(&c), 42);
}

static char path[UNIT_PATH * 2];

static const char *below(const char *name)
{
    snprintf(path, sizeof path, "%s%s", dir, name);
    return path;
}

static mode_t mode_of(const char *p)
{
    struct stat sb;
    assert_int_equal(stat(p, &sb), 0);
    return sb.st_mode & 07777;
}

static void a_named_state_directory_is_created_with_its_parents(void **state)
{
    (void)state;
    const char *deep = below("/a/b/c");
    mode_t old = umask(0077); /* that of chatd */
    check_choice((struct choice){.given = {deep, "/conf", ""}, .want = deep});
    umask(old);
    assert_int_equal(mode_of(deep), 0750);
    assert_int_equal(mode_of(below("/a/b")), 0755); /* so that the group of the console gets there */
    assert_int_equal(mode_of(below("/a")), 0755);
    deep = below("/a/b/c");
    check_choice((struct choice){.given = {deep, "", ""}, .want = deep}); /* and is accepted again */
}

static void the_configuration_comes_before_the_environment(void **state)
{
    (void)state;
    char conf[UNIT_PATH * 2];
    snprintf(conf, sizeof conf, "%s", below("/conf"));
    setenv("STATE_DIRECTORY", below("/env"), 1);
    check_choice((struct choice){.given = {NULL, conf, ""}, .want = conf});
    check_choice((struct choice){.given = nothing, .want = below("/env")});
}

static void the_first_writable_place_is_used(void **state)
{
    (void)state;
    /* the installed one may exist and be writable: then it comes first, as documented */
    const char *installed = CHATD_LOCALSTATEDIR "/lib/chatd";
    setenv("STATE_DIRECTORY", "/proc/nowhere", 1);
    setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
    setenv("HOME", below(""), 1);
    char want[UNIT_PATH * 3];
    snprintf(want, sizeof want, "%s/.local/state/chatd", dir);
    bool is_installed = access(installed, R_OK | W_OK | X_OK) == 0 && geteuid();
    struct choice c = {.given = nothing, .want = is_installed ? installed : want, .as_user = true};
    check_choice(c);
}

static void an_impossible_state_directory_is_reported(void **state)
{
    (void)state;
    char much[PATHS_SIZE];
    check_choice(
        (struct choice){.given = {"/proc/nowhere", "", ""}, .want = "/proc/nowhere cannot be used", .fails = true});
    const char *file = below("/file");
    unit_write_file(file, "x", 1);
    check_choice((struct choice){.given = {file, "", ""}, .want = "cannot be used", .fails = true});
    check_choice((struct choice){.given = {below("/file/below"), "", ""}, .want = "Not a directory", .fails = true});
    memset(much, 'x', sizeof much);
    much[0] = '/';
    much[PATHS_SIZE - 1] = '\0';
    check_choice((struct choice){.given = {much, "", ""}, .want = "too long", .fails = true});
}

static void a_directory_that_is_not_writable_is_refused(void **state)
{
    (void)state;
    const char *closed = below("/closed");
    assert_int_equal(mkdir(closed, 0555), 0);
    check_choice((struct choice){.given = {closed, "", ""}, .want = "cannot be used", .fails = true, .as_user = true});
}

static void the_console_socket_follows_a_named_state_directory(void **state)
{
    (void)state;
    char want[UNIT_PATH * 3];
    setenv("RUNTIME_DIRECTORY", below("/run"), 1);
    snprintf(want, sizeof want, "%s/admin.sock", dir);
    check_choice((struct choice){.given = {dir, "", "/conf/x.sock"}, .state = dir, .want = want});
}

static void the_console_socket_is_where_the_configuration_says(void **state)
{
    (void)state;
    char socket_path[UNIT_PATH * 2];
    setenv("RUNTIME_DIRECTORY", below("/run"), 1);
    snprintf(socket_path, sizeof socket_path, "%s", below("/made/for/it.sock"));
    check_choice((struct choice){.given = {NULL, "", socket_path}, .state = "/state", .want = socket_path});
    assert_int_equal(mode_of(below("/made/for")), 0750);
}

static void a_relative_socket_path_is_made_absolute(void **state)
{
    (void)state;
    char want[UNIT_PATH * 2], before[PATHS_SIZE];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir), 0);
    snprintf(want, sizeof want, "%s", below("/run/it.sock"));
    check_choice((struct choice){.given = {NULL, "", "run/it.sock"}, .state = "/state", .want = want});
    snprintf(want, sizeof want, "%s", below("/it.sock"));
    check_choice((struct choice){.given = {NULL, "", "it.sock"}, .state = "/state", .want = want});
    assert_int_equal(chdir(before), 0);
}

static void the_console_socket_is_in_the_runtime_or_state_directory(void **state)
{
    (void)state;
    char want[UNIT_PATH * 3], run[UNIT_PATH * 2];
    snprintf(run, sizeof run, "%s", below("/run"));
    snprintf(want, sizeof want, "%s/admin.sock", run);
    setenv("RUNTIME_DIRECTORY", run, 1);
    check_choice((struct choice){.given = nothing, .state = dir, .want = want});
    setenv("RUNTIME_DIRECTORY", "/proc/nowhere", 1);
    setenv("XDG_RUNTIME_DIR", below("/xdg"), 1);
    const char *installed = CHATD_RUNSTATEDIR "/chatd";
    bool is_installed = access(installed, R_OK | W_OK | X_OK) == 0 && geteuid();
    snprintf(want, sizeof want, "%s/admin.sock", is_installed ? installed : below("/xdg/chatd"));
    check_choice((struct choice){.given = nothing, .state = dir, .want = want, .as_user = true});
    setenv("XDG_RUNTIME_DIR", "relative", 1);
    snprintf(want, sizeof want, "%s/admin.sock", is_installed ? installed : dir);
    check_choice((struct choice){.given = nothing, .state = dir, .want = want, .as_user = true});
}

static void a_socket_path_is_limited_as_by_the_system(void **state)
{
    (void)state;
    char longest[200];
    size_t n = strlen(dir);
    memset(longest, 's', sizeof longest);
    memcpy(longest, dir, n);
    longest[n] = '/';
    longest[PATHS_SOCKET_MOST] = '\0';
    check_choice((struct choice){.given = {NULL, "", longest}, .state = dir, .want = longest});
    longest[PATHS_SOCKET_MOST] = 's';
    longest[PATHS_SOCKET_MOST + 1] = '\0';
    check_choice(
        (struct choice){.given = {NULL, "", longest}, .state = dir, .want = "longer than 107 bytes", .fails = true});
    check_choice(
        (struct choice){.given = {longest, "", ""}, .state = longest, .want = "longer than 107 bytes", .fails = true});
}

/* ---- under /tmp ---- */

/* The last resort, when no other place is left. `trap`: what is there already. */
static int fall_back(const char *trap)
{
    char tmp[64], out[PATHS_SIZE], error[PATHS_ERROR];
    struct stat sb;
    snprintf(tmp, sizeof tmp, "/tmp/chatd-%ld", (long)getuid());
    if (access(CHATD_LOCALSTATEDIR "/lib/chatd", R_OK | W_OK | X_OK) == 0)
        return 42; /* does not get that far */
    if (lstat(tmp, &sb) == 0)
        return 42; /* in use by another user: leave it alone */
    if (trap && symlink(trap, tmp) != 0)
        return 1;
    int result = paths_state(&nothing, out, error);
    int code = 42;
    if (trap && (result == 0 || !strstr(error, "usual state directories")))
        code = 2;
    else if (!trap && (result != 0 || strcmp(out, tmp) != 0 || lstat(tmp, &sb) != 0 || (sb.st_mode & 07777) != 0700))
        code = 3;
    if (trap)
        unlink(tmp);
    else
        rmdir(tmp);
    return code;
}

static int fall_back_to_tmp(void *arg)
{
    return fall_back(arg);
}

static void tmp_is_the_last_resort(void **state)
{
    (void)state;
    assert_int_equal(unit_unprivileged(NULL, fall_back_to_tmp, NULL), 42);
}

static void a_symbolic_link_under_tmp_is_never_followed(void **state)
{
    (void)state;
    assert_int_equal(unit_unprivileged(dir, fall_back_to_tmp, dir), 42);
}

static int find_others_place(void *arg)
{
    char tmp[64], out[PATHS_SIZE], error[PATHS_ERROR];
    (void)arg;
    snprintf(tmp, sizeof tmp, "/tmp/chatd-%ld", (long)getuid());
    if (access(CHATD_LOCALSTATEDIR "/lib/chatd", R_OK | W_OK | X_OK) == 0)
        return 42;
    return paths_state(&nothing, out, error) != 0 ? 42 : 1;
}

static void a_directory_of_another_user_under_tmp_is_not_used(void **state)
{
    (void)state;
    char tmp[64];
    snprintf(tmp, sizeof tmp, "/tmp/chatd-65534");
    if (mkdir(tmp, 0777) != 0)
        return;
    assert_int_equal(chmod(tmp, 0777), 0);
    int code = unit_unprivileged(NULL, find_others_place, NULL);
    assert_int_equal(rmdir(tmp), 0);
    assert_int_equal(code, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(all_places_are_listed_in_order),
        TEST(a_named_place_is_the_only_one),
        TEST(without_any_variable_the_installed_places_are_used),
        TEST(relative_xdg_paths_and_homes_are_ignored),
        TEST(an_overlong_place_is_skipped_and_harms_no_other),
        TEST(a_place_under_tmp_counts_only_if_it_is_ours),
        TEST(sockets_of_that_name_are_found_while_somebody_listens),
        TEST(a_named_state_directory_is_created_with_its_parents),
        TEST(the_configuration_comes_before_the_environment),
        TEST(the_first_writable_place_is_used),
        TEST(an_impossible_state_directory_is_reported),
        TEST(a_directory_that_is_not_writable_is_refused),
        TEST(the_console_socket_follows_a_named_state_directory),
        TEST(the_console_socket_is_where_the_configuration_says),
        TEST(a_relative_socket_path_is_made_absolute),
        TEST(the_console_socket_is_in_the_runtime_or_state_directory),
        TEST(a_socket_path_is_limited_as_by_the_system),
        TEST(tmp_is_the_last_resort),
        TEST(a_symbolic_link_under_tmp_is_never_followed),
        TEST(a_directory_of_another_user_under_tmp_is_not_used),
    };
    size_t count = sizeof tests / sizeof tests[0];
    if (geteuid() != 0)
        count--; /* only root can create a directory of another user */
    alarm(300);
    return _cmocka_run_group_tests("tests", tests, count, NULL, NULL);
}
