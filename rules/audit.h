/*
 * audit: who changed the things that open doors: webhooks, keys, company settings. In the transaction of the
 * change.
 */
#ifndef RULES_AUDIT_H
#define RULES_AUDIT_H

#include "core/db.h"

/*
 * One row. `company` nil: the platform; `key` nil: the command line. `action` like `webhook.created`,
 * `subject` the shown id, `address` the caller's (NULL: none), `details` a JSON text (NULL: none), never with
 * a secret in it.
 */
void audit(struct db *db, struct id company, struct id key, const char *action, const char *subject,
           const char *address, const char *details, instant now);

#endif
