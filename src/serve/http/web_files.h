/* SPDX-License-Identifier: ISC */
#ifndef SERVE_HTTP_WEB_FILES_H
#define SERVE_HTTP_WEB_FILES_H

#include <stddef.h>

/* The files of web/, compressed by gzip, as build-aux/embed-web.sh puts them into the binary. */
struct web_file {
    const char *path; /* "/app.js"; "/" for index.html */
    const char *type; /* Content-Type */
    const char *tag;  /* ETag, with its quotes */
    const unsigned char *data;
    size_t size;
};

extern const struct web_file web_files[];
extern const size_t web_file_count;

#endif
