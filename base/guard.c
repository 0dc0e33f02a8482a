#include "base/guard.h"

#include "base/range.h"
#include "base/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>

enum { NAME_MAX_LENGTH = 253, LABEL_MAX = 63 };

/* What the operator allows beside the public internet. */
static struct range *allowed;
static size_t allowed_count;

/* IPv4 that is not global unicast. */
static const struct range refused4[] = {
    { AF_INET, 8, { 0 } },             /* this network, RFC 791 */
    { AF_INET, 8, { 10 } },            /* private, RFC 1918 */
    { AF_INET, 10, { 100, 64 } },      /* shared, RFC 6598 */
    { AF_INET, 8, { 127 } },           /* loopback, RFC 1122 */
    { AF_INET, 16, { 169, 254 } },     /* link-local and cloud metadata, RFC 3927 */
    { AF_INET, 12, { 172, 16 } },      /* private, RFC 1918 */
    { AF_INET, 24, { 192, 0, 0 } },    /* protocol assignments, RFC 6890 */
    { AF_INET, 24, { 192, 0, 2 } },    /* documentation, RFC 5737 */
    { AF_INET, 24, { 192, 88, 99 } },  /* 6to4 relays, RFC 7526 */
    { AF_INET, 16, { 192, 168 } },     /* private, RFC 1918 */
    { AF_INET, 15, { 198, 18 } },      /* benchmarking, RFC 2544 */
    { AF_INET, 24, { 198, 51, 100 } }, /* documentation, RFC 5737 */
    { AF_INET, 24, { 203, 0, 113 } },  /* documentation, RFC 5737 */
    { AF_INET, 4, { 224 } },           /* multicast, RFC 1112 */
    { AF_INET, 4, { 240 } },           /* reserved, and broadcast, RFC 1112 */
};

/* IPv6: global unicast is 2000::/3 (RFC 4291); so loopback, unique local, link-local, multicast and NAT64 are
 * out already. */
static const struct range global6 = { AF_INET6, 3, { 0x20 } };
static const struct range refused6[] = {
    { AF_INET6, 23, { 0x20, 0x01 } },             /* protocol assignments with Teredo and ORCHID, RFC 2928 */
    { AF_INET6, 32, { 0x20, 0x01, 0x0d, 0xb8 } }, /* documentation, RFC 3849 */
    { AF_INET6, 16, { 0x20, 0x02 } },             /* 6to4, RFC 3056 */
    { AF_INET6, 20, { 0x3f, 0xff } },             /* documentation, RFC 9637 */
};

/* ---- addresses ---- */

static bool any_holds(const struct range *ranges, size_t count, int family, const uint8_t *bytes)
{
    for (size_t at = 0; at < count; at++)
        if (range_holds(&ranges[at], family, bytes))
            return true;
    return false;
}

static enum guard_verdict judge4(const uint8_t *bytes)
{
    if (any_holds(allowed, allowed_count, AF_INET, bytes))
        return GUARD_ALLOWED;
    if (any_holds(refused4, sizeof refused4 / sizeof *refused4, AF_INET, bytes))
        return GUARD_REFUSED;
    return GUARD_PUBLIC;
}

static enum guard_verdict judge6(const uint8_t *bytes)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (memcmp(bytes, mapped, sizeof mapped) == 0)
        return judge4(bytes + sizeof mapped);
    if (any_holds(allowed, allowed_count, AF_INET6, bytes))
        return GUARD_ALLOWED;
    if (!range_holds(&global6, AF_INET6, bytes) ||
        any_holds(refused6, sizeof refused6 / sizeof *refused6, AF_INET6, bytes))
        return GUARD_REFUSED;
    return GUARD_PUBLIC;
}

enum guard_verdict guard_address(const struct sockaddr *address)
{
    uint8_t bytes[16];

    if (address->sa_family == AF_INET) {
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return judge4(bytes);
    }
    if (address->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return judge6(bytes);
    }
    return GUARD_REFUSED;
}

/* ---- the operator's list ---- */

static bool refuse_range(const char *text, size_t length)
{
    fprintf(stderr, "outbound_allow: `%.*s` is not a range like 10.0.0.0/8 or fd00::/8\n", (int)length, text);
    free(allowed);
    allowed = NULL;
    allowed_count = 0;
    return false;
}

static void allow(const struct range *range)
{
    struct range *more = realloc(allowed, (allowed_count + 1) * sizeof *more);

    if (!more)
        abort(); /* no memory left */
    allowed = more;
    allowed[allowed_count++] = *range;
}

bool guard_configure(const char *ranges)
{
    static const char spaces[] = " \t";
    const char *at = ranges + strspn(ranges, spaces);

    free(allowed);
    allowed = NULL;
    allowed_count = 0;
    if (!*at)
        return true;
    for (;;) {
        struct range range = { 0 };
        size_t length = strcspn(at, ",");
        size_t trimmed = length;
        while (trimmed > 0 && strchr(spaces, at[trimmed - 1]))
            trimmed--;
        if (!range_parse(&range, at, trimmed))
            return refuse_range(at, trimmed);
        allow(&range);
        if (!at[length])
            return true;
        at += length + 1;
        at += strspn(at, spaces);
    }
}

/* ---- URLs ---- */

/* Only what RFC 3986 lets stand in a URL, so that no two parsers can differ about it. */
static bool is_url_text(const char *url)
{
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at >= 0x7f || strchr("\"<>\\^`{|}", *at))
            return false;
    return true;
}

/* The authority part of an absolute http(s) URL, or NULL. */
static const char *authority(const char *url, bool *https, size_t *length)
{
    *https = strncasecmp(url, "https://", 8) == 0;
    if (!*https && strncasecmp(url, "http://", 7) != 0)
        return NULL;
    url += *https ? 8 : 7;
    *length = strcspn(url, "/?#");
    return url;
}

/* A DNS name: labels of letters, digits, hyphens and underscores; one dot at the end is taken. */
static bool is_name(const char *host)
{
    size_t length = strlen(host);

    if (length == 0 || length > NAME_MAX_LENGTH)
        return false;
    while (*host) {
        size_t label = strcspn(host, ".");
        if (label == 0 || label > LABEL_MAX || host[0] == '-' || host[label - 1] == '-')
            return false;
        for (size_t at = 0; at < label; at++)
            if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", host[at]))
                return false;
        host += label + (host[label] == '.');
    }
    return true;
}

/* A last label that is a number makes a host an IPv4 address (WHATWG URL 3.5), if a broken one. */
static bool ends_in_number(const char *host)
{
    size_t end = strlen(host), start;

    if (end > 0 && host[end - 1] == '.')
        end--;
    start = end;
    while (start > 0 && host[start - 1] != '.')
        start--;
    if (end - start >= 2 && host[start] == '0' && (host[start + 1] == 'x' || host[start + 1] == 'X'))
        return strspn(host + start + 2, "0123456789abcdefABCDEF") >= end - start - 2;
    return end > start && strspn(host + start, "0123456789") >= end - start;
}

/* Judges a host that is written as an address, in any spelling the resolver takes; false for a name. */
static bool judge_literal(const char *host, enum guard_verdict *verdict)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST };
    struct addrinfo *found = NULL;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    *verdict = guard_address(found->ai_addr);
    freeaddrinfo(found);
    return true;
}

static bool loopback_is_allowed(void)
{
    static const uint8_t loopback[4] = { 127, 0, 0, 1 };

    return judge4(loopback) == GUARD_ALLOWED;
}

static const char *host_problem(const struct url *url)
{
    enum guard_verdict verdict;

    if (judge_literal(url->host, &verdict)) {
        if (verdict == GUARD_REFUSED)
            return "must not point to a private, local or reserved address";
        return url->https || verdict == GUARD_ALLOWED ? NULL : "must use https";
    }
    if (!is_name(url->host) || ends_in_number(url->host))
        return "must have a valid host name";
    if (url->https || (strcasecmp(url->host, "localhost") == 0 && loopback_is_allowed()))
        return NULL;
    return "must use https";
}

const char *guard_url_problem(const char *url)
{
    const char *host;
    struct url parsed;
    bool https;
    size_t length;

    if (strlen(url) > URL_TEXT_MAX)
        return "must have 2048 bytes at most";
    if (!is_url_text(url))
        return "must be a URL in ASCII: escape other characters with %, write other hosts in Punycode";
    host = authority(url, &https, &length);
    if (!host)
        return "must be an absolute http or https URL";
    if (length == 0)
        return "must have a host";
    if (memchr(host, '@', length))
        return "must not hold a user name or password";
    if (memchr(host, '%', length))
        return "must have a valid host name"; /* an escaped host, or an IPv6 zone */
    if (strchr(url, '#'))
        return "must not have a fragment";
    if (!url_read(&parsed, url))
        return "must be a valid URL";
    return parsed.port == 0 ? "must not use port 0" : host_problem(&parsed);
}
