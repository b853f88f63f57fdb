/* SPDX-License-Identifier: ISC */
#ifndef CHAT_RULES_H
#define CHAT_RULES_H

#include "chat/member.h"
#include "proto/event.h"

/*
 * What those who run a room have decided: its options, who has which role, who is banned or muted; and what follows for
 * somebody who wants to join, to talk or to look. Plain data of one room, under that room's lock; chat/ruling.h makes the
 * changes and has them kept.
 */
enum ban_kind { BAN_KIND_BAN = 1, BAN_KIND_MUTE = 2 };

/* Against whom: whatever of it is set may match; the address matches nobody who is an op. */
struct target {
    char shown[ADDRS_TEXT]; /* the name or address that was written */
    int64_t account;        /* or 0 */
    char name[NAME_SIZE];   /* folded, or "" */
    char host[ADDRS_TEXT];  /* as addrs_key_text writes it, or "" */
    uint64_t client;        /* who is connected, by whatever name; or 0. Not kept */
};

/* Somebody who may be meant: as the one who looks may see it, since a member's name is its own reader's. */
struct subject {
    const struct member *member;
    const char *name;
    enum role role; /* what it may do in the room */
};

struct ban {
    enum ban_kind kind;
    struct target target;
    int64_t until_ms; /* wall clock; 0: for ever */
    char *reason;     /* owns; "" for none */
    char by[NAME_SIZE];
};

/* Who went out of a slow room before the wait was over: an account, or else a client, and the name and address by which
 * one who comes back is known. */
struct pause {
    int64_t account, said_ms; /* said_ms: wall clock of its last message */
    uint64_t client;
    char name[NAME_SIZE], host[ADDRS_TEXT];
};

struct rules {
    long value[OPTIONS];
    char key[OPTION_TEXT]; /* value[OPTION_KEY] says whether there is one */
    struct rules_role {
        int64_t account;
        enum role role;
    } *roles; /* owns */
    struct ban *bans; /* owns */
    uint64_t *guests;           /* owns: ids of clients without an account that were invited */
    struct pause *pauses;       /* owns; the oldest first */
    int role_count, ban_count, guest_count, pause_count;
    unsigned changes; /* grows with each change that may bar somebody */
};

/* Most roles and invitations, and most sanctions, of one room. Any thread. */
void rules_configure(int roles, int bans);

void rules_init(struct rules *ru);
void rules_fini(struct rules *ru);
/* True when nothing was decided but who owns it, so nothing is lost with the room. */
bool rules_are_default(const struct rules *ru);

/* The role of an account. */
enum role rules_role(const struct rules *ru, int64_t account);
/* ROLE_NONE takes it away. Whether there is place for one more is asked before that is put to the store, and not here:
 * what is on disk is in force, though a limit was lowered since, or others came between. */
void rules_set_role(struct rules *ru, int64_t account, enum role role);
bool rules_has_space_for_role(const struct rules *ru, int64_t account);
/* The oldest gives way at the limit. */
void rules_invite_client(struct rules *ru, uint64_t id);
/* False: it was not. */
bool rules_uninvite_client(struct rules *ru, uint64_t id);

/* Takes over `reason`. Replaces those of its kind that are shown the same or hit the same account. What is said of the
 * place of a role goes for this one too. */
void rules_ban(struct rules *ru, const struct ban *s, int64_t now_ms);
bool rules_has_space_for_ban(const struct rules *ru, const struct target *target, enum ban_kind kind, int64_t now_ms);
/* False: there is none. */
bool rules_unban(struct rules *ru, enum ban_kind kind, const char *shown);
/* The one against whom that was written, case aside, or NULL. */
const struct ban *rules_shown(const struct rules *ru, enum ban_kind kind, const char *shown);
/* One against the same account or the same client, by whatever name, or NULL. */
const struct ban *rules_against(const struct rules *ru, enum ban_kind kind, const struct target *target);
/* The one that hits somebody now and runs longest, or NULL. None hits an owner. */
const struct ban *rules_hits(const struct rules *ru, enum ban_kind kind, const struct subject *su, int64_t now_ms);
bool rules_is_target(const struct target *target, const struct subject *su);

/* A member that is not in the room, as its own reader sees it: its account says what it may do. */
struct subject rules_stranger(const struct rules *ru, const struct member *m);
/* Whether the subject may join with that key (NULL: none). False: `no` (may be NULL) says why not: ERROR_BANNED with end and
 * reason, or ERROR_DENIED with the option that bars it. The caller frees no->reason. */
bool rules_may_join(const struct rules *ru, const struct subject *su, const char *key, int64_t now_ms, struct refusal *no);
/* Whether a member may talk that last did so at said_ms (wall clock). False: `no` says why not: ERROR_MUTED with end and
 * reason, ERROR_MODERATED, or ERROR_SLOW_MODE with the seconds to wait. */
bool rules_may_talk(const struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms, struct refusal *no);
/* Somebody goes out, or comes in again: remembers when it last talked, if it has to wait still; and takes that back, or
 * gives 0. At the limit the oldest gives way. */
void rules_keep_pause(struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms);
int64_t rules_take_pause(struct rules *ru, const struct subject *su, int64_t now_ms);
/* True when there may be somebody who may not come in. */
bool rules_limit_joining(const struct rules *ru);
/* True when some members may not talk, or not at any time. */
bool rules_limit_talk(const struct rules *ru);

#endif
