/* SPDX-License-Identifier: ISC */
/* Nothing is said: only handshakes are measured, of any server, such as one for HTTPS. */
#include "config.h"

#include "tests/bench/proto.h"

const struct proto proto_none = {
    .name = "none",
    .port = 443,
    .prefix = "",
    .is_mute = true,
    .echoes = true,
    .most = 4000,
};
