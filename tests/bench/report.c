/* SPDX-License-Identifier: ISC */
/* The figures of a run, computed once and printed as text or as JSON. */
#include "config.h"

#include "tests/bench/report.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define BUSY_LIMIT 0.9   /* above this share of a core, the generator is the limit */
#define OTHERS_LIMIT 0.1 /* above this share of a core, other processes disturb the run */

struct figures {
    double seconds, said_s, delivered_s;
    double busy, waited; /* shares of the generator's time */
    double ceiling_s;    /* deliveries/s at which it would be fully busy */
    double cpu_us, cores, switches; /* of the server, per delivery; -1: unknown */
    double others; /* cores used by neither the server nor the generator; -1: unknown */
    double client_kib, quiet_kib;
    double login_busy, login_cpu_us; /* during the logins; of the server -1: unknown */
    double handshakes_s;
    struct utsname system;
};

static double per(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static struct figures work_out(const struct load_options *o, const struct load_result *r)
{
    struct figures f = {.login_cpu_us = -1, .cpu_us = -1, .cores = -1, .switches = -1, .others = -1};
    int clients = load_connections(o);
    uname(&f.system);
    f.seconds = (double)r->measured_ns / 1e9;
    f.said_s = per((double)r->said, f.seconds);
    f.delivered_s = per((double)r->delivered, f.seconds);
    f.busy = per((double)r->own_cpu_ns, (double)r->measured_ns);
    f.waited = per((double)r->own_wait_ns, (double)r->measured_ns);
    f.ceiling_s = per(f.delivered_s, f.busy);
    if (r->server_cpu_ns >= 0) {
        f.cpu_us = per((double)r->server_cpu_ns / 1e3, (double)r->delivered);
        f.cores = per((double)r->server_cpu_ns, (double)r->measured_ns);
        f.others = per((double)(r->machine_cpu_ns - r->server_cpu_ns - r->own_cpu_ns), (double)r->measured_ns);
    }
    if (r->switches >= 0)
        f.switches = per((double)r->switches, (double)r->all_delivered);
    f.quiet_kib = per((double)(r->memory_in.resident_kib - r->memory_before.resident_kib), clients);
    f.client_kib = per((double)(r->memory_after.peak_kib - r->memory_before.resident_kib), clients);
    f.login_busy = per((double)r->login_own_cpu_ns, (double)r->login_ns);
    if (r->login_server_cpu_ns >= 0)
        f.login_cpu_us = per((double)r->login_server_cpu_ns / 1e3, r->entered);
    f.handshakes_s = per(r->handshakes, (double)r->handshakes_ns / 1e9);
    return f;
}

static double ms(int64_t ns)
{
    return (double)ns / 1e6;
}

bool report_has_passed(const struct load_result *r)
{
    const struct check_totals *c = &r->check;
    return r->is_complete && !r->closed && !c->lost && !c->doubled && !c->disordered && !c->damaged && !c->orders;
}

/* ---- for people ---- */

static void print_words(const char *what, const struct words *w)
{
    for (int i = 0; i < w->n; i++)
        printf("%-12s%d × \"%s\"\n", what, w->kinds[i].count, w->kinds[i].text);
}

static void print_latency(const char *what, const struct hist *h)
{
    printf("%-12sp50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f ms\n", what, ms(hist_at(h, 0.5)),
           ms(hist_at(h, 0.9)), ms(hist_at(h, 0.99)), ms(hist_at(h, 0.999)), ms(h->most_ns));
}

/* One line for each power of two, with a bar as long as its share. */
static void print_histogram(const struct hist *h)
{
    static const char bar[] = "########################################";
    for (int bit = 10; bit < HIST_TOP_BITS; bit++) {
        unsigned from = bit == 10 ? 0 : hist_bucket(1LL << bit), to = hist_bucket((1LL << (bit + 1)) - 1);
        uint64_t n = 0;
        for (unsigned b = from; b <= to; b++)
            n += h->buckets[b];
        double share = per((double)n, (double)h->count);
        if (n)
            printf("%12s< %9.3f ms  %6.2f %% %.*s\n", "", ms(1LL << (bit + 1)), 100 * share,
                   (int)(share * (sizeof bar - 1) + 0.5), bar);
    }
}

static void print_load(const struct load_options *o, const struct figures *f)
{
    printf("chatload    %s on %s %s %s\n", o->proto->name, f->system.sysname, f->system.release, f->system.machine);
    printf("load        %d clients, %d rooms, %d senders, %d bytes", o->clients, o->rooms, o->senders, o->length);
    if (o->window)
        printf(", %d in flight a room", o->window);
    if (o->rate)
        printf(", %d texts/s", o->rate);
    if (o->burst)
        printf(", a burst of %d", o->burst);
    if (o->stopped)
        printf(", %d stop reading", o->stopped);
    if (o->stopped_kib)
        printf(" (they read %d KiB/s)", o->stopped_kib);
    for (int i = 0; i < o->paced; i++)
        printf("%s%d KiB/s", i ? ", " : ", more read at ", o->paced_kib[i]);
    if (o->loud)
        printf(", a loud room at %d texts/s", o->loud);
    printf("\n");
}

static void print_login(const struct load_options *o, const struct load_result *r, const struct figures *f)
{
    printf("login       %d of %d in %.2f s; each p50 %.1f, p99 %.1f, max %.1f ms\n", r->entered, load_connections(o),
           (double)r->login_ns / 1e9, ms(hist_at(&r->login, 0.5)), ms(hist_at(&r->login, 0.99)), ms(r->login.most_ns));
    printf("            generator busy %.0f %%", 100 * f->login_busy);
    if (f->login_cpu_us >= 0)
        printf("; server %.0f µs CPU a client", f->login_cpu_us);
    printf("\n");
    if (o->tls)
        printf("handshakes  %d, %.0f/s; %s\n", r->handshakes, f->handshakes_s, r->tls);
}

static void print_server(const struct load_result *r, const struct figures *f)
{
    if (f->cpu_us >= 0)
        printf("server      %.3f µs CPU a delivery, %.0f %% of a core; %.4f context switches a delivery\n", f->cpu_us,
               100 * f->cores, f->switches);
    if (r->memory_in.resident_kib)
        printf("memory      %ld KiB before, %ld with all logged in (%.1f a client), %ld at the peak (%.1f a client); "
               "%ld threads\n",
               r->memory_before.resident_kib, r->memory_in.resident_kib, f->quiet_kib, r->memory_after.peak_kib,
               f->client_kib, r->memory_after.threads);
}

static void print_generator(const struct load_options *o, const struct load_result *r, const struct figures *f)
{
    printf("generator   busy %.0f %%, waited for a core %.0f %%, could take %.0f deliveries/s%s\n", 100 * f->busy,
           100 * f->waited, f->ceiling_s,
           f->busy > BUSY_LIMIT ? "; IT WAS THE LIMIT: the server may do more" : "");
    if (f->others > OTHERS_LIMIT)
        printf("disturbed   other processes, or the host of this machine, used %.0f %% of a core\n",
               100 * f->others);
    if (o->rate)
        print_latency("sent late", &r->late);
    if (o->ask) {
        printf("queries     %lu HISTORY, %lu SEARCH; %lu incomplete answers, %lu not sent\n",
               (unsigned long)r->history.count, (unsigned long)r->search.count, (unsigned long)r->part,
               (unsigned long)r->unasked);
        print_latency("  HISTORY", &r->history);
        print_latency("  SEARCH", &r->search);
    }
}

void report_text(const struct load_options *o, const struct load_result *r)
{
    struct figures f = work_out(o, r);
    const struct check_totals *c = &r->check;
    print_load(o, &f);
    print_login(o, r, &f);
    if (o->proto->is_mute) {
        print_words("closed", &r->closed_words);
        return;
    }
    printf("throughput  %.0f texts/s in, %.0f deliveries/s out, over %.2f s\n", f.said_s, f.delivered_s, f.seconds);
    printf("dips        below half of the usual throughput for %.1f s in all, the longest %.1f s\n",
           (double)r->dips_ns / 1e9, (double)r->longest_dip_ns / 1e9);
    print_latency("latency", &r->latency);
    print_histogram(&r->latency);
    print_server(r, &f);
    print_generator(o, r, &f);
    printf("checked     %lu lost, %lu doubled, %lu out of order, %lu damaged; %lu members saw another order%s\n",
           (unsigned long)c->lost, (unsigned long)c->doubled, (unsigned long)c->disordered, (unsigned long)c->damaged,
           (unsigned long)c->orders, o->proto->echoes ? "" : " (of those that only read)");
    printf("closed      %d clients", r->closed);
    if (o->stopped)
        printf("; of %d that stopped reading: %d", o->stopped, r->stopped_closed);
    printf("\n");
    print_words("  words", &r->closed_words);
    print_words("  stopped", &r->stopped_words);
    print_words("errors", &r->complaints);
    if (!r->is_complete)
        printf("INCOMPLETE: the load did not run to its end\n");
    else if (!report_has_passed(r))
        printf("FAILED\n");
}

/* ---- for machines ---- */

static void put_text(const char *key, const char *text)
{
    printf("  \"%s\": \"", key);
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    }
    printf("\",\n");
}

static void put_number(const char *key, double v)
{
    printf("  \"%s\": %.10g,\n", key, v);
}

static void put_latency(const char *key, const struct hist *h)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}, {"max", 1}};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
        printf("  \"%s_%s_ms\": %.6f,\n", key, points[i].name, ms(hist_at(h, points[i].share)));
}

static void put_words(const char *key, const struct words *w)
{
    char text[WORDS_KINDS * 96] = "";
    for (int i = 0; i < w->n; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%d %s", i ? "; " : "", w->kinds[i].count, w->kinds[i].text);
    }
    put_text(key, text);
}

static void put_load(const struct load_options *o, const struct figures *f)
{
    put_text("protocol", o->proto->name);
    put_text("kernel", f->system.release);
    put_number("clients", o->clients);
    put_number("rooms", o->rooms);
    put_number("senders", o->senders);
    put_number("length", o->length);
    put_number("window", o->window);
    put_number("rate", o->rate);
    put_number("burst", o->burst);
    put_number("stopped", o->stopped);
    put_number("loud", o->loud);
}

static void put_server(const struct load_result *r, const struct figures *f)
{
    put_number("cpu_us_per_delivery", f->cpu_us);
    put_number("server_cores", f->cores);
    put_number("switches_per_delivery", f->switches);
    put_number("resident_before_kib", (double)r->memory_before.resident_kib);
    put_number("resident_in_kib", (double)r->memory_in.resident_kib);
    put_number("resident_peak_kib", (double)r->memory_after.peak_kib);
    put_number("kib_per_client", f->quiet_kib);
    put_number("peak_kib_per_client", f->client_kib);
    put_number("threads", (double)r->memory_after.threads);
}

static void put_checks(const struct load_result *r)
{
    put_number("lost", (double)r->check.lost);
    put_number("doubled", (double)r->check.doubled);
    put_number("disordered", (double)r->check.disordered);
    put_number("damaged", (double)r->check.damaged);
    put_number("other_orders", (double)r->check.orders);
    put_number("strays", (double)r->strays);
    put_number("closed", r->closed);
    put_words("closed_words", &r->closed_words);
    put_number("stopped_closed", r->stopped_closed);
    put_words("stopped_words", &r->stopped_words);
    put_words("complaints", &r->complaints);
}

void report_json(const struct load_options *o, const struct load_result *r)
{
    struct figures f = work_out(o, r);
    printf("{\n");
    put_load(o, &f);
    put_number("entered", r->entered);
    put_number("login_s", (double)r->login_ns / 1e9);
    put_latency("login", &r->login);
    put_number("login_generator_busy", f.login_busy);
    put_number("login_cpu_us_per_client", f.login_cpu_us);
    if (o->tls) {
        put_number("handshakes_per_s", f.handshakes_s);
        put_text("tls", r->tls);
    }
    put_number("seconds", f.seconds);
    put_number("said_per_s", f.said_s);
    put_number("deliveries_per_s", f.delivered_s);
    put_number("deliveries", (double)r->delivered);
    put_number("dips_s", (double)r->dips_ns / 1e9);
    put_number("longest_dip_s", (double)r->longest_dip_ns / 1e9);
    put_latency("latency", &r->latency);
    put_latency("late", &r->late);
    put_number("ask", o->ask);
    put_number("asked_history", (double)r->history.count);
    put_latency("history", &r->history);
    put_number("asked_search", (double)r->search.count);
    put_latency("search", &r->search);
    put_number("answers_not_whole", (double)r->part);
    put_number("unasked", (double)r->unasked);
    put_server(r, &f);
    put_number("generator_busy", f.busy);
    put_number("generator_waited", f.waited);
    put_number("others_cores", f.others);
    put_number("generator_ceiling_per_s", f.ceiling_s);
    put_checks(r);
    printf("  \"generator_was_limit\": %s,\n", f.busy > BUSY_LIMIT ? "true" : "false");
    printf("  \"complete\": %s,\n", r->is_complete ? "true" : "false");
    printf("  \"well\": %s\n}\n", report_has_passed(r) ? "true" : "false");
}
