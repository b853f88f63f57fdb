/* SPDX-License-Identifier: ISC */
/*
 * libconfig reads the syntax; the table says what may stand where. The file is walked, not asked: so a key that there
 * is not, a number that does not fit and a word of the wrong type are all mistakes, each told with its line.
 */
#include "config.h"

#include "conf.h"

#include "base/log.h"
#include "base/strv.h"
#include "proto/codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum row_type { ROW_INT, ROW_BOOL, ROW_STRING };
enum row_when { RESTART, LIVE };

struct row {
    const char *path; /* section.key */
    enum row_type type;
    size_t offset;
    long long value, least, most;
    const char *text, *allowed;
    enum row_when when;
};

static const struct row rows[] = {
#define CONF_SECTION(section, comment)
#define CONF_INT(section, key, value, least, most, when, comment)                                                      \
    {#section "." #key, ROW_INT, offsetof(struct conf, section##_##key), value, least, most, NULL, NULL, when},
#define CONF_BOOL(section, key, value, when, comment)                                                                  \
    {#section "." #key, ROW_BOOL, offsetof(struct conf, section##_##key), value, 0, 1, NULL, NULL, when},
#define CONF_STRING(section, key, value, allowed, when, comment)                                                       \
    {#section "." #key, ROW_STRING, offsetof(struct conf, section##_##key), 0, 0, 0, value, allowed, when},
#include "tbl/conf.h"
#undef CONF_SECTION
#undef CONF_INT
#undef CONF_BOOL
#undef CONF_STRING
};

static const char *const sections[] = {
    "listeners",
#define CONF_SECTION(section, comment) #section,
#define CONF_INT(section, key, value, least, most, when, comment)
#define CONF_BOOL(section, key, value, when, comment)
#define CONF_STRING(section, key, value, allowed, when, comment)
#include "tbl/conf.h"
#undef CONF_SECTION
#undef CONF_INT
#undef CONF_BOOL
#undef CONF_STRING
};

static const char *const listener_keys[] = {"address", "port", "protocol"};

#define ROWS (sizeof rows / sizeof rows[0])
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void *field(struct conf *c, const struct row *row)
{
    return (char *)c + row->offset;
}

static const void *const_field(const struct conf *c, const struct row *row)
{
    return (const char *)c + row->offset;
}

static const struct conf_listener default_listener = {.address = "*", .port = 9999, .protocol = "native"};

void conf_defaults(struct conf *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (row->type == ROW_INT)
            *(int *)field(c, row) = (int)row->value;
        else if (row->type == ROW_BOOL)
            *(bool *)field(c, row) = row->value;
        else
            snprintf(field(c, row), CONF_TEXT, "%s", row->text);
    }
    c->listeners[0] = default_listener;
    c->listener_count = 1;
}

/* ---- mistakes ---- */

struct reading {
    struct conf *conf;
    struct buf *errors;
    const char *file;
};

static void mistake(struct reading *rd, const config_setting_t *at, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void mistake(struct reading *rd, const config_setting_t *at, const char *key, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *file = at && config_setting_source_file(at) ? config_setting_source_file(at) : rd->file;
    if (at)
        buf_printf(rd->errors, "%s:%u: %s: %s\n", file, config_setting_source_line(at), key, text);
    else
        buf_printf(rd->errors, "%s: %s: %s\n", file, key, text);
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* How many letters must be changed, added or dropped (Levenshtein), for words of up to 40. */
static size_t distance(const char *a, const char *b)
{
    size_t row[41], n = strlen(a), m = strlen(b);
    if (n > 40 || m > 40)
        return 41;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

struct guess {
    const char *word, *best;
    size_t least;
};

static void consider(struct guess *g, const char *candidate)
{
    size_t d = distance(g->word, candidate);
    if (d < g->least) {
        g->least = d;
        g->best = candidate;
    }
}

static void unknown_key(struct reading *rd, const config_setting_t *at, const char *path, struct guess *g)
{
    if (g->best && g->least <= strlen(path) / 2 + 1)
        mistake(rd, at, path, "there is no such key; did you mean %s?", g->best);
    else
        mistake(rd, at, path, "there is no such key; chatd.conf(5) lists them all");
}

/* ---- values ---- */

static bool read_int(struct reading *rd, const config_setting_t *at, const char *path, long long least, long long most,
                     int *out)
{
    int type = config_setting_type(at);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        mistake(rd, at, path, "must be a whole number");
        return false;
    }
    long long v = type == CONFIG_TYPE_INT ? config_setting_get_int(at) : config_setting_get_int64(at);
    if (v < least || v > most) {
        mistake(rd, at, path, "must be %lld..%lld (got %lld)", least, most, v);
        return false;
    }
    *out = (int)v;
    return true;
}

static bool is_allowed(const char *allowed, const char *value)
{
    size_t n = strlen(value);
    for (const char *a = allowed; *a; a += strcspn(a, "|"), a += *a == '|')
        if (strcspn(a, "|") == n && strncmp(a, value, n) == 0)
            return true;
    return !*allowed;
}

static const char *read_string(struct reading *rd, const config_setting_t *at, const char *path, size_t size)
{
    const char *v = config_setting_get_string(at);
    if (!v)
        mistake(rd, at, path, "must be text in quotes");
    else if (strlen(v) >= size)
        mistake(rd, at, path, "must have fewer than %zu bytes", size);
    else
        return v;
    return NULL;
}

static void read_row(struct reading *rd, const config_setting_t *at, const struct row *row)
{
    if (row->type == ROW_INT) {
        read_int(rd, at, row->path, row->least, row->most, field(rd->conf, row));
    } else if (row->type == ROW_BOOL) {
        if (config_setting_type(at) == CONFIG_TYPE_BOOL)
            *(bool *)field(rd->conf, row) = config_setting_get_bool(at);
        else
            mistake(rd, at, row->path, "must be true or false");
    } else {
        const char *v = read_string(rd, at, row->path, CONF_TEXT);
        if (v && is_allowed(row->allowed, v))
            snprintf(field(rd->conf, row), CONF_TEXT, "%s", v);
        else if (v)
            mistake(rd, at, row->path, "must be one of %s (got \"%s\")", row->allowed, v);
    }
}

static void read_section(struct reading *rd, const config_setting_t *section)
{
    const char *name = config_setting_name(section);
    if (!config_setting_is_group(section)) {
        mistake(rd, section, name, "must be a group: %s = { … };", name);
        return;
    }
    for (int i = 0; i < config_setting_length(section); i++) {
        const config_setting_t *at = config_setting_get_elem(section, (unsigned)i);
        char path[128];
        snprintf(path, sizeof path, "%s.%s", name, config_setting_name(at));
        struct guess g = {.word = path, .least = SIZE_MAX};
        size_t k = 0;
        for (; k < ROWS && strcmp(rows[k].path, path) != 0; k++)
            if (strncmp(rows[k].path, path, strlen(name) + 1) == 0)
                consider(&g, rows[k].path);
        if (k < ROWS)
            read_row(rd, at, &rows[k]);
        else
            unknown_key(rd, at, path, &g);
    }
    if (strcmp(name, "clients") == 0 && config_setting_get_member(section, "max"))
        rd->conf->clients_max_given = true;
}

static bool is_address(const char *text)
{
    struct in6_addr any;
    return strcmp(text, "*") == 0 || inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static void read_listener_key(struct reading *rd, const config_setting_t *at, struct conf_listener *l)
{
    const char *key = config_setting_name(at), *v;
    char path[128];
    snprintf(path, sizeof path, "listeners.%s", key);
    if (strcmp(key, "port") == 0) {
        read_int(rd, at, path, 0, 65535, &l->port);
    } else if (strcmp(key, "address") == 0) {
        v = read_string(rd, at, path, sizeof l->address);
        if (v && is_address(v))
            snprintf(l->address, sizeof l->address, "%s", v);
        else if (v)
            mistake(rd, at, path, "must be \"*\" or a numeric address, like \"127.0.0.1\" or \"::1\" (got \"%s\")", v);
    } else if (strcmp(key, "protocol") == 0) {
        v = read_string(rd, at, path, sizeof l->protocol);
        if (v && codec_named(v))
            snprintf(l->protocol, sizeof l->protocol, "%s", v);
        else if (v)
            mistake(rd, at, path, "there is no protocol \"%s\"", v);
    } else {
        struct guess g = {.word = key, .least = SIZE_MAX};
        for (size_t i = 0; i < COUNT(listener_keys); i++)
            consider(&g, listener_keys[i]);
        unknown_key(rd, at, path, &g);
    }
}

static void read_listeners(struct reading *rd, const config_setting_t *list)
{
    int n = config_setting_length(list);
    if (!config_setting_is_list(list) || n < 1 || n > CONF_LISTENERS) {
        mistake(rd, list, "listeners", "must be a list of 1 to %d groups: ( { address = \"*\"; port = 9999; } )",
                CONF_LISTENERS);
        return;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);
        struct conf_listener *l = &rd->conf->listeners[i];
        *l = default_listener;
        if (!config_setting_is_group(group)) {
            mistake(rd, group, "listeners", "each must be a group: { address = \"*\"; port = 9999; }");
            continue;
        }
        for (int k = 0; k < config_setting_length(group); k++)
            read_listener_key(rd, config_setting_get_elem(group, (unsigned)k), l);
        if (!config_setting_get_member(group, "port"))
            mistake(rd, group, "listeners.port", "is missing");
    }
    rd->conf->listener_count = n;
}

/* Every line that chatd makes of a text has to fit: command, room and name before it take up to 96 bytes. */
static void check_fits(struct reading *rd, const config_setting_t *root, const char *path, int bytes)
{
    if (bytes > rd->conf->limits_line - 96)
        mistake(rd, config_setting_get_member(root, "limits"), path, "must be at most limits.line - 96 (got %d of %d)",
                bytes, rd->conf->limits_line);
}

static void read_root(struct reading *rd, const config_setting_t *root)
{
    for (int i = 0; i < config_setting_length(root); i++) {
        const config_setting_t *at = config_setting_get_elem(root, (unsigned)i);
        const char *name = config_setting_name(at);
        struct guess g = {.word = name, .least = SIZE_MAX};
        size_t k = 0;
        for (; k < COUNT(sections) && strcmp(sections[k], name) != 0; k++)
            consider(&g, sections[k]);
        if (k == COUNT(sections))
            unknown_key(rd, at, name, &g);
        else if (k == 0)
            read_listeners(rd, at);
        else
            read_section(rd, at);
    }
    check_fits(rd, root, "limits.text", rd->conf->limits_text);
    check_fits(rd, root, "limits.topic", rd->conf->limits_topic);
    check_fits(rd, root, "limits.away", rd->conf->limits_away);
}

/* Steps over a comment or a string of libconfig's at `s`; 0 when there is none. */
static size_t skip_opaque(const char *s)
{
    const char *end = NULL;
    if (*s == '#' || (s[0] == '/' && s[1] == '/'))
        return strcspn(s, "\n");
    if (s[0] == '/' && s[1] == '*') {
        end = strstr(s + 2, "*/");
        return end ? (size_t)(end + 2 - s) : strlen(s);
    }
    if (*s != '"')
        return 0;
    for (end = s + 1; *end && *end != '"'; end++)
        end += *end == '\\' && end[1];
    return (size_t)(end - s) + (*end == '"');
}

/* True when the word is a number that libconfig 1.5 would cut, silently: 2^31 or more without its L. */
static bool is_cut(const char *word, size_t len)
{
    const char *digits = word + (*word == '-');
    char *end;
    errno = 0;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    unsigned long long v = strtoull(digits, &end, hex ? 16 : 10);
    return len && end == word + len && (errno == ERANGE || v > INT32_MAX);
}

static void refuse_cut_integers(struct reading *rd, const char *file, const char *text)
{
    int line = 1;
    for (const char *s = text; *s;) {
        size_t opaque = skip_opaque(s);
        size_t word = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
        size_t step = opaque ? opaque : word ? word : 1;
        if (!opaque && is_cut(s, word))
            buf_printf(rd->errors, "%s:%d: the number %.*s is too large\n", file, line, (int)word, s);
        for (; step; step--)
            line += *s++ == '\n';
    }
}

/* The included files that settings came from; those of the first one name none, as it was read as text. */
static void collect_files(struct strv *files, const config_setting_t *at)
{
    const char *file = config_setting_source_file(at);
    size_t i = 0;
    while (file && i < files->n && strcmp(files->v[i], file) != 0)
        i++;
    if (file && i == files->n)
        strv_add(files, file);
    for (int k = 0; k < config_setting_length(at); k++)
        collect_files(files, config_setting_get_elem(at, (unsigned)k));
}

/* Adds the whole file; 0, or -1 with errno. */
static int read_text(const char *file, struct buf *text)
{
    char part[4096];
    size_t n;
    FILE *f = fopen(file, "r");
    if (!f)
        return -1;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(text, part, n);
    int err = ferror(f) ? errno : 0; /* a directory opens, and cannot be read */
    fclose(f);
    errno = err;
    return err ? -1 : 0;
}

/* An included file is named as it was written, which means: below the directory of the first one. */
static void check_included(struct reading *rd, const char *file)
{
    struct buf text = {0};
    char path[CONF_TEXT * 5];
    size_t dir = strrchr(rd->file, '/') ? (size_t)(strrchr(rd->file, '/') - rd->file) + 1 : 0;
    snprintf(path, sizeof path, "%.*s%s", (int)dir, rd->file, file);
    if (read_text(path, &text) == 0)
        refuse_cut_integers(rd, file, buf_text(&text));
    buf_fini(&text);
}

static void check_integers(struct reading *rd, const char *text, const config_setting_t *root)
{
    struct strv files = {0};
    refuse_cut_integers(rd, rd->file, text);
    collect_files(&files, root);
    for (size_t i = 0; i < files.n; i++)
        check_included(rd, files.v[i]);
    strv_fini(&files);
}

int conf_load(struct conf *c, const char *file, struct buf *errors)
{
    config_t cfg;
    struct buf text = {0};
    size_t before = errors->len;
    struct reading rd = {c, errors, file};
    char dir[CONF_TEXT * 4];
    conf_defaults(c);
    if (read_text(file, &text) != 0) {
        buf_printf(errors, "%s: cannot be read: %s\n", file, log_error_text(errno));
        buf_fini(&text);
        return -1;
    }
    config_init(&cfg);
    snprintf(dir, sizeof dir, "%s", file);
    char *slash = strrchr(dir, '/');
    if (slash) {
        slash[slash == dir] = '\0';
        config_set_include_dir(&cfg, dir);
    }
    buf_str(&text, "\n"); /* libconfig wants one behind a comment at the very end */
    const char *start = buf_text(&text) + (strncmp(buf_text(&text), "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    if (config_read_string(&cfg, start)) {
        check_integers(&rd, start, config_root_setting(&cfg));
        read_root(&rd, config_root_setting(&cfg));
    } else {
        buf_printf(errors, "%s:%d: %s\n", config_error_file(&cfg) ? config_error_file(&cfg) : file,
                   config_error_line(&cfg), config_error_text(&cfg));
    }
    config_destroy(&cfg);
    buf_fini(&text);
    return errors->len == before ? 0 : -1;
}

/* ---- comparing ---- */

static size_t size_of(const struct row *row)
{
    return row->type == ROW_INT ? sizeof(int) : row->type == ROW_BOOL ? sizeof(bool) : CONF_TEXT;
}

static bool is_same(const struct conf *a, const struct conf *b, const struct row *row)
{
    if (row->type == ROW_STRING)
        return strcmp(const_field(a, row), const_field(b, row)) == 0;
    return memcmp(const_field(a, row), const_field(b, row), size_of(row)) == 0;
}

static bool same_listeners(const struct conf *a, const struct conf *b)
{
    bool same = a->listener_count == b->listener_count;
    for (int i = 0; same && i < a->listener_count; i++) {
        const struct conf_listener *x = &a->listeners[i], *y = &b->listeners[i];
        same = x->port == y->port && strcmp(x->address, y->address) == 0 && strcmp(x->protocol, y->protocol) == 0;
    }
    return same;
}

void conf_compare(const struct conf *now, struct conf *next, void (*fn)(const char *key, bool live, void *arg), void *arg)
{
    if (!same_listeners(now, next)) {
        fn("listeners", false, arg);
        memcpy(next->listeners, now->listeners, sizeof next->listeners);
        next->listener_count = now->listener_count;
    }
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        if (is_same(now, next, row))
            continue;
        fn(row->path, row->when == LIVE, arg);
        if (row->when == RESTART)
            memcpy(field(next, row), const_field(now, row), size_of(row));
    }
}
