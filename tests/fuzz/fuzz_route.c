/*
 * Methods and paths (`METHOD path`). A route that is found, filled with what its braces took, is the path
 * again; no segment is empty or a dot segment; a route comes with its path's methods.
 */
#include "api/route.h"
#include "tests/fuzz/fuzz.h"

static const struct route bookings[] = {
    { "GET", "/api/v1/bookings", .summary = "list" },
    { "POST", "/api/v1/bookings", .summary = "create" },
    { "GET", "/api/v1/bookings/{id}", .summary = "one" },
    { "PATCH", "/api/v1/bookings/{id}", .summary = "change" },
    { "POST", "/api/v1/bookings/{id}/cancel", .summary = "cancel" },
    { "POST", "/api/v1/bookings/{id}/no-show", .summary = "no-show" },
    { 0 },
};
static const struct route others[] = {
    { "GET", "/healthz", .summary = "alive" },
    { "GET", "/calendar/feed/{token}", .summary = "feed" },
    { "PUT", "/api/v1/users/{id}/schedule", .summary = "schedule" },
    { "DELETE", "/a/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", .summary = "eight" },
    { 0 },
};
static const struct resource bookings_resource = { "bookings", bookings };
static const struct resource others_resource = { "others", others };
static const struct resource *const list[] = { &bookings_resource, &others_resource, NULL };

/* The route's path with its braces filled. */
static const char *filled(struct pool *pool, const struct route_match *match)
{
    const char *pattern = match->route->path;
    struct buf path;
    size_t taken = 0;

    buf_init(&path, pool, 1 << 20);
    while (*pattern) {
        if (*pattern != '{') {
            buf_add_char(&path, *pattern++);
            continue;
        }
        promise(taken < match->count);
        buf_add(&path, match->segments[taken].text, match->segments[taken].length);
        taken++;
        pattern += strcspn(pattern, "}") + 1;
    }
    promise(taken == match->count);
    return path.data;
}

static void check_match(struct pool *pool, const struct route_match *match, const char *method,
                        const char *path)
{
    if (!match->route)
        return;
    promise(match->allow && strstr(match->allow, method));
    promise(strcmp(match->route->method, method) == 0 ||
            (strcmp(method, "HEAD") == 0 && strcmp(match->route->method, "GET") == 0));
    promise(strcmp(filled(pool, match), path) == 0);
    for (size_t at = 0; at < match->count; at++) {
        const char *text = match->segments[at].text;
        size_t length = match->segments[at].length;
        promise(length > 0 && !memchr(text, '/', length));
        promise(!(length == 1 && text[0] == '.') && !(length == 2 && text[0] == '.' && text[1] == '.'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool *pool = pool_new();
    char *text = malloc(size + 1), *path;
    struct route_match match;

    promise(text != NULL);
    memcpy(text, size ? (const char *)data : "", size);
    text[size] = '\0';
    path = strchr(text, ' ');
    if (path) {
        *path++ = '\0';
        match = route_match(pool, list, text, path);
        check_match(pool, &match, text, path);
    }
    free(text);
    pool_free(pool);
    return 0;
}
