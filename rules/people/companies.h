/*
 * companies: a business and its owner. Shared by the API and the command line.
 */
#ifndef RULES_PEOPLE_COMPANIES_H
#define RULES_PEOPLE_COMPANIES_H

#include "api/field.h"
#include "db/db.h"

/* A company as readers of /api/v1 see it; the members of every company object. */
extern const struct field company_out[];
/* What business.* events carry behind it. */
extern const struct field company_snapshot[];

struct company_order {
    const char *name;
    const char *slug;                                   /* NULL: made from the name, and made unique */
    const char *category, *description, *email, *phone; /* may be NULL */
    const char *time_zone, *currency;
    const char *owner_name, *owner_email; /* a NULL name: no owner */
    instant now;
};

enum company_result {
    COMPANY_DONE,
    COMPANY_SLUG_TAKEN /* the slug that was asked for belongs to another */
};

/*
 * In the caller's transaction: the company, its owner (a user with role admin), business.created and
 * user.created. `*company` is the row for company_out. The caller wakes the dispatcher.
 */
enum company_result company_create(struct db *db, struct pool *pool, const struct company_order *order,
                                   const struct row **company);

/* The columns of company_out and of the snapshot; NULL when there is none. */
const struct row *company_read(struct db *db, struct pool *pool, struct id company);

/* `company` {id, name, slug, timeZone}: what events carry behind their members, the company that they are
 * of. */
extern const struct field company_member[];
/* Its value, from the columns company_id, company_name, company_slug and company_time_zone. The caller takes
 * its reference. */
struct json_object *company_brief(struct pool *pool, const struct row *row);

/* business.* with company_out and `owner` {id, email} as its snapshot. `updated_fields`: an array of member
 * names (its reference is taken), NULL for none. */
void company_emit(struct db *db, struct pool *pool, const struct row *company, const char *type,
                  struct json_object *updated_fields, instant now);

#endif
