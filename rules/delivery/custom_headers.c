#include "rules/delivery/custom_headers.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* With a closing star: every name that begins so. */
static const char *const forbidden[] = {
    "host",
    "content-*",
    "transfer-encoding",
    "connection",
    "expect",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "user-agent",
    "accept*",
    "webhook-*",
    "svix-*",
    "x-hub-signature*",
    "x-bookme-signature",
    "cookie",
    "proxy-*",
    "x-forwarded-*",
    "forwarded",
    NULL,
};

/* RFC 9110's token. */
static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (const char *at = name; *at; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');

        if (!plain && !strchr(marks, *at))
            return false;
    }
    return *name != '\0';
}

static bool is_forbidden(const char *name)
{
    for (const char *const *at = forbidden; *at; at++) {
        size_t length = strlen(*at);
        bool begins = (*at)[length - 1] == '*';

        if (begins ? strncasecmp(name, *at, length - 1) == 0 : strcasecmp(name, *at) == 0)
            return true;
    }
    return false;
}

const char *custom_header_name_problem(const char *name)
{
    if (strlen(name) > CUSTOM_HEADER_NAME_MAX)
        return "must be a name of 64 characters at most";
    if (!is_token(name))
        return "must be the name of a header";
    if (is_forbidden(name))
        return "must be none of the headers that are set for you";
    return NULL;
}

const char *custom_header_value_problem(const char *value, size_t length)
{
    if (length == 0 || length > CUSTOM_HEADER_VALUE_MAX)
        return "must be 1 to 1000 characters";
    for (size_t i = 0; i < length; i++)
        if (value[i] < ' ' || value[i] > '~')
            return "must be printable ASCII";
    if (value[0] == ' ' || value[length - 1] == ' ')
        return "must be without blanks at its ends";
    return NULL;
}
