/* SPDX-License-Identifier: ISC */
/*
 * See the header. Every wait is for a state; the clock only bounds it, so that a broken promise fails and does not
 * hang.
 */
#include "config.h"

#include "tests/lib/unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "chat/accounts.h"
#include "chat/bans.h"
#include "chat/history.h"
#include "chat/makers.h"
#include "chat/reached.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/moderation.h"
#include "chat/roster.h"
#include "chat/search.h"
#include "chat/space.h"
#include "chat/talk.h"
#include "chat/users.h"
#include "net/outbox_impl.h"
#include "net/post.h"
#include "store/schema.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

/* ---- waiting ---- */

bool unit_wait_for(bool (*is_there)(void *arg), void *arg)
{
    int64_t until_ms = clock_ms() + PATIENCE_MS;
    struct timespec look_again = {.tv_nsec = 500000};
    while (!is_there(arg)) {
        if (clock_ms() >= until_ms)
            return false;
        nanosleep(&look_again, NULL);
    }
    return true;
}

void unit_until(bool (*is_there)(void *arg), void *arg)
{
    assert_true(unit_wait_for(is_there, arg));
}

/* ---- children ---- */

/* In a coverage build, a child must write its counts itself: _exit(2) does not. */
extern void __gcov_dump(void) __attribute__((weak));

_Noreturn static void leave_child(int code)
{
    if (__gcov_dump)
        __gcov_dump();
    _exit(code);
}

static int status_of(pid_t pid)
{
    int status;
    assert_true(pid > 0);
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return status;
}

bool unit_aborts(void (*fn)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit no_core = {0};
        int null = open("/dev/null", O_WRONLY);
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        alarm(20);
        fn(arg);
        leave_child(0);
    }
    int status = status_of(pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int unit_unprivileged(const char *dir, int (*fn)(void *arg), void *arg)
{
    const uid_t nobody = 65534;
    if (dir && geteuid() == 0)
        assert_int_equal(chown(dir, nobody, nobody), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0))
            _exit(255);
        alarm(20);
        leave_child(fn(arg) & 0xff);
    }
    int status = status_of(pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- files ---- */

void unit_mkdir(char path[UNIT_PATH])
{
    const char *tmp = getenv("TMPDIR");
    snprintf(path, UNIT_PATH, "%s/chatd-unit-XXXXXX", tmp && *tmp == '/' && strlen(tmp) < 100 ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
    char *real = realpath(path, NULL);
    assert_non_null(real);
    assert_true(strlen(real) < UNIT_PATH);
    memcpy(path, real, strlen(real) + 1);
    free(real);
}

void unit_rmdir(const char *path)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char below[UNIT_PATH * 3];
        struct stat sb;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (lstat(below, &sb) == 0 && S_ISDIR(sb.st_mode))
            unit_rmdir(below);
        else
            assert_int_equal(unlink(below), 0);
    }
    closedir(d);
    assert_int_equal(rmdir(path), 0);
}

void unit_write_file(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
}

char *unit_read_file(const char *path, size_t *size)
{
    struct stat sb;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &sb), 0);
    *size = (size_t)sb.st_size;
    char *data = panic_malloc(*size + 1);
    assert_int_equal(read(fd, data, *size), (ssize_t)*size);
    data[*size] = '\0';
    close(fd);
    return data;
}

uint32_t unit_random(uint64_t *state)
{
    uint64_t x = *state ? *state : 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return (uint32_t)(x >> 32);
}

/* ---- sockets ---- */

void unit_socketpair(int fd[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
}

static void set_buffers(int fd, int send_buffer, int receive_buffer)
{
    if (send_buffer)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer), 0);
    if (receive_buffer)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer), 0);
}

void unit_tcp_pair(int fd[2], int send_buffer, int receive_buffer)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(door >= 0);
    set_buffers(door, send_buffer, receive_buffer);
    assert_int_equal(bind(door, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(door, 1), 0);
    assert_int_equal(getsockname(door, (struct sockaddr *)&in, &len), 0);
    fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd[1] >= 0);
    set_buffers(fd[1], send_buffer, receive_buffer);
    assert_int_equal(connect(fd[1], (struct sockaddr *)&in, sizeof in), 0);
    fd[0] = accept(door, NULL, NULL);
    assert_true(fd[0] >= 0);
    close(door);
}

/* Waits for input; false after PATIENCE_MS. */
static bool has_input(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, PATIENCE_MS) == 1;
}

void unit_read(int fd, char *data, size_t n)
{
    for (size_t at = 0; at < n;) {
        assert_true(has_input(fd));
        ssize_t got = recv(fd, data + at, n - at, 0);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

size_t unit_read_end(int fd, struct buf *out)
{
    char piece[4096];
    size_t n = 0;
    for (;;) {
        assert_true(has_input(fd));
        ssize_t got = recv(fd, piece, sizeof piece, 0);
        assert_true(got >= 0);
        if (!got)
            return n;
        if (out)
            buf_add(out, piece, (size_t)got);
        n += (size_t)got;
    }
}

bool unit_is_silent(int fd)
{
    char c;
    return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

void unit_write(int fd, const char *data, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t put = send(fd, data + at, n - at, MSG_NOSIGNAL);
        assert_true(put > 0);
        at += (size_t)put;
    }
}

/* ---- a stream that the test controls ---- */

static struct unit_stream *unit_stream_of(struct stream *st)
{
    return (struct unit_stream *)st;
}

/* Returns the test's input, then the end of input. */
static ssize_t held_read(struct stream *st, void *data, size_t size)
{
    struct unit_stream *us = unit_stream_of(st);
    size_t n = us->says ? strlen(us->says) : 0;
    if (n > size)
        n = size;
    if (n)
        memcpy(data, us->says, n);
    us->says = NULL;
    return (ssize_t)n;
}

/* Waits while the test holds the stream. Writes must not overlap between enter_write and leave_write. */
static void enter_write(struct unit_stream *us)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    us->overlaps += us->inside;
    us->touched += us->dead;
    us->inside = true;
    must_ok(pthread_cond_broadcast(&us->changed));
    while (us->held && !us->passes)
        must_ok(pthread_cond_wait(&us->changed, &us->mutex));
    if (us->passes)
        us->passes--;
}

static ssize_t leave_write(struct unit_stream *us, ssize_t n)
{
    us->inside = false;
    must_ok(pthread_mutex_unlock(&us->mutex));
    return n;
}

static ssize_t swallow(struct unit_stream *us, const struct iovec *iov, int count)
{
    ssize_t n = 0;
    if (us->failing) {
        errno = EPIPE;
        return -1;
    }
    for (int i = 0; i < count; i++) {
        size_t size = iov[i].iov_len;
        if (us->most && (size_t)n + size > us->most)
            size = us->most - (size_t)n;
        buf_add(&us->out, iov[i].iov_base, size);
        n += (ssize_t)size;
    }
    return n;
}

static ssize_t held_write(struct stream *st, const struct iovec *iov, int count)
{
    struct unit_stream *us = unit_stream_of(st);
    lock_assert_may_block();
    must_ok(pthread_mutex_lock(&us->mutex));
    us->writes++;
    must_ok(pthread_mutex_unlock(&us->mutex));
    enter_write(us);
    return leave_write(us, swallow(us, iov, count));
}

/* A poster must not hold a hot lock here either: other posters would wait for its system call. */
static ssize_t held_try_write(struct stream *st, const struct iovec *iov, int count)
{
    struct unit_stream *us = unit_stream_of(st);
    lock_assert_may_block();
    must_ok(pthread_mutex_lock(&us->mutex));
    us->tries++;
    bool full = us->full;
    must_ok(pthread_mutex_unlock(&us->mutex));
    enter_write(us);
    if (!full)
        return leave_write(us, swallow(us, iov, count));
    leave_write(us, 0);
    errno = EAGAIN;
    return -1;
}

/* Shutting both directions ends a blocked write, as on a socket. */
static void held_shut(struct stream *st, enum stream_shut how)
{
    struct unit_stream *us = unit_stream_of(st);
    must_ok(pthread_mutex_lock(&us->mutex));
    us->touched += us->dead;
    us->shuts++;
    us->how = how;
    if (how == STREAM_SHUT_BOTH) {
        us->failing = true;
        us->held = false;
        must_ok(pthread_cond_broadcast(&us->changed));
    }
    must_ok(pthread_mutex_unlock(&us->mutex));
}

static bool held_has_ended(struct stream *st)
{
    struct unit_stream *us = unit_stream_of(st);
    must_ok(pthread_mutex_lock(&us->mutex));
    us->touched += us->dead;
    bool gone = us->gone;
    must_ok(pthread_mutex_unlock(&us->mutex));
    return gone;
}

static void held_linger(struct stream *st, int64_t until_ms)
{
    (void)st;
    (void)until_ms;
}

static void held_close(struct stream *st)
{
    (void)st;
}

void unit_stream_init(struct unit_stream *us)
{
    static const struct stream_ops ops = {
        .read = held_read,
        .write = held_write,
        .shut = held_shut,
        .has_ended = held_has_ended,
        .linger = held_linger,
        .close = held_close,
    };
    *us = (struct unit_stream){.base = {.ops = &ops}};
    must_ok(pthread_mutex_init(&us->mutex, NULL));
    must_ok(pthread_cond_init(&us->changed, NULL));
}

void unit_stream_offer_try(struct unit_stream *us)
{
    static const struct stream_ops ops = {
        .read = held_read,
        .write = held_write,
        .try_write = held_try_write,
        .shut = held_shut,
        .linger = held_linger,
        .close = held_close,
    };
    us->base.ops = &ops;
}

void unit_stream_fini(struct unit_stream *us)
{
    assert_int_equal(us->overlaps, 0);
    assert_int_equal(us->touched, 0);
    buf_fini(&us->out);
    must_ok(pthread_cond_destroy(&us->changed));
    must_ok(pthread_mutex_destroy(&us->mutex));
}

void unit_stream_says(struct unit_stream *us, const char *text)
{
    us->says = text;
}

void unit_stream_hold(struct unit_stream *us)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    us->held = true;
    must_ok(pthread_mutex_unlock(&us->mutex));
}

void unit_stream_release(struct unit_stream *us)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    us->held = false;
    must_ok(pthread_cond_broadcast(&us->changed));
    must_ok(pthread_mutex_unlock(&us->mutex));
}

void unit_stream_fail(struct unit_stream *us)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    us->failing = true;
    us->held = false;
    must_ok(pthread_cond_broadcast(&us->changed));
    must_ok(pthread_mutex_unlock(&us->mutex));
}

struct step {
    struct unit_stream *us;
    int writes;
};

static bool has_stepped(void *arg)
{
    struct step *s = arg;
    must_ok(pthread_mutex_lock(&s->us->mutex));
    bool stepped = s->us->writes > s->writes && s->us->inside;
    must_ok(pthread_mutex_unlock(&s->us->mutex));
    return stepped;
}

void unit_stream_step(struct unit_stream *us)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    struct step s = {us, us->writes};
    us->passes++;
    must_ok(pthread_cond_broadcast(&us->changed));
    must_ok(pthread_mutex_unlock(&us->mutex));
    unit_until(has_stepped, &s);
}

static bool is_inside(void *arg)
{
    struct unit_stream *us = arg;
    must_ok(pthread_mutex_lock(&us->mutex));
    bool inside = us->inside && us->held;
    must_ok(pthread_mutex_unlock(&us->mutex));
    return inside;
}

void unit_stream_wait_inside(struct unit_stream *us)
{
    unit_until(is_inside, us);
}

void unit_stream_set_dead(struct unit_stream *us, bool dead)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    us->dead = dead;
    must_ok(pthread_mutex_unlock(&us->mutex));
}

void unit_stream_wrote(struct unit_stream *us, const char *text)
{
    must_ok(pthread_mutex_lock(&us->mutex));
    char *copy = panic_strdup(buf_text(&us->out));
    must_ok(pthread_mutex_unlock(&us->mutex));
    assert_string_equal(copy, text);
    free(copy);
}

/* ---- a client without a server ---- */

static void write_loop(void *arg)
{
    struct unit_client *c = arg;
    while (outbox_take(c->outbox)) {
        outbox_write(c->outbox);
        c->rounds++;
    }
}

void unit_client_start(struct unit_client *c)
{
    *c = (struct unit_client){.peer = -1};
    notifier_init(&c->notifier);
    c->outbox = outbox_new(&c->notifier);
    assert_int_equal(thread_start(&c->writer, "writer", 64 * 1024, write_loop, c), 0);
}

void unit_client_stop(struct unit_client *c)
{
    outbox_retire(c->outbox);
    thread_join(&c->writer);
    outbox_free(&c->outbox);
    notifier_fini(&c->notifier);
}

void unit_client_open(struct unit_client *c, uint64_t gen)
{
    int fd[2];
    unit_socketpair(fd);
    stream_tcp_init(&c->tcp, fd[0]);
    c->peer = fd[1];
    outbox_open(c->outbox, &c->tcp.base, gen);
}

void unit_client_open_over(struct unit_client *c, struct stream *st, uint64_t gen)
{
    c->peer = -1;
    outbox_open(c->outbox, st, gen);
}

static bool is_drained(void *arg)
{
    return outbox_is_drained(arg);
}

void unit_client_end(struct unit_client *c, enum close_reason reason)
{
    post_flush();
    outbox_close(c->outbox, reason, NULL);
    if (!c->outbox->finished)
        outbox_finish(c->outbox, NULL);
    unit_until(is_drained, c->outbox);
    outbox_detach(c->outbox);
    if (c->peer < 0)
        return;
    stream_close(&c->tcp.base);
    close(c->peer);
    c->peer = -1;
}

static bool is_asleep(void *arg)
{
    struct unit_client *c = arg;
    lock_acquire(&c->outbox->lock);
    bool asleep = c->outbox->asleep;
    lock_release(&c->outbox->lock);
    return asleep;
}

void unit_client_wait_asleep(struct unit_client *c)
{
    unit_until(is_asleep, c);
}

static bool is_written(void *arg)
{
    struct unit_client *c = arg;
    return outbox_load(c->outbox).entries == 0;
}

void unit_client_wait_written(struct unit_client *c)
{
    unit_until(is_written, c);
}

const char *unit_client_heard(struct unit_client *c, struct buf *out)
{
    char piece[4096];
    ssize_t n;
    buf_clear(out);
    post_flush();
    /* reads while the writer writes, so that a full socket does not block it */
    do {
        bool written = is_written(c);
        while ((n = recv(c->peer, piece, sizeof piece, MSG_DONTWAIT)) > 0)
            buf_add(out, piece, (size_t)n);
        if (written)
            break;
        sched_yield();
    } while (true);
    return buf_text(out);
}

int unit_put(struct outbox *ob, const char *text)
{
    struct msg *m = msg_new(text, strlen(text));
    int result = outbox_put(ob, m);
    msg_unref(m);
    return result;
}

int unit_put_size(struct outbox *ob, size_t size, bool answer)
{
    char *data = panic_malloc(size);
    memset(data, 'x', size);
    struct msg *m = msg_new(data, size);
    int result = answer ? outbox_answer(ob, m) : outbox_put(ob, m);
    msg_unref(m);
    free(data);
    return result;
}

/* ---- an outbox over a unit_stream ---- */

void unit_limits(struct outbox_limits l)
{
    outbox_configure(&l);
}

uint64_t unit_gen(void)
{
    static _Atomic uint64_t last;
    return ++last;
}

void unit_held_open(struct unit_held *h)
{
    h->gen = unit_gen();
    unit_client_open_over(&h->c, &h->us.base, h->gen);
    unit_client_wait_asleep(&h->c);
}

void unit_held_start(struct unit_held *h)
{
    unit_client_start(&h->c);
    unit_stream_init(&h->us);
    unit_held_open(h);
}

void unit_held_stop(struct unit_held *h)
{
    unit_stream_release(&h->us);
    unit_client_end(&h->c, CLOSE_EOF);
    unit_client_stop(&h->c);
    unit_stream_fini(&h->us);
}

void unit_held_idle(struct unit_held *h)
{
    unit_client_wait_asleep(&h->c);
    lock_acquire(&h->c.outbox->lock);
    h->c.outbox->drained_us -= 60000000;
    lock_release(&h->c.outbox->lock);
}

void unit_held_fill(struct unit_held *h, int n, size_t size)
{
    unit_stream_hold(&h->us);
    for (int i = 0; i < n; i++)
        assert_int_not_equal(unit_put_size(h->c.outbox, size, false), OUTBOX_CLOSED);
    post_flush();
    unit_stream_wait_inside(&h->us);
}

/* ---- a client with a name ---- */

void unit_member_start(struct unit_member *um, const char *name, uint64_t id)
{
    memset(&um->member, 0, sizeof um->member);
    unit_client_start(&um->client);
    unit_client_open(&um->client, id);
    um->member.outbox = um->client.outbox;
    um->member.notifier = &um->client.notifier;
    um->member.form = FORM_NATIVE;
    um->member.id = um->member.user_id = id;
    memcpy(um->member.name, name, strlen(name) + 1);
    name_fold(um->member.key, name);
}

void unit_member_stop(struct unit_member *um)
{
    unit_client_end(&um->client, CLOSE_EOF);
    unit_client_stop(&um->client);
    free(um->member.rooms);
    free(um->member.ignores);
}

void unit_member_hears(struct unit_member *um, const char *text)
{
    struct buf heard = {0}, want = {0};
    unit_client_heard(&um->client, &heard);
    for (; *text; text++) {
        if (*text == '\n')
            buf_char(&want, '\r');
        buf_char(&want, *text);
    }
    if (want.len && want.data[want.len - 1] != '\n')
        buf_str(&want, "\r\n");
    assert_string_equal(buf_text(&heard), buf_text(&want));
    buf_fini(&heard);
    buf_fini(&want);
}

void unit_member_join(struct unit_member *um, struct room *r)
{
    assert_non_null(r);
    member_add_room(&um->member, r);
    um->member.current = r;
    struct refusal no = {0};
    unsigned ticket;
    assert_true(room_admits(r, &um->member, NULL, &ticket, &no));
    post_settle();
    assert_true(roster_join(r, &um->member, ticket, NULL));
}

bool unit_say(struct room *r, struct member *m, const char *text)
{
    struct refusal no = {0};
    bool said = talk_say(r, m, &(struct event){.kind = EVENT_SAID, .text = text}, &no);
    buf_fini(&no.reason);
    return said;
}

bool unit_announce(struct room *r, const char *text)
{
    return talk_announce(r, text, NULL) == TALK_SAID;
}

bool unit_act(struct room *r, struct member *m, const char *text)
{
    struct refusal no = {0};
    bool said = talk_say(r, m, &(struct event){.kind = EVENT_ACTION, .text = text}, &no);
    buf_fini(&no.reason);
    return said;
}

void unit_member_leave(struct unit_member *um, struct room *r, bool answer)
{
    post_settle();
    roster_leave(r, &um->member, &(struct leaving){.reason = "", .answer = answer});
    member_remove_room(&um->member, r);
    rooms_release(r);
}

void unit_member_leave_all(struct unit_member *um)
{
    while (um->member.room_count)
        unit_member_leave(um, um->member.rooms[0], false);
}

void unit_member_clear(struct unit_member *um)
{
    struct buf ignored = {0};
    unit_client_heard(&um->client, &ignored);
    buf_fini(&ignored);
}

/* ---- a database in memory ---- */

sqlite3 *unit_db_open(void)
{
    char why[SCHEMA_ERROR] = "";
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    unit_db_exec(db, "PRAGMA foreign_keys = ON");
    if (schema_apply(db, why) != 0)
        fail_msg("%s", why);
    return db;
}

void unit_db_close(sqlite3 *db)
{
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void unit_db_exec(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

void unit_db_accounts(sqlite3 *db)
{
    unit_db_exec(
        db, "INSERT INTO account (id, key, name, hash, created_ms, seen_ms) VALUES (7, 'alice', 'Alice', '', 0, 0),"
            " (8, 'bob', 'bob', '', 0, 0)");
}

long long unit_db_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    long long n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* ---- the house ---- */

static char house_dir[UNIT_PATH];

void unit_expect_names(const char *want)
{
    struct strv names = {0};
    struct buf got = {0};
    users_names(&names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&got, "%s%s", i ? " " : "", names.v[i]);
    assert_string_equal(buf_text(&got), want);
    assert_int_equal(users_count(), names.n);
    buf_fini(&got);
    strv_fini(&names);
}

void unit_modules_start(void)
{
    rooms_start();
    accounts_start();
    bans_start();
    history_start(space_note_stored);
    search_start();
    retention_start();
    space_start();
}

static void house_up(void)
{
    char error[STORE_ERROR];
    unit_modules_start();
    if (store_open(house_dir, error) != 0 || reached_load(error) != 0 || rooms_load(error) != 0 || accounts_load(error) != 0 ||
        moderation_load(error) != 0 || bans_load(error) != 0)
        fail_msg("%s", error);
    assert_int_equal(store_start(), 0);
}

static void house_down(void)
{
    post_flush();
    history_stop();
    accounts_tick();
    reached_stop();
    store_stop();
    rooms_stop();
    accounts_stop();
    bans_stop();
}

void unit_house_start(void)
{
    log_configure(LOG_ERROR, true);
    unit_limits(UNIT_WIDE);
    replay_configure(20, 3600);
    rooms_configure(1000, 30);
    makers_configure(100, 1000);
    rules_configure(1000, 500);
    unit_mkdir(house_dir);
    users_start();
    house_up();
}

void unit_house_stop(void)
{
    house_down();
    users_stop();
    unit_rmdir(house_dir);
}

void unit_house_stop_with(struct unit_member *const members[], int n)
{
    for (int i = 0; i < n; i++)
        unit_member_leave_all(members[i]);
    unit_house_stop();
    for (int i = 0; i < n; i++)
        unit_member_stop(members[i]);
}

void unit_house_restart(void)
{
    house_down();
    house_up();
}

static sqlite3 *house_database(void)
{
    char path[UNIT_PATH + 16];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/chatd.db", house_dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    return db;
}

void unit_house_restart_with(const char *sql)
{
    house_down();
    sqlite3 *db = house_database();
    unit_db_exec(db, sql);
    sqlite3_close(db);
    house_up();
}

void unit_house_exec(const char *sql)
{
    sqlite3 *db = house_database();
    unit_db_exec(db, sql);
    sqlite3_close(db);
}

static uint32_t number_in(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Descends to the first page with rows: an inner page begins with a 5, and the offset of its first entry, which begins
 * with a page number, follows its header of 12 bytes. (sqlite.org/fileformat.html) */
void unit_house_restart_damaged(const char *table)
{
    enum { PAGE = 4096, INNER = 5 };
    unsigned char page[PAGE];
    char sql[128], path[UNIT_PATH + 16];
    house_down();
    sqlite3 *db = house_database();
    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
    long long n = unit_db_number(db, sql);
    assert_int_equal(unit_db_number(db, "PRAGMA page_size"), PAGE);
    sqlite3_close(db);
    snprintf(path, sizeof path, "%s/chatd.db", house_dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && n > 1);
    for (;;) {
        assert_int_equal(pread(fd, page, PAGE, (n - 1) * PAGE), PAGE);
        if (page[0] != INNER)
            break;
        n = number_in(page + (page[12] << 8 | page[13]));
    }
    memset(page, 0xee, PAGE);
    assert_int_equal(pwrite(fd, page, PAGE, (n - 1) * PAGE), PAGE);
    close(fd);
    house_up();
}

static bool is_settled(void *arg)
{
    (void)arg;
    struct store_status s = store_status();
    return s.state == STORE_IDLE && !s.queued;
}

void unit_house_settle(void)
{
    unit_until(is_settled, NULL);
}

long long unit_house_number(const char *sql)
{
    sqlite3 *db = house_database();
    long long n = unit_db_number(db, sql);
    sqlite3_close(db);
    return n;
}

int64_t unit_house_account(const char *name, struct notifier *notifier)
{
    struct account a;
    struct waiter w = {.notifier = notifier};
    assert_int_equal(accounts_add(&(struct accounts_new){.name = name, .hash = "none", .seen_from = ""}, &w),
                     ACCOUNTS_DONE);
    assert_true(accounts_find(name, &a));
    return a.id;
}

static bool is_let(void *arg)
{
    return !((struct unit_job *)arg)->held;
}

static int job_run(struct store_job *job, sqlite3 *db)
{
    struct unit_job *j = (struct unit_job *)job;
    (void)db;
    j->runs++;
    j->inside = true;
    unit_wait_for(is_let, j);
    j->inside = false;
    return j->failing ? SQLITE_FULL : SQLITE_OK;
}

static void job_done(struct store_job *job, bool ok)
{
    (void)ok;
    ((struct unit_job *)job)->is_done = true;
}

void unit_job_init(struct unit_job *j, bool waits)
{
    memset(j, 0, sizeof *j);
    j->job = (struct store_job){.run = job_run, .done = job_done, .waits = waits};
}

static bool is_inside_job(void *arg)
{
    return ((struct unit_job *)arg)->inside;
}

void unit_job_block(struct unit_job *j)
{
    unit_job_init(j, false);
    j->held = true;
    assert_true(store_put(&j->job));
    unit_job_wait_inside(j);
}

void unit_job_wait_inside(struct unit_job *j)
{
    unit_until(is_inside_job, j);
}

void unit_job_release(struct unit_job *j)
{
    j->held = false;
}

static bool job_is_done(void *arg)
{
    return ((struct unit_job *)arg)->is_done;
}

void unit_job_wait_done(struct unit_job *j)
{
    unit_until(job_is_done, j);
}

void unit_job_fail_next(struct unit_job *gate, struct unit_job *failing)
{
    unit_job_init(failing, true);
    failing->failing = true;
    assert_true(store_put(&failing->job));
    unit_job_release(gate);
}

static struct unit_job breaker;

static bool has_failed(void *arg)
{
    (void)arg;
    return store_status().state == STORE_FAILED;
}

void unit_store_wait_failed(void)
{
    unit_until(has_failed, NULL);
}

void unit_house_break(void)
{
    unit_job_init(&breaker, false);
    breaker.failing = true;
    assert_true(store_put(&breaker.job));
    unit_store_wait_failed();
}

void unit_house_repair(void)
{
    breaker.failing = false;
    unit_house_settle();
}
