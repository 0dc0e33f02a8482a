/*
 * audit: who changed the things that open doors: webhooks, keys, company settings. In the transaction of the
 * change.
 */
#ifndef RULES_PEOPLE_AUDIT_H
#define RULES_PEOPLE_AUDIT_H

#include "api/request.h"

/*
 * What a request changed, by whoever sent it: `webhook.updated` of the subject `whk_…`. `details` (NULL:
 * none) never holds a secret; its reference is taken.
 */
void audit_request(struct request *request, const char *action, const char *prefix, struct id subject,
                   struct json_object *details);
/* {"updatedFields":[…]}, for the details of a change. The reference of `changed` is not taken. */
struct json_object *audit_fields(struct json_object *changed);
/* {"from":…,"to":…}, for the details of a move from one state to another; NULL: from or to none. */
struct json_object *audit_move(const char *from, const char *to);

/*
 * One row. `company` nil: the platform; neither `key` nor `user`: the command line. `action` like
 * `webhook.created`, `subject` the shown id, `address` the caller's (NULL: none), `details` a JSON text
 * (NULL: none), never with a secret in it.
 */
void audit(struct db *db, struct id company, struct id key, struct id user, const char *action,
           const char *subject, const char *address, const char *details, instant now);

#endif
