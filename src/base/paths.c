/* SPDX-License-Identifier: ISC */
/*
 * Candidates go into a list, best first; chatd takes the first that it can use, chatctl tries them all. A directory
 * under /tmp is used only if it belongs to the user chatd runs as, because another user may have created it first.
 */
#include "config.h"

#include "base/paths.h"

#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_NAME "admin.sock"
/* Of directories made on the way: the group of the console has to get through; those in a home are its owner's, as the
 * XDG specification wants them. */
#define OPEN_PARENTS 0755
#define OWN_PARENTS 0700

struct candidates {
    char v[PATHS_CANDIDATES][PATHS_SIZE];
    bool installed[PATHS_CANDIDATES]; /* only root creates it */
    size_t n;
};

static void add(struct candidates *c, const char *dir, const char *below, bool installed)
{
    if (!dir || !*dir || c->n == PATHS_CANDIDATES)
        return;
    int n = snprintf(c->v[c->n], PATHS_SIZE, "%s%s", dir, below);
    c->installed[c->n] = installed;
    if (n < PATHS_SIZE)
        c->n++;
}

/* systemd may name several directories, separated by colons; chatd uses the first. */
static const char *first_of(const char *variable, char out[PATHS_SIZE])
{
    const char *v = getenv(variable);
    if (!v)
        return NULL;
    snprintf(out, PATHS_SIZE, "%.*s", (int)strcspn(v, ":"), v);
    return out;
}

/* The XDG specification: a relative path must be ignored. */
static const char *absolute(const char *variable)
{
    const char *v = getenv(variable);
    return v && *v == '/' ? v : NULL;
}

static void own_tmp(char out[PATHS_SIZE])
{
    snprintf(out, PATHS_SIZE, "/tmp/chatd-%ld", (long)getuid());
}

static void state_candidates(struct candidates *c)
{
    char first[PATHS_SIZE], tmp[PATHS_SIZE];
    own_tmp(tmp);
    add(c, first_of("STATE_DIRECTORY", first), "", false);
    add(c, CHATD_LOCALSTATEDIR, "/lib/chatd", true);
    add(c, absolute("XDG_STATE_HOME"), "/chatd", false);
    add(c, absolute("HOME"), "/.local/state/chatd", false);
    add(c, tmp, "", false);
}

static void runtime_candidates(struct candidates *c)
{
    char first[PATHS_SIZE];
    add(c, first_of("RUNTIME_DIRECTORY", first), "", false);
    add(c, CHATD_RUNSTATEDIR, "/chatd", true);
    add(c, absolute("XDG_RUNTIME_DIR"), "/chatd", false);
}

/* Makes the directory, and the parents that it needs; the umask does not matter. */
static int make_all(const char *path, mode_t mode, mode_t parents_mode)
{
    char part[PATHS_SIZE];
    snprintf(part, sizeof part, "%s", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, parents_mode) == 0 ? chmod(part, parents_mode) != 0 : errno != EEXIST)
            return -1;
        *p = '/';
    }
    if (mkdir(part, mode) == 0)
        return chmod(part, mode);
    return errno == EEXIST ? 0 : -1;
}

static bool is_ours(const char *path)
{
    struct stat sb;
    return lstat(path, &sb) == 0 && S_ISDIR(sb.st_mode) && sb.st_uid == getuid();
}

static bool is_usable(const char *dir)
{
    struct stat sb;
    return stat(dir, &sb) == 0 && S_ISDIR(sb.st_mode) && access(dir, R_OK | W_OK | X_OK) == 0;
}

/* True if the directory exists, or was created, and can be written to. */
static bool take(const char *dir, bool installed, mode_t parents_mode)
{
    char tmp[PATHS_SIZE];
    own_tmp(tmp);
    if (strcmp(dir, tmp) == 0)
        return make_all(dir, 0700, 0755) == 0 && is_ours(dir) && is_usable(dir);
    if (installed && geteuid() != 0)
        return is_usable(dir);
    return make_all(dir, 0750, parents_mode) == 0 && is_usable(dir);
}

static int take_given(const char *dir, const char *what, char error[PATHS_ERROR])
{
    if (take(dir, false, OPEN_PARENTS))
        return 0;
    snprintf(error, PATHS_ERROR, "%s %s cannot be used: %s; create it and make it writable by the user chatd runs as%s",
             what, dir, log_error_text(errno && errno != EEXIST ? errno : ENOTDIR),
             errno == EROFS ? " (under systemd: name it in ReadWritePaths= of the unit)" : "");
    return -1;
}

/* So that the path in the log is valid from any directory. */
static void make_absolute(char path[PATHS_SIZE])
{
    char *real = realpath(path, NULL);
    if (real && strlen(real) < PATHS_SIZE)
        memcpy(path, real, strlen(real) + 1);
    free(real);
}

int paths_state(const struct paths_given *given, char out[PATHS_SIZE], char error[PATHS_ERROR])
{
    const char *dir = given->dir ? given->dir : *given->conf_dir ? given->conf_dir : NULL;
    if (dir) {
        if (strlen(dir) >= PATHS_SIZE / 2) {
            snprintf(error, PATHS_ERROR, "state directory %.64s…: the path is too long (at most %d bytes)", dir,
                     PATHS_SIZE / 2 - 1);
            return -1;
        }
        if (take_given(dir, "state directory", error) != 0)
            return -1;
        snprintf(out, PATHS_SIZE, "%s", dir);
        make_absolute(out);
        return 0;
    }
    struct candidates c = {.n = 0};
    state_candidates(&c);
    for (size_t i = 0; i < c.n; i++)
        if (take(c.v[i], c.installed[i], c.installed[i] ? OPEN_PARENTS : OWN_PARENTS)) {
            snprintf(out, PATHS_SIZE, "%s", c.v[i]);
            return 0;
        }
    snprintf(error, PATHS_ERROR, "cannot write to any of the usual state directories; choose one (chatd -d DIR)");
    return -1;
}

static int check_socket(const char *path, char error[PATHS_ERROR])
{
    if (strlen(path) <= PATHS_SOCKET_MOST)
        return 0;
    snprintf(error, PATHS_ERROR, "admin socket %s: the path is longer than %d bytes; set a shorter admin.socket", path,
             PATHS_SOCKET_MOST);
    return -1;
}

int paths_socket(const struct paths_given *given, const char *state, char out[PATHS_SIZE], char error[PATHS_ERROR])
{
    struct candidates c = {.n = 0};
    if (!given->dir && *given->conf_socket) {
        char dir[PATHS_SIZE];
        snprintf(out, PATHS_SIZE, "%s", given->conf_socket);
        snprintf(dir, sizeof dir, "%s", *out == '/' || strchr(out, '/') ? out : ".");
        char *slash = strrchr(dir, '/');
        if (slash == dir)
            return check_socket(out, error);
        if (slash)
            *slash = '\0';
        if (slash && take_given(dir, "directory of the admin socket", error) != 0)
            return -1;
        if (*out != '/') {
            make_absolute(dir);
            snprintf(out, PATHS_SIZE, "%.*s/%s", PATHS_SIZE / 2, dir,
                     slash ? strrchr(given->conf_socket, '/') + 1 : given->conf_socket);
        }
        return check_socket(out, error);
    }
    if (!given->dir)
        runtime_candidates(&c);
    size_t i = 0;
    while (i < c.n && !take(c.v[i], c.installed[i], c.installed[i] ? OPEN_PARENTS : OWN_PARENTS))
        i++;
    snprintf(out, PATHS_SIZE, "%.*s/" SOCKET_NAME, PATHS_SIZE - 16, i < c.n ? c.v[i] : state);
    return check_socket(out, error);
}

size_t paths_sockets(const struct paths_given *given, char out[PATHS_CANDIDATES][PATHS_SIZE])
{
    struct candidates c = {.n = 0};
    char tmp[PATHS_SIZE];
    size_t n = 0;
    if (given->dir) {
        snprintf(out[0], PATHS_SIZE, "%.*s/" SOCKET_NAME, PATHS_SIZE - 16, given->dir);
        return 1;
    }
    if (*given->conf_socket) {
        snprintf(out[0], PATHS_SIZE, "%s", given->conf_socket);
        return 1;
    }
    runtime_candidates(&c);
    add(&c, given->conf_dir, "", false);
    state_candidates(&c);
    own_tmp(tmp);
    for (size_t i = 0; i < c.n; i++)
        if (strcmp(c.v[i], tmp) != 0 || is_ours(tmp))
            snprintf(out[n++], PATHS_SIZE, "%.*s/" SOCKET_NAME, PATHS_SIZE - 16, c.v[i]);
    return n;
}

size_t paths_listening(char (*out)[PATHS_SIZE], size_t most)
{
    char row[1024];
    size_t n = 0;
    FILE *f = fopen("/proc/net/unix", "re");
    while (f && n < most && fgets(row, sizeof row, f)) {
        unsigned flags;
        int at = 0; /* of the path, which may have blanks */
        row[strcspn(row, "\n")] = '\0';
        if (sscanf(row, "%*s %*s %*s %x %*s %*s %*s %n", &flags, &at) != 1 || !at || row[at] != '/')
            continue;
        if (flags == 0x10000 && strcmp(strrchr(row + at, '/'), "/" SOCKET_NAME) == 0) /* __SO_ACCEPTCON */
            snprintf(out[n++], PATHS_SIZE, "%s", row + at);
    }
    if (f)
        fclose(f);
    return n;
}
