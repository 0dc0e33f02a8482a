/*
 * keys: making, changing and ending API keys. Checking them is api/auth_key.
 *
 * `company` is the tenant everywhere; nil stands for the operator, whose keys are those of the platform and
 * those that span several companies.
 */
#ifndef RULES_PEOPLE_KEYS_H
#define RULES_PEOPLE_KEYS_H

#include "api/auth.h"
#include "api/route.h"
#include "db/db.h"
#include "rules/people/power.h"

struct json_object;
struct request;

struct key_order {
    struct id company;          /* nil: of the platform, or of `companies` */
    const struct id *companies; /* that the key spans, each once */
    size_t company_count;
    const char *name, *description; /* description NULL: none */
    struct power power;
    struct id created_by;   /* the key or person; nil: the command line */
    struct id counted_with; /* power_count() of who makes it */
    instant now;
};

/* Makes a key. `*raw` (in the pool) is the key itself: only its hash is stored, so this is the one time that
 * it can be shown. Returns the key's id. */
struct id key_create(struct db *db, struct pool *pool, const struct key_order *order, char **raw);

/*
 * A key as the APIs show it, or NULL: id, company_id, name, description, note (never NULL), display_key,
 * scopes, allowed_addresses and company_ids (JSON lists; company_ids NULL but for several), booking_limit,
 * calendar_limit, expires_at, revoked_at, last_used_at, created_by_user_id, created_by_key_id, created_at.
 */
const struct row *key_read(struct db *db, struct pool *pool, struct id company, struct id key);
/* The same of many, the oldest first: after the id `after` (nil: from the start), `skip` rows on; those that
 * live at `alive_at` (0: all). */
struct rows key_list(struct db *db, struct pool *pool, struct id company, struct id after, instant alive_at,
                     int64_t limit, int64_t skip);
/* The key's own columns, locked until the transaction ends, or NULL: name, description, scopes,
 * allowed_addresses, booking_limit, calendar_limit, expires_at, revoked_at. */
const struct row *key_lock(struct db *db, struct pool *pool, struct id company, struct id key);
/* The power that such a row holds. */
struct power key_power_of(const struct row *row);

struct key_change {
    struct value name, description, allowed_addresses, booking_limit, calendar_limit, expires_at;
};
void key_update(struct db *db, struct id company, struct id key, const struct key_change *change);
void key_revoke(struct db *db, struct id company, struct id key, instant now); /* for good */
void key_delete(struct db *db, struct id company, struct id key);
/*
 * What happened to a key, in the audit log of its company; of a key of several, in the operator's and in that
 * of each company that it opens. Before the key is gone. The reference of `details` is taken.
 */
void key_audit(struct request *request, const char *action, struct id key, struct json_object *details);
/* {"name":…,"scopes":[…]}: what the log tells of a key that may not be there any more. */
struct json_object *key_told(const char *name, const char *scopes);

/*
 * Whether the caller may change, revoke or remove the key of that locked row: their own, or one whose powers
 * they have. False after a fail().
 */
bool key_may_be_taken(struct request *request, struct id key, const struct row *row);

/*
 * A second secret for the caller's key of that id, with an audit row. The one before opens for the body's
 * `overlapSeconds` more (0: it ends at once), and the one before that no more. Returns the new raw key; NULL:
 * it has failed, for want of the key (404), of power (403) or because the key has ended (409).
 */
char *key_rotate(struct request *request, struct id key);
extern const struct field key_rotate_in[]; /* its body */
extern const enum error_code key_rotate_errors[];

/* `*`, `platform` (only for a platform key), or words like `bookings:read`; at least one. */
bool keys_scopes_are_known(const char *scopes, bool platform);

/* Deletes secrets whose overlap has ended; returns how many. */
size_t keys_sweep(struct db *db, struct pool *pool, instant now);

#endif
