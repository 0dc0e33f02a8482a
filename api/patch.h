/*
 * patch: what a PATCH changes. The members that were sent are laid over the row as it is; what differs is
 * told by name.
 */
#ifndef API_PATCH_H
#define API_PATCH_H

#include "api/field.h"

/* A member and the column that holds it; a list of them ends with a row whose name is NULL. */
struct patch_member {
    const char *name, *column;
};

/*
 * Fills `values[i]` with what member i is after the patch, and returns the names of those that really change
 * as a JSON array of the pool's: empty when nothing does.
 */
struct json_object *patch_merge(struct pool *pool, const struct input *body, const struct row *row,
                                const struct patch_member *members, struct value *values);

#endif
