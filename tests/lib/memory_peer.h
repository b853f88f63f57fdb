/* SPDX-License-Identifier: ISC */
#ifndef TESTS_LIB_MEMORY_PEER_H
#define TESTS_LIB_MEMORY_PEER_H

#include "base/buf.h"
#include "net/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A TLS stream of chatd over a pipe in memory, and a client at its other end: no sockets and no threads. The pipe cuts
 * what passes in both directions at any byte, by a generator with a seed. The test is reader and drainer in turn. When
 * a read finds the pipe empty, it calls `.idle`, which may give the peer a chance to act; if there is still nothing, the
 * input has ended. By OpenSSL.
 */
struct memory_peer {
    struct stream bottom;     /* first */
    struct stream *top;       /* the TLS stream; owns the bottom */
    void *ssl;                /* owns: the client's SSL */
    struct buf to_chatd;      /* bytes on their way */
    struct buf to_peer;       /* all that chatd has ever sent */
    size_t seen;              /* how much of it the client's SSL was given */
    size_t acked;             /* what stream_acknowledged of the bottom says */
    struct buf heard;         /* the text that the client has read */
    bool has_greeted;
    bool peer_ended;          /* it has read a close_notify */
    void (*idle)(struct memory_peer *mp);
    uint64_t seed;
    size_t most;              /* of one read or write; 0: a write that may not block finds no space */
    bool never_full;          /* no write finds the pipe full */
    bool never_cuts;          /* all that is there passes at once */
    int shuts;
};

/* Makes a key and a certificate, and puts them in force (tls_use) with these limits. Once in each program. */
void memory_peer_keys(int handshake_ms, bool client_certificates);
void memory_peer_no_keys(void);

/* `version`: "1.2", "1.3". */
void memory_peer_init(struct memory_peer *mp, const char *version, uint64_t seed);
void memory_peer_fini(struct memory_peer *mp);

/* An idle function: has chatd send what it holds, and the client read it, shake hands and send what it has to. */
void memory_peer_act(struct memory_peer *mp);
/* The same for the client only, which gets at most the first `upto` bytes that chatd has sent. */
void memory_peer_read(struct memory_peer *mp, size_t upto);

/* The client sends text, a KeyUpdate that asks for another, or a close_notify. */
void memory_peer_say(struct memory_peer *mp, const void *text, size_t n);
void memory_peer_update_key(struct memory_peer *mp);
void memory_peer_end(struct memory_peer *mp);
/* The same for a client that may be in no state to do so; false: it is not. */
bool memory_peer_try_say(struct memory_peer *mp, const void *text, size_t n);
bool memory_peer_try_update_key(struct memory_peer *mp);

/* Performs the handshake, and chatd reads "hello", which the client says then. False: it has failed. */
bool memory_peer_shake(struct memory_peer *mp);

#endif
