#include "dispatcher/claim.h"

#include "base/log.h"
#include "dispatcher/hold.h"
#include "dispatcher/pace.h"
#include "dispatcher/shards.h"
#include "rules/booking/reminders.h"
#include "rules/delivery/deliveries.h"
#include "rules/delivery/left.h"

enum { TESTS_AT_ONCE = 50 };

/* Of a day at most, so that it reads little however many tests there ever were. */
static const struct statement FIND_TESTS = {
    "SELECT DISTINCT endpoint_id AS id, company_id FROM deliveries FORCE INDEX (deliveries_test) "
    "WHERE test = TRUE AND id >= ? AND state IN ('pending', 'retrying') AND due_at <= ? "
    "AND (? >> (ORD(RIGHT(endpoint_id, 1)) & 31)) & 1 LIMIT ?",
    .in = "utii"
};

static const struct statement READ_ENDPOINT = {
    "SELECT url, format, secret, previous_secret, previous_until, active, signatures, custom_headers, "
    "retry_limit, failing_since, failing_warned, breaker_failures, breaker_until, rate_limit "
    "FROM webhook_endpoints WHERE company_id = ? AND id = ?",
    .in = "uu"
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
    .in = "sutui"
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
    .in = "uutui"
};

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
    log_info("a reminder is out of date and not sent delivery=%s", id_format(id, "dlv", row_id(row, "id")));
    return true;
}

static struct taken take_rows(struct dispatcher *dispatcher, const struct claim *claim, struct rows rows,
                              struct transfer_list *claimed)
{
    struct taken got = { 0 };
    left_log(dispatcher->db, dispatcher->turn, claim->company, rows);
    for (size_t i = 0; i < rows.count; i++) {
        instant useless_at;
        if (give_up_stale(dispatcher, claim->company, &rows.items[i], claim->now, &useless_at)) {
            got.is_swept = true;
            continue;
        }
        struct transfer *transfer = transfer_take(&dispatcher->transfers);
        transfer->lane = claim->lane;
        transfer->company = claim->company;
        transfer->fence = claim->fence;
        transfer->course.useless_at = useless_at;
        take_endpoint(transfer, claim->endpoint, claim->now);
        take_row(transfer, &rows.items[i]);
        TAILQ_INSERT_TAIL(claimed, transfer, link);
        lane_take(claim->lane);
        got.rows++;
    }
    return got;
}

static struct taken claim_rows(struct dispatcher *dispatcher, const struct claim *claim, const char *state,
                               int most, struct transfer_list *claimed)
{
    if (most <= 0)
        return (struct taken){ 0 };
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_ROWS,
                              BIND(value_text(state), value_id(claim->lane->endpoint), value_time(claim->now),
                                   value_id(claim->company), value_int(most)));
    struct taken got = take_rows(dispatcher, claim, rows, claimed);
    got.is_full = rows.count == (size_t)most;
    return got;
}

bool claim_is_due(instant at, instant now)
{
    return at != 0 && at <= now;
}

/* Fresh events first; what is tried again has what they leave, and a quarter at least. */
static struct taken claim_both(struct dispatcher *dispatcher, const struct claim *claim, int share,
                               struct transfer_list *claimed)
{
    bool fresh = claim_is_due(claim->fresh_at, claim->now), again = claim_is_due(claim->again_at, claim->now);
    int kept = fresh && again ? lane_retry_part(claim->lane, share) : 0;
    struct taken got = { 0 }, more = { 0 };
    if (fresh)
        got = claim_rows(dispatcher, claim, "pending", share - kept, claimed);
    if (again)
        more = claim_rows(dispatcher, claim, "retrying", share - got.rows, claimed);
    return (struct taken){ got.rows + more.rows, got.is_full || more.is_full, got.is_swept || more.is_swept };
}

/* The probe of an endpoint that was cut off is what has waited longest. */
static struct taken claim_probe(struct dispatcher *dispatcher, const struct claim *claim,
                                struct transfer_list *claimed)
{
    bool again = claim_is_due(claim->again_at, claim->now) &&
                 (claim->fresh_at == 0 || claim->again_at <= claim->fresh_at);
    return claim_rows(dispatcher, claim, again ? "retrying" : "pending", 1, claimed);
}

static const struct row *read_endpoint(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    return db_one(dispatcher->db, dispatcher->turn, &READ_ENDPOINT,
                  BIND(value_id(company), value_id(endpoint)));
}

struct taken claim_lane(struct dispatcher *dispatcher, struct claim *claim, int share,
                        struct transfer_list *claimed)
{
    struct lane *lane = claim->lane;
    struct taken got = { 0 };
    claim->endpoint = read_endpoint(dispatcher, claim->company, lane->endpoint);
    if (!claim->endpoint)
        return got; /* deleted this moment */
    if (!row_int(claim->endpoint, "active")) {
        got.is_swept = hold_rows(dispatcher, claim->company, lane->endpoint);
        return got;
    }
    enum breaker breaker = pace_breaker(lane, claim->endpoint, claim->now);
    if (breaker == BREAKER_OPEN || (breaker == BREAKER_HALF_OPEN && lane->unsettled > 0))
        return got;
    struct pace pace = pace_read(dispatcher, lane, claim->company, claim->endpoint, claim->now);
    if (share > pace.left)
        share = pace.left;
    if (breaker == BREAKER_CLOSED)
        got = claim_both(dispatcher, claim, share, claimed);
    else if (share > 0)
        got = claim_probe(dispatcher, claim, claimed);
    pace_spend(dispatcher, lane, claim->company, &pace, got.rows);
    return got;
}

/* ---- test sends ---- */

/* Ids are made by the machine's clock. */
static struct id day_ago(void)
{
    return id_first_of(clock_real() - CLOCK_DAY);
}

struct rows claim_find_tests(struct dispatcher *dispatcher, instant now)
{
    return db_all(dispatcher->db, dispatcher->turn, &FIND_TESTS,
                  BIND(value_id(day_ago()), value_time(now), value_int(shards_mask(dispatcher)),
                       value_int(TESTS_AT_ONCE)));
}

struct taken claim_tests_of(struct dispatcher *dispatcher, const struct row *due, struct id fence,
                            instant now, struct transfer_list *claimed)
{
    struct claim claim = { .company = row_id(due, "company_id"), .fence = fence, .now = now };
    claim.lane = lanes_get(&dispatcher->lanes, row_id(due, "id"), claim.company);
    struct room room = lanes_room(&dispatcher->lanes);
    int share = lane_room(claim.lane), part = lane_company_room(claim.lane, room.quick, room.all);
    claim.endpoint = read_endpoint(dispatcher, claim.company, claim.lane->endpoint);
    if (!claim.endpoint || share == 0 || part == 0)
        return (struct taken){ 0 };
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_TESTS,
                              BIND(value_id(day_ago()), value_id(claim.lane->endpoint), value_time(now),
                                   value_id(claim.company), value_int(share < part ? share : part)));
    return take_rows(dispatcher, &claim, rows, claimed);
}

/* ---- given back ---- */

void claim_forget(struct dispatcher *dispatcher, struct transfer_list *claimed)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_FIRST(claimed))) {
        TAILQ_REMOVE(claimed, transfer, link);
        lane_land(transfer->lane, false);
        lane_settle(transfer->lane);
        transfer_recycle(&dispatcher->transfers, transfer);
    }
}
