#include "rules/delivery/left.h"

#include "base/config.h"

/* Another cause is a database that was away until the end, or that took the claim without an answer. */
static const char words[] =
    "The answer was not recorded, as when a dispatcher is killed; the request may have been received.";

static const struct statement LOG_LEFT = {
    "INSERT INTO attempts (id, company_id, delivery_id, number, started_at, error, total_us) "
    "VALUES (?, ?, ?, ?, ?, ?, 0)",
    .in = "uuuits"
};

/* Not `attempts`: nobody knows that it failed, so the schedule goes on as if it had not been. */
static const struct statement COUNT_LEFT = {
    "UPDATE deliveries SET requests = requests + 1 WHERE id = ? AND company_id = ?", .in = "uu"
};
enum { LOGGED = 6, COUNTED = 2 }; /* values of a row */

bool left_behind(const struct row *row)
{
    return !row_is_null(row, "leased_until");
}

void left_log(struct db *db, struct pool *pool, struct id company, struct rows rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows.count; i++)
        count += left_behind(&rows.items[i]);
    if (count == 0)
        return;
    struct value *logged = pool_array(pool, count * LOGGED, sizeof *logged), *log = logged;
    struct value *counted = pool_array(pool, count * COUNTED, sizeof *counted), *one = counted;
    /* The lease began with the claim, and what was claimed is sent at once. */
    instant lease = config_int(CONFIG_DISPATCHER_LEASE) * CLOCK_SECOND;
    for (size_t i = 0; i < rows.count; i++) {
        const struct row *row = &rows.items[i];
        if (!left_behind(row))
            continue;
        *log++ = value_id(id_new());
        *log++ = value_id(company);
        *log++ = value_id(row_id(row, "id"));
        *log++ = value_int(row_int(row, "requests") + 1);
        *log++ = value_time(row_time(row, "leased_until") - lease);
        *log++ = value_text(words);
        *one++ = value_id(row_id(row, "id"));
        *one++ = value_id(company);
    }
    db_run_many(db, &LOG_LEFT, logged, LOGGED, count);
    db_run_many(db, &COUNT_LEFT, counted, COUNTED, count);
}
