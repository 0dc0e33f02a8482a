/*
 * power: nobody gives or takes more than they have. One function decides it for keys, for people and their
 * roles, and for the logins that an invitation makes.
 */
#ifndef RULES_PEOPLE_POWER_H
#define RULES_PEOPLE_POWER_H

#include "api/auth.h"

struct request;

/* What somebody may do, from where, how often and how long. */
struct power {
    const char *scopes;                    /* space-separated words that keys_scopes_are_known() takes */
    const char *addresses;                 /* comma-separated ranges; NULL: anywhere */
    int64_t booking_limit, calendar_limit; /* 0: the settings' */
    instant expires_at;                    /* 0: never */
    bool passing; /* it makes no key and no login, so whoever holds a secret that was replaced may do it */
};

/*
 * Whether each of the powers is one that the caller has. The operator has them all. Who comes by a secret
 * that was replaced gives none that lasts: a secret is replaced where somebody else may have it, and what
 * they have left must not outlive it.
 */
bool power_covers(const struct actor *caller, const struct power *power);
/* Where the caller is a key that is bound by addresses, limits or an expiry, and the power does not say: the
 * caller's. */
void power_inherit(const struct actor *caller, struct power *power);

/* The power of people of that role, as far as the caller's key reaches: to give the role, or to change who
 * has it. */
bool power_covers_role(struct pool *pool, const struct actor *caller, const char *role);
/* The power of a login of that role, which is bound by nothing. */
bool power_covers_login(struct pool *pool, const struct actor *caller, const char *role);

/* The key that what the caller makes is counted with: limits are not shed by having many keys. Nil: the
 * caller has none. */
struct id power_count(const struct actor *caller);

/* Whether the caller is a key that is bound by addresses, limits, an expiry or the end of its secret. */
bool power_is_bound(const struct actor *caller);

/* 403, where a key is more than the caller has. */
enum outcome power_fail(struct request *request);

#endif
