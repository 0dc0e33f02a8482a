#include "core/permissions.h"

#include "core/buf.h"

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

    if (strcmp(role, "superuser") == 0 || strcmp(role, "admin") == 0)
        return "*";
    buf_init(&scopes, pool, 1024);
    for (const struct permission *at = permissions; at->scope; at++)
        if (has_word(at->roles, role, strlen(role)))
            buf_printf(&scopes, "%s%s", scopes.length > 0 ? " " : "", at->scope);
    return scopes.data ? scopes.data : "";
}
