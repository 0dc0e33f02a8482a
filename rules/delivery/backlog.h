/*
 * backlog: what is due and not sent yet, for /metrics and the alarms.
 *
 * Only what the dispatcher should be sending counts: deliveries of endpoints that are on, not resting behind
 * their breaker and not over their rate limit; what has waited for one of these waits for the dispatcher only
 * since it ended. Looks are bounded however many rows wait: one dive into the
 * index for each endpoint's oldest row, and counts that stop at BACKLOG_MOST.
 */
#ifndef RULES_DELIVERY_BACKLOG_H
#define RULES_DELIVERY_BACKLOG_H

#include "db/db.h"

enum { BACKLOG_MOST = 10000 };

struct backlog {
    int64_t due, overdue;  /* rows; BACKLOG_MOST stands for that many or more */
    instant oldest_due_at; /* 0: nothing is due */
};

/* Deliveries; overdue are those due for more than `patience` milliseconds. */
struct backlog backlog_deliveries(struct db *db, struct pool *pool, instant now, int64_t patience);
/* The same of one company. */
struct backlog backlog_of_company(struct db *db, struct pool *pool, struct id company, instant now,
                                  int64_t patience);
/* Companies with deliveries due since `before` or earlier, the longest waiting first: rows of company_id and
 * oldest_due_at. */
struct rows backlog_companies(struct db *db, struct pool *pool, instant now, instant before, int64_t limit);

/* Messages that wait for their first or another try. */
struct backlog backlog_messages(struct db *db, struct pool *pool, instant now, int64_t patience);

#endif
