#include "dispatcher/housekeeping.h"

#include "core/log.h"
#include "core/rate.h"
#include "rules/keys.h"
#include "rules/logins.h"

enum { AT_ONCE = 500, ROUNDS_MOST = 20 };

static const struct statement FIND_OLD_KEYS = {
    "SELECT scope, company_id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?",
    .in = "ti", .out = "su"
};

static const struct statement DELETE_KEY = {
    "DELETE FROM idempotency_keys WHERE scope = ? AND company_id <=> ?", .in = "su"
};

/* Rows whose endpoint is gone: deleted while their event was being written, or with more rows than one
 * request gives up. */
static const struct statement FIND_ORPHANS = {
    "SELECT orphan.id, orphan.company_id "
    "FROM (SELECT DISTINCT state, endpoint_id FROM deliveries WHERE state IN ('pending', 'retrying', "
    "'held')) AS lane "
    "LEFT JOIN webhook_endpoints AS endpoint ON endpoint.id = lane.endpoint_id "
    "JOIN deliveries AS orphan ON orphan.state = lane.state AND orphan.endpoint_id = lane.endpoint_id "
    "WHERE endpoint.id IS NULL LIMIT ?",
    .in = "i", .out = "uu"
};

static const struct statement ABANDON_ROW = {
    "UPDATE deliveries SET state = 'failed', settled_at = ? WHERE id = ? AND company_id = ? "
    "AND state IN ('pending', 'retrying', 'held')",
    .in = "tuu"
};

/* Both return how many went. */
static size_t delete_old_keys(struct dispatcher *dispatcher, instant before)
{
    struct rows old = db_all(dispatcher->db, dispatcher->turn, &FIND_OLD_KEYS,
                             BIND(value_time(before), value_int(AT_ONCE)));
    if (old.count == 0)
        return 0;
    struct value *values = pool_array(dispatcher->turn, old.count * 2, sizeof *values);
    for (size_t i = 0; i < old.count; i++) {
        values[2 * i] = *row_value(&old.items[i], "scope");
        values[2 * i + 1] = *row_value(&old.items[i], "company_id");
    }
    db_run_many(dispatcher->db, &DELETE_KEY, values, 2, old.count);
    return old.count;
}

static size_t abandon_orphans(struct dispatcher *dispatcher, instant now)
{
    struct rows orphans = db_all(dispatcher->db, dispatcher->turn, &FIND_ORPHANS, BIND(value_int(AT_ONCE)));
    if (orphans.count == 0)
        return 0;
    struct value *values = pool_array(dispatcher->turn, orphans.count * 3, sizeof *values);
    for (size_t i = 0; i < orphans.count; i++) {
        values[3 * i] = value_time(now);
        values[3 * i + 1] = value_id(row_id(&orphans.items[i], "id"));
        values[3 * i + 2] = value_id(row_id(&orphans.items[i], "company_id"));
    }
    db_run_many(dispatcher->db, &ABANDON_ROW, values, 3, orphans.count);
    return orphans.count;
}

void housekeeping_run(struct dispatcher *dispatcher)
{
    instant now = clock_now();
    size_t keys = 0, secrets, orphans = 0, got = AT_ONCE;
    lanes_forget(&dispatcher->lanes, now);
    logins_sweep(dispatcher->db, now);
    for (int i = 0; i < ROUNDS_MOST && got == AT_ONCE; i++)
        keys += got = delete_old_keys(dispatcher, now - CLOCK_DAY);
    rate_sweep(dispatcher->db, now);
    secrets = keys_sweep(dispatcher->db, dispatcher->turn, now);
    got = AT_ONCE;
    for (int i = 0; i < ROUNDS_MOST && got == AT_ONCE; i++)
        orphans += got = abandon_orphans(dispatcher, now);
    if (keys + secrets + orphans > 0)
        log_info("swept idempotency_keys=%zu key_secrets=%zu deliveries_without_endpoint=%zu", keys, secrets,
                 orphans);
}
