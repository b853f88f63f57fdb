/* SPDX-License-Identifier: ISC */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "tests/bench/tls.h"
#include "tests/bench/ws.h"

#include "base/buf.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One connection to the server: its socket, unsent output, and the start of an incomplete frame. */
enum client_state {
    CLIENT_NEW,
    CLIENT_CONNECTING,
    CLIENT_SHAKING, /* the handshake of TLS */
    CLIENT_GREETING,
    CLIENT_JOINING,
    CLIENT_IN,
    CLIENT_CLOSED
};

#define CLIENT_STOPS -1 /* .member of a client that stops reading once it has joined */
#define CLIENT_ASKS -2  /* .member of a client that sends queries */
#define CLIENT_WORDS 80
#define CLIENT_SMALL_BUFFER 4096 /* receive buffer of one that reads little, so that it fills soon */

struct client {
    enum client_state state;
    int fd;
    struct tls *tls; /* owns; NULL: in the clear */
    struct ws *ws;   /* owns; NULL: no WebSocket */
    int room;
    int member;      /* its index among the readers of its room, or one of the above */
    bool wants_out;  /* epoll also watches for space to send */
    bool is_dirty;   /* in the list of clients with output */
    struct buf out;  /* owns */
    size_t sent;     /* bytes of .out already sent; by WebSocket they are in .ws->wire */
    struct buf rest; /* owns; an incomplete frame */
    int64_t began_ns;
    int kib_s;       /* it reads at this pace; 0: as fast as it can */
    int64_t read_ns; /* and read last at this time */
    char *words;     /* owns; the last error from the server, or NULL */
};

/* The input buffer, one for all clients, large enough to read all that is available. */
#define INPUT_SIZE (512 * 1024)

struct input {
    char data[INPUT_SIZE];
    size_t len;
};

/* Starts to connect. A source of 0 is not bound; receive_buffer 0 keeps the system's default. 0, or -1 with errno. */
int client_connect(struct client *c, const struct sockaddr_in *to, struct in_addr source, int receive_buffer);

/* The result of connecting: 0 or an error number. */
int client_connected(struct client *c);

/* Reads what is available, at most so many bytes, behind the kept rest. 1: there is input; 0: nothing new; -1: the server has closed. */
int client_read(struct client *c, struct input *in, size_t most);

/* Keeps unused input for the next read. */
void client_keep(struct client *c, const char *p, size_t n);

/* Sends what the socket accepts. 1: some is left; 0: everything is sent; -1: the connection has ended. */
int client_send(struct client *c);

size_t client_unsent(const struct client *c);
void client_note_error(struct client *c, const char *words, size_t len);
void client_close(struct client *c);
void client_fini(struct client *c);

#endif
