#include "api/permissions.h"

#include <string.h>

#define PROFESSIONALS "coach professional therapist host"
#define ALL_STAFF     "frontdesk " PROFESSIONALS

const struct permission permissions[] = {
    { "company:read", ALL_STAFF, "Read the company" },
    { "company:write", "", "Change the company" },
    { "users:read", ALL_STAFF, "Read people and their hours" },
    { "users:write", "frontdesk", "Add and change people and their hours" },
    { "services:read", ALL_STAFF, "Read services" },
    { "services:write", "", "Add and change services" },
    { "bookings:read", ALL_STAFF, "Read bookings and free times" },
    { "bookings:write", ALL_STAFF, "Book, move and cancel" },
    { "webhooks:read", "", "Read webhook endpoints, deliveries and events" },
    { "webhooks:write", "", "Add and change webhook endpoints, send again" },
    { "keys:read", "", "Read API keys" },
    { "keys:write", "", "Make, rotate and revoke API keys" },
    { "audit:read", "", "Read who changed what" },
    { 0 },
};

const char *const permission_roles[] = { "superuser",    "admin",     "frontdesk", "coach",
                                         "professional", "therapist", "host",      "member",
                                         "non-member",   "ex-member", "lead",      NULL };

static bool has_all(const char *role)
{
    return strcmp(role, "superuser") == 0 || strcmp(role, "admin") == 0;
}

static bool has_word(const char *words, const char *word, size_t length)
{
    for (const char *at = words; *at;) {
        size_t size = strcspn(at, " ");

        if (size == length && memcmp(at, word, length) == 0)
            return true;
        at += size;
        at += strspn(at, " ");
    }
    return false;
}

bool permission_granted(const char *granted, const char *scope)
{
    size_t length = strlen(scope), stem = strcspn(scope, ":");
    char writing[64];

    if (strcmp(scope, "platform") == 0)
        return has_word(granted, "platform", length);
    if (has_word(granted, "*", 1) || has_word(granted, scope, length))
        return true;
    snprintf(writing, sizeof writing, "%.*s:write", (int)stem, scope);
    return strcmp(scope + stem, ":read") == 0 && has_word(granted, writing, strlen(writing));
}

bool permission_covers(const char *granted, const char *wanted)
{
    for (const char *at = wanted; *at;) {
        size_t length = strcspn(at, " ");
        char scope[64];

        snprintf(scope, sizeof scope, "%.*s", (int)length, at);
        if (length >= sizeof scope || !permission_granted(granted, scope))
            return false;
        at += length;
        at += strspn(at, " ");
    }
    return true;
}

const char *permissions_of_role(struct pool *pool, const char *role)
{
    struct buf scopes;

    if (has_all(role))
        return "*";
    buf_init(&scopes, pool, 1024);
    for (const struct permission *at = permissions; at->scope; at++)
        if (has_word(at->roles, role, strlen(role)))
            buf_printf(&scopes, "%s%s", scopes.length > 0 ? " " : "", at->scope);
    return scopes.data ? scopes.data : "";
}

static const char *granted_to(const char *role, const char *scope)
{
    if (has_all(role))
        return "*";
    for (const struct permission *at = permissions; at->scope; at++)
        if (strcmp(at->scope, scope) == 0 && has_word(at->roles, role, strlen(role)))
            return scope;
    return "";
}

bool permission_role_has(const char *role, const char *scope)
{
    size_t stem = strcspn(scope, ":");
    char writing[64];

    if (strcmp(scope, "session") == 0 || permission_granted(granted_to(role, scope), scope))
        return true;
    snprintf(writing, sizeof writing, "%.*s:write", (int)stem, scope);
    return permission_granted(granted_to(role, writing), scope);
}

/* ---- docs/permissions.md ---- */

static void print_roles(struct buf *out, const char *scope)
{
    bool any = false;

    for (const char *const *role = permission_roles; *role; role++) {
        if (!permission_role_has(*role, scope))
            continue;
        buf_printf(out, "%s%s", any ? ", " : "", *role);
        any = true;
    }
    buf_add_text(out, any ? "" : "nobody: the operator's keys alone");
}

static void print_scopes(struct buf *out)
{
    buf_add_text(out, "## Scopes\n\n| scope | what it opens | roles |\n|---|---|---|\n");
    for (const struct permission *at = permissions; at->scope; at++) {
        buf_printf(out, "| `%s` | %s | ", at->scope, at->doc);
        print_roles(out, at->scope);
        buf_add_text(out, " |\n");
    }
}

static void print_routes(struct buf *out, const struct resource *const *list)
{
    buf_add_text(out, "\n## Routes\n\n| route | what it does | scope | roles |\n|---|---|---|---|\n");
    for (; *list; list++) {
        for (const struct route *route = (*list)->routes; route->method; route++) {
            buf_printf(out, "| `%s %s` | %s | ", route->method, route->path, route->summary);
            if (!route->scope) {
                buf_add_text(out, "public | everybody |\n");
                continue;
            }
            if (strcmp(route->scope, "session") == 0) {
                buf_add_text(out, "a login | every person, no key |\n");
                continue;
            }
            buf_printf(out, "`%s` | ", route->scope);
            print_roles(out, route->scope);
            buf_add_text(out, " |\n");
        }
    }
}

void permissions_print(struct buf *out, const struct resource *const *list)
{
    buf_add_text(
        out, "# Who may do what\n\n"
             "Printed by `slotwire-api --permissions`. A route asks for one scope. An API key has the scopes "
             "that it was given\n(`*`: all of its company), a person those of their role; `a:write` "
             "includes `a:read`. Nobody gives away more than they have.\n\n");
    print_scopes(out);
    print_routes(out, list);
}
