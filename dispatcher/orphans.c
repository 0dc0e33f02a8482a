#include "dispatcher/orphans.h"

#include "base/log.h"
#include "rules/delivery/deliveries.h"
#include "rules/delivery/left.h"

enum { LANES_AT_ONCE = 16, ROWS_AT_ONCE = 500 };

static const char *const states[] = { "pending", "retrying", "held" };
enum { STATES = sizeof states / sizeof *states };

/* One dive to the lane behind another. (A list of all lanes would be a loose index scan, which the optimizer
 * gives up for one over all rows when its statistics are stale.) */
static const struct statement NEXT_LANE = {
    "SELECT lane.endpoint_id, lane.company_id, endpoint.id IS NULL AS orphaned "
    "FROM (SELECT endpoint_id, company_id FROM deliveries FORCE INDEX (deliveries_lane) "
    "WHERE state = ? AND endpoint_id > ? ORDER BY endpoint_id LIMIT 1) AS lane "
    "LEFT JOIN webhook_endpoints AS endpoint ON endpoint.id = lane.endpoint_id",
    .in = "su"
};

static const struct statement ROWS_OF_LANE = {
    "SELECT id, requests, IF(fence IS NULL, NULL, due_at) AS leased_until "
    "FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = ? AND endpoint_id = ? "
    "AND company_id = ? AND (fence IS NULL OR due_at <= ?) LIMIT ? FOR UPDATE SKIP LOCKED",
    .in = "suuti"
};

/* Returns whether the lane may have more. */
static bool give_up(struct dispatcher *dispatcher, struct id endpoint, struct id company)
{
    instant now = clock_now();
    db_begin(dispatcher->db);
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &ROWS_OF_LANE,
                              BIND(value_text(states[dispatcher->orphan_state]), value_id(endpoint),
                                   value_id(company), value_time(now), value_int(ROWS_AT_ONCE)));
    struct delivery_key *keys = pool_array(dispatcher->turn, rows.count + 1, sizeof *keys);
    for (size_t i = 0; i < rows.count; i++)
        keys[i] = (struct delivery_key){ company, row_id(&rows.items[i], "id") };
    left_log(dispatcher->db, dispatcher->turn, company, rows);
    uint64_t gone = deliveries_give_up(dispatcher->db, dispatcher->turn, keys, rows.count, now);
    db_commit(dispatcher->db);
    log_info("deliveries to an endpoint that is gone are given up rows=%llu", (unsigned long long)gone);
    return rows.count == ROWS_AT_ONCE;
}

bool orphans_sweep(struct dispatcher *dispatcher)
{
    for (int i = 0; i < LANES_AT_ONCE; i++) {
        struct id after = id_is_nil(dispatcher->orphan_lane) ? id_lowest() : dispatcher->orphan_lane;
        const struct row *lane = db_one(dispatcher->db, dispatcher->turn, &NEXT_LANE,
                                        BIND(value_text(states[dispatcher->orphan_state]), value_id(after)));
        if (!lane) {
            dispatcher->orphan_lane = (struct id){ 0 };
            dispatcher->orphan_state = (dispatcher->orphan_state + 1) % STATES;
            if (dispatcher->orphan_state == 0)
                return false;
            continue;
        }
        struct id endpoint = row_id(lane, "endpoint_id");
        if (row_int(lane, "orphaned") && give_up(dispatcher, endpoint, row_id(lane, "company_id")))
            return true;
        dispatcher->orphan_lane = endpoint;
    }
    return true;
}
