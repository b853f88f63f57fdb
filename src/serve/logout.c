/* SPDX-License-Identifier: ISC */
/* Not obvious: the session that is ended may just be taking another token, which this one cannot know; so its own
 * reader revokes, at its end, the last one that it has (serve/reader.c). */
#include "config.h"

#include "serve/logout.h"

#include "base/log.h"
#include "chat/accounts.h"
#include "chat/users.h"
#include "net/post.h"
#include "serve/resumable.h"

static const struct event last_words = {.kind = EVENT_ERROR, .error = ERROR_LOGGED_OUT};

/* False: the token could not be revoked. */
static bool revoke(struct session *s, uint64_t id)
{
    struct waiter w = session_waiter(s);
    struct token t;
    return !resumable_token(id, &t) || tokens_remove(&t, &w);
}

bool logout_session(struct session *s, uint64_t id, struct refusal *no)
{
    const struct member *m = &s->member;
    bool is_own = !id || id == m->id;
    if (!is_own && !users_has_session(m, id))
        return refusal_set(no, ERROR_SESSION_NOT_FOUND);
    if (!revoke(s, is_own ? m->id : id))
        return refusal_set(no, ERROR_STORAGE);
    post_settle();
    if (is_own)
        session_close(s, CLOSE_QUIT);
    else if (!users_logout(m, id, &last_words))
        return refusal_set(no, ERROR_SESSION_NOT_FOUND); /* it has ended by itself */
    log_info("logged_out", "id=%llu by=%llu name=%s", (unsigned long long)(is_own ? m->id : id),
             (unsigned long long)m->id, m->name);
    return true;
}

bool logout_all(struct session *s, struct refusal *no)
{
    const struct member *m = &s->member;
    struct waiter w = session_waiter(s);
    int64_t account = m->account;
    if (account && accounts_revoke(account, &w) == ACCOUNTS_STORAGE)
        return refusal_set(no, ERROR_STORAGE);
    post_settle();
    users_logout(m, 0, &last_words);
    session_close(s, CLOSE_QUIT);
    log_info("logged_out_all", "id=%llu name=%s account=%lld", (unsigned long long)m->id, m->name,
             (long long)account);
    return true;
}
