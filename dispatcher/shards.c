#include "dispatcher/shards.h"

#include "base/config.h"
#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/options.h"

enum {
    RENEWALS = 5,           /* in a lease */
    HUNGRY_US = 1000000,    /* who waits for others to give back looks more often */
    CLOCK_TOLERANCE = 1000, /* milliseconds */
    FORGOTTEN_AFTER = 10    /* leases: a row of a dispatcher that was killed and never came again */
};

static const uint32_t ALL_SHARDS = UINT32_MAX;

static const struct statement SEEN = {
    "INSERT INTO dispatchers (id, name, seen_at) VALUES (?, ?, UTC_TIMESTAMP(3)) "
    "ON DUPLICATE KEY UPDATE seen_at = VALUES(seen_at)",
    .in = "us"
};

/* Whoever had our name is gone or leaving: we hold the lock of it. Read first and then named one by one: a
 * search that locks would meet those of others who come at the same moment. */
static const struct statement PREDECESSORS = { "SELECT id FROM dispatchers WHERE name = ? AND id <> ?",
                                               .in = "su" };

static const struct statement INHERIT = { "UPDATE dispatcher_shards SET holder = ? WHERE holder = ?",
                                          .in = "uu" };

static const struct statement RENEW = {
    "UPDATE dispatcher_shards SET leased_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND WHERE holder = ?",
    .in = "iu"
};

static const struct statement LOOK = {
    "SELECT (SELECT BIT_OR(1 << shard) FROM dispatcher_shards WHERE holder = ?) AS mine, "
    "(SELECT COUNT(*) FROM dispatchers WHERE seen_at > UTC_TIMESTAMP(3) - INTERVAL ? SECOND) AS alive",
    .in = "ui"
};

static const struct statement TAKE = {
    "UPDATE dispatcher_shards SET holder = ?, leased_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND "
    "WHERE holder IS NULL OR leased_until IS NULL OR leased_until <= UTC_TIMESTAMP(3) "
    "ORDER BY shard LIMIT ?",
    .in = "uii"
};

static const struct statement GIVE_BACK = {
    "UPDATE dispatcher_shards SET holder = NULL, leased_until = NULL WHERE holder = ? AND (? >> shard) & 1",
    .in = "ui"
};

static const struct statement LEAVE = { "DELETE FROM dispatchers WHERE id = ?", .in = "u" };

static const struct statement FORGOTTEN = {
    "SELECT id FROM dispatchers WHERE seen_at < UTC_TIMESTAMP(3) - INTERVAL ? SECOND", .in = "i"
};

static const struct statement CLOCK = { "SELECT UTC_TIMESTAMP(3) AS time" };

struct shards {
    struct id id;                 /* of this process */
    const char *name;             /* it works by */
    bool entered;                 /* it has a row among the living */
    uint32_t held;                /* a bit each; worth nothing from `until` on */
    int64_t until;                /* clock_monotonic() when the lease may have run out */
    int64_t renewed_at, renew_at; /* the last renewal, whatever came of it; the next one */
};

/* ---- what is ours ---- */

int64_t shards_mask(const struct dispatcher *dispatcher)
{
    const struct shards *shards = dispatcher->shards;
    if (dispatcher->options->once)
        return ALL_SHARDS;
    return clock_monotonic() < shards->until ? shards->held : 0;
}

bool shards_own(const struct dispatcher *dispatcher, struct id endpoint)
{
    return shards_mask(dispatcher) >> (endpoint.bytes[15] & (SHARDS - 1)) & 1;
}

bool shards_lead(const struct dispatcher *dispatcher)
{
    return shards_mask(dispatcher) & 1;
}

static int count_bits(uint32_t bits)
{
    return __builtin_popcount(bits);
}

/* All but the `keep` lowest: so shard 0, with what only one may do, moves as seldom as can be. */
static uint32_t surplus(uint32_t mine, int keep)
{
    for (; keep > 0; keep--)
        mine &= mine - 1;
    return mine;
}

/* ---- coming and staying ---- */

void shards_enter(struct dispatcher *dispatcher, const char *own_name)
{
    struct shards *shards = dispatcher->shards;
    shards->name = own_name;
    if (id_is_nil(shards->id))
        shards->id = id_new(); /* not sooner: ids never go back, and by now the clock is right */
    struct value name = value_text(own_name), id = value_id(shards->id);
    struct rows old = db_all(dispatcher->db, dispatcher->turn, &PREDECESSORS, BIND(name, id));
    db_begin(dispatcher->db); /* so that nobody counts us beside the one whose place we take */
    db_run(dispatcher->db, &SEEN, BIND(id, name));
    for (size_t i = 0; i < old.count; i++) {
        struct value predecessor = value_id(row_id(&old.items[i], "id"));
        db_run(dispatcher->db, &INHERIT, BIND(id, predecessor));
        db_run(dispatcher->db, &LEAVE, BIND(predecessor));
    }
    db_commit(dispatcher->db);
    shards->entered = true;
    shards->renew_at = 0;
}

static void forget_old(struct dispatcher *dispatcher, int64_t lease)
{
    struct rows old =
        db_all(dispatcher->db, dispatcher->turn, &FORGOTTEN, BIND(value_int(lease * FORGOTTEN_AFTER)));
    for (size_t i = 0; i < old.count; i++)
        db_run(dispatcher->db, &LEAVE, BIND(value_id(row_id(&old.items[i], "id"))));
}

static const struct row *look(struct dispatcher *dispatcher, int64_t lease)
{
    return db_one(dispatcher->db, dispatcher->turn, &LOOK,
                  BIND(value_id(dispatcher->shards->id), value_int(lease)));
}

/* Takes what is free or gives back what is too much; returns what is ours then. */
static uint32_t even_out(struct dispatcher *dispatcher, uint32_t mine, int share, int64_t lease)
{
    struct shards *shards = dispatcher->shards;
    uint32_t extra = surplus(mine, share);
    if (extra != 0) {
        shards->held = mine & ~extra; /* whether or not we hear that it is done */
        db_run(dispatcher->db, &GIVE_BACK, BIND(value_id(shards->id), value_int(extra)));
        return mine & ~extra;
    }
    int wanted = share - count_bits(mine);
    if (wanted == 0 ||
        db_run(dispatcher->db, &TAKE, BIND(value_id(shards->id), value_int(lease), value_int(wanted))) == 0)
        return mine;
    wake_soon(&dispatcher->wake);
    return (uint32_t)row_int(look(dispatcher, lease), "mine");
}

static void renew(struct dispatcher *dispatcher, struct shards *shards)
{
    int64_t start = clock_monotonic(), lease = config_int(CONFIG_DISPATCHER_SHARD_LEASE);
    uint32_t before = (uint32_t)shards_mask(dispatcher);
    db_run(dispatcher->db, &SEEN, BIND(value_id(shards->id), value_text(shards->name)));
    db_run(dispatcher->db, &RENEW, BIND(value_int(lease), value_id(shards->id)));
    const struct row *row = look(dispatcher, lease);
    int alive = (int)row_int(row, "alive");
    uint32_t mine = (uint32_t)row_int(row, "mine");
    if (alive < 1)
        alive = 1;
    mine = even_out(dispatcher, mine, (SHARDS + alive - 1) / alive, lease);
    shards->held = mine;
    shards->until = start + lease * 1000000;
    shards->renew_at = start + lease * 1000000 / RENEWALS;
    if (count_bits(mine) < SHARDS / alive && shards->renew_at > start + HUNGRY_US)
        shards->renew_at = start + HUNGRY_US;
    if (mine & 1)
        forget_old(dispatcher, lease);
    if (mine != before)
        log_info("shards held=%d of=%d dispatchers=%d", count_bits(mine), SHARDS, alive);
}

/* ---- leaving ---- */

static void leave_step(struct dispatcher *dispatcher, void *state)
{
    struct value id = value_id(((const struct shards *)state)->id);
    db_begin(dispatcher->db);
    db_run(dispatcher->db, &GIVE_BACK, BIND(id, value_int(ALL_SHARDS)));
    db_run(dispatcher->db, &LEAVE, BIND(id));
    db_commit(dispatcher->db);
}

void shards_leave(struct dispatcher *dispatcher, bool handed_over)
{
    struct shards *shards = dispatcher->shards;
    bool entered = shards->entered;
    shards->held = 0;
    shards->until = 0;
    shards->entered = false;
    if (entered && !handed_over && !dispatcher->outage.away)
        database_guarded(dispatcher, leave_step, shards);
}

/* ---- the clock ---- */

void shards_check_clock(struct dispatcher *dispatcher)
{
    int64_t start = clock_monotonic();
    instant machine = clock_real() - clock_offset();
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &CLOCK, BIND_NONE);
    int64_t took = (clock_monotonic() - start) / 1000;
    if (!row || took > CLOCK_TOLERANCE)
        return; /* too slow an answer to tell the time by */
    int64_t ahead = row_time(row, "time") - (machine + took / 2);
    if (llabs(ahead - clock_offset()) <= CLOCK_TOLERANCE)
        return;
    clock_set_offset(llabs(ahead) > CLOCK_TOLERANCE ? ahead : 0);
    if (clock_offset() != 0)
        log_warn("this machine's clock is not the database's, whose time is followed differs_ms=%lld",
                 (long long)-ahead);
    else
        log_info("this machine's clock is the database's again");
}

/* ---- the job ---- */

static void init(struct dispatcher *dispatcher, void *state)
{
    dispatcher->shards = state;
}

/* A database that was away may have given them to others. */
static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    const struct shards *shards = state;
    if (dispatcher->options->once)
        return INT64_MAX;
    return shards->renewed_at < dispatcher->outage.back_at ? 0 : shards->renew_at;
}

static void step(struct dispatcher *dispatcher, void *state)
{
    struct shards *shards = state;
    shards->renewed_at = clock_monotonic();
    shards->renew_at = shards->renewed_at + HUNGRY_US; /* should this fail */
    renew(dispatcher, shards);
    shards_check_clock(dispatcher);
}

const struct job shards_job = {
    .name = "shards", .size = sizeof(struct shards), .init = init, .due_at = due_at, .step = step
};
