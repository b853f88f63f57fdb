/* SPDX-License-Identifier: ISC */
#ifndef PROTO_FOREIGN_H
#define PROTO_FOREIGN_H

#include <stdbool.h>

/* Recognises the beginning of a connection that speaks another protocol than its listener's. Pure; any thread. */

/* True if this first byte begins a TLS handshake (RFC 8446, section 5.1): a control character, which no line begins
 * with. */
bool foreign_is_tls(const char *data);

/* True for an HTTP request line (RFC 9112, section 3): a web browser that was tricked into talking to us. `line` may
 * have been cut because it was too long; then a path must do in place of the version. `is_ours`: its first word is a
 * command of the listener's own protocol. */
bool foreign_is_http(const char *line, bool is_ours);

#endif
