#include "dispatcher/housekeeping.h"

#include "api/rate.h"
#include "base/config.h"
#include "base/log.h"
#include "dispatcher/orphans.h"
#include "dispatcher/partitions.h"
#include "dispatcher/shards.h"
#include "rules/people/keys.h"
#include "rules/people/logins.h"

enum {
    AT_ONCE = 500, /* rows in one turn */
    PAUSE_US = 20000,
    ROUND_EVERY_US = 60000000,
    LEAD_EVERY_US = 1000000 /* who does not lead may do so soon */
};

/* Rows that have had their time: `find` gives the columns that `drop` binds, a bounded number of them. */
struct sweep {
    const char *what;
    const struct statement *find, *drop;
};

static const struct statement OLD_KEYS = {
    "SELECT scope, company_id FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?", .in = "ti"
};
static const struct statement DROP_KEY = {
    "DELETE FROM idempotency_keys WHERE scope = ? AND company_id <=> ?", .in = "su"
};

static const struct statement OLD_MESSAGES = {
    "SELECT id, company_id FROM messages WHERE state IN ('sent', 'failed') AND due_at < ? AND settled_at < ? "
    "LIMIT ?",
    .in = "tti"
};
static const struct statement DROP_MESSAGE = { "DELETE FROM messages WHERE id = ? AND company_id <=> ?",
                                               .in = "uu" };

static const struct statement OLD_RECOVERIES = {
    "SELECT id, company_id FROM recoveries WHERE state IN ('done', 'stopped') AND updated_at < ? LIMIT ?",
    .in = "ti"
};
static const struct statement DROP_RECOVERY = { "DELETE FROM recoveries WHERE id = ? AND company_id = ?",
                                                .in = "uu" };

static const struct sweep old_keys = { "idempotency_keys", &OLD_KEYS, &DROP_KEY };
static const struct sweep old_messages = { "messages", &OLD_MESSAGES, &DROP_MESSAGE };
static const struct sweep old_recoveries = { "recoveries", &OLD_RECOVERIES, &DROP_RECOVERY };

/* `bounds` end with AT_ONCE. */
static bool sweep(struct dispatcher *dispatcher, const struct sweep *sweep, const struct value *bounds,
                  size_t bound_count)
{
    struct rows old = db_all(dispatcher->db, dispatcher->turn, sweep->find, bounds, bound_count);
    if (old.count == 0)
        return false;
    size_t width = old.items[0].count;
    struct value *values = pool_array(dispatcher->turn, old.count * width, sizeof *values);
    for (size_t i = 0; i < old.count; i++)
        memcpy(values + i * width, old.items[i].values, width * sizeof *values);
    db_run_many(dispatcher->db, sweep->drop, values, width, old.count);
    log_info("swept %s=%zu", sweep->what, old.count);
    return old.count == AT_ONCE;
}

/* ---- the round ---- */

static bool sweep_small(struct dispatcher *dispatcher)
{
    instant now = clock_now();
    logins_sweep(dispatcher->db, now);
    keys_sweep(dispatcher->db, dispatcher->turn, now);
    rate_sweep(dispatcher->db, now);
    return false;
}

static bool sweep_keys(struct dispatcher *dispatcher)
{
    return sweep(dispatcher, &old_keys, BIND(value_time(clock_now() - CLOCK_DAY), value_int(AT_ONCE)));
}

static struct value retained_since(void)
{
    return value_time(clock_now() - config_int(CONFIG_RETENTION_DAYS) * CLOCK_DAY);
}

static bool sweep_messages(struct dispatcher *dispatcher)
{
    return sweep(dispatcher, &old_messages, BIND(retained_since(), retained_since(), value_int(AT_ONCE)));
}

static bool sweep_recoveries(struct dispatcher *dispatcher)
{
    return sweep(dispatcher, &old_recoveries, BIND(retained_since(), value_int(AT_ONCE)));
}

static bool keep_partitions(struct dispatcher *dispatcher)
{
    partitions_keep(dispatcher);
    return false;
}

/* Each does a little, and says whether there is more. */
static bool (*const jobs[])(struct dispatcher *) = { sweep_small,      sweep_keys,    sweep_messages,
                                                     sweep_recoveries, orphans_sweep, keep_partitions };
enum { JOBS = sizeof jobs / sizeof *jobs };

static void step(struct dispatcher *dispatcher)
{
    bool more = jobs[dispatcher->house_job](dispatcher);
    bool pause = more && !dispatcher->once; /* one that only does what is due ends the sooner */
    dispatcher->house_job += !more;
    dispatcher->house_at = clock_monotonic() + (pause ? PAUSE_US : 0);
}

bool housekeeping_is_due(const struct dispatcher *dispatcher)
{
    return clock_monotonic() >= dispatcher->house_at;
}

bool housekeeping_is_over(const struct dispatcher *dispatcher)
{
    return dispatcher->house_at > 0 && dispatcher->house_job == 0;
}

void housekeeping_keep(struct dispatcher *dispatcher)
{
    enum fault fault;
    if (dispatcher->house_job == 0)
        lanes_forget(&dispatcher->lanes, clock_now());
    if (!shards_lead(dispatcher)) {
        dispatcher->house_job = 0;
        dispatcher->house_at = clock_monotonic() + LEAD_EVERY_US;
        return;
    }
    if (!dispatcher_guarded(dispatcher, step, &fault))
        dispatcher->house_job++; /* the others shall have their turn; it has its next in a minute */
    if (dispatcher->house_job < JOBS)
        return;
    dispatcher->house_job = 0;
    dispatcher->house_at = clock_monotonic() + ROUND_EVERY_US;
}
