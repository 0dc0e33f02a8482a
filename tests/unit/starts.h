/* All starts that a cursor gives, for the tests of availability. */
#ifndef TESTS_UNIT_STARTS_H
#define TESTS_UNIT_STARTS_H

#include "rules/booking/availability.h"

struct starts {
    size_t count;
    instant *items;
};

static struct starts starts_of(struct pool *pool, struct spans open, struct spans busy,
                               const struct service_rule *rule, instant from, instant to)
{
    enum { STARTS_MAX = 30000 };
    struct start_cursor cursor = availability_starts(open, busy, rule, from, to);
    struct starts starts = { 0, pool_array(pool, STARTS_MAX, sizeof(instant)) };

    while (starts.count < STARTS_MAX && availability_next(&cursor, &starts.items[starts.count]))
        starts.count++;
    return starts;
}

#endif
