#include "dispatcher/claim.h"

#include "core/log.h"
#include "dispatcher/hold.h"
#include "dispatcher/lease.h"
#include "dispatcher/left.h"
#include "dispatcher/pace.h"
#include "dispatcher/send.h"
#include "dispatcher/shards.h"
#include "rules/deliveries.h"
#include "rules/reminders.h"

enum {
    IDLE_POLL_US = 200000, /* finds what nobody poked for */
    TESTS_AT_ONCE = 50,
    GROWN_MOST = 500,    /* rows that are counted of what came within a second */
    SHARE_LEAST = 8,     /* rows of one lane in one look: a lane costs two round trips however few it gives */
    POLL_COST_FACTOR = 8 /* polling alone takes at most this part of the time */
};
#define BACKLOG_AGE CLOCK_SECOND /* overdue for so long */

/*
 * Two dives into deliveries_lane for each endpoint, to the first row of what is fresh and of what is tried
 * again: some microseconds each, however many rows wait. (A loose index scan over the lanes would visit only
 * those with rows, but the optimizer chooses it by statistics, which are stale just when a lane has filled
 * up.) An open breaker costs no dive. The bits are the shards that are ours.
 */
static const struct statement FIND_LANES = {
    "SELECT endpoint.id, endpoint.company_id, "
    "(SELECT fresh.due_at FROM deliveries AS fresh FORCE INDEX (deliveries_lane) "
    "WHERE fresh.state = 'pending' AND fresh.endpoint_id = endpoint.id ORDER BY fresh.due_at LIMIT 1) AS "
    "fresh_at, "
    "(SELECT again.due_at FROM deliveries AS again FORCE INDEX (deliveries_lane) "
    "WHERE again.state = 'retrying' AND again.endpoint_id = endpoint.id ORDER BY again.due_at LIMIT 1) AS "
    "again_at "
    "FROM webhook_endpoints AS endpoint WHERE (? >> (ORD(RIGHT(endpoint.id, 1)) & 31)) & 1 AND (NOT "
    "endpoint.active OR endpoint.breaker_until IS NULL "
    "OR endpoint.breaker_until NOT BETWEEN ? AND ?) HAVING fresh_at <= ? OR again_at <= ?",
    .in = "itttt", .out = "uutt"
};

/* Of a day at most, so that it reads little however many tests there ever were. */
static const struct statement FIND_TESTS = {
    "SELECT DISTINCT endpoint_id AS id, company_id FROM deliveries FORCE INDEX (deliveries_test) "
    "WHERE test = TRUE AND id >= ? AND state IN ('pending', 'retrying') AND due_at <= ? "
    "AND (? >> (ORD(RIGHT(endpoint_id, 1)) & 31)) & 1 LIMIT ?",
    .in = "utii", .out = "uu"
};

static const struct statement READ_ENDPOINT = {
    "SELECT url, format, secret, previous_secret, previous_until, active, signatures, custom_headers, "
    "retry_limit, failing_since, failing_warned, breaker_failures, breaker_until, rate_limit "
    "FROM webhook_endpoints WHERE company_id = ? AND id = ?",
    .in = "uu", .out = "sssstissitiiti"
};

/* Only the inner select locks: the events stay free for everyone, other lanes' claims among them. */
static const struct statement LOCK_ROWS = {
    "SELECT d.id, d.event_id, d.attempts, d.requests, d.test, d.created_at, e.type AS event_type, e.payload, "
    "e.created_at AS happened_at, d.leased_until "
    "FROM (SELECT id, company_id, event_id, attempts, requests, test, created_at, due_at, "
    "IF(fence IS NULL, NULL, due_at) AS leased_until FROM deliveries "
    "FORCE INDEX (deliveries_lane) WHERE state = ? AND endpoint_id = ? AND due_at <= ? AND company_id = ? "
    "ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) AS d "
    "LEFT JOIN events AS e ON e.company_id = d.company_id AND e.id = d.event_id",
    .in = "sutui", .out = "uuiiitsstt"
};

static const struct statement LOCK_TESTS = {
    "SELECT d.id, d.event_id, d.attempts, d.requests, d.test, d.created_at, e.type AS event_type, e.payload, "
    "e.created_at AS happened_at, d.leased_until "
    "FROM (SELECT id, company_id, event_id, attempts, requests, test, created_at, due_at, "
    "IF(fence IS NULL, NULL, due_at) AS leased_until FROM deliveries "
    "FORCE INDEX (deliveries_test) WHERE test = TRUE AND id >= ? AND endpoint_id = ? AND state IN "
    "('pending', 'retrying') "
    "AND due_at <= ? AND company_id = ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED) AS d "
    "LEFT JOIN events AS e ON e.company_id = d.company_id AND e.id = d.event_id",
    .in = "uutui", .out = "uuiiitsstt"
};

static const struct statement COUNT_GROWN = {
    "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = "
    "'pending' AND endpoint_id = ? AND due_at > ? AND due_at <= ? AND company_id = ? LIMIT ?) AS fresh) + "
    "(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = "
    "'retrying' AND endpoint_id = ? AND due_at > ? AND due_at <= ? AND company_id = ? LIMIT ?) AS again) AS "
    "grown",
    .in = "uttuiuttui", .out = "i"
};

struct room { /* for transfers of anybody */
    int quick, all;
};

static struct room room_left(const struct dispatcher *dispatcher)
{
    return (struct room){
        .quick = dispatcher->parallel - (dispatcher->flying_count - dispatcher->slow_count),
        .all = SLOW_FACTOR * dispatcher->parallel - dispatcher->flying_count,
    };
}

static int room_size(struct room room)
{
    int least = room.quick < room.all ? room.quick : room.all;
    return least > 0 ? least : 0;
}

static const char *text_or_null(struct pool *pool, const struct row *row, const char *column)
{
    const char *text = row_text(row, column);
    return text ? pool_strdup(pool, text) : NULL;
}

static void take_endpoint(struct transfer *transfer, const struct row *endpoint, instant now)
{
    struct pool *pool = transfer->pool;
    const struct partner *partner = partner_find(row_text(endpoint, "format"));
    if (!partner)
        transfer->broken = "The endpoint's format is not known to this version.";
    transfer->url = pool_strdup(pool, row_text(endpoint, "url"));
    transfer->course.partner = partner ? partner : &partner_standard; /* whose schedule has to do */
    transfer->secrets.current = pool_strdup(pool, row_text(endpoint, "secret"));
    transfer->secrets.previous = NULL;
    if (!row_is_null(endpoint, "previous_secret") && row_time(endpoint, "previous_until") > now)
        transfer->secrets.previous = pool_strdup(pool, row_text(endpoint, "previous_secret"));
    transfer->secrets.families = text_or_null(pool, endpoint, "signatures");
    transfer->custom_headers = text_or_null(pool, endpoint, "custom_headers");
    transfer->course.retry_limit = (int)row_int(endpoint, "retry_limit"); /* none: NULL, read as 0 */
}

static void take_row(struct transfer *transfer, const struct row *row)
{
    struct pool *pool = transfer->pool;
    const struct value *payload = row_value(row, "payload");
    transfer->delivery = row_id(row, "id");
    transfer->course.attempts = (int)row_int(row, "attempts");
    transfer->course.created_at = row_time(row, "created_at");
    transfer->course.is_test = row_int(row, "test") != 0;
    transfer->number = row_int(row, "requests") + left_behind(row) + 1;
    transfer->event = (struct partner_event){
        .id = row_id(row, "event_id"),
        .created_at = row_time(row, "happened_at"),
    };
    if (!value_is_set(*payload)) {
        transfer->broken = "The event is not stored any more.";
        return;
    }
    transfer->event.type = pool_strdup(pool, row_text(row, "event_type"));
    transfer->event.data_text = pool_memdup(pool, payload->text, payload->length);
}

/* What one lane may have in this look: its own room, a fair part of what is free, and its company's part. */
static int lane_share(struct dispatcher *dispatcher, const struct lane *lane, struct room room, size_t lanes)
{
    int fair = room_size(room) / (int)lanes;
    int share = lane_room(lane), company = lane_company_room(lane, room.quick, room.all);
    if (fair < SHARE_LEAST)
        fair = SHARE_LEAST;
    if (share > fair)
        share = fair;
    if (share <= company)
        return share;
    dispatcher->squeezed = true;
    return company;
}

/*
 * A reminder is only worth sending while its booking stands as it says; one that waited too long (held, tried
 * again, left by a killed dispatcher) ends here, unsent. `*useless_at` is when the others do.
 */
static bool give_up_stale(struct dispatcher *dispatcher, struct id company, const struct row *row,
                          instant now, instant *useless_at)
{
    const char *type = row_text(row, "event_type");
    char id[ID_TEXT_SIZE];
    *useless_at = 0;
    if (!type || strcmp(type, "booking.reminder") != 0)
        return false;
    if (reminders_may_send(dispatcher->db, dispatcher->turn, company, row_id(row, "event_id"), now,
                           useless_at))
        return false;
    deliveries_give_up(dispatcher->db, dispatcher->turn, &(struct delivery_key){ company, row_id(row, "id") },
                       1, now);
    dispatcher->swept = true;
    log_info("a reminder is out of date and not sent delivery=%s", id_format(id, "dlv", row_id(row, "id")));
    return true;
}

static int take_rows(struct dispatcher *dispatcher, struct lane *lane, struct id company, struct rows rows,
                     const struct row *endpoint, struct id fence, instant now)
{
    int taken = 0;
    left_log(dispatcher, company, rows);
    for (size_t i = 0; i < rows.count; i++) {
        instant useless_at;
        if (give_up_stale(dispatcher, company, &rows.items[i], now, &useless_at))
            continue;
        struct transfer *transfer = send_transfer(dispatcher);
        transfer->lane = lane;
        transfer->company = company;
        transfer->fence = fence;
        transfer->course.useless_at = useless_at;
        take_endpoint(transfer, endpoint, now);
        take_row(transfer, &rows.items[i]);
        TAILQ_INSERT_TAIL(&dispatcher->claimed, transfer, link);
        lane_take(lane);
        taken++;
    }
    return taken;
}

struct claim { /* of one lane */
    struct lane *lane;
    struct id company, fence;
    const struct row *endpoint;
    instant fresh_at, again_at; /* when the oldest of either kind came due; 0: there is none */
    instant now;
    bool backlog;
    size_t next; /* the lane after it */
};

static int claim_rows(struct dispatcher *dispatcher, const struct claim *claim, const char *state, int most)
{
    if (most <= 0)
        return 0;
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_ROWS,
                              BIND(value_text(state), value_id(claim->lane->endpoint), value_time(claim->now),
                                   value_id(claim->company), value_int(most)));
    return take_rows(dispatcher, claim->lane, claim->company, rows, claim->endpoint, claim->fence,
                     claim->now);
}

static bool is_due(instant at, instant now)
{
    return at != 0 && at <= now;
}

/* Fresh events first; what is tried again has what they leave, and a quarter at least. */
static int claim_both(struct dispatcher *dispatcher, const struct claim *claim, int share)
{
    bool fresh = is_due(claim->fresh_at, claim->now), again = is_due(claim->again_at, claim->now);
    int kept = fresh && again ? lane_retry_part(claim->lane, share) : 0;
    int got = fresh ? claim_rows(dispatcher, claim, "pending", share - kept) : 0;
    return again ? got + claim_rows(dispatcher, claim, "retrying", share - got) : got;
}

/* The probe of an endpoint that was cut off is what has waited longest. */
static int claim_probe(struct dispatcher *dispatcher, const struct claim *claim)
{
    bool again =
        is_due(claim->again_at, claim->now) && (claim->fresh_at == 0 || claim->again_at <= claim->fresh_at);
    return claim_rows(dispatcher, claim, again ? "retrying" : "pending", 1);
}

static const struct row *read_endpoint(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    return db_one(dispatcher->db, dispatcher->turn, &READ_ENDPOINT,
                  BIND(value_id(company), value_id(endpoint)));
}

static int claim_lane(struct dispatcher *dispatcher, struct claim *claim, int share)
{
    struct lane *lane = claim->lane;
    claim->endpoint = read_endpoint(dispatcher, claim->company, lane->endpoint);
    if (!claim->endpoint)
        return 0; /* deleted this moment */
    if (!row_int(claim->endpoint, "active")) {
        dispatcher->swept |= hold_rows(dispatcher, claim->company, lane->endpoint);
        return 0;
    }
    enum breaker breaker = pace_breaker(lane, claim->endpoint, claim->now);
    if (breaker == BREAKER_OPEN || (breaker == BREAKER_HALF_OPEN && lane->unsettled > 0))
        return 0;
    struct pace pace = pace_read(dispatcher, lane, claim->company, claim->endpoint, claim->now);
    if (share > pace.left)
        share = pace.left;
    int got = breaker == BREAKER_CLOSED ? claim_both(dispatcher, claim, share)
              : share > 0               ? claim_probe(dispatcher, claim)
                                        : 0;
    pace_spend(dispatcher, lane, claim->company, &pace, got);
    return got;
}

/* ---- all lanes ---- */

static bool has_backlog(const struct claim *claim)
{
    instant before = claim->now - BACKLOG_AGE;
    return is_due(claim->fresh_at, before) || is_due(claim->again_at, before);
}

static bool is_open(struct dispatcher *dispatcher, const struct lane *lane, instant now)
{
    if (lane_rests(lane, now))
        return false;
    dispatcher->work_left = true;
    return lane->failures < BREAKER_FAILURES || lane->unsettled == 0; /* or it opens once they are written */
}

struct claims {
    struct claim *items;
    size_t count;
    bool prompt; /* one of them came due just now, and has room */
};

/* What may be claimed from, beginning with the lane whose turn it is. */
static struct claims list_claims(struct dispatcher *dispatcher, struct rows due, instant now)
{
    struct claims claims = { .items = pool_array(dispatcher->turn, due.count, sizeof *claims.items) };
    struct id fence = id_new();
    size_t first = dispatcher->rotation % due.count;
    for (size_t i = 0; i < due.count; i++) {
        const struct row *row = &due.items[(first + i) % due.count];
        struct claim claim = { .company = row_id(row, "company_id"),
                               .fence = fence,
                               .fresh_at = row_time(row, "fresh_at"),
                               .again_at = row_time(row, "again_at"),
                               .now = now,
                               .next = first + i + 1 };
        claim.lane = lanes_get(&dispatcher->lanes, row_id(row, "id"), claim.company);
        claim.backlog = has_backlog(&claim);
        if (!is_open(dispatcher, claim.lane, now))
            continue;
        claims.prompt |= !claim.backlog && lane_room(claim.lane) > 0;
        claims.items[claims.count++] = claim;
    }
    return claims;
}

/* How many rows came within the last second, of either kind: a recovery makes what was given up wait again.
 */
static int count_grown(struct dispatcher *dispatcher, const struct claim *claim)
{
    struct value lane = value_id(claim->lane->endpoint), owner = value_id(claim->company),
                 since = value_time(claim->now - BACKLOG_AGE), until = value_time(claim->now),
                 most = value_int(GROWN_MOST);
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &COUNT_GROWN,
                                   BIND(lane, since, until, owner, most, lane, since, until, owner, most));
    return (int)row_int(row, "grown");
}

static void serve_backlog(struct dispatcher *dispatcher, const struct claim *claim, bool paced, int share,
                          int64_t start)
{
    int grown = paced ? count_grown(dispatcher, claim) : 0;
    give_way_served(&dispatcher->give_way, grown, share, start);
}

/* Where not, the lane waits for answers, its own or its company's, and those bring the next look. */
static bool can_take(const struct lane *lane, struct room room)
{
    return lane_room(lane) > 0 && lane_company_room(lane, room.quick, room.all) > 0;
}

/* Returns how many rows were claimed; sets work_left where a lane may have more that can be sent. */
static int claim_lanes(struct dispatcher *dispatcher, struct claims claims, int64_t start)
{
    struct give_way *give_way = &dispatcher->give_way;
    give_way_count(give_way, 0, start);
    bool waits = give_way_waits(give_way, claims.prompt, start), paced = give_way_gap(give_way) > 0;
    struct room room = room_left(dispatcher);
    int claimed = 0;
    for (size_t i = 0; i < claims.count; i++) {
        struct claim *claim = &claims.items[i];
        bool gives_way = claim->backlog && paced && can_take(claim->lane, room);
        dispatcher->backlog_left |= gives_way;
        claim->lane->hungry = !gives_way;
        if (claim->backlog && waits)
            continue;
        int share = lane_share(dispatcher, claim->lane, room, claims.count);
        if (share == 0)
            continue;
        dispatcher->rotation = claim->next;
        int got = claim_lane(dispatcher, claim, share);
        claim->lane->hungry &= got == share;
        if (claim->backlog)
            serve_backlog(dispatcher, claim, paced, share, start);
        else if (got < share) /* all that there was */
            give_way_count(give_way, got, start);
        claimed += got;
        room.quick -= got;
        room.all -= got;
    }
    return claimed;
}

static int claim_due(struct dispatcher *dispatcher, instant now)
{
    struct rows due = db_all(dispatcher->db, dispatcher->turn, &FIND_LANES,
                             BIND(value_int(shards_mask(dispatcher)), value_time(now + 1),
                                  value_time(now + BREAKER_FURTHEST), value_time(now), value_time(now)));
    if (due.count == 0)
        return 0;
    const struct transfer *before = TAILQ_LAST(&dispatcher->claimed, transfer_list);
    struct claims claims = list_claims(dispatcher, due, now);
    if (claims.count == 0)
        return 0;
    db_begin(dispatcher->db);
    int claimed = claim_lanes(dispatcher, claims, dispatcher->looked_at);
    lease_claimed(dispatcher, before, claimed, now);
    db_commit(dispatcher->db);
    log_debug("claimed rows=%d lanes=%zu", claimed, due.count);
    return claimed;
}

/* ---- test sends ---- */

/* Ids are made by the machine's clock. */
static struct id day_ago(void)
{
    return id_first_of(clock_real() - CLOCK_DAY);
}

static int claim_tests_of(struct dispatcher *dispatcher, const struct row *due, struct id fence, instant now)
{
    struct id company = row_id(due, "company_id"), endpoint = row_id(due, "id");
    struct lane *lane = lanes_get(&dispatcher->lanes, endpoint, company);
    struct room room = room_left(dispatcher);
    int share = lane_room(lane), part = lane_company_room(lane, room.quick, room.all);
    const struct row *row = read_endpoint(dispatcher, company, endpoint);
    if (!row || share == 0 || part == 0)
        return 0;
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_TESTS,
                              BIND(value_id(day_ago()), value_id(endpoint), value_time(now),
                                   value_id(company), value_int(share < part ? share : part)));
    return take_rows(dispatcher, lane, company, rows, row, fence, now);
}

/* Somebody waits for a test: it goes first, past a breaker, a rate limit and even where the endpoint is off.
 * They are leased before the lanes are looked into, which would give the same rows again. */
static int claim_tests(struct dispatcher *dispatcher, instant now)
{
    struct rows due = db_all(dispatcher->db, dispatcher->turn, &FIND_TESTS,
                             BIND(value_id(day_ago()), value_time(now), value_int(shards_mask(dispatcher)),
                                  value_int(TESTS_AT_ONCE)));
    struct id fence = id_new();
    int claimed = 0;
    if (due.count == 0)
        return 0;
    db_begin(dispatcher->db);
    for (size_t i = 0; i < due.count; i++)
        claimed += claim_tests_of(dispatcher, &due.items[i], fence, now);
    lease_claimed(dispatcher, NULL, claimed, now);
    db_commit(dispatcher->db);
    dispatcher->leased = TAILQ_LAST(&dispatcher->claimed, transfer_list);
    dispatcher->work_left = true;
    return claimed;
}

/* ---- the look ---- */

void claim_look(struct dispatcher *dispatcher)
{
    int64_t start = clock_monotonic();
    instant now = clock_now();
    dispatcher->looked_at = start;
    dispatcher->look_at = start + IDLE_POLL_US;
    dispatcher->work_left = dispatcher->swept = dispatcher->squeezed = false;
    dispatcher->backlog_left = false;
    dispatcher->leased = NULL;
    int claimed = claim_tests(dispatcher, now);
    claimed += claim_due(dispatcher, now);
    if (claimed > 0 || dispatcher->swept)
        claim_soon(dispatcher); /* there may be more, and this look was worth its while */
    int64_t end = clock_monotonic(), backlog_at = give_way_until(&dispatcher->give_way);
    dispatcher->look_cost = end - start;
    if (dispatcher->backlog_left && backlog_at < end)
        claim_soon(dispatcher); /* it waited for those that were claimed now */
    else if (dispatcher->backlog_left && dispatcher->look_at > backlog_at)
        dispatcher->look_at = backlog_at;
    if (dispatcher->look_at == start + IDLE_POLL_US &&
        POLL_COST_FACTOR * dispatcher->look_cost > IDLE_POLL_US)
        dispatcher->look_at = end + POLL_COST_FACTOR * dispatcher->look_cost;
}

void claim_forget(struct dispatcher *dispatcher)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_LAST(&dispatcher->claimed, transfer_list)) && transfer != dispatcher->leased) {
        TAILQ_REMOVE(&dispatcher->claimed, transfer, link);
        lane_land(transfer->lane, false);
        lane_settle(transfer->lane);
        send_recycle(dispatcher, transfer);
    }
}

void claim_soon(struct dispatcher *dispatcher)
{
    int64_t gap = 2 * dispatcher->look_cost;
    if (dispatcher->look_at > dispatcher->looked_at + gap)
        dispatcher->look_at = dispatcher->looked_at + gap;
}

int64_t claim_due_at(const struct dispatcher *dispatcher)
{
    return room_size(room_left(dispatcher)) > 0 ? dispatcher->look_at : INT64_MAX;
}
