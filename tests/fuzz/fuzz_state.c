/* SPDX-License-Identifier: ISC */
/*
 * Several clients of one chatd, all of its threads and its store: an input is what they do, in turn. After each step that
 * waits, and at the end, what must always be true is checked: each line that a client reads ends in one CRLF and has none
 * inside; who is in a room is online under the name that the room has, and a room lists a name once, however many
 * sessions its user has there; clients are in as many rooms as rooms have members; counts come back to zero.
 *
 * A byte of an input says which client goes on and how many of the words of its protocol it sends; the bytes behind
 * choose them. 0xff closes its connection, 0xfe waits for all. A new client comes with a name and into a room, unless bit
 * 5 is set; the first and the last are sessions of one account, where this build has accounts, and the third speaks IRC.
 * So any bytes are an input, and a changed byte is another conversation.
 */
#include "config.h"

#include "base/panic.h"
#include "base/secret.h"
#include "chat/accounts.h"
#include "chat/history.h"
#include "chat/roster.h"
#include "chat/rooms.h"
#include "chat/users.h"
#include "net/post.h"
#include "serve/irc/irc_protocol.h"
#include "serve/native/native_protocol.h"
#include "serve/reader.h"
#include "serve/resumable.h"
#include "serve/session.h"
#include "serve/throttle.h"
#include "tests/fuzz/generate.h"
#include "tests/lib/unit.h"

#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS 4
#define WAIT_MS 30000
#define GRACE_MS 20 /* for a session with a token to be resumed */
#define SHARED "USERNAME erin secret-of-erin\n"

static const char *const native_words[] = {
#define COMMAND(name, handler, args, flags, syntax, help) "\n" #name " ",
#include "tbl/commands.h"
#undef COMMAND
#define OPTION(NAME, name, kind, value, most, what) "\nSET " name " ",
#include "tbl/options.h"
#undef OPTION
    "#a ", "#b ", "alice ", "bob ", "carol ", "dave ", "on ", "off ", "1 ", "10m ", "ALL ", "INFO ", "-", "tags ", "acks ",
    "\nJOIN #a\n", "\nALSO #b\n", "\nUSERNAME alice\n", "\nUSERNAME bob\n", "\nUSERNAME carol\n", "\nhello\n", "\n",
    "192.0.2.7 ", "BEFORE ", "AFTER ", "SINCE ", "in:#a ", "from:bob ", "\xc3\xa9 ", "\xff", "\r\n", "/join #b\n", "key ",
    "\nJOIN #a\nhello\nLEAVE\n", "\nSET private on\n", "\nKICK bob\n", "\nBAN carol 10m\n", "\nOP bob\n", "\nRENAME dave\n",
    "\nKICK erin\n", "\nBAN erin 10m\n", "\nLOGOUT ALL\n", "\nSESSIONS\n", ("\n" SHARED), "erin ", "\nPRIVMSG erin hi\n",
};

static const char *const irc_words[] = {
#define IRC_COMMAND(name, handler, least, flags, syntax) "\n" #name " ",
#include "tbl/irc_commands.h"
#undef IRC_COMMAND
#define IRC_CAP(NAME, name, extra, what) "\nCAP REQ :" name "\n",
#include "tbl/irc_caps.h"
#undef IRC_CAP
    "#a ", "#b ", "#a,#b ", "alice ", "bob ", "carol ", "erin ", ":", "+o ", "-o ", "+v ", "+b ", "+imst ", "+k key ", "+l 2 ",
    "* ", "*!*@guest-bob ", "\nCAP END\n", "\nNICK carol\n", "\nNICK dave\n", "\nUSER c 0 * :c\n", "\nJOIN #a,#b\n", "\n",
    "\nPART #a :bye\n", "\nPRIVMSG #a :hello\n", "\nPRIVMSG bob :psst\n", "\nNOTICE #b :note\n", ("\x01" "ACTION "), "\r\n",
    "\n@label=x;+typing=active ", "\nKICK #a bob\n", "\nTOPIC #a :tea\n", "\nMODE #a +o bob\n", "\xc3\xa9 ", "\xff", "\x02",
    "\nPRIVMSG NickServ :IDENTIFY erin secret-of-erin\n", "\nCAP LS 302\n", "\nAWAY :gone\n", "msgid=", "\nQUIT :bye\n",
    "\nMONITOR + alice,bob,carol,erin\n", "\nMONITOR - bob,carol\n", "+ ", "S ", "L ",
    "\n@label=y JOIN #a,#b\n", "timestamp=2026-01-01T00:00:00.000Z ",
};

static struct client {
    int fd; /* -1: not connected */
    struct buf in;
    bool is_behind; /* it has sent a PING whose answer was not read */
} clients[CLIENTS];

static bool speaks_irc(const struct client *c)
{
    return c == &clients[2];
}

static bool is_idle(void *arg)
{
    (void)arg;
    return pool_counts().idle == pool_counts().pairs;
}

/* An account whose password no input has, so it stays. */
static void add_account(void)
{
    char hash[SECRET_HASH];
    struct notifier n;
    struct waiter w = {.notifier = &n};
    must(secret_start() == 0);
    secret_configure(8, 1);
    must(secret_hash(hash, "secret-of-erin"));
    notifier_init(&n);
    must(accounts_add(&(struct accounts_new){.name = "erin", .hash = hash, .seen_from = ""}, &w) == ACCOUNTS_DONE);
    unit_house_settle();
    notifier_fini(&n);
}

/* Once: the house and the pool stay for all inputs. */
static void start(void)
{
    struct pool_config pool = {.max = CLIENTS * 2, .prespawn = CLIENTS * 2, .prepare = session_prepare,
                               .release = session_release, .serve = reader_serve};
    static bool is_started;
    int made;
    if (is_started)
        return;
    is_started = true;
    signal(SIGPIPE, SIG_IGN);
    unit_house_start();
    resumable_configure(GRACE_MS);
    throttle_configure_stays(1 << 30, 1); /* else inputs would wait for one another */
    if (secret_available())
        add_account();
    pool_open(&pool);
    must(pool_start(&made) == 0 && made == CLIENTS * 2);
    for (int i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
}

static void connect_client(struct client *c)
{
    int fd[2];
    unit_tcp_pair(fd, 0, 0);
    struct arrival a = {.fd = fd[0], .peer = {.loopback = true, .near = true, .exempt = true},
                        .via = speaks_irc(c) ? &irc_protocol : &native_protocol};
    strcpy(a.peer.text, "127.0.0.1:1");
    must(pool_take(&a) == POOL_GIVEN);
    c->fd = fd[1];
}

static void disconnect_client(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->is_behind = false;
    buf_fini(&c->in);
}

/* IRC: ":<server> PONG <server> :fuzz", perhaps with tags. */
static bool is_pong(const struct client *c, const char *line, size_t n)
{
    static const char irc_end[] = " :fuzz\r\n", native[] = "PONG fuzz\r\n";
    if (!speaks_irc(c))
        return n == strlen(native) && memcmp(line, native, n) == 0;
    return n > strlen(irc_end) && memcmp(line + n - strlen(irc_end), irc_end, strlen(irc_end)) == 0 &&
           memmem(line, n, " PONG ", strlen(" PONG ")) != NULL;
}

/* Checks the whole lines that were read. True: one of them is the answer to our PING. */
static bool take_lines(struct client *c)
{
    bool is_answer = false;
    char *lf;
    size_t at = 0;
    while (at < c->in.len && (lf = memchr(c->in.data + at, '\n', c->in.len - at))) {
        size_t n = (size_t)(lf - c->in.data) - at + 1;
        must(n >= 2 && lf[-1] == '\r' && !memchr(c->in.data + at, '\r', n - 2));
        is_answer = is_answer || is_pong(c, c->in.data + at, n);
        at += n;
    }
    c->in.len -= at;
    memmove(c->in.data, c->in.data + at, c->in.len);
    return is_answer;
}

/* Reads up to the answer of the PING, or to the end of the connection. */
static void await(struct client *c)
{
    char data[4096];
    while (c->is_behind) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int found;
        while ((found = poll(&p, 1, WAIT_MS)) < 0)
            must(errno == EINTR); /* by libFuzzer's clock */
        must(found == 1);
        ssize_t n = read(c->fd, data, sizeof data);
        if (n <= 0) {
            must(!c->in.len); /* no line was cut */
            disconnect_client(c);
            return;
        }
        buf_add(&c->in, data, (size_t)n);
        if (take_lines(c))
            c->is_behind = false;
    }
}

static void say(struct client *c, const char *text)
{
    size_t len = strlen(text);
    if (write(c->fd, text, len) != (ssize_t)len)
        disconnect_client(c);
}

static void come(struct client *c, bool is_nameless)
{
    static const char *const first[CLIENTS] = {SHARED "USERNAME alice\nJOIN #a\n", "USERNAME bob\nJOIN #a\n",
                                               "CAP REQ :server-time message-tags batch labeled-response\n"
                                               "NICK carol\nUSER c 0 * :c\n"
                                               "CAP END\nJOIN #a,#b\n",
                                               SHARED "USERNAME dave\nJOIN #a\nALSO #b\n"};
    connect_client(c);
    if (!is_nameless)
        say(c, first[c - clients]);
}

/* ---- what must always be true ---- */

struct check {
    int memberships;
};

static void check_room(struct room *r, void *arg)
{
    struct check *ck = arg;
    struct strv names = {0};
    char name[NAME_SIZE];
    roster_names(r, &names);
    must((size_t)atomic_load(&r->present) == names.n);
    for (size_t i = 0; i < names.n; i++) {
        must(users_find(names.v[i], name) && strcmp(names.v[i], name) == 0);
        for (size_t k = 0; k < i; k++)
            must(strcmp(names.v[i], names.v[k]) != 0);
    }
    strv_fini(&names);
    lock_acquire(&r->lock);
    ck->memberships += r->fanout.count;
    must(fanout_users_locked(&r->fanout) <= r->fanout.count && (!r->fanout.count || fanout_users_locked(&r->fanout)));
    lock_release(&r->lock);
}

static void count_lists(struct pair *p, void *arg)
{
    struct session *s = p->user;
    *(int *)arg += atomic_load(&s->room_count);
}

/* Nobody does anything now. A client that was removed from a room drops it from its own list at its next line, which was
 * its PING. */
static void check_lists(void)
{
    struct check ck = {0};
    int listed = 0;
    rooms_each(check_room, &ck, true);
    pool_each(count_lists, &listed);
    must(listed == ck.memberships);
    must(users_count() <= pool_counts().clients);
}

static void settle(void)
{
    for (int round = 0; round < 2; round++) /* what one does may remove another from a room */
        for (int i = 0; i < CLIENTS; i++)
            if (clients[i].fd >= 0) {
                clients[i].is_behind = true;
                say(&clients[i], "\nPING fuzz\n");
                await(&clients[i]);
            }
    int connected = 0;
    for (int i = 0; i < CLIENTS; i++)
        connected += clients[i].fd >= 0;
    if (pool_counts().clients == connected) /* else one whose end was not read is still leaving */
        check_lists();
}

static void end(void)
{
    for (int i = 0; i < CLIENTS; i++)
        disconnect_client(&clients[i]);
    unit_until(is_idle, NULL);
    must(users_count() == 0 && pool_counts().clients == 0);
    check_lists();
    post_flush();
}

static const char *word(const struct client *c, uint8_t n)
{
    return speaks_irc(c) ? irc_words[n % (sizeof irc_words / sizeof irc_words[0])] :
                           native_words[n % (sizeof native_words / sizeof native_words[0])];
}

static void run(const uint8_t *data, size_t size)
{
    struct buf text = {0};
    while (size--) {
        uint8_t op = *data++;
        struct client *c = &clients[op % CLIENTS];
        buf_clear(&text);
        for (int n = op >> 2 & 7; n && size; n--, size--)
            buf_str(&text, word(c, *data++));
        if (c->fd < 0 && text.len)
            come(c, op & 0x20);
        if (op == 0xff)
            disconnect_client(c);
        else if (op == 0xfe)
            settle();
        else if (text.len)
            say(c, buf_text(&text));
    }
    buf_fini(&text);
    settle();
    end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    if (size <= 400)
        run(data, size);
    return 0;
}

#ifndef LIBFUZZER

int main(void)
{
    enum { INPUTS = 100, MOST = 300 };
    uint64_t seed = 5;
    replay("state");
    for (int i = 0; i < INPUTS; i++) {
        uint8_t data[MOST];
        size_t n = unit_random(&seed) % MOST;
        for (size_t k = 0; k < n; k++)
            data[k] = unit_random(&seed) % 20 ? (uint8_t)unit_random(&seed) : 0xfe;
        LLVMFuzzerTestOneInput(data, n);
    }
    pool_close_all();
    pool_wait_empty();
    pool_stop();
    unit_house_stop();
    return 0;
}

#endif
