/*
 * url: the parts of an absolute http or https URL, read by RFC 3986 and by nothing else.
 *
 * Strict on purpose: what libcurl, which sends to these URLs, might take for another host, port or user is no
 * URL here. tests/unit/base/test_url.c and tests/fuzz/fuzz_url.c hold the two against each other. So a server
 * that only takes a URL in need not load the library that sends.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>
#include <stddef.h>

enum { URL_TEXT_MAX = 2048, URL_HOST_SIZE = 256 };

struct url {
    bool https;
    bool has_user;            /* a user name or password before an `@`, if empty ones */
    bool has_fragment;        /* a `#` */
    bool bracketed;           /* an IPv6 address in brackets */
    char host[URL_HOST_SIZE]; /* as it was written, without brackets */
    int port;                 /* the scheme's own where none was written; 0 only where 0 was */
};

/*
 * False for whatever is not `http(s)://[user@]host[:port][/path][?query][#fragment]`, is longer than
 * URL_TEXT_MAX or holds a blank or control character. A host is a name or an IPv4 address of letters, digits,
 * `.`, `-`, `_`, `~` and bytes beyond ASCII, or an IPv6 address in brackets; nothing in it is escaped.
 */
bool url_read(struct url *url, const char *text);

#endif
