/* SPDX-License-Identifier: ISC */
/*
 * A directory that may not be looked into says nothing about whether chatd runs, so the lines for the operator claim
 * neither. A console that was found by its listening socket is used only if its chatd has the user of chatctl: anybody
 * can make a socket of that name, and passwords go through it.
 */
#include "config.h"

#include "ctl/reach.h"

#include "base/conf_text.h"
#include "base/log.h"
#include "base/strv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define CONF_INSTALLED CHATD_SYSCONFDIR "/chatd.conf"
#define MOST_LISTENING 64

struct attempt {
    struct buf *why;
    int timeout_s;
    bool is_denied; /* a socket, or a directory that may have one, must not be touched */
    bool is_seen;   /* it is a socket */
};

static int connect_to(const char *path, int timeout_s)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sun.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sun.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = timeout_s};
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

static bool is_listened_at(const char *path)
{
    char paths[MOST_LISTENING][PATHS_SIZE];
    size_t n = paths_listening(paths, MOST_LISTENING), i = 0;
    while (i < n && strcmp(paths[i], path) != 0)
        i++;
    return i < n;
}

/* Connects, or notes why not. */
static int try_path(struct attempt *at, const char *path)
{
    struct stat sb;
    int fd = connect_to(path, at->timeout_s);
    if (fd >= 0)
        return fd;
    int err = errno;
    if (err == EACCES || err == EPERM) {
        at->is_denied = true;
        at->is_seen = at->is_seen || lstat(path, &sb) == 0 || is_listened_at(path);
    }
    buf_printf(at->why, "  %s: %s\n", path,
               err == ECONNREFUSED ? "left by a chatd that has ended" : log_error_text(err));
    return -1;
}

void reach_read_conf(char dir[PATHS_SIZE], char socket_path[PATHS_SIZE], struct buf *mistakes)
{
    struct conf_text text = {0};
    config_t cfg;
    const char *v;
    *dir = *socket_path = '\0';
    if (!conf_text_exists(CONF_INSTALLED))
        return;
    config_init(&cfg);
    if (conf_text_load(&text, &cfg, CONF_INSTALLED, mistakes) == 0) {
        if (config_lookup_string(&cfg, "store.directory", &v))
            snprintf(dir, PATHS_SIZE, "%s", v);
        if (config_lookup_string(&cfg, "admin.socket", &v))
            snprintf(socket_path, PATHS_SIZE, "%s", v);
    }
    config_destroy(&cfg);
    conf_text_fini(&text);
}

static bool is_of_our_user(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == geteuid();
}

/* Connects to the only console of a chatd of this user. `others`: how to reach those of other users. */
static enum reach try_listening(int timeout_s, int *fd, struct buf *why, struct buf *others)
{
    char paths[MOST_LISTENING][PATHS_SIZE];
    struct strv found = {0};
    size_t n = paths_listening(paths, MOST_LISTENING);
    *fd = -1;
    for (size_t i = 0; i < n; i++) {
        int one = connect_to(paths[i], timeout_s);
        bool is_ours = one >= 0 && is_of_our_user(one);
        if (is_ours)
            strv_add(&found, paths[i]);
        else
            buf_printf(others, "  chatctl -s %s\n", paths[i]);
        if (is_ours && *fd < 0)
            *fd = one;
        else if (one >= 0)
            close(one);
    }
    enum reach result = found.n == 1 ? REACH_DONE : found.n ? REACH_SEVERAL : REACH_NOWHERE;
    if (result == REACH_SEVERAL) {
        close(*fd);
        buf_str(why, "several chatd of yours are running. Choose one:\n");
        for (size_t i = 0; i < found.n; i++)
            buf_printf(why, "  chatctl -s %s\n", found.v[i]);
    }
    strv_fini(&found);
    return result;
}

enum reach reach_console(const char *socket_path, const char *dir, int timeout_s, int *fd, struct buf *why)
{
    char paths[PATHS_CANDIDATES][PATHS_SIZE], conf_dir[PATHS_SIZE], conf_socket[PATHS_SIZE];
    struct buf tried = {0}, mistakes = {0}, others = {0};
    struct attempt at = {.why = &tried, .timeout_s = timeout_s};
    size_t n = 1;
    reach_read_conf(conf_dir, conf_socket, &mistakes);
    struct paths_given given = {.dir = dir, .conf_dir = conf_dir, .conf_socket = conf_socket};
    if (socket_path)
        snprintf(paths[0], PATHS_SIZE, "%s", socket_path);
    else
        n = paths_sockets(&given, paths);
    *fd = -1;
    for (size_t i = 0; i < n && *fd < 0; i++)
        *fd = try_path(&at, paths[i]);
    enum reach result = *fd >= 0 ? REACH_DONE : REACH_NOWHERE;
    if (result == REACH_NOWHERE && !socket_path && !dir)
        result = try_listening(timeout_s, fd, why, &others);
    if (result == REACH_SEVERAL) {
        buf_str(why, buf_text(&mistakes));
    } else if (result == REACH_NOWHERE) {
        result = at.is_denied ? REACH_DENIED : REACH_NOWHERE;
        buf_printf(why, "%s Tried:\n%s%s", at.is_seen ? "permission denied."
                        : at.is_denied ? "chatd is not running, or you may not reach it."
                                       : "chatd is not running, or its admin socket is elsewhere.",
                   buf_text(&tried), socket_path || dir ? "" : buf_text(&mistakes));
        if (at.is_denied)
            buf_str(why, "Who is in the group of the socket (admin.group) may use it, and root by sudo.\n");
        if (others.len && !at.is_seen)
            buf_printf(why, "Other users have these; do not give your password to one that you do not know:\n%s",
                       buf_text(&others));
        if (!at.is_seen)
            buf_str(why, "When chatd starts it logs how to reach it (console_open). Use -s SOCKET or -d STATEDIR.\n");
    }
    buf_fini(&tried);
    buf_fini(&mistakes);
    buf_fini(&others);
    return result;
}
