/* SPDX-License-Identifier: ISC */
/* Floor by floor; no module knows the configuration. */
#include "config.h"

#include "conf_apply.h"

#include "base/log.h"
#include "base/secret.h"
#include "chat/accounts.h"
#include "chat/bans.h"
#include "chat/certify.h"
#include "chat/hashing.h"
#include "chat/dialogues.h"
#include "chat/history.h"
#include "chat/mail.h"
#include "chat/makers.h"
#include "chat/opers.h"
#include "chat/replay.h"
#include "chat/request.h"
#include "chat/retention.h"
#include "chat/rooms.h"
#include "chat/rules.h"
#include "chat/search.h"
#include "chat/space.h"
#include "chat/tokens.h"
#include "chat/unused.h"
#include "chat/users.h"
#include "ctl/admin_users.h"
#include "machine.h"
#include "net/addrs.h"
#include "net/outbox.h"
#include "proto/name.h"
#include "proto/native.h"
#include "serve/flood.h"
#include "serve/login.h"
#include "serve/resumable.h"
#include "serve/resume.h"
#include "serve/session.h"
#include "serve/throttle.h"

#include <stdio.h>

#define REASON_OVERHEAD 160 /* bytes that stand beside the reason of a kick, ban or mute in its line */

/* As long as a topic, if the line that shows it has space for that. */
static int longest_reason(const struct conf *c)
{
    int space = c->limits_line_bytes - REASON_OVERHEAD;
    return c->limits_topic_bytes < space ? c->limits_topic_bytes : space;
}

static void configure_base(const struct conf *c, bool verbose)
{
    enum log_level level = (enum log_level)log_level_named(c->log_level);
    log_configure(verbose ? LOG_DEBUG : level, c->log_time);
    secret_configure(c->accounts_hash_memory_kib, c->accounts_hash_passes);
}

static void configure_net(const struct conf *c)
{
    addrs_configure(c->clients_per_address);
    outbox_configure(&(struct outbox_limits){
        .entries = c->outbox_entries,
        .bytes = c->outbox_bytes,
        .age_ms = c->outbox_age_s * 1000,
        .patience_ms = c->outbox_patience_ms,
        .pace_kib_s = c->outbox_pace_kib_s,
    });
}

static void configure_proto(const struct conf *c)
{
    native_configure(c->limits_line_bytes);
    name_configure(c->limits_name_bytes);
}

_Static_assert((int)CONF_OPERS <= OPERS_MOST, "all groups of irc.opers fit");

static void configure_opers(const struct conf *c)
{
    struct oper v[CONF_OPERS] = {0};
    for (int i = 0; i < c->oper_count; i++) {
        snprintf(v[i].name, sizeof v[i].name, "%s", c->opers[i].name);
        snprintf(v[i].hash, sizeof v[i].hash, "%s", c->opers[i].password);
    }
    opers_configure(v, c->oper_count);
}

static void configure_chat(const struct conf *c)
{
    request_configure(c->store_wait_ms);
    replay_configure(c->rooms_replay_messages, c->rooms_replay_age_s);
    rules_configure(c->rooms_roles, c->rooms_bans);
    rooms_configure(c->rooms_max, c->rooms_expire_days);
    makers_configure(c->rooms_per_maker, c->rooms_max);
    history_configure(&(struct history_limits){
        .keep = c->history_keep,
        .queue_bytes = c->history_queue_bytes,
    });
    dialogues_configure(c->history_private);
    retention_configure(c->history_messages, c->history_days);
    space_configure(&(struct space_limits){c->history_room_mib, c->history_total_mib, c->store_reserve_mib});
    search_configure(c->history_search_ms);
    hashing_configure(c->accounts_hash_wait_ms, machine_processors());
    accounts_configure(c->accounts_max);
    users_configure(c->accounts_sessions);
    configure_opers(c);
    unused_configure(c->accounts_unused_days);
    tokens_configure(&(struct token_limits){
        .per_account = c->accounts_tokens,
        .days = c->accounts_token_days,
        .resume_s = c->accounts_resume_s,
    });
    certify_configure(c->accounts_certificates);
    bans_configure(c->bans_max);
    mail_configure(&(struct mail_limits){
        .messages = c->accounts_mail_messages,
        .per_sender = c->accounts_mail_per_sender,
        .undelivered = c->accounts_mail_undelivered,
        .days = c->accounts_mail_days,
    });
}

static void configure_serve(const struct conf *c)
{
    flood_configure(c->flood_rate_per_s, c->flood_burst_tokens, c->flood_close_after_s, c->flood_exempt_loopback);
    flood_configure_announcements(c->flood_announcements, c->flood_announcement_refill_ms);
    throttle_configure(c->accounts_failed_logins, c->accounts_failed_login_refill_s);
    throttle_configure_stays(c->flood_short_stays, c->flood_short_stay_refill_ms);
    throttle_configure_registrations(c->accounts_registrations, c->accounts_registration_refill_s);
    login_configure(&(struct login_rules){
        .registration = login_registration_named(c->accounts_registration),
        .plaintext = c->accounts_plaintext,
        .password_min_bytes = c->accounts_password_min_bytes,
    });
    resumable_configure(c->accounts_grace_s * 1000);
    resume_configure(c->accounts_resume_messages);
    session_configure(&(struct session_limits){
        .text_bytes = c->limits_text_bytes,
        .topic_bytes = c->limits_topic_bytes,
        .reason_bytes = longest_reason(c),
        .away_bytes = c->limits_away_bytes,
        .realname_bytes = c->limits_realname_bytes,
        .ignored = c->limits_ignored_users,
        .monitored = c->irc_monitored_names,
        .login_timeout_s = c->clients_login_timeout_s,
        .rooms_per_user = c->rooms_per_user,
        .page_messages = c->history_page_messages,
        .replay_from_history = c->rooms_replay_from_history,
        .replay_messages = c->rooms_replay_messages,
        .replay_age_s = c->rooms_replay_age_s,
    });
}

/* The log first, because what follows may log. */
void conf_apply(const struct conf *c, bool verbose)
{
    configure_base(c, verbose);
    configure_net(c);
    configure_proto(c);
    configure_chat(c);
    configure_serve(c);
    admin_users_configure(c->accounts_invite_days);
}
