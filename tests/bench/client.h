/* SPDX-License-Identifier: ISC */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "base/buf.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One connection to the server: its socket, what it has not sent yet and the start of a frame that came in part. */
enum client_state { CLIENT_NEW, CLIENT_CONNECTING, CLIENT_GREETING, CLIENT_JOINING, CLIENT_IN, CLIENT_CLOSED };

#define CLIENT_STOPS -1 /* .member of one that stops reading once it is in */
#define CLIENT_ASKS -2  /* of one that asks */
#define CLIENT_WORDS 80

struct client {
    enum client_state state;
    int fd;
    int room;
    int member;      /* its place among those of the room who read; or one of these */
    bool wants_out;  /* epoll tells when the socket takes more */
    bool is_dirty;   /* in the list of those who have something to send */
    struct buf out;  /* owns */
    size_t sent;     /* bytes of .out that the socket has taken */
    struct buf rest; /* owns; input that is no whole frame yet */
    int64_t began_ns;
    char *words;     /* owns; the last complaint of the server, or NULL */
};

/* Where input is read to, one for all clients: big, so that a read takes all that waits. */
#define INPUT_SIZE (512 * 1024)

struct input {
    char data[INPUT_SIZE];
    size_t len;
};

/* Begins to connect; the source is bound unless its address is 0; receive_buffer 0 leaves the system's own.
 * -1 with errno. */
int client_connect(struct client *c, const struct sockaddr_in *to, struct in_addr source, int receive_buffer);

/* How connecting ended: 0 or an error number. */
int client_connected(struct client *c);

/* Reads what waits, behind the rest of last time. 1: there is input; 0: nothing came; -1: the server has closed. */
int client_read(struct client *c, struct input *in);

/* Keeps what was not used of the input for the next read. */
void client_keep(struct client *c, const char *p, size_t n);

/* Sends what the socket takes. 1: some is left; 0: all is sent; -1: the connection is gone. */
int client_send(struct client *c);

size_t client_unsent(const struct client *c);
void client_complain(struct client *c, const char *words, size_t len);
void client_close(struct client *c);
void client_fini(struct client *c);

#endif
