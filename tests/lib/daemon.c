/* SPDX-License-Identifier: ISC */
/* Starts, queries and stops a real chatd for the end-to-end tests. */
#include "config.h"

#include "tests/lib/daemon.h"

#include "base/clock.h"
#include "tests/lib/client_tls.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16

const char *daemon_program(const char *variable)
{
    const char *path = getenv(variable);
    if (!path)
        fail_msg("%s is not set; run the tests by make check", variable);
    return path;
}

const char *daemon_stream(void)
{
    const char *stream = getenv("CHATD_TEST_STREAM");
    return stream ? stream : "";
}

static bool has_tls(void)
{
    return strncmp(daemon_stream(), "tls", 3) == 0;
}

static bool has_ws(void)
{
    return strcmp(daemon_stream(), "ws") == 0;
}

/* A listener with TLS, for tests over TLS, whose configuration has none of its own. */
static void add_tls(const struct daemon *d, FILE *f)
{
    assert_true(client_tls_write_certificate(d->dir));
    assert_true(fprintf(f, "\nlisteners = ( { address = \"*\"; port = 0; tls = true; } );\n"
                           "tls = { certificates = ( { certificate = \"%s/cert.pem\"; key = \"%s/key.pem\"; } ); };\n",
                        d->dir, d->dir) > 0);
}

/* What tests have instead of the defaults, unless their configuration says it. */
static const struct {
    const char *unless, *section, *keys;
} own_defaults[] = {
    {"spawn", "clients = {", "prespawn = 8; spare = 4;"}, /* most have few clients */
    {"search_ms", "history = {", "search_ms = 30000;"},   /* the machine may be busy */
    {" wait_ms", "store = {", "wait_ms = 30000;"},        /* and its disk as well */
};

/* The caller frees it. */
static char *with_own_defaults(const char *conf)
{
    char *text = strdup(conf);
    for (size_t i = 0; i < sizeof own_defaults / sizeof own_defaults[0]; i++) {
        char *more;
        const char *section = own_defaults[i].section, *at = strstr(text, section);
        if (strstr(text, own_defaults[i].unless))
            continue;
        int n = at ? asprintf(&more, "%.*s%s %s%s", (int)(at - text), text, section, own_defaults[i].keys,
                              at + strlen(section))
                   : asprintf(&more, "%s\n%s %s };\n", text, section, own_defaults[i].keys);
        assert_true(n > 0);
        free(text);
        text = more;
    }
    return text;
}

void daemon_write_conf(struct daemon *d, const char *conf)
{
    char path[256];
    snprintf(path, sizeof path, "%s/chatd.conf", d->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    char *text = with_own_defaults(conf);
    assert_true(fputs(text, f) >= 0);
    free(text);
    if (has_tls() && !d->conf_listens)
        add_tls(d, f);
    if (has_ws() && !d->conf_listens)
        assert_true(fputs("\nlisteners = ( { address = \"*\"; port = 0; protocol = \"http\"; } );\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    d->has_conf = true;
}

void daemon_init(struct daemon *d, const char *conf)
{
    const char *tmp = getenv("TMPDIR");
    *d = (struct daemon){0};
    snprintf(d->dir, sizeof d->dir, "%s/chatd-test-XXXXXX", tmp && strlen(tmp) < 60 ? tmp : "/tmp");
    assert_non_null(mkdtemp(d->dir));
    if (conf)
        daemon_write_conf(d, conf);
}

static pid_t spawn(const char *const args[], int in, int out, int err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;
    sigemptyset(&none);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, in, 0), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, 1), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, err, 2), 0);
    assert_int_equal(posix_spawnattr_init(&attr), 0);
    assert_int_equal(posix_spawnattr_setsigmask(&attr, &none), 0);
    assert_int_equal(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK), 0);
    int rc = posix_spawnp(&pid, args[0], &actions, &attr, (char *const *)args, environ);
    if (rc != 0)
        fail_msg("cannot start %s: %s", args[0], strerror(rc));
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return pid;
}

int daemon_wait(pid_t pid)
{
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_ms() > until) {
            kill(pid, SIGABRT);
            waitpid(pid, &status, 0);
            fail_msg("process %ld did not end", (long)pid);
        }
        poll(NULL, 0, 2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Fails the test and shows the end of the log. */
static void fail_with_log(const struct daemon *d, const char *what)
{
    char path[256], log[16384] = "";
    snprintf(path, sizeof path, "%s/log", d->dir);
    FILE *f = fopen(path, "r");
    if (f && fseek(f, -(long)sizeof log + 1, SEEK_END) != 0)
        rewind(f);
    size_t len = f ? fread(log, 1, sizeof log - 1, f) : 0;
    log[len] = '\0';
    if (f)
        fclose(f);
    fail_msg("%s; its log ends:\n%s", what, log);
}

/* The port that a line announces; 0: none. */
static int port_of(const char *line)
{
    int port = 0;
    if (sscanf(line, "Chat server started on port %d", &port) != 1)
        (void)sscanf(line, "Page for browsers at %*[a-z]://%*[^:]:%d/", &port);
    if (!port)
        (void)sscanf(line, "IRC on port %d", &port);
    return port;
}

/* Reads the announcement on standard output, which must be complete. */
static void read_ports(struct daemon *d, int fd)
{
    char text[512] = "";
    size_t n = 0;
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    while (!strstr(text, "Waiting for connections...\n")) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&p, 1, 100) > 0 ? read(fd, text + n, sizeof text - 1 - n) : -1;
        if (got > 0)
            text[n += (size_t)got] = '\0';
        if (got == 0 || clock_ms() > until)
            fail_with_log(d, "chatd did not start");
    }
    d->port = port_of(text);
    d->port2 = port_of(strchr(text, '\n') + 1);
    assert_true(d->port > 0);
}

void daemon_start(struct daemon *d)
{
    char conf[256], log[256];
    int out[2];
    snprintf(conf, sizeof conf, "%s/chatd.conf", d->dir);
    snprintf(log, sizeof log, "%s/log", d->dir);
    if (!d->has_conf)
        daemon_write_conf(d, "");
    const char *args[] = {daemon_program("CHATD"), "-d", d->dir, "-c", conf, d->conf_listens || has_tls() || has_ws() ? NULL : "-p", "0", NULL};
    int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(err >= 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(in >= 0);
    d->pid = spawn(args, in, out[1], err);
    close(in);
    close(out[1]);
    close(err);
    read_ports(d, out[0]);
    close(out[0]);
}

void daemon_up(struct daemon *d, const char *conf)
{
    daemon_init(d, conf);
    daemon_start(d);
}

void daemon_stop(struct daemon *d)
{
    pid_t pid = d->pid;
    d->pid = 0;
    assert_int_equal(kill(pid, SIGTERM), 0);
    if (daemon_wait(pid) != 0)
        fail_with_log(d, "chatd did not exit with 0");
}

void daemon_kill(struct daemon *d)
{
    pid_t pid = d->pid;
    d->pid = 0;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(daemon_wait(pid), 128 + SIGKILL);
}

void daemon_fini(struct daemon *d)
{
    if (d->pid)
        daemon_stop(d);
    DIR *dir = opendir(d->dir);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", d->dir, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(d->dir);
}

/* ---- running programs ---- */

static size_t take(int fd, char *to, size_t size, size_t n)
{
    char drop[4096];
    size_t left = size - 1 - n;
    ssize_t got = left ? read(fd, to + n, left) : read(fd, drop, sizeof drop);
    if (got <= 0)
        return SIZE_MAX;
    return left ? n + (size_t)got : n;
}

/* A pipe that holds the input, closed at its other end. */
static int pipe_with(const char *input)
{
    int in[2];
    size_t n = strlen(input);
    assert_true(n <= 4096); /* so that the write never blocks */
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(write(in[1], input, n), (ssize_t)n);
    close(in[1]);
    return in[0];
}

int daemon_run_input(const char *input, const char *const args[], char *out, size_t out_size, char *err,
                     size_t err_size)
{
    int pipes[2][2], in = pipe_with(input);
    assert_int_equal(pipe2(pipes[0], O_CLOEXEC), 0);
    assert_int_equal(pipe2(pipes[1], O_CLOEXEC), 0);
    pid_t pid = spawn(args, in, pipes[0][1], err ? pipes[1][1] : pipes[0][1]);
    close(in);
    close(pipes[0][1]);
    close(pipes[1][1]);
    char *to[2] = {out, err ? err : out};
    size_t size[2] = {out_size, err ? err_size : out_size}, n[2] = {0, 0};
    struct pollfd p[2] = {{.fd = pipes[0][0], .events = POLLIN}, {.fd = pipes[1][0], .events = POLLIN}};
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    while ((p[0].fd >= 0 || p[1].fd >= 0) && clock_ms() < until) {
        poll(p, 2, 100);
        for (int i = 0; i < 2; i++) {
            if (p[i].fd < 0 || !p[i].revents)
                continue;
            size_t now = take(p[i].fd, to[i], size[i], n[i]);
            until = clock_ms() + DAEMON_WAIT_MS; /* it is slow, and goes on */
            if (now == SIZE_MAX)
                p[i].fd = -1;
            else
                n[i] = now;
        }
    }
    out[n[0]] = '\0';
    if (err)
        err[n[1]] = '\0';
    close(pipes[0][0]);
    close(pipes[1][0]);
    return daemon_wait(pid);
}

int daemon_run(const char *const args[], char *out, size_t out_size, char *err, size_t err_size)
{
    return daemon_run_input("", args, out, out_size, err, err_size);
}

pid_t daemon_run_terminal(const char *const args[], int *master, int *slave)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    pid_t pid;
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    const char *path = ptsname(*master);
    assert_non_null(path);
    *slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*slave >= 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    /* opened by a session leader, it becomes the controlling terminal */
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 0, 1), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, 0, 2), 0);
    assert_int_equal(posix_spawnattr_init(&attr), 0);
    assert_int_equal(posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID), 0);
    assert_int_equal(posix_spawnp(&pid, args[0], &actions, &attr, (char *const *)args, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return pid;
}

static int ctl(struct daemon *d, const char *input, char *out, size_t size, va_list ap)
{
    const char *args[ARGS_MAX] = {daemon_program("CHATCTL"), "-d", d->dir};
    int n = 3;
    while (n < ARGS_MAX - 1 && (args[n] = va_arg(ap, const char *)))
        n++;
    return daemon_run_input(input, args, out, size, NULL, 0);
}

int daemon_ctl(struct daemon *d, char *out, size_t size, ...)
{
    va_list ap;
    va_start(ap, size);
    int code = ctl(d, "", out, size, ap);
    va_end(ap);
    return code;
}

int daemon_ctl_input(struct daemon *d, const char *input, char *out, size_t size, ...)
{
    va_list ap;
    va_start(ap, size);
    int code = ctl(d, input, out, size, ap);
    va_end(ap);
    return code;
}

void daemon_ctl_ok(struct daemon *d, char *out, size_t size, ...)
{
    va_list ap;
    va_start(ap, size);
    int code = ctl(d, "", out, size, ap);
    va_end(ap);
    if (code != 0)
        fail_msg("chatctl exited with %d: %s", code, out);
}

/* Asks the console as chatctl does, for those who ask again and again. */
static void ask(const struct daemon *d, const char *request, char *reply, size_t size)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    ssize_t n;
    size_t len = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_in_range(snprintf(sun.sun_path, sizeof sun.sun_path, "%s/admin.sock", d->dir), 1, sizeof sun.sun_path - 1);
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) != 0)
        fail_msg("%s: %s", sun.sun_path, strerror(errno));
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, DAEMON_WAIT_MS) == 1 && (n = read(fd, reply + len, size - 1 - len)) > 0)
        len += (size_t)n;
    reply[len] = '\0';
    close(fd);
    if (!strstr(reply, "{\"end\":\"done\"}"))
        fail_msg("%s was answered: %s", request, reply);
}

long daemon_status(struct daemon *d, const char *key)
{
    char out[16384], wanted[80];
    ask(d, "status\n", out, sizeof out);
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(out, wanted);
    if (!at)
        fail_msg("no %s in the status: %s", key, out);
    return strtol(at + strlen(wanted), NULL, 10);
}

static void await(struct daemon *d, const char *key, long least, long most)
{
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    long v;
    while ((v = daemon_status(d, key)) < least || v > most) {
        if (clock_ms() > until)
            fail_msg("%s is %ld, expected %ld..%ld", key, v, least, most);
        poll(NULL, 0, 10);
    }
}

void daemon_await(struct daemon *d, const char *key, long value)
{
    await(d, key, value, value);
}

void daemon_await_least(struct daemon *d, const char *key, long value)
{
    await(d, key, value, INT32_MAX);
}

/* ---- the log and the database ---- */

bool daemon_log_has(const struct daemon *d, const char *text)
{
    char path[256], line[2048];
    bool found = false;
    snprintf(path, sizeof path, "%s/log", d->dir);
    FILE *f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, text) != NULL;
    if (f)
        fclose(f);
    return found;
}

void daemon_await_log(const struct daemon *d, const char *text)
{
    int64_t until = clock_ms() + DAEMON_WAIT_MS;
    while (!daemon_log_has(d, text)) {
        if (clock_ms() > until)
            fail_msg("not in the log: %s", text);
        poll(NULL, 0, 10);
    }
}

static sqlite3 *open_database(const struct daemon *d, const char *sql)
{
    char path[256];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/chatd.db", d->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, DAEMON_WAIT_MS);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

void daemon_sql(const struct daemon *d, const char *sql)
{
    assert_int_equal(sqlite3_close(open_database(d, sql)), SQLITE_OK);
}

struct sqlite3 *daemon_lock_database(const struct daemon *d)
{
    return open_database(d, "BEGIN EXCLUSIVE");
}

void daemon_unlock_database(struct sqlite3 *db)
{
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
