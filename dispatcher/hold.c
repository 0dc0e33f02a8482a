#include "dispatcher/hold.h"

#include "core/log.h"
#include "dispatcher/claim.h"
#include "dispatcher/shards.h"

enum {
    HOLD_AT_ONCE = 2000,
    RELEASE_AT_ONCE = 500, /* rows of one lane in one turn: a turn stays short */
    LANES_AT_ONCE = 20,
    RELEASE_EVERY_US = 1000000,
    RELEASE_AGAIN_US = 200000
};

/*
 * Whoever switches an endpoint on or off has its row locked until the commit, so what is read here holds
 * until ours. No row: somebody is changing it right now, or it is gone; nobody waits for that, the next look
 * sees what it has become.
 */
static const struct statement LOCK_ENDPOINT = {
    "SELECT active FROM webhook_endpoints WHERE company_id = ? AND id = ? LOCK IN SHARE MODE SKIP LOCKED",
    .in = "uu", .out = "i"
};

/*
 * A test is sent even there; one that nobody took for a day is given up. Along the lane's index, which gives
 * the oldest first: with ORDER BY the whole lane would be read, sorted and locked for each of these steps,
 * because they change a column of that index.
 */
static const struct statement HOLD = {
    "UPDATE deliveries FORCE INDEX (deliveries_lane) SET settled_at = IF(test, ?, settled_at), "
    "state = IF(test, 'failed', 'held') WHERE state = ? AND endpoint_id = ? "
    "AND company_id = ? AND (test = FALSE OR created_at < ?) LIMIT ?",
    .in = "tsuuti"
};

/* One dive for each endpoint, as the look for due lanes. */
static const struct statement FIND_HELD = {
    "SELECT endpoint.id, endpoint.company_id FROM webhook_endpoints AS endpoint "
    "WHERE endpoint.active AND (? >> (ORD(RIGHT(endpoint.id, 1)) & 31)) & 1 AND (SELECT first.due_at FROM "
    "deliveries AS first FORCE INDEX (deliveries_lane) "
    "WHERE first.state = 'held' AND first.endpoint_id = endpoint.id ORDER BY first.due_at LIMIT 1) IS NOT "
    "NULL LIMIT ?",
    .in = "ii", .out = "uu"
};

static const struct statement RELEASE = {
    "UPDATE deliveries FORCE INDEX (deliveries_lane) SET state = IF(requests > 0, 'retrying', 'pending'), "
    "due_at = ?, fence = NULL WHERE state = 'held' AND endpoint_id = ? AND company_id = ? LIMIT ?",
    .in = "tuui"
};

static bool endpoint_is(struct dispatcher *dispatcher, bool active, struct id company, struct id endpoint)
{
    const struct row *row =
        db_one(dispatcher->db, dispatcher->turn, &LOCK_ENDPOINT, BIND(value_id(company), value_id(endpoint)));
    return row && (row_int(row, "active") != 0) == active;
}

bool hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    if (!endpoint_is(dispatcher, false, company, endpoint))
        return false;
    static const char *const states[] = { "pending", "retrying" };
    uint64_t held = 0;
    instant now = clock_now();
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        held += db_run(dispatcher->db, &HOLD,
                       BIND(value_time(now), value_text(states[i]), value_id(endpoint), value_id(company),
                            value_time(now - CLOCK_DAY), value_int(HOLD_AT_ONCE)));
    return held > 0;
}

static uint64_t release_lane(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    uint64_t released = 0;
    db_begin(dispatcher->db);
    if (endpoint_is(dispatcher, true, company, endpoint))
        released = db_run(
            dispatcher->db, &RELEASE,
            BIND(value_time(clock_now()), value_id(endpoint), value_id(company), value_int(RELEASE_AT_ONCE)));
    db_commit(dispatcher->db);
    return released;
}

void hold_release(struct dispatcher *dispatcher)
{
    uint64_t released = 0;
    dispatcher->held_left = true; /* should this fail */
    struct rows lanes = db_all(dispatcher->db, dispatcher->turn, &FIND_HELD,
                               BIND(value_int(shards_mask(dispatcher)), value_int(LANES_AT_ONCE)));
    for (size_t i = 0; i < lanes.count; i++)
        released +=
            release_lane(dispatcher, row_id(&lanes.items[i], "company_id"), row_id(&lanes.items[i], "id"));
    dispatcher->held_left = lanes.count > 0;
    if (lanes.count > 0)
        dispatcher->release_at = clock_monotonic() + (released > 0 ? 0 : RELEASE_AGAIN_US);
    if (released == 0)
        return;
    log_info("released held rows=%llu lanes=%zu", (unsigned long long)released, lanes.count);
    claim_soon(dispatcher);
}

bool hold_release_is_due(struct dispatcher *dispatcher)
{
    int64_t now = clock_monotonic();
    if (dispatcher->draining || now < dispatcher->release_at)
        return false;
    dispatcher->release_at = now + RELEASE_EVERY_US;
    return true;
}
