/* SPDX-License-Identifier: ISC */
#ifndef SERVE_WEB_H
#define SERVE_WEB_H

#include <stdbool.h>

/* What the protocol `http` needs to know. */
struct protocol;

struct web_settings {
    const struct protocol *chat, *irc; /* what WebSocket clients speak */
    const char *hosts, *origins;  /* words separated by blanks */
    int request_s, idle_s;
    bool hsts;
};

/* Copies them. Main thread, once, before the first connection. */
void web_configure(const struct web_settings *settings);
/* Any thread. */
const struct web_settings *web_settings(void);

#endif
