/*
 * orphans: deliveries that wait for an endpoint that is gone, deleted while their event was being written or
 * with more rows than one request gives up. They are given up here: once a minute a walk over all lanes with
 * waiting rows, a few in each turn.
 */
#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/options.h"
#include "rules/delivery/deliveries.h"
#include "rules/delivery/left.h"

enum { LANES_AT_ONCE = 16, ROWS_AT_ONCE = 500, PAUSE_US = 20000, ROUND_EVERY_US = 60000000 };

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

struct walk {
    int64_t at;     /* the next step */
    bool more;      /* … is of the same walk */
    size_t kind;    /* of state, */
    struct id lane; /* … and the lane that the walk has come to; nil: it begins */
};

/* Returns whether the lane may have more. */
static bool give_up(struct dispatcher *dispatcher, const char *state, struct id endpoint, struct id company)
{
    instant now = clock_now();
    db_begin(dispatcher->db);
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &ROWS_OF_LANE,
                              BIND(value_text(state), value_id(endpoint), value_id(company), value_time(now),
                                   value_int(ROWS_AT_ONCE)));
    struct delivery_key *keys = pool_array(dispatcher->turn, rows.count + 1, sizeof *keys);
    for (size_t i = 0; i < rows.count; i++)
        keys[i] = (struct delivery_key){ company, row_id(&rows.items[i], "id") };
    left_log(dispatcher->db, dispatcher->turn, company, rows);
    uint64_t gone = deliveries_give_up(dispatcher->db, dispatcher->turn, keys, rows.count, now);
    db_commit(dispatcher->db);
    log_info("deliveries to an endpoint that is gone are given up rows=%llu", (unsigned long long)gone);
    return rows.count == ROWS_AT_ONCE;
}

/* False: the walk is over, and the next one begins anew. */
static bool go_on(struct dispatcher *dispatcher, struct walk *walk)
{
    for (int i = 0; i < LANES_AT_ONCE; i++) {
        struct id after = id_is_nil(walk->lane) ? id_lowest() : walk->lane;
        const char *kind = states[walk->kind];
        const struct row *lane =
            db_one(dispatcher->db, dispatcher->turn, &NEXT_LANE, BIND(value_text(kind), value_id(after)));
        if (!lane) {
            walk->lane = (struct id){ 0 };
            walk->kind = (walk->kind + 1) % STATES;
            if (walk->kind == 0)
                return false;
            continue;
        }
        struct id endpoint = row_id(lane, "endpoint_id");
        if (row_int(lane, "orphaned") && give_up(dispatcher, kind, endpoint, row_id(lane, "company_id")))
            return true;
        walk->lane = endpoint;
    }
    return true;
}

/* ---- the job ---- */

static void step(struct dispatcher *dispatcher, void *state)
{
    struct walk *walk = state;
    walk->more = false; /* should this fail */
    walk->at = clock_monotonic() + ROUND_EVERY_US;
    walk->more = go_on(dispatcher, walk);
    if (walk->more)
        walk->at = clock_monotonic() + (dispatcher->options->once ? 0 : PAUSE_US);
}

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct walk *)state)->at;
}

static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    const struct walk *walk = state;
    (void)dispatcher;
    return walk->at > 0 && !walk->more;
}

const struct job orphans_job = { .name = "orphans",
                                 .leader_only = true,
                                 .size = sizeof(struct walk),
                                 .due_at = due_at,
                                 .is_over = is_over,
                                 .step = step };
