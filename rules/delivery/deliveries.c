#include "rules/delivery/deliveries.h"

#include "rules/delivery/delivery_log.h"
#include "rules/delivery/left.h"

#define DELIVERY_COLUMNS                                                                                     \
    "d.id, d.endpoint_id, d.event_id, v.type AS event_type, d.state, d.test, d.attempts, d.requests,"        \
    " d.due_at, d.settled_at, d.created_at"

/*
 * The same rows by three ways in, each forced: without that a cursor deep in a long list would be reached by
 * reading all before it. The event may have gone before its deliveries.
 */
static const struct statement FIND_OF_COMPANY = {
    "SELECT " DELIVERY_COLUMNS " FROM deliveries d FORCE INDEX (deliveries_company)"
    " LEFT JOIN events v ON v.company_id = d.company_id AND v.id = d.event_id"
    " WHERE d.company_id = ? AND d.id < ?"
    " AND d.id >= ? AND (? IS NULL OR d.state = ?) AND (? IS NULL OR v.type = ?) AND d.created_at >= ?"
    " AND d.created_at < ?"
    " ORDER BY d.id DESC LIMIT ?",
    .in = "uuusssstti",
};

static const struct statement FIND_OF_ENDPOINT = {
    "SELECT " DELIVERY_COLUMNS " FROM deliveries d FORCE INDEX (deliveries_endpoint)"
    " LEFT JOIN events v ON v.company_id = d.company_id AND v.id = d.event_id"
    " WHERE d.company_id = ? AND d.endpoint_id = ? AND d.id < ?"
    " AND d.id >= ? AND (? IS NULL OR d.state = ?) AND (? IS NULL OR v.type = ?) AND d.created_at >= ?"
    " AND d.created_at < ?"
    " ORDER BY d.id DESC LIMIT ?",
    .in = "uuuusssstti",
};

/* An event has one delivery for each endpoint: they are few. */
static const struct statement FIND_OF_EVENT = {
    "SELECT " DELIVERY_COLUMNS " FROM deliveries d FORCE INDEX (deliveries_event)"
    " LEFT JOIN events v ON v.company_id = d.company_id AND v.id = d.event_id"
    " WHERE d.company_id = ? AND d.event_id = ? AND (? IS NULL OR d.endpoint_id = ?)"
    " AND d.id < ? AND (? IS NULL OR d.state = ?) AND (? IS NULL OR v.type = ?) AND d.created_at >= ?"
    " AND d.created_at < ?"
    " ORDER BY d.id DESC LIMIT ?",
    .in = "uuuuusssstti",
};

static const struct statement READ = {
    "SELECT " DELIVERY_COLUMNS " FROM deliveries d"
    " LEFT JOIN events v ON v.company_id = d.company_id AND v.id = d.event_id"
    " WHERE d.company_id = ? AND d.id = ?",
    .in = "uu",
};

/* Where so many rows end that one request looks at. */
static const struct statement LAST_OF_COMPANY = {
    "SELECT id FROM deliveries FORCE INDEX (deliveries_company)"
    " WHERE company_id = ? AND id < ? AND id >= ? ORDER BY id DESC LIMIT 1 OFFSET ?",
    .in = "uuui",
};

static const struct statement LAST_OF_ENDPOINT = {
    "SELECT id FROM deliveries FORCE INDEX (deliveries_endpoint)"
    " WHERE company_id = ? AND endpoint_id = ? AND id < ? AND id >= ? ORDER BY id DESC LIMIT 1 OFFSET ?",
    .in = "uuuui",
};

static const struct statement LOCK = {
    "SELECT d.id, d.state, d.due_at, d.fence, d.requests,"
    " IF(d.fence IS NULL OR d.due_at > ?, NULL, d.due_at) AS leased_until, d.test, d.created_at, e.active,"
    " EXISTS (SELECT 1 FROM events v WHERE v.company_id = d.company_id AND v.id = d.event_id) AS kept"
    " FROM (SELECT id, company_id, endpoint_id, event_id, state, due_at, fence, requests, test,"
    " created_at FROM deliveries WHERE company_id = ? AND id = ? FOR UPDATE) d"
    " LEFT JOIN webhook_endpoints e ON e.company_id = d.company_id AND e.id = d.endpoint_id",
    .in = "tuu",
};

/* Without the fence, so that nobody settles it by an answer from before. */
static const struct statement RESEND = {
    "UPDATE deliveries SET state = ?, due_at = ?, attempts = 0, fence = NULL, settled_at = NULL"
    " WHERE company_id = ? AND id = ?",
    .in = "stuu",
};

const char *const delivery_states[] = { "pending", "retrying", "delivered", "failed", "held", NULL };

const struct field delivery_out[] = {
    { "id", FIELD_ID, .prefix = "dlv", .required = true, .doc = "The delivery" },
    { "endpointId", FIELD_ID, .prefix = "whk", .required = true, .doc = "Where to" },
    { "eventId", FIELD_ID, .prefix = "evt", .required = true,
      .doc = "The event: `webhook-id` of its requests" },
    { "eventType", FIELD_TEXT, .required = true, .nullable = true,
      .doc = "What happened; null when the event is not kept any more", .example = "\"booking.created\"" },
    { "state", FIELD_ENUM, .choices = delivery_states, .required = true,
      .doc =
          "Never tried yet, tried again or sent again, taken, given up, or held while the endpoint is off" },
    { "test", FIELD_BOOL, .required = true, .doc = "Whether it is a test send" },
    { "attempts", FIELD_INT, .required = true, .doc = "Those that count against the format's schedule" },
    { "requests", FIELD_INT, .required = true, .doc = "All that were sent, or may have been" },
    { "dueAt", FIELD_TIME, .required = true, .doc = "When the next attempt is or was due" },
    { "settledAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was taken or given up" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When the event happened" },
    { "attemptLog", FIELD_LIST, .element = FIELD_OBJECT, .fields = attempt_out, .required = true,
      .max = DELIVERY_ATTEMPTS_SHOWN,
      .doc = "The requests of this delivery, in order; in a list the latest 20" },
    { 0 }
};

/* ---- reading ---- */

/* The span of ids that a filter can find: a row is made while its event's request runs, which is some time
 * after the moment that both bear. */
static void bounds(const struct delivery_filter *filter, struct id *low, struct id *high)
{
    *low = id_first_of(filter->since > 0 ? filter->since : 1); /* never nil, which would be NULL */
    memset(high->bytes, 0xff, sizeof high->bytes);
    if (filter->until > 0)
        *high = id_first_of(filter->until + CLOCK_MINUTE);
    if (!id_is_nil(filter->before) && id_compare(filter->before, *high) < 0)
        *high = filter->before;
}

static const struct row *last_to_scan(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                                      struct id low, struct id high)
{
    if (id_is_nil(endpoint))
        return db_one(
            db, pool, &LAST_OF_COMPANY,
            BIND(value_id(company), value_id(high), value_id(low), value_int(DELIVERIES_SCANNED - 1)));
    return db_one(db, pool, &LAST_OF_ENDPOINT,
                  BIND(value_id(company), value_id(endpoint), value_id(high), value_id(low),
                       value_int(DELIVERIES_SCANNED - 1)));
}

static struct rows find_rows(struct db *db, struct pool *pool, struct id company,
                             const struct delivery_filter *filter, struct id low, struct id high,
                             int64_t limit)
{
    struct value owner = value_id(company), endpoint = value_id(filter->endpoint),
                 state = value_text(filter->state), type = value_text(filter->type),
                 since = value_time(filter->since > 0 ? filter->since : 0),
                 until = value_time(filter->until > 0 ? filter->until : INSTANT_MAX);

    if (!id_is_nil(filter->event))
        return db_all(db, pool, &FIND_OF_EVENT,
                      BIND(owner, value_id(filter->event), endpoint, endpoint, value_id(high), state, state,
                           type, type, since, until, value_int(limit)));
    if (id_is_nil(filter->endpoint))
        return db_all(db, pool, &FIND_OF_COMPANY,
                      BIND(owner, value_id(high), value_id(low), state, state, type, type, since, until,
                           value_int(limit)));
    return db_all(db, pool, &FIND_OF_ENDPOINT,
                  BIND(owner, endpoint, value_id(high), value_id(low), state, state, type, type, since, until,
                       value_int(limit)));
}

struct rows deliveries_find(struct db *db, struct pool *pool, struct id company,
                            const struct delivery_filter *filter, int64_t limit, const struct row **seen)
{
    static const struct log_size listed = { DELIVERY_ATTEMPTS_LISTED, DELIVERY_RESPONSE_LISTED };
    struct id low, high;

    *seen = NULL;
    bounds(filter, &low, &high);
    if ((filter->state || filter->type) && id_is_nil(filter->event)) {
        *seen = last_to_scan(db, pool, company, filter->endpoint, low, high);
        if (*seen)
            low = row_id(*seen, "id");
    }
    return delivery_logs(db, pool, company, find_rows(db, pool, company, filter, low, high, limit), listed);
}

struct rows deliveries_of_endpoint(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                                   struct id before, int64_t limit)
{
    struct delivery_filter filter = { .endpoint = endpoint, .before = before };
    const struct row *seen;

    return deliveries_find(db, pool, company, &filter, limit, &seen);
}

const struct row *delivery_read(struct db *db, struct pool *pool, struct id company, struct id delivery)
{
    static const struct log_size shown = { DELIVERY_ATTEMPTS_SHOWN, DELIVERY_RESPONSE_SHOWN };
    struct rows rows = db_all(db, pool, &READ, BIND(value_id(company), value_id(delivery)));

    return rows.count > 0 ? delivery_logs(db, pool, company, rows, shown).items : NULL;
}

/* ---- sending again ---- */

static bool is_in_flight(const struct row *row, instant now)
{
    const char *state = row_text(row, "state");
    bool waits = strcmp(state, "pending") == 0 || strcmp(state, "retrying") == 0;

    return waits && !row_is_null(row, "fence") && row_time(row, "due_at") > now;
}

const char *delivery_resend(struct db *db, struct pool *pool, struct id company, struct id delivery,
                            instant now, bool *found)
{
    const struct row *row =
        db_one(db, pool, &LOCK, BIND(value_time(now), value_id(company), value_id(delivery)));
    bool sends;

    *found = row;
    if (!row)
        return NULL;
    if (row_is_null(row, "active"))
        return "its endpoint is removed";
    if (!row_int(row, "kept"))
        return "its event is not kept any more";
    if (is_in_flight(row, now))
        return "it is being sent at this moment";
    left_log(db, pool, company, (struct rows){ 1, row });
    sends = row_int(row, "active") || (row_int(row, "test") && row_time(row, "created_at") > now - CLOCK_DAY);
    db_run(db, &RESEND,
           BIND(value_text(sends ? "retrying" : "held"), value_time(now), value_id(company),
                value_id(delivery)));
    return NULL;
}

/* ---- giving up ---- */

static const struct statement GIVE_UP = {
    "UPDATE deliveries SET state = 'failed', settled_at = ?, fence = NULL WHERE id = ? AND company_id = ?"
    " AND state IN ('pending', 'retrying', 'held')",
    .in = "tuu",
};

uint64_t deliveries_give_up(struct db *db, struct pool *pool, const struct delivery_key *keys, size_t count,
                            instant now)
{
    struct value *values = pool_array(pool, count * 3 + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[3 * i] = value_time(now);
        values[3 * i + 1] = value_id(keys[i].delivery);
        values[3 * i + 2] = value_id(keys[i].company);
    }
    return db_run_many(db, &GIVE_UP, values, 3, count);
}
