/*
 * slugs: the short names that stand in addresses: a-z, 0-9 and inner hyphens, at most 64 characters.
 */
#ifndef RULES_PEOPLE_SLUGS_H
#define RULES_PEOPLE_SLUGS_H

#include "base/pool.h"

/*
 * A slug from a name: lower case, everything that is not a-z or 0-9 becomes one hyphen; `fallback` where
 * nothing is left. `attempt` 0 gives it plain, 1 gives `…-2`, and so on; from SLUG_NUMBERED on the suffix is
 * random. Whoever inserts tries 0, 1, 2 … until db_try takes it; SLUG_ATTEMPTS are always enough.
 */
enum { SLUG_NUMBERED = 10, SLUG_ATTEMPTS = 16 };
const char *slug_from_name(struct pool *pool, const char *name, const char *fallback, int attempt);

#endif
