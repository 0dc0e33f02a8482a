/* What an endpoint may be: its target and the headers that it asks for. */
#include "base/guard.h"
#include "rules/delivery/custom_headers.h"
#include "rules/delivery/endpoints.h"

#include <strings.h>

/* The same name in other letters stands before `name`. */
static bool came_before(struct json_object *headers, const char *name)
{
    json_object_object_foreach(headers, other, value) {
        (void)value;
        if (strcmp(other, name) == 0)
            return false;
        if (strcasecmp(other, name) == 0)
            return true;
    }
    return false;
}

static const char *value_problem(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string))
        return "must be texts";
    return custom_header_value_problem(json_object_get_string(value),
                                       (size_t)json_object_get_string_len(value));
}

static const char *header_problem(struct request *request, struct json_object *headers, const char *name,
                                  struct json_object *value)
{
    const char *problem = custom_header_name_problem(name);

    if (problem)
        return pool_printf(request->pool, "names %s", problem);
    if (came_before(headers, name))
        return "must name each header once";
    problem = value_problem(value);
    return problem ? pool_printf(request->pool, "values %s", problem) : NULL;
}

/* Once for all of them: what a client calls its headers has no place in the path of a fault. */
static const char *headers_problem(struct request *request, const char *text)
{
    struct json_object *headers = text ? json_parse_stored(request->pool, text) : NULL;

    if (!headers)
        return NULL;
    if (json_object_object_length(headers) > CUSTOM_HEADERS_MAX)
        return "must hold at most 20 headers";
    json_object_object_foreach(headers, name, value) {
        const char *problem = header_problem(request, headers, name, value);

        if (problem)
            return problem;
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
    note(problems, "customHeaders", headers_problem(request, order->custom_headers));
    return problems->count == before;
}
