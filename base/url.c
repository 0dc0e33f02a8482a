#include "base/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PORT_DIGITS = 5, PORT_MAX = 65535, HTTP = 80, HTTPS = 443 };

#define ALNUM      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define HEX_DIGITS "0123456789abcdefABCDEF"
static const char user_letters[] = ALNUM "-._~!$&'()*+,;=:"; /* RFC 3986 §3.2.1 */
static const char host_letters[] = ALNUM "-._~";

static bool is_one_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    return true;
}

static bool is_user(const char *text, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '%') {
            if (length - at < 3 || !strchr(HEX_DIGITS, text[at + 1]) || !strchr(HEX_DIGITS, text[at + 2]))
                return false;
            at += 2;
        } else if (!strchr(user_letters, text[at])) {
            return false;
        }
    }
    return true;
}

static bool is_host_name(const char *text, size_t length)
{
    for (size_t at = 0; at < length; at++)
        if (!((unsigned char)text[at] & 0x80) && !strchr(host_letters, text[at]))
            return false;
    return length > 0;
}

/* An empty port is the scheme's own (§3.2.3). */
static bool read_port(struct url *url, const char *text, size_t length)
{
    int port = 0;

    if (length > PORT_DIGITS)
        return false;
    for (size_t at = 0; at < length; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        port = port * 10 + text[at] - '0';
    }
    if (length > 0)
        url->port = port;
    return port <= PORT_MAX;
}

static bool take_host(struct url *url, const char *text, size_t length)
{
    struct in6_addr address;

    if (length >= sizeof url->host)
        return false;
    memcpy(url->host, text, length);
    url->host[length] = '\0';
    return url->bracketed ? inet_pton(AF_INET6, url->host, &address) == 1 : is_host_name(text, length);
}

/* `host`, `host:port`, `[address]` or `[address]:port`. */
static bool read_host(struct url *url, const char *text, size_t length)
{
    const char *end = text + length, *host_end;

    url->bracketed = length > 0 && *text == '[';
    if (url->bracketed) {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
        if (!host_end || !take_host(url, text, (size_t)(host_end - text)))
            return false;
        host_end++;
    } else {
        host_end = memchr(text, ':', length);
        host_end = host_end ? host_end : end;
        if (!take_host(url, text, (size_t)(host_end - text)))
            return false;
    }
    if (host_end == end)
        return true;
    return *host_end == ':' && read_port(url, host_end + 1, (size_t)(end - host_end - 1));
}

bool url_read(struct url *url, const char *text)
{
    const char *at;
    size_t length;

    *url = (struct url){ 0 };
    if (strlen(text) > URL_TEXT_MAX || !is_one_line(text))
        return false;
    url->https = strncasecmp(text, "https://", 8) == 0;
    if (!url->https && strncasecmp(text, "http://", 7) != 0)
        return false;
    url->port = url->https ? HTTPS : HTTP;
    text += url->https ? 8 : 7;
    length = strcspn(text, "/?#");
    url->has_fragment = strchr(text, '#') != NULL;
    at = memchr(text, '@', length);
    if (at) {
        url->has_user = true;
        if (!is_user(text, (size_t)(at - text)))
            return false;
        length -= (size_t)(at + 1 - text);
        text = at + 1; /* a second `@` is no part of a host */
    }
    return read_host(url, text, length);
}
