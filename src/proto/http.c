/* SPDX-License-Identifier: ISC */
/*
 * Strict where two readers of one request could disagree about where it ends: a request with a body, with blanks before
 * a colon, with a folded line or with two hosts is refused, and the connection with it (RFC 9112 sections 5.1, 5.2 and
 * 6.3).
 */
#include "config.h"

#include "proto/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BLANKS " \t"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {101, "Switching Protocols"}, {200, "OK"}, {304, "Not Modified"}, {400, "Bad Request"}, {403, "Forbidden"},
    {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {413, "Content Too Large"},
    {414, "URI Too Long"}, {421, "Misdirected Request"}, {426, "Upgrade Required"},
    {431, "Request Header Fields Too Large"}, {501, "Not Implemented"}, {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

/* ---- words: each line has a NUL behind it ---- */

static bool is_token(const char *text, size_t len)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alnum && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return len > 0;
}

static bool is_visible(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    return true;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(text, word, len) == 0;
}

/* The next of the words that commas separate, from *at on, without blanks around it; NULL: there is none. */
static const char *next_word(const char *text, size_t len, size_t *at, size_t *part)
{
    const char *from = text + *at;
    size_t n = 0;
    if (*at >= len)
        return NULL;
    while (*at + n < len && from[n] != ',')
        n++;
    *at += n + 1;
    while (n && strchr(BLANKS, *from))
        from++, n--;
    while (n && strchr(BLANKS, from[n - 1]))
        n--;
    *part = n;
    return from;
}

const char *http_next_word(const char *list, size_t *at, size_t *len)
{
    return next_word(list, strlen(list), at, len);
}

/* True if a list of words, separated by commas, has this one. */
static bool has_word(const char *text, size_t len, const char *word)
{
    const char *from;
    for (size_t at = 0, part; (from = next_word(text, len, &at, &part));)
        if (is_word(from, part, word))
            return true;
    return false;
}

static bool copy(char *to, size_t size, const char *text, size_t len)
{
    if (len >= size)
        return false;
    memcpy(to, text, len);
    to[len] = '\0';
    return true;
}

/* ---- the request line ---- */

/* The path of a target: from `http://host/path?query` and from `/path?query`. */
static int take_target(struct http_request *rq, const char *text, size_t len)
{
    if (len > 7 && strncasecmp(text, "http://", 7) == 0) {
        size_t host = 7;
        while (host < len && text[host] != '/')
            host++;
        text += host;
        len -= host;
    }
    if (!len || *text != '/')
        return 400;
    size_t path = 0;
    while (path < len && text[path] != '?')
        path++;
    return copy(rq->target, sizeof rq->target, text, path) ? 0 : 414;
}

static int take_request_line(struct http_request *rq, const char *line, size_t len)
{
    const char *end = line + len;
    const char *target = memchr(line, ' ', len);
    const char *version = target ? memchr(target + 1, ' ', (size_t)(end - target - 1)) : NULL;
    if (!version || !is_token(line, (size_t)(target - line)) || !is_visible(target + 1, (size_t)(version - target - 1)))
        return 400;
    version++;
    size_t left = (size_t)(end - version);
    if (left != 8 || strncmp(version, "HTTP/", 5) != 0 || version[6] != '.')
        return 400;
    if (version[5] != '1')
        return 505;
    rq->is_1_0 = version[7] == '0';
    rq->method = strncmp(line, "GET ", 4) == 0 ? HTTP_GET : strncmp(line, "HEAD ", 5) == 0 ? HTTP_HEAD : HTTP_OTHER;
    rq->begun = true;
    return take_target(rq, target + 1, (size_t)(version - 1 - target - 1));
}

/* ---- header lines ---- */

static int take_host(struct http_request *rq, const char *text, size_t len)
{
    if (rq->has_host || !is_visible(text, len) || !copy(rq->host, sizeof rq->host, text, len))
        return 400;
    rq->has_host = true;
    return 0;
}

static int take_connection(struct http_request *rq, const char *text, size_t len)
{
    rq->closes = rq->closes || has_word(text, len, "close");
    rq->keeps = rq->keeps || has_word(text, len, "keep-alive");
    rq->upgrades = rq->upgrades || has_word(text, len, "upgrade");
    return 0;
}

static int take_upgrade(struct http_request *rq, const char *text, size_t len)
{
    rq->to_websocket = rq->to_websocket || has_word(text, len, "websocket");
    return 0;
}

static int take_length(struct http_request *rq, const char *text, size_t len)
{
    if (rq->has_length || !len || len > 18 || strspn(text, "0123456789") < len)
        return 400;
    rq->has_length = true;
    rq->has_body = strspn(text, "0") < len;
    return 0;
}

static int refuse_encoding(struct http_request *rq, const char *text, size_t len)
{
    (void)rq;
    (void)text;
    (void)len;
    return 501;
}

static int take_origin(struct http_request *rq, const char *text, size_t len)
{
    return *rq->origin || !is_visible(text, len) || !copy(rq->origin, sizeof rq->origin, text, len) ? 400 : 0;
}

/* A tag that is too long is none of ours. */
static int take_tag(struct http_request *rq, const char *text, size_t len)
{
    (void)copy(rq->none_match, sizeof rq->none_match, text, len);
    return 0;
}

static int take_key(struct http_request *rq, const char *text, size_t len)
{
    bool good = !rq->has_key && len == HTTP_KEY - 1 && is_visible(text, len);
    rq->has_key = true;
    return good && copy(rq->key, sizeof rq->key, text, len) ? 0 : 400;
}

static int take_version(struct http_request *rq, const char *text, size_t len)
{
    if (!len || len > 3 || strspn(text, "0123456789") < len)
        return 400;
    rq->websocket_version = atoi(text);
    return 0;
}

static int take_subprotocol(struct http_request *rq, const char *text, size_t len)
{
    size_t before = strlen(rq->offers), comma = before ? 1 : 0;
    if (before + comma + len < sizeof rq->offers)
        snprintf(rq->offers + before, sizeof rq->offers - before, "%s%.*s", comma ? "," : "", (int)len, text);
    return 0;
}

/* Its end counts, since the last proxy has written that. */
static int take_forwarded(struct http_request *rq, const char *text, size_t len)
{
    char list[HTTP_FORWARDED + HTTP_HEAD_BYTES];
    int n = snprintf(list, sizeof list, "%s%s%.*s", rq->forwarded, *rq->forwarded ? ", " : "", (int)len, text);
    const char *from = list;
    if (n >= HTTP_FORWARDED) {
        from = strchr(list + n - HTTP_FORWARDED + 1, ',');
        from = from ? from : list + n;
    }
    memcpy(rq->forwarded, from, strlen(from) + 1);
    return 0;
}

static int take_proto(struct http_request *rq, const char *text, size_t len)
{
    rq->is_https = (!rq->has_proto || rq->is_https) && is_word(text, len, "https");
    rq->has_proto = true;
    return 0;
}

static const struct {
    const char *name;
    int (*take)(struct http_request *rq, const char *text, size_t len);
} headers[] = {
    {"Host", take_host},
    {"Connection", take_connection},
    {"Upgrade", take_upgrade},
    {"Content-Length", take_length},
    {"Transfer-Encoding", refuse_encoding},
    {"Origin", take_origin},
    {"If-None-Match", take_tag},
    {"Sec-WebSocket-Key", take_key},
    {"Sec-WebSocket-Version", take_version},
    {"Sec-WebSocket-Protocol", take_subprotocol},
    {"X-Forwarded-For", take_forwarded},
    {"X-Forwarded-Proto", take_proto},
};

static bool has_control(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
            return true;
    return false;
}

static int take_header(struct http_request *rq, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon || !is_token(line, (size_t)(colon - line)) || has_control(line, len))
        return 400;
    const char *text = colon + 1;
    size_t left = (size_t)(line + len - text);
    while (left && strchr(BLANKS, *text))
        text++, left--;
    while (left && strchr(BLANKS, text[left - 1]))
        left--;
    for (size_t i = 0; i < COUNT(headers); i++)
        if (is_word(line, (size_t)(colon - line), headers[i].name))
            return headers[i].take(rq, text, left);
    return 0;
}

static int end_head(const struct http_request *rq)
{
    if (!rq->has_host && !rq->is_1_0)
        return 400;
    if (rq->method == HTTP_OTHER)
        return 405;
    return rq->has_body ? 413 : 200;
}

int http_take_line(struct http_request *rq, const char *line, size_t len)
{
    rq->bytes += len;
    if (++rq->lines > HTTP_LINES || rq->bytes > HTTP_HEAD_BYTES)
        return 431;
    if (!len)
        return rq->begun ? end_head(rq) : 0; /* an empty line before the request is ignored */
    return rq->begun ? take_header(rq, line, len) : take_request_line(rq, line, len);
}

/* ---- hosts and origins ---- */

/* The length of a host without its port; of an IPv6 address with its brackets. */
static size_t name_length(const char *host)
{
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    return bracket ? (size_t)(bracket + 1 - host) : strcspn(host, ":");
}

bool http_is_near_name(const char *host)
{
    char name[HTTP_NAME];
    struct in6_addr any;
    size_t len = name_length(host);
    if (is_word(host, len, "localhost"))
        return true;
    if (len > 2 && *host == '[')
        return copy(name, sizeof name, host + 1, len - 2) && inet_pton(AF_INET6, name, &any) == 1;
    return copy(name, sizeof name, host, len) && inet_pton(AF_INET, name, &any) == 1;
}

static bool has_blank_word(const char *words, const char *word, size_t len)
{
    for (const char *w = words + strspn(words, BLANKS); *w; w += strspn(w, BLANKS)) {
        size_t n = strcspn(w, BLANKS);
        if (n == len && strncasecmp(w, word, n) == 0)
            return true;
        w += n;
    }
    return false;
}

bool http_is_listed(const char *host, const char *names)
{
    return has_blank_word(names, host, name_length(host));
}

bool http_is_own_origin(const char *origin, const char *host, const char *origins)
{
    const char *authority = strstr(origin, "://");
    bool is_own = authority && *host && strcasecmp(authority + 3, host) == 0;
    return is_own || has_blank_word(origins, origin, strlen(origin));
}
