/* SPDX-License-Identifier: ISC */
/*
 * What chatd.conf says. base/conf_text.h parses the syntax; the rows of the table say what may stand where. The tree is
 * walked from its root rather than asked for known keys, so that an unknown key, a number out of range and a value of
 * the wrong type are all reported, each with its line. A section and a group of a list are read by the same function.
 */
#include "config.h"

#include "conf_file.h"

#include "base/conf_text.h"
#include "base/secret.h"
#include "conf_guess.h"
#include "conf_rows.h"
#include "net/proxies.h"
#include "net/stream_ws.h"
#include "net/tls.h"
#include "proto/irc.h"
#include "proto/name.h"
#include "proto/native.h"
#include "proto/text.h"

#include <arpa/inet.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define PATH_SIZE 128 /* of section.key, in a message */
#define EXAMPLE_SIZE 256

_Static_assert(NATIVE_TEXT_OVERHEAD == 96, "tbl/conf.h has it in the texts, and in the most of limits.text_bytes");

static const char *const sections[] = {
#define CONF_SECTION(section, comment) #section,
#include "tbl/conf.h"
};

static const char *const protocols[] = {
#define PROTOCOL(NAME, symbol, name, what) name,
#include "tbl/protocols.h"
#undef PROTOCOL
};

struct reading {
    struct conf *conf;
    struct buf *errors;
    const struct conf_text *text;
};

/* ---- mistakes ---- */

static void mistake(struct reading *rd, const config_setting_t *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* `at` NULL: there is no line to name. */
static void mistake(struct reading *rd, const config_setting_t *at, const char *key, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    unsigned line = at ? config_setting_source_line(at) : 0;
    if (at)
        buf_printf(rd->errors, "%s:%d: %s: %s\n", conf_text_file(rd->text, line), conf_text_line(rd->text, line), key,
                   text);
    else
        buf_printf(rd->errors, "%s: %s: %s\n", rd->text->files.v[0], key, text);
}

static void unknown_key(struct reading *rd, const config_setting_t *at, const struct conf_guess *g)
{
    const char *meant = conf_guess_result(g);
    if (meant)
        mistake(rd, at, g->word, "unknown key; did you mean %s?", meant);
    else
        mistake(rd, at, g->word, "unknown key; see chatd.conf(5) for all keys");
}

/* ---- values ---- */

static void read_int(struct reading *rd, const config_setting_t *at, const struct conf_row *row, int *out)
{
    int type = config_setting_type(at);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        mistake(rd, at, row->path, "must be an integer");
        return;
    }
    long long v = type == CONFIG_TYPE_INT ? config_setting_get_int(at) : config_setting_get_int64(at);
    if (v < row->least || v > row->most)
        mistake(rd, at, row->path, "must be %lld..%lld (got %lld)", row->least, row->most, v);
    else
        *out = (int)v;
}

static bool is_listed(const char *allowed, const char *value)
{
    size_t n = strlen(value);
    for (const char *a = allowed; *a; a += strcspn(a, "|"), a += *a == '|')
        if (strcspn(a, "|") == n && strncmp(a, value, n) == 0)
            return true;
    return !*allowed;
}

static bool is_address(const char *text)
{
    struct in6_addr any;
    return strcmp(text, "*") == 0 || inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static bool is_protocol(struct reading *rd, const config_setting_t *at, const char *path, const char *value)
{
    char names[256] = "";
    for (size_t i = 0; i < COUNT(protocols); i++) {
        size_t n = strlen(names);
        if (strcmp(protocols[i], value) == 0)
            return true;
        snprintf(names + n, sizeof names - n, "%s%s", i ? "|" : "", protocols[i]);
    }
    mistake(rd, at, path, "must be one of %s (got \"%s\")", names, value);
    return false;
}

/* False: not allowed; the mistake was reported. */
static bool check_string(struct reading *rd, const config_setting_t *at, const struct conf_row *row, const char *v)
{
    switch (row->check) {
    case CONF_LISTED:
        if (is_listed(row->allowed, v))
            return true;
        mistake(rd, at, row->path, "must be one of %s (got \"%s\")", row->allowed, v);
        return false;
    case CONF_ADDRESS:
        if (is_address(v))
            return true;
        mistake(rd, at, row->path, "must be \"*\" or a numeric address, like \"127.0.0.1\" or \"::1\" (got \"%s\")", v);
        return false;
    case CONF_PROTOCOL:
        return is_protocol(rd, at, row->path, v);
    case CONF_PATH:
        if (*v == '/')
            return true;
        mistake(rd, at, row->path, "must be an absolute path (got \"%s\")", v);
        return false;
    case CONF_NAME:
        if (name_was_user(v))
            return true;
        mistake(rd, at, row->path, "must be 1 to %d letters, digits, _ - or ., not - or . first (got \"%s\")",
                NAME_LONGEST, v);
        return false;
    case CONF_HASH: /* not shown: it may be the password itself */
        if (!secret_available() || secret_is_hash(v)) /* else check_opers tells what is missing */
            return true;
        mistake(rd, at, row->path, "must be the hash of a password, as chatctl hash prints it: \"$argon2id$…\"");
        return false;
    }
    return false;
}

static void read_string(struct reading *rd, const config_setting_t *at, const struct conf_row *row, char out[CONF_TEXT])
{
    const char *v = config_setting_get_string(at);
    if (!v)
        mistake(rd, at, row->path, "must be a string in quotes");
    else if (strlen(v) >= CONF_TEXT)
        mistake(rd, at, row->path, "must have fewer than %d bytes", CONF_TEXT);
    else if (check_string(rd, at, row, v))
        snprintf(out, CONF_TEXT, "%s", v);
}

static void read_value(struct reading *rd, const config_setting_t *at, const struct conf_row *row, void *base)
{
    char *field = (char *)base + row->offset;
    if (row->type == CONF_TYPE_INT)
        read_int(rd, at, row, (int *)(void *)field);
    else if (row->type == CONF_TYPE_STRING)
        read_string(rd, at, row, field);
    else if (config_setting_type(at) == CONFIG_TYPE_BOOL)
        *(bool *)field = config_setting_get_bool(at);
    else
        mistake(rd, at, row->path, "must be true or false");
}

/* ---- groups ---- */

/* The keys that a group may have: those rows and lists whose path is `name.key`, with the values of the rows in the
 * struct at `base`. */
struct group_keys {
    const char *name;
    const struct conf_row *rows;
    size_t n;
    void *base;
};

/* The row whose path is the word of the guess, or NULL; then those of the same group are candidates. */
static const struct conf_row *find_row(struct conf_guess *g, const struct group_keys *keys)
{
    for (size_t k = 0; k < keys->n; k++) {
        const struct conf_row *row = &keys->rows[k];
        if (strcmp(row->path, g->word) == 0)
            return row;
        if (strncmp(row->path, g->word, strlen(keys->name) + 1) == 0)
            conf_guess_add(g, row->path);
    }
    return NULL;
}

/* The same among the lists. All of them are candidates, as a list is easily put into the wrong place. */
static const struct conf_list *find_list(struct conf_guess *g)
{
    for (size_t i = 0; i < conf_list_count; i++) {
        if (strcmp(conf_lists[i].path, g->word) == 0)
            return &conf_lists[i];
        conf_guess_add(g, conf_lists[i].path);
    }
    return NULL;
}

static void read_list(struct reading *rd, const config_setting_t *at, const struct conf_list *list);

static void read_key(struct reading *rd, const config_setting_t *at, const struct group_keys *keys)
{
    struct conf_guess g;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s.%s", keys->name, config_setting_name(at));
    conf_guess_init(&g, path);
    const struct conf_row *row = find_row(&g, keys);
    const struct conf_list *list = row ? NULL : find_list(&g);
    if (row)
        read_value(rd, at, row, keys->base);
    else if (list)
        read_list(rd, at, list);
    else
        unknown_key(rd, at, &g);
}

static void read_group(struct reading *rd, const config_setting_t *group, const struct group_keys *keys)
{
    for (int i = 0; i < config_setting_length(group); i++)
        read_key(rd, config_setting_get_elem(group, (unsigned)i), keys);
    for (size_t k = 0; k < keys->n; k++) {
        const struct conf_row *row = &keys->rows[k];
        if (row->required && !config_setting_get_member(group, row->path + strlen(keys->name) + 1))
            mistake(rd, group, row->path, "missing; every group of %s needs it", keys->name);
    }
}

static void read_section(struct reading *rd, const config_setting_t *section)
{
    const char *name = config_setting_name(section);
    if (!config_setting_is_group(section)) {
        mistake(rd, section, name, "must be a group: %s = { … };", name);
        return;
    }
    read_group(rd, section, &(struct group_keys){name, conf_rows, conf_row_count, rd->conf});
    if (strcmp(name, "clients") == 0 && config_setting_get_member(section, "max"))
        rd->conf->clients_max_given = true;
}

/* ---- lists of groups ---- */

/* A group with the keys that it must have: `{ port = 9999; }`. */
static const char *example_of(const struct conf_list *list, char out[EXAMPLE_SIZE])
{
    size_t n = (size_t)snprintf(out, EXAMPLE_SIZE, "{");
    for (size_t k = 0; k < list->n && n < EXAMPLE_SIZE; k++) {
        const struct conf_row *row = &list->rows[k];
        const char *key = row->path + strlen(list->path) + 1;
        if (row->required && row->type == CONF_TYPE_STRING)
            n += (size_t)snprintf(out + n, EXAMPLE_SIZE - n, " %s = \"…\";", key);
        else if (row->required)
            n += (size_t)snprintf(out + n, EXAMPLE_SIZE - n, " %s = %lld;", key, row->value);
    }
    if (n < EXAMPLE_SIZE)
        snprintf(out + n, EXAMPLE_SIZE - n, " }");
    return out;
}

static void read_list_group(struct reading *rd, const config_setting_t *at, const struct conf_list *list, void *group)
{
    char example[EXAMPLE_SIZE];
    conf_default_group(list, group);
    unsigned line = config_setting_source_line(at);
    snprintf((char *)group + list->where, CONF_WHERE, "%s:%d", conf_text_file(rd->text, line),
             conf_text_line(rd->text, line));
    if (config_setting_is_group(at))
        read_group(rd, at, &(struct group_keys){list->path, list->rows, list->n, group});
    else
        mistake(rd, at, list->path, "each must be a group: %s", example_of(list, example));
}

/* Of a list that is too long the first groups are read, so that their mistakes are reported, too. */
static void read_list(struct reading *rd, const config_setting_t *at, const struct conf_list *list)
{
    char example[EXAMPLE_SIZE];
    int n = config_setting_is_list(at) ? config_setting_length(at) : -1;
    if (n < list->least || n > list->most)
        mistake(rd, at, list->path, "must be a list of %d to %d groups: ( %s )", list->least, list->most,
                example_of(list, example));
    if (n > list->most)
        n = list->most;
    for (int i = 0; i < n; i++)
        read_list_group(rd, config_setting_get_elem(at, (unsigned)i), list, conf_group(list, rd->conf, i));
    if (n >= list->least)
        *conf_group_count(list, rd->conf) = n;
}

/* ---- values that depend on others ---- */

/* Every line that chatd makes of a text has to fit. */
static void check_fits(struct reading *rd, const config_setting_t *root, const char *path, int bytes)
{
    if (bytes > rd->conf->limits_line_bytes - NATIVE_TEXT_OVERHEAD)
        mistake(rd, config_setting_get_member(root, "limits"), path,
                "must be at most limits.line_bytes - %d (got %d of %d)", NATIVE_TEXT_OVERHEAD, bytes,
                rd->conf->limits_line_bytes);
}

/* What a listener needs: a certificate to show; for browsers, what a chatd may be built without. */
static void check_listeners(struct reading *rd)
{
    const struct conf *c = rd->conf;
    for (int i = 0; i < c->listener_count; i++) {
        const struct conf_listener *l = &c->listeners[i];
        if (l->tls && !c->certificate_count)
            buf_printf(rd->errors, "%s: listeners.tls: needs a certificate in tls.certificates (chatctl tls selfsigned "
                                   "makes one)\n", l->where);
        if (!stream_ws_available() && strcmp(l->protocol, "http") == 0)
            buf_printf(rd->errors, "%s: listeners.protocol: \"http\" needs a chatd that was built with libwslay and "
                                   "OpenSSL (Debian: libwslay-dev, libssl-dev)\n", l->where);
    }
}

static void check_proxies(struct reading *rd, const config_setting_t *root)
{
    const config_setting_t *http = config_setting_get_member(root, "http");
    const char *bad;
    if (http && !proxies_are_valid(rd->conf->http_proxies, &bad))
        mistake(rd, config_setting_get_member(http, "proxies"), "http.proxies",
                "must be at most %d addresses and networks of at least 8 bits, separated by blanks, like \"127.0.0.1 "
                "10.0.0.0/8\" (got \"%.*s\")", PROXIES_MOST, (int)strcspn(bad, " \t"), bad);
}

/* They stand in lines between blanks. */
static void check_irc_name(struct reading *rd, const config_setting_t *root, const char *key, const char *value)
{
    const config_setting_t *irc = config_setting_get_member(root, "irc");
    char path[PATH_SIZE];
    if (!irc || irc_is_server_name(value))
        return;
    snprintf(path, sizeof path, "irc.%s", key);
    mistake(rd, config_setting_get_member(irc, key), path,
            "must be at most %d letters, digits and -._ (got \"%s\")", IRC_NAME_SIZE - 1, value);
}

/* It stands at the end of a line. */
static void check_irc_admin(struct reading *rd, const config_setting_t *root)
{
    const config_setting_t *irc = config_setting_get_member(root, "irc");
    if (irc && !text_is_clean(rd->conf->irc_admin, strlen(rd->conf->irc_admin)))
        mistake(rd, config_setting_get_member(irc, "admin"), "irc.admin",
                "must be one line of UTF-8 text, without control characters");
}

static void check_opers(struct reading *rd)
{
    const struct conf *c = rd->conf;
    if (c->oper_count && !secret_available())
        buf_printf(rd->errors, "%s: irc.opers: needs a chatd that was built with libsodium (Debian: libsodium-dev)\n",
                   c->opers[0].where);
    for (int i = 1; i < c->oper_count; i++)
        for (int k = 0; k < i; k++)
            if (*c->opers[i].name && strcasecmp(c->opers[i].name, c->opers[k].name) == 0)
                buf_printf(rd->errors, "%s: irc.opers.name: \"%s\" is a duplicate name, already used at %s\n",
                           c->opers[i].where, c->opers[i].name, c->opers[k].where);
}

static void check_ciphers(struct reading *rd, const config_setting_t *root, bool is_1_3)
{
    const char *key = is_1_3 ? "ciphersuites" : "ciphers";
    const config_setting_t *tls = config_setting_get_member(root, "tls");
    const char *list = is_1_3 ? rd->conf->tls_ciphersuites : rd->conf->tls_ciphers;
    if (tls && !tls_knows_ciphers(list, is_1_3))
        mistake(rd, config_setting_get_member(tls, key), is_1_3 ? "tls.ciphersuites" : "tls.ciphers",
                "OpenSSL knows no such ciphers (got \"%s\"); see `openssl ciphers -v -s %s`", list,
                is_1_3 ? "-tls1_3" : "-tls1_2");
}

static void read_root(struct reading *rd, const config_setting_t *root)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *at = config_setting_get_elem(root, (unsigned)i);
        struct conf_guess g;
        size_t k = 0;
        conf_guess_init(&g, config_setting_name(at));
        for (; k < COUNT(sections) && strcmp(sections[k], g.word) != 0; k++)
            conf_guess_add(&g, sections[k]);
        const struct conf_list *list = k == COUNT(sections) ? find_list(&g) : NULL;
        if (list)
            read_list(rd, at, list);
        else if (k < COUNT(sections))
            read_section(rd, at);
        else
            unknown_key(rd, at, &g);
    }
    check_fits(rd, root, "limits.text_bytes", rd->conf->limits_text_bytes);
    check_fits(rd, root, "limits.topic_bytes", rd->conf->limits_topic_bytes);
    check_fits(rd, root, "limits.away_bytes", rd->conf->limits_away_bytes);
    check_proxies(rd, root);
    check_irc_name(rd, root, "network", rd->conf->irc_network);
    if (*rd->conf->irc_server)
        check_irc_name(rd, root, "server", rd->conf->irc_server);
    check_ciphers(rd, root, false);
    check_ciphers(rd, root, true);
    check_listeners(rd);
    check_opers(rd);
    check_irc_admin(rd, root);
}

/* ---- the file ---- */

int conf_file_load(struct conf *c, const char *file, struct buf *errors)
{
    config_t cfg;
    struct conf_text text = {0};
    size_t before = errors->len;
    struct reading rd = {c, errors, &text};
    conf_defaults(c);
    config_init(&cfg);
    if (conf_text_load(&text, &cfg, file, errors) == 0)
        read_root(&rd, config_root_setting(&cfg));
    config_destroy(&cfg);
    conf_text_fini(&text);
    return errors->len == before ? 0 : -1;
}
