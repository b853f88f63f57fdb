/* SPDX-License-Identifier: ISC */
/*
 * chatd.conf: every key of the table with its default, limits and type; the message for each mistake, and that all
 * mistakes are reported at once. Most files here are made from the table, so a new key is tested as soon as it has a
 * row.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/secret.h"
#include "conf_file.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[UNIT_PATH], file[UNIT_PATH + 16];
static struct conf conf;
static struct buf errors;

static int make_dir(void **state)
{
    (void)state;
    unit_mkdir(dir);
    snprintf(file, sizeof file, "%s/chatd.conf", dir);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    unit_rmdir(dir);
    buf_fini(&errors);
    return 0;
}

static int load(const char *text)
{
    unit_write_file(file, text, strlen(text));
    buf_clear(&errors);
    memset(&conf, 0xa5, sizeof conf);
    return conf_file_load(&conf, file, &errors);
}

static int loadf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int loadf(const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return load(text);
}

static void check_ok(int result)
{
    if (result != 0 || errors.len)
        fail_msg("%s", buf_text(&errors));
}

/* One mistake and no other: `FILE:LINE: key: words…`. */
static void check_mistake(int result, int line, const char *key, const char *words)
{
    char want[600];
    snprintf(want, sizeof want, "%s:%d: %s: ", file, line, key);
    assert_int_equal(result, -1);
    const char *text = buf_text(&errors);
    if (strncmp(text, want, strlen(want)) != 0 || !strstr(text, words) || strchr(text, '\n') != text + strlen(text) - 1)
        fail_msg("expected %s… %s, got %s", want, words, text);
}

/* ---- the table ---- */

enum kind { KIND_INT, KIND_BOOL, KIND_STRING };
enum when { RESTART, LIVE };

static const struct row {
    const char *section, *key;
    enum kind kind;
    size_t offset;
    long long value, least, most;
    const char *text, *allowed;
    enum when when;
} rows[] = {
#define CONF_INT(section, key, value, least, most, when, comment)                                                      \
    {#section, #key, KIND_INT, offsetof(struct conf, section##_##key), value, least, most, "", "", when},
#define CONF_BOOL(section, key, value, when, comment)                                                                  \
    {#section, #key, KIND_BOOL, offsetof(struct conf, section##_##key), value, 0, 1, "", "", when},
#define CONF_STRING(section, key, value, allowed, when, comment)                                                       \
    {#section, #key, KIND_STRING, offsetof(struct conf, section##_##key), 0, 0, 0, value, allowed, when},
#include "tbl/conf.h"
};

/* The keys of all lists, in the same shape; .offset is in the list's group. */
enum need { OPTIONAL, REQUIRED };
enum check { TEXT, ADDRESS, PROTOCOL, PATH, NAME, HASH };

static const struct item {
    const char *list, *key;
    enum kind kind;
    size_t offset;
    long long value, least, most;
    const char *text;
    enum check check;
    enum need need;
} items[] = {
#define OFFSET(list, key) offsetof(struct conf, list[0].key) - offsetof(struct conf, list)
#define CONF_ITEM_INT(list, key, value, least, most, need, comment)                                                    \
    {CONF_AT_##list, #key, KIND_INT, OFFSET(list, key), value, least, most, "", TEXT, need},
#define CONF_ITEM_BOOL(list, key, value, need, comment)                                                                \
    {CONF_AT_##list, #key, KIND_BOOL, OFFSET(list, key), value, 0, 1, "", TEXT, need},
#define CONF_ITEM_STRING(list, key, value, check, need, comment)                                                       \
    {CONF_AT_##list, #key, KIND_STRING, OFFSET(list, key), 0, 0, 0, value, check, need},
#include "tbl/conf.h"
};

static const struct list {
    const char *path;
    int least, most;
    enum when when;
    size_t groups, group_bytes, where, count; /* .where in a group, the others in struct conf */
} lists[] = {
#define CONF_LIST(NAME, list, item, least, most, when, comment)                                                        \
    {CONF_AT_##list, least, most, when, offsetof(struct conf, list), sizeof(struct conf_##item),                     \
     offsetof(struct conf_##item, where), offsetof(struct conf, item##_count)},
#include "tbl/conf.h"
};

#define LISTS (sizeof lists / sizeof lists[0])
#define ITEMS (sizeof items / sizeof items[0])
#define ROWS (sizeof rows / sizeof rows[0])

static void *group_of(struct conf *c, const struct list *list, int i)
{
    return (char *)c + list->groups + list->group_bytes * (size_t)i;
}

static int count_of(const struct conf *c, const struct list *list)
{
    return *(const int *)(const void *)((const char *)c + list->count);
}

static const char *where_of(struct conf *c, const struct list *list, int i)
{
    return (char *)group_of(c, list, i) + list->where;
}

static const void *value_of(const struct conf *c, const struct row *row)
{
    return (const char *)c + row->offset;
}

static long long int_of(const struct conf *c, const struct row *row)
{
    return row->kind == KIND_INT ? *(const int *)value_of(c, row) : *(const bool *)value_of(c, row);
}

/* The other keys that must be set with this one: limits.text_bytes and others depend on limits.line_bytes. */
static const char *with(const struct row *row, long long v)
{
    if (strcmp(row->key, "text_bytes") == 0 && v > 4000)
        return " line_bytes = 65536;";
    if (strcmp(row->key, "line_bytes") == 0 && v < 4096)
        return " text_bytes = 1; topic_bytes = 1;";
    return "";
}

static int load_int(const struct row *row, long long v)
{
    return loadf("%s = {\n  %s = %lld%s;%s\n};\n", row->section, row->key, v,
                 v > 2147483647 || v < -2147483647 ? "L" : "", with(row, v));
}

static void check_defaults(const struct conf *c)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].kind == KIND_STRING)
            assert_string_equal(value_of(c, &rows[i]), rows[i].text);
        else
            assert_int_equal(int_of(c, &rows[i]), rows[i].value);
    }
    assert_int_equal(c->listener_count, 1);
    assert_string_equal(c->listeners[0].address, "*");
    assert_int_equal(c->listeners[0].port, 9999);
    assert_string_equal(c->listeners[0].protocol, "native");
    assert_false(c->listeners[0].tls);
    assert_int_equal(c->certificate_count, 0);
    assert_false(c->clients_max_given);
}

static void in_an_empty_file_every_key_has_its_default(void **state)
{
    (void)state;
    conf_defaults(&conf);
    check_defaults(&conf);
    check_ok(load(""));
    check_defaults(&conf);
    check_ok(load("# nothing but a comment\nclients = { };\n"));
    check_defaults(&conf);
}

static void every_number_is_accepted_within_its_limits_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        char key[64], range[64];
        if (row->kind != KIND_INT)
            continue;
        snprintf(key, sizeof key, "%s.%s", row->section, row->key);
        snprintf(range, sizeof range, "must be %lld..%lld", row->least, row->most);
        assert_true(row->value >= row->least && row->value <= row->most);
        check_ok(load_int(row, row->least));
        assert_int_equal(int_of(&conf, row), row->least);
        check_ok(load_int(row, row->most));
        assert_int_equal(int_of(&conf, row), row->most);
        check_mistake(load_int(row, row->least - 1), 2, key, range);
        check_mistake(load_int(row, row->most + 1), 2, key, range);
        check_mistake(load_int(row, 99999999999LL), 2, key, range);
        check_mistake(load_int(row, -99999999999LL), 2, key, range);
    }
}

static void every_key_accepts_only_its_own_type(void **state)
{
    (void)state;
    static const char *const wrong[][4] = {
        [KIND_INT] = {"true", "\"7\"", "1.5", "[1]"},
        [KIND_BOOL] = {"1", "\"true\"", "0.0", "{}"},
        [KIND_STRING] = {"1", "false", "2.0", "(\"a\")"},
    };
    static const char *const words[] = {"must be an integer", "must be true or false", "must be a string in quotes"};
    for (size_t i = 0; i < ROWS; i++)
        for (int w = 0; w < 4; w++) {
            char key[64];
            snprintf(key, sizeof key, "%s.%s", rows[i].section, rows[i].key);
            check_mistake(loadf("%s = {\n%s = %s; };", rows[i].section, rows[i].key, wrong[rows[i].kind][w]), 2, key,
                          words[rows[i].kind]);
        }
}

static void yes_and_no_are_accepted(void **state)
{
    (void)state;
    check_ok(load("flood = { exempt_loopback = false; }; log = { time = true; };"));
    assert_false(conf.flood_exempt_loopback);
    assert_true(conf.log_time);
}

static void text_is_kept_unchanged_up_to_its_limit(void **state)
{
    (void)state;
    char path[300];
    check_ok(
        load("store = { directory = \"/var/lib/a b\"; }; admin = { socket = \"/run/x.sock\"; group = \"staff\"; };"));
    assert_string_equal(conf.store_directory, "/var/lib/a b");
    assert_string_equal(conf.admin_socket, "/run/x.sock");
    assert_string_equal(conf.admin_group, "staff");
    memset(path, 'p', sizeof path);
    path[CONF_TEXT - 1] = '\0';
    check_ok(loadf("store = { directory = \"%s\"; };", path));
    assert_string_equal(conf.store_directory, path);
    path[CONF_TEXT - 1] = 'p';
    path[CONF_TEXT] = '\0';
    check_mistake(loadf("store = { directory = \"%s\"; };", path), 1, "store.directory", "fewer than 256 bytes");
}

static void a_keyword_must_be_on_its_list(void **state)
{
    (void)state;
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    for (size_t i = 0; i < 4; i++) {
        check_ok(loadf("log = { level = \"%s\"; };", levels[i]));
        assert_string_equal(conf.log_level, levels[i]);
    }
    static const char *const others[] = {"", "err", "errors", "error|warn", "INFO", "|"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        check_mistake(loadf("\n\nlog = { level = \"%s\"; };", others[i]), 3, "log.level",
                      "must be one of error|warn|info|debug");
}

static void proxies_are_addresses_and_networks(void **state)
{
    (void)state;
    check_ok(load("http = { proxies = \"127.0.0.1 10.0.0.0/8 2001:db8::/32\"; };"));
    assert_string_equal(conf.http_proxies, "127.0.0.1 10.0.0.0/8 2001:db8::/32");
    check_ok(load("http = { };"));
    assert_string_equal(conf.http_proxies, "");
    check_mistake(load("http = {\n proxies = \"127.0.0.1 localhost ::1\"; };"), 2, "http.proxies",
                  "must be at most 64 addresses and networks of at least 8 bits, separated by blanks, like \"127.0.0.1 "
                  "10.0.0.0/8\" (got \"localhost\")");
    check_mistake(load("http = { proxies = \"0.0.0.0/0\"; };"), 1, "http.proxies",
                  "must be at most 64 addresses and networks of at least 8 bits, separated by blanks, like \"127.0.0.1 "
                  "10.0.0.0/8\" (got \"0.0.0.0/0\")");
}

static void text_must_fit_into_a_line(void **state)
{
    (void)state;
    check_ok(load("limits = { line_bytes = 600; text_bytes = 504; topic_bytes = 504; };"));
    check_mistake(load("limits = { line_bytes = 600; text_bytes = 504; away_bytes = 505; };"), 1, "limits.away_bytes",
                  "must be at most limits.line_bytes - 96 (got 505 of 600)");
    check_mistake(load("limits = { line_bytes = 600; text_bytes = 504; topic_bytes = 505; };"), 1, "limits.topic_bytes",
                  "must be at most limits.line_bytes - 96 (got 505 of 600)");
    check_mistake(load("limits = {\n line_bytes = 600; text_bytes = 505; };"), 1, "limits.text_bytes",
                  "at most limits.line_bytes - 96");
    check_mistake(load("limits = { line_bytes = 4095; };"), 1, "limits.text_bytes", "got 4000 of 4095");
}

static void an_explicit_maximum_is_recognised(void **state)
{
    (void)state;
    check_ok(load("clients = { max = 1000; };"));
    assert_true(conf.clients_max_given);
    check_ok(load("clients = { spare = 7; };"));
    assert_false(conf.clients_max_given);
}

/* ---- mistakes ---- */

static void an_unknown_key_is_reported_with_the_nearest_one(void **state)
{
    (void)state;
    check_mistake(load("clients = {\n\n maxx = 5; };"), 3, "clients.maxx", "did you mean clients.max?");
    check_mistake(load("outbox = { byte = 5; };"), 1, "outbox.byte", "did you mean outbox.bytes?");
    check_mistake(load("flood = { spare_lopback = true; };"), 1, "flood.spare_lopback",
                  "did you mean flood.exempt_loopback?");
    check_mistake(load("\nclientss = { };"), 2, "clientss", "did you mean clients?");
    check_mistake(load("listener = ( );"), 1, "listener", "did you mean listeners?");
    check_mistake(load("certificates = ( );"), 1, "certificates", "did you mean tls.certificates?");
    check_mistake(load("max = 5;"), 1, "max", "unknown key");
    check_mistake(load("abcdefghijklmnopqrstuvwxyz = 1;"), 1, "abcdefghijklmnopqrstuvwxyz", "see chatd.conf(5)");
    check_mistake(load("listeners = ( { port = 1; adress = \"*\"; } );"), 1, "listeners.adress",
                  "did you mean listeners.address?");
    check_mistake(load("tls = {\ncertificate = ( ); };"), 2, "tls.certificate", "did you mean tls.certificates?");
    check_mistake(load("tls = { listeners = ( ); };"), 1, "tls.listeners", "did you mean listeners?");
}

static void an_unknown_key_in_a_list_within_a_section_is_reported_with_its_whole_path(void **state)
{
    (void)state;
    static const struct {
        const char *key, *meant;
    } near[] = {
        {"kye", "key"}, {"keys", "key"}, {"certificat", "certificate"}, {"certificates", "certificate"},
        {"cert", "certificate"}, /* nearer to "key" by its letters, but it is the beginning of a word */
    };
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        char key[64], want[96];
        snprintf(key, sizeof key, "tls.certificates.%s", near[i].key);
        snprintf(want, sizeof want, "unknown key; did you mean tls.certificates.%s?\n", near[i].meant);
        check_mistake(loadf("tls = { certificates = (\n{ certificate = \"/c\"; key = \"/k\";\n%s = 1; } ); };",
                            near[i].key), 3, key, want);
    }
}

static void every_former_name_of_a_key_leads_to_the_new_one(void **state)
{
    (void)state;
    static const struct {
        const char *section, *old, *now;
    } renamed[] = {
        {"clients", "login_timeout", "login_timeout_s"},
        {"limits", "line", "line_bytes"},
        {"limits", "text", "text_bytes"},
        {"limits", "name", "name_bytes"},
        {"limits", "topic", "topic_bytes"},
        {"limits", "away", "away_bytes"},
        {"limits", "ignored", "ignored_users"},
        {"outbox", "seconds", "age_s"},
        {"outbox", "patience", "patience_ms"},
        {"flood", "rate", "rate_per_s"},
        {"flood", "burst", "burst_tokens"},
        {"flood", "seconds", "close_after_s"},
        {"rooms", "replay", "replay_messages"},
        {"rooms", "replay_age", "replay_age_s"},
        {"rooms", "replay_kept", "replay_from_history"},
        {"history", "page", "page_messages"},
        {"history", "queue", "queue_bytes"},
        {"accounts", "password", "password_min_bytes"},
        {"accounts", "hash_memory", "hash_memory_kib"},
        {"accounts", "hash_wait", "hash_wait_ms"},
        {"accounts", "tries", "failed_logins"},
        {"accounts", "tries_refill", "failed_login_refill_s"},
        {"accounts", "mail", "mail_messages"},
        {"accounts", "resume", "resume_s"},
        {"accounts", "grace", "grace_s"},
        {"sockets", "send_buffer", "send_buffer_bytes"},
        {"sockets", "receive_buffer", "receive_buffer_bytes"},
        {"sockets", "keepalive_idle", "keepalive_idle_s"},
        {"sockets", "keepalive_interval", "keepalive_interval_s"},
        {"sockets", "user_timeout", "user_timeout_s"},
    };
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++) {
        char key[64], want[96];
        snprintf(key, sizeof key, "%s.%s", renamed[i].section, renamed[i].old);
        snprintf(want, sizeof want, "unknown key; did you mean %s.%s?\n", renamed[i].section, renamed[i].now);
        check_mistake(loadf("%s = { %s = 1; };", renamed[i].section, renamed[i].old), 1, key, want);
    }
}

static void a_very_long_key_is_only_reported_as_unknown(void **state)
{
    (void)state;
    char key[200];
    memset(key, 'k', sizeof key);
    key[150] = '\0';
    assert_int_equal(loadf("clients = { %s = 1; };", key), -1);
    assert_non_null(strstr(buf_text(&errors), "unknown key; see"));
}

static void all_mistakes_are_reported_at_once_with_their_lines(void **state)
{
    (void)state;
    char want[4000];
    assert_int_equal(load("clients = {\n"
                          "  max = 0;\n"
                          "  spare = \"few\";\n"
                          "};\n"
                          "limits = 7;\n"
                          "lokg = { };\n"
                          "log = {\n"
                          "  level = \"loud\";\n"
                          "  time = 1;\n"
                          "};\n"
                          "listeners = ( { port = 70000; } );\n"), -1);
    snprintf(want, sizeof want,
             "%s:2: clients.max: must be 1..60000 (got 0)\n"
             "%s:3: clients.spare: must be an integer\n"
             "%s:5: limits: must be a group: limits = { … };\n"
             "%s:6: lokg: unknown key; did you mean log?\n"
             "%s:8: log.level: must be one of error|warn|info|debug (got \"loud\")\n"
             "%s:9: log.time: must be true or false\n"
             "%s:11: listeners.port: must be 0..65535 (got 70000)\n",
             file, file, file, file, file, file, file);
    assert_string_equal(buf_text(&errors), want);
}

static void mistakes_are_appended_to_earlier_ones(void **state)
{
    (void)state;
    unit_write_file(file, "x = 1;", 6);
    buf_str(&errors, "earlier\n");
    assert_int_equal(conf_file_load(&conf, file, &errors), -1);
    assert_ptr_equal(strstr(buf_text(&errors), "earlier\n"), errors.data);
    unit_write_file(file, "", 0);
    assert_int_equal(conf_file_load(&conf, file, &errors), 0); /* earlier mistakes do not make this file fail */
}

/* The mistake is reported with its line, whatever else the message says. */
static void check_number(const char *text, int line)
{
    char want[UNIT_PATH * 2];
    assert_int_equal(load(text), -1);
    snprintf(want, sizeof want, "%s:%d: ", file, line);
    if (!strstr(buf_text(&errors), want))
        fail_msg("expected %s…, got %s", want, buf_text(&errors));
}

static void a_number_too_big_for_the_parser_is_never_wrapped(void **state)
{
    (void)state;
    /* 2^31 and more, without the L that the syntax asks for: 4294967297 comes out of the parser as 1 */
    static const char *const big[] = {"2147483648", "4294967295", "4294967296", "4294967297", "+4294967297",
                                      "-4294967295", "18446744073709551617", "99999999999999999999"};
    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++)
        if (loadf("clients = {\n  max = %s;\n};", big[i]) == 0)
            fail_msg("%s was accepted as %d", big[i], conf.clients_max);
    check_number("clients = {\n  max = 4294967297;\n};", 2);
    check_number("clients = { /* 1 */ max =\n\n 4294967297; };", 3);
    check_number("flood = { exempt_loopback = true; }; log = { level = \"a\\\"b\"; };\nclients = { max=-4294967295; };",
                 2);
}

static void a_number_too_big_for_the_parser_is_found_in_included_files_too(void **state)
{
    (void)state;
    char more[UNIT_PATH + 32];
    snprintf(more, sizeof more, "%s/more.conf", dir);
    unit_write_file(more, "clients = { max = 4294967297; };\n", 33);
    if (load("@include \"more.conf\"\n") == 0)
        fail_msg("was accepted as %d", conf.clients_max);
}

static void hexadecimal_numbers_are_checked_too(void **state)
{
    (void)state;
    check_ok(load("clients = { max = 0x10; };"));
    assert_int_equal(conf.clients_max, 16);
    if (load("clients = { max = 0x100000001; };") == 0)
        fail_msg("was accepted as %d", conf.clients_max);
}

static void big_numbers_in_comments_and_text_are_harmless(void **state)
{
    (void)state;
    check_ok(load("# 4294967297 in a comment\n// 4294967297\n/* 4294967297\n4294967297 */\n"
                    "store = { directory = \"/tmp/4294967297\"; };"
                    "admin = { group = \"a\\\"b 4294967297\"; };"));
    assert_string_equal(conf.store_directory, "/tmp/4294967297");
}

static void syntax_errors_are_reported_with_file_and_line(void **state)
{
    (void)state;
    char want[300];
    static const char *const broken[] = {"clients = {\n\n  max = ;\n};", "a = 1;\nb = 2;\n= 3;",
                                         "log = {\n\n level = \"x;"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_int_equal(load(broken[i]), -1);
        snprintf(want, sizeof want, "%s:3: ", file);
        if (i < 2)
            assert_ptr_equal(strstr(buf_text(&errors), want), errors.data);
        assert_non_null(strstr(buf_text(&errors), file));
    }
}

static void a_missing_file_is_reported(void **state)
{
    (void)state;
    char want[400];
    assert_int_equal(conf_file_load(&conf, file, &errors), -1);
    snprintf(want, sizeof want, "%s: cannot be read: No such file or directory\n", file);
    assert_string_equal(buf_text(&errors), want);
    buf_clear(&errors);
    assert_int_equal(conf_file_load(&conf, dir, &errors), -1);
    snprintf(want, sizeof want, "%s: cannot be read: Is a directory\n", dir);
    assert_string_equal(buf_text(&errors), want);
}

static int load_forbidden(void *arg)
{
    struct conf c;
    struct buf told = {0};
    int result = conf_file_load(&c, arg, &told);
    int code = result == -1 && strstr(buf_text(&told), "Permission denied") ? 42 : 1;
    buf_fini(&told);
    return code;
}

static void a_file_without_read_permission_is_reported(void **state)
{
    (void)state;
    load("");
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(chmod(file, 0), 0);
    assert_int_equal(unit_unprivileged(NULL, load_forbidden, file), 42);
}

/* ---- lists and includes ---- */

static void listeners_are_read_in_order_with_their_defaults(void **state)
{
    (void)state;
    check_ok(load("listeners = ( { port = 1234; }, { address = \"::1\"; port = 0; protocol = \"native\"; } );"));
    assert_int_equal(conf.listener_count, 2);
    check_ok(load("listeners = ( { protocol = \"native\"; address = \"127.0.0.1\"; port = 7; } );"));
    assert_string_equal(conf.listeners[0].address, "127.0.0.1");
    assert_string_equal(conf.listeners[0].protocol, "native");
    assert_int_equal(conf.listeners[0].port, 7);
    check_ok(load("listeners = ( { port = 1234; }, { address = \"::1\"; port = 0; protocol = \"native\"; } );"));
    assert_string_equal(conf.listeners[0].address, "*");
    assert_int_equal(conf.listeners[0].port, 1234);
    assert_string_equal(conf.listeners[0].protocol, "native");
    assert_string_equal(conf.listeners[1].address, "::1");
    assert_int_equal(conf.listeners[1].port, 0);
}

#define SOUND_SIZE 128
#define SOUND_HASH "$argon2id$v=19$m=65536,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* What the item may be set to in the i-th group; other than its default, unless there is nothing else. */
static const char *sound_value(const struct item *item, int i, char out[SOUND_SIZE])
{
    static const char *const sound[] = {[TEXT] = "x", [ADDRESS] = "::1", [PROTOCOL] = "native", [PATH] = "/x",
                                        [HASH] = SOUND_HASH};
    if (item->kind == KIND_STRING && item->check == NAME)
        snprintf(out, SOUND_SIZE, "\"x%d\"", i); /* each group has another one */
    else if (item->kind == KIND_STRING)
        snprintf(out, SOUND_SIZE, "\"%s\"", sound[item->check]);
    else if (item->kind == KIND_BOOL)
        snprintf(out, SOUND_SIZE, "%s", item->value ? "false" : "true");
    else
        snprintf(out, SOUND_SIZE, "%lld", item->value == item->least ? item->most : item->least);
    return out;
}

/* Without libsodium that list must be empty. */
static bool may_have_groups(const char *list)
{
    return secret_available() || strcmp(list, CONF_AT_opers) != 0;
}

/* Appends the n-th group of the list with all required keys except `but`. */
static void add_group(struct buf *text, const char *list, int n, const char *but)
{
    char value[SOUND_SIZE];
    buf_str(text, "{");
    for (size_t i = 0; i < ITEMS; i++)
        if (strcmp(items[i].list, list) == 0 && items[i].need == REQUIRED && (!but || strcmp(items[i].key, but) != 0))
            buf_printf(text, " %s = %s;", items[i].key, sound_value(&items[i], n, value));
}

/* Loads a file whose first line opens the list, and the section that it is in, and whose last line closes them. */
static int load_in_list(const char *path, const char *groups)
{
    const char *dot = strchr(path, '.');
    if (!dot)
        return loadf("%s = (\n%s\n);", path, groups);
    return loadf("%.*s = { %s = (\n%s\n); };", (int)(dot - path), path, dot + 1, groups);
}

/* The list with one group, on line 2: all required keys except `but`, and, on line 3, more text. */
static int load_group(const char *list, const char *but, const char *more)
{
    struct buf text = {0};
    add_group(&text, list, 0, but);
    buf_printf(&text, "\n%s }", more);
    int result = load_in_list(list, buf_text(&text));
    buf_fini(&text);
    return result;
}

/* The list with n groups, each on a line, the first on line 2. */
static int load_groups(const char *list, int n)
{
    struct buf text = {0};
    for (int i = 0; i < n; i++) {
        buf_str(&text, i ? ",\n" : "");
        add_group(&text, list, i, NULL);
        buf_str(&text, " }");
    }
    int result = load_in_list(list, buf_text(&text));
    buf_fini(&text);
    return result;
}

static const struct list *list_of(const struct item *item)
{
    size_t i = 0;
    while (strcmp(lists[i].path, item->list) != 0)
        i++;
    return &lists[i];
}

static void check_item_default(const struct item *item)
{
    check_ok(load_groups(item->list, 2));
    const char *field = (const char *)group_of(&conf, list_of(item), 1) + item->offset;
    if (item->need == REQUIRED)
        return;
    if (item->kind == KIND_STRING)
        assert_string_equal(field, item->text);
    else if (item->kind == KIND_INT)
        assert_int_equal(*(const int *)(const void *)field, item->value);
    else
        assert_int_equal(*(const bool *)(const void *)field, item->value);
}

static void check_item_types(const struct item *item, const char *key)
{
    static const char *const wrong[][4] = {
        [KIND_INT] = {"true", "\"7\"", "1.5", "[1]"},
        [KIND_BOOL] = {"1", "\"true\"", "0.0", "{}"},
        [KIND_STRING] = {"1", "false", "2.0", "(\"a\")"},
    };
    static const char *const words[] = {"must be an integer", "must be true or false", "must be a string in quotes"};
    char text[128];
    for (int w = 0; w < 4; w++) {
        snprintf(text, sizeof text, "%s = %s;", item->key, wrong[item->kind][w]);
        check_mistake(load_group(item->list, item->key, text), 3, key, words[item->kind]);
    }
}

static void check_item_range(const struct item *item, const char *key)
{
    char text[128], range[64];
    snprintf(range, sizeof range, "must be %lld..%lld", item->least, item->most);
    const long long beyond[] = {item->least - 1, item->most + 1};
    for (int k = 0; k < 2; k++) {
        snprintf(text, sizeof text, "%s = %lld;", item->key, beyond[k]);
        check_mistake(load_group(item->list, item->key, text), 3, key, range);
    }
}

static void every_key_of_a_list_has_its_default_type_and_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < ITEMS; i++) {
        const struct item *item = &items[i];
        char key[64], words[96];
        if (!may_have_groups(item->list))
            continue;
        snprintf(key, sizeof key, "%s.%s", item->list, item->key);
        snprintf(words, sizeof words, "missing; every group of %s needs it\n", item->list);
        check_item_default(item);
        check_item_types(item, key);
        if (item->kind == KIND_INT)
            check_item_range(item, key);
        if (item->need == REQUIRED)
            check_mistake(load_group(item->list, item->key, ""), 2, key, words);
    }
}

static void every_list_refuses_unknown_keys_and_what_is_no_group(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS; i++) {
        char key[64];
        if (!may_have_groups(lists[i].path))
            continue;
        snprintf(key, sizeof key, "%s.colour", lists[i].path);
        check_mistake(load_group(lists[i].path, NULL, "colour = 1;"), 3, key, "unknown key");
        check_mistake(load_in_list(lists[i].path, "9999"), 2, lists[i].path, "each must be a group: { ");
    }
    check_mistake(load("\nlisteners = ( 9999 );"), 2, "listeners", "each must be a group: { port = 9999; }\n");
    check_mistake(load("tls = {\ncertificates = ( \"/c\" ); };"), 2, "tls.certificates",
                  "each must be a group: { certificate = \"…\"; key = \"…\"; }\n");
}

static void every_list_has_its_least_and_most_groups(void **state)
{
    (void)state;
    for (size_t i = 0; i < LISTS; i++) {
        const struct list *list = &lists[i];
        char words[64], where[UNIT_PATH + 32];
        if (!may_have_groups(list->path))
            continue;
        snprintf(words, sizeof words, "must be a list of %d to %d groups: ( { ", list->least, list->most);
        check_ok(load(""));
        assert_int_equal(count_of(&conf, list), list->least);
        check_ok(load_groups(list->path, list->least));
        assert_int_equal(count_of(&conf, list), list->least);
        check_ok(load_groups(list->path, list->most));
        assert_int_equal(count_of(&conf, list), list->most);
        for (int k = 0; k < list->most; k++) {
            snprintf(where, sizeof where, "%s:%d", file, k + 2);
            assert_string_equal(where_of(&conf, list, k), where);
        }
        check_mistake(load_groups(list->path, list->most + 1), 1, list->path, words);
        if (list->least)
            check_mistake(load_groups(list->path, list->least - 1), 1, list->path, words);
    }
    static const char *const others[] = {"{ port = 1; }", "9999", "[ ]", "\"x\"", "true"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_mistake(loadf("listeners = %s;", others[i]), 1, "listeners", "1 to 16 groups: ( { port = 9999; } )\n");
        check_mistake(loadf("tls = {\ncertificates = %s; };", others[i]), 2, "tls.certificates",
                      "0 to 16 groups: ( { certificate = \"…\"; key = \"…\"; } )\n");
    }
}

static void a_listener_needs_a_port_and_a_known_protocol(void **state)
{
    (void)state;
    check_mistake(load("listeners = (\n{ address = \"*\"; } );"), 2, "listeners.port", "missing");
    check_mistake(load("listeners = ( { port = 1;\nprotocol = \"gopher\"; } );"), 2, "listeners.protocol",
                  "must be one of http|irc|native (got \"gopher\")");
    check_mistake(load("listeners = ( { port = -1; } );"), 1, "listeners.port", "0..65535");
    check_mistake(load("listeners = ( { port = 65536; } );"), 1, "listeners.port", "0..65535");
    check_mistake(load("listeners = ( { port = 1; address = 5; } );"), 1, "listeners.address",
                  "must be a string in quotes");
    static const char *const bad[] = {"localhost", "", "300.1.1.1", "[::1]", "127.0.0.1 ", "**"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_mistake(loadf("listeners = ( { port = 1; address = \"%s\"; } );", bad[i]), 1, "listeners.address",
                      "must be \"*\" or a numeric address");
}

static void names_of_irc_have_no_blanks(void **state)
{
    (void)state;
    check_mistake(load("irc = {\nnetwork = \"two words\"; };"), 2, "irc.network", "letters, digits and -._");
    check_mistake(load("irc = { server = \"irc.example.org:\"; };"), 1, "irc.server", "letters, digits and -._");
    check_mistake(load("irc = {\nadmin = \"one\\ntwo\"; };"), 2, "irc.admin", "must be one line of UTF-8 text");
    check_mistake(load("irc = { admin = \"\\xff\"; };"), 1, "irc.admin", "must be one line of UTF-8 text");
    check_ok(load("irc = { admin = \"Olga, room 12\"; };"));
    check_mistake(load("irc = { network = \"\"; };"), 1, "irc.network", "letters, digits and -._");
    assert_int_equal(load("irc = { network = \"Example_1\"; server = \"irc.example.org\"; };"), 0);
}

#define OPER(name, hash) "{ name = \"" name "\"; password = \"" hash "\"; }"

static void operators_have_a_name_and_a_hash(void **state)
{
    (void)state;
    static const char *const names[] = {"", "two words", "-o", "ro:ot", "a23456789b23456789c23456789d23456"};
    static const char *const hashes[] = {
        "", "secret", "$argon2id$", "$argon2i$v=19$m=65536,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        SOUND_HASH "!", "$argon2id$v=19$m=65536,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ$", " " SOUND_HASH,
        SOUND_HASH SOUND_HASH};
    if (!secret_available())
        skip();
    check_ok(load("irc = { opers = ( " OPER("root", SOUND_HASH) ", " OPER("alice", SOUND_HASH) " ); };"));
    assert_int_equal(conf.oper_count, 2);
    assert_string_equal(conf.opers[0].name, "root");
    assert_string_equal(conf.opers[1].password, SOUND_HASH);
    check_ok(load("irc = { opers = ( ); };"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_mistake(loadf("irc = { opers = (\n{ name = \"%s\"; password = \"" SOUND_HASH "\"; } ); };", names[i]), 2,
                      "irc.opers.name", "must be 1 to 32 letters, digits, _ - or ., not - or . first (got \"");
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        check_mistake(loadf("irc = { opers = (\n{ name = \"a\";\npassword = \"%s\"; } ); };", hashes[i]), 3,
                      "irc.opers.password",
                      "must be the hash of a password, as chatctl hash prints it: \"$argon2id$…\"\n");
}

/* Who puts the password there is not shown it in the log. */
static void a_password_instead_of_its_hash_is_not_repeated(void **state)
{
    (void)state;
    if (!secret_available())
        skip();
    assert_int_equal(load("irc = { opers = ( " OPER("root", "wonderland") " ); };"), -1);
    assert_null(strstr(buf_text(&errors), "wonderland"));
}

static void two_operators_have_two_names(void **state)
{
    (void)state;
    char words[UNIT_PATH * 2];
    if (!secret_available())
        skip();
    snprintf(words, sizeof words, "\"Root\" is a duplicate name, already used at %s:2\n", file);
    check_mistake(load("irc = { opers = (\n" OPER("root", SOUND_HASH) ",\n" OPER("Root", SOUND_HASH) " ); };"), 3,
                  "irc.opers.name", words);
}

static void operators_need_libsodium(void **state)
{
    (void)state;
    if (secret_available())
        skip();
    check_mistake(load("irc = { opers = (\n" OPER("root", SOUND_HASH) ",\n" OPER("a", "b") " ); };"), 2, "irc.opers",
                  "needs a chatd that was built with libsodium (Debian: libsodium-dev)\n");
    check_ok(load("irc = { opers = ( ); };"));
}

static void certificates_are_read_in_order(void **state)
{
    (void)state;
    char where[UNIT_PATH + 32];
    check_ok(load("tls = { min_version = \"1.3\"; certificates = (\n"
                  "  { certificate = \"/etc/a/fullchain.pem\"; key = \"/etc/a/privkey.pem\"; },\n"
                  "  { key = \"/b.key\";\n"
                  "    certificate = \"/b.pem\"; }\n"
                  "); handshake_s = 300; };\n"));
    assert_int_equal(conf.certificate_count, 2);
    assert_string_equal(conf.certificates[0].certificate, "/etc/a/fullchain.pem");
    assert_string_equal(conf.certificates[0].key, "/etc/a/privkey.pem");
    assert_string_equal(conf.certificates[1].certificate, "/b.pem");
    assert_string_equal(conf.certificates[1].key, "/b.key");
    snprintf(where, sizeof where, "%s:3", file);
    assert_string_equal(conf.certificates[1].where, where);
    assert_string_equal(conf.tls_min_version, "1.3");
    assert_int_equal(conf.tls_handshake_s, 300);
    check_ok(load("tls = { certificates = ( ); };"));
    assert_int_equal(conf.certificate_count, 0);
    check_mistake(load("tls = ( );"), 1, "tls", "must be a group: tls = { … };");
}

static void a_path_must_be_absolute(void **state)
{
    (void)state;
    char path[CONF_TEXT + 1];
    static const char *const bad[] = {"", "fullchain.pem", "./a.pem", "../a.pem", " /a.pem", "~/a.pem"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char words[64];
        snprintf(words, sizeof words, "must be an absolute path (got \"%s\")\n", bad[i]);
        check_mistake(loadf("tls = { certificates = ( { key = \"/k\";\n certificate = \"%s\"; } ); };", bad[i]), 2,
                      "tls.certificates.certificate", words);
        check_mistake(loadf("tls = { certificates = ( { certificate = \"/c\";\n key = \"%s\"; } ); };", bad[i]), 2,
                      "tls.certificates.key", words);
    }
    memset(path, '/', sizeof path);
    path[CONF_TEXT] = '\0';
    check_mistake(loadf("tls = { certificates = ( { certificate = \"/c\"; key = \"%s\"; } ); };", path), 1,
                  "tls.certificates.key", "fewer than 256 bytes");
    check_ok(loadf("tls = { certificates = ( { certificate = \"/c\"; key = \"%s\"; } ); };", path + 1));
    assert_string_equal(conf.certificates[0].key, path + 1);
}

static void a_listener_with_tls_needs_a_certificate(void **state)
{
    (void)state;
    static const char words[] = "needs a certificate in tls.certificates (chatctl tls selfsigned makes one)\n";
    static const char listeners[] = "listeners = (\n{ port = 1; },\n{ port = 2;\ntls = true; } );\n";
    check_mistake(load(listeners), 3, "listeners.tls", words);
    check_mistake(loadf("%stls = { certificates = ( ); };", listeners), 3, "listeners.tls", words);
    check_mistake(loadf("tls = { certificates = ( ); };\n%s", listeners), 4, "listeners.tls", words);
    check_ok(loadf("%stls = { certificates = ( { certificate = \"/c\"; key = \"/k\"; } ); };", listeners));
    assert_false(conf.listeners[0].tls);
    assert_true(conf.listeners[1].tls);
    check_ok(load("listeners = ( { port = 2; tls = false; } );"));
    check_ok(load("tls = { certificates = ( { certificate = \"/c\"; key = \"/k\"; } ); };"));

    /* each such listener is named; and a certificate with a mistake is no second one */
    char want[UNIT_PATH * 3];
    assert_int_equal(load("listeners = ( { port = 1; tls = true; },\n{ port = 2; tls = true; } );"), -1);
    snprintf(want, sizeof want, "%s:1: listeners.tls: %s%s:2: listeners.tls: %s", file, words, file, words);
    assert_string_equal(buf_text(&errors), want);
    check_mistake(loadf("%stls = { certificates = ( { certificate = \"/c\"; key = \"k\"; } ); };", listeners), 5,
                  "tls.certificates.key", "must be an absolute path");
}

static void the_mistakes_of_a_list_that_is_too_long_are_reported_too(void **state)
{
    (void)state;
    struct buf text = {0};
    char want[UNIT_PATH * 3];
    buf_str(&text, "{ certificate = \"c\"; key = \"/k\"; }");
    for (int i = 0; i < 16; i++)
        buf_str(&text, ", { certificate = \"/c\"; key = \"/k\"; }");
    assert_int_equal(load_in_list("tls.certificates", buf_text(&text)), -1);
    buf_fini(&text);
    snprintf(want, sizeof want,
             "%s:1: tls.certificates: must be a list of 0 to 16 groups: ( { certificate = \"…\"; key = \"…\"; } )\n"
             "%s:2: tls.certificates.certificate: must be an absolute path (got \"c\")\n", file, file);
    assert_string_equal(buf_text(&errors), want);
}

static void includes_are_relative_to_the_file_and_named_in_mistakes(void **state)
{
    (void)state;
    char path[UNIT_PATH + 32], want[400];
    snprintf(path, sizeof path, "%s/more.conf", dir);
    unit_write_file(path, "clients = { max = 77; };\n", 25);
    check_ok(load("@include \"more.conf\"\nlog = { time = false; };\n"));
    assert_int_equal(conf.clients_max, 77);
    assert_false(conf.log_time);
    unit_write_file(path, "\nclients = { max = 0; };\n", 25);
    assert_int_equal(load("@include \"more.conf\"\n"), -1);
    snprintf(want, sizeof want, "more.conf:2: clients.max: must be");
    assert_non_null(strstr(buf_text(&errors), want));
    assert_int_equal(load("\n@include \"absent.conf\"\n"), -1);
    assert_true(errors.len > 0);
}

static void a_list_may_stand_in_an_included_file(void **state)
{
    (void)state;
    static const char good[] = "certificates = (\n\n{ certificate = \"/c\"; key = \"/k\"; } );\n";
    static const char bad[] = "certificates = (\n{ certificate = \"/c\"; key = \"k\"; } );\n";
    static const char main_file[] = "listeners = (\n{ port = 1; tls = true; } );\n"
                                    "tls = {\n@include \"certs.conf\"\nmin_version = \"1.3\"; };\n";
    char path[UNIT_PATH + 32], where[UNIT_PATH + 32];
    snprintf(path, sizeof path, "%s/certs.conf", dir);
    unit_write_file(path, good, sizeof good - 1);
    check_ok(load(main_file));
    assert_int_equal(conf.certificate_count, 1);
    assert_string_equal(conf.certificates[0].where, "certs.conf:3");
    snprintf(where, sizeof where, "%s:2", file);
    assert_string_equal(conf.listeners[0].where, where);
    assert_string_equal(conf.tls_min_version, "1.3");
    unit_write_file(path, bad, sizeof bad - 1);
    assert_int_equal(load(main_file), -1);
    assert_string_equal(buf_text(&errors),
                        "certs.conf:2: tls.certificates.key: must be an absolute path (got \"k\")\n");
}

/* ---- comparing ---- */

static struct {
    char keys[2048];
    int live, restart;
} changed;

static void note(const char *key, bool live, void *arg)
{
    assert_ptr_equal(arg, &changed);
    size_t n = strlen(changed.keys);
    snprintf(changed.keys + n, sizeof changed.keys - n, "%s ", key);
    if (live)
        changed.live++;
    else
        changed.restart++;
}

static void compare(const struct conf *now, struct conf *next)
{
    memset(&changed, 0, sizeof changed);
    conf_compare(now, next, note, &changed);
}

static void an_unchanged_key_is_not_reported(void **state)
{
    (void)state;
    static struct conf now, next;
    conf_defaults(&now);
    conf_defaults(&next);
    memset(next.log_level + 5, 'x', 10); /* after the end of the text */
    next.log_level[4] = '\0';
    compare(&now, &next);
    assert_string_equal(changed.keys, "");
}

static void each_changed_key_is_reported_and_kept_until_a_restart_if_needed(void **state)
{
    (void)state;
    static struct conf now, next;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        char want[64];
        conf_defaults(&now);
        conf_defaults(&next);
        void *field = (char *)&next + row->offset;
        if (row->kind == KIND_INT)
            ++*(int *)field;
        else if (row->kind == KIND_BOOL)
            *(bool *)field = !*(bool *)field;
        else
            strcpy(field, "other");
        compare(&now, &next);
        snprintf(want, sizeof want, "%s.%s ", row->section, row->key);
        assert_string_equal(changed.keys, want);
        assert_int_equal(changed.live, row->when == LIVE);
        if (row->kind == KIND_STRING)
            assert_int_equal(strcmp(value_of(&next, row), row->text) == 0, row->when == RESTART);
        else
            assert_int_equal(int_of(&next, row) == row->value, row->when == RESTART);
    }
}

/* Both configurations with two groups in the list. */
static void two_groups(const struct list *list, struct conf *now, struct conf *next)
{
    check_ok(load_groups(list->path, 2));
    memcpy(now, &conf, sizeof *now);
    memcpy(next, &conf, sizeof *next);
}

/* `next` differs from `now` in the list alone. */
static void check_list_changed(const struct list *list, const struct conf *now, struct conf *next)
{
    static struct conf wanted;
    char want[64];
    memcpy(&wanted, next, sizeof wanted);
    compare(now, next);
    snprintf(want, sizeof want, "%s ", list->path);
    assert_string_equal(changed.keys, want);
    assert_int_equal(changed.live, list->when == LIVE);
    assert_memory_equal(next, list->when == LIVE ? &wanted : now, sizeof *next);
}

static void a_list_changes_with_any_key_and_number_of_its_groups(void **state)
{
    (void)state;
    static struct conf now, next;
    for (size_t i = 0; i < ITEMS; i++) {
        const struct list *list = list_of(&items[i]);
        if (!may_have_groups(list->path))
            continue;
        two_groups(list, &now, &next);
        char *field = (char *)group_of(&next, list, 1) + items[i].offset;
        if (items[i].kind == KIND_INT)
            ++*(int *)(void *)field;
        else if (items[i].kind == KIND_BOOL)
            *(bool *)field = !*(bool *)field;
        else
            strcpy(field, "other");
        check_list_changed(list, &now, &next);
    }
    for (size_t i = 0; i < LISTS; i++) {
        if (!may_have_groups(lists[i].path))
            continue;
        two_groups(&lists[i], &now, &next);
        *(int *)(void *)((char *)&next + lists[i].count) = 1;
        check_list_changed(&lists[i], &now, &next);
    }
}

static void the_place_of_a_group_in_the_file_is_no_change(void **state)
{
    (void)state;
    static struct conf now;
    for (size_t i = 0; i < LISTS; i++) {
        if (!may_have_groups(lists[i].path))
            continue;
        check_ok(load_groups(lists[i].path, 2));
        now = conf;
        strcpy((char *)group_of(&conf, &lists[i], 1) + lists[i].where, "/other/chatd.conf:77");
        compare(&now, &conf);
        assert_string_equal(changed.keys, "");
        assert_string_equal(where_of(&conf, &lists[i], 1), "/other/chatd.conf:77");
    }
}

static void other_certificates_take_effect_at_reload(void **state)
{
    (void)state;
    static struct conf now;
    check_ok(load("tls = { certificates = ( { certificate = \"/a\"; key = \"/k\"; } ); };"));
    now = conf;
    check_ok(load("\n\ntls = { certificates = ( { certificate = \"/b\"; key = \"/k\"; } ); };"));
    compare(&now, &conf);
    assert_string_equal(changed.keys, "tls.certificates ");
    assert_int_equal(changed.live, 1);
    assert_string_equal(conf.certificates[0].certificate, "/b");
    check_ok(load("\n\ntls = { certificates = ( { certificate = \"/a\"; key = \"/k\"; } ); };"));
    compare(&now, &conf);
    assert_string_equal(changed.keys, "");
}

static void several_changes_are_all_reported(void **state)
{
    (void)state;
    static struct conf now, next;
    conf_defaults(&now);
    conf_defaults(&next);
    next.clients_max = 7;
    next.clients_prespawn = 7;
    strcpy(next.log_level, "debug");
    compare(&now, &next);
    assert_string_equal(changed.keys, "clients.max clients.prespawn log.level ");
    assert_int_equal(changed.live, 2);
    assert_int_equal(next.clients_max, 7);
    assert_int_equal(next.clients_prespawn, now.clients_prespawn);
}

static void the_sample_equals_the_defaults(void **state)
{
    (void)state;
    char sample[600];
    const char *src = getenv("SRCDIR");
    snprintf(sample, sizeof sample, "%s/etc/chatd.conf", src ? src : ".");
    if (conf_file_load(&conf, sample, &errors) != 0)
        fail_msg("%s", buf_text(&errors));
    conf.clients_max_given = false;
    check_defaults(&conf);
}

static void a_page_is_added_while_there_is_space(void **state)
{
    struct conf c;
    int added = 0;
    (void)state;
    conf_defaults(&c);
    while (conf_add_listener(&c, "http", "127.0.0.1", 9980))
        added++;
    assert_int_equal(added, CONF_LISTENERS - 1);
    assert_int_equal(c.listener_count, CONF_LISTENERS);
    assert_string_equal(c.listeners[1].protocol, "http");
    assert_string_equal(c.listeners[1].address, "127.0.0.1");
    assert_int_equal(c.listeners[1].port, 9980);
    assert_false(c.listeners[1].tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_added_while_there_is_space),
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
        TEST(in_an_empty_file_every_key_has_its_default),
        TEST(every_number_is_accepted_within_its_limits_only),
        TEST(every_key_accepts_only_its_own_type),
        TEST(yes_and_no_are_accepted),
        TEST(text_is_kept_unchanged_up_to_its_limit),
        TEST(a_keyword_must_be_on_its_list),
        TEST(proxies_are_addresses_and_networks),
        TEST(text_must_fit_into_a_line),
        TEST(an_explicit_maximum_is_recognised),
        TEST(an_unknown_key_is_reported_with_the_nearest_one),
        TEST(an_unknown_key_in_a_list_within_a_section_is_reported_with_its_whole_path),
        TEST(every_former_name_of_a_key_leads_to_the_new_one),
        TEST(a_very_long_key_is_only_reported_as_unknown),
        TEST(all_mistakes_are_reported_at_once_with_their_lines),
        TEST(mistakes_are_appended_to_earlier_ones),
        TEST(a_number_too_big_for_the_parser_is_never_wrapped),
        TEST(a_number_too_big_for_the_parser_is_found_in_included_files_too),
        TEST(hexadecimal_numbers_are_checked_too),
        TEST(big_numbers_in_comments_and_text_are_harmless),
        TEST(syntax_errors_are_reported_with_file_and_line),
        TEST(a_missing_file_is_reported),
        TEST(a_file_without_read_permission_is_reported),
        TEST(listeners_are_read_in_order_with_their_defaults),
        TEST(every_key_of_a_list_has_its_default_type_and_range),
        TEST(every_list_refuses_unknown_keys_and_what_is_no_group),
        TEST(every_list_has_its_least_and_most_groups),
        TEST(a_listener_needs_a_port_and_a_known_protocol),
        TEST(names_of_irc_have_no_blanks),
        TEST(operators_have_a_name_and_a_hash),
        TEST(a_password_instead_of_its_hash_is_not_repeated),
        TEST(two_operators_have_two_names),
        TEST(operators_need_libsodium),
        TEST(certificates_are_read_in_order),
        TEST(a_path_must_be_absolute),
        TEST(a_listener_with_tls_needs_a_certificate),
        TEST(the_mistakes_of_a_list_that_is_too_long_are_reported_too),
        TEST(includes_are_relative_to_the_file_and_named_in_mistakes),
        TEST(a_list_may_stand_in_an_included_file),
        TEST(an_unchanged_key_is_not_reported),
        TEST(each_changed_key_is_reported_and_kept_until_a_restart_if_needed),
        TEST(a_list_changes_with_any_key_and_number_of_its_groups),
        TEST(the_place_of_a_group_in_the_file_is_no_change),
        TEST(other_certificates_take_effect_at_reload),
        TEST(several_changes_are_all_reported),
        TEST(the_sample_equals_the_defaults),
    };
    alarm(300);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
