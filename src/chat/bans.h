/* SPDX-License-Identifier: ISC */
#ifndef CHAT_BANS_H
#define CHAT_BANS_H

#include "chat/request.h"
#include "chat/rules.h"
#include "net/networks.h"
#include "proto/event.h"

/*
 * Bans and mutes of the whole server, which its operators make; those of one room are in chat/rules.h. They are aimed
 * at networks or at names, are kept in the store, and all in memory. A name that is banned is given to nobody, as a
 * display name or as that of an account.
 *
 * Times are of the wall clock, in milliseconds since 1970.
 */
struct bans_target {
    struct network network;
    char name[NAME_SIZE]; /* as it was written; "": the network counts */
};

struct bans_entry {
    enum ban_kind kind;
    struct bans_target target;
    int64_t until_ms;   /* 0: for ever */
    int64_t made_ms;
    const char *reason; /* "" for none */
    const char *by;     /* the operator who made it; less than NAME_SIZE bytes */
};

/* The most of them, both kinds together. Any thread, without a lock. */
void bans_configure(int most);

/* Before the first and after the last of the other calls. Main thread. */
void bans_start(void);
void bans_stop(void);
/* Reads them from the store. Returns 0, or -1 with a line for the operator. Main thread, before store_start. */
int bans_load(char error[STORE_ERROR]);

/* Reads a name, an address or a network; what can be read as an address is one. False: *why (static) says what is
 * wrong. Pure. */
bool bans_read_target(const char *word, struct bans_target *t, const char **why);
/* Writes it as it is shown. */
#define BANS_TEXT (NETWORK_TEXT > NAME_SIZE ? NETWORK_TEXT : NAME_SIZE)
const char *bans_target_text(const struct bans_target *t, char text[BANS_TEXT]);

/* Adds `n` of them in one transaction; each replaces one of the same kind and target. Strings are borrowed during the
 * call. Blocks; no lock. */
enum bans_result { BANS_DONE, BANS_STORAGE, BANS_FULL, BANS_NOT_FOUND };
enum bans_result bans_add(const struct bans_entry *v, size_t n, const struct waiter *w);
enum bans_result bans_remove(enum ban_kind kind, const struct bans_target *t, const struct waiter *w);

/* Those of that kind that are in force, the oldest first, in a copy of which the caller frees the strings and the
 * array (bans_free). Any thread. */
size_t bans_copy(enum ban_kind kind, struct bans_entry **v);
void bans_free(struct bans_entry *v, size_t n);

/* Whether none of that kind is in force against the address (NULL: none is asked about) and the names (NULL likewise).
 * False: `no` (may be NULL) has ERROR_SERVER_BANNED or ERROR_SERVER_MUTED with end and reason; the caller frees
 * no->reason. If there are several it is that of the smallest network, and a network before a name. Any thread; any
 * lock that ranks below BANS. */
struct bans_subject {
    const struct in6_addr *address;
    const char *name, *account_name;
};
bool bans_admit(enum ban_kind kind, const struct bans_subject *su, struct refusal *no);

/* Forgets those that have ended, also on disk. Keeper. */
void bans_clean_up(void);

#endif
