#include "rules/audit.h"

static const struct statement INSERT = {
    "INSERT INTO audit_log (id, company_id, key_id, action, subject, address, details, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uuusssst"
};

void audit(struct db *db, struct id company, struct id key, const char *action, const char *subject,
           const char *address, const char *details, instant now)
{
    db_run(db, &INSERT,
           BIND(value_id(id_new()), value_id(company), value_id(key), value_text(action), value_text(subject),
                value_text(address), value_text(details), value_time(now)));
}
