#include "rules/people/power.h"

#include "api/permissions.h"
#include "api/request.h"

static bool limit_is_within(int64_t own, int64_t limit)
{
    return own == 0 || (limit > 0 && limit <= own);
}

/* Each range of `list` stands in `own` as it is; what a range lies inside of is not looked at. */
static bool addresses_are_within(const char *own, const char *list)
{
    if (!own)
        return true;
    while (list && *list) {
        size_t length = strcspn(list, ",");
        const char *at = own;
        while (*at && (strcspn(at, ",") != length || memcmp(at, list, length) != 0)) {
            at += strcspn(at, ",");
            at += *at == ',';
        }
        if (!*at)
            return false;
        list += length + (list[length] == ',');
        if (!*list)
            return true;
    }
    return false;
}

bool power_covers(const struct actor *caller, const struct power *power)
{
    if (caller->fading && !power->passing)
        return false;
    if (permission_granted(caller->scopes, "platform"))
        return true;
    return permission_covers(caller->scopes, power->scopes) &&
           addresses_are_within(caller->addresses, power->addresses) &&
           limit_is_within(caller->booking_limit, power->booking_limit) &&
           limit_is_within(caller->calendar_limit, power->calendar_limit) &&
           limit_is_within(caller->expires_at, power->expires_at);
}

void power_inherit(const struct actor *caller, struct power *power)
{
    if (!power->addresses)
        power->addresses = caller->addresses;
    if (power->booking_limit == 0)
        power->booking_limit = caller->booking_limit;
    if (power->calendar_limit == 0)
        power->calendar_limit = caller->calendar_limit;
    if (power->expires_at == 0)
        power->expires_at = caller->expires_at;
}

bool power_is_bound(const struct actor *caller)
{
    return caller->fading || caller->addresses || caller->booking_limit > 0 || caller->calendar_limit > 0 ||
           caller->expires_at > 0;
}

bool power_covers_role(struct pool *pool, const struct actor *caller, const char *role)
{
    struct power power = { .scopes = permissions_of_role(pool, role), .passing = true };

    power_inherit(caller, &power);
    return power_covers(caller, &power);
}

bool power_covers_login(struct pool *pool, const struct actor *caller, const char *role)
{
    const struct power power = { .scopes = permissions_of_role(pool, role) };

    return power_covers(caller, &power);
}

struct id power_count(const struct actor *caller)
{
    if (!id_is_nil(caller->counted_with))
        return caller->counted_with;
    return caller->booking_limit > 0 || caller->calendar_limit > 0 ? caller->key : (struct id){ { 0 } };
}

enum outcome power_fail(struct request *request)
{
    return fail_because(
        request, ERROR_FORBIDDEN,
        request->actor.fading
            ? "this secret of the key was replaced, and gives power to no key: use the new one"
            : "nobody gives or takes a key that has more than they have: scopes, addresses, limits, expiry");
}
