/* SPDX-License-Identifier: ISC */
/*
 * A few workers, each in accept(2) on the same listening socket: the kernel gives each connection to one of them, so
 * there is no queue. A connection has five seconds to send its line, so an idle one does not hold its worker for long.
 */
#include "config.h"

#include "ctl/admin.h"

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/secret.h"
#include "base/thread.h"
#include "ctl/admin_cmds.h"
#include "ctl/wire.h"
#include "net/post.h"

#include <errno.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define WORKERS 4
#define REQUEST_S 5
#define REPLY_S 30 /* for a whole reply, or for each part that is passed on; a single send may take REQUEST_S */
#define PAUSE_MS 200
#define WORKER_STACK (256 * 1024)

/* Locking key: A by .lock · c constant after admin_start */
static struct {
    struct lock lock;
    char path[108];            /* c */
    int fd;                    /* c */
    struct admin_hooks hooks;  /* c */
    struct thread workers[WORKERS];
    int started;
    int busy_fd[WORKERS];      /* A: the connection of each worker, or -1 */
    struct admin_call calls[WORKERS]; /* one per worker; not on its stack, because the store may still be about to
                                         notify a worker that has seen its answer and ended */
    _Atomic bool stopping;
} admin = {.lock = {PTHREAD_MUTEX_INITIALIZER, LOCK_ADMIN}, .fd = -1};

/* ---- the socket ---- */

static bool is_alive(const struct sockaddr_un *sun)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)sun, sizeof *sun) == 0;
    if (fd >= 0)
        close(fd);
    return alive;
}

static int remove_leftover(const char *path, char error[ADMIN_ERROR])
{
    struct stat sb;
    if (lstat(path, &sb) != 0)
        return 0;
    if (S_ISSOCK(sb.st_mode) && unlink(path) == 0)
        return 0;
    snprintf(error, ADMIN_ERROR, "admin socket %s: %s", path,
             S_ISSOCK(sb.st_mode) ? log_error_text(errno)
                                  : "the file exists and is not a socket; remove it, or set another path "
                                    "(admin.socket)");
    return -1;
}

static int find_group(const char *name, gid_t *gid)
{
    if (!*name) {
        *gid = (gid_t)-1;
        return 0;
    }
    const struct group *found = getgrnam(name); /* not thread-safe; there is only one thread yet */
    if (!found)
        return -1;
    *gid = found->gr_gid;
    return 0;
}

bool admin_group_exists(const char *group)
{
    gid_t gid;
    return find_group(group, &gid) == 0;
}

/* Gives the group access: to the socket, and to its directory if that is ours and closed to others. */
static int admit_group(const char *path, gid_t gid)
{
    char dir[sizeof admin.path];
    struct stat sb;
    memcpy(dir, path, strlen(path) + 1);
    char *slash = strrchr(dir, '/');
    if (gid == (gid_t)-1)
        return 0;
    if (chown(path, (uid_t)-1, gid) != 0)
        return -1;
    if (!slash || slash == dir)
        return 0;
    *slash = '\0';
    if (stat(dir, &sb) == 0 && sb.st_uid == geteuid() && !(sb.st_mode & S_IXOTH))
        return chown(dir, (uid_t)-1, gid);
    return 0;
}

int admin_open(const char *path, const char *group, char error[ADMIN_ERROR])
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    gid_t gid;
    int bound = -1;
    bool is_foreign = false; /* the group */
    must(strlen(path) < sizeof sun.sun_path);
    memcpy(sun.sun_path, path, strlen(path) + 1);
    memcpy(admin.path, path, strlen(path) + 1);
    if (is_alive(&sun)) {
        snprintf(error, ADMIN_ERROR, "admin socket %s: in use by another chatd; stop it (chatctl -s %s stop), or "
                                     "set another path (admin.socket)", path, path);
        return -1;
    }
    if (find_group(group, &gid) != 0) {
        snprintf(error, ADMIN_ERROR, "admin.group: unknown group \"%s\"", group);
        return -1;
    }
    if (remove_leftover(path, error) != 0)
        return -1;
    admin.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (admin.fd < 0)
        goto failed;
    mode_t old = umask(0177);
    bound = bind(admin.fd, (struct sockaddr *)&sun, sizeof sun);
    umask(old);
    if (bound != 0)
        goto failed;
    bool is_admitted = admit_group(path, gid) == 0;
    is_foreign = !is_admitted && errno == EPERM;
    if (!is_admitted || chmod(path, 0660) != 0 || listen(admin.fd, 64) != 0)
        goto failed;
    return 0;

failed:
    snprintf(error, ADMIN_ERROR, "admin socket %s: %s%s%s%s", path, log_error_text(errno),
             is_foreign ? ": the user that chatd runs as must be in the group " : "", is_foreign ? group : "",
             is_foreign ? " (admin.group; under systemd: name it in SupplementaryGroups= of the unit)" : "");
    if (admin.fd >= 0)
        close(admin.fd);
    if (bound == 0)
        unlink(path);
    admin.fd = -1;
    return -1;
}

/* ---- a connection ---- */

/* Reads up to the LF. NULL, or why there is no request; "" if the peer has closed the connection. */
static const char *read_request(int fd, char line[WIRE_REQUEST_MOST])
{
    size_t n = 0;
    int64_t until_ms = clock_ms() + REQUEST_S * 1000;
    while (n < WIRE_REQUEST_MOST) {
        if (clock_ms() >= until_ms)
            return "no request within 5 seconds";
        ssize_t got = recv(fd, line + n, WIRE_REQUEST_MOST - n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN ? "no request within 5 seconds" : "";
        char *lf = memchr(line + n, '\n', (size_t)got);
        n += (size_t)got;
        if (lf) {
            *lf = '\0';
            if (lf > line && lf[-1] == '\r')
                lf[-1] = '\0';
            return NULL;
        }
    }
    return "the request is too long";
}

/* With `waits`, waits up to REPLY_S for a peer that does not read. False: not everything was sent. */
static bool write_reply(int fd, const struct buf *out, bool waits)
{
    int64_t until_ms = clock_ms() + REPLY_S * 1000;
    size_t at = 0;
    while (at < out->len && clock_ms() < until_ms && !(at && atomic_load(&admin.stopping))) {
        ssize_t n = send(fd, out->data + at, out->len - at, MSG_NOSIGNAL);
        if (n < 0 && (errno == EINTR || (waits && errno == EAGAIN)))
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return at == out->len;
}

static bool pass_on(struct admin_call *c)
{
    bool taken = !atomic_load(&admin.stopping) && write_reply(c->fd, c->out, true);
    buf_clear(c->out);
    return taken;
}

static long peer_uid(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? (long)who.uid : -1;
}

static void serve(struct admin_call *c, int fd)
{
    char line[WIRE_REQUEST_MOST];
    struct timeval limit = {.tv_sec = REQUEST_S};
    struct buf out = {0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const char *wrong = read_request(fd, line);
    if (wrong && *wrong) {
        wire_end(&out, wrong);
    } else if (!wrong) {
        c->out = &out;
        c->fd = fd;
        const char *verb = admin_cmds_run(c, line);
        log_info("console", "uid=%ld command=\"%s\"", peer_uid(fd), verb);
        post_assert_flushed();
    }
    secret_wipe(line, sizeof line);
    write_reply(fd, &out, false);
    buf_fini(&out);
}

static void set_busy(int worker, int fd)
{
    lock_acquire(&admin.lock);
    admin.busy_fd[worker] = fd;
    lock_release(&admin.lock);
}

static void work(void *arg)
{
    int worker = (int)(intptr_t)arg;
    struct admin_call *c = &admin.calls[worker];
    while (!atomic_load(&admin.stopping)) {
        int fd = accept4(admin.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno != EINVAL) /* no descriptors are left: pause, or this would be a storm of failing calls */
                notifier_wait(&c->notifier, clock_ms() + PAUSE_MS);
            continue;
        }
        set_busy(worker, fd);
        serve(c, fd);
        set_busy(worker, -1);
        close(fd);
    }
    buf_fini(&c->error);
}

int admin_start(const struct admin_hooks *hooks)
{
    admin.hooks = *hooks;
    atomic_store(&admin.stopping, false);
    admin_cmds_start();
    for (admin.started = 0; admin.started < WORKERS; admin.started++) {
        admin.busy_fd[admin.started] = -1;
        admin.calls[admin.started].hooks = &admin.hooks;
        admin.calls[admin.started].pass_on = pass_on;
        notifier_init(&admin.calls[admin.started].notifier);
        if (thread_start(&admin.workers[admin.started], "console", WORKER_STACK, work,
                         (void *)(intptr_t)admin.started) != 0)
            return -1;
    }
    return 0;
}

void admin_stop(void)
{
    if (admin.fd < 0)
        return;
    atomic_store(&admin.stopping, true);
    (void)shutdown(admin.fd, SHUT_RDWR);
    lock_acquire(&admin.lock);
    for (int i = 0; i < admin.started; i++)
        if (admin.busy_fd[i] >= 0)
            (void)shutdown(admin.busy_fd[i], SHUT_RD);
    lock_release(&admin.lock);
    for (int i = 0; i < admin.started; i++)
        thread_join(&admin.workers[i]);
    unlink(admin.path);
    close(admin.fd);
    admin.fd = -1;
}
