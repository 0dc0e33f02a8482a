#include "dispatcher/claim.h"

#include "core/config.h"
#include "core/log.h"
#include "dispatcher/hold.h"
#include "dispatcher/send.h"
#include "dispatcher/shards.h"
#include "rules/reminders.h"

enum {
    IDLE_POLL_US = 200000, /* finds what nobody poked for */
    SHARE_LEAST = 8,     /* rows of one lane in one look: a lane costs two round trips however few it gives */
    POLL_COST_FACTOR = 8 /* polling alone takes at most this part of the time */
};

/*
 * One dive into deliveries_lane for each endpoint, to the first row of its lane: some microseconds each,
 * however many rows wait. (A loose index scan over the lanes would visit only those with rows, but the
 * optimizer chooses it by statistics, which are stale just when a lane has filled up.) The bits are the
 * shards that are ours.
 */
static const struct statement FIND_LANES = {
    "SELECT endpoint.id, endpoint.company_id FROM webhook_endpoints AS endpoint "
    "WHERE (? >> (ORD(RIGHT(endpoint.id, 1)) & 31)) & 1 AND (SELECT first.due_at FROM deliveries AS first "
    "FORCE INDEX (deliveries_lane) "
    "WHERE first.state = 'pending' AND first.endpoint_id = endpoint.id ORDER BY first.due_at LIMIT 1) <= ?",
    .in = "it", .out = "uu"
};

static const struct statement READ_ENDPOINT = {
    "SELECT url, format, secret, previous_secret, previous_until, active "
    "FROM webhook_endpoints WHERE company_id = ? AND id = ?",
    .in = "uu", .out = "ssssti"
};

/*
 * Only the inner select locks: the events stay free for everyone, other lanes' claims among them. A row that
 * is due since it was made was never sent, which saves a look at its attempts.
 */
static const struct statement LOCK_ROWS = {
    "SELECT d.id, d.event_id, d.attempts, d.created_at, e.type AS event_type, e.payload, "
    "e.created_at AS happened_at, IF(d.due_at > d.created_at, (SELECT a.number FROM attempts AS a "
    "WHERE a.company_id = d.company_id AND a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1), 0) AS requests "
    "FROM (SELECT id, company_id, event_id, attempts, created_at, due_at FROM deliveries "
    "WHERE state = 'pending' AND endpoint_id = ? AND due_at <= ? AND company_id = ? "
    "ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) AS d "
    "LEFT JOIN events AS e ON e.company_id = d.company_id AND e.id = d.event_id",
    .in = "utui", .out = "uuitssti"
};

static const struct statement GIVE_UP = {
    "UPDATE deliveries SET state = 'failed', settled_at = ?, fence = NULL WHERE id = ? AND company_id = ?",
    .in = "tuu"
};

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

static int free_capacity(const struct dispatcher *dispatcher)
{
    int quick = dispatcher->parallel - (dispatcher->flying_count - dispatcher->slow_count);
    int all = SLOW_FACTOR * dispatcher->parallel - dispatcher->flying_count;
    int least = quick < all ? quick : all;
    return least > 0 ? least : 0;
}

static void take_endpoint(struct transfer *transfer, const struct row *endpoint, instant now)
{
    struct pool *pool = transfer->pool;
    const struct partner *partner = partner_find(row_text(endpoint, "format"));
    if (!partner)
        transfer->broken = "The endpoint's format is not known to this version.";
    transfer->url = pool_strdup(pool, row_text(endpoint, "url"));
    transfer->course.partner = partner ? partner : &partner_standard; /* whose schedule has to do */
    transfer->secrets.current = pool_strdup(pool, row_text(endpoint, "secret"));
    transfer->secrets.previous = NULL;
    if (!row_is_null(endpoint, "previous_secret") && row_time(endpoint, "previous_until") > now)
        transfer->secrets.previous = pool_strdup(pool, row_text(endpoint, "previous_secret"));
}

static void take_row(struct transfer *transfer, const struct row *row)
{
    struct pool *pool = transfer->pool;
    const struct value *payload = row_value(row, "payload");
    transfer->delivery = row_id(row, "id");
    transfer->course.attempts = (int)row_int(row, "attempts");
    transfer->course.created_at = row_time(row, "created_at");
    transfer->number = row_int(row, "requests") + 1; /* none: NULL, read as 0 */
    transfer->event = (struct partner_event){
        .id = row_id(row, "event_id"),
        .created_at = row_time(row, "happened_at"),
    };
    if (!value_is_set(*payload)) {
        transfer->broken = "The event is not stored any more.";
        return;
    }
    transfer->event.type = pool_strdup(pool, row_text(row, "event_type"));
    transfer->event.data_text = pool_memdup(pool, payload->text, payload->length);
}

/* What one lane may have in this look: its own room, and a fair part of what is free. */
static int lane_share(const struct lane *lane, int room, size_t lanes)
{
    int fair = room / (int)lanes;
    int share = lane_room(lane);
    if (fair < SHARE_LEAST)
        fair = SHARE_LEAST;
    if (share > fair)
        share = fair;
    return share < room ? share : room;
}

/*
 * A reminder is only worth sending while its booking stands as it says; one that waited too long (held, tried
 * again, left by a killed dispatcher) ends here, unsent. `*useless_at` is when the others do.
 */
static bool give_up_stale(struct dispatcher *dispatcher, struct id company, const struct row *row,
                          instant now, instant *useless_at)
{
    const char *type = row_text(row, "event_type");
    char id[ID_TEXT_SIZE];
    *useless_at = 0;
    if (!type || strcmp(type, "booking.reminder") != 0)
        return false;
    if (reminders_may_send(dispatcher->db, dispatcher->turn, company, row_id(row, "event_id"), now,
                           useless_at))
        return false;
    db_run(dispatcher->db, &GIVE_UP, BIND(value_time(now), value_id(row_id(row, "id")), value_id(company)));
    dispatcher->swept = true;
    log_info("a reminder is out of date and not sent delivery=%s", id_format(id, "dlv", row_id(row, "id")));
    return true;
}

static int take_rows(struct dispatcher *dispatcher, struct lane *lane, struct id company, struct rows rows,
                     const struct row *endpoint, struct id fence, instant now)
{
    int taken = 0;
    for (size_t i = 0; i < rows.count; i++) {
        instant useless_at;
        if (give_up_stale(dispatcher, company, &rows.items[i], now, &useless_at))
            continue;
        struct transfer *transfer = send_transfer(dispatcher);
        transfer->lane = lane;
        transfer->company = company;
        transfer->fence = fence;
        transfer->course.useless_at = useless_at;
        take_endpoint(transfer, endpoint, now);
        take_row(transfer, &rows.items[i]);
        TAILQ_INSERT_TAIL(&dispatcher->claimed, transfer, link);
        lane->flying++;
        taken++;
    }
    return taken;
}

static int claim_lane(struct dispatcher *dispatcher, struct lane *lane, struct id company, int share,
                      struct id fence, instant now)
{
    const struct row *endpoint = db_one(dispatcher->db, dispatcher->turn, &READ_ENDPOINT,
                                        BIND(value_id(company), value_id(lane->endpoint)));
    if (!endpoint)
        return 0; /* deleted this moment */
    if (!row_int(endpoint, "active")) {
        dispatcher->swept |= hold_rows(dispatcher, company, lane->endpoint);
        return 0;
    }
    struct rows rows =
        db_all(dispatcher->db, dispatcher->turn, &LOCK_ROWS,
               BIND(value_id(lane->endpoint), value_time(now), value_id(company), value_int(share)));
    return take_rows(dispatcher, lane, company, rows, endpoint, fence, now);
}

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

static void lease_claimed(struct dispatcher *dispatcher, int count, instant now)
{
    if (count == 0)
        return;
    struct value *values = pool_array(dispatcher->turn, (size_t)count * 4, sizeof *values);
    instant until = now + config_int(CONFIG_DISPATCHER_LEASE) * CLOCK_SECOND;
    struct value *value = values;
    struct transfer *transfer = TAILQ_FIRST(&dispatcher->claimed);
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

/* Returns how many rows were claimed; sets work_left where a lane may have more that can be sent. */
static int claim_lanes(struct dispatcher *dispatcher, struct rows due, instant now)
{
    int claimed = 0, room = free_capacity(dispatcher);
    struct id fence = id_new();
    size_t first = dispatcher->rotation % due.count;
    for (size_t i = 0; i < due.count; i++) {
        const struct row *row = &due.items[(first + i) % due.count];
        struct id endpoint = row_id(row, "id");
        struct lane *lane = lanes_get(&dispatcher->lanes, endpoint);
        if (lane_rests(lane, now))
            continue;
        dispatcher->work_left = true;
        int share = lane_share(lane, room - claimed, due.count);
        lane->hungry = true;
        if (share == 0)
            continue;
        dispatcher->rotation = first + i + 1;
        int got = claim_lane(dispatcher, lane, row_id(row, "company_id"), share, fence, now);
        lane->hungry = got == share;
        claimed += got;
    }
    return claimed;
}

void claim_look(struct dispatcher *dispatcher)
{
    int64_t start = clock_monotonic();
    instant now = clock_now();
    dispatcher->looked_at = start;
    dispatcher->look_at = start + IDLE_POLL_US;
    dispatcher->work_left = dispatcher->swept = false;
    struct rows due = db_all(dispatcher->db, dispatcher->turn, &FIND_LANES,
                             BIND(value_int(shards_mask(dispatcher)), value_time(now)));
    if (due.count > 0) {
        db_begin(dispatcher->db);
        int claimed = claim_lanes(dispatcher, due, now);
        lease_claimed(dispatcher, claimed, now);
        db_commit(dispatcher->db);
        if (claimed > 0 || dispatcher->swept)
            claim_soon(dispatcher); /* there may be more, and this look was worth its while */
        log_debug("claimed rows=%d lanes=%zu", claimed, due.count);
    }
    int64_t end = clock_monotonic();
    dispatcher->look_cost = end - start;
    if (dispatcher->look_at == start + IDLE_POLL_US &&
        POLL_COST_FACTOR * dispatcher->look_cost > IDLE_POLL_US)
        dispatcher->look_at = end + POLL_COST_FACTOR * dispatcher->look_cost;
}

void claim_forget(struct dispatcher *dispatcher)
{
    struct transfer *transfer;
    while ((transfer = TAILQ_FIRST(&dispatcher->claimed))) {
        TAILQ_REMOVE(&dispatcher->claimed, transfer, link);
        transfer->lane->flying--;
        send_recycle(dispatcher, transfer);
    }
}

void claim_soon(struct dispatcher *dispatcher)
{
    int64_t gap = 2 * dispatcher->look_cost;
    if (dispatcher->look_at > dispatcher->looked_at + gap)
        dispatcher->look_at = dispatcher->looked_at + gap;
}

int64_t claim_due_at(const struct dispatcher *dispatcher)
{
    return free_capacity(dispatcher) > 0 ? dispatcher->look_at : INT64_MAX;
}
