/* SPDX-License-Identifier: ISC */
/*
 * WHO and WHOX, USERHOST, ISON. A name in full is looked up among all users, as the native WHOIS does; a mask only
 * among those who share a room with the client.
 */
#include "config.h"

#include "serve/irc/irc_session.h"

#include "base/panic.h"
#include "chat/rooms.h"
#include "chat/roster.h"
#include "chat/users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define USERHOST_NAMES 5 /* RFC 2812 section 4.8 */
#define TOKEN_DIGITS 3
#define NO_ADDRESS "255.255.255.255" /* as other servers write it when they do not tell */

/* ---- one row ---- */

struct query {
    const char *fields;           /* of WHOX, or NULL: a plain WHO */
    char token[TOKEN_DIGITS + 1]; /* "": none */
    bool opers;                   /* only operators of the server */
};

/* A user, as found in a room or alone. */
struct row {
    const char *room;                /* or "*" */
    const struct roster_entry *user;
    struct users_view view;          /* empty if the user has just gone */
    char host[2 * NAME_SIZE], flags[4];
};

static void fill(struct row *row)
{
    const struct roster_entry *u = row->user;
    struct buf host = {0};
    char sign = irc_role_sign(u->role);
    users_view(u->name, &row->view);
    irc_host(&host, u->name, *u->account_name ? u->account_name : NULL);
    snprintf(row->host, sizeof row->host, "%s", buf_text(&host));
    snprintf(row->flags, sizeof row->flags, "%c%s%.1s", row->view.away.len ? 'G' : 'H',
             row->view.is_oper ? "*" : "", sign ? &sign : "");
    buf_fini(&host);
}

static const char *realname_of(const struct row *row)
{
    return row->view.realname.len ? buf_text(&row->view.realname) : row->user->name;
}

static void add_field(struct buf *out, char field, const struct query *q, const struct row *row)
{
    const struct roster_entry *u = row->user;
    switch (field) {
    case 't': buf_printf(out, " %s", *q->token ? q->token : "0"); break;
    case 'c': buf_printf(out, " %s", row->room); break;
    case 'u': buf_str(out, " " IRC_USER); break;
    case 'i': buf_str(out, " " NO_ADDRESS); break;
    case 'h': buf_printf(out, " %s", row->host); break;
    case 's': buf_printf(out, " %s", irc_server()); break;
    case 'n': buf_printf(out, " %s", u->name); break;
    case 'f': buf_printf(out, " %s", row->flags); break;
    case 'd': buf_str(out, " 0"); break;
    case 'l': buf_printf(out, " %lld", (long long)(row->view.idle_ms / 1000)); break;
    case 'a': buf_printf(out, " %s", *u->account_name ? u->account_name : "0"); break;
    case 'o': buf_str(out, " n/a"); break;
    default: buf_printf(out, " :%s", realname_of(row)); break;
    }
}

/* The fields have one order, whatever the order in which they were asked for. */
static void reply_fields(struct session *s, const struct query *q, const struct row *row)
{
    struct buf fields = {0};
    for (const char *f = "tcuihsnfdlaor"; *f; f++)
        if (strchr(q->fields, *f))
            add_field(&fields, *f, q, row);
    if (fields.len)
        irc_reply(s, 354, "%s", buf_text(&fields) + 1);
    buf_fini(&fields);
}

static void reply_row(struct session *s, const struct query *q, const char *room, const struct roster_entry *user)
{
    struct row row = {.room = room, .user = user};
    fill(&row);
    if (q->opers && !row.view.is_oper)
        ; /* not asked for */
    else if (q->fields)
        reply_fields(s, q, &row);
    else
        irc_reply(s, 352, "%s " IRC_USER " %s %s %s %s :0 %s", room, row.host, irc_server(), user->name, row.flags,
                  realname_of(&row));
    users_view_fini(&row.view);
}

/* ---- whom it is about ---- */

static void who_room(struct session *s, const struct query *q, const char *word)
{
    struct roster_entry *entries;
    struct room *r = irc_find_room(s, word);
    if (!r)
        return;
    int n = roster_entries(r, &entries);
    for (int i = 0; i < n; i++)
        reply_row(s, q, r->name, &entries[i]);
    free(entries);
    rooms_release(r);
}

static void who_user(struct session *s, const struct query *q, const char *word)
{
    struct roster_entry user = {.role = ROLE_NONE};
    struct users_view view;
    if (strlen(word) >= NAME_SIZE || !users_view(word, &view))
        return;
    memcpy(user.name, view.name, sizeof user.name);
    memcpy(user.account_name, view.account_name, sizeof user.account_name);
    users_view_fini(&view);
    reply_row(s, q, "*", &user);
}

/* Those who share a room with the client, each once. */
struct found {
    struct shared {
        struct roster_entry user;
        const char *room;
    } *v; /* owns */
    size_t n;
};

static void add_room(struct found *f, struct room *r)
{
    struct roster_entry *entries;
    int n = roster_entries(r, &entries);
    f->v = panic_realloc(f->v, (f->n + (size_t)n + 1) * sizeof *f->v);
    for (int i = 0; i < n; i++)
        f->v[f->n++] = (struct shared){entries[i], r->name};
    free(entries);
}

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct shared *)a)->user.name, ((const struct shared *)b)->user.name);
}

static bool fits(const char *mask, const struct roster_entry *u)
{
    struct buf source = {0};
    irc_source(&source, u->name, *u->account_name ? u->account_name : NULL);
    const char *full = buf_text(&source) + 1, *host = strchr(full, '@') + 1;
    bool fits = irc_matches(mask, u->name) || irc_matches(mask, full) || irc_matches(mask, host);
    buf_fini(&source);
    return fits;
}

static void who_mask(struct session *s, const struct query *q, const char *mask)
{
    struct found f = {0};
    for (int i = 0; i < s->member.room_count; i++)
        add_room(&f, s->member.rooms[i]);
    if (f.n)
        qsort(f.v, f.n, sizeof *f.v, by_name);
    for (size_t i = 0; i < f.n; i++)
        if (!(i && by_name(&f.v[i], &f.v[i - 1]) == 0) && fits(mask, &f.v[i].user))
            reply_row(s, q, f.v[i].room, &f.v[i].user);
    free(f.v);
}

/* ---- WHO ---- */

/* "o", "%<fields>[,<token>]", or both. */
static struct query read_query(char *word)
{
    struct query q = {.opers = false};
    char *fields = strchr(word, '%');
    for (const char *c = word; *c && c != fields; c++)
        q.opers = q.opers || *c == 'o';
    if (!fields)
        return q;
    char *comma = strchr(fields, ',');
    if (comma && strlen(comma + 1) <= TOKEN_DIGITS && strspn(comma + 1, "0123456789") == strlen(comma + 1))
        memcpy(q.token, comma + 1, strlen(comma + 1) + 1);
    if (comma)
        *comma = '\0';
    q.fields = fields + 1;
    return q;
}

void irc_who(struct session *s, struct irc_line *l)
{
    const char *mask = *irc_param(l, 0) ? l->params[0] : "*";
    char none[] = "";
    struct query q = read_query(l->count > 1 ? l->params[1] : none);
    if (*mask == '#')
        who_room(s, &q, mask);
    else if (strcmp(mask, "0") == 0)
        who_mask(s, &q, "*");
    else if (strpbrk(mask, "*?"))
        who_mask(s, &q, mask);
    else
        who_user(s, &q, mask);
    irc_reply(s, 315, "%s :End of WHO list", mask);
}

/* ---- USERHOST, ISON ---- */

void irc_userhost(struct session *s, struct irc_line *l)
{
    struct buf list = {0};
    for (int i = 0; i < l->count && i < USERHOST_NAMES; i++) {
        struct users_view v;
        if (strlen(l->params[i]) >= NAME_SIZE || !users_view(l->params[i], &v))
            continue;
        buf_printf(&list, "%s%s%s=%c" IRC_USER "@", list.len ? " " : "", v.name, v.is_oper ? "*" : "",
                   v.away.len ? '-' : '+');
        irc_host(&list, v.name, *v.account_name ? v.account_name : NULL);
        users_view_fini(&v);
    }
    irc_reply(s, 302, ":%s", buf_text(&list));
    buf_fini(&list);
}

static void add_online(struct irc_list *list, char *names)
{
    char name[NAME_SIZE], *word;
    while ((word = strsep(&names, " ")))
        if (strlen(word) < NAME_SIZE && users_find(word, name))
            irc_list_add(list, name);
}

void irc_ison(struct session *s, struct irc_line *l)
{
    struct irc_list list = {s, 303, ":", "", ' ', {0}};
    for (int i = 0; i < l->count; i++)
        add_online(&list, l->params[i]);
    if (!list.words.len)
        irc_reply(s, 303, ":");
    irc_list_end(&list);
}
