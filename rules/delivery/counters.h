/*
 * counters: totals that only grow, which /metrics shows. Added to in the transaction of what they count, so
 * that a rollback counts nothing.
 */
#ifndef RULES_DELIVERY_COUNTERS_H
#define RULES_DELIVERY_COUNTERS_H

#include "db/db.h"

struct counter {
    const char *name; /* attempts_delivered */
    int64_t count;
};

/* Adds to each, in the order of their names (so that nobody waits in a circle) and ended by a NULL name; at
 * most COUNTERS_MOST of them. */
enum { COUNTERS_MOST = 8 };
void counters_add(struct db *db, const struct counter *counters);

#endif
