/* SPDX-License-Identifier: ISC */
/*
 * chatctl: sends one line to the console of chatd and shows the rows of the reply, as aligned tables or as they came.
 * The exit code tells scripts what happened. Rows are parsed by SQLite's JSON functions: chatd needs SQLite anyway, and
 * its parser is widely tested.
 */
#include "config.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/secret.h"
#include "ctl/hash_password.h"
#include "ctl/reach.h"
#include "ctl/self_sign.h"
#include "ctl/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_NOT_RUNNING, EXIT_TIMEOUT, EXIT_PERMISSION };

#define REPLY_S 30
#define FIELDS_SQL "SELECT key, iif(type = 'true', 'yes', iif(type = 'false', 'no', value)) FROM json_each(?1)"

static void usage(FILE *to)
{
    fprintf(to, "usage: chatctl [-s SOCKET] [-d STATEDIR] [--json] COMMAND [ARGUMENT...]\n\n"
                "  -s SOCKET    use this admin socket\n"
                "  -d STATEDIR  use the chatd that was started with this state directory (chatd -d)\n"
                "  --json       print the rows as chatd sends them, one JSON object per line\n"
                "  -V           print the version of chatctl and exit\n"
                "  -h           print this help and exit\n\ncommands:\n");
    for (int i = 0; i < wire_command_count; i++)
        fprintf(to, "  %-24s %s\n", wire_commands[i].syntax, wire_commands[i].help);
    fprintf(to, "\nexit codes: 0 done, 1 refused, 2 usage, 3 chatd not running, 4 timeout, 5 permission denied\n");
}

/* ---- finding chatd ---- */

/* Connects to the console, or exits. */
static int find(const char *socket_path, const char *dir)
{
    static const int codes[] = {[REACH_NOWHERE] = EXIT_NOT_RUNNING, [REACH_DENIED] = EXIT_PERMISSION,
                                [REACH_SEVERAL] = EXIT_USAGE};
    struct buf why = {0};
    int fd;
    enum reach result = reach_console(socket_path, dir, REPLY_S, &fd, &why);
    if (result == REACH_DONE)
        return fd;
    fprintf(stderr, "chatctl: %s", buf_text(&why));
    exit(codes[result]);
}

/* ---- showing rows ---- */

struct field {
    char *key, *value;
};

struct record {
    struct field *v; /* owns */
    int n;
};

struct table {
    struct record *v; /* owns */
    int n, cap;
};

/* Parses one JSON object of the reply. Exits if it is not one: then whatever answers is not chatd. */
static struct record read_record(sqlite3_stmt *st, const char *json)
{
    struct record r = {0};
    sqlite3_reset(st);
    sqlite3_bind_text(st, 1, json, -1, SQLITE_TRANSIENT);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        r.v = panic_realloc(r.v, (size_t)(r.n + 1) * sizeof *r.v);
        r.v[r.n].key = panic_strdup((const char *)sqlite3_column_text(st, 0));
        const char *value = (const char *)sqlite3_column_text(st, 1);
        r.v[r.n++].value = panic_strdup(value ? value : "");
    }
    if (rc != SQLITE_DONE) {
        fprintf(stderr, "chatctl: the reply is not from chatd: %s\n", json);
        exit(EXIT_REFUSED);
    }
    return r;
}

static void record_fini(struct record *r)
{
    for (int i = 0; i < r->n; i++) {
        free(r->v[i].key);
        free(r->v[i].value);
    }
    free(r->v);
}

/* The columns that a text takes: its characters, not its bytes. */
static int width(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void cell(const char *s, int wide, bool last)
{
    printf("%s", s);
    if (!last)
        printf("%*s", wide - width(s) + 2, "");
}

static void show_table(const struct table *t)
{
    int wide[32] = {0};
    if (!t->n)
        return;
    int columns = t->v[0].n < 32 ? t->v[0].n : 32;
    for (int k = 0; k < columns; k++) {
        wide[k] = width(t->v[0].v[k].key);
        for (int i = 0; i < t->n; i++)
            if (k < t->v[i].n && width(t->v[i].v[k].value) > wide[k])
                wide[k] = width(t->v[i].v[k].value);
    }
    for (int k = 0; k < columns; k++)
        cell(t->v[0].v[k].key, wide[k], k == columns - 1);
    putchar('\n');
    for (int i = 0; i < t->n; i++) {
        for (int k = 0; k < columns && k < t->v[i].n; k++)
            cell(t->v[i].v[k].value, wide[k], k == columns - 1);
        putchar('\n');
    }
}

static void show_record(const struct record *r)
{
    int wide = 0;
    for (int k = 0; k < r->n; k++)
        wide = width(r->v[k].key) > wide ? width(r->v[k].key) : wide;
    for (int k = 0; k < r->n; k++) {
        cell(r->v[k].key, wide, false);
        printf("%s\n", r->v[k].value);
    }
}

static void show(const struct table *t, enum wire_shape shape)
{
    if (shape == WIRE_TABLE)
        show_table(t);
    else
        for (int i = 0; i < t->n; i++)
            show_record(&t->v[i]);
}

/* ---- a request ---- */

static void send_request(int fd, const struct buf *request)
{
    struct timeval limit = {.tv_sec = REPLY_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    for (size_t at = 0; at < request->len;) {
        ssize_t n = send(fd, request->data + at, request->len - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr, "chatctl: cannot send the request: %s\n", log_error_text(errno));
            exit(EXIT_TIMEOUT);
        }
        at += (size_t)n;
    }
}

/* Reads the reply row by row. Prints rows as they come with `json` or `lines`, else adds them to the table. Returns the
 * exit code. */
static int take_reply(FILE *in, bool json, bool lines, struct table *t)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    char *line = NULL;
    size_t cap = 0;
    int code = -1;
    must(sqlite3_open(":memory:", &db) == SQLITE_OK);
    must(sqlite3_prepare_v2(db, FIELDS_SQL, -1, &st, NULL) == SQLITE_OK);
    errno = 0;
    while (code < 0 && getline(&line, &cap, in) > 0) {
        struct record r = read_record(st, line);
        bool is_end = r.n && strcmp(r.v[0].key, "end") == 0;
        if (json || (lines && !is_end))
            printf("%s", line);
        if (is_end) {
            code = strcmp(r.v[0].value, "done") == 0 ? EXIT_DONE : EXIT_REFUSED;
            if (code == EXIT_REFUSED)
                fprintf(stderr, "chatctl: %s\n", r.n > 1 ? r.v[1].value : "refused");
        }
        if (is_end || json || lines) {
            record_fini(&r);
            continue;
        }
        if (t->n == t->cap) {
            t->cap = t->cap ? t->cap * 2 : 16;
            t->v = panic_realloc(t->v, (size_t)t->cap * sizeof *t->v);
        }
        t->v[t->n++] = r;
    }
    if (code < 0) {
        fprintf(stderr, "chatctl: %s\n", errno == EAGAIN ? "no reply within 30 seconds"
                                                        : "chatd closed the connection before the end of its reply");
        code = EXIT_TIMEOUT;
    }
    free(line);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return code;
}

/* Shows the usage of the commands that begin with the same word, or else that the command is unknown. Exits. */
_Noreturn static void refuse_command(const char *request)
{
    size_t n = strcspn(request, " ");
    bool any = false;
    for (int i = 0; i < wire_command_count; i++)
        if (strncmp(wire_commands[i].verb, request, n) == 0 && wire_commands[i].verb[n] == ' ') {
            fprintf(stderr, "usage: chatctl %s\n", wire_commands[i].syntax);
            any = true;
        }
    if (!any)
        fprintf(stderr, "chatctl: unknown command \"%s\" (chatctl --help lists all commands)\n", request);
    exit(EXIT_USAGE);
}

/* ---- secrets ---- */

/* Reads one line from a descriptor, without its end. False: there is no line, or it is empty or too long. Reads byte by
 * byte, so that nothing after the line is consumed and no part of a secret stays in a buffer. */
static bool read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    ssize_t got = 0;
    while (n < size && (got = read(fd, line + n, 1)) == 1 && line[n] != '\n')
        n++;
    if (got == 1 && n && n < size && line[n - 1] == '\r')
        n--;
    if (got < 0 || !n || n == size)
        return false;
    line[n] = '\0';
    return true;
}

static volatile sig_atomic_t ended_by;

static void note_signal(int number)
{
    ended_by = number;
}

/* Prompts at the terminal, without showing what is typed. A signal that would end chatctl is let in only during the
 * wait for input, and takes effect after the terminal is restored. False: nothing was typed. */
static bool prompt(const char *question, char *line, size_t size)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction note = {.sa_handler = note_signal};
    struct termios shown, hidden;
    sigset_t ends, before;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (tty < 0 || tcgetattr(tty, &shown) != 0) {
        fprintf(stderr, "chatctl: cannot open the terminal to prompt for the password; give it on standard input\n");
        exit(EXIT_USAGE);
    }
    sigemptyset(&ends);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&ends, signals[i]);
    sigprocmask(SIG_BLOCK, &ends, &before);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &note, NULL);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &hidden);
    dprintf(tty, "%s", question);
    struct pollfd p = {.fd = tty, .events = POLLIN}; /* a terminal is readable once it has a whole line */
    bool typed = ppoll(&p, 1, NULL, &before) == 1 && read_line(tty, line, size);
    tcsetattr(tty, TCSAFLUSH, &shown);
    dprintf(tty, "\n");
    close(tty);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (ended_by)
        raise(ended_by);
    return typed;
}

/* Appends the secret of a request: typed twice, or the first line of standard input. Exits if there is none. */
static void add_secret(struct buf *request)
{
    char first[512], again[512];
    bool asks = isatty(STDIN_FILENO);
    if (asks ? !prompt("Password: ", first, sizeof first) : !read_line(STDIN_FILENO, first, sizeof first)) {
        fprintf(stderr, "chatctl: no password, or it is too long; nothing was changed\n");
        exit(EXIT_USAGE);
    }
    if (asks && (!prompt("Repeat password: ", again, sizeof again) || strcmp(first, again) != 0)) {
        fprintf(stderr, "chatctl: passwords do not match; nothing was changed\n");
        exit(EXIT_USAGE);
    }
    secret_wipe(again, sizeof again);
    buf_printf(request, " %s", first);
    secret_wipe(first, sizeof first);
}

/* Joins the words to a request line and returns its command; exits if they are not a valid request. */
static int build_request(struct buf *request, char **words, int n)
{
    char *rest, *word, *text;
    for (int i = 0; i < n; i++)
        buf_printf(request, "%s%s", i ? " " : "", words[i]);
    char *copy = panic_strdup(buf_text(request));
    int command = wire_command(copy, &rest);
    if (command < 0)
        refuse_command(buf_text(request));
    if (wire_takes_secret(&wire_commands[command])) {
        bool has_word = strchr(wire_commands[command].args, 'w') != NULL;
        if (has_word != (*rest != '\0') || strchr(rest, ' ')) {
            fprintf(stderr, "usage: chatctl %s\n"
                            "The password is never an argument: chatctl prompts for it, or reads the first line of "
                            "standard input.\n", wire_commands[command].syntax);
            exit(EXIT_USAGE);
        }
        add_secret(request);
        free(copy);
        copy = panic_strdup(buf_text(request));
        wire_command(copy, &rest);
    }
    if (strpbrk(buf_text(request), "\r\n")) {
        fprintf(stderr, "chatctl: a request is one line and cannot contain a line break\n");
        exit(EXIT_USAGE);
    }
    if (request->len + 2 > WIRE_REQUEST_MOST) {
        fprintf(stderr, "chatctl: the request is too long; at most %d bytes are allowed\n", WIRE_REQUEST_MOST - 2);
        exit(EXIT_USAGE);
    }
    if (!wire_args(&wire_commands[command], rest, &word, &text)) {
        fprintf(stderr, "usage: chatctl %s\n", wire_commands[command].syntax);
        exit(EXIT_USAGE);
    }
    secret_wipe(copy, request->len); /* it was cut into arguments */
    free(copy);
    buf_char(request, '\n');
    return command;
}

/* ---- commands that chatctl carries out itself ---- */

static int hash_here(const char *dir, struct buf *request)
{
    (void)dir;
    request->data[request->len - 1] = '\0'; /* the end of the line */
    int code = hash_password(request->data + strlen("hash ")) == 0 ? EXIT_DONE : EXIT_REFUSED;
    secret_free_buf(request);
    return code;
}

/* tls selfsigned HOST... */
static int self_sign_here(const char *given_dir, struct buf *request)
{
    char dir[PATHS_SIZE], socket_path[PATHS_SIZE];
    char *hosts[WIRE_REQUEST_MOST / 2 + 1], *rest, *save;
    int n = 0;
    wire_command(request->data, &rest);
    for (char *word = strtok_r(rest, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
        hosts[n++] = word;
    hosts[n] = NULL;
    struct buf mistakes = {0};
    reach_read_conf(dir, socket_path, &mistakes);
    if (mistakes.len && !given_dir) {
        fprintf(stderr, "chatctl: %sSo it is unknown where the files belong; use -d DIR.\n", buf_text(&mistakes));
        exit(EXIT_USAGE);
    }
    buf_fini(&mistakes);
    struct paths_given given = {.dir = given_dir, .conf_dir = dir, .conf_socket = socket_path};
    int code = self_sign(&given, hosts) == 0 ? EXIT_DONE : EXIT_REFUSED;
    buf_fini(request);
    return code;
}

static int run_here(const char *verb, const char *dir, struct buf *request)
{
    static const struct {
        const char *verb;
        int (*run)(const char *dir, struct buf *request);
    } local[] = {{"hash", hash_here}, {"tls selfsigned", self_sign_here}};
    size_t i = 0;
    while (strcmp(local[i].verb, verb) != 0)
        i++;
    return local[i].run(dir, request);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *socket_path = NULL, *dir = NULL;
    bool json = false;
    int c;
    log_reserve_descriptors();
    signal(SIGPIPE, SIG_DFL);
    while ((c = getopt_long(argc, argv, "+s:d:Vh", options, NULL)) != -1) {
        switch (c) {
        case 's': socket_path = optarg; break;
        case 'd': dir = optarg; break;
        case 'j': json = true; break;
        case 'V': printf("chatctl %s\n", PACKAGE_VERSION); return EXIT_DONE;
        case 'h': usage(stdout); return EXIT_DONE;
        default: usage(stderr); return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        usage(stderr);
        return EXIT_USAGE;
    }
    struct buf request = {0};
    struct table rows = {0};
    int command = build_request(&request, argv + optind, argc - optind);
    if (wire_commands[command].shape == WIRE_LOCAL)
        return run_here(wire_commands[command].verb, dir, &request);
    int fd = find(socket_path, dir);
    send_request(fd, &request);
    secret_wipe(request.data, request.len);
    FILE *in = fdopen(fd, "r");
    must(in);
    int code = take_reply(in, json, wire_commands[command].shape == WIRE_LINES, &rows);
    show(&rows, wire_commands[command].shape);
    for (int i = 0; i < rows.n; i++)
        record_fini(&rows.v[i]);
    free(rows.v);
    buf_fini(&request);
    fclose(in);
    if (fflush(stdout) == 0)
        return code;
    fprintf(stderr, "chatctl: cannot write the reply: %s\n", log_error_text(errno));
    return EXIT_REFUSED;
}
