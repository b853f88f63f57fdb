/* SPDX-License-Identifier: ISC */
/*
 * @include is carried out here and not by libconfig, which names neither a file that it cannot open nor the file that a
 * comment without an end stands in, and stops at a byte order mark. It also takes a NUL for the end of the text, and
 * cuts numbers of 2^31 or more; so the text is looked through before it is parsed.
 */
#include "config.h"

#include "base/conf_text.h"

#include "base/log.h"
#include "base/panic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_BYTES (4 * 1024 * 1024) /* of a file: /dev/zero has no end */
#define MOST_DEPTH 10                /* of files that include files */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define INCLUDE "@include"

struct loading {
    struct conf_text *ct;
    struct buf *errors;
    size_t dir;     /* bytes of the first file's directory with its slash; 0: the working directory */
    bool is_broken; /* what could be parsed is not what was meant */
};

/* Where the text is being read: a file of ct->files, and the line there. */
struct place {
    size_t file;
    int line, depth;
};

static void mistake(struct loading *ld, const struct place *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct loading *ld, const struct place *at, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_printf(ld->errors, "%s:%d: %s\n", ld->ct->files.v[at->file], at->line, text);
}

/* ---- the lines of the text ---- */

/* The line of the text that is being written is from there. */
static void note_line(struct conf_text *ct, const struct place *at)
{
    if (ct->line_count == ct->line_cap) {
        ct->line_cap = ct->line_cap ? ct->line_cap * 2 : 256;
        ct->lines = panic_realloc(ct->lines, ct->line_cap * sizeof *ct->lines);
    }
    ct->lines[ct->line_count++] = (struct conf_text_line){at->file, at->line};
}

static void copy(struct loading *ld, struct place *at, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_char(&ld->ct->text, s[i]);
        if (s[i] != '\n')
            continue;
        at->line++;
        note_line(ld->ct, at);
    }
}

static const struct conf_text_line *line_at(const struct conf_text *ct, unsigned line)
{
    size_t i = line ? line - 1 : 0;
    return &ct->lines[i < ct->line_count ? i : ct->line_count - 1];
}

const char *conf_text_file(const struct conf_text *ct, unsigned line)
{
    return ct->files.v[line_at(ct, line)->file];
}

int conf_text_line(const struct conf_text *ct, unsigned line)
{
    return line_at(ct, line)->number;
}

/* ---- one file ---- */

bool conf_text_exists(const char *file)
{
    struct stat sb;
    return lstat(file, &sb) == 0 || errno != ENOENT;
}

/* Appends the whole file to `text`; 0, or -1 with errno. */
static int read_file(const char *file, struct buf *text)
{
    char part[4096];
    size_t n;
    FILE *f = fopen(file, "re");
    if (!f)
        return -1;
    while (text->len <= MOST_BYTES && (n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(text, part, n);
    int err = ferror(f) ? errno : text->len > MOST_BYTES ? EFBIG : 0; /* a directory can be opened, but not read */
    fclose(f);
    errno = err;
    return err ? -1 : 0;
}

/* The length of a comment or string that begins at `s`, 0 if there is none; *is_whole: it has an end. */
static size_t opaque(const char *s, bool *is_whole)
{
    *is_whole = true;
    if (*s == '#' || (s[0] == '/' && s[1] == '/'))
        return strcspn(s, "\n");
    if (s[0] == '/' && s[1] == '*') {
        const char *end = strstr(s + 2, "*/");
        *is_whole = end;
        return end ? (size_t)(end + 2 - s) : strlen(s);
    }
    if (*s != '"')
        return 0;
    const char *end = s + 1;
    for (; *end && *end != '"'; end++)
        end += *end == '\\' && end[1];
    *is_whole = *end;
    return (size_t)(end - s) + (*end == '"');
}

/* True for a number that libconfig 1.5 silently cuts to 32 bits: 2^31 or more without the suffix L. */
static bool is_cut(const char *word, size_t len)
{
    const char *digits = word + (*word == '-');
    char *end;
    errno = 0;
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    unsigned long long v = strtoull(digits, &end, hex ? 16 : 10);
    return len && end == word + len && (errno == ERANGE || v > INT32_MAX);
}

static void add_file(struct loading *ld, const struct place *from, const char *path, const char *name);

/* Includes the file named at `s`, the begin of a line. Returns the length of what names it; 0 if nothing does. */
static size_t include(struct loading *ld, const struct place *at, const char *s)
{
    char name[512], path[1024];
    size_t n = 0, blank = strspn(s, " \t");
    const char *p = s + blank;
    if (strncmp(p, INCLUDE, strlen(INCLUDE)) != 0)
        return 0;
    p += strlen(INCLUDE);
    p += strspn(p, " \t");
    if (*p++ != '"')
        return 0;
    for (; *p && *p != '"' && *p != '\n' && n < sizeof name - 1; p++) {
        p += *p == '\\' && (p[1] == '\\' || p[1] == '"');
        name[n++] = *p;
    }
    name[n] = '\0';
    if (*p != '"')
        return 0;
    snprintf(path, sizeof path, "%.*s%s", *name == '/' ? 0 : (int)ld->dir, ld->ct->files.v[0], name);
    add_file(ld, at, path, name);
    return (size_t)(p + 1 - s);
}

static void add_text(struct loading *ld, struct place *at, const char *text)
{
    bool begins_line = true;
    for (const char *s = text; *s;) {
        size_t included = begins_line ? include(ld, at, s) : 0;
        bool is_whole;
        size_t hidden = included ? 0 : opaque(s, &is_whole);
        size_t word = strspn(s, WORD);
        if (included) {
            s += included;
            begins_line = false;
            continue;
        }
        if (hidden && !is_whole) {
            mistake(ld, at, *s == '"' ? "this string has no closing quote" : "this comment has no end (*/)");
            ld->is_broken = true;
        } else if (!hidden && is_cut(s, word)) {
            mistake(ld, at, "the number %.*s is too large", (int)word, s);
        }
        size_t n = hidden ? hidden : word ? word : 1;
        begins_line = n == 1 && *s == '\n';
        copy(ld, at, s, n);
        s += n;
    }
}

/* What follows a NUL byte would be ignored. */
static void refuse_nul(struct loading *ld, const struct place *from, const struct buf *text)
{
    struct place at = *from;
    size_t n = strlen(buf_text(text));
    if (n == text->len)
        return;
    for (size_t i = 0; i < n; i++)
        at.line += text->data[i] == '\n';
    mistake(ld, &at, "has a NUL byte, so it is not a text file");
    ld->is_broken = true;
}

/* Adds the file at the end of the text. `from`: the place of its @include, or NULL. */
static void add_file(struct loading *ld, const struct place *from, const char *path, const char *name)
{
    struct conf_text *ct = ld->ct;
    struct buf text = {0};
    struct place at = {.file = ct->files.n, .line = 1, .depth = from ? from->depth + 1 : 0};
    if (at.depth > MOST_DEPTH) {
        mistake(ld, from, "cannot include %s: more than %d files include one another", path, MOST_DEPTH);
        ld->is_broken = true;
        return;
    }
    if (read_file(path, &text) != 0) {
        if (from)
            mistake(ld, from, "cannot include %s: %s", path, log_error_text(errno));
        else
            buf_printf(ld->errors, "%s: cannot be read: %s\n", path, log_error_text(errno));
        ld->is_broken = true;
        buf_fini(&text);
        return;
    }
    strv_add(&ct->files, name);
    if (from)
        ct->line_count--; /* the line that includes the file has nothing before that */
    note_line(ct, &at);
    refuse_nul(ld, &at, &text);
    const char *s = buf_text(&text);
    add_text(ld, &at, s + (strncmp(s, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0 ? strlen(BYTE_ORDER_MARK) : 0));
    buf_char(&ct->text, '\n'); /* libconfig needs one after a comment at the very end */
    if (from)
        note_line(ct, from);
    buf_fini(&text);
}

/* ---- the whole ---- */

int conf_text_load(struct conf_text *ct, config_t *cfg, const char *file, struct buf *errors)
{
    const char *slash = strrchr(file, '/');
    struct loading ld = {.ct = ct, .errors = errors, .dir = slash ? (size_t)(slash - file) + 1 : 0};
    add_file(&ld, NULL, file, file);
    if (ld.is_broken)
        return -1;
    if (config_read_string(cfg, buf_text(&ct->text)))
        return 0;
    unsigned line = config_error_line(cfg) > 0 ? (unsigned)config_error_line(cfg) : 1;
    buf_printf(errors, "%s:%d: %s\n", conf_text_file(ct, line), conf_text_line(ct, line), config_error_text(cfg));
    return -1;
}

void conf_text_fini(struct conf_text *ct)
{
    buf_fini(&ct->text);
    strv_fini(&ct->files);
    free(ct->lines);
    *ct = (struct conf_text){0};
}
