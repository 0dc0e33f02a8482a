#include "dispatcher/lease.h"

#include "base/config.h"

enum { LEASE_ROWS_MOST = 32, LEASE_ROWS_LEAST = 4 };

/* One list costs two thirds of as many rows in bulk; few rows of many companies go in bulk. */
static const struct statement LEASE_ROWS = {
    "UPDATE deliveries SET fence = ?, due_at = ? WHERE company_id = ? "
    "AND id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?)",
    .in = "utuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"
};

static const struct statement LEASE_ROW = {
    "UPDATE deliveries SET fence = ?, due_at = ? WHERE id = ? AND company_id = ?", .in = "utuu"
};

/* How many transfers from this one on are of one company, LEASE_ROWS_MOST at most. */
static int company_run(const struct transfer *transfer)
{
    int run = 0;
    for (struct id company = transfer->company; transfer; transfer = TAILQ_NEXT(transfer, link), run++)
        if (run == LEASE_ROWS_MOST || !id_equal(transfer->company, company))
            break;
    return run;
}

/* Leases a run in one statement; a short list is filled up with its last row. Returns the transfer behind it.
 */
static struct transfer *lease_run(struct dispatcher *dispatcher, struct transfer *transfer, int run,
                                  instant until)
{
    struct value values[3 + LEASE_ROWS_MOST] = { value_id(transfer->fence), value_time(until),
                                                 value_id(transfer->company) };
    for (int i = 0; i < run; i++, transfer = TAILQ_NEXT(transfer, link))
        values[3 + i] = value_id(transfer->delivery);
    for (int i = run; i < LEASE_ROWS_MOST; i++)
        values[3 + i] = values[2 + run];
    db_run(dispatcher->db, &LEASE_ROWS, values, 3 + LEASE_ROWS_MOST);
    return transfer;
}

void lease_claimed(struct dispatcher *dispatcher, const struct transfer_list *claimed, int count, instant now)
{
    if (count == 0)
        return;
    struct value *values = pool_array(dispatcher->turn, (size_t)count * 4, sizeof *values);
    instant until = now + config_int(CONFIG_DISPATCHER_LEASE) * CLOCK_SECOND;
    struct value *value = values;
    struct transfer *transfer = TAILQ_FIRST(claimed);
    while (transfer) {
        int run = company_run(transfer);
        if (run >= LEASE_ROWS_LEAST) {
            transfer = lease_run(dispatcher, transfer, run, until);
            continue;
        }
        *value++ = value_id(transfer->fence);
        *value++ = value_time(until);
        *value++ = value_id(transfer->delivery);
        *value++ = value_id(transfer->company);
        transfer = TAILQ_NEXT(transfer, link);
    }
    if (value > values)
        db_run_many(dispatcher->db, &LEASE_ROW, values, 4, (size_t)(value - values) / 4);
}
