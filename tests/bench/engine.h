/* SPDX-License-Identifier: ISC */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "tests/bench/client.h"
#include "tests/bench/load.h"

/*
 * Shared by the files of the generator: the loop (engine.c), logins (login.c), the traffic (traffic.c), the queries
 * (ask.c) and the phases (load.c). One thread.
 */
struct room {
    char name[16];
    struct check check;
    int step, first; /* member m is client number first + m * step */
    int gone;        /* members that were closed */
    int in_flight;   /* with a window: texts that their witness has not seen yet */
    int turn;        /* the next sender */
};

/* Text k of a schedule is due at start + k / rate. */
struct pacer {
    int64_t start_ns;
    int64_t said;
    int64_t most; /* texts in total, -1: no limit */
    int rate;     /* texts per second; 0: silent */
};

/* A client that sends queries: those without an answer yet, in order. */
#define ASKER_OPEN 64
#define SLOTS_A_SECOND 10
#define SLOT_NS (1000000000LL / SLOTS_A_SECOND)

struct asker {
    int at, n;
    int64_t due_ns[ASKER_OPEN];
    bool is_search[ASKER_OPEN];
};

struct asks {
    struct asker askers[ASKERS];
    struct pacer pacer;
    int first; /* index of the first asking client */
    uint64_t random;
};

struct engine {
    const struct load_options *o;
    const struct proto *proto;
    struct load_result *result;
    struct input input;

    struct client *clients; /* owns; the readers, the sender of the loud room, the askers, the stopped ones */
    int client_count;
    struct room *rooms; /* owns; the loud one is the last */
    int room_count;
    int loud_room; /* -1: none */

    int epoll_fd, timer_fd;
    int64_t armed_ns; /* when the timer expires; 0: not set */
    int64_t now_ns;

    struct client **dirty; /* owns; clients with new output */
    int dirty_count;

    /* logins */
    int begun, entered, failed;
    int64_t login_ns; /* when the first began */

    /* traffic */
    struct client **paced; /* owns; those that read at a pace */
    int paced_count;
    int64_t paced_ns; /* their next tick */

    int *speakers; /* owns; senders in the order of the schedule */
    struct pacer main, loud;
    struct asks asks;
    bool with_window; /* a text that reaches its witness lets the next one be sent */
    int burst_left;
    int64_t talk_ns;    /* when the traffic began; INT64_MAX before */
    int64_t measure_ns; /* texts due from then on are measured; INT64_MAX: none */
    bool is_measuring;
    uint32_t *slots; /* owns; texts that arrived in each slot of the measured time */
    uint64_t due, arrived; /* all texts, all rooms */
    int64_t arrived_ns;    /* when the last one arrived */
};

int64_t engine_clock(void);
bool engine_init(struct engine *e, const struct load_options *o, struct load_result *r);
void engine_fini(struct engine *e);

/* Handles pending events, waiting for some until until_ns at most. */
void engine_turn(struct engine *e, int64_t until_ns);

/* The server has closed the connection, or the client is abandoned. */
void engine_lose(struct engine *e, struct client *c, const char *why);
void engine_watch(struct engine *e, struct client *c, bool out);
void engine_mark(struct engine *e, struct client *c);
void engine_count_words(struct words *w, const char *text);

/* Reads at most so many bytes, and handles what came. */
void engine_read(struct engine *e, struct client *c, size_t most);

/* paced.c: the size of such a client's receive buffer; it has joined; when any of them reads next, INT64_MAX: never; reads
 * what is due. */
int paced_buffer(const struct client *c);
void paced_begin(struct engine *e, struct client *c);
int64_t paced_next_ns(const struct engine *e);
void paced_read(struct engine *e);

/* login.c: starts logins up to the limit of those in progress; continues one whose socket is connected, or whose
 * handshake has begun. */
void login_more(struct engine *e);
void login_connected(struct engine *e, struct client *c);
void login_shake(struct engine *e, struct client *c);
/* The server has accepted the login; the client has joined its room. */
void login_welcome(struct engine *e, struct client *c);
void login_done(struct engine *e, struct client *c);
bool login_is_over(const struct engine *e);

/* ask.c: sends the queries that are due; handles the end of an answer. */
void ask_pace(struct engine *e);
void ask_answered(struct engine *e, const struct client *c, const struct frame *f);

/* traffic.c */
int64_t traffic_due_ns(const struct pacer *p);   /* when its next text is due, INT64_MAX: never */
void traffic_pace(struct engine *e);            /* sends the texts that are due */
int64_t traffic_next_ns(const struct engine *e); /* when any text is due next, INT64_MAX: never */
void traffic_fill(struct engine *e, struct room *r);
void traffic_fill_all(struct engine *e);
void traffic_burst(struct engine *e, struct client *c);
/* A text arrived at a member for the first time. */
void traffic_arrived(struct engine *e, struct room *r, const struct client *c, const struct stamp *st);

#endif
