#include "api/route.h"

#include <string.h>

/* Nothing, `.` or `..`: no name of a thing. */
static bool is_dots(const char *segment, size_t length)
{
    return length <= 2 && strspn(segment, ".") >= length;
}

/* The segments of `path` as the pattern's `{…}` take them; false where the two do not fit. */
static bool path_fits(const char *pattern, const char *path, struct route_match *match)
{
    match->count = 0;
    while (*pattern && *path) {
        if (*pattern == '{') {
            size_t length = strcspn(path, "/");

            if (is_dots(path, length) || match->count == sizeof match->segments / sizeof match->segments[0])
                return false;
            match->segments[match->count].text = path;
            match->segments[match->count++].length = length;
            path += length;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

/* HEAD is a GET whose body is left out. */
static bool method_fits(const char *of_route, const char *asked)
{
    return strcmp(of_route, asked) == 0 || (strcmp(asked, "HEAD") == 0 && strcmp(of_route, "GET") == 0);
}

/* Two routes may share a path: `…/current` is also an `{id}`. */
static void allow_method(struct buf *allow, const char *method)
{
    if (allow->length && strstr(allow->data, method))
        return;
    buf_printf(allow, "%s%s", allow->length ? ", " : "", method);
    if (strcmp(method, "GET") == 0)
        buf_add_text(allow, ", HEAD");
}

struct route_match route_match(struct pool *pool, const struct resource *const *list, const char *method,
                               const char *path)
{
    struct route_match match = { 0 }, tried = { 0 };
    struct buf allow;

    buf_init(&allow, pool, 256);
    for (; *list; list++) {
        for (const struct route *route = (*list)->routes; route->method; route++) {
            if (!path_fits(route->path, path, &tried))
                continue;
            allow_method(&allow, route->method);
            if (!match.route && method_fits(route->method, method)) {
                match = tried;
                match.route = route;
            }
        }
    }
    match.allow = allow.length ? allow.data : NULL;
    return match;
}

bool route_has_pages(const struct route *route)
{
    return route->shape == SHAPE_PAGE || route->shape == SHAPE_FEED || route->shape == SHAPE_RESULTS;
}

bool route_is_strict(const char *path)
{
    static const char face[] = "/api/v1/";

    return strncmp(path, face, sizeof face - 1) == 0;
}

bool route_tells_success(const char *path)
{
    static const char face[] = "/api/webhooks";
    const size_t length = sizeof face - 1;

    return strncmp(path, face, length) == 0 && (path[length] == '/' || path[length] == '\0');
}
