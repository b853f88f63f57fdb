/* SPDX-License-Identifier: ISC */
/* chatd.conf (conf_file.h): whatever the file holds, it is accepted with values within their limits, or refused with at
 * least one line that names the file. */
#include "config.h"

#include "base/panic.h"
#include "conf_file.h"
#include "tests/fuzz/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_INT(section, key, value, least, most, when, comment)                                                     \
    must(c->section##_##key >= (least) && c->section##_##key <= (most));
#define CONF_STRING(section, key, value, allowed, when, comment)                                                       \
    must(memchr(c->section##_##key, '\0', sizeof c->section##_##key));

static void check_values(const struct conf *c)
{
#include "tbl/conf.h"
    must(c->listener_count >= 1 && c->listener_count <= CONF_LISTENERS);
}

/* libconfig does not free a string that is followed by a mistake; chatd then ends, or goes on with the old configuration.
 * A leak of ours is reported all the same. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig";
}

static const char *file_name(void)
{
    static char name[64];
    if (!*name) {
        snprintf(name, sizeof name, "/tmp/chatd-fuzz-%ld.conf", (long)getpid());
        must(strlen(name) < sizeof name);
    }
    return name;
}

static void check(const uint8_t *data, size_t size)
{
    static struct conf c;
    struct buf errors = {0};
    FILE *f = fopen(file_name(), "w");
    must(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    if (conf_file_load(&c, file_name(), &errors) == 0)
        check_values(&c);
    else
        must(errors.len && errors.data[errors.len - 1] == '\n' && strstr(buf_text(&errors), file_name()));
    unlink(file_name());
    buf_fini(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char include[] = "@include"; /* it would read other files of this machine */
    bool includes = false;
    for (size_t i = 0; i + sizeof include - 1 <= size; i++)
        includes = includes || memcmp(data + i, include, sizeof include - 1) == 0;
    if (!includes)
        check(data, size);
    return 0;
}

#ifndef LIBFUZZER

static const char *const words[] = {
#define CONF_SECTION(section, comment) #section " = { ",
#include "tbl/conf.h"
#define CONF_INT(section, key, value, least, most, when, comment) #key,
#include "tbl/conf.h"
#define CONF_STRING(section, key, value, allowed, when, comment) #key,
#include "tbl/conf.h"
    "listeners = ( { ", " } ); ", " }; ", " = ", "; ", ", ", "1", "-1", "99999999999", "true", "\"x\"", "\"*\"", "\"",
    "\"native\"", "port", "address", "protocol", "tls", "opers = ( { ", "name", "password",
    "(", "[", "1.5", "# c\n", "/* ", "\n", "0x10", "1L",
};

int main(void)
{
    replay("conf");
    return generate(words, sizeof words / sizeof words[0], 5000, 14);
}

#endif
