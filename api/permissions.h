/*
 * permissions: who may do what. A route asks for one scope; a key has the scopes that it was given, a person
 * those that the table of permissions.c gives to their role. docs/permissions.md, printed by `slotwire-api
 * --permissions`, joins the two: each route with its scope and the roles that have it.
 */
#ifndef API_PERMISSIONS_H
#define API_PERMISSIONS_H

#include "api/route.h"
#include "base/buf.h"
#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>

struct permission {
    const char *scope; /* bookings:write */
    const char *roles; /* space-separated roles that have it beside superuser and admin, who have all */
    const char *doc;
};
extern const struct permission
    permissions[]; /* ended by a NULL scope; `*` and `platform` are not among them */

/* Whether the space-separated `granted` hold the scope: by its name, by `*` (all of a company), or as the
 * `:write` that includes `:read`. `platform` is only held by its name. */
bool permission_granted(const char *granted, const char *scope);
/* Whether every one of the `wanted` scopes is granted: nobody gives away more than they have. */
bool permission_covers(const char *granted, const char *wanted);
/* Every role that a person may have, the mightiest first, ended by NULL. */
extern const char *const permission_roles[];
/* Whether people of the role have the scope; `session` every one of them has. */
bool permission_role_has(const char *role, const char *scope);
/* The space-separated scopes of a role; empty where it has none. `*` for superuser and admin. */
const char *permissions_of_role(struct pool *pool, const char *role);

/* docs/permissions.md. */
void permissions_print(struct buf *out, const struct resource *const *list);

#endif
