/*
 * keys: making API keys. Checking them is core/auth.
 */
#ifndef RULES_KEYS_H
#define RULES_KEYS_H

#include "core/db.h"

/*
 * A new key of a company, or of the platform where `company` is nil. `scopes` are space-separated words that
 * keys_scopes_are_known() takes. `expires_at` 0: never. `*raw` (in the pool) is the key itself: only its hash
 * is stored, so this is the one time that it can be shown. Returns the key's id.
 */
struct id key_create(struct db *db, struct pool *pool, struct id company, const char *name,
                     const char *scopes, instant expires_at, instant now, char **raw);

/* `*`, `platform` (only for a platform key), or words like `bookings:read`; at least one. */
bool keys_scopes_are_known(const char *scopes, bool platform);

#endif
