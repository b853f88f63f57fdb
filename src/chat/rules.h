/* SPDX-License-Identifier: ISC */
#ifndef CHAT_RULES_H
#define CHAT_RULES_H

#include "chat/member.h"
#include "proto/event.h"

/*
 * The rules of one room: its options, roles, bans and mutes; and what follows for a user who wants to join or to talk.
 * Plain data, protected by the room's lock, for any thread; nothing here blocks or takes a lock. chat/moderation.h
 * makes the changes and has them stored.
 */
enum ban_kind { BAN_KIND_BAN = 1, BAN_KIND_MUTE = 2 };

/* Whom a ban or a kick is aimed at: it matches a user if any field that is set does. The address matches no op. */
struct target {
    char shown[ADDRS_TEXT]; /* the name or address that was written */
    int64_t account;        /* or 0 */
    char name[NAME_SIZE];   /* folded, or ""; compared without case. With .account it is the account's and matches
                               nobody: others may have names that the account had */
    char host[ADDRS_TEXT];  /* as addrs_key_text writes it, or "" */
    uint64_t client;        /* the .user_id of a client, under any name; or 0. Not stored */
};

/* A user whom rules are applied to. It has its own pointer to the name, since a member's name may be read by its own
 * reader only: .name is the room's copy, or for the member's own reader the member's. Borrows. */
struct subject {
    const struct member *member;
    const char *name;
    enum role role; /* in the room */
};

struct ban {
    enum ban_kind kind;
    struct target target;
    int64_t until_ms; /* wall clock; 0: for ever */
    char *reason;     /* owns; "" for none */
    char by[NAME_SIZE];
    bool is_temporary; /* it is not stored, and ends with rules_lapse_ban */
};

/* A user who left a slow room before its wait was over: the account or client, and the name and address by which a
 * client without an account is recognised when it comes back. */
struct slow_wait {
    int64_t account, said_ms; /* said_ms: of its last message */
    uint64_t client;
    char name[NAME_SIZE], host[ADDRS_TEXT];
};

/* A user who has left the room, for a ban or mute that comes too late. */
struct departed {
    char name[NAME_SIZE], host[ADDRS_TEXT];
    int64_t account;
    uint64_t client;
};

struct rules {
    long value[OPTIONS];
    char key[OPTION_TEXT]; /* value[OPTION_KEY] says whether there is one */
    long kept[OPTIONS];    /* as they are stored: what a temporary op sets differs until it lapses */
    char kept_key[OPTION_TEXT];
    struct rules_role {
        int64_t account;
        enum role role;
    } *roles; /* owns */
    struct ban *bans;             /* owns */
    uint64_t *guests;             /* owns: .user_id of invited clients without an account; the oldest first */
    struct slow_wait *slow_waits; /* owns; the oldest first */
    struct departed *departed;    /* owns; the oldest first */
    int role_count, ban_count, guest_count, slow_wait_count, departed_count;
    unsigned changes; /* grows with each change that may keep a user from joining */
};

/* Most roles of accounts, guests included, and most bans and mutes together, of one room. Any thread, without a
 * lock. */
void rules_configure(int roles, int bans);

void rules_init(struct rules *ru);
void rules_fini(struct rules *ru);
/* True when all is default, except that accounts may own the room: then nothing is lost with the room. */
bool rules_are_default(const struct rules *ru);

/* The role of an account. */
enum role rules_role(const struct rules *ru, int64_t account);
/* ROLE_NONE removes it. The limit is checked by rules_has_space_for_role before the change is put to the store, and not
 * here: what is on disk is in force, even if the limit was lowered since or other changes came in between. */
void rules_set_role(struct rules *ru, int64_t account, enum role role);
bool rules_has_space_for_role(const struct rules *ru, int64_t account);
/* Invites a client; at the limit the oldest invitation is dropped. */
void rules_invite_client(struct rules *ru, uint64_t id);
/* False: it was not invited. */
bool rules_uninvite_client(struct rules *ru, uint64_t id);

/* Sets an option; `key` is the new key, "" for other options. */
void rules_set_option(struct rules *ru, enum option o, long value, const char *key, bool is_temporary);
/* Ends what temporary ops have set: true if the option differed from what is kept. The next temporary ban or mute,
 * which is removed and which the caller then owns; false: none. */
bool rules_lapse_option(struct rules *ru, enum option o);
bool rules_lapse_ban(struct rules *ru, struct ban *b);

/* True for an option that keeps out users without a role. */
bool rules_is_bar(enum option o);

/* The account is gone: it has no role, and bans of it are bans of its name. */
void rules_forget_account(struct rules *ru, int64_t account);

/* Adds a ban or mute, taking over its .reason, and removes those that have expired. It replaces those of its kind with
 * the same .shown or the same account. The limit is checked before, as for a role. */
void rules_ban(struct rules *ru, const struct ban *b, int64_t now_ms);
bool rules_has_space_for_ban(const struct rules *ru, enum ban_kind kind, const struct target *target, int64_t now_ms);
/* True when such a ban would replace one that is not temporary. */
bool rules_replaces_lasting(const struct rules *ru, enum ban_kind kind, const struct target *target);
/* now_ms: wall clock. */
bool rules_has_expired(const struct ban *b, int64_t now_ms);
/* False: no such ban. */
bool rules_unban(struct rules *ru, enum ban_kind kind, const char *shown);
/* The one with that .shown (case does not matter), or NULL. Borrowed until the next change. */
const struct ban *rules_shown(const struct rules *ru, enum ban_kind kind, const char *shown);
/* One against the same account or the same client, under any name, or NULL. Borrowed as well. */
const struct ban *rules_against(const struct rules *ru, enum ban_kind kind, const struct target *target);
/* Of the bans that match the user now, the one that lasts longest, or NULL. None matches an owner. Outside rules.c for
 * tests only. */
const struct ban *rules_hits(const struct rules *ru, enum ban_kind kind, const struct subject *su, int64_t now_ms);
/* True when the target matches the user. */
bool rules_is_target(const struct target *target, const struct subject *su);

/* A client that is not a member of the room: its role is its account's. For the member's own reader. */
struct subject rules_nonmember(const struct rules *ru, const struct member *m);
/* Whether the subject may join with that key (NULL: none). False: `no` (may be NULL) says why not: ERROR_BANNED with
 * end and reason, or ERROR_DENIED with the option that bars it. The caller frees no->reason. */
bool rules_may_join(const struct rules *ru, const struct subject *su, const char *key, int64_t now_ms,
                    struct refusal *no);
/* Whether there is space for the subject beside the users who are in the room. A role or an invitation needs none.
 * False: `no` (may be NULL) says ERROR_ROOM_FULL with the limit. */
bool rules_have_space(const struct rules *ru, const struct subject *su, int users, struct refusal *no);
/* Whether a member may talk that last did so at said_ms (wall clock). False: `no` says why not: ERROR_MUTED with end
 * and reason, ERROR_MODERATED, or ERROR_SLOW_MODE with the seconds to wait. */
bool rules_may_talk(const struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms,
                    struct refusal *no);
/* Slow mode. For a member that leaves: saves the time of its last message, if it still has to wait; at the limit the
 * oldest such record is dropped. For a user who joins: returns that time and forgets it, or 0. */
void rules_slow_save(struct rules *ru, const struct subject *su, int64_t said_ms, int64_t now_ms);
int64_t rules_slow_restore(struct rules *ru, const struct subject *su, int64_t now_ms);
/* Notes that a member leaves; the last RULES_DEPARTED are known. Fills the target with the last of that name (folded)
 * who has left; false: nobody who is known. */
#define RULES_DEPARTED 50
void rules_note_departed(struct rules *ru, const struct subject *su);
bool rules_find_departed(const struct rules *ru, const char *key, struct target *target);
/* True when some users may not be allowed to join. */
bool rules_limit_joining(const struct rules *ru);
/* True when some members may not talk, or not at any time. */
bool rules_limit_talk(const struct rules *ru);

#endif
