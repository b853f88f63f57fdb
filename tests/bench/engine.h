/* SPDX-License-Identifier: ISC */
#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include "tests/bench/client.h"
#include "tests/bench/load.h"

/*
 * What the files of the load share: the loop (engine.c), getting in (login.c), who talks when (traffic.c) and the
 * phases (load.c). One thread.
 */
struct room {
    char name[16];
    struct check check;
    int step, first; /* member m is client first + m * step */
    int in_flight;   /* with a window: texts whose witness has not seen them */
    int turn;        /* the sender who is next */
};

/* Text k of a schedule is due at start + k / rate. */
struct pacer {
    int64_t start_ns;
    int64_t said;
    int64_t most; /* texts in all, -1: no end */
    int rate;     /* a second; 0: silent */
};

/* Who asks: what is still to be answered, in order. */
#define ASKER_OPEN 64

struct asker {
    int at, n;
    int64_t due_ns[ASKER_OPEN];
    bool is_search[ASKER_OPEN];
};

struct asks {
    struct asker askers[ASKERS];
    struct pacer pacer;
    int first; /* client */
    uint64_t random;
};

struct engine {
    const struct load_options *o;
    const struct proto *proto;
    struct load_result *result;
    struct input input;

    struct client *clients; /* owns; the readers, the one who talks in the loud room, the askers, the stopped ones */
    int client_count;
    struct room *rooms; /* owns; the loud one is the last */
    int room_count;
    int loud_room; /* -1: none */

    int epoll_fd, timer_fd;
    int64_t armed_ns; /* when the timer fires, 0: not set */
    int64_t now_ns;

    struct client **dirty; /* owns; who has something new to send */
    int dirty_count;

    /* getting in */
    int begun, entered, failed;

    /* talking */
    int *speakers; /* owns; senders in the order in which a schedule has them talk */
    struct pacer main, loud;
    struct asks asks;
    bool with_window; /* who sees its text come back says the next one */
    int burst_left;
    int64_t talk_ns;    /* when the talking began; INT64_MAX before */
    int64_t measure_ns; /* texts due from here on are measured; INT64_MAX: none */
    bool is_measuring;
    uint64_t due, arrived; /* all texts, all rooms */
    int64_t arrived_ns;    /* when the last came */
};

int64_t engine_clock(void);
bool engine_init(struct engine *e, const struct load_options *o, struct load_result *r);
void engine_fini(struct engine *e);

/* Handles what there is, or waits for it, at most until then. */
void engine_turn(struct engine *e, int64_t until_ns);

/* The server has closed, or we give the client up. */
void engine_lose(struct engine *e, struct client *c, const char *why);
void engine_watch(struct engine *e, struct client *c, bool out);
void engine_mark(struct engine *e, struct client *c);
void engine_count_words(struct words *w, const char *text);

/* login.c: begins more log-ins, as many as may be on their way; handles one whose socket is connected. */
void login_more(struct engine *e);
void login_connected(struct engine *e, struct client *c);
/* The server knows us; we are in. */
void login_welcome(struct engine *e, struct client *c);
void login_done(struct engine *e, struct client *c);
bool login_is_over(const struct engine *e);

/* ask.c: asks what is due; the end of an answer came. */
void ask_pace(struct engine *e);
void ask_answered(struct engine *e, const struct client *c, const struct frame *f);

/* traffic.c */
int64_t traffic_due_ns(const struct pacer *p);   /* when it has the next to say, INT64_MAX: never */
void traffic_pace(struct engine *e);            /* says what is due */
int64_t traffic_next_ns(const struct engine *e); /* when there is more to say, INT64_MAX: never */
void traffic_fill(struct engine *e, struct room *r);
void traffic_fill_all(struct engine *e);
void traffic_burst(struct engine *e, struct client *c);
/* A text came to a member for the first time. */
void traffic_arrived(struct engine *e, struct room *r, const struct client *c, const struct stamp *st);

#endif
