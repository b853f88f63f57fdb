/* SPDX-License-Identifier: ISC */
/* The message of the day: plain text in a file of the operator's. */
#include "config.h"

#include "motd.h"

#include "base/log.h"
#include "proto/text.h"
#include "serve/about.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINES 500
#define MOST_KIB 64

static int complain(struct buf *errors, const struct conf *c, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int complain(struct buf *errors, const struct conf *c, int line, const char *format, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    buf_printf(errors, "irc.motd: %s", c->irc_motd);
    if (line)
        buf_printf(errors, ":%d", line);
    buf_printf(errors, ": %s\n", why);
    return -1;
}

static int add_line(const struct conf *c, int n, char *line, struct buf *text, struct buf *errors)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (n > LINES)
        return complain(errors, c, n, "must have at most %d lines", LINES);
    if (strlen(line) > ABOUT_LINE)
        return complain(errors, c, n, "must have at most %d bytes; make two lines of it", ABOUT_LINE);
    if (!text_clean(line, strlen(line)))
        return complain(errors, c, n, "is not UTF-8");
    buf_printf(text, "%s\n", line);
    return 0;
}

int motd_read(const struct conf *c, struct buf *text, struct buf *errors)
{
    char *line = NULL;
    size_t size = 0;
    int result = 0, n = 0;
    struct stat st;
    if (!*c->irc_motd)
        return 0;
    if (*c->irc_motd != '/')
        return complain(errors, c, 0, "must be an absolute path");
    if (stat(c->irc_motd, &st) != 0)
        return complain(errors, c, 0, "%s", log_error_text(errno));
    if (!S_ISREG(st.st_mode) || st.st_size > MOST_KIB * 1024)
        return complain(errors, c, 0, "must be a file of at most %d KiB", MOST_KIB);
    FILE *f = fopen(c->irc_motd, "re");
    if (!f)
        return complain(errors, c, 0, "%s", log_error_text(errno));
    while (result == 0 && getline(&line, &size, f) >= 0)
        result = add_line(c, ++n, line, text, errors);
    if (result == 0 && ferror(f))
        result = complain(errors, c, 0, "%s", log_error_text(errno));
    free(line);
    fclose(f);
    return result;
}
