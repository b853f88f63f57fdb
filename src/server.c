/* SPDX-License-Identifier: ISC */
/*
 * Every module is started and stopped here and nowhere else.
 * Modules start in the order of their dependencies: whatever a thread may touch exists before the thread does.
 */
#include "config.h"

#include "server.h"

#include "base/log.h"
#include "base/panic.h"
#include "base/paths.h"
#include "chat/accounts.h"
#include "chat/bans.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/moderation.h"
#include "chat/reached.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/search.h"
#include "chat/space.h"
#include "chat/unused.h"
#include "chat/users.h"
#include "certificates.h"
#include "conf_apply.h"
#include "conf_choose.h"
#include "ctl/admin.h"
#include "machine.h"
#include "motd.h"
#include "net/keeper.h"
#include "net/pool.h"
#include "net/proxies.h"
#include "net/refuse.h"
#include "net/tls.h"
#include "net/workers.h"
#include "ports.h"
#include "proto/irc.h"
#include "serve/about.h"
#include "serve/clients.h"
#include "serve/protocols.h"
#include "serve/reader.h"
#include "serve/reload.h"
#include "serve/resumable.h"
#include "serve/web.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEAN_UP_MS (3600 * 1000)

/* Locking key: L by .reload_lock · c constant after server_start */
static struct {
    struct server_options options; /* c, but for .conf_file, L */
    struct lock reload_lock;
    struct conf conf;              /* L: the values in force */
    _Atomic int64_t clean_up_at_ms; /* set by the keeper; a reload sets it to 0 */
} server = {.reload_lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_RELOAD}};

static void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "chatd: ");
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
}

/* ---- configuration ---- */

/* IRC clients take a source with a dot in it for a server. */
static void name_irc(const struct conf *c)
{
    char host[IRC_NAME_SIZE - sizeof "chatd."] = "", full[IRC_NAME_SIZE];
    if (gethostname(host, sizeof host - 1) != 0 || !*host)
        snprintf(host, sizeof host, "localhost");
    snprintf(full, sizeof full, "%s%s", strchr(host, '.') ? "" : "chatd.", host);
    irc_configure(*c->irc_server ? c->irc_server : full, c->irc_network);
}

/* Checks that the machine has the resources for clients.max. If it has not, the default is lowered with a warning,
 * but a value set in the file is refused. */
static int fit_to_machine(struct conf *c, struct buf *error)
{
    struct buf why = {0};
    int spare = c->clients_spare, fit = machine_fit(c->clients_max, &spare, &why);
    bool refused = fit < c->clients_max && (c->clients_max_given || fit == 0);
    if (refused) {
        buf_printf(error, "%s\n", buf_text(&why));
    } else if (fit < c->clients_max) {
        log_warn("clients_max_lowered", "clients_max=%d why=\"%s\"", fit, buf_text(&why));
        c->clients_max = fit;
        c->clients_spare = spare;
    }
    buf_fini(&why);
    return refused ? -1 : 0;
}

struct report {
    reload_tell_fn *tell;
    void *arg;             /* of .tell */
    int changed;
    bool new_certificates; /* other ones were configured */
    bool no_certificates;  /* the file names none: what is in force about TLS stays until the next start */
};

static void report_key(const char *key, bool live, void *arg)
{
    struct report *r = arg;
    r->changed++;
    r->new_certificates = r->new_certificates || strcmp(key, "tls.certificates") == 0;
    live = live && !(r->no_certificates && strncmp(key, "tls.", 4) == 0);
    r->tell(key, live ? "changed" : "needs a restart", r->arg);
    log_info("reload", "key=%s effect=%s", key, live ? "changed" : "needs_restart");
}

static void log_mistake(const char *line, void *arg)
{
    char quoted[LOG_QUOTED];
    (void)arg;
    log_error("reload_failed", "mistake=%s", log_quote(line, quoted));
}

static void show_warning(const char *line, void *arg)
{
    const struct report *r = arg;
    r->tell("tls.certificates", line, r->arg);
}

/* Puts the certificates in force; they may have been renewed in the same files. */
static void report_certificates(struct certificates *loaded, struct report *report)
{
    if (certificates_use(loaded) && !report->new_certificates)
        report_key("tls.certificates", true, report);
    certificates_each_line(&loaded->warnings, show_warning, report);
}

/* What the configuration names by path, read before any of it is used. */
struct files {
    struct certificates certificates;
    struct buf motd;
};

static int files_read(const struct conf *c, struct files *f, struct buf *errors)
{
    return certificates_load(c, &f->certificates, errors) == 0 ? motd_read(c, &f->motd, errors) : -1;
}

static void files_fini(struct files *f)
{
    certificates_fini(&f->certificates);
    buf_fini(&f->motd);
}

static void use_about(const struct conf *c, const struct files *f)
{
    about_configure(&(struct about){buf_text(&f->motd), c->irc_admin, c->irc_sts_s});
}

static int use_files(const struct conf *c, struct buf *errors)
{
    struct files files = {0};
    int result = files_read(c, &files, errors);
    if (result == 0) {
        (void)certificates_use(&files.certificates);
        use_about(c, &files);
    }
    files_fini(&files);
    return result;
}

/* All or nothing: on any mistake the old configuration stays in force. May wait for another reload. */
static bool reload(reload_tell_fn *tell, void *arg, struct buf *error)
{
    struct conf *next = malloc(sizeof *next);
    struct report report = {.tell = tell, .arg = arg};
    if (!next) {
        buf_str(error, "out of memory; nothing was changed");
        return false;
    }
    lock_acquire(&server.reload_lock);
    struct files files = {0};
    bool ok = conf_choose(&server.options, next, error) == 0 && fit_to_machine(next, error) == 0 &&
              files_read(next, &files, error) == 0;
    report.no_certificates = !files.certificates.keys;
    if (ok) {
        conf_compare(&server.conf, next, report_key, &report);
        report_certificates(&files.certificates, &report);
        use_about(next, &files);
        server.conf = *next;
        conf_keep_file(&server.options);
        conf_apply(next, server.options.verbose);
        pool_configure(next->clients_max, next->clients_spare);
        atomic_store(&server.clean_up_at_ms, 0); /* limits may be lower now */
        log_info("reloaded", "keys=%d", report.changed);
    } else {
        if (error->len && error->data[error->len - 1] == '\n')
            error->data[--error->len] = '\0';
        certificates_each_line(error, log_mistake, NULL);
    }
    files_fini(&files);
    lock_release(&server.reload_lock);
    free(next);
    return ok;
}

static void tell_nobody(const char *key, const char *effect, void *arg)
{
    (void)key;
    (void)effect;
    (void)arg; /* the log has it */
}

void server_reload(void)
{
    struct buf error = {0};
    reload(tell_nobody, NULL, &error);
    buf_fini(&error);
}

static void print_warning(const char *line, void *arg)
{
    (void)arg;
    fprintf(stderr, "warning: %s\n", line);
}

int server_check(const struct server_options *o)
{
    struct buf errors = {0};
    struct conf *c = &server.conf;
    int result = conf_choose(o, c, &errors);
    if (result == 0 && strlen(c->admin_socket) > PATHS_SOCKET_MOST) {
        buf_printf(&errors, "%s: admin.socket: must have at most %d bytes\n", conf_chosen_file(o), PATHS_SOCKET_MOST);
        result = -1;
    }
    if (result == 0 && !admin_group_exists(c->admin_group)) {
        buf_printf(&errors, "%s: admin.group: unknown group \"%s\"\n", conf_chosen_file(o), c->admin_group);
        result = -1;
    }
    struct files files = {0};
    if (result == 0)
        result = files_read(c, &files, &errors);
    if (result == 0)
        result = fit_to_machine(c, &errors);
    fputs(buf_text(&errors), stderr);
    certificates_each_line(&files.certificates.warnings, print_warning, NULL);
    files_fini(&files);
    if (result == 0 && conf_chosen_file(o))
        printf("%s: configuration OK\n", conf_chosen_file(o));
    else if (result == 0)
        printf("%s not found, using defaults\n", o->installed);
    buf_fini(&errors);
    return result;
}

/* ---- starting ---- */

static void tick(int64_t now_ms)
{
    reached_tick();
    clients_check_deadlines();
    history_tick();
    retention_tick();
    space_tick();
    accounts_tick();
    search_tick();
    if (now_ms < server.clean_up_at_ms)
        return;
    server.clean_up_at_ms = now_ms + CLEAN_UP_MS;
    rooms_clean_up();
    retention_clean_up();
    space_clean_up();
    mail_clean_up();
    tokens_clean_up();
    unused_clean_up();
    bans_clean_up();
    certificates_remind(now_ms);
}

/* The state directory first: of two chatd that start at once, its lock lets only one continue. */
static int open_state(const struct conf *c, char socket_path[PATHS_SIZE])
{
    char dir[PATHS_SIZE], error[STORE_ERROR];
    _Static_assert(STORE_ERROR >= PATHS_ERROR && STORE_ERROR >= ADMIN_ERROR, "one buffer for all");
    struct paths_given given = {server.options.dir, c->store_directory, c->admin_socket};
    if (paths_state(&given, dir, error) != 0 || store_open(dir, error) != 0)
        goto failed;
    if (reached_load(error) != 0 || rooms_load(error) != 0 || accounts_load(error) != 0 ||
        moderation_load(error) != 0 || bans_load(error) != 0 || mail_load(error) != 0 ||
        paths_socket(&given, dir, socket_path, error) != 0 || admin_open(socket_path, c->admin_group, error) != 0) {
        store_close();
        goto failed;
    }
    log_info("state", "directory=%s rooms=%d", dir, rooms_count());
    return 0;

failed:
    complain("%s", error);
    return -1;
}

/* The few threads that chatd cannot do without come first, then as many pairs as the machine gives. */
static int start_threads(const struct conf *c, void (*stop)(void))
{
    int made = 0;
    struct pool_config pool = {
        .max = c->clients_max,
        .prespawn = c->clients_prespawn,
        .spare = c->clients_spare,
        .prepare = session_prepare,
        .release = session_release,
        .serve = reader_serve,
    };
    struct admin_hooks hooks = {.tls_listeners = ports_with_tls, .stop = stop};
    if (tls_available() && workers_start(machine_processors()) != 0)
        return -1;
    pool_open(&pool);
    if (store_start() != 0 || refuse_start() != 0 || keeper_start(tick) != 0 || admin_start(&hooks) != 0 ||
        ports_start() != 0 || pool_start(&made) != 0)
        return -1;
    if (made < c->clients_prespawn && made < c->clients_max)
        log_warn("few_threads", "pairs=%d wanted=%d", made, c->clients_prespawn);
    return 0;
}

static void announce(const char *socket_path)
{
    ports_announce();
    printf("Waiting for connections...\n");
    fflush(stdout);
    log_info("console_open", "try=\"chatctl -s %s status\"", socket_path);
}

int server_start(const struct server_options *o, void (*stop)(void))
{
    char socket_path[PATHS_SIZE], error[LISTENER_ERROR];
    struct buf errors = {0};
    struct conf *c = &server.conf;
    server.options = *o;
    int result = conf_choose(o, c, &errors);
    if (result == 0) {
        conf_keep_file(&server.options);
        conf_apply(c, server.options.verbose); /* first, because it sets up the log, and what follows may log */
        result = fit_to_machine(c, &errors) == 0 && use_files(c, &errors) == 0 ? 0 : -1;
    }
    fputs(buf_text(&errors), stderr);
    buf_fini(&errors);
    if (result != 0)
        return -1;
#ifdef HAVE_M_ARENA_MAX
    mallopt(M_ARENA_MAX, 4); /* one arena per thread would take gigabytes of address space */
#endif
    if (secret_start() != 0) {
        complain("cannot read random data for passwords and tokens: check /dev/urandom");
        return -1;
    }
    if (geteuid() == 0)
        log_warn("running_as_root", "hint=\"run chatd as a user of its own; it needs no privileges\"");
    web_configure(&(struct web_settings){
        .chat = protocols_named("native"),
        .irc = protocols_named("irc"),
        .hosts = c->http_hosts,
        .origins = c->http_origins,
        .request_s = c->http_request_s,
        .idle_s = c->http_idle_s,
        .hsts = c->http_hsts,
    });
    name_irc(c);
    reload_set(reload);
    const char *bad;
    must(proxies_trust(c->http_proxies, &bad)); /* conf_file.c has checked them */
    users_start();
    rooms_start();
    accounts_start();
    bans_start();
    history_start(space_note_stored);
    search_start();
    retention_start();
    space_start();
    /* The port before the state: when chatd is started twice, "port in use" is the more helpful message. */
    if (ports_open(c, server.options.layers, error) != 0) {
        complain("%s", error);
        return -1;
    }
    about_set_tls_port(ports_irc_with_tls());
    if (open_state(c, socket_path) != 0)
        return -1;
    lock_acquire(&server.reload_lock); /* no reload from the console until all is announced */
    bool started = start_threads(c, stop) == 0;
    if (started)
        announce(socket_path);
    lock_release(&server.reload_lock);
    if (!started) {
        complain("cannot create threads: %s; raise the limit on threads (ulimit -u, TasksMax)", log_error_text(errno));
        return -1;
    }
    return 0;
}

void server_stop(void)
{
    log_info("stopping", "clients=%d", pool_counts().clients);
    pool_close_all();
    resumable_stop();
    ports_close();
    pool_wait_empty();
    resumable_wait_saved();
    admin_stop();
    keeper_stop();
    history_stop();
    accounts_tick();
    reached_stop();
    store_stop(); /* before the pairs are freed: it may still be about to notify one */
    pool_stop();
    refuse_stop();
    rooms_stop();
    accounts_stop();
    bans_stop();
    users_stop();
    ports_free();
    workers_stop();
    (void)tls_use(NULL);
    log_info("stopped", "%s", "");
}
