#include "rules/delivery/counters.h"

static const struct statement ADD = {
    "INSERT INTO counters (name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE value = value + VALUES(value)",
    .in = "si",
};

void counters_add(struct db *db, const struct counter *counters)
{
    struct value values[2 * COUNTERS_MOST];
    size_t rows = 0;
    for (const struct counter *counter = counters; counter->name; counter++) {
        if (counter->count == 0)
            continue;
        values[2 * rows] = value_text(counter->name);
        values[2 * rows + 1] = value_int(counter->count);
        rows++;
    }
    if (rows > 0)
        db_run_many(db, &ADD, values, 2, rows);
}
