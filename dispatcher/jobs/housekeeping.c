/*
 * housekeeping: what has had its time is swept once a minute, a little in each turn. What fills days is
 * partitions.c's, what waits for an endpoint that is gone is orphans.c's.
 */
#include "api/rate.h"
#include "base/config.h"
#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/options.h"
#include "rules/people/keys.h"
#include "rules/people/logins.h"

enum {
    AT_ONCE = 500, /* rows in one turn */
    PAUSE_US = 20000,
    ROUND_EVERY_US = 60000000
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

/* Each does a little, and says whether there is more. */
static bool (*const tasks[])(struct dispatcher *) = { sweep_small, sweep_keys, sweep_messages,
                                                      sweep_recoveries };
enum { TASKS = sizeof tasks / sizeof *tasks };

/* ---- the job ---- */

struct housekeeping {
    int64_t at;  /* the next step */
    size_t task; /* … and what it does; 0: a round begins */
};

static void go_on(struct housekeeping *house)
{
    house->task = (house->task + 1) % TASKS;
    house->at = clock_monotonic() + (house->task == 0 ? ROUND_EVERY_US : 0);
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct housekeeping *house = state;
    size_t task = house->task;
    go_on(house); /* should this one fail the others have their turn; it has its next in a minute */
    if (!tasks[task](dispatcher))
        return;
    bool pause = !dispatcher->options->once; /* one that only does what is due ends the sooner */
    house->task = task;
    house->at = clock_monotonic() + (pause ? PAUSE_US : 0);
}

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct housekeeping *)state)->at;
}

/* The first round is. */
static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    const struct housekeeping *house = state;
    (void)dispatcher;
    return house->at > 0 && house->task == 0;
}

const struct job housekeeping_job = { .name = "housekeeping",
                                      .leader_only = true,
                                      .size = sizeof(struct housekeeping),
                                      .due_at = due_at,
                                      .is_over = is_over,
                                      .step = step };
