/* SPDX-License-Identifier: ISC */
/* A complete chatd in which every connection uses the stream of stream_rot13.h. */
#include "config.h"

#include "chatd.h"
#include "tests/lib/stream_rot13.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    const struct stream_layer *const layers[] = {&stream_rot13, NULL};
    return chatd_main(argc, argv, layers);
}
