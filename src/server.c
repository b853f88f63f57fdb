/* SPDX-License-Identifier: ISC */
/*
 * The roof. Every module is configured, started and stopped here and nowhere else; no module knows the configuration.
 * Modules start in the order of their dependencies: whatever a thread may touch exists before the thread does.
 */
#include "config.h"

#include "server.h"

#include "base/log.h"
#include "base/paths.h"
#include "chat/accounts.h"
#include "chat/hashing.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/moderation.h"
#include "chat/search.h"
#include "chat/tokens.h"
#include "chat/users.h"
#include "conf.h"
#include "conf_file.h"
#include "ctl/admin.h"
#include "ctl/admin_users.h"
#include "ctl/wire.h"
#include "machine.h"
#include "net/keeper.h"
#include "net/listener.h"
#include "net/pool.h"
#include "net/refuse.h"
#include "proto/native.h"
#include "serve/clients.h"
#include "serve/login.h"
#include "serve/protocols.h"
#include "serve/reader.h"
#include "serve/resumable.h"
#include "serve/resume.h"
#include "serve/throttle.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEAN_UP_MS (3600 * 1000)
#define REASON_OVERHEAD 160 /* bytes that stand beside the reason of a kick, ban or mute in its line */
#define INSTALLED_CONF CHATD_SYSCONFDIR "/chatd.conf"

/* Locking key: L by .reload_lock · c constant after server_start */
static struct {
    struct server_options options; /* c */
    struct lock reload_lock;
    struct conf conf;              /* L: the values in force */
    struct port {
        struct listener *listener;
        struct msg *full, *many;   /* owns: last words for a refused connection, or NULL */
    } ports[CONF_LISTENERS];       /* c */
    int64_t clean_up_at_ms;        /* the keeper thread's */
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

/* The file to read, or NULL: use the defaults. */
static const char *conf_file(const struct server_options *o)
{
    if (o->conf_file)
        return o->conf_file;
    return access(INSTALLED_CONF, F_OK) == 0 ? INSTALLED_CONF : NULL;
}

static int read_conf(const struct server_options *o, struct conf *c, struct buf *errors)
{
    const char *file = conf_file(o);
    if (file) {
        if (conf_file_load(c, file, errors) != 0)
            return -1;
    } else {
        conf_defaults(c);
    }
    if (o->port >= 0) {
        conf_default_listener(&c->listeners[0]);
        c->listeners[0].port = o->port;
        c->listener_count = 1;
    }
    return 0;
}

static int processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* As long as a topic, if the line that shows it has space for that. */
static int longest_reason(const struct conf *c)
{
    int space = c->limits_line_bytes - REASON_OVERHEAD;
    return c->limits_topic_bytes < space ? c->limits_topic_bytes : space;
}

/* Gives each module its values: those that may change while chatd runs. */
static void configure(const struct conf *c)
{
    enum log_level level = (enum log_level)log_level_named(c->log_level);
    log_configure(server.options.verbose ? LOG_DEBUG : level, c->log_time);
    native_configure(c->limits_line_bytes);
    name_configure(c->limits_name_bytes);
    addrs_configure(c->clients_per_address);
    flood_configure(c->flood_rate_per_s, c->flood_burst_tokens, c->flood_close_after_s, c->flood_exempt_loopback);
    replay_configure(c->rooms_replay_messages, c->rooms_replay_age_s);
    rules_configure(c->rooms_roles, c->rooms_bans);
    rooms_configure(c->rooms_max, c->rooms_expire_days);
    history_configure(&(struct history_limits){
        .keep = c->history_keep,
        .queue_bytes = c->history_queue_bytes,
    });
    retention_configure(c->history_messages, c->history_days);
    search_configure(c->history_search_ms);
    outbox_configure(&(struct outbox_limits){
        .entries = c->outbox_entries,
        .bytes = c->outbox_bytes,
        .age_ms = c->outbox_age_s * 1000,
        .patience_ms = c->outbox_patience_ms,
    });
    secret_configure(c->accounts_hash_memory_kib, c->accounts_hash_passes);
    hashing_configure(c->accounts_hash_wait_ms, processors());
    accounts_configure(c->accounts_max);
    throttle_configure(c->accounts_failed_logins, c->accounts_failed_login_refill_s);
    login_configure(&(struct login_rules){
        .registration = login_registration_named(c->accounts_registration),
        .plaintext = c->accounts_plaintext,
        .password_min_bytes = c->accounts_password_min_bytes,
    });
    tokens_configure(&(struct token_limits){
        .per_account = c->accounts_tokens,
        .days = c->accounts_token_days,
        .resume_s = c->accounts_resume_s,
    });
    resumable_configure(c->accounts_grace_s * 1000);
    resume_configure(c->accounts_resume_messages);
    mail_configure(&(struct mail_limits){.messages = c->accounts_mail_messages, .days = c->accounts_mail_days});
    admin_users_configure(c->accounts_invite_days);
    session_configure(&(struct session_limits){
        .text = c->limits_text_bytes,
        .topic = c->limits_topic_bytes,
        .reason = longest_reason(c),
        .away = c->limits_away_bytes,
        .ignored = c->limits_ignored_users,
        .login_timeout_s = c->clients_login_timeout_s,
        .rooms_per_user = c->rooms_per_user,
        .history_page = c->history_page_messages,
        .replay_from_history = c->rooms_replay_from_history,
        .replay = c->rooms_replay_messages,
        .replay_age_s = c->rooms_replay_age_s,
    });
}

/* Checks that the machine has the resources for clients.max. If it has not, the default is lowered with a warning,
 * but a value set in the file is refused. */
static int fit_to_machine(struct conf *c, struct buf *error)
{
    struct buf why = {0};
    int fit = machine_fit(c->clients_max, c->clients_spare, &why);
    bool refused = fit < c->clients_max && (c->clients_max_given || fit == 0);
    if (refused) {
        buf_printf(error, "%s\n", buf_text(&why));
    } else if (fit < c->clients_max) {
        log_warn("clients_max_lowered", "clients_max=%d why=\"%s\"", fit, buf_text(&why));
        c->clients_max = fit;
    }
    buf_fini(&why);
    return refused ? -1 : 0;
}

struct report {
    struct buf *rows;
    int changed;
};

static void report_key(const char *key, bool live, void *arg)
{
    struct report *r = arg;
    r->changed++;
    wire_open(r->rows);
    wire_string(r->rows, "key", key);
    wire_string(r->rows, "effect", live ? "changed" : "needs a restart");
    wire_close(r->rows);
    log_info("reload", "key=%s effect=%s", key, live ? "changed" : "needs_restart");
}

static void log_lines(const char *text)
{
    while (*text) {
        char line[LOG_QUOTED], quoted[LOG_QUOTED];
        int n = (int)strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", n, text);
        log_error("reload_failed", "mistake=%s", log_quote(line, quoted));
        text += n + (text[n] == '\n');
    }
}

/* All or nothing: on any mistake the old configuration stays in force. May wait for another reload. */
static bool reload(struct buf *rows, struct buf *error)
{
    struct conf *next = malloc(sizeof *next);
    struct report report = {.rows = rows};
    if (!next) {
        buf_str(error, "out of memory; nothing was changed");
        return false;
    }
    lock_acquire(&server.reload_lock);
    bool ok = read_conf(&server.options, next, error) == 0 && fit_to_machine(next, error) == 0;
    if (ok) {
        conf_compare(&server.conf, next, report_key, &report);
        server.conf = *next;
        configure(next);
        pool_configure(next->clients_max, next->clients_spare);
        log_info("reloaded", "keys=%d", report.changed);
    } else {
        if (error->len && error->data[error->len - 1] == '\n')
            error->data[--error->len] = '\0';
        log_lines(buf_text(error));
    }
    lock_release(&server.reload_lock);
    free(next);
    return ok;
}

void server_reload(void)
{
    struct buf rows = {0}, error = {0};
    reload(&rows, &error);
    buf_fini(&rows);
    buf_fini(&error);
}

int server_check(const struct server_options *o)
{
    struct buf errors = {0};
    struct conf *c = &server.conf;
    int result = read_conf(o, c, &errors);
    if (result == 0 && strlen(c->admin_socket) > PATHS_SOCKET_MOST) {
        buf_printf(&errors, "%s: admin.socket: must have at most %d bytes\n", conf_file(o), PATHS_SOCKET_MOST);
        result = -1;
    }
    if (result == 0 && !admin_group_exists(c->admin_group)) {
        buf_printf(&errors, "%s: admin.group: unknown group \"%s\"\n", conf_file(o), c->admin_group);
        result = -1;
    }
    fputs(buf_text(&errors), stderr);
    if (result == 0 && conf_file(o))
        printf("%s: configuration OK\n", conf_file(o));
    else if (result == 0)
        printf("%s not found, using defaults\n", INSTALLED_CONF);
    buf_fini(&errors);
    return result;
}

/* ---- starting ---- */

static void tick(int64_t now_ms)
{
    clients_check_deadlines();
    history_tick();
    retention_tick();
    accounts_tick();
    search_tick();
    if (now_ms < server.clean_up_at_ms)
        return;
    server.clean_up_at_ms = now_ms + CLEAN_UP_MS;
    rooms_clean_up();
    retention_clean_up();
    mail_clean_up();
    tokens_clean_up();
}

static int open_listeners(const struct conf *c)
{
    char error[LISTENER_ERROR];
    for (int i = 0; i < c->listener_count; i++) {
        const struct conf_listener *l = &c->listeners[i];
        const struct protocol *protocol = protocols_named(l->protocol);
        struct port *p = &server.ports[i];
        p->full = protocol->refusal ? protocol->refusal(ERROR_FULL) : NULL;
        p->many = protocol->refusal ? protocol->refusal(ERROR_TOO_MANY_CONNECTIONS) : NULL;
        struct listener_config lc = {
            .port = l->port,
            .backlog = c->sockets_backlog,
            .send_buffer = c->sockets_send_buffer_bytes,
            .receive_buffer = c->sockets_receive_buffer_bytes,
            .keepalive_idle_s = c->sockets_keepalive_idle_s,
            .keepalive_interval_s = c->sockets_keepalive_interval_s,
            .keepalive_count = c->sockets_keepalive_count,
            .user_timeout_ms = c->sockets_user_timeout_s * 1000,
            .layers = server.options.layers,
            .via = protocol,
            /* a connection is refused before its streams are made, so it can be told only over plain TCP */
            .last_words_full = server.options.layers ? NULL : p->full,
            .last_words_many = server.options.layers ? NULL : p->many,
        };
        snprintf(lc.address, sizeof lc.address, "%s", l->address);
        p->listener = listener_open(&lc, error);
        if (!p->listener) {
            complain("%s", error);
            return -1;
        }
    }
    return 0;
}

static void close_listeners(void)
{
    for (int i = 0; i < CONF_LISTENERS; i++)
        listener_close(&server.ports[i].listener);
}

/* After close_listeners: only acceptors use them. */
static void free_last_words(void)
{
    for (int i = 0; i < CONF_LISTENERS; i++) {
        struct port *p = &server.ports[i];
        if (p->full)
            msg_unref(p->full);
        if (p->many)
            msg_unref(p->many);
    }
}

/* The state directory first: of two chatd that start at once, its lock lets only one continue. */
static int open_state(const struct conf *c, char socket_path[PATHS_SIZE])
{
    char dir[PATHS_SIZE], error[STORE_ERROR];
    _Static_assert(STORE_ERROR >= PATHS_ERROR && STORE_ERROR >= ADMIN_ERROR, "one buffer for all");
    struct paths_given given = {server.options.dir, c->store_directory, c->admin_socket};
    if (paths_state(&given, dir, error) != 0 || store_open(dir, error) != 0)
        goto failed;
    if (rooms_load(error) != 0 || accounts_load(error) != 0 || moderation_load(error) != 0 ||
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
    struct admin_hooks hooks = {.reload = reload, .stop = stop};
    if (store_start() != 0 || refuse_start() != 0 || pool_start(&pool, &made) != 0 || keeper_start(tick) != 0 ||
        admin_start(&hooks) != 0)
        return -1;
    if (made < c->clients_prespawn && made < c->clients_max)
        log_warn("few_threads", "pairs=%d wanted=%d", made, c->clients_prespawn);
    for (int i = 0; i < c->listener_count; i++)
        if (listener_start(server.ports[i].listener) != 0)
            return -1;
    return 0;
}

static void announce(const struct conf *c, const char *socket_path)
{
    for (int i = 0; i < c->listener_count; i++) {
        printf("Chat server started on port %d\n", listener_port(server.ports[i].listener));
        log_info("listening", "address=%s port=%d protocol=%s", c->listeners[i].address,
                 listener_port(server.ports[i].listener), c->listeners[i].protocol);
    }
    printf("Waiting for connections...\n");
    fflush(stdout);
    log_info("console_open", "try=\"chatctl -s %s status\"", socket_path);
}

int server_start(const struct server_options *o, void (*stop)(void))
{
    char socket_path[PATHS_SIZE];
    struct buf errors = {0};
    struct conf *c = &server.conf;
    server.options = *o;
    int result = read_conf(o, c, &errors);
    if (result == 0) {
        configure(c); /* first, because it sets up the log, and what follows may log */
        result = fit_to_machine(c, &errors);
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
    users_start();
    rooms_start();
    accounts_start();
    history_start();
    search_start();
    retention_start();
    /* The port before the state: when chatd is started twice, "port in use" is the more helpful message. */
    if (open_listeners(c) != 0 || open_state(c, socket_path) != 0)
        return -1;
    lock_acquire(&server.reload_lock); /* no reload from the console until all is announced */
    bool started = start_threads(c, stop) == 0;
    if (started)
        announce(c, socket_path);
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
    close_listeners();
    pool_wait_empty();
    resumable_wait_saved();
    admin_stop();
    keeper_stop();
    history_stop();
    accounts_tick();
    store_stop(); /* before the pairs are freed: it may still be about to notify one */
    pool_stop();
    refuse_stop();
    rooms_stop();
    accounts_stop();
    users_stop();
    free_last_words();
    log_info("stopped", "%s", "");
}
