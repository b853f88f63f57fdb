/* SPDX-License-Identifier: ISC */
/*
 * The phases of a run: all clients log in; silence; each says hello, if configured; warm-up; measurement; texts in
 * flight wait_for_arrival; the clients that stopped reading are read to their end.
 */
#include "config.h"

#include "tests/bench/engine.h"

#include "base/panic.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define PROGRESS_NS (SECOND / 4)
#define SILENCE_NS (SECOND / 5)
#define SILENCE_MOST_NS (20 * SECOND)
#define ARRIVAL_NS (3 * SECOND) /* no text for this long: missing ones are lost */
#define HELLO_RATE 2000
#define STOPPED_MS 3000 /* for reading all stopped clients to their end */

static volatile sig_atomic_t is_stopping;

void load_stop(void)
{
    is_stopping = 1;
}

/* ---- progress ---- */

static void show(const struct engine *e, const char *phase)
{
    static int64_t shown_ns;
    static uint64_t shown;
    static int on_terminal = -1;
    if (on_terminal < 0)
        on_terminal = isatty(STDERR_FILENO);
    if (!on_terminal || e->now_ns - shown_ns < PROGRESS_NS)
        return;
    double seconds = (double)(e->now_ns - shown_ns) / 1e9;
    fprintf(stderr, "\r%-10s %d of %d in, %d closed, %.0f deliveries/s, p99 %.3f ms   ", phase, e->entered,
            e->client_count, e->result->closed, (double)(e->arrived - shown) / seconds,
            (double)hist_at(&e->result->latency, 0.99) / 1e6);
    shown_ns = e->now_ns;
    shown = e->arrived;
}

static void show_end(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%78s\r", "");
}

/* One turn of the loop. False when the phase is over: its time is up, load_stop was called, or no client is left. */
static bool turn(struct engine *e, int64_t until_ns, const char *phase)
{
    if (is_stopping || e->now_ns >= until_ns || e->result->closed == e->o->clients)
        return false;
    int64_t next_ns = e->now_ns + PROGRESS_NS;
    engine_turn(e, next_ns < until_ns ? next_ns : until_ns);
    show(e, phase);
    return true;
}

/* ---- phases ---- */

static int64_t own_cpu(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* How long this thread was ready to run but had no core. */
static int64_t own_wait(void)
{
    long long ran, waited = 0;
    FILE *f = fopen("/proc/thread-self/schedstat", "re");
    if (f && fscanf(f, "%lld %lld", &ran, &waited) != 2)
        waited = 0;
    if (f)
        fclose(f);
    return waited;
}

struct edge {
    int64_t at_ns, own_cpu_ns, own_wait_ns, server_cpu_ns, machine_ns;
};

static struct edge edge(struct engine *e)
{
    e->now_ns = engine_clock();
    return (struct edge){e->now_ns, own_cpu(), own_wait(), e->o->pid ? proc_cpu_ns(e->o->pid) : -1, proc_machine_ns()};
}

static int64_t server_cpu(const struct edge *a, const struct edge *b)
{
    return a->server_cpu_ns < 0 || b->server_cpu_ns < 0 ? -1 : b->server_cpu_ns - a->server_cpu_ns;
}

static bool log_in_all(struct engine *e)
{
    struct load_result *r = e->result;
    struct edge from = edge(e);
    int64_t until_ns = from.at_ns + e->o->login_timeout_s * SECOND;
    e->login_ns = from.at_ns;
    login_more(e);
    while (!login_is_over(e) && turn(e, until_ns, "login"))
        ;
    r->login_ns = e->now_ns - e->login_ns;
    struct edge to = edge(e);
    r->login_own_cpu_ns = to.own_cpu_ns - from.own_cpu_ns;
    r->login_server_cpu_ns = server_cpu(&from, &to);
    r->entered = e->entered;
    return e->entered == e->client_count;
}

/* Reads the announcements of clients that joined later, before the load begins. */
static void wait_for_silence(struct engine *e)
{
    int64_t until_ns = e->now_ns + SILENCE_MOST_NS;
    struct pollfd p = {.fd = e->epoll_fd, .events = POLLIN};
    while (!is_stopping && e->now_ns < until_ns) {
        engine_turn(e, e->now_ns + SECOND / 100);
        if (poll(&p, 1, (int)(SILENCE_NS / 1000000)) == 0)
            break;
        e->now_ns = engine_clock();
    }
    e->now_ns = engine_clock();
}

static void wait_for_arrival(struct engine *e)
{
    e->arrived_ns = e->now_ns;
    while (e->arrived < e->due && e->now_ns - e->arrived_ns < ARRIVAL_NS && turn(e, INT64_MAX, "arriving"))
        ;
}

static void hello(struct engine *e)
{
    e->talk_ns = e->now_ns;
    e->main = (struct pacer){.start_ns = e->now_ns, .rate = HELLO_RATE, .most = e->o->senders};
    while (e->main.said < e->main.most && turn(e, INT64_MAX, "hello"))
        ;
    e->main.rate = 0;
    wait_for_arrival(e);
}

static void begin_talk(struct engine *e)
{
    const struct load_options *o = e->o;
    if (e->talk_ns == INT64_MAX)
        e->talk_ns = e->now_ns;
    e->with_window = o->window > 0;
    e->main = (struct pacer){.start_ns = e->now_ns, .rate = o->rate, .most = -1};
    e->asks.pacer = (struct pacer){.start_ns = e->now_ns, .rate = o->ask, .most = -1};
    if (o->window)
        traffic_fill_all(e);
}

static void begin_measure(struct engine *e)
{
    const struct load_options *o = e->o;
    e->measure_ns = e->now_ns;
    e->is_measuring = true;
    e->slots = panic_calloc((unsigned long)(o->duration_s * SLOTS_A_SECOND), sizeof *e->slots);
    e->loud = (struct pacer){.start_ns = e->now_ns, .rate = o->loud, .most = -1};
    if (o->burst) {
        e->burst_left = o->burst;
        traffic_burst(e, e->clients);
        engine_mark(e, e->clients);
    }
}

static void take_measures(struct load_result *r, const struct edge *a, const struct edge *b)
{
    r->measured_ns = b->at_ns - a->at_ns;
    r->own_cpu_ns = b->own_cpu_ns - a->own_cpu_ns;
    r->own_wait_ns = b->own_wait_ns - a->own_wait_ns;
    r->machine_cpu_ns = b->machine_ns - a->machine_ns;
    r->server_cpu_ns = server_cpu(a, b);
}

static void talk(struct engine *e)
{
    const struct load_options *o = e->o;
    begin_talk(e);
    int64_t until_ns = e->now_ns + (o->burst ? 0 : o->warmup_s * SECOND);
    while (turn(e, until_ns, "warm-up"))
        ;
    struct edge from = edge(e);
    begin_measure(e);
    until_ns = from.at_ns + o->duration_s * SECOND;
    while ((!o->burst || e->burst_left || e->arrived < e->due) && turn(e, until_ns, "measured"))
        ;
    bool was_cut = is_stopping || (o->burst && e->burst_left);
    struct edge to = edge(e);
    if (o->burst && e->arrived == e->due)
        to.at_ns = e->arrived_ns;
    take_measures(e->result, &from, &to);
    e->is_measuring = e->with_window = false;
    e->main.rate = e->loud.rate = e->asks.pacer.rate = e->burst_left = 0;
    wait_for_arrival(e);
    e->result->is_complete = !was_cut;
}

/* ---- dips of the throughput ---- */

static int compare_slots(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Time with less than half of the usual throughput, which is the median. */
static void find_dips(struct engine *e)
{
    struct load_result *r = e->result;
    int n = (int)(r->measured_ns / SLOT_NS), most = e->o->duration_s * SLOTS_A_SECOND, run = 0, longest = 0, all = 0;
    if (n > most)
        n = most;
    if (n < 3)
        return;
    uint32_t *sorted = panic_calloc((unsigned long)n, sizeof *sorted);
    memcpy(sorted, e->slots, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_slots);
    uint32_t usual = sorted[n / 2];
    free(sorted);
    for (int i = 0; i < n; i++) {
        run = e->slots[i] < usual / 2 ? run + 1 : 0;
        all += run > 0;
        longest = run > longest ? run : longest;
    }
    r->dips_ns = all * SLOT_NS;
    r->longest_dip_ns = longest * SLOT_NS;
}

/* ---- the clients that stopped reading ---- */

/* Reads to the end of input. True if the server had closed. */
static bool read_to_end(struct client *c, struct input *in, int64_t until_ns)
{
    for (;;) {
        int64_t left_ms = (until_ns - engine_clock()) / 1000000;
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (left_ms < 0 || poll(&p, 1, (int)left_ms) <= 0)
            return false;
        int came = client_read(c, in, INPUT_SIZE);
        if (came < 0)
            return true;
        if (came == 0)
            continue;
        const char *end = in->data + in->len, *line = memrchr(in->data, '\n', in->len - 1);
        line = line ? line + 1 : in->data;
        client_keep(c, line, (size_t)(end - line) < CLIENT_WORDS ? (size_t)(end - line) : 0);
    }
}

static void read_stopped(struct engine *e)
{
    int64_t until_ns = engine_clock() + STOPPED_MS * 1000000LL;
    for (int i = e->client_count - e->o->stopped; i < e->client_count; i++) {
        struct client *c = &e->clients[i];
        if (c->fd < 0 || !read_to_end(c, &e->input, until_ns))
            continue;
        const char *words = buf_text(&c->rest);
        char line[CLIENT_WORDS];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(words, "\r\n"), words);
        e->result->stopped_closed++;
        engine_count_words(&e->result->stopped_words, strchr(words, '\n') ? line : "cut off");
    }
}

/* ---- the whole run ---- */

static void mix_speakers(struct engine *e)
{
    int n = e->o->senders;
    uint64_t x = (uint64_t)e->o->seed * 2 + 1;
    e->speakers = panic_calloc((unsigned long)n, sizeof *e->speakers);
    for (int i = 0; i < n; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        int j = (int)((x >> 33) % (uint64_t)(i + 1));
        e->speakers[i] = e->speakers[j];
        e->speakers[j] = i;
    }
}

static void check_all(struct engine *e)
{
    bool *counts = panic_calloc((unsigned long)e->client_count, sizeof *counts);
    for (int i = 0; i < e->room_count; i++) {
        struct room *r = &e->rooms[i];
        for (int m = 0; m < r->check.members; m++)
            counts[m] = e->clients[r->first + m * r->step].state == CLIENT_IN;
        check_finish(&r->check, counts, &e->result->check);
    }
    free(counts);
}

static void measure_memory(const struct engine *e, struct proc_memory *m)
{
    if (!e->o->pid || proc_memory(e->o->pid, m) != 0)
        *m = (struct proc_memory){0};
}

static bool raise_descriptors(int clients)
{
    struct rlimit rl;
    rlim_t need = (rlim_t)clients + 64;
    if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= need)
        return true;
    struct rlimit more = {need, rl.rlim_max > need ? rl.rlim_max : need};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0)
        return true;
    fprintf(stderr, "chatload: %d clients need %lu descriptors; raise the limit (ulimit -Hn)\n", clients,
            (unsigned long)need);
    return false;
}

static void run_phases(struct engine *e)
{
    struct load_result *r = e->result;
    measure_memory(e, &r->memory_before);
    if (!log_in_all(e))
        return;
    if (e->proto->is_mute) {
        r->is_complete = true;
        return;
    }
    wait_for_silence(e);
    if (e->o->hello)
        hello(e);
    measure_memory(e, &r->memory_in);
    uint64_t arrived = e->arrived;
    int64_t switches = e->o->pid ? proc_switches(e->o->pid) : -1;
    e->now_ns = engine_clock();
    talk(e);
    r->switches = switches < 0 ? -1 : proc_switches(e->o->pid) - switches;
    r->all_delivered = e->arrived - arrived;
    measure_memory(e, &r->memory_after);
    find_dips(e);
    read_stopped(e);
    check_all(e);
}

bool load_run(const struct load_options *o, struct load_result *r)
{
    struct engine *e = panic_calloc(1, sizeof *e);
    *r = (struct load_result){.server_cpu_ns = -1, .login_server_cpu_ns = -1, .switches = -1};
    prctl(PR_SET_TIMERSLACK, 1);
    bool began =
        (!o->tls || tls_init(o->tls_version)) && raise_descriptors(load_connections(o)) && engine_init(e, o, r);
    if (began) {
        mix_speakers(e);
        run_phases(e);
        show_end();
        engine_fini(e);
    }
    if (o->tls)
        tls_fini();
    free(e);
    return began;
}
