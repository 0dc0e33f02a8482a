#include "dispatcher/hold.h"

enum { HOLD_AT_ONCE = 2000 };

static const struct statement HOLD = {
    "UPDATE deliveries SET state = 'held' WHERE state = 'pending' AND endpoint_id = ? AND company_id = ? "
    "ORDER BY due_at LIMIT ?",
    .in = "uui"
};

void hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    db_run(dispatcher->db, &HOLD, BIND(value_id(endpoint), value_id(company), value_int(HOLD_AT_ONCE)));
}
