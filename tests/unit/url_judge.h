/*
 * url_judge: libcurl's reading of a URL beside ours. Whoever sends is libcurl, so where url_read takes a
 * text, libcurl must take it too and find the same scheme, user, host, port and fragment in it. What libcurl
 * takes and url_read refuses is no matter.
 */
#ifndef TESTS_URL_JUDGE_H
#define TESTS_URL_JUDGE_H

#include "base/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An address in any of its spellings becomes its bytes: libcurl writes them anew. 0: a name. */
static inline size_t url_judge_address(const char *host, unsigned char bytes[16])
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST }, *found = NULL;
    size_t length;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return 0;
    length = found->ai_family == AF_INET ? 4 : 16;
    if (length == 4)
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr, length);
    else
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr, length);
    freeaddrinfo(found);
    return length;
}

static inline bool url_judge_host(const struct url *ours, char *theirs)
{
    unsigned char left[16], right[16];
    size_t length = strlen(theirs), bytes;

    if ((theirs[0] == '[') != ours->bracketed)
        return false;
    if (theirs[0] == '[') {
        theirs[length - 1] = '\0';
        theirs++;
    }
    bytes = url_judge_address(ours->host, left);
    if (bytes != url_judge_address(theirs, right))
        return false;
    return bytes ? memcmp(left, right, bytes) == 0 : strcasecmp(ours->host, theirs) == 0;
}

static inline bool url_judge_parts(const struct url *ours, CURLU *theirs)
{
    char *part = NULL;
    bool same;

    if (curl_url_get(theirs, CURLUPART_SCHEME, &part, 0) != CURLUE_OK)
        return false;
    same = strcmp(part, ours->https ? "https" : "http") == 0;
    curl_free(part);
    if (curl_url_get(theirs, CURLUPART_PORT, &part, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    same = same && strtol(part, NULL, 10) == ours->port;
    curl_free(part);
    if (curl_url_get(theirs, CURLUPART_HOST, &part, 0) != CURLUE_OK)
        return false;
    same = same && url_judge_host(ours, part);
    curl_free(part);
    part = NULL;
    same = same && (curl_url_get(theirs, CURLUPART_USER, &part, 0) == CURLUE_OK) == ours->has_user;
    curl_free(part);
    part = NULL;
    if (curl_url_get(theirs, CURLUPART_FRAGMENT, &part, 0) == CURLUE_OK)
        same = same && ours->has_fragment; /* an empty one is none to libcurl */
    curl_free(part);
    return same;
}

/* False where url_read took the text and libcurl reads it in another way. */
static inline bool url_judge(const char *text, bool *taken)
{
    struct url ours;
    CURLU *theirs;
    bool same;

    *taken = url_read(&ours, text);
    if (!*taken)
        return true;
    theirs = curl_url();
    same =
        theirs && curl_url_set(theirs, CURLUPART_URL, text, 0) == CURLUE_OK && url_judge_parts(&ours, theirs);
    curl_url_cleanup(theirs);
    return same;
}

#endif
