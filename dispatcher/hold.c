#include "dispatcher/hold.h"

#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/shards.h"
#include "rules/delivery/left.h"

enum {
    HOLD_AT_ONCE = 1000,    /* rows in one turn, of however many lanes: a turn stays short */
    RELEASE_AT_ONCE = 1000, /* … and so many go, of each lane its part */
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
    .in = "uu"
};

/*
 * What somebody else has locked waits for a later look, and nobody for it; what is on the wire is settled by
 * its answer. Rows are found and locked along the lane's index, which gives the oldest first, and changed by
 * their ids: an UPDATE cannot skip what is locked, and one with ORDER BY would read, sort and lock the whole
 * lane for each of these steps, because it changes a column of that index.
 */
static const struct statement LOCK_WAITING = {
    "SELECT id FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = ? AND endpoint_id = ? "
    "AND company_id = ? AND (test = FALSE OR created_at < ?) AND (fence IS NULL OR due_at <= ?) "
    "ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED",
    .in = "suutti"
};

/* A test is sent even there; one that nobody took for a day is given up. By the id alone: the optimizer would
 * go by deliveries_company, and read and lock each row twice. */
static const struct statement HOLD = {
    "UPDATE deliveries FORCE INDEX (PRIMARY) SET settled_at = IF(test, ?, settled_at), "
    "state = IF(test, 'failed', 'held') WHERE id = ? AND company_id = ? AND state = ?",
    .in = "tuus"
};

/* One dive for each endpoint, as the look for due lanes. */
static const struct statement FIND_HELD = {
    "SELECT endpoint.id, endpoint.company_id FROM webhook_endpoints AS endpoint "
    "WHERE endpoint.active AND (? >> (ORD(RIGHT(endpoint.id, 1)) & 31)) & 1 AND (SELECT first.due_at FROM "
    "deliveries AS first FORCE INDEX (deliveries_lane) "
    "WHERE first.state = 'held' AND first.endpoint_id = endpoint.id ORDER BY first.due_at LIMIT 1) IS NOT "
    "NULL LIMIT ?",
    .in = "ii"
};

static const struct statement LOCK_HELD = {
    "SELECT id, requests, IF(fence IS NULL, NULL, due_at) AS leased_until "
    "FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = 'held' AND endpoint_id = ? "
    "AND company_id = ? ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED",
    .in = "uui"
};

static const struct statement RELEASE = {
    "UPDATE deliveries FORCE INDEX (PRIMARY) SET state = IF(requests > 0, 'retrying', 'pending'), "
    "due_at = ?, fence = NULL WHERE id = ? AND company_id = ? AND state = 'held'",
    .in = "tuu"
};

struct hold {
    size_t rows; /* in this turn */
};

struct release {
    int64_t look_at; /* for held rows that may go */
    bool none_left;  /* the last look found none */
};

static bool endpoint_is(struct dispatcher *dispatcher, bool active, struct id company, struct id endpoint)
{
    const struct row *row =
        db_one(dispatcher->db, dispatcher->turn, &LOCK_ENDPOINT, BIND(value_id(company), value_id(endpoint)));
    return row && (row_int(row, "active") != 0) == active;
}

/* ---- holding ---- */

static size_t hold_state(struct dispatcher *dispatcher, struct id company, struct id endpoint,
                         const char *state)
{
    instant now = clock_now();
    struct rows rows =
        db_all(dispatcher->db, dispatcher->turn, &LOCK_WAITING,
               BIND(value_text(state), value_id(endpoint), value_id(company), value_time(now - CLOCK_DAY),
                    value_time(now), value_int((int64_t)(HOLD_AT_ONCE - dispatcher->hold->rows))));
    struct value *values = pool_array(dispatcher->turn, rows.count * 4 + 1, sizeof *values);
    for (size_t i = 0; i < rows.count; i++) {
        values[4 * i] = value_time(now);
        values[4 * i + 1] = value_id(row_id(&rows.items[i], "id"));
        values[4 * i + 2] = value_id(company);
        values[4 * i + 3] = value_text(state);
    }
    db_run_many(dispatcher->db, &HOLD, values, 4, rows.count);
    dispatcher->hold->rows += rows.count;
    return rows.count;
}

bool hold_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    static const char *const states[] = { "pending", "retrying" };
    size_t held = 0;
    if (dispatcher->hold->rows >= HOLD_AT_ONCE || !endpoint_is(dispatcher, false, company, endpoint))
        return false;
    for (size_t i = 0; i < sizeof states / sizeof *states && dispatcher->hold->rows < HOLD_AT_ONCE; i++)
        held += hold_state(dispatcher, company, endpoint, states[i]);
    return held > 0;
}

/* A new turn: again some rows may be held. Logs what the last one held, or tried to before the database
 * failed. */
static void hold_step(struct dispatcher *dispatcher, void *state)
{
    struct hold *hold = state;
    (void)dispatcher;
    if (hold->rows > 0)
        log_info("held rows=%zu", hold->rows);
    hold->rows = 0;
}

static void hold_init(struct dispatcher *dispatcher, void *state)
{
    dispatcher->hold = state;
}

const struct job hold_job = { .name = "hold",
                              .while_draining = true,
                              .without_database = true,
                              .size = sizeof(struct hold),
                              .init = hold_init,
                              .step = hold_step };

/* ---- releasing ---- */

static size_t release_rows(struct dispatcher *dispatcher, struct id company, struct id endpoint, size_t most)
{
    instant now = clock_now();
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_HELD,
                              BIND(value_id(endpoint), value_id(company), value_int((int64_t)most)));
    left_log(dispatcher->db, dispatcher->turn, company, rows);
    struct value *values = pool_array(dispatcher->turn, rows.count * 3 + 1, sizeof *values);
    for (size_t i = 0; i < rows.count; i++) {
        values[3 * i] = value_time(now);
        values[3 * i + 1] = value_id(row_id(&rows.items[i], "id"));
        values[3 * i + 2] = value_id(company);
    }
    db_run_many(dispatcher->db, &RELEASE, values, 3, rows.count);
    return rows.count;
}

static size_t release_lane(struct dispatcher *dispatcher, const struct row *lane, size_t most)
{
    struct id company = row_id(lane, "company_id"), endpoint = row_id(lane, "id");
    size_t released = 0;
    db_begin(dispatcher->db);
    if (endpoint_is(dispatcher, true, company, endpoint))
        released = release_rows(dispatcher, company, endpoint, most);
    db_commit(dispatcher->db);
    return released;
}

static void release_step(struct dispatcher *dispatcher, void *state)
{
    struct release *release = state;
    size_t released = 0;
    release->look_at = clock_monotonic() + RELEASE_EVERY_US;
    release->none_left = false; /* should this fail */
    struct rows lanes = db_all(dispatcher->db, dispatcher->turn, &FIND_HELD,
                               BIND(value_int(shards_mask(dispatcher)), value_int(LANES_AT_ONCE)));
    for (size_t i = 0; i < lanes.count; i++)
        released += release_lane(dispatcher, &lanes.items[i], RELEASE_AT_ONCE / lanes.count);
    release->none_left = lanes.count == 0;
    if (lanes.count > 0)
        release->look_at = clock_monotonic() + (released > 0 ? 0 : RELEASE_AGAIN_US);
    if (released == 0)
        return;
    log_info("released held rows=%zu lanes=%zu", released, lanes.count);
    wake_soon(&dispatcher->wake);
}

static int64_t release_due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct release *)state)->look_at;
}

static bool release_is_over(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct release *)state)->none_left;
}

const struct job release_job = { .name = "release",
                                 .size = sizeof(struct release),
                                 .due_at = release_due_at,
                                 .is_over = release_is_over,
                                 .step = release_step };
