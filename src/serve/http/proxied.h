/* SPDX-License-Identifier: ISC */
#ifndef SERVE_HTTP_PROXIED_H
#define SERVE_HTTP_PROXIED_H

#include "net/addrs.h"
#include "proto/http.h"

#include <stdbool.h>

/* A request on a connection of a trusted proxy (`proxy`: its address). From now on the session has the address of the
 * client that the proxy tells of, and is as secure as the proxy says; where it tells nothing that is an address, it has
 * the proxy's. Requests on one connection may be made for different clients. False: that address has as many
 * connections as it may. Reader. */
struct session;
bool proxied_admit(struct session *s, const struct http_request *rq, const struct addr *proxy);

#endif
