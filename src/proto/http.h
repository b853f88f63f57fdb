/* SPDX-License-Identifier: ISC */
#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The head of an HTTP request, line by line (RFC 9110, RFC 9112), as far as chatd needs it: no bodies, one answer after
 * the other. Pure. Strings are as they came, without surrounding blanks.
 */
#define HTTP_LINES 64        /* header lines of a request */
#define HTTP_HEAD_BYTES 8192 /* of all its lines, without their ends */
#define HTTP_TARGET 512      /* each with its NUL */
#define HTTP_NAME 256
#define HTTP_TAG 64
#define HTTP_FORWARDED 512
#define HTTP_OFFERS 256
#define HTTP_KEY 25          /* 24 characters, RFC 6455 section 4.1 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_OTHER };

struct http_request {
    enum http_method method;
    char target[HTTP_TARGET]; /* the path, without the query */
    char host[HTTP_NAME];     /* with the port, if it was given; "" if there is none */
    char origin[HTTP_NAME];
    char none_match[HTTP_TAG]; /* If-None-Match */
    char key[HTTP_KEY];        /* Sec-WebSocket-Key */
    char offers[HTTP_OFFERS];  /* Sec-WebSocket-Protocol: words separated by commas, as many of its lines as fit */
    char forwarded[HTTP_FORWARDED]; /* X-Forwarded-For, of all its lines; if it is longer, its end, from a comma on */
    int websocket_version;
    bool is_1_0, has_host, has_length, has_key;
    bool closes, keeps;      /* Connection: close, keep-alive */
    bool upgrades;           /* Connection: upgrade */
    bool to_websocket;       /* Upgrade: websocket */
    bool has_proto, is_https;  /* X-Forwarded-Proto, and it says https only */
    bool has_body;
    bool begun;              /* the request line has come */
    int lines;
    size_t bytes;
};

/* Takes the next line, without its end but with a NUL behind it; zero-initialise the request before its first. 0: more
 * are needed; 200: this was the last; else the status of the answer, after which the connection must be closed. */
int http_take_line(struct http_request *rq, const char *line, size_t len);

/* The reason phrase of a status that chatd uses. */
const char *http_reason(int status);

/* The next word of a list that commas separate, from *at on, which begins at 0; its length is in *len. NULL: there is
 * none. */
const char *http_next_word(const char *list, size_t *at, size_t *len);

/* True if a host, with or without a port, names an address or localhost. */
bool http_is_near_name(const char *host);
/* True if a host, with or without a port, is one of the words of `names`, in any case. */
bool http_is_listed(const char *host, const char *names);
/* True if an origin (RFC 6454) is that of the host, or one of the words of `origins`. */
bool http_is_own_origin(const char *origin, const char *host, const char *origins);

#endif
