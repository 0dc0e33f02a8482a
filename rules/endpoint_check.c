/* What an endpoint may be: its target, its secret, the headers it asks for. */
#include "core/guard.h"
#include "rules/endpoints.h"
#include "rules/webhooks.h"

#include <strings.h>

/* What curl, the proxies between or our own signatures say; a name that ends with `*` stands for all that
 * begin so. */
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

static bool is_forbidden(const char *name)
{
    for (size_t i = 0; forbidden[i]; i++) {
        size_t length = strlen(forbidden[i]);
        bool all = forbidden[i][length - 1] == '*';

        if (all ? strncasecmp(forbidden[i], name, length - 1) == 0 : strcasecmp(forbidden[i], name) == 0)
            return true;
    }
    return false;
}

/* RFC 9110 §5.6.2 */
static bool is_token(const char *name)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = strlen(name);

    return length > 0 && length <= ENDPOINT_HEADER_NAME_MAX && strspn(name, allowed) == length;
}

/* Spaces at an end would be lost on the way. */
static bool is_header_value(struct json_object *value)
{
    const char *text = json_object_get_string(value);
    size_t length;

    if (!json_object_is_type(value, json_type_string))
        return false;
    length = (size_t)json_object_get_string_len(value);
    if (length == 0 || length > ENDPOINT_HEADER_VALUE_MAX || text[0] == ' ' || text[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            return false;
    return true;
}

/* The same name in other letters stands before `name`. */
static bool came_before(struct json_object *headers, const char *name)
{
    json_object_object_foreach(headers, other, value)
    {
        (void)value;
        if (strcmp(other, name) == 0)
            return false;
        if (strcasecmp(other, name) == 0)
            return true;
    }
    return false;
}

static const char *header_problem(struct json_object *headers, const char *name, struct json_object *value)
{
    if (!is_token(name))
        return "names must be header names of at most 64 characters";
    if (is_forbidden(name))
        return "must not name a header that is ours to send";
    if (came_before(headers, name))
        return "must name each header once";
    if (!is_header_value(value))
        return "values must be texts of 1 to 1000 printable ASCII characters";
    return NULL;
}

/* Once for all of them: what a client calls its headers has no place in the path of a fault. */
static const char *headers_problem(struct request *request, const char *text)
{
    struct json_object *headers = text ? json_parse_stored(request->pool, text) : NULL;

    if (!headers)
        return NULL;
    if (json_object_object_length(headers) > ENDPOINT_HEADERS_MAX)
        return "must hold at most 20 headers";
    json_object_object_foreach(headers, name, value)
    {
        const char *problem = header_problem(headers, name, value);

        if (problem)
            return problem;
    }
    return NULL;
}

static bool is_word_of(const char *const *words, const char *text, size_t length)
{
    for (size_t i = 0; words[i]; i++)
        if (strlen(words[i]) == length && memcmp(words[i], text, length) == 0)
            return true;
    return false;
}

static const char *signatures_problem(const char *signatures)
{
    for (const char *at = signatures ? signatures : ""; *at;) {
        size_t length = strcspn(at, " ");

        if (!is_word_of(webhook_signatures, at, length))
            return "must be of svix and github";
        at += length;
        at += strspn(at, " ");
    }
    return NULL;
}

static void note(struct problems *problems, const char *member, const char *problem)
{
    if (problem)
        problems_add(problems, member, "%s", problem);
}

bool endpoint_check(struct request *request, const struct endpoint_order *order, struct problems *problems)
{
    size_t before = problems->count;

    if (order->url)
        note(problems, "url", guard_url_problem(order->url));
    if (order->format && !is_word_of(webhook_formats, order->format, strlen(order->format)))
        note(problems, "format", "must be a known format");
    if (order->secret)
        note(problems, "secret", webhook_secret_problem(request->pool, order->secret));
    note(problems, "customHeaders", headers_problem(request, order->custom_headers));
    note(problems, "signatures", signatures_problem(order->signatures));
    return problems->count == before;
}
