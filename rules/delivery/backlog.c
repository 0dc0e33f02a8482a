#include "rules/delivery/backlog.h"

/*
 * The dives of each endpoint that should be sending, as the dispatcher's look for due lanes. A row waits for
 * us only from when it may be sent: behind a breaker since its end, under a rate limit since the window began
 * that has room for it.
 */
static const struct statement OLDEST_BY_COMPANY = {
    "SELECT lane.company_id, MIN(lane.due_at) AS oldest_due_at FROM (SELECT endpoint.company_id, "
    "GREATEST(LEAST("
    "COALESCE((SELECT first.due_at FROM deliveries AS first FORCE INDEX (deliveries_lane) "
    "WHERE first.state = 'pending' AND first.endpoint_id = endpoint.id ORDER BY first.due_at LIMIT 1), ?), "
    "COALESCE((SELECT again.due_at FROM deliveries AS again FORCE INDEX (deliveries_lane) "
    "WHERE again.state = 'retrying' AND again.endpoint_id = endpoint.id ORDER BY again.due_at LIMIT 1), ?)), "
    "COALESCE(endpoint.breaker_until, TIMESTAMP '1000-01-01 00:00:00'), "
    "IF(COALESCE(endpoint.rate_limit, 0) > 0 AND endpoint.rate_window_at <= ?, endpoint.rate_window_at "
    "+ INTERVAL IF(endpoint.rate_used >= endpoint.rate_limit, 3600, 0) SECOND, "
    "TIMESTAMP '1000-01-01 00:00:00')) "
    "AS due_at FROM webhook_endpoints AS endpoint WHERE endpoint.active "
    "AND COALESCE(endpoint.breaker_until <= ?, TRUE)) AS lane "
    "WHERE lane.due_at <= ? GROUP BY lane.company_id ORDER BY oldest_due_at LIMIT ?",
    .in = "ttttti"
};

/*
 * Endpoint by endpoint along its lane, and no further than the limit; either state by itself, or the whole of
 * both would be joined with all endpoints. The nil company: all of them.
 */
static const struct statement COUNT_DUE = {
    "SELECT (SELECT COUNT(*) FROM (SELECT STRAIGHT_JOIN waiting.id FROM webhook_endpoints AS endpoint "
    "JOIN deliveries AS waiting FORCE INDEX (deliveries_lane) ON waiting.state = 'pending' "
    "AND waiting.endpoint_id = endpoint.id AND waiting.due_at <= ? "
    "WHERE (? IS NULL OR endpoint.company_id = ?) AND endpoint.active "
    "AND COALESCE(endpoint.breaker_until <= ?, TRUE) "
    "AND NOT (COALESCE(endpoint.rate_limit, 0) > 0 AND COALESCE(endpoint.rate_window_at <= ?, FALSE) "
    "AND endpoint.rate_window_at + INTERVAL IF(endpoint.rate_used >= endpoint.rate_limit, 3600, 0) SECOND > "
    "?) "
    "LIMIT ?) AS fresh) + "
    "(SELECT COUNT(*) FROM (SELECT STRAIGHT_JOIN waiting.id FROM webhook_endpoints AS endpoint "
    "JOIN deliveries AS waiting FORCE INDEX (deliveries_lane) ON waiting.state = 'retrying' "
    "AND waiting.endpoint_id = endpoint.id AND waiting.due_at <= ? "
    "WHERE (? IS NULL OR endpoint.company_id = ?) AND endpoint.active "
    "AND COALESCE(endpoint.breaker_until <= ?, TRUE) "
    "AND NOT (COALESCE(endpoint.rate_limit, 0) > 0 AND COALESCE(endpoint.rate_window_at <= ?, FALSE) "
    "AND endpoint.rate_window_at + INTERVAL IF(endpoint.rate_used >= endpoint.rate_limit, 3600, 0) SECOND > "
    "?) "
    "LIMIT ?) AS again) AS found",
    .in = "tuutttituuttti"
};

static const struct statement OLDEST_MESSAGE = {
    "SELECT company_id, due_at FROM messages WHERE state = 'pending' AND due_at <= ? ORDER BY due_at LIMIT 1",
    .in = "t"
};

static const struct statement COUNT_MESSAGES = {
    "SELECT COUNT(*) AS found FROM (SELECT company_id FROM messages WHERE state = 'pending' AND due_at <= ? "
    "LIMIT ?) AS some",
    .in = "ti"
};

struct rows backlog_companies(struct db *db, struct pool *pool, instant now, instant before, int64_t limit)
{
    return db_all(db, pool, &OLDEST_BY_COMPANY,
                  BIND(value_time(INSTANT_MAX), value_time(INSTANT_MAX), value_time(now), value_time(before),
                       value_time(before), value_int(limit)));
}

static int64_t count_due(struct db *db, struct pool *pool, struct id company, instant now, instant before)
{
    struct value until = value_time(before), clock = value_time(now), owner = value_id(company),
                 most = value_int(BACKLOG_MOST);
    const struct row *row = db_one(
        db, pool, &COUNT_DUE,
        BIND(until, owner, owner, until, clock, until, most, until, owner, owner, until, clock, until, most));
    int64_t found = row_int(row, "found");
    return found < BACKLOG_MOST ? found : BACKLOG_MOST;
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
