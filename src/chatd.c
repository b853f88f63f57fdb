/* SPDX-License-Identifier: ISC */
/*
 * chatd: arguments, signals, and waiting for signals. All signals but those of a crash are blocked before the first
 * thread is created, in this thread too, because sigwait(3) requires it; so no system call is ever interrupted.
 */
#include "config.h"

#include "chatd.h"

#include "base/log.h"
#include "base/panic.h"
#include "server.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void usage(FILE *to)
{
    fprintf(to, "usage: chatd [-p PORT] [--http PORT] [-c FILE] [-d STATEDIR] [-t] [-v] [-V] [-h]\n\n"
                "  -p PORT      listen on this port only, on all addresses (0: any free port)\n"
                "  --http PORT  serve the page for browsers on this port, too, on all addresses\n"
                "  -c FILE      read this configuration file\n"
                "               (default: " CHATD_SYSCONFDIR "/chatd.conf if it exists, else built-in defaults)\n"
                "  -d STATEDIR  keep the database and the admin socket in this directory\n"
                "  -t           check the configuration, print every mistake, and exit\n"
                "  -v           log each command\n"
                "  -V           print the version and exit\n"
                "  -h           print this help and exit\n\n"
                "chatd runs in the foreground. To connect: nc localhost 9999, http://localhost:9980/ in a browser, or\n"
                "an IRC client to localhost on port 6667.\n"
                "TERM or INT stops it, HUP reloads the configuration; chatctl can do both, and more.\n");
}

/* Sends TERM once only: a second TERM ends chatd at once, which two operators who both ask for a stop do not mean. */
static void ask_to_stop(void)
{
    static atomic_flag asked = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&asked))
        kill(getpid(), SIGTERM);
}

static void block_signals(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        sigdelset(&all, crashes[i]);
    must_ok(pthread_sigmask(SIG_SETMASK, &all, NULL));
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* beyond a limit on file sizes a write must fail, not end chatd */
}

static void end_at_once(int number)
{
    _exit(128 + number);
}

/* From here on a second TERM or INT ends chatd at once; the write-ahead log makes that safe. For process 1, the first
 * of a container, the default action of a signal is to ignore it. */
static void allow_second(void)
{
    sigset_t end;
    if (getpid() == 1) {
        signal(SIGTERM, end_at_once);
        signal(SIGINT, end_at_once);
    }
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    must_ok(pthread_sigmask(SIG_UNBLOCK, &end, NULL));
}

static void wait_for_end(void)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    for (;;) {
        int sig = 0;
        must_ok(sigwait(&wanted, &sig));
        if (sig != SIGHUP)
            return;
        server_reload();
    }
}

static int read_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);
    return *text && !*end && port >= 0 && port <= 65535 ? (int)port : -1;
}

int chatd_main(int argc, char **argv, const struct stream_layer *const *layers)
{
    static const struct option names[] = {{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
                                          {"http", required_argument, NULL, 'w'},
                                          {NULL, 0, NULL, 0}};
    struct server_options options = {.installed = CONF_INSTALLED, .port = -1, .web_port = -1,
                                     .layers = layers};
    bool check = false;
    int c;
    log_reserve_descriptors();
    while ((c = getopt_long(argc, argv, "p:c:d:tvVh", names, NULL)) != -1) {
        switch (c) {
        case 'p':
        case 'w':
            *(c == 'p' ? &options.port : &options.web_port) = read_port(optarg);
            if (read_port(optarg) < 0) {
                fprintf(stderr, "chatd: %s: must be a port number, 0 to 65535 (got %s)\n",
                        c == 'p' ? "-p" : "--http", optarg);
                return 2;
            }
            break;
        case 'c': options.conf_file = optarg; break;
        case 'd': options.dir = optarg; break;
        case 't': check = true; break;
        case 'v': options.verbose = true; break;
        case 'V': printf("chatd %s\n", PACKAGE_VERSION); return 0;
        case 'h': usage(stdout); return 0;
        default: usage(stderr); return 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "chatd: unexpected argument %s\n", argv[optind]);
        usage(stderr);
        return 2;
    }
    if (check)
        return server_check(&options) == 0 ? 0 : 1;
    umask(0077);
    block_signals();
    if (server_start(&options, ask_to_stop) != 0)
        return 1;
    wait_for_end();
    allow_second();
    server_stop();
    return 0;
}
