#include "rules/backlog.h"

/* The dives of each endpoint that should be sending, as the dispatcher's look for due lanes. */
static const struct statement OLDEST_BY_COMPANY = {
    "SELECT lane.company_id, MIN(lane.due_at) AS oldest_due_at FROM (SELECT endpoint.company_id, "
    "LEAST(COALESCE((SELECT first.due_at FROM deliveries AS first FORCE INDEX (deliveries_lane) "
    "WHERE first.state = 'pending' AND first.endpoint_id = endpoint.id ORDER BY first.due_at LIMIT 1), ?), "
    "COALESCE((SELECT again.due_at FROM deliveries AS again FORCE INDEX (deliveries_lane) "
    "WHERE again.state = 'retrying' AND again.endpoint_id = endpoint.id ORDER BY again.due_at LIMIT 1), ?)) "
    "AS due_at FROM webhook_endpoints AS endpoint WHERE endpoint.active "
    "AND (endpoint.breaker_until IS NULL OR endpoint.breaker_until <= ?) "
    "AND NOT (COALESCE(endpoint.rate_limit, 0) > 0 AND endpoint.rate_used >= endpoint.rate_limit "
    "AND endpoint.rate_window_at > ?)) AS lane "
    "WHERE lane.due_at <= ? GROUP BY lane.company_id ORDER BY oldest_due_at LIMIT ?",
    .in = "ttttti", .out = "ut"
};

/* Endpoint by endpoint along its lane, and no further than the limit. The nil company: all of them. */
static const struct statement COUNT_DUE = {
    "SELECT COUNT(*) AS found FROM (SELECT STRAIGHT_JOIN waiting.id FROM webhook_endpoints AS endpoint "
    "JOIN deliveries AS waiting FORCE INDEX (deliveries_lane) ON waiting.state IN ('pending', 'retrying') "
    "AND waiting.endpoint_id = endpoint.id AND waiting.due_at <= ? "
    "WHERE (? IS NULL OR endpoint.company_id = ?) AND endpoint.active "
    "AND (endpoint.breaker_until IS NULL OR endpoint.breaker_until <= ?) "
    "AND NOT (COALESCE(endpoint.rate_limit, 0) > 0 AND endpoint.rate_used >= endpoint.rate_limit "
    "AND endpoint.rate_window_at > ?) LIMIT ?) AS some",
    .in = "tuutti", .out = "i"
};

static const struct statement OLDEST_MESSAGE = {
    "SELECT company_id, due_at FROM messages WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT 1",
    .in = "t", .out = "ut"
};

static const struct statement COUNT_MESSAGES = {
    "SELECT COUNT(*) AS found FROM (SELECT company_id FROM messages WHERE state = 'pending' AND due_at <= ? "
    "LIMIT ?) AS some",
    .in = "ti", .out = "i"
};

struct rows backlog_companies(struct db *db, struct pool *pool, instant now, instant before, int64_t limit)
{
    return db_all(db, pool, &OLDEST_BY_COMPANY,
                  BIND(value_time(INSTANT_MAX), value_time(INSTANT_MAX), value_time(now),
                       value_time(now - CLOCK_HOUR), value_time(before), value_int(limit)));
}

static int64_t count_due(struct db *db, struct pool *pool, struct id company, instant now, instant before)
{
    const struct row *row =
        db_one(db, pool, &COUNT_DUE,
               BIND(value_time(before), value_id(company), value_id(company), value_time(now),
                    value_time(now - CLOCK_HOUR), value_int(BACKLOG_MOST)));
    return row_int(row, "found");
}

struct backlog backlog_of_company(struct db *db, struct pool *pool, struct id company, instant now,
                                  int64_t patience)
{
    return (struct backlog){ .due = count_due(db, pool, company, now, now),
                             .overdue = count_due(db, pool, company, now, now - patience) };
}

struct backlog backlog_deliveries(struct db *db, struct pool *pool, instant now, int64_t patience)
{
    struct rows oldest = backlog_companies(db, pool, now, now, 1);
    struct backlog backlog = { 0 };
    if (oldest.count == 0)
        return backlog;
    backlog = backlog_of_company(db, pool, (struct id){ { 0 } }, now, patience);
    backlog.oldest_due_at = row_time(&oldest.items[0], "oldest_due_at");
    return backlog;
}

static int64_t count_messages(struct db *db, struct pool *pool, instant before)
{
    return row_int(db_one(db, pool, &COUNT_MESSAGES, BIND(value_time(before), value_int(BACKLOG_MOST))),
                   "found");
}

struct backlog backlog_messages(struct db *db, struct pool *pool, instant now, int64_t patience)
{
    const struct row *oldest = db_one(db, pool, &OLDEST_MESSAGE, BIND(value_time(now)));
    struct backlog backlog = { 0 };
    if (!oldest)
        return backlog;
    backlog.due = count_messages(db, pool, now);
    backlog.overdue = count_messages(db, pool, now - patience);
    backlog.oldest_due_at = row_time(oldest, "due_at");
    return backlog;
}
