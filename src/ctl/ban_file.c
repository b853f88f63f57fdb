/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ctl/ban_file.h"

#include "base/log.h"
#include "ctl/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_MOST 64 /* bytes of the longest target, and more */

struct import {
    const char *file, *options;
    int (*ask)(const struct buf *request, void *arg);
    void *arg;
    struct buf targets; /* owns: of the request that is being made, each with a blank in front */
    long first, line;   /* of these targets in the file */
    long waiting, done; /* how many targets */
};

static int send_request(struct import *im)
{
    struct buf request = {0};
    if (!im->waiting)
        return 0;
    buf_printf(&request, "ban add%s %s", buf_text(&im->targets), im->options);
    int result = im->ask(&request, im->arg);
    if (result == 0)
        im->done += im->waiting;
    else
        fprintf(stderr, "chatctl: %s: nothing of lines %ld to %ld is banned; the %ld before them are\n", im->file,
                im->first, im->line, im->done);
    buf_fini(&request);
    buf_clear(&im->targets);
    im->waiting = 0;
    return result;
}

static int take_line(struct import *im, char *line)
{
    size_t used = im->targets.len + strlen("ban add ") + strlen(im->options) + 2;
    line += strspn(line, " \t");
    line[strcspn(line, " \t\r\n#;")] = '\0';
    size_t n = strlen(line);
    if (!n)
        return 0;
    if (n > TARGET_MOST) {
        fprintf(stderr, "chatctl: %s:%ld: not a user, an address or a network: %.40s...\n", im->file, im->line, line);
        return -1;
    }
    int result = used + n + 1 > WIRE_REQUEST_MOST ? send_request(im) : 0;
    if (!im->waiting)
        im->first = im->line;
    buf_printf(&im->targets, " %s", line);
    im->waiting++;
    return result;
}

int ban_file_import(const char *file, const char *options, int (*ask)(const struct buf *request, void *arg), void *arg,
                    long *count)
{
    struct import im = {.file = file, .options = options, .ask = ask, .arg = arg};
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    char *line = NULL;
    size_t cap = 0;
    int result = in ? 0 : -1;
    if (!in)
        fprintf(stderr, "chatctl: %s: %s\n", file, log_error_text(errno));
    while (result == 0 && getline(&line, &cap, in) > 0) {
        im.line++;
        result = take_line(&im, line);
    }
    if (result == 0)
        result = send_request(&im);
    if (in && in != stdin)
        fclose(in);
    free(line);
    buf_fini(&im.targets);
    *count = im.done;
    return result;
}
