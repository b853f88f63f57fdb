/* SPDX-License-Identifier: ISC */
/*
 * chatctl: sends one line to the console of chatd and shows the rows of the reply, as aligned tables or as they came.
 * The exit code tells scripts what happened.
 */
#include "config.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/secret.h"
#include "ctl/ban_file.h"
#include "ctl/hash_password.h"
#include "ctl/reach.h"
#include "ctl/rows.h"
#include "ctl/self_sign.h"
#include "ctl/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
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

/* What the options say. */
struct where {
    const char *socket_path, *dir; /* or NULL */
    bool json;
};

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
static int take_reply(FILE *in, bool json, bool lines, struct rows_table *t)
{
    struct rows_reader reader;
    char *line = NULL;
    size_t cap = 0;
    int code = -1;
    rows_reader_init(&reader);
    errno = 0;
    while (code < 0 && getline(&line, &cap, in) > 0) {
        struct rows_record r;
        if (!rows_read(&reader, line, &r)) {
            fprintf(stderr, "chatctl: the reply is not from chatd: %s\n", line);
            exit(EXIT_REFUSED);
        }
        bool is_end = r.n && strcmp(r.v[0].key, "end") == 0;
        if (json || (lines && !is_end))
            printf("%s", line);
        if (is_end) {
            code = strcmp(r.v[0].value, "done") == 0 ? EXIT_DONE : EXIT_REFUSED;
            if (code == EXIT_REFUSED)
                fprintf(stderr, "chatctl: %s\n", r.n > 1 ? r.v[1].value : "refused");
        }
        if (is_end || json || lines) {
            rows_record_fini(&r);
            continue;
        }
        rows_add(t, &r);
    }
    if (code < 0) {
        fprintf(stderr, "chatctl: %s\n", errno == EAGAIN ? "no reply within 30 seconds"
                                                        : "chatd closed the connection before the end of its reply");
        code = EXIT_TIMEOUT;
    }
    free(line);
    rows_reader_fini(&reader);
    return code;
}

/* Sends the request and takes the reply, as take_reply does. Wipes the request, which may have a secret. */
static int ask(const struct where *w, struct buf *request, bool lines, struct rows_table *rows)
{
    int fd = find(w->socket_path, w->dir);
    send_request(fd, request);
    secret_wipe(request->data, request->len);
    FILE *in = fdopen(fd, "r");
    must(in);
    int code = take_reply(in, w->json, lines, rows);
    fclose(in);
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

static int hash_here(const struct where *w, struct buf *request)
{
    (void)w;
    request->data[request->len - 1] = '\0'; /* the end of the line */
    int code = hash_password(request->data + strlen("hash ")) == 0 ? EXIT_DONE : EXIT_REFUSED;
    secret_free_buf(request);
    return code;
}

/* tls selfsigned HOST... */
static int self_sign_here(const struct where *w, struct buf *request)
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
    if (mistakes.len && !w->dir) {
        fprintf(stderr, "chatctl: %sSo it is unknown where the files belong; use -d DIR.\n", buf_text(&mistakes));
        exit(EXIT_USAGE);
    }
    buf_fini(&mistakes);
    struct paths_given given = {.dir = w->dir, .conf_dir = dir, .conf_socket = socket_path};
    int code = self_sign(&given, hosts) == 0 ? EXIT_DONE : EXIT_REFUSED;
    buf_fini(request);
    return code;
}

static int ask_to_ban(const struct buf *request, void *arg)
{
    struct buf line = {0};
    struct rows_table rows = {0};
    buf_printf(&line, "%s\n", buf_text(request));
    int code = ask(arg, &line, false, &rows);
    rows_table_fini(&rows);
    buf_fini(&line);
    return code;
}

/* ban import FILE [--for DURATION] [--reason TEXT] */
static int import_here(const struct where *w, struct buf *request)
{
    char *file;
    long count;
    wire_command(request->data, &file);
    file[strcspn(file, "\n")] = '\0';
    char *options = file + strcspn(file, " ");
    if (*options)
        *options++ = '\0';
    int code = ban_file_import(file, options, ask_to_ban, (void *)w, &count);
    if (code == EXIT_DONE)
        printf("banned  %ld\n", count);
    buf_fini(request);
    return code < 0 ? EXIT_REFUSED : code;
}

static int export_here(const struct where *w, struct buf *request)
{
    struct rows_table rows = {0};
    buf_clear(request);
    buf_str(request, "ban list\n");
    int code = ask(w, request, false, &rows);
    for (int i = 0; i < rows.n; i++)
        printf("%s\n", rows.v[i].v[0].value);
    rows_table_fini(&rows);
    buf_fini(request);
    return code;
}

static int run_here(const char *verb, const struct where *w, struct buf *request)
{
    static const struct {
        const char *verb;
        int (*run)(const struct where *w, struct buf *request);
    } local[] = {{"hash", hash_here}, {"tls selfsigned", self_sign_here}, {"ban import", import_here},
                 {"ban export", export_here}};
    size_t i = 0;
    while (strcmp(local[i].verb, verb) != 0)
        i++;
    return local[i].run(w, request);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    struct where w = {.socket_path = NULL};
    int c;
    log_reserve_descriptors();
    signal(SIGPIPE, SIG_DFL);
    while ((c = getopt_long(argc, argv, "+s:d:Vh", options, NULL)) != -1) {
        switch (c) {
        case 's': w.socket_path = optarg; break;
        case 'd': w.dir = optarg; break;
        case 'j': w.json = true; break;
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
    struct rows_table rows = {0};
    int command = build_request(&request, argv + optind, argc - optind);
    if (wire_commands[command].shape == WIRE_LOCAL)
        return run_here(wire_commands[command].verb, &w, &request);
    int code = ask(&w, &request, wire_commands[command].shape == WIRE_LINES, &rows);
    rows_show(&rows, wire_commands[command].shape);
    rows_table_fini(&rows);
    buf_fini(&request);
    if (fflush(stdout) == 0)
        return code;
    fprintf(stderr, "chatctl: cannot write the reply: %s\n", log_error_text(errno));
    return EXIT_REFUSED;
}
