#include "dispatcher/housekeeping.h"

#include "core/config.h"
#include "core/log.h"
#include "core/rate.h"
#include "rules/keys.h"
#include "rules/logins.h"

enum { AT_ONCE = 500, ROUNDS_MOST = 20 };

/* Rows that have had their time: `find` gives the columns that `drop` binds, a bounded number of them. */
struct sweep {
    const char *what;
    const struct statement *find, *drop;
};

static const struct statement OLD_KEYS = {
    "SELECT scope, company_id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?",
    .in = "ti", .out = "su"
};
static const struct statement DROP_KEY = {
    "DELETE FROM idempotency_keys WHERE scope = ? AND company_id <=> ?", .in = "su"
};

static const struct statement OLD_MESSAGES = {
    "SELECT id, company_id FROM messages WHERE state IN ('sent', 'failed') AND due_at < ? AND settled_at < ? "
    "LIMIT ?",
    .in = "tti", .out = "uu"
};
static const struct statement DROP_MESSAGE = { "DELETE FROM messages WHERE id = ? AND company_id <=> ?",
                                               .in = "uu" };

static const struct statement OLD_RECOVERIES = {
    "SELECT id, company_id FROM recoveries WHERE state IN ('done', 'stopped') AND updated_at < ? LIMIT ?",
    .in = "ti", .out = "uu"
};
static const struct statement DROP_RECOVERY = { "DELETE FROM recoveries WHERE id = ? AND company_id = ?",
                                                .in = "uu" };

/* Rows whose endpoint is gone: deleted while their event was being written, or with more rows than one
 * request gives up. */
static const struct statement ORPHANS = {
    "SELECT orphan.id, orphan.company_id "
    "FROM (SELECT DISTINCT state, endpoint_id FROM deliveries WHERE state IN ('pending', 'retrying', "
    "'held')) "
    "AS lane LEFT JOIN webhook_endpoints AS endpoint ON endpoint.id = lane.endpoint_id "
    "JOIN deliveries AS orphan ON orphan.state = lane.state AND orphan.endpoint_id = lane.endpoint_id "
    "WHERE endpoint.id IS NULL LIMIT ?",
    .in = "i", .out = "uu"
};
static const struct statement ABANDON = {
    "UPDATE deliveries SET state = 'failed', settled_at = ? WHERE id = ? AND company_id = ? "
    "AND state IN ('pending', 'retrying', 'held')",
    .in = "tuu"
};

static const struct sweep old_keys = { "idempotency_keys", &OLD_KEYS, &DROP_KEY };
static const struct sweep old_messages = { "messages", &OLD_MESSAGES, &DROP_MESSAGE };
static const struct sweep old_recoveries = { "recoveries", &OLD_RECOVERIES, &DROP_RECOVERY };
static const struct sweep orphans = { "deliveries_without_endpoint", &ORPHANS, &ABANDON };

/* One round; `first` is bound before each row's columns where it is not NULL. Returns how many went. */
static size_t sweep_round(struct dispatcher *dispatcher, const struct sweep *sweep, const struct value *first,
                          const struct value *bounds, size_t bound_count)
{
    struct rows old = db_all(dispatcher->db, dispatcher->turn, sweep->find, bounds, bound_count);
    if (old.count == 0)
        return 0;
    size_t before = first ? 1 : 0, width = before + old.items[0].count;
    struct value *values = pool_array(dispatcher->turn, old.count * width, sizeof *values);
    for (size_t i = 0; i < old.count; i++) {
        if (first)
            values[i * width] = *first;
        memcpy(values + i * width + before, old.items[i].values, old.items[i].count * sizeof *values);
    }
    db_run_many(dispatcher->db, sweep->drop, values, width, old.count);
    return old.count;
}

/* `bounds` end with the most rows of a round. */
static void sweep_all(struct dispatcher *dispatcher, const struct sweep *sweep, const struct value *first,
                      const struct value *bounds, size_t bound_count)
{
    size_t all = 0, got = AT_ONCE;
    for (int i = 0; i < ROUNDS_MOST && got == AT_ONCE; i++)
        all += got = sweep_round(dispatcher, sweep, first, bounds, bound_count);
    if (all > 0)
        log_info("swept %s=%zu", sweep->what, all);
}

void housekeeping_run(struct dispatcher *dispatcher)
{
    instant now = clock_now();
    logins_sweep(dispatcher->db, now);
    keys_sweep(dispatcher->db, dispatcher->turn, now);
    rate_sweep(dispatcher->db, now);
    struct value most = value_int(AT_ONCE), time = value_time(now), day_ago = value_time(now - CLOCK_DAY);
    struct value old = value_time(now - config_int(CONFIG_RETENTION_DAYS) * CLOCK_DAY);
    sweep_all(dispatcher, &old_keys, NULL, BIND(day_ago, most));
    sweep_all(dispatcher, &old_messages, NULL, BIND(old, old, most));
    sweep_all(dispatcher, &old_recoveries, NULL, BIND(old, most));
    sweep_all(dispatcher, &orphans, &time, BIND(most));
}
