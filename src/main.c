/* SPDX-License-Identifier: ISC */
/* The program chatd. Everything else is in the library, so that the tests can link it. */
#include "config.h"

#include "chatd.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    return chatd_main(argc, argv, NULL);
}
