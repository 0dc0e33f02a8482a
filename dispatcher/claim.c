#include "dispatcher/claim.h"

#include "base/log.h"
#include "dispatcher/hold.h"
#include "dispatcher/lease.h"
#include "dispatcher/pace.h"
#include "dispatcher/send.h"
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

struct room claim_room(const struct dispatcher *dispatcher)
{
    const struct transfer *transfer = TAILQ_FIRST(&dispatcher->claimed);
    int taken = dispatcher->webhooks.flying;
    for (; transfer; transfer = TAILQ_NEXT(transfer, link))
        taken++; /* in this look already */
    return (struct room){
        .quick = dispatcher->parallel - (taken - dispatcher->webhooks.slow),
        .all = SLOW_FACTOR * dispatcher->parallel - taken,
    };
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
    left_log(dispatcher->db, dispatcher->turn, company, rows);
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

static int claim_rows(struct dispatcher *dispatcher, const struct claim *claim, const char *state, int most)
{
    if (most <= 0)
        return 0;
    struct rows rows = db_all(dispatcher->db, dispatcher->turn, &LOCK_ROWS,
                              BIND(value_text(state), value_id(claim->lane->endpoint), value_time(claim->now),
                                   value_id(claim->company), value_int(most)));
    dispatcher->more_left |= rows.count == (size_t)most;
    return take_rows(dispatcher, claim->lane, claim->company, rows, claim->endpoint, claim->fence,
                     claim->now);
}

bool claim_is_due(instant at, instant now)
{
    return at != 0 && at <= now;
}

/* Fresh events first; what is tried again has what they leave, and a quarter at least. */
static int claim_both(struct dispatcher *dispatcher, const struct claim *claim, int share)
{
    bool fresh = claim_is_due(claim->fresh_at, claim->now), again = claim_is_due(claim->again_at, claim->now);
    int kept = fresh && again ? lane_retry_part(claim->lane, share) : 0;
    int got = fresh ? claim_rows(dispatcher, claim, "pending", share - kept) : 0;
    return again ? got + claim_rows(dispatcher, claim, "retrying", share - got) : got;
}

/* The probe of an endpoint that was cut off is what has waited longest. */
static int claim_probe(struct dispatcher *dispatcher, const struct claim *claim)
{
    bool again = claim_is_due(claim->again_at, claim->now) &&
                 (claim->fresh_at == 0 || claim->again_at <= claim->fresh_at);
    return claim_rows(dispatcher, claim, again ? "retrying" : "pending", 1);
}

static const struct row *read_endpoint(struct dispatcher *dispatcher, struct id company, struct id endpoint)
{
    return db_one(dispatcher->db, dispatcher->turn, &READ_ENDPOINT,
                  BIND(value_id(company), value_id(endpoint)));
}

int claim_lane(struct dispatcher *dispatcher, struct claim *claim, int share)
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
    struct room room = claim_room(dispatcher);
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
int claim_tests(struct dispatcher *dispatcher, instant now)
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
