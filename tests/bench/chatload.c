/* SPDX-License-Identifier: ISC */
/*
 * chatload: thousands of clients in one thread, to measure how much load a chat server carries, how fast, and whether
 * every message arrives. This file reads the options, from one table that also makes the help text.
 */
#include "config.h"

#include "tests/bench/load.h"
#include "tests/bench/report.h"
#include "tests/bench/stamp.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PASSED, FAILED, USAGE, INCOMPLETE_LOGIN }; /* exit codes */

struct arguments {
    struct load_options load;
    const char *protocol, *host;
    const char *paced;
    int port;
    bool json;
};

enum kind { NUMBER, TEXT, FLAG };

static const struct row {
    const char *name, *value;
    enum kind kind;
    size_t offset;
    long least, most;
    const char *help;
} rows[] = {
#define AT(field) offsetof(struct arguments, field)
    {"protocol", "NAME", TEXT, AT(protocol), 0, 0,
     "chat, irc, mqtt, nats or redis (chat); none: with --tls, handshakes alone"},
    {"host", "ADDRESS", TEXT, AT(host), 0, 0, "IPv4 address of the server (127.0.0.1)"},
    {"port", "PORT", NUMBER, AT(port), 1, 65535, "port of the server (default: the protocol's)"},
    {"pid", "PID", NUMBER, AT(load.pid), 1, 1L << 30, "process of the server: measure its CPU time and memory"},
    {"clients", "N", NUMBER, AT(load.clients), 1, 500000, "clients that read (100)"},
    {"rooms", "N", NUMBER, AT(load.rooms), 1, STAMP_ROOMS - 1, "rooms, with equally many clients in each (1)"},
    {"senders", "N", NUMBER, AT(load.senders), 1, 500000, "how many of the clients also talk (all)"},
    {"length", "BYTES", NUMBER, AT(load.length), STAMP_LEAST, STAMP_MOST, "length of a text (64)"},
    {"window", "N", NUMBER, AT(load.window), 1, 1000000, "texts in flight in each room, for all its senders (64)"},
    {"rate", "N", NUMBER, AT(load.rate), 1, 10000000, "or: texts per second in total, evenly spaced"},
    {"burst", "N", NUMBER, AT(load.burst), 1, 100000000, "or: one sender sends this many as fast as it can"},
    {"duration", "S", NUMBER, AT(load.duration_s), 1, 86400, "seconds to measure (10); the maximum for a burst"},
    {"warmup", "S", NUMBER, AT(load.warmup_s), 0, 3600, "seconds of load before that (1)"},
    {"stopped", "N", NUMBER, AT(load.stopped), 0, 100000, "additional clients that join and then never read"},
    {"stopped-kib", "N", NUMBER, AT(load.stopped_kib), 1, 1000000, "or read so many KiB per second"},
    {"paced", "N,...", TEXT, AT(paced), 0, 0,
     "additional clients of the one room, each reads so many KiB per second"},
    {"loud", "N", NUMBER, AT(load.loud), 0, 1000000, "texts per second in an extra room for the stopped clients"},
    {"ask", "N", NUMBER, AT(load.ask), 0, 100000,
     "with chat: queries per second, HISTORY and SEARCH in turn (see fill)"},
    {"hello", "", FLAG, AT(load.hello), 0, 0, "every sender sends one text before memory is measured"},
    {"tls", "", FLAG, AT(load.tls), 0, 0, "all connections by TLS; certificates are not verified"},
    {"ws", "", FLAG, AT(load.ws), 0, 0, "all connections by WebSocket; with --tls: wss"},
    {"tls-version", "VERSION", TEXT, AT(load.tls_version), 0, 0, "with --tls: only 1.2 or 1.3 (the highest)"},
    {"at-once", "N", NUMBER, AT(load.at_once), 1, 500000, "logins in progress at a time (200)"},
    {"storm", "", FLAG, AT(load.storm), 0, 0, "all logins at once"},
    {"first", "N", NUMBER, AT(load.first), 0, 500000, "number of the first client's and room's name (0)"},
    {"login-timeout", "S", NUMBER, AT(load.login_timeout_s), 1, 3600, "seconds for all logins (60)"},
    {"seed", "N", NUMBER, AT(load.seed), 0, 1L << 30, "with --rate: changes the order of the senders (1)"},
    {"json", "", FLAG, AT(json), 0, 0, "print one JSON object instead of text"},
#undef AT
};

#define ROWS (sizeof rows / sizeof rows[0])

static void usage(FILE *to)
{
    fprintf(to, "usage: chatload [OPTION]...\n\n");
    for (size_t i = 0; i < ROWS; i++)
        fprintf(to, "  --%-13s %-8s %s\n", rows[i].name, rows[i].value, rows[i].help);
    fprintf(to, "\nExit code: 0 every text arrived once and in order, and no client was closed; 1 otherwise;\n"
                "2 usage error; 3 not all clients logged in.\n");
}

static bool set(struct arguments *a, const struct row *row, const char *text)
{
    char *field = (char *)a + row->offset, *end;
    if (row->kind == TEXT) {
        *(const char **)(void *)field = text;
        return true;
    }
    if (row->kind == FLAG) {
        *(bool *)field = true;
        return true;
    }
    long v = strtol(text, &end, 10);
    if (!*text || *end || v < row->least || v > row->most) {
        fprintf(stderr, "chatload: --%s must be %ld..%ld (got %s)\n", row->name, row->least, row->most, text);
        return false;
    }
    *(int *)(void *)field = (int)v;
    return true;
}

static bool read_paces(struct load_options *o, const char *text)
{
    while (text && *text) {
        char *end;
        long v = strtol(text, &end, 10);
        if (end == text || (*end && *end != ',') || v < 1 || v > 1000000 || o->paced == PACED_MOST) {
            fprintf(stderr, "chatload: --paced must be at most %d numbers from 1 to 1000000\n", PACED_MOST);
            return false;
        }
        o->paced_kib[o->paced++] = (int)v;
        text = *end ? end + 1 : end;
    }
    return true;
}

static bool complete(struct arguments *a)
{
    struct load_options *o = &a->load;
    o->proto = proto_named(a->protocol);
    if (!o->proto) {
        fprintf(stderr, "chatload: unknown protocol %s\n", a->protocol);
        return false;
    }
    if (!read_paces(o, a->paced))
        return false;
    int port = a->port ? a->port : o->proto->port;
    o->server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, a->host, &o->server.sin_addr) != 1) {
        fprintf(stderr, "chatload: --host must be an IPv4 address (got %s)\n", a->host);
        return false;
    }
    if (o->storm)
        o->at_once = load_connections(o);
    if (o->proto->is_mute)
        o->senders = 1;
    if (!o->senders)
        o->senders = o->clients;
    if (!o->window && !o->rate && !o->burst)
        o->window = 64;
    return true;
}

static bool fits(const struct load_options *o)
{
    const char *wrong = NULL;
    if ((o->window > 0) + (o->rate > 0) + (o->burst > 0) != 1)
        wrong = "--window, --rate and --burst exclude each other";
    else if (o->rooms > o->clients || o->senders > o->clients)
        wrong = "there cannot be more rooms or senders than clients";
    else if (o->window && o->senders < o->rooms)
        wrong = "with --window, every room needs a sender";
    else if ((o->senders - 1) / o->rooms >= STAMP_ROOMS)
        wrong = "a room can have at most 65536 senders";
    else if (!o->proto->echoes && o->clients < 2 * o->rooms)
        wrong = "this protocol has no echo: every room needs at least two clients";
    else if ((size_t)o->length > o->proto->most)
        wrong = "the text is too long for this protocol";
    else if (o->paced && (o->rooms > 1 || o->loud || o->ask))
        wrong = "--paced is for one room, without --loud and --ask";
    else if (o->tls_version && !o->tls)
        wrong = "--tls-version needs --tls";
    else if (o->ws && !o->proto->ws.path)
        wrong = "--ws is for chat, irc, mqtt and nats";
    else if (o->proto->is_mute && !o->tls)
        wrong = "protocol none needs --tls";
    else if (o->ask && o->proto != &proto_chat)
        wrong = "only chatd has a history to query";
    if (wrong)
        fprintf(stderr, "chatload: %s\n", wrong);
    return !wrong;
}

static int read_options(struct arguments *a, int argc, char **argv)
{
    struct option longs[ROWS + 2] = {{0}};
    int c, at;
    for (size_t i = 0; i < ROWS; i++)
        longs[i] = (struct option){rows[i].name, rows[i].kind == FLAG ? no_argument : required_argument, NULL, 0};
    longs[ROWS] = (struct option){"help", no_argument, NULL, 'h'};
    while ((c = getopt_long(argc, argv, "h", longs, &at)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return PASSED;
        }
        if (c != 0 || !set(a, &rows[at], optarg)) {
            if (c != 0)
                usage(stderr);
            return USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "chatload: unexpected argument %s\n", argv[optind]);
        return USAGE;
    }
    return complete(a) && fits(&a->load) ? -1 : USAGE;
}

static void on_signal(int sig)
{
    load_stop();
    signal(sig, SIG_DFL);
}

int main(int argc, char **argv)
{
    static struct load_result result;
    struct arguments a = {
        .protocol = "chat",
        .host = "127.0.0.1",
        .load = {.clients = 100, .rooms = 1, .length = 64, .duration_s = 10, .warmup_s = 1, .at_once = 200,
                 .login_timeout_s = 60, .seed = 1},
    };
    int code = read_options(&a, argc, argv);
    if (code >= 0)
        return code;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (!load_run(&a.load, &result))
        return USAGE;
    if (a.json)
        report_json(&a.load, &result);
    else
        report_text(&a.load, &result);
    if (result.entered < load_connections(&a.load))
        return INCOMPLETE_LOGIN;
    return report_has_passed(&result) ? PASSED : FAILED;
}
